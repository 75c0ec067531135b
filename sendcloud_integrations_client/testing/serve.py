"""Serves the simulated Sendcloud on a real port, in the event loop of the caller or in a separate thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import signal
import socket
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from .faults import CONNECTION_EXTENSION
from .messages import Receive, Scope, Send

if TYPE_CHECKING:
    # The httptools protocol has the same methods. AutoHTTPProtocol is a variable, which type checkers cannot subclass.
    from uvicorn.protocols.http.h11_impl import H11Protocol as AutoHTTPProtocol
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["serve", "serve_in_thread", "serve_until_signal"]

App = Any

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextlib.asynccontextmanager
async def serve(app: App, port: int = 0) -> AsyncGenerator[str]:
    """Serve an ASGI application on loopback for the duration of the `async with` block.

    Args:
        app: A `SimulatedSendcloud`, or any other ASGI application.
        port: TCP port. Defaults to 0, which selects a free port.

    Yields:
        Base URL of the API, such as `http://127.0.0.1:49152/api/v3`.

    Raises:
        OSError: If the port is in use.
    """
    with _open_listener(port) as listener:
        server = _Server(_build_config(app))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            started = asyncio.create_task(server.listening.wait())
            try:
                await asyncio.wait([started, serving], return_when=asyncio.FIRST_COMPLETED)
            finally:
                started.cancel()
            if serving.done():
                serving.result()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v3"
        finally:
            server.should_exit = True
            await serving


@contextlib.contextmanager
def serve_in_thread(app: App, port: int = 0) -> Generator[str]:
    """Serve an ASGI application on loopback for the duration of the `with` block, in a separate thread.

    For tests that are not async or that block their event loop. The thread has its own event loop.

    Args:
        app: A `SimulatedSendcloud`, or any other ASGI application.
        port: TCP port. Defaults to 0, which selects a free port.

    Yields:
        Base URL of the API, such as `http://127.0.0.1:49152/api/v3`.

    Raises:
        OSError: If the port is in use.
    """
    started: concurrent.futures.Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = (
        concurrent.futures.Future()
    )

    async def run() -> None:
        stop_requested = asyncio.Event()
        async with serve(app, port) as base_url:
            started.set_result((asyncio.get_running_loop(), stop_requested, base_url))
            await stop_requested.wait()

    def run_thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run_thread, name="simulated-sendcloud", daemon=True)
    thread.start()
    try:
        loop, stop_requested, base_url = started.result()
    except BaseException:
        thread.join()
        raise
    try:
        yield base_url
    finally:
        loop.call_soon_threadsafe(stop_requested.set)
        thread.join()


async def serve_until_signal(app: App, port: int, on_listening: Callable[[str], None]) -> None:
    """Serve an ASGI application on loopback until the process receives SIGINT or SIGTERM.

    Args:
        app: A `SimulatedSendcloud`, or any other ASGI application.
        port: TCP port; 0 selects a free port.
        on_listening: Called with the base URL of the API when the server accepts connections.

    Raises:
        OSError: If the port is in use.
    """
    stop_requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    # On Windows, Ctrl-C cancels this coroutine instead.
    with contextlib.suppress(NotImplementedError):
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, stop_requested.set)
    try:
        async with serve(app, port) as base_url:
            on_listening(base_url)
            await stop_requested.wait()
    finally:
        with contextlib.suppress(NotImplementedError):
            for number in _STOP_SIGNALS:
                loop.remove_signal_handler(number)


def _open_listener(port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only if the socket names its protocol. Otherwise responses take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # On Windows this option would allow two servers to use the same port.
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
        # Signal handling is left to the program that runs the server.
        yield


def _build_config(app: App) -> uvicorn.Config:
    connections: dict[Any, asyncio.Transport] = {}

    class Protocol(AutoHTTPProtocol):
        """Registers the transport of each connection. ASGI does not expose it, and simulated faults close it."""

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
        extensions[CONNECTION_EXTENSION] = connections.get(scope.get("client"))
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
