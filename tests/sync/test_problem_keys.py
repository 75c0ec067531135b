"""Tests of problem keys: which logs are the same problem."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.sync.problem_keys import (
    build_endpoint_template,
    build_problem_key,
    normalize_message,
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Order 17 not found", "Order 4711 not found"),
        ("timeout  after 30.5s", "Timeout after 3s\n"),
        ("GET https://a.example/x?y=1 failed", "GET https://b.example/z failed"),
        ("id 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "id 123e4567-e89b-12d3-a456-426614174000"),
        ("at 2024-05-01T00:30:00+02:00", "at 2023-01-01T10:30:00Z"),
        ("Failed to resolve shop.example.com", "failed to resolve www.other-shop.example"),
        ("HTTPSConnectionPool(host='a.example', port=443)", "HTTPSConnectionPool(host='b.c.example', port=443)"),
        ("no user jo@example.com", "no user max.x+y@example.org"),
    ],
)
def test_messages_that_differ_in_variable_parts_are_equal(first: str, second: str) -> None:
    assert normalize_message(first) == normalize_message(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Read timed out", "Connection refused"), ("field name", "field email"), ("a.b", "Read"), ("", "x")],
)
def test_different_messages_stay_different(first: str, second: str) -> None:
    assert normalize_message(first) != normalize_message(second)


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("get", "https://shop.example/api/v3/orders/17?key=1#x", "GET /api/v3/orders/{}"),
        ("POST", "https://shop.example/admin/2024-01/orders/ab12cd.json", "POST /admin/{}/orders/{}"),
        ("GET", "/orders", "GET /orders"),
        ("GET", "https://shop.example", "GET "),
        ("", "", " "),
        ("GET", "https://shop.example/" + "a" * 60, "GET /{}"),
    ],
)
def test_endpoint_template_replaces_ids(method: str, url: str, expected: str) -> None:
    assert build_endpoint_template(method, url) == expected


BASE: dict[str, Any] = {
    "exception_type": "NotFound",
    "response_code": 404,
    "exception": "Order 1 not found",
    "method": "GET",
    "full_url": "https://shop.example/orders/1",
}


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"exception": "Order 2 not found", "full_url": "https://other.example/orders/2"}, True),
        ({"exception_type": "Timeout"}, False),
        ({"response_code": 500}, False),
        ({"response_code": None}, False),
        ({"exception": "No order"}, False),
        ({"method": "PUT"}, False),
        ({"full_url": "https://shop.example/products/1"}, False),
    ],
)
def test_problem_key_depends_on_type_status_message_and_endpoint(changes: dict[str, Any], is_same: bool) -> None:
    assert (build_problem_key(**BASE) == build_problem_key(**BASE | changes)) == is_same


_text = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(_text, st.none() | st.integers(-(2**63), 2**63 - 1), _text, _text, _text)
def test_problem_key_exists_for_any_text(
    kind: str | None, status: int | None, message: str | None, method: str | None, url: str | None
) -> None:
    key = build_problem_key(kind, status, message, method, url)
    assert (len(key), int(key, 16) >= 0) == (32, True)
    assert normalize_message(normalize_message(message or "")) == normalize_message(message or "")


def test_long_message_is_normalized_in_linear_time() -> None:
    assert normalize_message("a" * 10_000_000) == "a" * 2_000
