"""Thousands of concurrent calls against a server that fails one request in five, in eleven different ways."""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx_aiohttp
import orjson
import pytest

from sendcloud_integrations_client import (
    OAuth2ClientCredentials,
    RetryPolicy,
    SendcloudError,
    SendcloudIntegrations,
)

FAILURES = (
    "reset before the response",
    "reset during the response",
    "reset after the response",
    "429",
    "500",
    "502",
    "503",
    "slow",
    "truncated",
    "wrong media type",
    "401",
)


TIMEOUT = 2.0  # seconds; longer than a response takes on a slow machine, because creates that time out fail
SLOW = 2.5  # seconds


class FaultyServer:
    """An HTTP/1.1 server on raw sockets. Counts how many times it created each log.

    Args:
        seed: Seed of the random failures.

    Attributes:
        created: Number of times each log was created.
        failures: Number of responses per failure; the key of a success is empty.
        tokens: Number of access tokens issued.
        open_connections: Number of connections that are open now.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.created: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.tokens = 0
        self.open_connections = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        try:
            while await self._respond_once(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_connections -= 1
            writer.close()

    async def _respond_once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        if target == "/oauth2/token":
            self.tokens += 1
            return self._send_json(writer, 200, {"access_token": f"ory_at_{self.tokens}", "expires_in": 3600})
        failure = self.random.choice(FAILURES) if self.random.random() < 0.2 else ""
        self.failures[failure] += 1
        if failure == "reset before the response":
            # The server may have processed the request although the response is lost.
            self._process(method, body)
            writer.transport.abort()
            return False
        if failure in {"429", "503", "500", "502", "401"}:
            if failure in {"500", "502"}:
                self._process(method, body)
            is_html = failure == "502"
            extra_headers = "Retry-After: 0\r\n" if failure in {"429", "503"} else ""
            content = b"<html>bad gateway</html>" if is_html else orjson.dumps({"errors": [{"code": failure}]})
            return self._send(
                writer, int(failure), content, "text/html" if is_html else "application/json", extra_headers
            )
        result = self._process(method, body)
        if failure == "slow":
            await asyncio.sleep(SLOW)
        if failure == "wrong media type":
            return self._send(writer, 200 if method == "GET" else 201, b"not JSON at all", "text/plain")
        if failure in {"truncated", "reset during the response"}:
            content = orjson.dumps(result)
            self._send(writer, 200 if method == "GET" else 201, content[: len(content) // 2], length=len(content))
            if failure == "truncated":
                return False
            writer.transport.abort()
            return False
        self._send_json(writer, {"GET": 200, "PATCH": 204}.get(method, 201), result)
        await writer.drain()
        if failure == "reset after the response":
            writer.transport.abort()
            return False
        return True

    def _process(self, method: str, body: bytes) -> object:
        if method == "PATCH":
            return None
        if method == "POST":
            marker = orjson.loads(body)["exception"]
            self.created[marker] += 1
            return {"data": {"id": 1, "base_url": "x", "exception": marker}}
        return {"data": [{"id": number, "base_url": "x"} for number in range(1, 6)]}

    def _send_json(self, writer: asyncio.StreamWriter, status: int, content: object) -> bool:
        return self._send(writer, status, b"" if status == 204 else orjson.dumps(content))

    def _send(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        content: bytes,
        media_type: str = "application/json",
        extra_headers: str = "",
        length: int | None = None,
    ) -> bool:
        size = len(content) if length is None else length
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\n{extra_headers}Content-Length: {size}\r\n\r\n"
        writer.write(head.encode() + content)
        return True


@pytest.mark.parametrize(
    ("calls", "seed", "build_transport"),
    [
        pytest.param(600, 1, lambda: "httpcore2", id="600-httpcore2"),
        pytest.param(10_000, 1, lambda: "httpcore2", id="10000-httpcore2", marks=pytest.mark.long),
        pytest.param(10_000, 2, lambda: "aiohttp", id="10000-aiohttp", marks=pytest.mark.long),
        pytest.param(10_000, 3, httpx_aiohttp.AiohttpTransport, id="10000-httpx-aiohttp", marks=pytest.mark.long),
    ],
)
async def test_every_call_succeeds_or_raises_a_typed_error(
    calls: int, seed: int, build_transport: Callable[[], Any]
) -> None:
    server = FaultyServer(seed)
    outcomes: Counter[str] = Counter()
    created: list[str] = []
    error_messages: list[str] = []
    loop_errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: loop_errors.append(context))
    tasks_before = asyncio.all_tasks()

    async with server.running() as origin:
        async with SendcloudIntegrations(
            auth=OAuth2ClientCredentials("client", "secret", token_url=f"{origin}/oauth2/token"),
            base_url=f"{origin}/api/v3",
            timeout=TIMEOUT,
            retries=RetryPolicy(max_attempts=6, base_delay=0.005, max_delay=0.05),
            rate_limits=None,
            transport=build_transport(),
        ) as client:

            async def call(number: int) -> None:
                try:
                    match number % 4:
                        case 0:
                            assert len((await client.logs.list(page_size=5)).data) == 5
                        case 1:
                            assert [log.id async for log in client.logs.list(integration_id=7)] == [1, 2, 3, 4, 5]
                        case 2:
                            await client.integrations.update(7, shop_name=f"shop {number}")
                        case _:
                            marker = f"log {number}"
                            log = await client.logs.create(7, base_url="https://shop.example", exception=marker)
                            assert log.exception == marker
                            created.append(marker)
                    outcomes["success"] += 1
                except SendcloudError as error:
                    error_messages.append(str(error))
                    outcomes[type(error).__name__] += 1

            await asyncio.gather(*(call(number) for number in range(calls)))
        for _ in range(1500):  # the server notices closed connections after its delayed responses
            if server.open_connections == 0:
                break
            await asyncio.sleep(0.02)
        assert server.open_connections == 0

    assert sum(outcomes.values()) == calls
    assert [message for message in error_messages if "\n" in message] == []
    # Reads and updates are retried until they succeed; only creates, which must not be sent twice, can fail.
    assert outcomes["success"] > 0.85 * calls
    assert set(server.failures) == {*FAILURES, ""}
    assert max(server.created.values()) == 1
    assert set(created) <= set(server.created)
    gc.collect()
    assert asyncio.all_tasks() == tasks_before
    assert loop_errors == []
