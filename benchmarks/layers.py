"""Cost of all layers per call without a network, and the time that prefetching saves."""

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
Send = Callable[[], Awaitable[object]]


def measure() -> list[Row]:
    """Compare a call through all layers with httpx alone, and an iteration with sequential pages."""
    return [*asyncio.run(measure_overhead()), asyncio.run(measure_prefetch())]


async def measure_overhead() -> list[Row]:
    """Measure all layers, all layers without rate limiting, and httpx alone, in alternating rounds."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b'{"data": []}'))
    auth = BasicAuth("public", "secret")
    unreachable_limits = RateLimits(reads_per_minute=10_000_000)
    async with (
        httpx.AsyncClient(transport=transport) as bare,
        SendcloudIntegrations(auth=auth, transport=transport, rate_limits=unreachable_limits) as limited,
        SendcloudIntegrations(auth=auth, transport=transport, rate_limits=None) as unlimited,
    ):
        sends: dict[str, Send] = {
            "bare": lambda: bare.get(URL),
            "limited": limited.integrations.list,
            "unlimited": unlimited.integrations.list,
        }
        seconds = await best_of(sends)
    micros = 1e6 * (seconds["limited"] - seconds["bare"])
    return [
        Row(
            "a call through all layers / httpx.AsyncClient.get",
            seconds["limited"] / seconds["bare"],
            None,
            f"{micros:+.0f} µs, no network",
        ),
        Row(
            "a call with rate limiting and free slots / without rate limiting",
            seconds["limited"] / seconds["unlimited"],
            1.05,
            f"{1e6 * (seconds['limited'] - seconds['unlimited']):+.1f} µs",
        ),
    ]


async def measure_prefetch() -> Row:
    """Measure 25 pages: 40 ms to the first byte, 40 ms of body and 20 ms of work by the consumer each."""
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
        sequential = time.perf_counter() - start
        start = time.perf_counter()
        async for _ in client.logs.list().pages():
            await asyncio.sleep(0.020)
        prefetched = time.perf_counter() - start
    return Row(
        "an iteration with prefetch / without",
        prefetched / sequential,
        0.55,
        f"{1e3 * prefetched / pages:.0f} ms per page",
    )


async def best_of(sends: dict[str, Send]) -> dict[str, float]:
    """Return the seconds per call: the best of several alternating rounds."""
    best = dict.fromkeys(sends, float("inf"))
    for _ in range(ROUNDS):
        for name, send in sends.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                await send()
            best[name] = min(best[name], (time.perf_counter() - start) / CALLS)
    return best


class SlowPages(httpx.AsyncBaseTransport):
    """A transport with the latency of a distant server and a fixed number of pages."""

    def __init__(self, pages: int) -> None:
        self.pages = pages

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the headers of a page after 40 ms, and its body after another 40 ms."""
        number = int(request.url.params.get("cursor", "0")) + 1
        await asyncio.sleep(0.040)
        headers = {"link": f'<https://x.example/?cursor={number}>; rel="next"'} if number < self.pages else {}
        return httpx.Response(200, headers=headers, stream=SlowBody())


class SlowBody(httpx.AsyncByteStream):
    """A body that arrives after 40 ms."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(0.040)
        yield b'{"data": []}'
