"""Field errors are read to a bounded depth."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sendcloud_integrations_client import APIStatusError, ErrorDetail, ServerError
from sendcloud_integrations_client.runtime.error_responses import (
    build_status_error,
    parse_error_details,
)


def test_field_errors_are_read_six_levels_deep() -> None:
    assert [detail.pointer for detail in parse_error_details(nest("abcdef"))] == ["a.b.c.d.e.f"]
    assert parse_error_details(nest("abcdefg")) == ()


def nest(names: str) -> object:
    value: object = "Invalid value."
    for name in reversed(names):
        value = {name: value}
    return value


def build_error(content: Any, status_code: int = 400, **options: Any) -> APIStatusError:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return build_status_error(status_code, body, headers=options.pop("headers", {}), **options)


def get_details(body: object) -> list[tuple[str, str, str]]:
    return [(detail.pointer, detail.code, detail.detail) for detail in parse_error_details(body)]


@pytest.mark.parametrize("status", [418, 499, 500, 599])
def test_statuses_from_500_on_are_server_errors(status: int) -> None:
    assert type(build_error(b"", status)) is (ServerError if status >= 500 else APIStatusError)


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        (b"", {}, "400 Bad Request: empty body"),
        (b" \n", {}, "400 Bad Request: empty body"),
        (b" <html>", {}, "400 Bad Request: an HTML page instead of JSON"),
        (b"out of order", {"status_code": 599}, "599: out of order"),
        (b'"out of order"', {}, "400 Bad Request: out of order"),
        ([], {}, "400 Bad Request: no details provided"),
        (7, {}, "400 Bad Request: no details provided"),
        (b"", {"reason": "no slot"}, "no slot"),
        (b"", {"location": "https://x.example/"}, "400 Bad Request: redirects to https://x.example/"),
        (
            b"",
            {"location": "https://k3y@x/", "secrets": ["k3y"]},
            "400 Bad Request: redirects to https://***@x/",
        ),
        (b"Slow down.", {"retry_after": 2.5}, "400 Bad Request: Slow down. The server asks to retry after 2.5 s"),
        (b"", {"retry_after": 0.0}, "400 Bad Request: empty body. The server asks to retry after 0 s"),
        (["a", "b", "c"], {}, "400 Bad Request: a; b; c"),
        (["a", "b", "c", "d"], {}, "400 Bad Request: a; b; c; and 1 more"),
    ],
)
def test_reason_is_built_from_status_body_and_headers(content: Any, options: dict[str, Any], reason: str) -> None:
    assert build_error(content, **options).reason == reason


def test_json_string_as_the_body_is_parsed() -> None:
    assert build_error(b'"say \\"please\\""').body == 'say "please"'


def test_escaped_secret_that_is_not_ascii_is_masked() -> None:
    content = b'{"message": "key p\\u00e455word"}'
    assert build_error(content, secrets=["p\u00e455word"]).body == {"message": "key ***"}
    assert build_error(content, secrets=["55words"]).body == {"message": "key p\u00e455word"}


def test_secrets_are_masked_in_body_and_headers() -> None:
    error = build_error({"message": "key k3y"}, headers={"X-Echo": "k3y", "Set-Cookie": "a"}, secrets=["k3y"])
    assert error.body == {"message": "key ***"}
    assert error.headers == {"x-echo": "***"}
    assert error.reason == "400 Bad Request: key ***"


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"errors": ["a", 7]}, [("", "", "a"), ("", "", "7")]),
        ({"errors": [["a", 1]]}, [("", "", "a, 1")]),
        ({"errors": {"status": 4}}, [("", "", "")]),
        ({"errors": {"code": "c"}}, [("", "c", "")]),
        ({"errors": {"title": "t"}}, [("", "", "")]),
        ({"errors": {"detail": "d"}}, [("", "", "d")]),
        ({"errors": {"name": "d"}}, [("name", "", "d")]),
        ({"errors": "text"}, [("", "", "text")]),
        ({"errors": "", "error": "e"}, [("", "", "e")]),
        ({"errors": [], "error": {"code": 5, "message": "m"}}, [("", "5", "m")]),
        ({"errors": {}, "error": {}, "title": "t"}, [("", "", "")]),
        ({"error": "e", "error_description": "d"}, [("", "e", "d")]),
        ({"error": "", "message": "m"}, [("", "", "m")]),
        ({"error": ""}, [("error", "", "")]),
        ({"error": 7}, []),
        ({"error": ["a"]}, [("error", "", "a")]),
        ({"detail": "", "message": "m", "error_description": "d"}, [("", "", "m")]),
        ({"description": "d", "msg": "m"}, [("", "", "d")]),
        ({"msg": "m"}, [("", "", "m")]),
        ({"detail": ["a", 1]}, [("", "", "a, 1")]),
        ({"detail": {"name": "d"}}, [("detail.name", "", "d")]),
        ({"name": ["a", "b"], "size": "c"}, [("name", "", "a, b"), ("size", "", "c")]),
        ({"name": [], "size": [1], "flag": True}, []),
        ({"rows": [{"name": "a"}, "b", {"size": ["c"]}]}, [("rows[0].name", "", "a"), ("rows[2].size", "", "c")]),
        ({"rows": {"cells": [{"name": "a"}]}}, [("rows.cells[0].name", "", "a")]),
        ({"errors": [{"source": {"pointer": "/a"}, "detail": "d"}]}, [("/a", "", "d")]),
        ("text", []),
        (None, []),
    ],
)
def test_details_are_parsed_from_any_shape(body: object, details: list[tuple[str, str, str]]) -> None:
    assert get_details(body) == details


def test_detail_has_all_fields_of_its_entry() -> None:
    entry = {"status": 422, "code": "c", "title": "t", "detail": "d", "source": {"parameter": "p", "header": "h"}}
    (detail,) = parse_error_details([entry])
    assert detail == ErrorDetail("422", "c", "t", "d", "", "p", "h")
    assert detail.raw is entry


@pytest.mark.parametrize(
    "body",
    [
        ["a"] * 101,
        {"errors": ["a"] * 101},
        {"errors": {f"field {number}": "a" for number in range(101)}},
        {f"field {number}": "a" for number in range(101)},
    ],
    ids=["list", "errors", "errors by field", "fields"],
)
def test_at_most_100_details_are_parsed(body: object) -> None:
    assert len(parse_error_details(body)) == 100


def test_body_of_up_to_one_mebibyte_is_parsed() -> None:
    content = orjson.dumps({"message": "m"})
    assert build_error(content.ljust(1_048_576)).body == {"message": "m"}
    assert build_error(content.ljust(1_048_577)).body == content.decode().ljust(10_000)


def test_text_of_a_body_is_cut_after_10_000_characters() -> None:
    assert build_error(("😀" * 10_001).encode()).body == "😀" * 10_000
    assert build_error(b"x" * 10_001).body == "x" * 10_000


def test_long_secret_at_the_end_of_the_text_is_masked_as_a_whole() -> None:
    secret = "s" * 65_540
    error = build_error(("😀" * 9_999 + secret).encode(), secrets=[secret])
    assert error.body == "😀" * 9_999 + "*"
