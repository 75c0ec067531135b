"""Finds the next page of a list in a response body: a cursor, a URL, or a page number."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx

from sendcloud_integrations_client.errors import CallContext, InvalidInputError, ResponseDecodeError
from sendcloud_integrations_client.runtime.decoding import decode_value
from sendcloud_integrations_client.runtime.operations import get_call

__all__ = ["NextInBody", "PageNumber", "to_page_number"]


@attrs.frozen
class NextInBody:
    """The body contains the cursor, the number or the URL of the next page. The URL itself is never requested.

    Attributes:
        path: Keys that lead to the value.
        parameter: Query parameter that selects a page; a URL contains it.
        is_number: Whether the parameter is a page number.
    """

    path: tuple[str, ...]
    parameter: str
    is_number: bool = False

    def read(self, response: httpx.Response, page: object) -> str | None:
        """Return the value of the parameter for the next page; None on the last page.

        Args:
            response: A successful response, read completely.
            page: Value of the parameter for this page; None for the first page.

        Raises:
            ResponseDecodeError: If the body is not JSON, or its value does not lead to a page. The alternative would be
                to end the iteration early without an error.
        """
        value = _look_up(decode_value(response, None), self.path)
        if value is None or value is False or value == "":
            return None
        if isinstance(value, str) and ("://" in value or "?" in value):
            found = _read_parameter(value, self.parameter)
        else:
            found = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
        if found is None or (self.is_number and not (found.isascii() and found.isdecimal())):
            raise _build_error(response, f"names a next page without a valid `{self.parameter}`", self.path)
        return found


@attrs.frozen
class PageNumber:
    """The client counts the pages; the body says whether there is another one, or the page is empty.

    Attributes:
        first: Number of the first page.
        records: Key of the records in the body; None if the body is the list.
        total: Keys that lead to the number of pages; None if the body has none.
        more: Keys that lead to whether there is another page; None if the body has none.
    """

    first: int = 1
    records: str | None = None
    total: tuple[str, ...] | None = None
    more: tuple[str, ...] | None = None

    def read(self, response: httpx.Response, page: object) -> str | None:
        """Return the number of the next page as text; None on the last page.

        Args:
            response: A successful response, read completely.
            page: Number of this page; None for the first page.

        Raises:
            ResponseDecodeError: If the body is not JSON, or its number of pages is not a number.
        """
        body = decode_value(response, None)
        current = page if isinstance(page, int) else self.first
        if self.total is not None:
            total = _look_up(body, self.total)
            if total is not None and (not isinstance(total, (int, float)) or isinstance(total, bool)):
                raise _build_error(response, "has a number of pages that is not a number", self.total)
            is_last = current - self.first + 1 >= (total or 0)
        elif self.more is not None:
            is_last = not _look_up(body, self.more)
        else:
            is_last = not (body if self.records is None else _look_up(body, (self.records,)))
        return None if is_last else str(current + 1)


def to_page_number(operation: str, argument: str, cursor: str | None) -> int | None:
    """Return a cursor of a `Page` as the page number that it contains.

    Args:
        operation: Name of the operation.
        argument: Name of the argument that selects the page, for the error.
        cursor: The cursor; None is the first page.

    Raises:
        InvalidInputError: If it is not a number.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 20):
        raise InvalidInputError(operation, argument, "must be the number of a page")
    return int(cursor)


def _look_up(body: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if body.__class__ is not dict:
            return None
        body = body.get(key)
    return body


def _read_parameter(url: str, name: str) -> str | None:
    try:
        # `+` is kept: unescaped, it is part of a base64 cursor.
        values = parse_qs(urlsplit(url).query.replace("+", "%2B"), max_num_fields=100).get(name)
    except ValueError:
        return None
    return values[0] if values else None


def _build_error(response: httpx.Response, problem: str, path: tuple[str, ...]) -> ResponseDecodeError:
    call = get_call(response.request)
    context = CallContext() if call is None else call.get_context(response.request)
    field = ".".join(path)
    return ResponseDecodeError(f"the body {problem}", status_code=response.status_code, field=field, **context)
