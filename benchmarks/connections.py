"""Measurements behind the defaults of the transports: connection limit, idle connections, HTTP/1.1 or HTTP/2."""

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

from benchmarks.ratios import Row, best_measurement_of
from benchmarks.server import server
from sendcloud_integrations_client import PooledTransport
from sendcloud_integrations_client.transports.aiohttp import AiohttpTransport

CALLS = 1000
Measurement = Callable[[], Awaitable[float]]


def measure() -> list[Row]:
    """Return ratios of the seconds per call."""
    with server() as url:
        rows = asyncio.run(measure_connection_limits(f"{url}/empty"))
    with run_tls_server() as (url, context):
        return [*rows, *asyncio.run(measure_idle_connections(url, context)), *asyncio.run(measure_http2(url, context))]


async def measure_connection_limits(url: str) -> list[Row]:
    """Measure 512 concurrent calls with different connection limits."""
    rows: list[Row] = []
    transports = {"default": PooledTransport, "aiohttp": AiohttpTransport}
    async with contextlib.AsyncExitStack() as stack:
        measurements: dict[str, Measurement] = {}
        for name, transport_class in transports.items():
            for limit in (25, 100, 400):
                transport: httpx.AsyncBaseTransport = transport_class(max_connections=limit)
                http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, timeout=60.0))
                measurements[f"{name} {limit}"] = partial(measure_seconds_per_call, http, url, 512)
        cost = await best_measurement_of(measurements, rounds=3)
    for name in transports:
        few, some, many = (cost[f"{name} {limit}"] for limit in (25, 100, 400))
        note = f"25: {1e6 * few:.0f} µs per call, 100: {1e6 * some:.0f}, 400: {1e6 * many:.0f}"
        rows.append(Row(f"512 calls on 400 connections / on 100, {name} transport", many / some, None, note))
    return rows


async def measure_idle_connections(url: str, context: ssl.SSLContext) -> list[Row]:
    """Measure how much a call saves on an existing TLS connection."""
    async with (
        httpx.AsyncClient(transport=PooledTransport(verify=context)) as pooled,
        httpx.AsyncClient(transport=PooledTransport(verify=context, max_keepalive_connections=0)) as unpooled,
    ):
        measurements: dict[str, Measurement] = {
            "existing": partial(measure_seconds_per_call, pooled, url, 1, 200),
            "new": partial(measure_seconds_per_call, unpooled, url, 1, 200),
        }
        cost = await best_measurement_of(measurements, rounds=3)
    note = f"{1e3 * cost['new']:.2f} ms, {1e3 * cost['existing']:.2f} ms, on loopback, without network latency"
    return [Row("a call on a new TLS connection / on an existing one", cost["new"] / cost["existing"], None, note)]


async def measure_http2(url: str, context: ssl.SSLContext) -> list[Row]:
    """Measure the same calls over HTTP/2, on one connection, and over HTTP/1.1."""
    rows: list[Row] = []
    async with (
        httpx.AsyncClient(transport=PooledTransport(verify=context, http2=True), timeout=60.0) as http2_client,
        httpx.AsyncClient(transport=PooledTransport(verify=context), timeout=60.0) as http1_client,
    ):
        assert (await http2_client.get(url)).http_version == "HTTP/2"
        for concurrency in (1, 32):
            measurements: dict[str, Measurement] = {
                "2": partial(measure_seconds_per_call, http2_client, url, concurrency),
                "1.1": partial(measure_seconds_per_call, http1_client, url, concurrency),
            }
            cost = await best_measurement_of(measurements, rounds=3)
            note = f"{1e6 * cost['2']:.0f} and {1e6 * cost['1.1']:.0f} µs per call"
            rows.append(
                Row(
                    f"a call over HTTP/2 / over HTTP/1.1, {concurrency} concurrent", cost["2"] / cost["1.1"], None, note
                )
            )
    return rows


async def measure_seconds_per_call(http: httpx.AsyncClient, url: str, concurrency: int, calls: int = CALLS) -> float:
    remaining = iter(range(calls))

    async def work() -> None:
        for _ in remaining:
            await http.get(url)

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return (time.perf_counter() - start) / calls


@contextlib.contextmanager
def run_tls_server() -> Iterator[tuple[str, ssl.SSLContext]]:
    """Run granian with HTTP/1.1 and HTTP/2 over TLS; yield its URL and an SSL context that trusts its certificate."""
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        private = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
        # granian accepts only PKCS #8 keys.
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-log", "--port", str(port)]
        command += ["--ssl-certificate", str(chain), "--ssl-keyfile", str(key), "benchmarks.tls_app:app"]
        with subprocess.Popen(command) as process:
            try:
                wait_until_listening(port)
                yield f"https://localhost:{port}/", context
            finally:
                process.terminate()


def wait_until_listening(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("granian did not start within 10 seconds")
