"""The measurements behind the transports' defaults: how many connections, kept for how long, HTTP/1.1 or HTTP/2."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.ratios import Row, rounds_of
from benchmarks.server import server
from sendcloud_integrations_client import PooledTransport
from sendcloud_integrations_client.aiohttp_transport import AiohttpTransport

CALLS = 1000
Way = Callable[[], Awaitable[float]]


def measure() -> list[Row]:
    """Seconds a call, everything else being equal."""
    with server() as url:
        rows = asyncio.run(limits(f"{url}/empty"))
    with tls_server() as (url, context):
        return [*rows, *asyncio.run(kept(url, context)), *asyncio.run(http2(url, context))]


async def limits(url: str) -> list[Row]:
    """512 calls at once on as many connections as are allowed."""
    rows: list[Row] = []
    kinds = {"default": PooledTransport, "aiohttp": AiohttpTransport}
    async with contextlib.AsyncExitStack() as stack:
        ways: dict[str, Way] = {}
        for name, kind in kinds.items():
            for allowed in (25, 100, 400):
                transport: httpx.AsyncBaseTransport = kind(max_connections=allowed)
                http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, timeout=60.0))
                ways[f"{name} {allowed}"] = partial(seconds, http, url, 512)
        cost = await rounds_of(ways, rounds=3)
    for name in kinds:
        few, some, many = (cost[f"{name} {allowed}"] for allowed in (25, 100, 400))
        note = f"25: {1e6 * few:.0f} µs a call, 100: {1e6 * some:.0f}, 400: {1e6 * many:.0f}"
        rows.append(Row(f"512 calls on 400 connections / on 100, {name} transport", many / some, None, note))
    return rows


async def kept(url: str, context: ssl.SSLContext) -> list[Row]:
    """What a call saves that finds a connection."""
    async with (
        httpx.AsyncClient(transport=PooledTransport(verify=context)) as keeping,
        httpx.AsyncClient(transport=PooledTransport(verify=context, max_keepalive_connections=0)) as closing,
    ):
        ways: dict[str, Way] = {
            "kept": partial(seconds, keeping, url, 1, 200),
            "new": partial(seconds, closing, url, 1, 200),
        }
        cost = await rounds_of(ways, rounds=3)
    note = f"{1e3 * cost['new']:.2f} ms, {1e3 * cost['kept']:.2f} ms, on loopback, where a round trip takes no time"
    return [Row("a call on a new TLS connection / on a kept one", cost["new"] / cost["kept"], None, note)]


async def http2(url: str, context: ssl.SSLContext) -> list[Row]:
    """The same calls over HTTP/2, on one connection, and over HTTP/1.1."""
    rows: list[Row] = []
    async with (
        httpx.AsyncClient(transport=PooledTransport(verify=context, http2=True), timeout=60.0) as two,
        httpx.AsyncClient(transport=PooledTransport(verify=context), timeout=60.0) as one,
    ):
        assert (await two.get(url)).http_version == "HTTP/2"
        for concurrency in (1, 32):
            ways: dict[str, Way] = {
                "2": partial(seconds, two, url, concurrency),
                "1.1": partial(seconds, one, url, concurrency),
            }
            cost = await rounds_of(ways, rounds=3)
            note = f"{1e6 * cost['2']:.0f} and {1e6 * cost['1.1']:.0f} µs a call"
            rows.append(
                Row(f"a call over HTTP/2 / over HTTP/1.1, {concurrency} at once", cost["2"] / cost["1.1"], None, note)
            )
    return rows


async def seconds(http: httpx.AsyncClient, url: str, concurrency: int, calls: int = CALLS) -> float:
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await http.get(url)

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return (time.perf_counter() - start) / calls


@contextlib.contextmanager
def tls_server() -> Iterator[tuple[str, ssl.SSLContext]]:
    """granian, which speaks HTTP/1.1 and HTTP/2 over TLS, and who trusts its certificate."""
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        private = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
        # granian takes no other form of key.
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-log", "--port", str(port)]
        command += ["--ssl-certificate", str(chain), "--ssl-keyfile", str(key), "benchmarks.tls_app:app"]
        with subprocess.Popen(command) as process:
            try:
                until_it_listens(port)
                yield f"https://localhost:{port}/", context
            finally:
                process.terminate()


def until_it_listens(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("granian does not listen")
