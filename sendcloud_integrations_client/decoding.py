"""From an answer's bytes to models: one parse, one pass, and an error that says which record of which page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import attrs
import httpx
import orjson

from sendcloud_integrations_client.errors import CallFacts, ResponseDecodeError
from sendcloud_integrations_client.operations import call_of
from sendcloud_integrations_client.wire import FieldMismatchError, Model, mismatch

__all__ = ["OnUndecodable", "Undecoded", "decode_record", "decode_records", "decode_value"]

ModelT = TypeVar("ModelT", bound=Model)

OnUndecodable = Literal["raise", "skip"] | Callable[[ResponseDecodeError], None]
"""What to do with a record that cannot be read: raise, skip it, or hand its error to a callback and go on."""


@attrs.frozen
class Undecoded(Generic[ModelT]):
    """A page that came, still as the bytes that it came in: these cost far less to keep than its records.

    Attributes:
        response: The answer, read to its end.
        key: The envelope's key; None takes the whole body.
        model: What to read each record as.
        on_undecodable: What to do with a record that cannot be read.
    """

    response: httpx.Response
    key: str | None
    model: type[ModelT]
    on_undecodable: OnUndecodable

    @property
    def parsed(self) -> list[ModelT]:
        """The records, decoded anew each time; see `decode_records`."""
        return decode_records(self.response, self.key, self.model, self.on_undecodable)


def decode_value(response: httpx.Response, key: str | None) -> Any:
    """The JSON value of an answer, or of one key of it.

    Args:
        response: A success, read to its end.
        key: The envelope's key; None takes the whole body.

    Raises:
        ResponseDecodeError: The body is no JSON, or has no such key.
    """
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise _error(response, f"answered {response.status_code} with {_kind(response)}, not with JSON") from None
    if key is None:
        return body
    if body.__class__ is not dict or key not in body:
        raise _error(response, f"answered {response.status_code} with JSON that has no `{key}`", field=key)
    return body[key]


def decode_record(response: httpx.Response, key: str | None, model: type[ModelT]) -> ModelT:
    """The one record of an answer.

    Args:
        response: A success, read to its end.
        key: The envelope's key; None takes the whole body.
        model: What to read it as.

    Raises:
        ResponseDecodeError: It cannot be read; `field` says where.
    """
    record = decode_value(response, key)
    try:
        return _read(model, record)
    except FieldMismatchError as fault:
        place = ".".join(part for part in (key, fault.field) if part)
        raise _error(response, f"sent a record that cannot be read: {fault}", field=place, record=record) from fault


def decode_records(
    response: httpx.Response, key: str | None, model: type[ModelT], on_undecodable: OnUndecodable = "raise"
) -> list[ModelT]:
    """The records of an answer, in its order.

    Args:
        response: A success, read to its end.
        key: The envelope's key; None takes the whole body.
        model: What to read each record as.
        on_undecodable: What to do with a record that cannot be read.

    Raises:
        ResponseDecodeError: The body is no list of records; or a record cannot be read and `on_undecodable` is
            `"raise"`: `index` and `field` say which and where.
    """
    records = decode_value(response, key)
    if records.__class__ is not list:
        raise _error(response, f"sent {type(records).__name__} where a list of records belongs", field=key or "")
    read = model.__read__
    try:
        return [read(record) for record in records]
    except (FieldMismatchError, AttributeError, TypeError):  # the latter two where a record is no object
        return _decode_one_by_one(response, key, records, model, on_undecodable)


def _decode_one_by_one(
    response: httpx.Response,
    key: str | None,
    records: list[Any],
    model: type[ModelT],
    on_undecodable: OnUndecodable,
) -> list[ModelT]:
    decoded: list[ModelT] = []
    for index, record in enumerate(records):
        try:
            decoded.append(_read(model, record))
        except FieldMismatchError as fault:
            cursor = response.request.url.params.get("cursor")
            page = f" of the page at cursor {cursor}" if cursor else ""
            place = f"{key or ''}[{index}]" + (f".{fault.field}" if fault.field else "")
            error = _error(
                response,
                f"sent record {index}{page} that cannot be read: {fault}",
                field=place,
                index=index,
                page_cursor=cursor,
                record=record,
            )
            if on_undecodable == "raise":
                raise error from fault
            if on_undecodable != "skip":
                error.__cause__ = fault
                on_undecodable(error)
    return decoded


def _read(model: type[ModelT], record: Any) -> ModelT:
    return model.__read__(record) if record.__class__ is dict else mismatch(record, "", "an object")


def _error(
    response: httpx.Response,
    reason: str,
    *,
    field: str = "",
    index: int | None = None,
    page_cursor: str | None = None,
    record: object = None,
) -> ResponseDecodeError:
    facts = CallFacts(method=response.request.method, path=response.request.url.path)
    call = call_of(response.request)
    if call is not None:
        facts = call.facts(response.request)
    return ResponseDecodeError(
        reason,
        status_code=response.status_code,
        field=field,
        index=index,
        page_cursor=page_cursor,
        record=record,
        **facts,
    )


def _kind(response: httpx.Response) -> str:
    if not response.content:
        return "an empty body"
    return f"{len(response.content)} bytes of {response.headers.get('content-type', 'unknown type')}"
