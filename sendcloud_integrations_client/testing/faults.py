"""Simulated faults: error responses, delays, truncated responses and connection resets."""

from __future__ import annotations

import asyncio
import contextlib
import http
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs

from .json_encoding import encode_json
from .messages import Receive, Scope, Send, SimulatedResponse, build_error, build_json_response, build_start_message
from .routing import OPERATIONS

__all__ = [
    "CONNECTION_EXTENSION",
    "Fault",
    "FaultList",
    "cut_connection",
    "reset_connection",
    "wait_unless_disconnected",
]

CONNECTION_EXTENSION: Final = "sendcloud_integrations_client.testing.connection"
"""Key in the `extensions` of an ASGI scope: `serve` stores the `asyncio.Transport` of the connection there."""

_LOWEST_STATUS: Final = 200
_HIGHEST_STATUS: Final = 599


def _validate_operation(_instance: object, _attribute: object, value: str) -> None:
    if value != "*" and value not in OPERATIONS:
        raise ValueError(f"Unknown operation {value!r}: must be one of *, {', '.join(sorted(OPERATIONS))}.")


def _validate_status(_instance: object, _attribute: object, value: int) -> None:
    # A status below 200 is not the end of a response, and HTTP servers cannot send one above 599.
    if not _LOWEST_STATUS <= value <= _HIGHEST_STATUS:
        raise ValueError(f"Invalid status {value}: must be between {_LOWEST_STATUS} and {_HIGHEST_STATUS}.")


def _validate_count(_instance: object, _attribute: object, value: int | None) -> None:
    if value is not None and value < 0:
        raise ValueError("Invalid count: must not be negative.")


@attrs.frozen
class Fault:
    """A fault that affects the next calls of an operation.

    Attributes:
        operation: Name of the operation, such as `list_logs`; `*` for all operations.
        kind: `status` returns a response with `status`, `headers` and `body`; `delay` delays the response by `seconds`;
            `cut` closes the connection in the middle of the response body; `reset` resets the connection without a
            response. Defaults to `status`.
        count: Number of calls that are affected; None for all calls until `clear_faults()`. Defaults to 1.
        status: HTTP status, from 200 to 599. Defaults to 500.
        body: Response body. Bytes and text are sent unchanged (text that starts with `<` as HTML), other values as
            JSON. None, the default, sends an error in Sendcloud's format.
        headers: Response headers.
        seconds: Delay in seconds.
        acted: True if the server processes the request before the fault occurs. Defaults to False. A `cut` fault
            always processes the request.
    """

    operation: str = attrs.field(validator=_validate_operation)
    kind: Literal["status", "delay", "cut", "reset"] = attrs.field(
        default="status", validator=attrs.validators.in_(["status", "delay", "cut", "reset"])
    )
    count: int | None = attrs.field(default=1, validator=_validate_count, kw_only=True)
    status: int = attrs.field(default=500, validator=_validate_status, kw_only=True)
    body: Any = attrs.field(default=None, repr=False, kw_only=True)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], kw_only=True)
    seconds: float = attrs.field(default=0.0, validator=attrs.validators.ge(0), kw_only=True)
    acted: bool = attrs.field(default=False, kw_only=True)

    def build_response(self) -> SimulatedResponse:
        """Return the response of a `status` fault."""
        headers = tuple((name.lower().encode(), value.encode()) for name, value in self.headers.items())
        match self.body:
            case None if self.status == 204:
                return SimulatedResponse(self.status, headers=headers)
            case None:
                phrase = _get_reason_phrase(self.status)
                entry = build_error(str(self.status), "invalid", phrase, f"{phrase} (simulated)")
                response = build_json_response(self.status, {"errors": [entry]})
            case bytes() as content:
                response = SimulatedResponse(self.status, content, ((b"content-type", b"application/octet-stream"),))
            case str() as text:
                kind = b"text/html" if text.lstrip().startswith("<") else b"text/plain"
                content_type = (b"content-type", kind + b"; charset=utf-8")
                response = SimulatedResponse(self.status, text.encode(), (content_type,))
            case value:
                response = SimulatedResponse(self.status, encode_json(value), ((b"content-type", b"application/json"),))
        names = {name for name, _ in headers}
        return attrs.evolve(response, headers=(*(pair for pair in response.headers if pair[0] not in names), *headers))


class FaultList:
    """Pending faults, in the order in which they were added. Thread-safe."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Add a fault. It occurs after the pending faults for the same operation."""
        with self._lock:
            self._faults = [*self._faults, fault]

    def clear(self) -> None:
        """Remove all pending faults."""
        with self._lock:
            self._faults = []

    def take(self, operation: str) -> tuple[float, Fault | None]:
        """Remove and return the faults for one call.

        Args:
            operation: Name of the called operation.

        Returns:
            The total delay in seconds, and at most one fault of another kind.
        """
        if not self._faults:
            return 0.0, None
        with self._lock:
            return self._take(operation)

    def _take(self, operation: str) -> tuple[float, Fault | None]:
        delay, found = 0.0, None
        remaining: list[Fault] = []
        for fault in self._faults:
            applies = fault.count != 0 and fault.operation in ("*", operation)
            if applies and fault.kind == "delay":
                delay += fault.seconds
            elif applies and found is None:
                found = fault
            else:
                remaining.append(fault)
                continue
            if fault.count is None:
                remaining.append(fault)
            elif fault.count > 1:
                remaining.append(attrs.evolve(fault, count=fault.count - 1))
        self._faults = remaining
        return delay, found


async def wait_unless_disconnected(seconds: float, receive: Receive) -> None:
    """Wait for a number of seconds. If the client disconnects, the wait ends, so that it does not delay a shutdown."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _wait_for_disconnect(receive)


async def cut_connection(response: SimulatedResponse, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the first half of a response body, then close the connection.

    Raises:
        httpx.RemoteProtocolError: If there is no connection, as with `httpx.ASGITransport`. httpx raises the same error
            if a real connection closes early.
    """
    connection = _get_connection(scope)
    if connection is None:
        import httpx

        raise httpx.RemoteProtocolError(
            "Simulated fault: the connection was closed before the response body was complete."
        )
    if response.content:
        await send(build_start_message(response))
        half = response.content[: len(response.content) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
    connection.close()
    await _wait_for_disconnect(receive)


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Reset the connection without a response.

    Raises:
        httpx.ReadError: If there is no connection, as with `httpx.ASGITransport`.
    """
    connection = _get_connection(scope)
    if connection is None:
        import httpx

        raise httpx.ReadError("Simulated fault: the connection was reset.")
    # The client can close the connection first, during a simulated delay. Its socket then has no options.
    if not connection.is_closing():
        # With a linger time of 0, closing the socket sends RST instead of FIN.
        linger = struct.pack("ii", 1, 0)
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.abort()
    await _wait_for_disconnect(receive)


def _get_connection(scope: Scope) -> asyncio.Transport | None:
    extensions: dict[str, Any] = scope.get("extensions") or {}
    return extensions.get(CONNECTION_EXTENSION)


async def _wait_for_disconnect(receive: Receive) -> None:
    # If this returned earlier, uvicorn would send a 500 response or log an incomplete response.
    while (await receive())["type"] != "http.disconnect":
        pass


def _get_reason_phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
