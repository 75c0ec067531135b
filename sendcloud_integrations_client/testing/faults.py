"""Faults on demand: answers that fail, come late, break off, or never come."""

from __future__ import annotations

import asyncio
import http
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs
import orjson

from .messages import Answer, Receive, Scope, Send, error, json_answer, start_message
from .routing import OPERATIONS

__all__ = ["CONNECTION", "Fault", "FaultList", "cut_connection", "reset_connection"]

CONNECTION: Final = "sendcloud_integrations_client.testing.connection"
"""Key in an ASGI scope's `extensions` under which `serve` puts the connection's `asyncio.Transport`."""


def _known_operation(_instance: object, _attribute: object, value: str) -> None:
    if value != "*" and value not in OPERATIONS:
        raise ValueError(f"no operation {value!r}; there are: *, {', '.join(sorted(OPERATIONS))}")


def _known_count(_instance: object, _attribute: object, value: int | None) -> None:
    if value is not None and value < 0:
        raise ValueError("count must not be negative")


@attrs.frozen
class Fault:
    """Something that goes wrong with the next calls of an operation.

    Attributes:
        operation: Name of the operation, such as `list_logs`; `*` for any.
        kind: `status` answers with `status`, `headers` and `body`; `delay` answers `seconds` later than otherwise;
            `cut` breaks the connection in the middle of the body; `reset` resets the connection with no answer.
        count: How many calls it meets; None for all until it is cleared.
        status: HTTP status.
        body: Bytes and text are sent as they are (text that starts with `<` as HTML); anything else as JSON; None
            gives an error in Sendcloud's shape.
        headers: Headers of the answer.
        seconds: How late the answer is.
        acted: The server does what the request asks before the answer is lost, rather than nothing. A `cut` always
            has done it.
    """

    operation: str = attrs.field(validator=_known_operation)
    kind: Literal["status", "delay", "cut", "reset"] = attrs.field(
        default="status", validator=attrs.validators.in_(["status", "delay", "cut", "reset"])
    )
    count: int | None = attrs.field(default=1, validator=_known_count, kw_only=True)
    status: int = attrs.field(default=500, validator=attrs.validators.ge(200), kw_only=True)
    body: Any = attrs.field(default=None, repr=False, kw_only=True)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], kw_only=True)
    seconds: float = attrs.field(default=0.0, validator=attrs.validators.ge(0), kw_only=True)
    acted: bool = attrs.field(default=False, kw_only=True)

    def answer(self) -> Answer:
        """The answer of a `status` fault."""
        headers = tuple((name.lower().encode(), value.encode()) for name, value in self.headers.items())
        match self.body:
            case None if self.status == 204:
                return Answer(self.status, headers=headers)
            case None:
                phrase = _phrase(self.status)
                entry = error(str(self.status), "invalid", phrase, f"{phrase} (simulated)")
                answer = json_answer(self.status, {"errors": [entry]})
            case bytes() as content:
                answer = Answer(self.status, content, ((b"content-type", b"application/octet-stream"),))
            case str() as text:
                kind = b"text/html" if text.lstrip().startswith("<") else b"text/plain"
                content_type = (b"content-type", kind + b"; charset=utf-8")
                answer = Answer(self.status, text.encode(), (content_type,))
            case value:
                answer = Answer(self.status, orjson.dumps(value), ((b"content-type", b"application/json"),))
        names = {name for name, _ in headers}
        return attrs.evolve(answer, headers=(*(pair for pair in answer.headers if pair[0] not in names), *headers))


class FaultList:
    """The faults that are still to happen, in the order they were asked for. Tests may add from another thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let `fault` happen, after the ones already waiting for the same operation."""
        with self._lock:
            self._faults = [*self._faults, fault]

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults = []

    def take(self, operation: str) -> tuple[float, Fault | None]:
        """What goes wrong with this call: seconds of delay in all, and at most one fault of another kind."""
        if not self._faults:
            return 0.0, None
        with self._lock:
            return self._take(operation)

    def _take(self, operation: str) -> tuple[float, Fault | None]:
        delay, met = 0.0, None
        left: list[Fault] = []
        for fault in self._faults:
            happens = fault.count != 0 and fault.operation in ("*", operation)
            if happens and fault.kind == "delay":
                delay += fault.seconds
            elif happens and met is None:
                met = fault
            else:
                left.append(fault)
                continue
            if fault.count is None:
                left.append(fault)
            elif fault.count > 1:
                left.append(attrs.evolve(fault, count=fault.count - 1))
        self._faults = left
        return delay, met


async def cut_connection(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the first half of an answer's body, and close the connection.

    Raises:
        httpx.RemoteProtocolError: There is no connection, as under `httpx.ASGITransport`; it is what httpx raises when
            it meets the real thing.
    """
    connection = _connection(scope)
    if connection is None:
        import httpx

        raise httpx.RemoteProtocolError("simulated: the connection was closed before the body was complete")
    if answer.content:
        await send(start_message(answer))
        half = answer.content[: len(answer.content) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
    connection.close()
    await _disconnected(receive)


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Reset the connection with no answer.

    Raises:
        httpx.ReadError: There is no connection, as under `httpx.ASGITransport`.
    """
    connection = _connection(scope)
    if connection is None:
        import httpx

        raise httpx.ReadError("simulated: the connection was reset")
    # With a linger time of zero, closing sends RST where it would send FIN.
    linger = struct.pack("ii", 1, 0)
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.abort()
    await _disconnected(receive)


def _connection(scope: Scope) -> asyncio.Transport | None:
    extensions: dict[str, Any] = scope.get("extensions") or {}
    return extensions.get(CONNECTION)


async def _disconnected(receive: Receive) -> None:
    # Returning earlier would make uvicorn answer 500, or log that the answer is not complete.
    while (await receive())["type"] != "http.disconnect":
        pass


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
