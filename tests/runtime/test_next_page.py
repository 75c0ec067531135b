"""The next page is found in a body as a cursor, a URL or a page number; an unusable value never ends an iteration."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sendcloud_integrations_client import InvalidInputError, Operation, ResponseDecodeError
from sendcloud_integrations_client.runtime.next_page import NextInBody, PageNumber, to_page_number
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, Call

OPERATION = Operation("list_rows", "GET", "/rows", frozenset({200}), safe=True, idempotent=True)
CURSOR = NextInBody(("meta", "next"), "cursor")
NUMBER = NextInBody(("meta", "next"), "page", is_number=True)


def build_response(body: Any, *, has_call: bool = True) -> httpx.Response:
    extensions = {CALL_EXTENSION: Call(OPERATION, attempts=2)} if has_call else {}
    return httpx.Response(201, json=body, request=httpx.Request("GET", "https://x.example/rows", extensions=extensions))


def read_next(reader: NextInBody, value: object) -> str | None:
    return reader.read(build_response({"meta": {"next": value}}), None)


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        (CURSOR, None, None),
        (CURSOR, False, None),
        (CURSOR, "", None),
        (CURSOR, "abc", "abc"),
        (CURSOR, "a/b:c", "a/b:c"),
        (CURSOR, 0, "0"),
        (CURSOR, 7, "7"),
        (CURSOR, "https://x.example/rows?size=1&cursor=a%2Bb+c", "a+b+c"),
        (CURSOR, "?cursor=first&cursor=second", "first"),
        (CURSOR, "rows?cursor=c", "c"),
        (CURSOR, "?" + "&".join(["cursor=c", *(f"a{number}=1" for number in range(99))]), "c"),
        (NUMBER, 2, "2"),
        (NUMBER, "10", "10"),
        (NUMBER, "https://x.example/rows?page=3", "3"),
    ],
)
def test_next_page_is_read_from_a_cursor_or_a_url(reader: NextInBody, value: object, expected: str | None) -> None:
    assert read_next(reader, value) == expected


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (CURSOR, True),
        (CURSOR, 1.5),
        (CURSOR, []),
        (CURSOR, {"cursor": "c"}),
        (CURSOR, "https://x.example/rows"),
        (CURSOR, "https://x.example/rows?page=2"),
        (CURSOR, "?cursor="),
        (CURSOR, "http://[x?cursor=c"),
        (CURSOR, "?" + "&".join(["cursor=c", *(f"a{number}=1" for number in range(100))])),
        (NUMBER, "abc"),
        (NUMBER, "-1"),
        (NUMBER, "٣"),
        (NUMBER, "1.5"),
        (NUMBER, "?page=x"),
    ],
)
def test_value_that_leads_to_no_page_raises(reader: NextInBody, value: object) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        read_next(reader, value)
    error = caught.value
    assert error.reason == f"the body names a next page without a valid `{reader.parameter}`"
    assert (error.field, error.status_code, error.operation, error.attempts) == ("meta.next", 201, "list_rows", 2)


@pytest.mark.parametrize("body", [{}, {"meta": None}, {"meta": []}, {"meta": {}}, [], "meta"])
def test_body_without_the_value_is_the_last_page(body: object) -> None:
    assert CURSOR.read(build_response(body), None) is None


def test_error_about_a_response_without_a_call_names_no_operation() -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        CURSOR.read(build_response({"meta": {"next": True}}, has_call=False), None)
    assert (caught.value.operation, caught.value.attempts) == ("", 1)


TOTAL = PageNumber(total=("pages",))
ZERO_BASED = PageNumber(first=0, total=("pages",))
MORE = PageNumber(more=("meta", "more"))
ROWS = PageNumber(records="rows")


@pytest.mark.parametrize(
    ("reader", "body", "page", "expected"),
    [
        (TOTAL, {"pages": 2}, None, "2"),
        (TOTAL, {"pages": 2}, 1, "2"),
        (TOTAL, {"pages": 2}, 2, None),
        (TOTAL, {"pages": 2.0}, 1, "2"),
        (TOTAL, {"pages": 1}, None, None),
        (TOTAL, {"pages": 0}, None, None),
        (TOTAL, {"pages": None}, None, None),
        (TOTAL, {}, 0, None),
        (ZERO_BASED, {"pages": 2}, None, "1"),
        (ZERO_BASED, {"pages": 2}, 1, None),
        (ZERO_BASED, {"pages": 9}, 7, "8"),
        (MORE, {"meta": {"more": True}}, None, "2"),
        (MORE, {"meta": {"more": True}}, 5, "6"),
        (MORE, {"meta": {"more": False}}, 5, None),
        (MORE, {}, None, None),
        (ROWS, {"rows": [1]}, 3, "4"),
        (ROWS, {"rows": []}, 3, None),
        (ROWS, {}, 3, None),
        (PageNumber(), [1], None, "2"),
        (PageNumber(), [], 2, None),
    ],
)
def test_page_number_is_increased_until_the_last_page(
    reader: PageNumber, body: object, page: object, expected: str | None
) -> None:
    assert reader.read(build_response(body), page) == expected


@pytest.mark.parametrize("total", ["2", True, [], {}])
def test_number_of_pages_that_is_not_a_number_raises(total: object) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        TOTAL.read(build_response({"pages": total}), 1)
    assert caught.value.reason == "the body has a number of pages that is not a number"
    assert caught.value.field == "pages"


@pytest.mark.parametrize(("cursor", "number"), [(None, None), ("0", 0), ("7", 7), ("9" * 19, 10**19 - 1)])
def test_cursor_of_a_page_is_its_number(cursor: str | None, number: int | None) -> None:
    assert to_page_number("list_rows", "page", cursor) == number


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "٣", "²", "9" * 20])
def test_cursor_that_is_no_page_number_raises(cursor: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        to_page_number("list_rows", "page", cursor)
    assert (caught.value.operation, caught.value.field) == ("list_rows", "page")
    assert caught.value.rule == "must be the number of a page"
