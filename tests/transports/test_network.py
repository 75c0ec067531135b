"""The network backend of the default transport on real sockets, with the event loops of asyncio and uvloop."""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
import ssl
import stat
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import httpcore2
import httpx
import pytest

import sendcloud_integrations_client
from sendcloud_integrations_client import APIConnectionError, PooledTransport
from sendcloud_integrations_client.transports.network import AsyncioBackend, AsyncioStream
from tests.support.certificates import create_tls_contexts
from tests.support.clients import build_client
from tests.support.raw_server import (
    CountingHandler,
    find_free_port,
    never_read,
    never_respond,
    respond_with,
    run_raw_server,
)

LARGE_BODY = random.Random(1).randbytes(8_000_000)
UNSENDABLE_BODY = bytes(20_000_000)  # more than the kernel buffers for a server that does not read
SHORT_TIMEOUT = 0.05

LoopRunner: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]


def run_in_asyncio(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def run_in_uvloop(main: Coroutine[Any, Any, None]) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


needs_uvloop = pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not support Windows")
in_both_loops = pytest.mark.parametrize(
    "run", [pytest.param(run_in_asyncio, id="asyncio"), pytest.param(run_in_uvloop, id="uvloop", marks=needs_uvloop)]
)


async def connect(base_url: str, **options: Any) -> AsyncioStream:
    url = httpx.URL(base_url)
    assert url.port is not None
    return await AsyncioBackend().connect_tcp(url.host, url.port, timeout=5.0, **options)


async def wait_until_readable(stream: AsyncioStream) -> None:
    async with asyncio.timeout(30):
        while not stream.get_extra_info("is_readable"):  # noqa: ASYNC110 - sockets offer no event for it
            await asyncio.sleep(0.001)


def count_open_sockets() -> int:
    """Return the number of sockets among the open file descriptors of this process."""
    count = 0
    for name in os.listdir("/dev/fd"):
        try:
            count += stat.S_ISSOCK(os.fstat(int(name)).st_mode)
        except OSError:  # the descriptor with which the directory was read
            continue
    return count


async def send_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Respond to each request with the body of the request."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split()[0])
        body = await reader.readexactly(length)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        writer.write(body)
        await writer.drain()


@in_both_loops
def test_tls_transfers_8_mb_in_each_direction_and_reuses_the_connection(run: LoopRunner) -> None:
    async def main() -> None:
        server_context, client_context = create_tls_contexts()
        server = CountingHandler(send_back)
        transport = PooledTransport(verify=client_context)
        async with (
            run_raw_server(server, ssl_context=server_context) as base_url,
            httpx.AsyncClient(transport=transport, timeout=30.0) as http,
        ):
            response = await http.post(base_url, content=LARGE_BODY)
            assert response.content == LARGE_BODY
            for body in (b"1", b"2"):
                assert (await http.post(base_url, content=body)).content == body
            assert server.total_connections == 1

    run(main())


@in_both_loops
def test_plain_tcp_transfers_8_mb_in_each_direction(run: LoopRunner) -> None:
    async def main() -> None:
        async with (
            run_raw_server(send_back) as base_url,
            httpx.AsyncClient(transport=PooledTransport(), timeout=30.0) as http,
        ):
            response = await http.post(base_url, content=LARGE_BODY)
            assert response.content == LARGE_BODY

    run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/fd")
@in_both_loops
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_no_socket_stays_open_after_a_write_timeout(run: LoopRunner, tls: bool) -> None:
    async def main() -> None:
        server_context, client_context = create_tls_contexts()
        server = CountingHandler(never_read)
        async with run_raw_server(server, ssl_context=server_context if tls else None) as base_url:
            sockets_before = count_open_sockets()
            transport = PooledTransport(verify=client_context)
            timeout = httpx.Timeout(5.0, write=SHORT_TIMEOUT)
            async with httpx.AsyncClient(transport=transport, timeout=timeout) as http:
                for _ in range(3):
                    with pytest.raises(httpx.WriteTimeout):
                        await http.post(base_url, content=UNSENDABLE_BODY)
            assert server.total_connections == 3
            # Whether the server, which does not read, notices the end of its connections depends on the event loop.
            async with asyncio.timeout(30):
                while count_open_sockets() != sockets_before + server.open_connections:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)

    run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/fd")
@in_both_loops
def test_untrusted_certificate_raises_connect_error_and_closes_the_socket(run: LoopRunner) -> None:
    async def main() -> None:
        server_context, _ = create_tls_contexts()
        server = CountingHandler(respond_with())
        async with run_raw_server(server, ssl_context=server_context) as base_url:
            sockets_before = count_open_sockets()
            async with httpx.AsyncClient(transport=PooledTransport()) as http:
                with pytest.raises(httpx.ConnectError, match="certificate verify failed") as caught:
                    await http.get(base_url)
            cause = caught.value.__cause__
            assert isinstance(cause, httpcore2.ConnectError)
            assert isinstance(cause.args[0], ssl.SSLCertVerificationError)
            async with asyncio.timeout(30):
                while count_open_sockets() != sockets_before:  # noqa: ASYNC110 - sockets offer no event for it
                    await asyncio.sleep(0.001)
            assert server.total_connections == 0

    run(main())


async def test_untrusted_certificate_raises_api_connection_error() -> None:
    server_context, _ = create_tls_contexts()
    async with (
        run_raw_server(respond_with(), ssl_context=server_context) as base_url,
        build_client(base_url, transport=PooledTransport()) as client,
    ):
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.list()
    assert type(caught.value.__cause__) is httpx.ConnectError


@in_both_loops
def test_tls_handshake_that_takes_too_long_raises_connect_timeout(run: LoopRunner) -> None:
    async def main() -> None:
        _, client_context = create_tls_contexts()
        server = CountingHandler(never_respond)
        async with run_raw_server(server) as base_url:
            stream = await connect(base_url)
            with pytest.raises(httpcore2.ConnectTimeout):
                await stream.start_tls(client_context, "localhost", timeout=SHORT_TIMEOUT)
            await server.wait_for_open_connections(0)

    run(main())


@in_both_loops
def test_connection_by_host_name_works(run: LoopRunner) -> None:
    async def main() -> None:
        async with run_raw_server(respond_with()) as base_url:
            stream = await connect(base_url.replace("127.0.0.1", "localhost"))
            assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
            await stream.aclose()

    run(main())


@pytest.mark.parametrize(
    ("run", "host", "delay"),
    [
        pytest.param(run_in_asyncio, "localhost", 0.25, id="asyncio, host name"),
        pytest.param(run_in_asyncio, "127.0.0.1", None, id="asyncio, IPv4"),
        pytest.param(run_in_asyncio, "::1", None, id="asyncio, IPv6"),
        pytest.param(run_in_uvloop, "localhost", None, id="uvloop, host name", marks=needs_uvloop),
        pytest.param(run_in_uvloop, "127.0.0.1", None, id="uvloop, IPv4", marks=needs_uvloop),
    ],
)
def test_happy_eyeballs_delay_is_passed_for_host_names_in_asyncio_loops_only(
    run: LoopRunner, host: str, delay: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Any, ...]] = []

    async def record_call(host: str, port: int, **options: Any) -> None:
        calls.append((host, port, options))
        raise OSError("no route to host")

    async def main() -> None:
        with pytest.raises(httpcore2.ConnectError, match="no route to host"):
            await AsyncioBackend().connect_tcp(host, 443)

    monkeypatch.setattr(asyncio, "open_connection", record_call)
    run(main())
    assert calls == [(host, 443, {} if delay is None else {"happy_eyeballs_delay": delay})]


@in_both_loops
def test_connect_tcp_applies_local_address_and_socket_options(run: LoopRunner) -> None:
    async def main() -> None:
        async with run_raw_server(never_respond) as base_url:
            stream = await connect(
                base_url,
                local_address="127.0.0.2" if sys.platform == "linux" else "127.0.0.1",
                socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)],
            )
            assert stream.get_extra_info("client_addr")[0] == ("127.0.0.2" if sys.platform == "linux" else "127.0.0.1")
            assert stream.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
            await stream.aclose()

    run(main())


@in_both_loops
def test_connect_tcp_raises_connect_error_for_a_closed_port_and_an_invalid_host_name(run: LoopRunner) -> None:
    async def main() -> None:
        with pytest.raises(httpcore2.ConnectError):
            await AsyncioBackend().connect_tcp("127.0.0.1", find_free_port(), timeout=5.0)
        with pytest.raises(httpcore2.ConnectError):
            await AsyncioBackend().connect_tcp("a" * 64 + ".example", 443, timeout=5.0)

    run(main())


async def test_connect_tcp_raises_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait_forever(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "open_connection", wait_forever)
    with pytest.raises(httpcore2.ConnectTimeout):
        await AsyncioBackend().connect_tcp("127.0.0.1", 9, timeout=SHORT_TIMEOUT)


@in_both_loops
def test_get_extra_info_returns_the_properties_of_the_connection(run: LoopRunner) -> None:
    async def main() -> None:
        server_context, client_context = create_tls_contexts()
        async with run_raw_server(never_respond) as base_url:
            stream = await connect(base_url)
            kernel_socket = stream.get_extra_info("socket")
            assert stream.get_extra_info("ssl_object") is None
            assert stream.get_extra_info("client_addr") == kernel_socket.getsockname()
            assert stream.get_extra_info("server_addr") == kernel_socket.getpeername()
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", httpx.URL(base_url).port)
            assert stream.get_extra_info("is_readable") is False
            assert stream.get_extra_info("unknown") is None
            await stream.aclose()
        async with run_raw_server(never_respond, ssl_context=server_context) as base_url:
            stream = await (await connect(base_url)).start_tls(client_context, "localhost", timeout=5.0)
            assert stream.get_extra_info("ssl_object").version() == "TLSv1.3"
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", httpx.URL(base_url).port)
            await stream.aclose()

    run(main())


@in_both_loops
def test_is_readable_is_false_for_an_idle_connection_and_true_for_a_closed_one(run: LoopRunner) -> None:
    async def main() -> None:
        close_connection = asyncio.Event()

        async def close_when_requested(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await close_connection.wait()

        async with run_raw_server(close_when_requested) as base_url:
            closed_by_server, closed_by_client = await connect(base_url), await connect(base_url)
            await asyncio.sleep(0.02)
            assert not closed_by_server.get_extra_info("is_readable")
            await closed_by_client.aclose()
            assert closed_by_client.get_extra_info("is_readable")
            close_connection.set()
            await wait_until_readable(closed_by_server)
            await closed_by_server.aclose()

    run(main())


@in_both_loops
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_is_readable_is_true_if_the_server_sent_unrequested_data(run: LoopRunner, tls: bool) -> None:
    async def main() -> None:
        server_context, client_context = create_tls_contexts()
        send_data = asyncio.Event()

        async def send_unrequested_data(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(1))
            await send_data.wait()
            writer.write(b"unrequested")
            await never_respond(reader, writer)

        async with run_raw_server(send_unrequested_data, ssl_context=server_context if tls else None) as base_url:
            stream = await connect(base_url)
            if tls:
                stream = await stream.start_tls(client_context, "localhost", timeout=5.0)
            await stream.write(b"1", timeout=5.0)
            assert await stream.read(1, timeout=5.0) == b"1"
            assert not stream.get_extra_info("is_readable")
            send_data.set()
            await wait_until_readable(stream)
            await asyncio.sleep(0.02)  # the loop moves the data from the kernel to the buffer of the stream
            assert stream.get_extra_info("is_readable")
            await stream.aclose()

    run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no poll()")
async def test_is_readable_sees_data_that_the_event_loop_has_not_read_yet() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = await AsyncioBackend().connect_tcp("127.0.0.1", server.getsockname()[1], timeout=5.0)
        connection, _ = server.accept()
        with connection:
            assert not stream.get_extra_info("is_readable")
            connection.sendall(b"unrequested")
            # Without an await, the event loop cannot have read anything.
            assert stream.get_extra_info("is_readable")
        await stream.aclose()


async def test_is_readable_is_false_while_another_task_reads() -> None:
    async with run_raw_server(never_respond) as base_url:
        stream = await connect(base_url)
        reading = asyncio.ensure_future(stream.read(1))
        await asyncio.sleep(0.01)
        assert stream.get_extra_info("is_readable") is False
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await stream.aclose()


@pytest.mark.parametrize(
    "unrequested", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"], ids=["closed", "unrequested data"]
)
async def test_pool_replaces_a_connection_that_became_unusable_while_idle(unrequested: bytes) -> None:
    response_sent = asyncio.Event()
    respond_and_return = respond_with(keep_alive=False)

    async def break_after_first_response(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await respond_and_return(reader, writer)
        await response_sent.wait()
        writer.write(unrequested)
        if unrequested:
            await never_respond(reader, writer)

    server = CountingHandler(break_after_first_response)
    async with run_raw_server(server) as base_url, build_client(base_url, transport=PooledTransport()) as client:
        assert (await client.integrations.list()).data == []
        response_sent.set()
        await asyncio.sleep(0.02)
        assert (await client.integrations.list()).data == []
        assert server.total_connections == 2


@in_both_loops
def test_read_and_write_raise_timeouts_and_errors_of_httpcore2(run: LoopRunner) -> None:
    async def main() -> None:
        async with run_raw_server(never_read) as base_url:
            stream = await connect(base_url)
            with pytest.raises(httpcore2.ReadTimeout):
                await stream.read(1, timeout=SHORT_TIMEOUT)
            with pytest.raises(httpcore2.WriteTimeout):
                await stream.write(UNSENDABLE_BODY, timeout=SHORT_TIMEOUT)
            await stream.aclose()
            with pytest.raises(httpcore2.WriteError):
                await stream.write(b"1")

    run(main())


async def test_aclose_does_not_wait_for_unsent_data() -> None:
    async with run_raw_server(never_read) as base_url:
        stream = await connect(base_url)
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(UNSENDABLE_BODY, timeout=SHORT_TIMEOUT)
        await asyncio.wait_for(stream.aclose(), 20)  # the server never reads the rest
        await stream.aclose()  # has no effect


async def test_pooled_transport_uses_the_asyncio_backend() -> None:
    async with (
        run_raw_server(respond_with()) as base_url,
        httpx.AsyncClient(transport=PooledTransport()) as http,
        http.stream("GET", base_url) as response,
    ):
        assert isinstance(response.extensions["network_stream"], AsyncioStream)


def test_no_module_of_the_package_imports_anyio() -> None:
    package = Path(sendcloud_integrations_client.__file__).parent
    anyio_import = re.compile(r"^\s*(import|from)\s+anyio\b", re.MULTILINE)
    paths = [path for path in package.rglob("*.py") if anyio_import.search(path.read_text(encoding="utf-8"))]
    assert paths == []
