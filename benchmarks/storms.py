"""Failures of connection pools after cancelled calls, and their cost per call at increasing concurrency."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from functools import partial

import httpx

from benchmarks.ratios import Row, best_measurement_of
from benchmarks.server import server
from sendcloud_integrations_client import PooledTransport
from sendcloud_integrations_client.transports.aiohttp import AiohttpTransport

CONCURRENCIES = (1, 32, 128)
CALLS = 1_000


def measure() -> list[Row]:
    """Measure failures after a storm of cancellations, and the cost per call without one."""
    with server() as url:
        return [asyncio.run(measure_failures_after_storm(url)), *asyncio.run(measure_cost_per_call(url))]


async def measure_failures_after_storm(url: str) -> Row:
    """Cancel 60 rounds of 50 calls on 20 connections within 30 ms each; then count the failures of 100 calls."""
    failed = {}
    limits = httpx.Limits(max_connections=20)
    transports: dict[str, httpx.AsyncBaseTransport] = {
        "default": PooledTransport(max_connections=20),
        "aiohttp": AiohttpTransport(max_connections=20),
        "httpx": httpx.AsyncHTTPTransport(limits=limits),
    }
    for name, transport in transports.items():
        async with httpx.AsyncClient(transport=transport, timeout=2.0) as http:
            for _ in range(60):
                calls = [asyncio.ensure_future(send_and_cancel(http, url)) for _ in range(50)]
                await asyncio.gather(*calls)
            results = await asyncio.gather(*(http.get(url) for _ in range(100)), return_exceptions=True)
            failed[name] = sum(isinstance(result, BaseException) for result in results)
    note = f"aiohttp transport: {failed['aiohttp']} of 100; httpx's own pool: {failed['httpx']} of 100"
    return Row("failed calls after a storm of cancellations", max(failed["default"], failed["aiohttp"]), 0.0, note)


async def send_and_cancel(http: httpx.AsyncClient, url: str) -> None:
    """Send a call and cancel it after a random time."""
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(random.uniform(0, 0.03)):
            await http.get(url)


async def measure_cost_per_call(url: str) -> list[Row]:
    """Measure the seconds per call on each pool at each concurrency."""
    rows: list[Row] = []
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with (
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(limits=limits)) as httpx_client,
        httpx.AsyncClient(transport=PooledTransport()) as default_client,
        httpx.AsyncClient(transport=AiohttpTransport()) as aiohttp_client,
    ):
        for concurrency in CONCURRENCIES:
            clients = {"httpx": httpx_client, "default": default_client, "aiohttp": aiohttp_client}
            measurements = {
                name: partial(measure_seconds_per_call, http, url, concurrency) for name, http in clients.items()
            }
            cost = await best_measurement_of(measurements, rounds=3)
            note = ", ".join(f"{name} {1e6 * seconds:.0f} µs" for name, seconds in cost.items())
            for name, what in (("default", "default transport"), ("aiohttp", "aiohttp transport")):
                rows.append(
                    Row(f"{what} / httpx's own, {concurrency} concurrent calls", cost[name] / cost["httpx"], None, note)
                )
    return rows


async def measure_seconds_per_call(http: httpx.AsyncClient, url: str, concurrency: int) -> float:
    """Return the seconds per call."""
    remaining = iter(range(CALLS))

    async def work() -> None:
        for _ in remaining:
            await http.get(url)

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return (time.perf_counter() - start) / CALLS
