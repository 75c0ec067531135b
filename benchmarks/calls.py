"""CPU cost of all layers per call, compared with `httpx.AsyncClient.get` on the same transport."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import httpx

from benchmarks.peers import UNREACHABLE_LIMITS
from benchmarks.ratios import Row
from benchmarks.server import server
from sendcloud_integrations_client import BasicAuth, PooledTransport, SendcloudIntegrations

Send = Callable[[], Awaitable[object]]
CALLS = {1: 400, 32: 960, 512: 1536}
ROUNDS = 5


def measure() -> list[Row]:
    """Return the median over all rounds of the difference between the two."""
    with server() as url:
        return asyncio.run(measure_overhead(f"{url}/empty"))


async def measure_overhead(base: str) -> list[Row]:
    rows: list[Row] = []
    async with (
        httpx.AsyncClient(transport=PooledTransport(), timeout=30.0) as bare,
        SendcloudIntegrations(
            auth=BasicAuth("p", "s"), base_url=base, transport=PooledTransport(), rate_limits=UNREACHABLE_LIMITS
        ) as client,
    ):
        url = f"{base}/integrations"
        for concurrency, calls in CALLS.items():
            differences: list[float] = []
            times: dict[str, list[float]] = {"bare": [], "client": []}
            for number in range(ROUNDS + 1):
                bare_result = await run(lambda: bare.get(url), concurrency, calls)
                client_result = await run(client.integrations.list, concurrency, calls)
                if number:  # the first round opens the connections
                    differences.append((client_result[0] - bare_result[0]) / calls)
                    times["bare"] += bare_result[1]
                    times["client"] += client_result[1]
            note = "; ".join(
                f"{name} p50 {format_percentile(values, 50)}, p99 {format_percentile(values, 99)}"
                for name, values in times.items()
            )
            what = f"CPU of a call minus httpx.AsyncClient.get, {concurrency} concurrent"
            rows.append(Row(what, 1e6 * statistics.median(differences), 60.0, note, " µs"))
    return rows


async def run(send: Send, concurrency: int, calls: int) -> tuple[float, list[float]]:
    """Return the CPU seconds of all calls together, and the elapsed seconds of each call."""
    remaining = iter(range(calls))
    durations: list[float] = []

    async def work() -> None:
        for _ in remaining:
            start = time.perf_counter()
            await send()
            durations.append(time.perf_counter() - start)

    start = time.process_time()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return time.process_time() - start, durations


def format_percentile(times: list[float], percent: int) -> str:
    return f"{1e3 * statistics.quantiles(times, n=100)[percent - 1]:.2f} ms"
