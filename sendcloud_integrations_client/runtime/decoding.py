"""Decodes response bodies into models, with errors that name the page, the record and the field."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, Generic, Literal, TypeVar, cast

import attrs
import httpx

from sendcloud_integrations_client.errors import (
    CallContext,
    FieldMismatchError,
    InvalidInputError,
    ResponseDecodeError,
)
from sendcloud_integrations_client.runtime.lenient_json import parse_json
from sendcloud_integrations_client.runtime.models import Model
from sendcloud_integrations_client.runtime.operations import BODY_ERROR_EXTENSION, Operation, get_call
from sendcloud_integrations_client.runtime.readers import raise_mismatch
from sendcloud_integrations_client.runtime.secret_masking import collect_request_secrets, mask_text, mask_value

__all__ = [
    "OnDecodeError",
    "UndecodedPage",
    "UndecodedValues",
    "check_on_decode_error",
    "decode_record",
    "decode_records",
    "decode_typed",
    "decode_value",
]

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=Model)

OnDecodeError = Literal["raise", "skip"] | Callable[[ResponseDecodeError], None]
"""What to do with a record that cannot be decoded: raise, skip it, or pass its error to a callback and skip it.

A page that cannot be read as a whole is passed to the callback too; the `record` of its error is the body as text.
`"skip"` skips such a page with a warning in the log if its `Link` header continues the iteration, and raises otherwise.
"""


_logger = logging.getLogger("sendcloud_integrations_client")

_MAX_RAW_BYTES: Final = 1_048_576
_BODY_ADVICE: Final = "Check base_url, and proxies between this client and Sendcloud."
_SKIP_ADVICE: Final = "Report it to the maintainers; pass on_decode_error= to skip such records."


def check_on_decode_error(operation: Operation, on_decode_error: object) -> None:
    """Check the argument `on_decode_error` of an operation before its request is sent.

    Raises:
        InvalidInputError: If it is not `"raise"`, `"skip"` or a callable.
    """
    if on_decode_error not in ("raise", "skip") and not callable(on_decode_error):
        raise InvalidInputError(operation.name, "on_decode_error", 'must be "raise", "skip" or a callable')


@attrs.frozen
class _UndecodedBody:
    response: httpx.Response
    key: str | None
    next_cursor: str | None = attrs.field(default=None, kw_only=True)

    @property
    def status_code(self) -> int:
        """HTTP status code of the response."""
        return self.response.status_code

    @property
    def headers(self) -> httpx.Headers:
        """Headers of the response."""
        return self.response.headers

    @property
    def attempts(self) -> int:
        """Number of times the request was sent."""
        call = get_call(self.response.request)
        return call.attempts if call else 1


@attrs.frozen
class UndecodedPage(_UndecodedBody, Generic[ModelT]):
    """A page that is kept as bytes until it is needed, because these use far less memory than its records.

    Attributes:
        response: The response, read completely.
        key: Key of the records in the response body; None if the body is the list of records.
        model: Model of the records.
        on_decode_error: What to do with a record that cannot be decoded.
        next_cursor: Cursor of the next page, if the body contains it.
    """

    model: type[ModelT]
    on_decode_error: OnDecodeError

    @property
    def parsed(self) -> list[ModelT]:
        """The records, decoded again at each access; see `decode_records`."""
        return decode_records(self.response, self.key, self.model, self.on_decode_error)


@attrs.frozen
class UndecodedValues(_UndecodedBody, Generic[T]):
    """A list of values that are no models, such as texts, that is kept as bytes until it is needed.

    Attributes:
        response: The response, read completely.
        key: Key of the list in the response body; None if the body is the list.
        read: Reads one value; None if the JSON values are the values.
        next_cursor: Cursor of the next page, if the body contains it.
    """

    read: Callable[[Any, str], T] | None = None

    @property
    def parsed(self) -> list[T]:
        """The values.

        Raises:
            ResponseDecodeError: If the body does not contain a list.
        """
        values = decode_value(self.response, self.key)
        if values.__class__ is not list:
            raise _build_error(self.response, f"expected a list, got {type(values).__name__}", field=self.key or "")
        if self.read is None:
            return cast(list[T], values)
        read = self.read
        return _read(self.response, lambda: [read(item, f"{self.key or ''}[{i}]") for i, item in enumerate(values)])


def decode_value(response: httpx.Response, key: str | None) -> Any:
    """Decode the JSON body of a response.

    Args:
        response: A successful response, read completely.
        key: Key of the value in the response body; None returns the whole body.

    Returns:
        The decoded JSON value.

    Raises:
        ResponseDecodeError: If the body could not be read, is not JSON, or does not contain the key.
    """
    if (problem := response.extensions.get(BODY_ERROR_EXTENSION)) is not None:
        reason, advice = problem
        raise _build_error(response, reason, advice=advice)
    try:
        body = parse_json(response.content)
    except ValueError:
        raise _build_error(
            response,
            f"expected JSON in the {response.status_code} response, got {_describe_body(response)}",
            advice=_BODY_ADVICE,
        ) from None
    if key is None:
        return body
    if body.__class__ is not dict or key not in body:
        reason = f"the JSON of the {response.status_code} response has no `{key}`"
        raise _build_error(response, reason, advice=_BODY_ADVICE, field=key)
    return body[key]


def decode_typed(response: httpx.Response, key: str | None, read: Callable[[Any, str], T]) -> T:
    """Decode a response that contains a value other than one record or a list of records.

    Args:
        response: A successful response, read completely.
        key: Key of the value in the response body; None if the body is the value.
        read: Reads the value; receives the path of the field.

    Returns:
        The value.

    Raises:
        ResponseDecodeError: If the value cannot be decoded. `field` names the invalid field.
    """
    value = decode_value(response, key)
    return _read(response, lambda: read(value, key or ""))


def decode_record(response: httpx.Response, key: str | None, model: type[ModelT]) -> ModelT:
    """Decode a response that contains one record.

    Args:
        response: A successful response, read completely.
        key: Key of the record in the response body; None if the body is the record.
        model: Model of the record.

    Returns:
        The record.

    Raises:
        ResponseDecodeError: If the record cannot be decoded. `field` names the invalid field.
    """
    record = decode_value(response, key)
    try:
        return _decode_object(model, record)
    except FieldMismatchError as error:
        field = ".".join(part for part in (key, error.field) if part)
        raise _build_error(response, f"the record cannot be decoded: {error}", field=field, record=record) from error


def decode_records(
    response: httpx.Response, key: str | None, model: type[ModelT], on_decode_error: OnDecodeError = "raise"
) -> list[ModelT]:
    """Decode a response that contains a list of records.

    Args:
        response: A successful response, read completely.
        key: Key of the records in the response body; None if the body is the list of records.
        model: Model of the records.
        on_decode_error: What to do with a record that cannot be decoded. Defaults to `"raise"`.

    Returns:
        The records in the order of the response.

    Raises:
        ResponseDecodeError: If the body does not contain a list, or if a record cannot be decoded, and
            `on_decode_error` is `"raise"`. `index` and `field` name the record and the invalid field. Also if
            `on_decode_error` is `"skip"`, and the body does not contain a list, and the response has no `Link` header.
    """
    try:
        records: Any = decode_value(response, key)
        if records is None and key is not None:
            return []
        if not isinstance(records, list):
            raise _build_error(response, f"expected a list of records, got {type(records).__name__}", field=key or "")
    except ResponseDecodeError as error:
        # Without a Link header, skipping the page could end the iteration early.
        if on_decode_error == "raise" or (on_decode_error == "skip" and "link" not in response.headers):
            raise
        if on_decode_error == "skip":
            _logger.warning("A page was skipped, because it cannot be read as a whole: %s", error)
        else:
            error.page_cursor = response.request.url.params.get("cursor")
            text = response.content[:_MAX_RAW_BYTES].decode(errors="replace")
            error.record = mask_text(text, collect_request_secrets(response.request))
            on_decode_error(error)
        return []
    decode = model.decode_object
    listed = cast("list[Any]", cast(object, records))
    try:
        return [decode(record) for record in listed]
    except (FieldMismatchError, AttributeError, TypeError):  # the last two if a record is not a JSON object
        return _decode_one_by_one(response, key, listed, model, on_decode_error)


def _decode_one_by_one(
    response: httpx.Response,
    key: str | None,
    records: list[Any],
    model: type[ModelT],
    on_decode_error: OnDecodeError,
) -> list[ModelT]:
    decoded: list[ModelT] = []
    for index, record in enumerate(records):
        try:
            decoded.append(_decode_object(model, record))
        except FieldMismatchError as mismatch:
            if on_decode_error == "skip":
                continue
            cursor = response.request.url.params.get("cursor")
            page = f" of the page at cursor {cursor}" if cursor else ""
            error = _build_error(
                response,
                f"record {index}{page} cannot be decoded: {mismatch}",
                advice=_SKIP_ADVICE,
                field=f"{key or ''}[{index}]" + (f".{mismatch.field}" if mismatch.field else ""),
                index=index,
                page_cursor=cursor,
                record=record,
            )
            if on_decode_error == "raise":
                raise error from mismatch
            error.__cause__ = mismatch
            on_decode_error(error)
    return decoded


def _decode_object(model: type[ModelT], record: Any) -> ModelT:
    return model.decode_object(record) if record.__class__ is dict else raise_mismatch(record, "", "an object")


def _read(response: httpx.Response, read: Callable[[], T]) -> T:
    try:
        return read()
    except FieldMismatchError as error:
        raise _build_error(response, f"the value cannot be decoded: {error}", field=error.field) from error


def _build_error(
    response: httpx.Response,
    reason: str,
    *,
    advice: str = "",
    field: str = "",
    index: int | None = None,
    page_cursor: str | None = None,
    record: object = None,
) -> ResponseDecodeError:
    context = CallContext(method=response.request.method, path=response.request.url.path)
    call = get_call(response.request)
    if call is not None:
        context = call.get_context(response.request)
    secrets = collect_request_secrets(response.request)
    return ResponseDecodeError(
        mask_text(reason, secrets),
        advice=advice,
        status_code=response.status_code,
        field=field,
        index=index,
        page_cursor=page_cursor,
        record=mask_value(record, secrets),
        **context,
    )


def _describe_body(response: httpx.Response) -> str:
    if not response.content:
        return "an empty body"
    return f"{len(response.content)} bytes of {response.headers.get('content-type', 'unknown type')}"
