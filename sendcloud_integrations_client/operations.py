"""What every layer knows of a call: the operation's facts, the call under way, and what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs
import httpx

from sendcloud_integrations_client.errors import CallFacts

__all__ = ["Call", "Operation", "Response", "Sender", "answered", "call_of"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_EXTENSION: Final = "sendcloud"


@attrs.frozen
class Operation:
    """The facts of one operation of the contract. Generated; travels with each request, so that nothing is guessed.

    Attributes:
        name: The operation's name, such as `list_logs`.
        method: HTTP method, upper case.
        path: Path template below the base URL, such as `/integrations/{id}/logs`.
        success: Statuses that the contract calls a success.
        safe: It changes nothing; it counts against the budget of safe calls.
        idempotent: Sending it twice leaves the same state as once, so a lost answer may be asked for again.
    """

    name: str
    method: str
    path: str
    success: frozenset[int]
    safe: bool
    idempotent: bool


@attrs.define(eq=False)
class Call:
    """One call under way; the layers write down here what they did.

    Attributes:
        operation: What is called.
        on_headers: Called once with the headers of a success, before its body is read.
        attempts: How many times the request was sent so far.
        may_have_acted: The server may have done what an attempt asked for, though its answer said nothing of it.
        waited: Seconds spent waiting for the budget.
        started: `time.monotonic()` at the start.
    """

    operation: Operation
    on_headers: Callable[[httpx.Headers], None] | None = None
    attempts: int = 0
    may_have_acted: bool = False
    waited: float = 0.0
    started: float = attrs.field(factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def facts(self, request: httpx.Request) -> CallFacts:
        """What an error says of this call."""
        return CallFacts(
            operation=self.operation.name,
            method=request.method,
            path=request.url.path,
            attempts=self.attempts,
            elapsed=self.elapsed,
        )

    def extensions(self) -> dict[str, Any]:
        """The httpx request extensions that carry this call to the layers below."""
        return {_EXTENSION: self}


def call_of(request: httpx.Request) -> Call | None:
    """The call that a request belongs to; None for a request that is no operation of the contract."""
    call = request.extensions.get(_EXTENSION)
    return call if isinstance(call, Call) else None


@attrs.frozen
class Response(Generic[T_co]):
    """The answer of an operation with everything around it; what the `…_detailed` twins return.

    Attributes:
        parsed: What the plain function returns: the model, the list of models, or None.
        status_code: HTTP status.
        headers: Headers of the answer; look-up ignores case.
        attempts: How many times the request was sent.
    """

    parsed: T_co
    status_code: int
    headers: httpx.Headers
    attempts: int = 1


def answered(response: httpx.Response, parsed: T) -> Response[T]:
    """`parsed`, with the status and the headers that it came with."""
    call = call_of(response.request)
    return Response(parsed, response.status_code, response.headers, call.attempts if call else 1)


class Sender(Protocol):
    """What generated code asks of a client: send one request of an operation, raise unless it succeeds."""

    async def send(
        self,
        operation: Operation,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        on_headers: Callable[[httpx.Headers], None] | None = None,
    ) -> httpx.Response:
        """Send one request.

        Args:
            operation: The facts of the operation.
            path: The path with its parameters filled in and escaped.
            query: Query parameters as text.
            body: JSON-ready value; None sends no body.
            on_headers: Called with the headers of a success before the body is read.

        Returns:
            The answer, read to its end; its status is one of `operation.success`.

        Raises:
            SendcloudError: For everything else.
        """
        ...
