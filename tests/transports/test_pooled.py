"""The default transport: cancellation, limits, errors, closing and event loops."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import httpcore2
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client import APIConnectionError, APITimeoutError, ClientClosedError
from sendcloud_integrations_client.transports.pooled import PooledTransport
from tests.support.client_programs import forget_to_close_client, use_client_in_three_loops
from tests.support.clients import build_client
from tests.support.private_state import get_pool_usage, replace_httpcore2_ssl_context
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


def delay_connecting(monkeypatch: pytest.MonkeyPatch, wait: Callable[[], Awaitable[None]]) -> None:
    """Await `wait()` before each connection is opened, within the connect timeout."""
    open_connection: Callable[..., Awaitable[Any]] = asyncio.open_connection

    async def wait_and_open(*args: Any, **options: Any) -> Any:
        await wait()
        return await open_connection(*args, **options)

    monkeypatch.setattr(asyncio, "open_connection", wait_and_open)


async def test_pool_loses_no_slot_when_many_calls_are_cancelled() -> None:
    # With the pool of httpx 0.28, all later calls fail permanently.
    async with run_raw_server(respond_with(delay=0.002)) as base_url:
        transport = PooledTransport(max_connections=20)
        async with build_client(base_url, transport=transport, timeout=httpx.Timeout(5.0)) as client:
            for round_number in range(7):
                tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(50)]
                await asyncio.sleep(round_number * 0.001)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            pages = await asyncio.gather(*(client.integrations.list() for _ in range(100)))
            assert [page.data for page in pages] == [[]] * 100
            assert get_pool_usage(transport) == (0, 0)


async def test_pool_loses_no_slot_when_calls_are_cancelled_while_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    delay_connecting(monkeypatch, lambda: asyncio.sleep(0.004))
    transport = PooledTransport(max_connections=20)
    async with run_raw_server(respond_with()) as base_url, build_client(base_url, transport=transport) as client:
        for round_number in range(10):
            tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(50)]
            await asyncio.sleep(round_number * 0.001)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(30):
            pages = await asyncio.gather(*(client.integrations.list() for _ in range(100)))
            assert [page.data for page in pages] == [[]] * 100
        assert get_pool_usage(transport) == (0, 0)


@given(loop_iterations=st.integers(0, 60), connections=st.integers(1, 3))
@settings(max_examples=2 * settings().max_examples)
async def test_cancellation_at_any_await_leaves_no_task_and_no_busy_connection(
    loop_iterations: int, connections: int
) -> None:
    tasks_before = asyncio.all_tasks()
    async with run_raw_server(respond_with()) as base_url:
        transport = PooledTransport(max_connections=connections)
        async with build_client(base_url, transport=transport) as client:
            task = asyncio.gather(*(client.integrations.list() for _ in range(4)))
            for _ in range(loop_iterations):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert (await asyncio.wait_for(client.integrations.list(), 30)).data == []
            assert get_pool_usage(transport) == (0, 0)
            assert get_client_tasks(tasks_before) == []


async def test_cancellation_during_tls_handshake_closes_socket() -> None:
    handshake_started = asyncio.Event()

    async def never_finish_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        handshake_started.set()
        await never_respond(reader, writer)

    server = CountingHandler(never_finish_handshake)
    async with run_raw_server(server) as base_url, httpx.AsyncClient(transport=PooledTransport()) as http:
        task = asyncio.ensure_future(http.get(base_url.replace("http:", "https:")))
        await asyncio.wait_for(handshake_started.wait(), 30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.wait_for_open_connections(0)


async def test_cancellation_while_connection_closes_does_not_block_queued_calls() -> None:
    async with run_raw_server(respond_with(CONNECTION_CLOSE_RESPONSE, keep_alive=False)) as base_url:
        for loop_iterations in range(40):
            transport = PooledTransport(max_connections=1)
            async with build_client(base_url, transport=transport) as client:
                first, second = (asyncio.ensure_future(client.integrations.list()) for _ in range(2))
                for _ in range(loop_iterations):
                    await asyncio.sleep(0)
                first.cancel()
                async with asyncio.timeout(30):
                    assert (await second).data == []
                await asyncio.gather(first, return_exceptions=True)
                assert get_pool_usage(transport) == (0, 0)


async def test_expired_idle_connections_are_closed_even_if_the_call_is_cancelled() -> None:
    respond = asyncio.Event()
    server = CountingHandler(respond_when_set(respond))
    async with run_raw_server(server) as base_url:
        for loop_iterations in range(8):
            respond.clear()
            transport = PooledTransport(keepalive_expiry=0.02)
            async with build_client(base_url, transport=transport) as client:
                calls = asyncio.gather(*(client.integrations.list() for _ in range(5)))
                await server.wait_for_open_connections(5)
                respond.set()
                await calls
                await asyncio.sleep(0.03)
                task = asyncio.ensure_future(client.integrations.list())
                for _ in range(loop_iterations):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                # A call that is cancelled before it starts leaves the expired connections to the next call.
                await client.integrations.list()
                await server.wait_for_open_connections(1)
            await server.wait_for_open_connections(0)


@pytest.mark.parametrize("calls", [150, pytest.param(1000, marks=pytest.mark.long)])
async def test_many_concurrent_calls_wait_for_a_connection(calls: int) -> None:
    async with run_raw_server(respond_with(delay=0.05)) as base_url, build_client(base_url, timeout=30.0) as client:
        pages = await asyncio.gather(*(client.integrations.list() for _ in range(calls)))
    assert [page.data for page in pages] == [[]] * calls


async def test_full_pool_raises_pool_timeout_if_one_is_set() -> None:
    respond = asyncio.Event()
    server = CountingHandler(respond_when_set(respond))
    async with run_raw_server(server) as base_url:
        timeout = httpx.Timeout(30.0, pool=0.02)
        async with httpx.AsyncClient(transport=PooledTransport(max_connections=1), timeout=timeout) as http:
            first = asyncio.ensure_future(http.get(base_url))
            await server.wait_for_open_connections(1)
            with pytest.raises(httpx.PoolTimeout):
                await http.get(base_url)
            respond.set()
            assert (await first).status_code == 200


@pytest.mark.parametrize(
    ("handler", "error_class"),
    [(handler, error) for _, handler, error in BROKEN_RESPONSES],
    ids=[name for name, _, _ in BROKEN_RESPONSES],
)
async def test_broken_response_raises_httpx_error_with_cause(
    handler: Handler, error_class: type[httpx.TransportError]
) -> None:
    timeout = httpx.Timeout(30.0, read=1.0)
    async with (
        run_raw_server(handler) as base_url,
        httpx.AsyncClient(transport=PooledTransport(), timeout=timeout) as http,
    ):
        with pytest.raises(error_class) as caught:
            await http.get(base_url)
        assert caught.value.request.method == "GET"
        assert type(caught.value.__cause__).__module__.startswith("httpcore2")
        assert type(caught.value.__cause__).__name__ == error_class.__name__


FAILURES = {
    "connection reset": (reset_connection, {}, "GET", httpx.ReadError),
    "no headers in time": (never_respond, {"read": SHORT_TIMEOUT}, "GET", httpx.ReadTimeout),
    "no end of the body in time": (send_half_a_body, {"read": SHORT_TIMEOUT}, "GET", httpx.ReadTimeout),
    "body not sent in time": (never_read, {"write": SHORT_TIMEOUT}, "POST", httpx.WriteTimeout),
}


@pytest.mark.parametrize(("handler", "timeouts", "method", "error_class"), FAILURES.values(), ids=FAILURES)
async def test_failure_raises_exact_httpx_error_and_frees_the_connection(
    handler: Handler, timeouts: dict[str, float], method: str, error_class: type[httpx.TransportError]
) -> None:
    timeout = httpx.Timeout(**{"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0, **timeouts})
    content = bytes(20_000_000) if method == "POST" else None
    transport = PooledTransport()
    async with run_raw_server(handler) as base_url, httpx.AsyncClient(transport=transport, timeout=timeout) as http:
        with pytest.raises(error_class) as caught:
            await http.request(method, base_url, content=content)
        assert type(caught.value) is error_class
        assert isinstance(caught.value.__cause__, getattr(httpcore2, error_class.__name__))
        assert get_pool_usage(transport) == (0, 0)


async def test_reset_during_body_raises_httpx_error() -> None:
    async def reset_during_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK_RESPONSE[:-4])
        await writer.drain()
        writer.transport.abort()

    async with run_raw_server(reset_during_body) as base_url, httpx.AsyncClient(transport=PooledTransport()) as http:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await http.get(base_url)


async def test_closed_port_raises_connect_error() -> None:
    async with run_raw_server(respond_with()) as base_url:
        pass
    async with httpx.AsyncClient(transport=PooledTransport()) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(base_url)


async def test_connect_timeout_is_separate_from_other_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait_forever() -> None:
        await asyncio.Event().wait()

    delay_connecting(monkeypatch, wait_forever)
    timeout = httpx.Timeout(10.0, connect=SHORT_TIMEOUT)
    async with httpx.AsyncClient(transport=PooledTransport(), timeout=timeout) as http:
        with pytest.raises(httpx.ConnectTimeout) as caught:
            await http.get("http://127.0.0.1:9/")
    assert isinstance(caught.value.__cause__, httpcore2.ConnectTimeout)


async def test_client_errors_have_the_pool_error_in_their_cause_chain() -> None:
    async with (
        run_raw_server(never_respond) as base_url,
        build_client(base_url, transport=PooledTransport(), timeout=SHORT_TIMEOUT) as client,
    ):
        with pytest.raises(APITimeoutError) as timed_out:
            await client.integrations.list()
    async with (
        run_raw_server(reset_connection) as base_url,
        build_client(base_url, transport=PooledTransport()) as client,
    ):
        with pytest.raises(APIConnectionError) as disconnected:
            await client.integrations.list()
    for caught, class_name in ((timed_out, "ReadTimeout"), (disconnected, "ReadError")):
        cause = caught.value.__cause__
        assert type(cause) is getattr(httpx, class_name)
        assert type(cause.__cause__) is getattr(httpcore2, class_name)


async def test_extensions_of_request_and_response_are_passed_on() -> None:
    events: list[str] = []

    async def trace(name: str, _: object) -> None:
        events.append(name)

    async with run_raw_server(respond_with()) as base_url, httpx.AsyncClient(transport=PooledTransport()) as http:
        response = await http.get(base_url, extensions={"trace": trace})
    assert response.http_version == "HTTP/1.1"
    assert response.reason_phrase == "OK"
    assert "connection.connect_tcp.complete" in events


async def test_certificates_are_loaded_once_and_only_for_https(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = 0
    create_ssl_context = httpx.create_ssl_context

    def count_loads(*args: Any, **options: Any) -> ssl.SSLContext:
        nonlocal loads
        loads += 1
        return create_ssl_context(*args, **options)

    monkeypatch.setattr(httpx, "create_ssl_context", count_loads)
    replace_httpcore2_ssl_context(monkeypatch, count_loads)
    transport = PooledTransport()
    no_tls = respond_with(b"no TLS", keep_alive=False)
    async with run_raw_server(no_tls) as base_url, httpx.AsyncClient(transport=transport) as http:
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get(base_url)
        assert loads == 0
    async with (
        run_raw_server(send_half_a_body) as base_url,
        httpx.AsyncClient(transport=PooledTransport(), timeout=SHORT_TIMEOUT) as http,
    ):
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                await http.get(base_url.replace("http:", "https:"))
    assert loads == 1


async def test_closing_has_no_effect_the_second_time_and_later_calls_raise() -> None:
    async with run_raw_server(respond_with()) as base_url:
        client = build_client(base_url)
        view = client.with_options(timeout=1.0)
        await client.integrations.list()
        await view.aclose()  # has no effect
        await client.integrations.list()
        await asyncio.gather(client.aclose(), client.aclose())
        await client.aclose()
        for closed in (client, view):
            with pytest.raises(ClientClosedError, match="The client is closed"):
                await closed.integrations.list()
        with pytest.raises(ClientClosedError, match="The client is closed"):
            async with client:
                pass
    transport = PooledTransport()
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await transport.handle_async_request(httpx.Request("GET", base_url))


async def test_second_running_loop_raises() -> None:
    async with run_raw_server(respond_with()) as base_url, build_client(base_url) as client:
        await client.integrations.list()
        errors: list[BaseException] = []

        async def list_integrations() -> None:
            await client.integrations.list()

        def use_in_second_loop() -> None:
            try:
                asyncio.run(list_integrations())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=use_in_second_loop)
        thread.start()
        await asyncio.to_thread(thread.join)
        assert (await client.integrations.list()).data == []
    assert type(errors[0]) is ClientClosedError
    assert "in use in another running event loop" in str(errors[0])


@pytest.mark.parametrize("options", [[], pytest.param(["-X", "dev"], marks=pytest.mark.long)])
def test_one_client_works_in_consecutive_event_loops(options: list[str]) -> None:
    lines = use_client_in_three_loops("httpcore2", "-W", "error", *options)
    assert [line for line in lines if "took" not in line] == []


def test_client_that_was_not_closed_warns_once_and_schedules_nothing() -> None:
    lines = forget_to_close_client("httpcore2", "-W", "always")
    warnings = [line for line in lines if "Warning" in line and "tracemalloc" not in line]
    assert len(warnings) == 1
    assert "ResourceWarning: A client was never closed" in warnings[0]
