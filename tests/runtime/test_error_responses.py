"""Credentials are masked in every spelling, and field errors are read to a bounded depth."""

from __future__ import annotations

import base64

import pytest

from sendcloud_integrations_client.runtime.error_responses import (
    collect_secrets,
    mask_bytes,
    mask_text,
    parse_error_details,
)


def encode_pair(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_secrets_of_basic_credentials_are_header_encoded_pair_pair_and_secret_key(scheme: str) -> None:
    token = encode_pair("public:s3cret")
    assert collect_secrets(f"{scheme} {token}") == (f"{scheme} {token}", token, "public:s3cret", "s3cret")


def test_secrets_of_a_bearer_token_are_header_and_token_only() -> None:
    token = encode_pair("public:s3cret")
    assert collect_secrets(f"Bearer {token}") == (f"Bearer {token}", token)


@pytest.mark.parametrize("authorization", [None, ""])
def test_request_without_authorization_has_no_secrets(authorization: str | None) -> None:
    assert collect_secrets(authorization) == ()


@pytest.mark.parametrize(("secret", "is_masked"), [("abcd", True), ("abc", False)])
def test_secrets_shorter_than_four_characters_are_not_masked(secret: str, is_masked: bool) -> None:
    # Masking a shorter one would make most texts unreadable.
    assert (secret in collect_secrets(f"Basic {encode_pair(f'u:{secret}')}")) is is_masked


@pytest.mark.parametrize("spelling", ["a b/c+d", "a%20b%2Fc%2Bd", "a+b%2Fc%2Bd"])
def test_every_spelling_of_a_secret_is_masked(spelling: str) -> None:
    assert mask_text(f"key={spelling};", ["a b/c+d"]) == "key=***;"
    assert mask_bytes(f"key={spelling};".encode(), ["a b/c+d"]) == b"key=***;"


def test_json_escaped_slashes_of_a_secret_are_masked() -> None:
    assert mask_bytes(b'"x\\/yz"', ["x/yz"]) == b'"***"'


def test_longest_secret_is_masked_first() -> None:
    secrets = collect_secrets(f"Basic {encode_pair('public:s3cret')}")
    assert mask_text("public:s3cret", secrets) == "***"


def test_field_errors_are_read_six_levels_deep() -> None:
    assert [detail.pointer for detail in parse_error_details(nest("abcdef"))] == ["a.b.c.d.e.f"]
    assert parse_error_details(nest("abcdefg")) == ()


def nest(names: str) -> object:
    value: object = "Invalid value."
    for name in reversed(names):
        value = {name: value}
    return value
