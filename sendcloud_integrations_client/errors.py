"""Every error the client raises.

All derive from `SendcloudError`. Each knows the operation it belongs to and prints as one line that says what
happened, to which operation, and what to do. None ever holds a credential, a token or a request body.

The bodies of error answers are documented at https://sendcloud.dev/ (errors of the v3 APIs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, Unpack

import attrs
import orjson

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "CallFacts",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ErrorDetail",
    "InvalidInputError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseDecodeError",
    "SendcloudError",
    "ServerError",
    "UnprocessableEntityError",
    "parse_error_details",
    "status_error",
]

_LONGEST_TEXT: Final = 300


class SendcloudError(Exception):
    """Anything that this package raises on purpose. Catch it to catch them all."""


class ConfigurationError(SendcloudError, ValueError):
    """The client was set up in a way that cannot work: no credentials, an insecure address, a bad option."""


class ClientClosedError(SendcloudError, RuntimeError):
    """The client was used after `aclose()`, or from a second event loop while the first still runs."""


class InvalidInputError(SendcloudError, ValueError):
    """An argument breaks a rule of the contract; raised before any request is spent.

    The message names the field, the rule and the type of the value, never the value.

    Attributes:
        operation: Name of the operation that was called, or of the model that was checked.
        field: Where the value stands, such as `statuses[2].translations`.
        rule: What the contract asks for, such as `at most 250 characters`.
    """

    def __init__(self, operation: str, field: str, rule: str) -> None:
        super().__init__(operation, field, rule)
        self.operation = operation
        self.field = field
        self.rule = rule

    def __str__(self) -> str:
        return f"{self.operation}: {self.field} {self.rule}. Nothing was sent."


@attrs.frozen
class ErrorDetail:
    """One entry of the `errors` that Sendcloud answers with (JSON:API error object).

    Fields that the answer leaves out are empty. A code that the contract does not list is kept as it came.

    Attributes:
        status: HTTP status as text, also where the answer gives it as a number.
        code: Short machine-readable code, such as `not_found`.
        title: Short summary.
        detail: What went wrong, for a person.
        pointer: JSON pointer to the offending part of the request body.
        parameter: Name of the offending query parameter.
        header: Name of the offending request header.
        raw: The entry as it came.
    """

    status: str = ""
    code: str = ""
    title: str = ""
    detail: str = ""
    pointer: str = ""
    parameter: str = ""
    header: str = ""
    raw: Any = attrs.field(default=None, repr=False, eq=False)

    def __str__(self) -> str:
        place = self.pointer or self.parameter or self.header
        text = self.detail or self.title
        parts = [part for part in (self.code, f"({place})" if place else "", f": {text}" if text else "") if part]
        return " ".join(parts).replace(" :", ":").removeprefix(": ")


class CallFacts(TypedDict, total=False):
    """Which call an error belongs to, and how far it came; see the attributes of `APIError`."""

    operation: str
    method: str
    path: str
    attempts: int
    elapsed: float


class APIError(SendcloudError):
    """A call that was sent, or was about to be sent, and did not end well.

    Attributes:
        operation: Name of the operation, such as `retrieve_integration`.
        method: HTTP method.
        path: Path of the request, without the query.
        reason: What happened, in words.
        attempts: How many times the request was sent.
        elapsed: Seconds from the first attempt to the failure, waits included.
    """

    advice = ""

    def __init__(self, reason: str, **call: Unpack[CallFacts]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operation = call.get("operation", "")
        self.method = call.get("method", "")
        self.path = call.get("path", "")
        self.attempts = call.get("attempts", 1)
        self.elapsed = call.get("elapsed", 0.0)

    def __str__(self) -> str:
        call = f"{self.method} {self.path}".strip()
        subject = f"{self.operation} ({call})" if self.operation and call else self.operation or call
        line = f"{subject}: {self.reason}" if subject else self.reason
        if self.attempts > 1:
            line += f", after {self.attempts} attempts in {self.elapsed:.1f} s"
        if not line.endswith((".", "!", "?")):
            line += "."
        return one_line(f"{line} {self.advice}".rstrip(), longest=1000)

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments do not survive the default pickling of exceptions.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


class APIConnectionError(APIError):
    """No answer came: the connection could not be made, or broke. `__cause__` is the transport's own error."""

    advice = "Check the network, and base_url."


class APITimeoutError(APIConnectionError):
    """The answer did not come in time. `__cause__` is the transport's own error."""

    advice = "Raise timeout= or total_timeout= if this is expected."


class APIStatusError(APIError):
    """Sendcloud answered with a status that the contract does not call a success.

    Attributes:
        status_code: The HTTP status.
        errors: The parsed entries of the answer's `errors`, possibly none.
        body: The answer's body, decoded from JSON where it is JSON, else its text (at most 10,000 characters).
        headers: The answer's headers, lower-case names, without cookies.
        retry_after: Seconds that the answer asks to wait, if it does.
    """

    def __init__(
        self,
        reason: str,
        *,
        status_code: int,
        errors: Sequence[ErrorDetail] = (),
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        **call: Unpack[CallFacts],
    ) -> None:
        super().__init__(reason, **call)
        self.status_code = status_code
        self.errors = tuple(errors)
        self.body = body
        self.headers = dict(headers or {})
        self.retry_after = retry_after


class BadRequestError(APIStatusError):
    """400: the request was understood and refused; `errors` says which part of it."""


class AuthenticationError(APIStatusError):
    """401, or a token endpoint that gave no token: the credentials are missing, wrong or of the wrong kind."""

    advice = "Check the credentials; an integration set to OAuth2 refuses Basic."


class PermissionDeniedError(APIStatusError):
    """403: the credentials are valid and may not do this."""

    advice = "Check what these credentials are allowed to do."


class NotFoundError(APIStatusError):
    """404: there is no such record, or it belongs to another account."""

    advice = "Check the id, and that it belongs to these credentials."


class ConflictError(APIStatusError):
    """409: the record changed in the meantime."""


class UnprocessableEntityError(APIStatusError):
    """422: well-formed, and refused for its content; `errors` says which part."""


class RateLimitError(APIStatusError):
    """429: more calls than the credentials are allowed; `retry_after` says for how long to wait."""

    advice = "Send less, or share one client so that one budget covers all calls."


class ServerError(APIStatusError):
    """5xx: the failure is on Sendcloud's side."""

    advice = "Try again later."


class ResponseDecodeError(APIError):
    """A success whose body is not what the contract says.

    Attributes:
        status_code: The HTTP status, if an answer is known.
        field: Where in the body, such as `data[3].created_at`; empty when it is the whole body.
        index: Which record of the page, counted from 0, if it is one record of several.
        page_cursor: The cursor of the page, if it came from a paginated operation and is not the first.
        record: The record as it came, for a quarantine of one's own; may hold personal data.
    """

    advice = "Please report it; pass on_undecodable= to skip such records."

    def __init__(
        self,
        reason: str,
        *,
        status_code: int | None = None,
        field: str = "",
        index: int | None = None,
        page_cursor: str | None = None,
        record: Any = None,
        **call: Unpack[CallFacts],
    ) -> None:
        super().__init__(reason, **call)
        self.status_code = status_code
        self.field = field
        self.index = index
        self.page_cursor = page_cursor
        self.record = record


_BY_STATUS: Final[dict[int, type[APIStatusError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error(
    status_code: int,
    content: bytes,
    *,
    headers: Mapping[str, str],
    retry_after: float | None = None,
    reason: str | None = None,
    **call: Unpack[CallFacts],
) -> APIStatusError:
    """The typed error for an answer: its class by status, its text from whatever body came.

    Args:
        status_code: HTTP status of the answer.
        content: The body's bytes: JSON:API errors, other JSON, HTML, text, cut or empty.
        headers: Headers of the answer.
        retry_after: Seconds that the answer asks to wait.
        reason: Text to use in place of the one made from the body.
        call: Which call it was.

    Returns:
        The error, to be raised by the caller.
    """
    fallback = ServerError if status_code >= 500 else APIStatusError
    body = _readable_body(content)
    details = parse_error_details(body)
    if reason is None:
        reason = f"answered {status_code}"
        text = "; ".join(str(detail) for detail in details[:3]) or _summary_of(body)
        if len(details) > 3:
            text += f"; and {len(details) - 3} more"
        if text:
            reason += f": {one_line(text, longest=_LONGEST_TEXT)}"
    return _BY_STATUS.get(status_code, fallback)(
        reason,
        status_code=status_code,
        errors=details,
        body=body,
        headers={
            name.lower(): value
            for name, value in headers.items()
            if name.lower() not in {"set-cookie", "authorization", "proxy-authorization"}
        },
        retry_after=retry_after,
        **call,
    )


def parse_error_details(body: Any) -> tuple[ErrorDetail, ...]:
    """The entries of an error body, whatever its shape.

    Takes `errors` as an array, as one object, or as an object of field names to messages; `status` as text or
    number; codes that the contract does not list. Anything that is not understood gives no entry, never an error.
    """
    entries: Any = _object(body).get("errors", ())
    if entries.__class__ is list:
        return tuple(_detail(entry) for entry in entries)
    if entries.__class__ is dict:
        if {"status", "code", "title", "detail"} & entries.keys():
            return (_detail(entries),)
        return tuple(_detail(message, pointer=str(name)) for name, message in entries.items())
    return ()


def one_line(text: str, *, longest: int = _LONGEST_TEXT) -> str:
    """`text` on one line: control characters and runs of white space become one space, and it ends in time."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _rebuild(cls: type[APIError], args: tuple[Any, ...], state: dict[str, Any]) -> APIError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _detail(entry: Any, *, pointer: str = "") -> ErrorDetail:
    if entry.__class__ is not dict:
        text = ", ".join(map(str, entry)) if entry.__class__ is list else str(entry)
        return ErrorDetail(detail=text, pointer=pointer, raw=entry)
    place = _object(entry.get("source"))
    return ErrorDetail(
        status=_text(entry.get("status")),
        code=_text(entry.get("code")),
        title=_text(entry.get("title")),
        detail=_text(entry.get("detail")),
        pointer=_text(place.get("pointer")) or pointer,
        parameter=_text(place.get("parameter")),
        header=_text(place.get("header")),
        raw=entry,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if value.__class__ is dict else {}


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _readable_body(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return content[:40_000].decode("utf-8", errors="replace")[:10_000]


def _summary_of(body: Any) -> str:
    if isinstance(body, str):
        text = body.lstrip()
        if not text:
            return "empty body"
        if text.startswith("<"):
            return "an HTML page instead of JSON"
        return text
    for name in ("detail", "message", "error_description", "error"):
        said: Any = _object(body).get(name)
        if isinstance(said, str):
            return said
    return "no details given"
