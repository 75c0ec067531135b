"""Credentials are masked in every spelling that a server may send back."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.runtime.secret_masking import collect_secrets, mask_bytes, mask_text, mask_value


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


@pytest.mark.parametrize(
    "spelling",
    [
        "a b/c+d",
        "a%20b%2Fc%2Bd",
        "a+b%2Fc%2Bd",
        "a%20b%2fc%2bd",
        "a b\\/c\\u002bd",
        "a b\\u002Fc+d",
        "a b&#x2F;c&#43;d",
        "a b&#x2f;c&#043;d",
    ],
)
def test_every_spelling_of_a_secret_is_masked(spelling: str) -> None:
    assert mask_text(f"key={spelling};", ["a b/c+d"]) == "key=***;"
    assert mask_bytes(f"key={spelling};".encode(), ["a b/c+d"]) == b"key=***;"


def test_json_escaped_slashes_of_a_secret_are_masked() -> None:
    assert mask_bytes(b'"x\\/yz"', ["x/yz"]) == b'"***"'


def test_longest_secret_is_masked_first() -> None:
    secrets = collect_secrets(f"Basic {encode_pair('public:s3cret')}")
    assert mask_text("public:s3cret", secrets) == "***"


def test_secret_that_is_not_ascii_is_masked() -> None:
    for spelling in ("pass-wörd", "pass-w%c3%b6rd", "pass-w%C3%B6rd", "pass-w\\u00f6rd"):
        assert mask_text(f"<{spelling}>", ["pass-wörd"]) == "<***>"
    assert mask_bytes("<pass-wörd>".encode(), ["pass-wörd"]) == b"<***>"


def test_secret_is_case_sensitive() -> None:
    assert mask_text("S3CRET/X", ["s3cret/x"]) == "S3CRET/X"


def test_value_is_masked_in_a_copy() -> None:
    value = {"a": ["s3cret", 1, {"x s3cret y": None}], "b": "other"}
    assert mask_value(value, ["s3cret"]) == {"a": ["***", 1, {"x *** y": None}], "b": "other"}
    assert value == {"a": ["s3cret", 1, {"x s3cret y": None}], "b": "other"}
    assert mask_value("s3cret", ["s3cret"]) == "***"
    assert mask_value(None, ["s3cret"]) is None


def test_value_of_50_000_levels_is_masked() -> None:
    value: list[Any] = ["s3cret"]
    for _ in range(50_000):
        value = [value]
    masked = mask_value(value, ["s3cret"])
    for _ in range(50_000):
        (masked,), (value,) = masked, value
    assert masked == ["***"]


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=4, max_size=12),
    before=st.text(),
    after=st.text(),
)
def test_any_secret_is_masked_in_text_json_and_url(secret: str, before: str, after: str) -> None:
    assert secret not in mask_text(f"{before}{secret}{after}", [secret])
    for encoded in (json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)):
        assert mask_text(f"<{encoded}>", [secret]) == "<***>"


@pytest.mark.parametrize(
    "token", ["no base64!", f"!{encode_pair('public:s3cret')}", base64.b64encode(b"\xff\xfe:key").decode()]
)
def test_secrets_of_malformed_basic_credentials_are_header_and_token(token: str) -> None:
    assert collect_secrets(f"Basic {token}") == (f"Basic {token}", token)


def test_secret_key_can_contain_colons() -> None:
    assert collect_secrets(f"Basic {encode_pair('u:key:more')}")[-1] == "key:more"
