"""Two thousand calls at once against a server that fails one in five of them, in ten different ways."""

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

CALLS = 2_000
FAILURES = (
    "reset before the answer",
    "reset during the answer",
    "reset after the answer",
    "429",
    "500",
    "502",
    "503",
    "slow",
    "cut",
    "wrong type",
    "401",
)


class FaultyServer:
    """HTTP/1.1 by hand over raw sockets; knows which logs it has created, and how often."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.created: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.tokens = 0
        self.open = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while await self.answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        if target == "/oauth2/token":
            self.tokens += 1
            return self.answer(writer, 200, {"access_token": f"ory_at_{self.tokens}", "expires_in": 3600})
        failure = self.random.choice(FAILURES) if self.random.random() < 0.2 else ""
        self.failures[failure] += 1
        if failure == "reset before the answer":
            # The server may have acted before its answer is lost.
            self.act(method, body)
            writer.transport.abort()
            return False
        if failure in {"429", "503", "500", "502", "401"}:
            if failure in {"500", "502"}:
                self.act(method, body)
            html = failure == "502"
            extra = "Retry-After: 0\r\n" if failure in {"429", "503"} else ""
            content = b"<html>bad gateway</html>" if html else orjson.dumps({"errors": [{"code": failure}]})
            return self.raw(writer, int(failure), content, "text/html" if html else "application/json", extra)
        answer = self.act(method, body)
        if failure == "slow":
            await asyncio.sleep(0.5)
        if failure == "wrong type":
            return self.raw(writer, 200 if method == "GET" else 201, b"not JSON at all", "text/plain")
        if failure in {"cut", "reset during the answer"}:
            content = orjson.dumps(answer)
            self.raw(writer, 200 if method == "GET" else 201, content[: len(content) // 2], length=len(content))
            if failure == "cut":
                return False
            writer.transport.abort()
            return False
        self.answer(writer, {"GET": 200, "PATCH": 204}.get(method, 201), answer)
        await writer.drain()
        if failure == "reset after the answer":
            writer.transport.abort()
            return False
        return True

    def act(self, method: str, body: bytes) -> object:
        if method == "PATCH":
            return None
        if method == "POST":
            marker = orjson.loads(body)["exception"]
            self.created[marker] += 1
            return {"data": {"id": 1, "base_url": "x", "exception": marker}}
        return {"data": [{"id": number, "base_url": "x"} for number in range(1, 6)]}

    def answer(self, writer: asyncio.StreamWriter, status: int, content: object) -> bool:
        return self.raw(writer, status, b"" if status == 204 else orjson.dumps(content))

    def raw(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        content: bytes,
        kind: str = "application/json",
        extra: str = "",
        length: int | None = None,
    ) -> bool:
        size = len(content) if length is None else length
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}Content-Length: {size}\r\n\r\n"
        writer.write(head.encode() + content)
        return True


@pytest.mark.parametrize(
    ("seed", "make_transport"),
    [(1, lambda: "httpcore2"), (2, lambda: "aiohttp"), (3, httpx_aiohttp.AiohttpTransport)],
    ids=["httpcore2", "aiohttp", "httpx-aiohttp"],
)
async def test_every_call_ends_right_or_with_a_typed_error(seed: int, make_transport: Callable[[], Any]) -> None:
    server = FaultyServer(seed)
    outcomes: Counter[str] = Counter()
    created: list[str] = []
    lines: list[str] = []
    loop_errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: loop_errors.append(context))
    before = asyncio.all_tasks()

    async with server.running() as address:
        async with SendcloudIntegrations(
            auth=OAuth2ClientCredentials("client", "secret", token_url=f"{address}/oauth2/token"),
            base_url=f"{address}/api/v3",
            timeout=0.3,
            retries=RetryPolicy(max_attempts=6, base_delay=0.005, max_delay=0.05),
            rate_limits=None,
            transport=make_transport(),
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
                    outcomes["right"] += 1
                except SendcloudError as error:
                    lines.append(str(error))
                    outcomes[type(error).__name__] += 1

            await asyncio.gather(*(call(number) for number in range(CALLS)))
        for _ in range(100):  # those that the server answers slowly are noticed late
            if server.open == 0:
                break
            await asyncio.sleep(0.02)
        assert server.open == 0

    assert sum(outcomes.values()) == CALLS
    assert [line for line in lines if "\n" in line] == []
    # Reads and updates are tried until they succeed; what is lost is what must not be sent twice.
    assert outcomes["right"] > 0.85 * CALLS
    assert set(server.failures) == {*FAILURES, ""}
    assert max(server.created.values()) == 1
    assert set(created) <= set(server.created)
    gc.collect()
    assert asyncio.all_tasks() == before
    assert loop_errors == []
