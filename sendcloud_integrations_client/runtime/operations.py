"""`Operation`, `Call` and `Response`: what every layer knows about a request, and the extension keys that carry it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Final, Generic, Literal, Protocol, TypeVar

import attrs
import httpx

from sendcloud_integrations_client.errors import CallContext

__all__ = [
    "BODY_ERROR_EXTENSION",
    "CALL_EXTENSION",
    "LOCATION_EXTENSION",
    "RETRIES_EXTENSION",
    "SECRETS_EXTENSION",
    "TOKEN_ERROR_EXTENSION",
    "TOKEN_REQUEST_EXTENSION",
    "TOTAL_TIMEOUT_ENDED",
    "Call",
    "Operation",
    "Response",
    "Sender",
    "TokenRequest",
    "build_response",
    "get_call",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

CALL_EXTENSION: Final = "sendcloud_call"
"""Key of a request's extensions: the `Call` that the request belongs to."""

RETRIES_EXTENSION: Final = "sendcloud_retries"
"""Key of a request's extensions: the `RetryPolicy` of this request, or None for no retries."""

SECRETS_EXTENSION: Final = "sendcloud_secrets"
"""Key of a request's extensions: functions that return secrets of the request other than its `Authorization` header."""

LOCATION_EXTENSION: Final = "sendcloud_location"
"""Key of a response's extensions: the `Location` of a redirect, which httpx does not get to see."""

BODY_ERROR_EXTENSION: Final = "sendcloud_body_error"
"""Key of a response's extensions: why the body of a page could not be read, as text and advice. The body is empty then.

Such a page is a success, because its `Link` header leads to the next page; see `on_decode_error`.
"""

TOKEN_REQUEST_EXTENSION: Final = "sendcloud_token_request"  # noqa: S105
"""Key of a request's extensions: the `TokenRequest` of an OAuth2 token request, which is safe to repeat."""

TOKEN_ERROR_EXTENSION: Final = "sendcloud_token_error"  # noqa: S105
"""Key of a response's extensions: the error that a token request ended with."""

TOTAL_TIMEOUT_ENDED: Final = "the total timeout ended"
"""Text of the `httpx.ReadTimeout` that ends a request at the total timeout of its call."""


@attrs.frozen
class Operation:
    """Properties of one operation of the OpenAPI document. Generated; each request carries its operation.

    Attributes:
        name: Name of the operation, such as `list_logs`.
        method: HTTP method in upper case.
        path: Path template below the base URL, such as `/integrations/{id}/logs`.
        success: Status codes that the document defines as success.
        safe: Whether it only reads; safe operations count against the limit of reads.
        idempotent: Whether sending it twice has the same effect as once, so that it can be retried after a lost
            response.
    """

    name: str
    method: str
    path: str
    success: frozenset[int]
    safe: bool
    idempotent: bool


@attrs.define(eq=False)
class Call:
    """One call in progress; the layers record what they did.

    Attributes:
        operation: The operation that is called.
        on_headers: Called once with the headers of a success, before its body is read.
        priority: Priority in the rate limit queue.
        is_page: Whether it reads a page of a list with `Link` headers.
        attempts: Number of times the request was sent so far.
        may_have_acted: Whether the server may have processed an attempt whose response was lost.
        rate_limit_wait: Seconds spent in the rate limit queue.
        started: `time.monotonic()` at the start of the call.
        deadline: `time.monotonic()` at which the total timeout of the call ends.
    """

    operation: Operation
    on_headers: Callable[[httpx.Headers], None] | None = None
    priority: Literal["interactive", "background"] = "interactive"
    attempts: int = 0
    may_have_acted: bool = False
    rate_limit_wait: float = 0.0
    started: float = attrs.field(factory=time.monotonic)
    deadline: float = math.inf
    is_page: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.is_page = self.on_headers is not None

    @property
    def elapsed(self) -> float:
        """Seconds since the start of the call."""
        return time.monotonic() - self.started

    @property
    def remaining(self) -> float:
        """Seconds until the deadline; 0 after it."""
        return max(self.deadline - time.monotonic(), 0.0)

    def is_success(self, status_code: int) -> bool:
        """Return whether a status is a success: a documented one, or any other 2xx."""
        return status_code in self.operation.success or 200 <= status_code < 300

    def get_context(self, request: httpx.Request) -> CallContext:
        """Return what an error reports about this call."""
        return CallContext(
            operation=self.operation.name,
            method=request.method,
            path=request.url.path,
            attempts=self.attempts,
            elapsed=self.elapsed,
        )


@attrs.define(eq=False)
class TokenRequest:
    """An OAuth2 token request in progress, which is sent for a call.

    Attributes:
        deadline: `time.monotonic()` at which the total timeout of the call ends.
        is_out_of_time: Whether it failed because of the deadline, so that a call with more time can try again.
    """

    deadline: float = math.inf
    is_out_of_time: bool = False


def get_call(request: httpx.Request) -> Call | None:
    """Return the call that a request belongs to; None if the request is not sent by an operation."""
    call = request.extensions.get(CALL_EXTENSION)
    return call if isinstance(call, Call) else None


@attrs.frozen
class Response(Generic[T_co]):
    """The result of an operation together with status and headers; the `…_detailed` functions return it.

    Attributes:
        parsed: What the plain function returns: the model, the list of models, or None.
        status_code: HTTP status code.
        headers: Response headers; look-up ignores case.
        attempts: Number of times the request was sent.
    """

    parsed: T_co
    status_code: int
    headers: httpx.Headers
    attempts: int = 1


def build_response(response: httpx.Response, parsed: T) -> Response[T]:
    """Combine `parsed` with the status code and headers of the HTTP response."""
    call = get_call(response.request)
    return Response(parsed, response.status_code, response.headers, call.attempts if call else 1)


class Sender(Protocol):
    """What generated code requires of a client: send one request of an operation, and raise unless it succeeds."""

    async def send(
        self,
        operation: Operation,
        path: str,
        *,
        query: Mapping[str, str] | str | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        on_headers: Callable[[httpx.Headers], None] | None = None,
    ) -> httpx.Response:
        """Send one request.

        Args:
            operation: The operation.
            path: The path with its parameters filled in and escaped.
            query: Query parameters as text, or the encoded query.
            headers: Headers of this operation.
            body: JSON-ready value; None sends no body.
            on_headers: Called with the headers of a success before the body is read.

        Returns:
            The response, read completely. Its status is one of `operation.success`.

        Raises:
            SendcloudError: In every other case.
        """
        ...
