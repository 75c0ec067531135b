"""aiohttp's connections under httpx's API: the same manners as the default transport's, and the same errors."""

from __future__ import annotations

import asyncio
import gc
import subprocess
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
from sendcloud_integrations_client.aiohttp_transport import AiohttpTransport
from tests.test_connections import BROKEN, FORGOTTEN, IN_SEVERAL_LOOPS, OK, answering, client_for, free_port, serving
from tests.test_lifecycle import Counted, half_a_body, silent
from tests.test_transport import deaf, reset

SOON = 0.03


def held_by(transport: AiohttpTransport) -> int:
    """Places taken in the session, waiting requests not counted."""
    assert transport._pools is not None
    return transport._max_connections - transport._pools.by_scheme["http"]._places._value


async def test_a_client_takes_it_by_name() -> None:
    async with serving(answering()) as base_url, client_for(base_url, transport="aiohttp") as client:
        assert await asyncio.gather(*(client.integrations.list() for _ in range(50))) == [[]] * 50


async def test_a_storm_of_cancellations_leaves_no_place_taken() -> None:
    async with serving(answering(delay=0.002)) as base_url:
        transport = AiohttpTransport(max_connections=20)
        async with client_for(base_url, transport=transport) as client:
            for round_ in range(60):
                tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(50)]
                await asyncio.sleep((round_ % 7) * 0.001)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            async with asyncio.timeout(5):
                assert await asyncio.gather(*(client.integrations.list() for _ in range(100))) == [[]] * 100
            assert held_by(transport) == 0


@given(turns=st.integers(0, 60), connections=st.integers(1, 3), closing=st.booleans())
@settings(max_examples=40)
async def test_cancelling_at_any_await_leaves_nothing_behind(turns: int, connections: int, closing: bool) -> None:
    before = asyncio.all_tasks()
    content = OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) if closing else OK
    async with serving(answering(content, keep=not closing)) as base_url:
        transport = AiohttpTransport(max_connections=connections)
        async with client_for(base_url, transport=transport) as client:
            task = asyncio.gather(*(client.integrations.list() for _ in range(4)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert await asyncio.wait_for(client.integrations.list(), 5) == []
            assert held_by(transport) == 0
            assert [one for one in asyncio.all_tasks() - before if "guarded" not in repr(one)] == []


BREAKING: list[Any] = [
    *(pytest.param(serve, {"read": 0.2}, "GET", kind, id=name) for name, serve, kind in BROKEN),
    pytest.param(reset, {}, "GET", httpx.ReadError, id="reset"),
    pytest.param(silent, {"read": SOON}, "GET", httpx.ReadTimeout, id="no headers in time"),
    pytest.param(half_a_body, {"read": SOON}, "GET", httpx.ReadTimeout, id="no end of the body in time"),
    pytest.param(
        deaf, {"connect": SOON, "read": SOON, "write": SOON}, "POST", httpx.WriteTimeout, id="not taken in time"
    ),
]


@pytest.mark.parametrize(("serve", "limits", "method", "kind"), BREAKING)
async def test_each_failure_and_timeout_is_httpxs_own_with_the_cause(
    serve: Any, limits: dict[str, float], method: str, kind: type[httpx.TransportError]
) -> None:
    seconds = httpx.Timeout(**{"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0, **limits})
    content = bytes(20_000_000) if method == "POST" else None
    transport = AiohttpTransport()
    async with serving(serve) as base_url, httpx.AsyncClient(transport=transport, timeout=seconds) as http:
        with pytest.raises(kind) as caught:
            await http.request(method, base_url, content=content)
        assert type(caught.value) is kind
        assert caught.value.request.method == method
        assert isinstance(caught.value.__cause__, (aiohttp.ClientError, TimeoutError))
        assert held_by(transport) == 0


async def test_what_was_never_connected_is_told_from_what_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answering()) as base_url:
        pass
    transport = AiohttpTransport(max_connections=1)
    async with httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(5.0, pool=SOON)) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(base_url)
        async with serving(answering(delay=0.5)) as base_url:
            first = asyncio.ensure_future(http.get(base_url))
            await asyncio.sleep(0.05)
            with pytest.raises(httpx.PoolTimeout):
                await http.get(base_url)
            assert (await first).status_code == 200

        async def never(*_: object, **__: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(aiohttp.TCPConnector, "_create_connection", never)
        with pytest.raises(httpx.UnsupportedProtocol):
            await http.get("ftp://127.0.0.1/")
    async with httpx.AsyncClient(transport=AiohttpTransport(), timeout=httpx.Timeout(5.0, connect=SOON)) as http:
        monkeypatch.undo()

        async def stuck(*_: object, **__: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(aiohttp.connector.aiohappyeyeballs, "start_connection", stuck)
        with pytest.raises(httpx.ConnectTimeout):
            await http.get("http://127.0.0.1:9/")


async def test_a_dropped_connection_is_neither_sent_again_unseen_nor_taken_for_one_never_made() -> None:
    served = 0

    async def once_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")  # the second on this connection is taken and never answered
        served += 1

    async with serving(once_each) as base_url, client_for(base_url, transport="aiohttp") as client:
        await client.integrations.list()
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.list()
        assert type(caught.value.__cause__) is httpx.RemoteProtocolError
        assert served == 1
        assert await client.with_options(retries=RetryPolicy(base_delay=0.0)).integrations.list() == []

    async def acts_and_drops(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        served += 1

    served = 0
    patient = RetryPolicy(max_attempts=3, base_delay=0.0)
    async with (
        serving(acts_and_drops) as base_url,
        client_for(base_url, transport="aiohttp", retries=patient) as client,
    ):
        with pytest.raises(APIConnectionError):
            await client.logs.create(7, base_url="https://shop.example")
        assert served == 1  # a log is never created twice
        with pytest.raises(APIConnectionError):
            await client.integrations.list()
        assert served == 4


async def test_what_is_sent_is_what_httpx_built() -> None:
    seen: list[bytes] = []

    async def keeping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            seen.append(head + await reader.readexactly(length))
            writer.write(OK.replace(b"\r\n", b"\r\nSet-Cookie: a=b\r\nLink: <x>\r\nLink: <y>\r\n", 1))

    async def parts() -> AsyncIterator[bytes]:
        yield b"in "
        yield b"parts"

    async with serving(keeping) as base_url, httpx.AsyncClient(transport=AiohttpTransport()) as http:
        url = base_url + "/a%2Fb?cursor=1%2B2%20%3A&x=é"
        built = http.build_request("POST", url, content=b'{"a": 1}', headers={"X-One": "1"})
        answer = await http.send(built)
        assert answer.headers.get_list("link") == ["<x>", "<y>"]
        assert (answer.http_version, answer.reason_phrase) == ("HTTP/1.1", "OK")
        http.cookies.clear()
        await http.get(base_url)
        await http.post(base_url, content=parts())
    line, *lines = seen[0].partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert line == b"POST " + built.url.raw_path + b" HTTP/1.1"
    sent = sorted((name.lower(), value) for name, value in (one.split(b": ", 1) for one in lines))
    assert sent == sorted((name.lower(), value) for name, value in built.headers.raw)
    assert seen[0].endswith(b'{"a": 1}')
    assert b"cookie" not in seen[1].lower()
    assert b"chunked" not in seen[2].lower()
    assert seen[2].endswith(b"\r\n\r\nin parts")


@pytest.mark.parametrize("serve", [silent, half_a_body], ids=["waiting for headers", "reading the body"])
async def test_closing_ends_every_call_that_was_sent_or_waits_for_a_connection(serve: Any) -> None:
    server = Counted(serve)
    async with serving(server) as base_url:
        client = client_for(base_url, transport=AiohttpTransport(max_connections=2), retries=RetryPolicy())
        tasks = [asyncio.ensure_future(client.integrations.list()) for _ in range(6)]
        await server.until(2)
        await asyncio.sleep(0.02)  # the half of a body arrives
        await asyncio.gather(client.aclose(), client.aclose())
        await client.aclose()
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 2)
        assert [type(one) for one in outcomes] == [ClientClosedError] * 6
        await server.until(0)
        assert server.ever == 2
        with pytest.raises(ClientClosedError, match="this client is closed"):
            await client.integrations.list()


async def test_closing_that_is_given_up_closes_all_the_same() -> None:
    for turns in range(1, 5):
        server = Counted(answering(delay=0.01))
        async with serving(server) as base_url:
            client = client_for(base_url, transport="aiohttp")
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
        client = client_for(base_url, transport="aiohttp")
        await client.integrations.list()
        await asyncio.to_thread(asyncio.run, client.aclose())
        await server.until(0)
        with pytest.raises(ClientClosedError, match="this client is closed"):
            await client.integrations.list()


async def test_a_second_running_loop_is_refused() -> None:
    async with serving(answering()) as base_url, client_for(base_url, transport="aiohttp") as client:
        await client.integrations.list()
        with pytest.raises(ClientClosedError, match="another event loop, which still runs"):
            await asyncio.to_thread(asyncio.run, client.integrations.list())  # type: ignore[arg-type]
        assert await client.integrations.list() == []


@pytest.mark.parametrize("job", [IN_SEVERAL_LOOPS, FORGOTTEN], ids=["several loops", "forgotten"])
def test_one_client_serves_several_loops_and_a_forgotten_one_warns_once(job: str) -> None:
    code = job.replace("base_url=base_url)", 'base_url=base_url, transport="aiohttp")').replace(
        "PORT", str(free_port())
    )
    command = [sys.executable, "-W", "always", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    warned = [line for line in done.stderr.splitlines() if line.strip() and "tracemalloc" not in line]
    assert len([line for line in warned if "ResourceWarning" in line]) == (1 if job is FORGOTTEN else 0), done.stderr
    assert "Unclosed" not in done.stderr


async def test_a_client_that_is_not_read_to_its_end_keeps_no_place() -> None:
    transport = AiohttpTransport(max_connections=1)
    async with serving(half_a_body) as base_url, httpx.AsyncClient(transport=transport) as http:
        for _ in range(3):
            async with http.stream("GET", base_url) as answer:
                assert answer.status_code == 200
        assert held_by(transport) == 0
    gc.collect()


@pytest.mark.parametrize(
    ("module", "options", "extra"),
    [("aiohttp", {"transport": "aiohttp"}, "aiohttp"), ("h2", {"http2": True}, "http2")],
)
def test_an_extra_that_is_missing_is_named(
    module: str, options: dict[str, Any], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "sendcloud_integrations_client.aiohttp_transport", raising=False)
    with pytest.raises(ConfigurationError, match=rf"sendcloud-integrations-client\[{extra}\]"):
        client_for("http://127.0.0.1:9/", **options)


@pytest.mark.parametrize("options", [{"transport": "curl"}, {"transport": "aiohttp", "http2": True}])
def test_a_transport_that_there_is_none_of_is_refused(options: Any) -> None:
    with pytest.raises(ConfigurationError, match="httpcore2"):
        client_for("http://127.0.0.1:9/", **options)
