"""What happens to single connections below the client: given up, timed out, reset, kept; see also test_connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import httpcore2
import httpx
import orjson
import pytest

from sendcloud_integrations_client import APIConnectionError, APITimeoutError
from sendcloud_integrations_client.transport import PooledTransport
from tests.test_connections import OK, answering, client_for, connections_of, serving
from tests.test_lifecycle import Counted, half_a_body, silent

Connect = Callable[..., Awaitable[Any]]


def connecting(monkeypatch: pytest.MonkeyPatch, before: Callable[[], Awaitable[None]]) -> None:
    """Have something awaited before each connection is made, within httpcore2's timeout for it."""
    import anyio

    connect: Connect = anyio.connect_tcp

    async def later(*args: Any, **options: Any) -> Any:
        await before()
        return await connect(*args, **options)

    monkeypatch.setattr(anyio, "connect_tcp", later)


async def test_calls_given_up_while_their_connection_is_made_leave_the_pool_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connecting(monkeypatch, lambda: asyncio.sleep(0.004))
    transport = PooledTransport(max_connections=20)
    async with serving(answering()) as base_url, client_for(base_url, transport=transport) as client:
        for round_ in range(20):
            tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(50)]
            await asyncio.sleep(round_ % 10 * 0.001)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(5):
            assert await asyncio.gather(*(client.integrations.list() for _ in range(100))) == [[]] * 100
        assert connections_of(transport) == (0, 0)


async def test_a_call_given_up_in_its_tls_handshake_leaves_no_socket() -> None:
    greeted = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        greeted.set()
        await silent(reader, writer)

    server = Counted(mute)
    async with serving(server) as base_url, httpx.AsyncClient(transport=PooledTransport()) as http:
        task = asyncio.ensure_future(http.get(base_url.replace("http:", "https:")))
        await asyncio.wait_for(greeted.wait(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.until(0)


CLOSING = OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


async def test_a_call_given_up_while_its_connection_closes_does_not_strand_those_in_line() -> None:
    async with serving(answering(CLOSING, keep=False)) as base_url:
        for turns in range(40):
            transport = PooledTransport(max_connections=1)
            async with client_for(base_url, transport=transport) as client:
                first, second = (asyncio.ensure_future(client.integrations.list()) for _ in range(2))
                for _ in range(turns):
                    await asyncio.sleep(0)
                first.cancel()
                async with asyncio.timeout(5):
                    assert await second == []
                await asyncio.gather(first, return_exceptions=True)
                assert connections_of(transport) == (0, 0)


async def test_idle_connections_that_expired_are_closed_even_if_the_call_is_given_up() -> None:
    server = Counted(answering(delay=0.005))
    async with serving(server) as base_url:
        for turns in range(8):
            transport = PooledTransport(keepalive_expiry=0.02)
            async with client_for(base_url, transport=transport) as client:
                await asyncio.gather(*(client.integrations.list() for _ in range(5)))
                assert server.open == 5
                await asyncio.sleep(0.03)
                task = asyncio.ensure_future(client.integrations.list())
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                # A call given up before it began leaves them for the next one to close.
                await client.integrations.list()
                await server.until(1)
            await server.until(0)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    linger = struct.pack("ii", 1, 0)  # closing sends a reset in place of the end
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


SOON = 0.03
BREAKING = {
    "reset": (reset, {}, "GET", httpx.ReadError),
    "no headers in time": (silent, {"read": SOON}, "GET", httpx.ReadTimeout),
    "no end of the body in time": (half_a_body, {"read": SOON}, "GET", httpx.ReadTimeout),
    "not taken in time": (deaf, {"write": SOON}, "POST", httpx.WriteTimeout),
}


@pytest.mark.parametrize(("serve", "limits", "method", "kind"), BREAKING.values(), ids=BREAKING)
async def test_each_failure_and_timeout_is_httpxs_own_with_the_cause(
    serve: Any, limits: dict[str, float], method: str, kind: type[httpx.TransportError]
) -> None:
    seconds = httpx.Timeout(**{"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0, **limits})
    content = bytes(20_000_000) if method == "POST" else None
    transport = PooledTransport()
    async with serving(serve) as base_url, httpx.AsyncClient(transport=transport, timeout=seconds) as http:
        with pytest.raises(kind) as caught:
            await http.request(method, base_url, content=content)
        assert type(caught.value) is kind
        assert isinstance(caught.value.__cause__, getattr(httpcore2, kind.__name__))
        assert connections_of(transport) == (0, 0)


async def test_connecting_has_a_time_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    connecting(monkeypatch, never)
    timeout = httpx.Timeout(10.0, connect=SOON)
    async with httpx.AsyncClient(transport=PooledTransport(), timeout=timeout) as http:
        with pytest.raises(httpx.ConnectTimeout) as caught:
            await http.get("http://127.0.0.1:9/")
    assert isinstance(caught.value.__cause__, httpcore2.ConnectTimeout)


async def test_the_clients_errors_lead_back_to_the_pools() -> None:
    async with (
        serving(silent) as base_url,
        client_for(base_url, transport=PooledTransport(), timeout=SOON) as client,
    ):
        with pytest.raises(APITimeoutError) as late:
            await client.integrations.list()
    async with serving(reset) as base_url, client_for(base_url, transport=PooledTransport()) as client:
        with pytest.raises(APIConnectionError) as broken:
            await client.integrations.list()
    for caught, kind in ((late, "ReadTimeout"), (broken, "ReadError")):
        cause = caught.value.__cause__
        assert type(cause) is getattr(httpx, kind)
        assert type(cause.__cause__) is getattr(httpcore2, kind)


async def test_certificates_are_loaded_once_and_only_where_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = 0
    create = httpx.create_ssl_context

    def counting(*args: Any, **options: Any) -> ssl.SSLContext:
        nonlocal loaded
        loaded += 1
        return create(*args, **options)

    monkeypatch.setattr(httpx, "create_ssl_context", counting)
    monkeypatch.setattr(httpcore2._async.connection, "default_ssl_context", counting)
    transport = PooledTransport()
    async with serving(answering(b"no TLS", keep=False)) as base_url, httpx.AsyncClient(transport=transport) as http:
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get(base_url)
        assert loaded == 0
    async with serving(half_a_body) as base_url, httpx.AsyncClient(transport=PooledTransport(), timeout=SOON) as http:
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                await http.get(base_url.replace("http:", "https:"))
    assert loaded == 1


async def test_aiohttps_transport_sends_what_a_call_creates() -> None:
    import httpx_aiohttp

    bodies: list[Any] = []

    async def creating(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split()[0])
        bodies.append(orjson.loads(await reader.readexactly(length)))
        content = orjson.dumps({"data": {"id": 5, **bodies[-1]}})
        head = (
            f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        )
        writer.write(head + content)
        await silent(reader, writer)

    transport = httpx_aiohttp.AiohttpTransport()
    async with serving(creating) as base_url, client_for(base_url, transport=transport) as client:
        log = await client.logs.create(7, base_url="https://shop.example", exception="broken")
    assert (log.id, log.exception) == (5, "broken")
    assert bodies == [{"base_url": "https://shop.example", "exception": "broken"}]
