"""A raw HTTP server on loopback that misbehaves in the way of one scenario, and then behaves well on request.

`hostile_scenarios` contains the scenarios. `make hostile` and `tests/test_hostile_responses.py` run them.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

import attrs

from tests.support.raw_server import run_raw_server

__all__ = ["GOOD_RESPONSE", "Behaviour", "Exchange", "HostileServer", "build_response", "run_hostile_server"]

Behaviour: TypeAlias = Callable[["Exchange"], Awaitable[bool | None]]
"""Sends the response to one request; returns True to keep the connection open for the next request."""


def build_response(
    body: bytes = b'{"data": []}', *headers: str, status: str = "200 OK", has_length: bool = True
) -> bytes:
    """Return a complete HTTP/1.1 response.

    Args:
        body: The body.
        *headers: Further header lines without line ending, encoded as Latin-1.
        status: Status code and reason.
        has_length: Whether to add `Content-Length`.
    """
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    if has_length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


GOOD_RESPONSE: Final = build_response()
"""A list without records."""


@attrs.define
class Exchange:
    """One request and the connection to respond on.

    Attributes:
        reader: Reads from the client.
        writer: Writes to the client.
        target: The request target, such as `/api/v3/integrations?page_size=1`; empty if the request was not read.
        number: Number of this request, counted from 1 over all connections.
        head: Request line and headers as received.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    target: str = ""
    number: int = 0
    head: bytes = b""

    async def send(self, *parts: bytes, delay: float = 0.0) -> None:
        """Send each part, and wait `delay` seconds after it."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(delay)

    async def drip(self, content: bytes, *, delay: float = 0.1) -> None:
        """Send one byte every `delay` seconds."""
        await self.send(*(content[index : index + 1] for index in range(len(content))), delay=delay)

    async def repeat(self, content: bytes, *, delay: float = 0.0) -> None:
        """Send the same bytes until the client closes the connection."""
        while not self.writer.is_closing():
            await self.send(content, delay=delay)

    async def wait(self) -> None:
        """Send nothing more until the client closes the connection."""
        while await self.reader.read(65_536):
            pass

    def reset(self) -> None:
        """Reset the connection."""
        linger = struct.pack("ii", 1, 0)  # with this option, closing sends RST instead of FIN
        with suppress(OSError):
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


class HostileServer:
    """Dispatches each request to a behaviour.

    Attributes:
        behaviour: The behaviour; None responds with `GOOD_RESPONSE`.
        reads_request: Whether the request is read before the behaviour starts.
        base_url: Base URL of the API.
        heads: Request line and headers of each request.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, reads_request: bool = True) -> None:
        self.behaviour = behaviour
        self.reads_request = reads_request
        self.base_url = ""
        self.heads: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(asyncio.LimitOverrunError, ssl.SSLError, ValueError):
            is_open: bool | None = True
            while is_open:
                exchange = Exchange(reader, writer)
                if self.reads_request or self.behaviour is None:
                    exchange = await self._read_request(reader, writer)
                is_open = await (self.behaviour or _respond_well)(exchange)
            with suppress(OSError):  # the client has closed the connection
                writer.write_eof()
            await asyncio.wait_for(exchange.wait(), 5)  # otherwise unread data would turn the close into a reset

    async def _read_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        self.heads.append(head)
        return Exchange(reader, writer, head.split(b" ")[1].decode("latin-1"), len(self.heads), head)


async def _respond_well(exchange: Exchange) -> None:
    # The connection is not reused, so that the next request meets the behaviour of that time on a new connection.
    await exchange.send(GOOD_RESPONSE.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))


@asynccontextmanager
async def run_hostile_server(
    behaviour: Behaviour | None = None, *, reads_request: bool = True, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[HostileServer]:
    """Run a server on a free loopback port.

    Args:
        behaviour: The initial behaviour; None responds well.
        reads_request: Whether requests are read before the behaviour starts.
        ssl_context: Serves TLS with this context; None serves plain TCP.
    """
    server = HostileServer(behaviour, reads_request=reads_request)

    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(server.serve(reader, writer))
        connections.add(connection)
        try:
            with suppress(TimeoutError, asyncio.CancelledError):
                await connection
        finally:
            connections.discard(connection)

    async with run_raw_server(serve, ssl_context=ssl_context) as base_url:
        server.base_url = base_url
        try:
            yield server
        finally:
            for connection in connections:
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)
            await asyncio.sleep(0)  # for the handlers of the raw server to end
