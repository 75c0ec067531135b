"""What the layers cost on a call, and what looking ahead saves on a walk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

from benchmarks.ratios import Row
from sendcloud_integrations_client import BasicAuth, RateLimits, SendcloudIntegrations

CALLS = 500
ROUNDS = 9
URL = "https://panel.sendcloud.sc/api/v3/integrations"
Way = Callable[[], Awaitable[object]]


def measure() -> list[Row]:
    """A call with everything on, against httpx alone on the same transport; and a walk, against one page at a time."""
    return [*asyncio.run(overhead()), asyncio.run(looking_ahead())]


async def overhead() -> list[Row]:
    """The cost of all layers, of the rate limit alone, and of httpx alone, in turn."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b'{"data": []}'))
    auth = BasicAuth("public", "secret")
    plenty = RateLimits(safe_per_minute=10_000_000)
    async with (
        httpx.AsyncClient(transport=transport) as bare,
        SendcloudIntegrations(auth=auth, transport=transport, rate_limits=plenty) as limited,
        SendcloudIntegrations(auth=auth, transport=transport, rate_limits=None) as unlimited,
    ):
        ways: dict[str, Way] = {
            "bare": lambda: bare.get(URL),
            "limited": limited.integrations.list,
            "unlimited": unlimited.integrations.list,
        }
        seconds = await best_of(ways)
    micros = 1e6 * (seconds["limited"] - seconds["bare"])
    return [
        Row(
            "a call with every layer / httpx.AsyncClient.get",
            seconds["limited"] / seconds["bare"],
            None,
            f"{micros:+.0f} µs, no network",
        ),
        Row(
            "a call with the rate limit free / without it",
            seconds["limited"] / seconds["unlimited"],
            1.05,
            f"{1e6 * (seconds['limited'] - seconds['unlimited']):+.1f} µs",
        ),
    ]


async def looking_ahead() -> Row:
    """40 ms to the first byte, 40 ms of body, 20 ms of work by the consumer, for each of 25 pages."""
    pages = 25
    async with SendcloudIntegrations(auth=BasicAuth("p", "s"), transport=SlowPages(pages), rate_limits=None) as client:
        start = time.perf_counter()
        cursor: str | None = None
        while True:
            page = await client.logs.list(cursor=cursor)
            await asyncio.sleep(0.020)
            cursor = page.next_cursor
            if cursor is None:
                break
        one_by_one = time.perf_counter() - start
        start = time.perf_counter()
        async for _ in client.logs.list().pages():
            await asyncio.sleep(0.020)
        ahead = time.perf_counter() - start
    return Row(
        "a walk looking ahead / one page after the other",
        ahead / one_by_one,
        0.55,
        f"{1e3 * ahead / pages:.0f} ms a page",
    )


async def best_of(ways: dict[str, Way]) -> dict[str, float]:
    """Seconds a call, the best of several rounds in turn."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                await way()
            best[name] = min(best[name], (time.perf_counter() - start) / CALLS)
    return best


class SlowPages(httpx.AsyncBaseTransport):
    """A server far away, with a number of pages."""

    def __init__(self, pages: int) -> None:
        self.pages = pages

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer with a page after a while, its body after another."""
        number = int(request.url.params.get("cursor", "0")) + 1
        await asyncio.sleep(0.040)
        headers = {"link": f'<https://x.example/?cursor={number}>; rel="next"'} if number < self.pages else {}
        return httpx.Response(200, headers=headers, stream=SlowBody())


class SlowBody(httpx.AsyncByteStream):
    """A body that takes its time."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(0.040)
        yield b'{"data": []}'
