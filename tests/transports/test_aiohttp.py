"""The aiohttp transport: the same guarantees and the same httpx errors as the default transport."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client import (
    APIConnectionError,
    ClientClosedError,
    ConfigurationError,
    RetryPolicy,
)
from sendcloud_integrations_client.transports.aiohttp import AiohttpTransport
from tests.support.client_programs import forget_to_close_client, use_client_in_three_loops
from tests.support.clients import build_client
from tests.support.private_state import block_aiohttp_connector, block_aiohttp_sockets, count_acquired_slots
from tests.support.raw_server import (
    BROKEN_RESPONSES,
    CONNECTION_CLOSE_RESPONSE,
    OK_RESPONSE,
    CountingHandler,
    Handler,
    get_client_tasks,
    never_read,
    never_respond,
    reset_connection,
    respond_when_set,
    respond_with,
    run_raw_server,
    send_half_a_body,
)

SHORT_TIMEOUT = 0.03


async def test_client_uses_the_transport_by_name() -> None:
    async with run_raw_server(respond_with()) as base_url, build_client(base_url, transport="aiohttp") as client:
        pages = await asyncio.gather(*(client.integrations.list() for _ in range(50)))
        assert [page.data for page in pages] == [[]] * 50


async def test_pool_loses_no_slot_when_many_calls_are_cancelled() -> None:
    async with run_raw_server(respond_with(delay=0.002)) as base_url:
        transport = AiohttpTransport(max_connections=20)
        async with build_client(base_url, transport=transport) as client:
            for round_number in range(7):
                tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(50)]
                await asyncio.sleep(round_number * 0.001)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            async with asyncio.timeout(30):
                pages = await asyncio.gather(*(client.integrations.list() for _ in range(100)))
                assert [page.data for page in pages] == [[]] * 100
            assert count_acquired_slots(transport) == 0


@given(loop_iterations=st.integers(0, 60), connections=st.integers(1, 3), server_closes=st.booleans())
@settings(max_examples=2 * settings().max_examples)
async def test_cancellation_at_any_await_leaves_no_task_and_no_acquired_slot(
    loop_iterations: int, connections: int, server_closes: bool
) -> None:
    tasks_before = asyncio.all_tasks()
    content = CONNECTION_CLOSE_RESPONSE if server_closes else OK_RESPONSE
    async with run_raw_server(respond_with(content, keep_alive=not server_closes)) as base_url:
        transport = AiohttpTransport(max_connections=connections)
        async with build_client(base_url, transport=transport) as client:
            task = asyncio.gather(*(client.integrations.list() for _ in range(4)))
            for _ in range(loop_iterations):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert (await asyncio.wait_for(client.integrations.list(), 30)).data == []
            assert count_acquired_slots(transport) == 0
            assert get_client_tasks(tasks_before) == []


FAILURES: list[Any] = [
    *(
        pytest.param(handler, {"read": 0.2}, "GET", error_class, id=name)
        for name, handler, error_class in BROKEN_RESPONSES
    ),
    pytest.param(reset_connection, {}, "GET", httpx.ReadError, id="connection reset"),
    pytest.param(never_respond, {"read": SHORT_TIMEOUT}, "GET", httpx.ReadTimeout, id="no headers in time"),
    pytest.param(send_half_a_body, {"read": SHORT_TIMEOUT}, "GET", httpx.ReadTimeout, id="no end of the body in time"),
    pytest.param(
        never_read,
        {"connect": SHORT_TIMEOUT, "read": SHORT_TIMEOUT, "write": SHORT_TIMEOUT},
        "POST",
        httpx.WriteTimeout,
        id="body not sent in time",
    ),
]


@pytest.mark.parametrize(("handler", "timeouts", "method", "error_class"), FAILURES)
async def test_failure_raises_exact_httpx_error_and_frees_the_connection(
    handler: Handler, timeouts: dict[str, float], method: str, error_class: type[httpx.TransportError]
) -> None:
    timeout = httpx.Timeout(**{"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0, **timeouts})
    content = bytes(20_000_000) if method == "POST" else None
    transport = AiohttpTransport()
    async with run_raw_server(handler) as base_url, httpx.AsyncClient(transport=transport, timeout=timeout) as http:
        with pytest.raises(error_class) as caught:
            await http.request(method, base_url, content=content)
        assert type(caught.value) is error_class
        assert caught.value.request.method == method
        assert isinstance(caught.value.__cause__, (aiohttp.ClientError, TimeoutError))
        assert count_acquired_slots(transport) == 0


async def test_errors_before_a_connection_differ_from_errors_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with run_raw_server(respond_with()) as base_url:
        pass
    transport = AiohttpTransport(max_connections=1)
    async with httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(5.0, pool=SHORT_TIMEOUT)) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(base_url)
        respond = asyncio.Event()
        server = CountingHandler(respond_when_set(respond))
        async with run_raw_server(server) as base_url:
            first = asyncio.ensure_future(http.get(base_url))
            await server.wait_for_open_connections(1)
            with pytest.raises(httpx.PoolTimeout):
                await http.get(base_url)
            respond.set()
            assert (await first).status_code == 200
        block_aiohttp_connector(monkeypatch)
        with pytest.raises(httpx.UnsupportedProtocol):
            await http.get("ftp://127.0.0.1/")
        monkeypatch.undo()
    timeout = httpx.Timeout(5.0, connect=SHORT_TIMEOUT)
    async with httpx.AsyncClient(transport=AiohttpTransport(), timeout=timeout) as http:
        block_aiohttp_sockets(monkeypatch)
        with pytest.raises(httpx.ConnectTimeout):
            await http.get("http://127.0.0.1:9/")


async def test_request_on_a_dropped_connection_is_not_repeated_silently() -> None:
    unanswered_requests = 0

    async def respond_once_per_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal unanswered_requests
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK_RESPONSE)
        await reader.readuntil(b"\r\n\r\n")  # the second request on a connection gets no response
        unanswered_requests += 1

    async with (
        run_raw_server(respond_once_per_connection) as base_url,
        build_client(base_url, transport="aiohttp") as client,
    ):
        await client.integrations.list()
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.list()
        assert type(caught.value.__cause__) is httpx.RemoteProtocolError
        assert unanswered_requests == 1
        assert (await client.with_options(retries=RetryPolicy(base_delay=0.0)).integrations.list()).data == []


async def test_lost_connection_is_retried_for_a_read_and_not_for_a_create() -> None:
    requests = 0

    async def process_and_disconnect(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1

    policy = RetryPolicy(max_attempts=3, base_delay=0.0)
    async with (
        run_raw_server(process_and_disconnect) as base_url,
        build_client(base_url, transport="aiohttp", retries=policy) as client,
    ):
        with pytest.raises(APIConnectionError):
            await client.logs.create(7, base_url="https://shop.example")
        assert requests == 1
        with pytest.raises(APIConnectionError):
            await client.integrations.list()
        assert requests == 4


async def test_bytes_on_the_wire_match_the_request_that_httpx_built() -> None:
    received: list[bytes] = []

    async def record_requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            received.append(head + await reader.readexactly(length))
            writer.write(OK_RESPONSE.replace(b"\r\n", b"\r\nSet-Cookie: a=b\r\nLink: <x>\r\nLink: <y>\r\n", 1))

    async def stream_body() -> AsyncIterator[bytes]:
        yield b"in "
        yield b"parts"

    async with run_raw_server(record_requests) as base_url, httpx.AsyncClient(transport=AiohttpTransport()) as http:
        url = base_url + "/a%2Fb?cursor=1%2B2%20%3A&x=é"
        built = http.build_request("POST", url, content=b'{"a": 1}', headers={"X-One": "1"})
        response = await http.send(built)
        assert response.headers.get_list("link") == ["<x>", "<y>"]
        assert (response.http_version, response.reason_phrase) == ("HTTP/1.1", "OK")
        http.cookies.clear()
        await http.get(base_url)
        await http.post(base_url, content=stream_body())
    request_line, *header_lines = received[0].partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert request_line == b"POST " + built.url.raw_path + b" HTTP/1.1"
    sent = sorted((name.lower(), value) for name, value in (line.split(b": ", 1) for line in header_lines))
    assert sent == sorted((name.lower(), value) for name, value in built.headers.raw)
    assert received[0].endswith(b'{"a": 1}')
    assert b"cookie" not in received[1].lower()
    assert b"chunked" not in received[2].lower()
    assert received[2].endswith(b"\r\n\r\nin parts")


@pytest.mark.parametrize("handler", [never_respond, send_half_a_body], ids=["waiting for headers", "reading the body"])
async def test_closing_ends_all_calls_in_flight_and_in_the_queue(handler: Handler) -> None:
    server = CountingHandler(handler)
    async with run_raw_server(server) as base_url:
        client = build_client(base_url, transport=AiohttpTransport(max_connections=2), retries=RetryPolicy())
        tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(6)]
        await server.wait_for_open_connections(2)
        await asyncio.sleep(0.02)  # for the first part of the body to arrive
        await asyncio.gather(client.aclose(), client.aclose())
        await client.aclose()
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
        assert [type(outcome) for outcome in outcomes] == [ClientClosedError] * 6
        await server.wait_for_open_connections(0)
        assert server.total_connections == 2
        with pytest.raises(ClientClosedError, match="The client is closed"):
            await client.integrations.list()


async def test_cancelled_close_still_closes_all_connections() -> None:
    for loop_iterations in range(1, 5):
        server = CountingHandler(respond_with(delay=0.01))
        async with run_raw_server(server) as base_url:
            client = build_client(base_url, transport="aiohttp")
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
        client = build_client(base_url, transport="aiohttp")
        await client.integrations.list()
        await asyncio.to_thread(asyncio.run, client.aclose())
        await server.wait_for_open_connections(0)
        with pytest.raises(ClientClosedError, match="The client is closed"):
            await client.integrations.list()


async def test_second_running_loop_raises() -> None:
    async with run_raw_server(respond_with()) as base_url, build_client(base_url, transport="aiohttp") as client:
        await client.integrations.list()

        async def list_integrations() -> None:
            await client.integrations.list()

        with pytest.raises(ClientClosedError, match="in use in another running event loop"):
            await asyncio.to_thread(asyncio.run, list_integrations())
        assert (await client.integrations.list()).data == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("run_client_program", "warnings"),
    [(use_client_in_three_loops, 0), (forget_to_close_client, 1)],
    ids=["used in three loops", "never closed"],
)
def test_client_warns_once_and_only_if_it_was_not_closed(run_client_program: Any, warnings: int) -> None:
    lines = [line for line in run_client_program("aiohttp", "-W", "always") if "tracemalloc" not in line]
    assert len([line for line in lines if "ResourceWarning" in line]) == warnings, lines
    assert "Unclosed" not in "\n".join(lines)


async def test_response_that_is_not_read_completely_frees_its_slot() -> None:
    transport = AiohttpTransport(max_connections=1)
    async with run_raw_server(send_half_a_body) as base_url, httpx.AsyncClient(transport=transport) as http:
        for _ in range(3):
            async with http.stream("GET", base_url) as response:
                assert response.status_code == 200
        assert count_acquired_slots(transport) == 0
    gc.collect()


@pytest.mark.parametrize(
    ("module", "options", "extra"),
    [("aiohttp", {"transport": "aiohttp"}, "aiohttp"), ("h2", {"http2": True}, "http2")],
)
def test_missing_extra_raises_configuration_error_with_its_name(
    module: str, options: dict[str, Any], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "sendcloud_integrations_client.transports.aiohttp", raising=False)
    with pytest.raises(ConfigurationError, match=rf"sendcloud-integrations-client\[{extra}\]"):
        build_client("http://127.0.0.1:9/", **options)


@pytest.mark.parametrize("options", [{"transport": "curl"}, {"transport": "aiohttp", "http2": True}])
def test_invalid_transport_raises_configuration_error(options: Any) -> None:
    with pytest.raises(ConfigurationError, match="httpcore2"):
        build_client("http://127.0.0.1:9/", **options)
