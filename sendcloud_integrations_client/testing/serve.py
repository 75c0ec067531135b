"""The simulated Sendcloud on a real port, in the event loop of the caller or in a thread of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import socket
import threading
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

import uvicorn

from .faults import CONNECTION
from .messages import Receive, Scope, Send

if TYPE_CHECKING:
    # The other, httptools', has the same methods; the module that chooses has no type that can be derived from.
    from uvicorn.protocols.http.h11_impl import H11Protocol as AutoHTTPProtocol
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["serve", "serve_in_thread"]

App = Any


@contextlib.asynccontextmanager
async def serve(app: App, port: int = 0) -> AsyncGenerator[str]:
    """Serve an ASGI application on loopback while the block runs.

    Args:
        app: A `SimulatedSendcloud`, or any other ASGI application.
        port: TCP port; 0 for a free one.

    Yields:
        The API's base URL, such as `http://127.0.0.1:49152/api/v3`.

    Raises:
        OSError: The port is taken.
    """
    with _listener(port) as listener:
        server = _Server(_config(app))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            started = asyncio.create_task(server.listening.wait())
            try:
                await asyncio.wait([started, running], return_when=asyncio.FIRST_COMPLETED)
            finally:
                started.cancel()
            if running.done():
                running.result()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v3"
        finally:
            server.should_exit = True
            await running


@contextlib.contextmanager
def serve_in_thread(app: App, port: int = 0) -> Generator[str]:
    """Serve an ASGI application on loopback while the block runs, in a thread and an event loop of its own.

    For tests that are not async, or that block the event loop which they run in.

    Args:
        app: A `SimulatedSendcloud`, or any other ASGI application.
        port: TCP port; 0 for a free one.

    Yields:
        The API's base URL, such as `http://127.0.0.1:49152/api/v3`.

    Raises:
        OSError: The port is taken.
    """
    started: concurrent.futures.Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = (
        concurrent.futures.Future()
    )

    async def run() -> None:
        stopped = asyncio.Event()
        async with serve(app, port) as base_url:
            started.set_result((asyncio.get_running_loop(), stopped, base_url))
            await stopped.wait()

    def run_thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as failure:
            if started.done():
                raise
            started.set_exception(failure)

    thread = threading.Thread(target=run_thread, name="simulated-sendcloud", daemon=True)
    thread.start()
    try:
        loop, stopped, base_url = started.result()
    except BaseException:
        thread.join()
        raise
    try:
        yield base_url
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


def _listener(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named, and answers take 40 ms with it.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # On Windows this would let two servers have the same port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind(("127.0.0.1", port))
    except BaseException:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        # Signals belong to the program that the server is a part of.
        yield


def _config(app: App) -> uvicorn.Config:
    connections: dict[Any, asyncio.Transport] = {}

    class Protocol(AutoHTTPProtocol):
        """Notes each connection's transport, which ASGI does not show and the faults have to break."""

        def connection_made(  # type: ignore[override]
            self, transport: asyncio.Transport
        ) -> None:
            self._peer = transport.get_extra_info("peername")
            connections[self._peer] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self._peer, None)
            super().connection_lost(exc)

    async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
        extensions = scope.setdefault("extensions", {})
        extensions[CONNECTION] = connections.get(scope.get("client"))
        await app(scope, receive, send)

    return uvicorn.Config(
        with_connection,
        http=Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=1,
    )
