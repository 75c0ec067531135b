"""Whether a pool survives cancelled calls, and what a call costs at rising concurrency: ours, and httpx's own."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import random
import time
from collections.abc import Iterator

import httpx

from benchmarks.ratios import Row
from sendcloud_integrations_client.transport import PooledTransport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n" + b'{"data": []}'
CONCURRENCIES = (1, 32, 128)
CALLS = 2_000


def measure() -> list[Row]:
    """The server is a process of its own, and its answer is rendered once."""
    with server() as url:
        rows = [asyncio.run(storm(url))]
        for concurrency in CONCURRENCIES:
            own = min(
                asyncio.run(seconds(httpx.AsyncHTTPTransport(limits=limits()), url, concurrency)) for _ in range(3)
            )
            ours = min(asyncio.run(seconds(PooledTransport(), url, concurrency)) for _ in range(3))
            what = f"our transport / httpx's own, {concurrency} calls at once"
            rows.append(
                Row(what, ours / own, None, f"{1e6 * ours / CALLS:.0f} µs a call, httpx's {1e6 * own / CALLS:.0f}")
            )
    return rows


async def storm(url: str) -> Row:
    """60 rounds of 50 calls on 20 connections, each given up within 30 ms; then 100 calls: the share that fails."""
    failed = {}
    few = httpx.Limits(max_connections=20)
    for name, transport in {
        "ours": PooledTransport(max_connections=20),
        "httpx": httpx.AsyncHTTPTransport(limits=few),
    }.items():
        async with httpx.AsyncClient(transport=transport, timeout=2.0) as http:
            for _ in range(60):
                calls = [asyncio.ensure_future(give_up(http, url)) for _ in range(50)]
                await asyncio.gather(*calls)
            results = await asyncio.gather(*(http.get(url) for _ in range(100)), return_exceptions=True)
            failed[name] = sum(isinstance(result, BaseException) for result in results)
    note = f"httpx's own pool: {failed['httpx']} of 100 fail"
    return Row("calls that fail after a storm of cancellations", failed["ours"] / 100, 0.0, note)


async def give_up(http: httpx.AsyncClient, url: str) -> None:
    """A call that is given up at a moment of its own."""
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(random.uniform(0, 0.03)):
            await http.get(url)


async def seconds(transport: httpx.AsyncBaseTransport, url: str, concurrency: int) -> float:
    """Seconds for all calls, by so many tasks."""
    left = iter(range(CALLS))

    async def work(http: httpx.AsyncClient) -> None:
        for _ in left:
            await http.get(url)

    async with httpx.AsyncClient(transport=transport) as http:
        await asyncio.gather(*(work(http) for _ in range(concurrency)))
        left = iter(range(CALLS))
        start = time.perf_counter()
        await asyncio.gather(*(work(http) for _ in range(concurrency)))
        return time.perf_counter() - start


def limits() -> httpx.Limits:
    """As many connections as ours has by default."""
    return httpx.Limits(max_connections=200, max_keepalive_connections=200)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A server in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        process.terminate()
        process.join()


def serve(pipe: object) -> None:
    """Answer whatever comes until the process is ended."""

    async def main() -> None:
        listening = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=1024)
        pipe.send(listening.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
        await listening.serve_forever()

    asyncio.run(main())


class Answering(asyncio.Protocol):
    """One answer for each request; requests come whole, one at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self.transport.write(ANSWER)
