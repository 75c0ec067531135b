"""What the layers cost on a call, alone and among many, against `httpx.AsyncClient.get` on the same transport."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import httpx

from benchmarks.peers import PLENTY
from benchmarks.ratios import Row
from benchmarks.server import server
from sendcloud_integrations_client import BasicAuth, PooledTransport, SendcloudIntegrations

Way = Callable[[], Awaitable[object]]
CALLS = {1: 400, 32: 960, 512: 1536}
ROUNDS = 5


def measure() -> list[Row]:
    """Of each round the difference between the two, and of those the median."""
    with server() as url:
        return asyncio.run(overheads(f"{url}/empty"))


async def overheads(base: str) -> list[Row]:
    rows: list[Row] = []
    async with (
        httpx.AsyncClient(transport=PooledTransport(), timeout=30.0) as bare,
        SendcloudIntegrations(
            auth=BasicAuth("p", "s"), base_url=base, transport=PooledTransport(), rate_limits=PLENTY
        ) as client,
    ):
        url = f"{base}/integrations"
        for concurrency, calls in CALLS.items():
            each: list[float] = []
            times: dict[str, list[float]] = {"bare": [], "ours": []}
            for number in range(ROUNDS + 1):
                theirs = await run(lambda: bare.get(url), concurrency, calls)
                own = await run(client.integrations.list, concurrency, calls)
                if number:  # the first makes the connections
                    each.append((own[0] - theirs[0]) / calls)
                    times["bare"] += theirs[1]
                    times["ours"] += own[1]
            note = "; ".join(f"{name} p50 {centile(of, 50)}, p99 {centile(of, 99)}" for name, of in times.items())
            what = f"a call over httpx.AsyncClient.get, {concurrency} at once"
            rows.append(Row(what, 1e6 * statistics.median(each), 60.0, note, " µs"))
    return rows


async def run(way: Way, concurrency: int, calls: int) -> tuple[float, list[float]]:
    """Seconds of the processor for all calls together, and those that passed for each."""
    left = iter(range(calls))
    each: list[float] = []

    async def work() -> None:
        for _ in left:
            start = time.perf_counter()
            await way()
            each.append(time.perf_counter() - start)

    start = time.process_time()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return time.process_time() - start, each


def centile(times: list[float], percent: int) -> str:
    return f"{1e3 * statistics.quantiles(times, n=100)[percent - 1]:.2f} ms"
