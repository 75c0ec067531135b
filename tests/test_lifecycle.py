"""A client is closed, forgotten, and moved between event loops; nothing hangs, nothing stays open."""

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
from sendcloud_integrations_client.transport import PooledTransport
from tests.test_connections import OK, Serve, answering, client_for, serving

Loop = weakref.ref[asyncio.AbstractEventLoop]


class Counted:
    """A server's handler that knows how many connections are open, and how many there ever were."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.open = self.ever = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.ever += 1
        try:
            await self.serve(reader, writer)
        finally:
            self.open -= 1

    async def until(self, opened: int) -> None:
        async with asyncio.timeout(5):
            while self.open != opened:  # noqa: ASYNC110 - sockets tell nobody
                await asyncio.sleep(0.001)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        pass


async def half_a_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK[:-4])
    await silent(reader, writer)


@asynccontextmanager
async def under_way(base_url: str, calls: int, **options: Any) -> AsyncIterator[SendcloudIntegrations]:
    """A client with so many calls under way on two connections; each has to end with the client, and to say why."""
    client = client_for(base_url, transport=PooledTransport(max_connections=2), **options)
    tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(calls)]
    try:
        yield client
        await client.aclose()
        _, hanging = await asyncio.wait(tasks, timeout=2)
        assert not hanging
        for task in tasks:
            with pytest.raises(ClientClosedError, match="this client is closed"):
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("retries", [None, RetryPolicy()], ids=["retries off", "retries on"])
@pytest.mark.parametrize("serve", [silent, half_a_body], ids=["waiting for headers", "reading the body"])
async def test_closing_ends_every_call_that_was_sent_or_waits_for_a_connection(
    serve: Serve, retries: RetryPolicy | None
) -> None:
    server = Counted(serve)
    async with serving(server) as base_url:
        async with under_way(base_url, 6, retries=retries):
            await server.until(2)
            await asyncio.sleep(0.02)  # the half of a body arrives
        await server.until(0)
        assert server.ever == 2  # those in line open no connection of their own after the end


async def test_closing_ends_calls_whose_connection_is_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpcore2

    asked = asyncio.Semaphore(0)

    async def never(*_: object, **__: object) -> None:
        asked.release()
        await asyncio.Event().wait()

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", never)
    async with under_way("http://127.0.0.1:9/api/v3", 6):
        await asked.acquire()
        await asked.acquire()
    assert asked.locked()  # those in line asked for no connection


async def test_closing_that_is_given_up_closes_all_the_same() -> None:
    for turns in range(1, 5):
        server = Counted(answering(delay=0.01))
        async with serving(server) as base_url:
            client = client_for(base_url)
            await asyncio.gather(*(client.integrations.list() for _ in range(5)))
            assert server.open == 5
            task = asyncio.ensure_future(client.aclose())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await server.until(0)


async def test_closing_in_another_loop_closes_the_connections_where_they_are() -> None:
    server = Counted(answering())
    async with serving(server) as base_url:
        client = client_for(base_url)
        await client.integrations.list()
        assert server.open == 1
        await asyncio.to_thread(asyncio.run, client.aclose())
        await server.until(0)
        with pytest.raises(ClientClosedError, match="this client is closed"):
            await client.integrations.list()


@contextmanager
def served_elsewhere() -> Iterator[str]:
    """A server in a thread and a loop of its own, which outlives the loops of the test."""
    address: Future[str] = Future()
    over = threading.Event()

    async def serve() -> None:
        async with serving(answering()) as base_url:
            address.set_result(base_url)
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    try:
        yield address.result(timeout=5)
    finally:
        over.set()
        thread.join()


async def get_from(transport: PooledTransport, base_url: str) -> Loop:
    response = await transport.handle_async_request(httpx.Request("GET", base_url))
    await response.aread()
    await response.aclose()
    return weakref.ref(asyncio.get_running_loop())


def run_well(transport: PooledTransport, base_url: str) -> Loop:
    return asyncio.run(get_from(transport, base_url))


def run_badly(transport: PooledTransport, base_url: str) -> Loop:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(get_from(transport, base_url))
    finally:
        loop.close()  # asynchronous generators are not shut down


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("run", [run_well, run_badly], ids=["asyncio.run", "closed without shutdown_asyncgens"])
def test_loops_that_ended_do_not_stop_the_next_and_are_let_go(
    run: Callable[[PooledTransport, str], Loop],
) -> None:
    transport = PooledTransport()
    with served_elsewhere() as base_url:
        loops = [run(transport, base_url) for _ in range(4)]
        asyncio.run(get_from(transport, base_url))
        asyncio.run(transport.aclose())
        gc.collect()
    assert [loop() for loop in loops] == [None] * 4


async def use(client: SendcloudIntegrations) -> None:
    await client.integrations.list()


async def use_and_close(client: SendcloudIntegrations) -> None:
    await client.integrations.list()
    await client.aclose()


async def leave_alone(_: SendcloudIntegrations) -> None: ...


@pytest.mark.parametrize(
    ("what", "warned"), [(use, 1), (use_and_close, 0), (leave_alone, 0)], ids=["used", "closed", "never used"]
)
async def test_a_client_that_is_dropped_warns_only_if_it_was_used_and_not_closed(
    what: Callable[[SendcloudIntegrations], Awaitable[None]], warned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduled: list[str] = []
    async with serving(answering()) as base_url:
        client = client_for(base_url)
        await what(client)
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
    assert [str(one.message)[:44] for one in caught] == ["a SendcloudIntegrations client was never clo"] * warned
