"""Walks over pages of 100 logs: one, 128 at once, and how the cost of a page grows with their number."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable

import httpx

from benchmarks import peers
from benchmarks.ratios import Row, rounds_of
from benchmarks.samples import RECORDS
from benchmarks.server import server

ONE = 100  # pages
MANY = 6  # pages of each of many walks
CLIFF = 1536  # pages of all walks together


def measure() -> list[Row]:
    """Ratios of the cost of a page, everything else being equal."""
    with server() as url:
        return [*asyncio.run(one(url)), *asyncio.run(many(url)), *asyncio.run(cliff(url))]


async def one(url: str) -> list[Row]:
    base = f"{url}/pages/{ONE}"
    async with contextlib.AsyncExitStack() as stack:
        walks = {
            "httpx": await stack.enter_async_context(peers.untyped_httpx(base)),
            "httpx-aiohttp": await stack.enter_async_context(peers.untyped_httpx_aiohttp(base)),
            "aiohttp": await stack.enter_async_context(peers.untyped_aiohttp(base)),
            "generated": await stack.enter_async_context(peers.as_generated(base)),
            "ours": await stack.enter_async_context(peers.ours(base)),
            "ours, aiohttp": await stack.enter_async_context(peers.ours(base, "aiohttp")),
        }
        cost = await rounds_of({name: timed(walk, ONE, 1, time.perf_counter) for name, walk in walks.items()}, rounds=9)
    micros = {name: f"{1e6 * seconds / RECORDS:.1f} µs a record" for name, seconds in cost.items()}
    base_note = f"; httpx {micros['httpx']}, aiohttp + orjson {micros['aiohttp']}"
    return [
        Row("one typed walk / untyped httpx + json", cost["ours"] / cost["httpx"], 1.0, micros["ours"] + base_note),
        Row(
            "one typed walk, aiohttp transport / untyped httpx + json",
            cost["ours, aiohttp"] / cost["httpx"],
            0.7,
            micros["ours, aiohttp"],
        ),
        Row(
            "one typed walk, aiohttp transport / untyped httpx-aiohttp + orjson",
            cost["ours, aiohttp"] / cost["httpx-aiohttp"],
            None,
            f"httpx-aiohttp {micros['httpx-aiohttp']}",
        ),
        Row(
            "one typed walk / openapi-python-client as generated",
            cost["ours"] / cost["generated"],
            None,
            f"as generated {micros['generated']}",
        ),
    ]


async def many(url: str) -> list[Row]:
    base = f"{url}/pages/{MANY}"
    async with contextlib.AsyncExitStack() as stack:
        walks = {
            "httpx": await stack.enter_async_context(peers.untyped_httpx(base)),
            "httpx2": await stack.enter_async_context(peers.untyped_httpx2(base)),
            "httpx-aiohttp": await stack.enter_async_context(peers.untyped_httpx_aiohttp(base)),
            "aiohttp": await stack.enter_async_context(peers.untyped_aiohttp(base)),
            "ours": await stack.enter_async_context(peers.ours(base)),
            "ours, aiohttp": await stack.enter_async_context(peers.ours(base, "aiohttp")),
            "ours, httpx's pool": await stack.enter_async_context(
                peers.ours(base, httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=200)))
            ),
        }
        cost = await rounds_of({name: timed(walk, MANY, 128) for name, walk in walks.items()}, rounds=5)
    alone = min(served_alone(base) for _ in range(5))
    millis = {name: f"{1e3 * seconds:.2f} ms a page" for name, seconds in cost.items()}
    return [
        Row(
            "128 typed walks / 128 untyped httpx + json",
            cost["ours"] / cost["httpx"],
            0.4,
            f"{millis['ours']}; httpx {millis['httpx']}, httpx2 {millis['httpx2']}",
        ),
        Row(
            "128 typed walks, aiohttp transport / 128 untyped httpx + json",
            cost["ours, aiohttp"] / cost["httpx"],
            0.22,
            millis["ours, aiohttp"],
        ),
        Row(
            "128 typed walks, aiohttp transport / untyped httpx-aiohttp + orjson",
            cost["ours, aiohttp"] / cost["httpx-aiohttp"],
            1.35,
            f"httpx-aiohttp {millis['httpx-aiohttp']}, aiohttp {millis['aiohttp']}",
        ),
        Row(
            "a page from the server, read and dropped / the fastest peer's page",
            alone / cost["aiohttp"],
            1.0,
            f"{1e3 * alone:.2f} ms: the server is not what limits",
        ),
        Row(
            "128 typed walks on httpx's own pool / on the default transport",
            cost["ours, httpx's pool"] / cost["ours"],
            None,
            millis["ours, httpx's pool"],
        ),
    ]


def served_alone(base: str, pages: int = 300) -> float:
    """Seconds that the server takes for a page, one after the other, by a client that does nothing with it."""
    address = httpx.URL(base)
    request = f"GET {address.path}/integrations/logs HTTP/1.1\r\nHost: {address.netloc.decode()}\r\n\r\n".encode()
    with socket.create_connection((address.host, address.port or 80)) as connection:
        start = time.perf_counter()
        for _ in range(pages):
            connection.sendall(request)
            got = connection.recv(1 << 18)
            head = got.index(b"\r\n\r\n") + 4
            left = int(got[:head].lower().partition(b"content-length:")[2].split()[0]) + head - len(got)
            while left > 0:
                left -= len(connection.recv(1 << 18))
        return (time.perf_counter() - start) / pages


async def cliff(url: str) -> list[Row]:
    """The same number of pages by 16 and by 512 walks."""
    rows: list[Row] = []
    async with contextlib.AsyncExitStack() as stack:
        ways: dict[str, Callable[[], Awaitable[float]]] = {}
        for name, transport in {"aiohttp transport": "aiohttp", "default transport": "httpcore2"}.items():
            for walks in (16, 512):
                pages = CLIFF // walks
                walk = await stack.enter_async_context(peers.ours(f"{url}/pages/{pages}", transport))  # type: ignore[arg-type]
                ways[f"{name} {walks}"] = timed(walk, pages, walks)
        cost = await rounds_of(ways, rounds=4)
    for name, target in (("aiohttp transport", 1.15), ("default transport", 1.5)):
        few, lots = cost[f"{name} 16"], cost[f"{name} 512"]
        note = f"{1e3 * few:.2f} and {1e3 * lots:.2f} ms a page"
        rows.append(Row(f"a page of 512 walks / of 16 walks, {name}", lots / few, target, note))
    return rows


def timed(
    walk: peers.Walk, pages: int, walks: int, clock: Callable[[], float] = time.process_time
) -> Callable[[], Awaitable[float]]:
    """Gives the seconds a page of so many walks at once; the first time is not timed, for it makes the connections.

    Many walks keep one processor busy all the time, so its own time is counted, to which other work on the machine adds
    little; of a single walk it is the time that passes.
    """
    warm = False

    async def run() -> float:
        nonlocal warm
        if not warm:
            warm = True
            await run()
        start = clock()
        records = await peers.many(walk, walks)
        seconds = clock() - start
        assert records == walks * pages * RECORDS
        return seconds / pages / walks

    return run
