"""Whether a pool survives cancelled calls, and what a call costs at rising concurrency: ours, and httpx's own."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from functools import partial

import httpx

from benchmarks.ratios import Row, rounds_of
from benchmarks.server import server
from sendcloud_integrations_client import PooledTransport
from sendcloud_integrations_client.aiohttp_transport import AiohttpTransport

CONCURRENCIES = (1, 32, 128)
CALLS = 1_000


def measure() -> list[Row]:
    """After a storm, and in none."""
    with server() as url:
        return [asyncio.run(storm(url)), *asyncio.run(pools(url))]


async def storm(url: str) -> Row:
    """60 rounds of 50 calls on 20 connections, each given up within 30 ms; then 100 calls: the share that fails."""
    failed = {}
    few = httpx.Limits(max_connections=20)
    for name, transport in {
        "ours": PooledTransport(max_connections=20),
        "aiohttp": AiohttpTransport(max_connections=20),
        "httpx": httpx.AsyncHTTPTransport(limits=few),
    }.items():
        async with httpx.AsyncClient(transport=transport, timeout=2.0) as http:
            for _ in range(60):
                calls = [asyncio.ensure_future(give_up(http, url)) for _ in range(50)]
                await asyncio.gather(*calls)
            results = await asyncio.gather(*(http.get(url) for _ in range(100)), return_exceptions=True)
            failed[name] = sum(isinstance(result, BaseException) for result in results)
    note = f"aiohttp transport: {failed['aiohttp']} of 100; httpx's own pool: {failed['httpx']} of 100"
    return Row("calls that fail after a storm of cancellations", max(failed["ours"], failed["aiohttp"]), 0.0, note)


async def give_up(http: httpx.AsyncClient, url: str) -> None:
    """A call that is given up at a moment of its own."""
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(random.uniform(0, 0.03)):
            await http.get(url)


async def pools(url: str) -> list[Row]:
    """What a call costs on each pool, by so many tasks."""
    rows: list[Row] = []
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with (
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(limits=limits)) as own,
        httpx.AsyncClient(transport=PooledTransport()) as ours,
        httpx.AsyncClient(transport=AiohttpTransport()) as fast,
    ):
        for concurrency in CONCURRENCIES:
            clients = {"httpx's": own, "ours": ours, "aiohttp": fast}
            ways = {name: partial(seconds, http, url, concurrency) for name, http in clients.items()}
            cost = await rounds_of(ways, rounds=3)
            note = ", ".join(f"{name} {1e6 * each:.0f} µs" for name, each in cost.items())
            for name, what in (("ours", "default transport"), ("aiohttp", "aiohttp transport")):
                rows.append(
                    Row(f"{what} / httpx's own, {concurrency} calls at once", cost[name] / cost["httpx's"], None, note)
                )
    return rows


async def seconds(http: httpx.AsyncClient, url: str, concurrency: int) -> float:
    """Seconds a call."""
    left = iter(range(CALLS))

    async def work() -> None:
        for _ in left:
            await http.get(url)

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return (time.perf_counter() - start) / CALLS
