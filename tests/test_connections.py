"""The default transport survives what web backends do to it, and speaks httpx's language."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sendcloud_integrations_client import BasicAuth, ClientClosedError, SendcloudIntegrations
from sendcloud_integrations_client.transport import PooledTransport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"data": []}'


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[str]:
    """A raw server on loopback; the API's base URL."""
    connected: set[asyncio.StreamWriter] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.add(writer)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            connected.discard(writer)

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, backlog=2048)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v3"
    finally:
        server.close()
        for writer in connected:
            writer.transport.abort()  # from Python 3.12 on, the server waits for them
        await server.wait_closed()


def answering(content: bytes = OK, *, delay: float = 0.0, keep: bool = True) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(delay)
            writer.write(content)
            await writer.drain()
            if not keep:
                return

    return serve


def client_for(base_url: str, **options: Any) -> SendcloudIntegrations:
    defaults: dict[str, Any] = {"auth": BasicAuth("p", "s"), "rate_limits": None, "retries": None}
    return SendcloudIntegrations(base_url=base_url, **{**defaults, **options})


def connections_of(transport: PooledTransport) -> tuple[int, int]:
    """Connections in the pool that are in use, and requests that are queued or under way."""
    assert transport._pools is not None
    pool: Any = transport._pools.by_scheme["http"]
    return sum(not connection.is_idle() for connection in pool.connections), len(pool._requests)


async def test_a_storm_of_cancellations_leaves_the_pool_whole() -> None:
    # httpx 0.28's own pool fails all calls after this, for good.
    async with serving(answering(delay=0.002)) as base_url:
        transport = PooledTransport(max_connections=20)
        async with client_for(base_url, transport=transport, timeout=httpx.Timeout(5.0)) as client:
            for round_ in range(60):
                tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(50)]
                await asyncio.sleep((round_ % 7) * 0.001)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            answers = await asyncio.gather(*(client.integrations.list() for _ in range(100)))
            assert answers == [[]] * 100
            assert connections_of(transport) == (0, 0)


async def test_a_thousand_calls_at_once_wait_for_a_connection() -> None:
    async with serving(answering(delay=0.05)) as base_url, client_for(base_url, timeout=30.0) as client:
        answers = await asyncio.gather(*(client.integrations.list() for _ in range(1000)))
    assert answers == [[]] * 1000


@given(turns=st.integers(0, 60), connections=st.integers(1, 3))
@hypothesis_settings(max_examples=40)
async def test_cancelling_at_any_await_leaves_nothing_behind(turns: int, connections: int) -> None:
    tasks_before = asyncio.all_tasks()
    async with serving(answering()) as base_url:
        transport = PooledTransport(max_connections=connections)
        async with client_for(base_url, transport=transport) as client:
            task = asyncio.gather(*(client.integrations.list() for _ in range(4)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert await asyncio.wait_for(client.integrations.list(), 5) == []
            assert connections_of(transport) == (0, 0)
            assert len([one for one in asyncio.all_tasks() - tasks_before if "guarded" not in repr(one)]) == 0


BROKEN: list[tuple[str, Serve, type[httpx.TransportError]]] = [
    ("closed at once", answering(b"", keep=False), httpx.RemoteProtocolError),
    ("no HTTP", answering(b"hello there\r\n\r\n", keep=False), httpx.RemoteProtocolError),
    ("cut body", answering(OK[:-4], keep=False), httpx.RemoteProtocolError),
    ("cut headers", answering(OK[:30], keep=False), httpx.RemoteProtocolError),
    ("silence", answering(delay=60.0), httpx.ReadTimeout),
]


@pytest.mark.parametrize(("serve", "kind"), [(s, k) for _, s, k in BROKEN], ids=[name for name, _, _ in BROKEN])
async def test_what_breaks_is_httpxs_error_with_the_cause(serve: Serve, kind: type[httpx.TransportError]) -> None:
    async with serving(serve) as base_url, httpx.AsyncClient(transport=PooledTransport(), timeout=0.2) as http:
        with pytest.raises(kind) as caught:
            await http.get(base_url)
        assert caught.value.request.method == "GET"
        assert type(caught.value.__cause__).__module__.startswith("httpcore2")
        assert type(caught.value.__cause__).__name__ == kind.__name__


async def test_a_reset_is_a_read_error() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK[:-4])
        await writer.drain()
        writer.transport.abort()

    async with serving(reset) as base_url, httpx.AsyncClient(transport=PooledTransport()) as http:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await http.get(base_url)


async def test_a_refused_connection_is_a_connect_error() -> None:
    async with serving(answering()) as base_url:
        pass
    async with httpx.AsyncClient(transport=PooledTransport()) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(base_url)


async def test_a_full_pool_is_a_pool_timeout_where_one_is_asked_for() -> None:
    async with serving(answering(delay=0.5)) as base_url:
        timeout = httpx.Timeout(5.0, pool=0.02)
        async with httpx.AsyncClient(transport=PooledTransport(max_connections=1), timeout=timeout) as http:
            first = asyncio.ensure_future(http.get(base_url))
            await asyncio.sleep(0.05)
            with pytest.raises(httpx.PoolTimeout):
                await http.get(base_url)
            assert (await first).status_code == 200


async def test_extensions_go_both_ways() -> None:
    events: list[str] = []

    async def trace(name: str, _: object) -> None:
        events.append(name)

    async with serving(answering()) as base_url, httpx.AsyncClient(transport=PooledTransport()) as http:
        response = await http.get(base_url, extensions={"trace": trace})
    assert response.http_version == "HTTP/1.1"
    assert response.reason_phrase == "OK"
    assert "connection.connect_tcp.complete" in events


async def test_closing_twice_is_fine_and_a_closed_client_says_so() -> None:
    async with serving(answering()) as base_url:
        client = client_for(base_url)
        view = client.with_options(timeout=1.0)
        await client.integrations.list()
        await view.aclose()  # closes nothing
        await client.integrations.list()
        await asyncio.gather(client.aclose(), client.aclose())
        await client.aclose()
        for closed in (client, view):
            with pytest.raises(ClientClosedError, match="this client is closed"):
                await closed.integrations.list()
        with pytest.raises(ClientClosedError, match="this client is closed"):
            async with client:
                pass
    transport = PooledTransport()
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await transport.handle_async_request(httpx.Request("GET", base_url))


async def test_a_client_in_two_running_loops_says_so() -> None:
    async with serving(answering()) as base_url, client_for(base_url) as client:
        await client.integrations.list()
        outcome: list[BaseException] = []

        def elsewhere() -> None:
            try:
                asyncio.run(client.integrations.list())
            except BaseException as error:
                outcome.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        await asyncio.to_thread(thread.join)
        assert await client.integrations.list() == []
    assert type(outcome[0]) is ClientClosedError
    assert "another event loop, which still runs" in str(outcome[0])


IN_SEVERAL_LOOPS = """
import asyncio, gc
from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

client = None

async def job():
    global client
    async with serve(SimulatedSendcloud(), port=PORT) as base_url:
        if client is None:
            client = SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url)
        assert len(await client.integrations.list()) == 10
        await asyncio.gather(*(client.integrations.retrieve(1) for _ in range(20)))
        async for log in client.logs.list():
            break

for _ in range(3):
    asyncio.run(job())
    gc.collect()
asyncio.run(client.aclose())
"""

FORGOTTEN = """
import asyncio, gc
from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

async def job():
    async with serve(SimulatedSendcloud()) as base_url:
        client = SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url)
        await client.integrations.list()
        unused = SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url)
        before = asyncio.all_tasks()
        del client, unused
        gc.collect()
        assert asyncio.all_tasks() == before

asyncio.run(job())
"""


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_one_client_serves_several_event_loops_one_after_the_other() -> None:
    code = IN_SEVERAL_LOOPS.replace("PORT", str(free_port()))
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    noise = [line for line in done.stderr.splitlines() if line and "took" not in line]
    assert noise == []


def test_a_forgotten_client_warns_once_and_schedules_nothing() -> None:
    command = [sys.executable, "-W", "always", "-c", FORGOTTEN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    warned = [line for line in done.stderr.splitlines() if "Warning" in line and "tracemalloc" not in line]
    assert len(warned) == 1
    assert "ResourceWarning: a SendcloudIntegrations client was never closed" in warned[0]


async def test_another_transport_does_as_well() -> None:
    import httpx_aiohttp

    transport = httpx_aiohttp.AiohttpTransport()
    async with serving(answering()) as base_url, client_for(base_url, transport=transport) as client:
        assert await client.integrations.list() == []
