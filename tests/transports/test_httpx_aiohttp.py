"""The third-party transport `httpx_aiohttp.AiohttpTransport` behind the transport that corrects its errors."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import httpx
import httpx_aiohttp
import orjson
import pytest
from aiohttp.client_reqrep import ConnectionKey
from httpx_aiohttp.transport import map_aiohttp_exceptions

from sendcloud_integrations_client import APIConnectionError, Operation, RetryPolicy
from sendcloud_integrations_client.pipeline.retries import RetryTransport
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, Call
from sendcloud_integrations_client.transports.httpx_aiohttp import ErrorCorrectingTransport
from tests.support.clients import build_client
from tests.support.raw_server import CountingHandler, never_respond, respond_with, run_raw_server

CREATE = Operation("create_integration_log", "POST", "/l", frozenset({201}), safe=False, idempotent=False)


class FailsOnce(httpx.AsyncBaseTransport):
    """Raises an error of aiohttp as httpx-aiohttp does, then responds with 201."""

    def __init__(self, error: aiohttp.ClientError) -> None:
        self.error = error
        self.requests = 0
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.requests == 1:
            with map_aiohttp_exceptions():
                raise self.error
        return httpx.Response(201, json={})

    async def aclose(self) -> None:
        self.is_closed = True


LOST_CONNECTIONS = [
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientOSError(104, "Connection reset by peer"),
    aiohttp.ServerTimeoutError(),
]
NEVER_CONNECTED = [
    aiohttp.ConnectionTimeoutError(),
    aiohttp.ClientConnectorError(ConnectionKey("x", 443, True, True, None, None, None), OSError("refused")),
]


@pytest.mark.parametrize(
    ("error", "requests"),
    [*((error, 1) for error in LOST_CONNECTIONS), *((error, 2) for error in NEVER_CONNECTED)],
)
async def test_create_is_sent_again_only_if_no_connection_was_made(error: aiohttp.ClientError, requests: int) -> None:
    transport = FailsOnce(error)
    request = httpx.Request("POST", "https://x.example/", extensions={CALL_EXTENSION: Call(CREATE)})
    retries = RetryTransport(ErrorCorrectingTransport(transport), RetryPolicy(base_delay=0.0))
    if requests == 1:
        with pytest.raises(httpx.ReadError):
            await retries.handle_async_request(request)
    else:
        assert (await retries.handle_async_request(request)).status_code == 201
    assert transport.requests == requests


@pytest.mark.parametrize("error", LOST_CONNECTIONS)
async def test_lost_connection_raises_read_error_with_request_and_cause(error: aiohttp.ClientError) -> None:
    request = httpx.Request("GET", "https://x.example/")
    with pytest.raises(httpx.ReadError) as caught:
        await ErrorCorrectingTransport(FailsOnce(error)).handle_async_request(request)
    assert caught.value.request is request
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", NEVER_CONNECTED)
async def test_failed_connection_keeps_its_error(error: aiohttp.ClientError) -> None:
    with pytest.raises(httpx.TimeoutException) as expected, map_aiohttp_exceptions():
        raise error
    with pytest.raises(httpx.TransportError) as caught:
        await ErrorCorrectingTransport(FailsOnce(error)).handle_async_request(httpx.Request("GET", "https://x.example"))
    assert type(caught.value) is type(expected.value)


async def test_closing_closes_the_wrapped_transport() -> None:
    transport = FailsOnce(aiohttp.ServerDisconnectedError())
    await ErrorCorrectingTransport(transport).aclose()
    assert transport.is_closed


async def test_client_lists_integrations_with_httpx_aiohttp() -> None:
    transport = httpx_aiohttp.AiohttpTransport()
    async with run_raw_server(respond_with()) as base_url, build_client(base_url, transport=transport) as client:
        assert (await client.integrations.list()).data == []


async def test_client_sends_body_of_create_with_httpx_aiohttp() -> None:
    bodies: list[Any] = []

    async def create_log(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split()[0])
        bodies.append(orjson.loads(await reader.readexactly(length)))
        content = orjson.dumps({"data": {"id": 5, **bodies[-1]}})
        head = (
            f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        )
        writer.write(head + content)
        await never_respond(reader, writer)

    transport = httpx_aiohttp.AiohttpTransport()
    async with run_raw_server(create_log) as base_url, build_client(base_url, transport=transport) as client:
        log = await client.logs.create(7, base_url="https://shop.example", exception="broken")
    assert (log.id, log.exception) == (5, "broken")
    assert bodies == [{"base_url": "https://shop.example", "exception": "broken"}]


async def test_client_does_not_create_a_log_twice_after_a_lost_connection() -> None:
    requests = 0

    async def process_and_disconnect(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1

    server = CountingHandler(process_and_disconnect)
    policy = RetryPolicy(max_attempts=3, base_delay=0.0)
    transport = httpx_aiohttp.AiohttpTransport()
    async with (
        run_raw_server(server) as base_url,
        build_client(base_url, transport=transport, retries=policy) as client,
    ):
        with pytest.raises(APIConnectionError):
            await client.logs.create(7, base_url="https://shop.example")
    assert requests == 1
