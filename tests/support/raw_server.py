"""Servers on raw sockets whose handlers misbehave in one specific way each."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import httpx

Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one connection. The server closes the connection when the handler returns."""

OK_RESPONSE = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"data": []}'
"""A successful response to a list operation, with no records."""

CONNECTION_CLOSE_RESPONSE = OK_RESPONSE.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
"""The same response with `Connection: close`."""

SERVER_TASK_NAME = "raw server connection"
"""Name of the tasks in which handlers run, so that tests can distinguish them from tasks of the client."""


@asynccontextmanager
async def run_raw_server(handler: Handler, *, ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Run a server on a free loopback port and yield the base URL of its API.

    Args:
        handler: Serves each connection.
        ssl_context: Serves TLS with this context; None serves plain TCP.
    """
    open_writers: set[asyncio.StreamWriter] = set()

    async def handle_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.set_name(SERVER_TASK_NAME)
        open_writers.add(writer)
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            open_writers.discard(writer)

    server = await asyncio.start_server(handle_and_close, "127.0.0.1", 0, backlog=2048, ssl=ssl_context)
    scheme = "https" if ssl_context else "http"
    try:
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v3"
    finally:
        server.close()
        for writer in open_writers:
            writer.transport.abort()  # since Python 3.12, wait_closed() waits for open connections
        await server.wait_closed()


def get_client_tasks(tasks_before: set[asyncio.Task[object]]) -> list[asyncio.Task[object]]:
    """Return the tasks that were started since `tasks_before`, without those of raw servers."""
    return [task for task in asyncio.all_tasks() - tasks_before if task.get_name() != SERVER_TASK_NAME]


def find_free_port() -> int:
    """Return a loopback port that no server uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def respond_with(content: bytes = OK_RESPONSE, *, delay: float = 0.0, keep_alive: bool = True) -> Handler:
    """Return a handler that sends the same bytes for each request.

    Args:
        content: The complete response, headers included.
        delay: Seconds between a request and its response.
        keep_alive: False closes the connection after the first response.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(delay)
            writer.write(content)
            await writer.drain()
            if not keep_alive:
                return

    return handle


def respond_when_set(event: asyncio.Event, content: bytes = OK_RESPONSE) -> Handler:
    """Return a handler that sends the same bytes for each request, as soon as an event is set.

    Args:
        event: Is awaited between a request and its response.
        content: The complete response, headers included.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await event.wait()
            writer.write(content)
            await writer.drain()

    return handle


async def never_respond(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Read everything and send nothing."""
    while await reader.read(1024):
        pass


async def never_read(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read nothing, so that the client cannot send a large body."""
    await writer.wait_closed()


async def send_half_a_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send the first part of a response and keep the connection open."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK_RESPONSE[:-4])
    await never_respond(reader, writer)


async def reset_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection after the request arrived."""
    await reader.readuntil(b"\r\n\r\n")
    linger = struct.pack("ii", 1, 0)  # with this option, closing sends RST instead of FIN
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


BROKEN_RESPONSES: list[tuple[str, Handler, type[httpx.TransportError]]] = [
    ("connection closed without a response", respond_with(b"", keep_alive=False), httpx.RemoteProtocolError),
    ("not HTTP", respond_with(b"hello there\r\n\r\n", keep_alive=False), httpx.RemoteProtocolError),
    ("truncated body", respond_with(OK_RESPONSE[:-4], keep_alive=False), httpx.RemoteProtocolError),
    ("truncated headers", respond_with(OK_RESPONSE[:30], keep_alive=False), httpx.RemoteProtocolError),
    ("no response in time", respond_with(delay=60.0), httpx.ReadTimeout),
]
"""Name, handler, and the httpx error that a transport must raise."""


class CountingHandler:
    """Counts the connections that another handler serves.

    Attributes:
        open_connections: Number of connections that are open now.
        total_connections: Number of connections since the start.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.open_connections = self.total_connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        self.total_connections += 1
        try:
            await self._handler(reader, writer)
        finally:
            self.open_connections -= 1

    async def wait_for_open_connections(self, count: int) -> None:
        """Wait until exactly `count` connections are open.

        Raises:
            TimeoutError: If that takes more than 30 seconds.
        """
        async with asyncio.timeout(30):
            while self.open_connections != count:  # noqa: ASYNC110 - sockets offer no event for it
                await asyncio.sleep(0.001)
