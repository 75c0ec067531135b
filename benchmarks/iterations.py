"""Iterations over pages of 100 logs: one, 128 concurrently, and the cost per page as their number grows."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable

import httpx

from benchmarks import peers
from benchmarks.ratios import Row, best_measurement_of
from benchmarks.samples import RECORDS
from benchmarks.server import server

PAGES_OF_ONE = 100
PAGES_PER_CONCURRENT_ITERATION = 6
TOTAL_PAGES_FOR_SCALING = 1536


def measure() -> list[Row]:
    """Return ratios of the cost per page."""
    with server() as url:
        return [
            *asyncio.run(measure_one(url)),
            *asyncio.run(measure_concurrent(url)),
            *asyncio.run(measure_scaling(url)),
        ]


async def measure_one(url: str) -> list[Row]:
    base = f"{url}/pages/{PAGES_OF_ONE}"
    async with contextlib.AsyncExitStack() as stack:
        readers = {
            "httpx": await stack.enter_async_context(peers.untyped_httpx(base)),
            "httpx-aiohttp": await stack.enter_async_context(peers.untyped_httpx_aiohttp(base)),
            "aiohttp": await stack.enter_async_context(peers.untyped_aiohttp(base)),
            "generated": await stack.enter_async_context(peers.generated_client(base)),
            "client": await stack.enter_async_context(peers.this_client(base)),
            "client, aiohttp": await stack.enter_async_context(peers.this_client(base, "aiohttp")),
        }
        cost = await best_measurement_of(
            {
                name: build_measurement(read_all, PAGES_OF_ONE, 1, time.perf_counter)
                for name, read_all in readers.items()
            },
            rounds=9,
        )
    micros = {name: f"{1e6 * seconds / RECORDS:.1f} µs per record" for name, seconds in cost.items()}
    base_note = f"; httpx {micros['httpx']}, aiohttp + orjson {micros['aiohttp']}"
    return [
        Row(
            "one typed iteration / untyped httpx + json",
            cost["client"] / cost["httpx"],
            1.0,
            micros["client"] + base_note,
        ),
        Row(
            "one typed iteration, aiohttp transport / untyped httpx + json",
            cost["client, aiohttp"] / cost["httpx"],
            0.7,
            micros["client, aiohttp"],
        ),
        Row(
            "one typed iteration, aiohttp transport / untyped httpx-aiohttp + orjson",
            cost["client, aiohttp"] / cost["httpx-aiohttp"],
            None,
            f"httpx-aiohttp {micros['httpx-aiohttp']}",
        ),
        Row(
            "one typed iteration / openapi-python-client as generated",
            cost["client"] / cost["generated"],
            None,
            f"as generated {micros['generated']}",
        ),
    ]


async def measure_concurrent(url: str) -> list[Row]:
    base = f"{url}/pages/{PAGES_PER_CONCURRENT_ITERATION}"
    async with contextlib.AsyncExitStack() as stack:
        readers = {
            "httpx": await stack.enter_async_context(peers.untyped_httpx(base)),
            "httpx2": await stack.enter_async_context(peers.untyped_httpx2(base)),
            "httpx-aiohttp": await stack.enter_async_context(peers.untyped_httpx_aiohttp(base)),
            "aiohttp": await stack.enter_async_context(peers.untyped_aiohttp(base)),
            "client": await stack.enter_async_context(peers.this_client(base)),
            "client, aiohttp": await stack.enter_async_context(peers.this_client(base, "aiohttp")),
            "client, httpx's pool": await stack.enter_async_context(
                peers.this_client(base, httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=200)))
            ),
        }
        cost = await best_measurement_of(
            {
                name: build_measurement(read_all, PAGES_PER_CONCURRENT_ITERATION, 128)
                for name, read_all in readers.items()
            },
            rounds=5,
        )
    server_cost = min(measure_server(base) for _ in range(5))
    millis = {name: f"{1e3 * seconds:.2f} ms per page" for name, seconds in cost.items()}
    return [
        Row(
            "128 typed iterations / 128 untyped httpx + json",
            cost["client"] / cost["httpx"],
            0.4,
            f"{millis['client']}; httpx {millis['httpx']}, httpx2 {millis['httpx2']}",
        ),
        Row(
            "128 typed iterations, aiohttp transport / 128 untyped httpx + json",
            cost["client, aiohttp"] / cost["httpx"],
            0.22,
            millis["client, aiohttp"],
        ),
        Row(
            "128 typed iterations, aiohttp transport / untyped httpx-aiohttp + orjson",
            cost["client, aiohttp"] / cost["httpx-aiohttp"],
            1.35,
            f"httpx-aiohttp {millis['httpx-aiohttp']}, aiohttp {millis['aiohttp']}",
        ),
        Row(
            "a page from the server, not decoded / the fastest peer's page",
            server_cost / cost["aiohttp"],
            1.0,
            f"{1e3 * server_cost:.2f} ms: the server is not the bottleneck",
        ),
        Row(
            "128 typed iterations on httpx's own pool / on the default transport",
            cost["client, httpx's pool"] / cost["client"],
            None,
            millis["client, httpx's pool"],
        ),
    ]


def measure_server(base: str, pages: int = 300) -> float:
    """Return the seconds per page that the server takes, with sequential requests that discard the responses."""
    url = httpx.URL(base)
    request = f"GET {url.path}/integrations/logs HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n\r\n".encode()
    with socket.create_connection((url.host, url.port or 80)) as connection:
        start = time.perf_counter()
        for _ in range(pages):
            connection.sendall(request)
            received = connection.recv(1 << 18)
            head = received.index(b"\r\n\r\n") + 4
            missing = int(received[:head].lower().partition(b"content-length:")[2].split()[0]) + head - len(received)
            while missing > 0:
                missing -= len(connection.recv(1 << 18))
        return (time.perf_counter() - start) / pages


async def measure_scaling(url: str) -> list[Row]:
    """Read the same total number of pages with 16 and with 512 concurrent iterations."""
    rows: list[Row] = []
    async with contextlib.AsyncExitStack() as stack:
        measurements: dict[str, Callable[[], Awaitable[float]]] = {}
        for name, transport in {"aiohttp transport": "aiohttp", "default transport": "httpcore2"}.items():
            for iterations in (16, 512):
                pages = TOTAL_PAGES_FOR_SCALING // iterations
                read_all = await stack.enter_async_context(peers.this_client(f"{url}/pages/{pages}", transport))  # type: ignore[arg-type]
                measurements[f"{name} {iterations}"] = build_measurement(read_all, pages, iterations)
        cost = await best_measurement_of(measurements, rounds=4)
    for name, target in (("aiohttp transport", 1.15), ("default transport", 1.5)):
        cost_of_16, cost_of_512 = cost[f"{name} 16"], cost[f"{name} 512"]
        note = f"{1e3 * cost_of_16:.2f} and {1e3 * cost_of_512:.2f} ms per page"
        rows.append(Row(f"CPU per page with 512 iterations / with 16, {name}", cost_of_512 / cost_of_16, target, note))
    return rows


def build_measurement(
    read_all: peers.ReadAll, pages: int, iterations: int, clock: Callable[[], float] = time.process_time
) -> Callable[[], Awaitable[float]]:
    """Return a function that measures the seconds per page of several concurrent iterations.

    Its first call includes an untimed run that opens the connections. Concurrent iterations keep one CPU busy, so they
    are measured in CPU time, which other work on the machine affects little. A single iteration is measured in elapsed
    time.
    """
    connected = False

    async def run() -> float:
        nonlocal connected
        if not connected:
            connected = True
            await run()
        start = clock()
        records = await peers.read_concurrently(read_all, iterations)
        seconds = clock() - start
        assert records == iterations * pages * RECORDS
        return seconds / pages / iterations

    return run
