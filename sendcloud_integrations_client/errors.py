"""All errors that the client raises.

Every error derives from `SendcloudError` and prints as one line: what failed, why, and what to do. No error contains
credentials, a token or a request body.

Source: https://sendcloud.dev/ (error responses of the v3 APIs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, Unpack

import attrs

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "CallContext",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ErrorDetail",
    "FieldMismatchError",
    "InvalidInputError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseDecodeError",
    "SendcloudError",
    "ServerError",
    "UnprocessableEntityError",
    "to_single_line",
]

_MAX_DETAIL_LENGTH: Final = 300
_MAX_MESSAGE_LENGTH: Final = 1000


class SendcloudError(Exception):
    """Base class of all errors that this package raises."""


class ConfigurationError(SendcloudError, ValueError):
    """The client's options are invalid, such as missing credentials or an insecure URL."""


class ClientClosedError(SendcloudError, RuntimeError):
    """The client was used after `aclose()`, or from a second event loop while the first one is running."""


class InvalidInputError(SendcloudError, ValueError):
    """An argument violates a rule of the OpenAPI document. No request was sent.

    The message names the field and the rule. It shows the value only if it is a number.

    Attributes:
        operation: Name of the operation that was called, or of the model that was validated.
        field: Path of the invalid field, such as `statuses[2].translations`.
        rule: The rule, such as `must have at most 250 characters, got 300`.
    """

    def __init__(self, operation: str, field: str, rule: str) -> None:
        super().__init__(operation, field, rule)
        self.operation = operation
        self.field = field
        self.rule = rule

    def __str__(self) -> str:
        return f"Invalid argument {self.field} for {self.operation}: {self.rule}. No request was sent."


class FieldMismatchError(SendcloudError, ValueError):
    """A JSON value cannot be decoded as the type that the OpenAPI document declares for its field.

    Attributes:
        field: Path of the field, such as `response.headers`; empty if the record itself has the wrong type.
        expected: The declared type, such as `an integer`.
        got: The type that was received.
    """

    def __init__(self, field: str, expected: str, got: str) -> None:
        super().__init__(field, expected, got)
        self.field = field
        self.expected = expected
        self.got = got

    def with_prefix(self, outer: str) -> FieldMismatchError:
        """Return a copy of this error for the enclosing record, in which `field` is nested under the name `outer`."""
        field = f"{outer}.{self.field}" if self.field and not self.field.startswith("[") else outer + self.field
        return FieldMismatchError(field, self.expected, self.got)

    def __str__(self) -> str:
        return f"{self.field or 'the record'} must be {self.expected}, not {self.got}"


@attrs.frozen
class ErrorDetail:
    """One entry of `errors` in an error response (a JSON:API error object).

    Fields that the response does not contain are empty. Codes that the OpenAPI document does not list are kept.

    Attributes:
        status: HTTP status code as text, even if the response contains a number.
        code: Short machine-readable code, such as `not_found`.
        title: Short summary.
        detail: Human-readable description of the problem.
        pointer: JSON pointer to the invalid part of the request body.
        parameter: Name of the invalid query parameter.
        header: Name of the invalid request header.
        raw: The unmodified entry.
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
        source = self.pointer or self.parameter or self.header
        text = self.detail or self.title
        parts = [part for part in (self.code, f"({source})" if source else "", f": {text}" if text else "") if part]
        return " ".join(parts).replace(" :", ":").removeprefix(": ")


class CallContext(TypedDict, total=False):
    """The call that an error belongs to. The attributes of `APIError` describe the keys."""

    operation: str
    method: str
    path: str
    attempts: int
    elapsed: float


class APIError(SendcloudError):
    """A call failed: no response, an error response, or a response that cannot be decoded.

    Attributes:
        operation: Name of the operation, such as `retrieve_integration`.
        method: HTTP method.
        path: Path of the request, without the query.
        reason: Why the call failed, as text.
        attempts: Number of attempts, including one that got no free rate limit slot; 0 if no token could be obtained.
        elapsed: Seconds from the start of the call to the failure, waits included.
        advice: What to do about it, as text.
    """

    advice = ""

    def __init__(self, reason: str, **call: Unpack[CallContext]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operation = call.get("operation", "")
        self.method = call.get("method", "")
        self.path = call.get("path", "")
        self.attempts = call.get("attempts", 1)
        self.elapsed = call.get("elapsed", 0.0)

    def __str__(self) -> str:
        request = f"{self.method} {self.path}".strip()
        subject = f"{self.operation} ({request})" if self.operation and request else self.operation or request
        effort = f" after {self.attempts} attempts in {self.elapsed:.1f} s" if self.attempts > 1 else ""
        line = f"{subject} failed{effort}: {self.reason}" if subject else self.reason
        if not line.endswith((".", "!", "?")):
            line += "."
        return to_single_line(f"{line} {self.advice}".rstrip(), max_length=_MAX_MESSAGE_LENGTH)

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments do not survive the default pickling of exceptions.
        return _rebuild_error, (type(self), self.args, self.__dict__.copy())


class APIConnectionError(APIError):
    """No response, because the connection failed or broke. `__cause__` is the transport's error."""

    advice = "Check the network and base_url."


class APITimeoutError(APIConnectionError):
    """No response in time. `__cause__` is the transport's error."""

    advice = "Increase this limit if such a duration is expected."


class APIStatusError(APIError):
    """A response whose status is not a success of the operation. Each common status has a subclass.

    Attributes:
        status_code: HTTP status code.
        errors: The parsed entries of `errors` in the response; can be empty.
        body: The response body: decoded JSON, or the first 10,000 characters of any other text.
        headers: The response headers with lower-case names, without cookies.
        retry_after: Seconds to wait according to the response; None if it does not say.
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
        **call: Unpack[CallContext],
    ) -> None:
        super().__init__(reason, **call)
        self.status_code = status_code
        self.errors = tuple(errors)
        self.body = body
        self.headers = dict(headers or {})
        self.retry_after = retry_after


class BadRequestError(APIStatusError):
    """400: the request is invalid. `errors` names the invalid parts."""

    advice = "Correct the request before you send it again."


class AuthenticationError(APIStatusError):
    """401, or a token endpoint that returned no token: the credentials are missing, wrong or of the wrong kind."""

    advice = "Check the credentials; an integration that uses OAuth2 does not accept Basic."


class PermissionDeniedError(APIStatusError):
    """403: the credentials are valid but do not permit this operation."""

    advice = "Check the permissions of these credentials."


class NotFoundError(APIStatusError):
    """404: the record does not exist, or it belongs to another account."""

    advice = "Check the id, that it belongs to these credentials, and base_url."


class ConflictError(APIStatusError):
    """409: the record was changed in the meantime."""

    advice = "Read the record again before you change it."


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed but its content is invalid. `errors` names the invalid parts."""

    advice = "Correct the request before you send it again."


class RateLimitError(APIStatusError):
    """429: the rate limit of the credentials is exceeded. `retry_after` is the number of seconds to wait.

    Also raised, without a request, if a call waits in the rate limit queue of this process for its whole total timeout,
    or if a pause after a 429 lasts longer than that.
    """

    advice = "Send fewer calls, or share one client so that one rate limit budget covers all calls."


class ServerError(APIStatusError):
    """5xx: the request failed on Sendcloud's side."""

    advice = "Try again later."


class ResponseDecodeError(APIError):
    """A successful response whose body does not match the OpenAPI document.

    Attributes:
        status_code: HTTP status code; None if the error is not about one response.
        field: Path of the field in the body, such as `data[3].created_at`; empty if it is the whole body.
        index: Index of the record on the page, from 0; None if the error is not about one of several records.
        page_cursor: Cursor of the page; None for the first page and for operations without pagination.
        record: The record as received, except that the credentials of the request are masked. It may contain personal
            data.
    """

    advice = "Report it to the maintainers."

    def __init__(
        self,
        reason: str,
        *,
        advice: str = "",
        status_code: int | None = None,
        field: str = "",
        index: int | None = None,
        page_cursor: str | None = None,
        record: Any = None,
        **call: Unpack[CallContext],
    ) -> None:
        super().__init__(reason, **call)
        self.status_code = status_code
        self.field = field
        self.index = index
        if advice:
            self.advice = advice
        self.page_cursor = page_cursor
        self.record = record


def to_single_line(text: str, *, max_length: int = _MAX_DETAIL_LENGTH) -> str:
    """Convert text to one printable line.

    Args:
        text: The text. Control characters and runs of white space are replaced by one space each.
        max_length: Maximum number of characters; longer text is cut and ends with "…". Defaults to 300.

    Returns:
        The line.
    """
    text = text[: 10 * max_length]  # the text can have megabytes
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= max_length else f"{line[: max_length - 1]}…"


def _rebuild_error(cls: type[APIError], args: tuple[Any, ...], state: dict[str, Any]) -> APIError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error
