"""Builds typed errors from error responses of any shape, with the credentials of the request masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, Unpack, cast

from sendcloud_integrations_client.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    CallContext,
    ConflictError,
    ErrorDetail,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
    to_single_line,
)
from sendcloud_integrations_client.runtime.lenient_json import parse_json
from sendcloud_integrations_client.runtime.secret_masking import (
    mask_bytes,
    mask_text,
    mask_value,
    may_contain_secret,
)

__all__ = ["STATUS_ERRORS", "build_status_error", "parse_error_details"]

_MAX_BODY_LENGTH: Final = 10_000
_MASK_MARGIN: Final = 65_536
_MAX_PARSED_BYTES: Final = 1_048_576
_MAX_DETAILS: Final = 100
_SECRET_RESPONSE_HEADERS: Final = frozenset({"set-cookie", "authorization", "proxy-authorization"})
_DETAIL_NAMES: Final = ("detail", "message", "error_description", "description", "msg")
STATUS_ERRORS: Final[dict[int, type[APIStatusError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
_REDIRECT_ADVICE: Final = "Redirects are not followed. Check base_url."
_STATUS_ADVICE: Final[dict[int, str]] = {
    **dict.fromkeys((301, 302, 303, 307, 308), _REDIRECT_ADVICE),
    402: "Check the plan of the account.",
    **dict.fromkeys((408, 425), "Try again later."),
    413: "Send less data.",
    **dict.fromkeys((501, 505), "Check base_url."),  # the server will not support it later either
}


def build_status_error(
    status_code: int,
    content: bytes,
    *,
    headers: Mapping[str, str],
    retry_after: float | None = None,
    location: str | None = None,
    reason: str | None = None,
    secrets: Iterable[str] = (),
    **call: Unpack[CallContext],
) -> APIStatusError:
    """Build the error for a response: its class from the status code, its text from the body.

    Args:
        status_code: HTTP status code.
        content: The body. Any bytes are accepted: JSON:API errors, problem+json, OAuth errors, Sendcloud's v2 errors,
            field errors, other JSON, HTML, text, truncated or empty.
        headers: The response headers.
        retry_after: Seconds to wait according to the response.
        location: Target of a redirect.
        reason: Replaces the text built from the body.
        secrets: Credentials of the request, which a server may echo; they are masked everywhere.
        call: The call that the response belongs to.

    Returns:
        The error, for the caller to raise.
    """
    secrets = tuple(secrets)
    fallback = ServerError if status_code >= 500 else APIStatusError
    body = _decode_body(content, secrets)
    details = parse_error_details(body)
    if reason is None:
        reason = _format_status(status_code)
        if location is not None:
            reason += f": redirects to {to_single_line(mask_text(location, secrets))}"
        else:
            texts = [text for detail in details if (text := str(detail))]
            text = "; ".join(texts[:3]) or _summarize_body(body)
            if len(texts) > 3:
                text += f"; and {len(texts) - 3} more"
            reason += f": {to_single_line(text)}"
        if retry_after is not None:
            reason = f"{reason.rstrip('.')}. The server asks to retry after {retry_after:g} s"
    error = STATUS_ERRORS.get(status_code, fallback)(
        reason,
        status_code=status_code,
        errors=details,
        body=body,
        headers={
            name.lower(): mask_text(value, secrets)
            for name, value in headers.items()
            if name.lower() not in _SECRET_RESPONSE_HEADERS
        },
        retry_after=retry_after,
        **call,
    )
    error.advice = _STATUS_ADVICE.get(status_code, error.advice)
    return error


def parse_error_details(body: Any) -> tuple[ErrorDetail, ...]:
    """Parse the first 100 entries of an error body of any shape; never raises.

    Args:
        body: The decoded body. Its `errors` may be a list of entries, one entry, or an object that maps field names
            to messages. Without `errors`: Sendcloud's v2 body (`{"error": {"code", "message"}}`), an OAuth error, a
            problem (RFC 9457), field errors (`{"field": ["message"]}`), validation errors
            (`{"detail": [{"loc", "msg"}]}`) or a list.

    Returns:
        The entries; empty if the body contains none that can be parsed.
    """
    if body.__class__ is list:
        return _parse_entries(body)
    fields = _as_object(body)
    entries: Any = fields.get("errors")
    if entries.__class__ is list and entries:
        return _parse_entries(entries)
    if entries.__class__ is dict and entries:
        if {"status", "code", "title", "detail"} & entries.keys():
            return (_parse_detail(entries),)
        return tuple(islice(_iterate_field_errors(entries), _MAX_DETAILS))
    if isinstance(entries, str) and entries:
        return (ErrorDetail(detail=entries, raw=entries),)
    error: Any = fields.get("error")
    if error.__class__ is dict and error:
        return tuple(_parse_entry(error))
    if isinstance(error, str) and error:
        description = _find_text(fields, _DETAIL_NAMES)
        if description:
            return (ErrorDetail(code=error, detail=description, raw=body),)
        return (ErrorDetail(detail=error, raw=body),)
    details: Any = fields.get("detail")
    if details.__class__ is list and any(entry.__class__ is dict for entry in details):
        return _parse_entries(details)
    if _find_text(fields, (*_DETAIL_NAMES, "title")):
        return (_parse_detail(fields),)
    return tuple(islice(_iterate_field_errors(fields), _MAX_DETAILS))


def _parse_entries(entries: list[Any]) -> tuple[ErrorDetail, ...]:
    found = (detail for index, entry in enumerate(entries) for detail in _parse_entry(entry, f"[{index}]."))
    return tuple(islice(found, _MAX_DETAILS))


def _parse_entry(entry: Any, prefix: str = "") -> Iterable[ErrorDetail]:
    """Return the entry, or the field errors in it if it has nothing else."""
    detail = _parse_detail(entry)
    if str(detail):
        return (detail,)
    return tuple(islice(_iterate_field_errors(_as_object(entry), prefix), _MAX_DETAILS)) or (detail,)


def _iterate_field_errors(fields: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterable[ErrorDetail]:
    for name, messages in fields.items():
        pointer = f"{prefix}{name}"
        if messages.__class__ is dict and depth < 5:
            yield from _iterate_field_errors(messages, f"{pointer}.", depth + 1)
        elif isinstance(messages, str) or (
            messages.__class__ is list and messages and all(isinstance(message, str) for message in messages)
        ):
            yield _parse_detail(messages, pointer=pointer)
        elif messages.__class__ is list and depth < 5:
            for index, message in enumerate(messages):
                if message.__class__ is dict:
                    yield from _iterate_field_errors(message, f"{pointer}[{index}].", depth + 1)


def _parse_detail(entry: Any, *, pointer: str = "") -> ErrorDetail:
    if entry.__class__ is not dict:
        text = ", ".join(map(_to_text, cast("list[object]", entry))) if entry.__class__ is list else _to_text(entry)
        return ErrorDetail(detail=text, pointer=pointer, raw=entry)
    source = _as_object(entry.get("source"))
    return ErrorDetail(
        status=_to_text(entry.get("status")),
        code=_to_text(entry.get("code")),
        title=_find_text(entry, ("title",)),
        detail=_find_text(entry, _DETAIL_NAMES),
        pointer=_to_text(source.get("pointer")) or _join_path(entry.get("loc")) or pointer,
        parameter=_to_text(source.get("parameter")),
        header=_to_text(source.get("header")),
        raw=entry,
    )


def _find_text(fields: Mapping[str, Any], names: Iterable[str]) -> str:
    for name in names:
        value: Any = fields.get(name)
        if isinstance(value, list):
            value = ", ".join(map(_to_text, cast("list[object]", value)))
        if value is not None and value.__class__ is not dict and _to_text(value):
            return _to_text(value)
    return ""


def _join_path(path: Any) -> str:
    return ".".join(map(_to_text, path)) if path.__class__ is list else ""


def _as_object(value: Any) -> dict[str, Any]:
    return value if value.__class__ is dict else {}


def _to_text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _format_status(status_code: int) -> str:
    try:
        return f"{status_code} {HTTPStatus(status_code).phrase}"
    except ValueError:
        return str(status_code)


def _decode_body(content: bytes, secrets: tuple[str, ...]) -> Any:
    if len(content) <= _MAX_PARSED_BYTES:
        try:
            masked = mask_bytes(content, secrets)
            body = parse_json(masked)
        except ValueError:
            pass
        else:
            # A secret that is not ASCII may be escaped in the bytes.
            return mask_value(body, secrets) if may_contain_secret(masked, secrets) else body
    # A character has at most four bytes. The margin is for a secret at the end, which must be masked as a whole.
    start = mask_bytes(content[: 4 * _MAX_BODY_LENGTH + _MASK_MARGIN], secrets)
    return start[: 4 * _MAX_BODY_LENGTH].decode("utf-8", errors="replace")[:_MAX_BODY_LENGTH]


def _summarize_body(body: Any) -> str:
    if isinstance(body, str):
        text = body.lstrip()
        if not text:
            return "empty body"
        return "an HTML page instead of JSON" if text.startswith("<") else text
    return "no details provided"
