"""A client is closed, dropped without closing, or used in several event loops: no call hangs, no connection leaks."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest

from sendcloud_integrations_client import ClientClosedError, RetryPolicy, SendcloudIntegrations
from sendcloud_integrations_client.transports.network import AsyncioBackend
from sendcloud_integrations_client.transports.pooled import PooledTransport
from tests.support.clients import build_client
from tests.support.raw_server import (
    CountingHandler,
    Handler,
    never_respond,
    respond_with,
    run_raw_server,
    send_half_a_body,
)

LoopReference = weakref.ref[asyncio.AbstractEventLoop]


@asynccontextmanager
async def calls_in_flight(base_url: str, calls: int, **options: Any) -> AsyncIterator[SendcloudIntegrations]:
    """Yield a client with concurrent calls on two connections, then close it: each call must raise ClientClosedError.

    Args:
        base_url: Base URL of the API.
        calls: Number of calls.
        options: Options of the client.
    """
    client = build_client(base_url, transport=PooledTransport(max_connections=2), **options)
    tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(calls)]
    try:
        yield client
        await client.aclose()
        _, pending = await asyncio.wait(tasks, timeout=30)
        assert not pending
        for task in tasks:
            with pytest.raises(ClientClosedError, match="The client is closed"):
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("retries", [None, RetryPolicy()], ids=["retries off", "retries on"])
@pytest.mark.parametrize("handler", [never_respond, send_half_a_body], ids=["waiting for headers", "reading the body"])
async def test_closing_ends_all_calls_in_flight_and_in_the_queue(handler: Handler, retries: RetryPolicy | None) -> None:
    server = CountingHandler(handler)
    async with run_raw_server(server) as base_url:
        async with calls_in_flight(base_url, 6, retries=retries):
            await server.wait_for_open_connections(2)
            await asyncio.sleep(0.02)  # for the first part of the body to arrive
        await server.wait_for_open_connections(0)
        assert server.total_connections == 2  # queued calls open no connection after the client is closed


async def test_closing_ends_calls_that_are_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    connection_attempts = asyncio.Semaphore(0)

    async def never_connect(*_: object, **__: object) -> None:
        connection_attempts.release()
        await asyncio.Event().wait()

    monkeypatch.setattr(AsyncioBackend, "connect_tcp", never_connect)
    async with calls_in_flight("http://127.0.0.1:9/api/v3", 6):
        await connection_attempts.acquire()
        await connection_attempts.acquire()
    assert connection_attempts.locked()  # queued calls did not try to connect


async def test_cancelled_close_still_closes_all_connections() -> None:
    for loop_iterations in range(1, 5):
        server = CountingHandler(respond_with(delay=0.01))
        async with run_raw_server(server) as base_url:
            client = build_client(base_url)
            await asyncio.gather(*(client.integrations.list() for _ in range(5)))
            assert server.open_connections == 5
            task = asyncio.ensure_future(client.aclose())
            for _ in range(loop_iterations):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await server.wait_for_open_connections(0)


async def test_closing_from_another_loop_closes_connections_in_their_own_loop() -> None:
    server = CountingHandler(respond_with())
    async with run_raw_server(server) as base_url:
        client = build_client(base_url)
        await client.integrations.list()
        assert server.open_connections == 1
        await asyncio.to_thread(asyncio.run, client.aclose())
        await server.wait_for_open_connections(0)
        with pytest.raises(ClientClosedError, match="The client is closed"):
            await client.integrations.list()


@contextmanager
def run_server_in_thread() -> Iterator[str]:
    """Run a server in a separate thread, so that it outlives the event loops of the test; yield its base URL."""
    base_url_future: Future[str] = Future()
    stop_requested = threading.Event()

    async def run() -> None:
        async with run_raw_server(respond_with()) as base_url:
            base_url_future.set_result(base_url)
            await asyncio.to_thread(stop_requested.wait)

    thread = threading.Thread(target=asyncio.run, args=[run()])
    thread.start()
    try:
        yield base_url_future.result(timeout=30)
    finally:
        stop_requested.set()
        thread.join()


async def send_request(transport: PooledTransport, base_url: str) -> LoopReference:
    """Send one request; return a weak reference to the running event loop."""
    response = await transport.handle_async_request(httpx.Request("GET", base_url))
    await response.aread()
    await response.aclose()
    return weakref.ref(asyncio.get_running_loop())


def run_with_clean_shutdown(transport: PooledTransport, base_url: str) -> LoopReference:
    return asyncio.run(send_request(transport, base_url))


def run_without_shutdown(transport: PooledTransport, base_url: str) -> LoopReference:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(send_request(transport, base_url))
    finally:
        loop.close()  # asynchronous generators are not shut down


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore:loop is closed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "run", [run_with_clean_shutdown, run_without_shutdown], ids=["asyncio.run", "closed without shutdown_asyncgens"]
)
def test_transport_works_in_consecutive_loops_and_releases_closed_ones(
    run: Callable[[PooledTransport, str], LoopReference],
) -> None:
    transport = PooledTransport()
    with run_server_in_thread() as base_url:
        loops = [run(transport, base_url) for _ in range(4)]
        asyncio.run(send_request(transport, base_url))
        asyncio.run(transport.aclose())
        gc.collect()
    assert [loop() for loop in loops] == [None] * 4


async def use(client: SendcloudIntegrations) -> None:
    await client.integrations.list()


async def use_and_close(client: SendcloudIntegrations) -> None:
    await client.integrations.list()
    await client.aclose()


async def do_not_use(_: SendcloudIntegrations) -> None: ...


@pytest.mark.parametrize(
    ("action", "warning_count"),
    [(use, 1), (use_and_close, 0), (do_not_use, 0)],
    ids=["used", "used and closed", "never used"],
)
async def test_dropped_client_warns_only_if_it_was_used_and_not_closed(
    action: Callable[[SendcloudIntegrations], Awaitable[None]], warning_count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduled: list[str] = []
    async with run_raw_server(respond_with()) as base_url:
        client = build_client(base_url)
        await action(client)
        gc.collect()
        loop = asyncio.get_running_loop()
        for name in ("call_soon", "call_soon_threadsafe", "call_later", "call_at", "create_task"):
            monkeypatch.setattr(loop, name, lambda *_, name=name, **__: scheduled.append(name))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del client
            gc.collect()
        monkeypatch.undo()
    assert scheduled == []
    messages = [str(warning.message)[:44] for warning in caught]
    assert messages == ["A client was never closed. Use `async with`,"] * warning_count
