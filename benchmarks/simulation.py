"""Pages per second that the simulated Sendcloud serves on one core, over TCP connections.

    python -m benchmarks.simulation

The server runs in a separate process, pinned to one core if the system supports it. The load generator runs on the
other cores, follows the links from page to page, and parses only the head of each response.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import os
import re
import resource
import subprocess
import sys
import time

CONNECTIONS = 32
SECONDS = 4.0
PAGE_SIZE = 25


class _LoadConnection(asyncio.Protocol):
    """Requests the next page as soon as the previous one is complete."""

    responses = 0

    def __init__(self, path: bytes) -> None:
        self._path = path
        self._buffer = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._request(b"")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        assert self._buffer.startswith(b"HTTP/1.1 200"), bytes(self._buffer[:head])
        length = re.search(rb"content-length: (\d+)", self._buffer)
        query = re.search(rb"\?([^>]*)>; rel=\"next\"", self._buffer)
        assert length is not None
        if len(self._buffer) >= head + 4 + int(length[1]):
            self._buffer.clear()
            self.responses += 1
            self._request(b"&" + query[1] if query else b"")

    def _request(self, query: bytes) -> None:
        assert self.transport is not None
        self.transport.write(
            b"GET %b?page_size=%d%b HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic %b\r\n\r\n"
            % (self._path, PAGE_SIZE, query, base64.b64encode(b"public:secret"))
        )


async def _measure_rate(port: int) -> float:
    loop = asyncio.get_running_loop()
    connections: list[_LoadConnection] = []
    for number in range(CONNECTIONS):
        build = functools.partial(_LoadConnection, b"/api/v3/integrations/%d/logs" % (number + 1))
        _, connection = await loop.create_connection(build, "127.0.0.1", port)
        connections.append(connection)
    await asyncio.sleep(0.5)
    start, before = time.perf_counter(), sum(connection.responses for connection in connections)
    await asyncio.sleep(SECONDS)
    rate = (sum(connection.responses for connection in connections) - before) / (time.perf_counter() - start)
    for connection in connections:
        assert connection.transport is not None
        connection.transport.abort()
    return rate


def measure_pages_per_second() -> tuple[float, float]:
    """Return pages per elapsed second, and pages per CPU second of the server."""
    command = [sys.executable, "-m", "sendcloud_integrations_client.testing", "--logs", "1000000"]
    # Each connection reads its own integration, so that no request is served from the cache of pages.
    command += ["--integrations", str(CONNECTIONS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            if sys.platform == "linux" and (cores := os.sched_getaffinity(0)) and len(cores) > 1:
                os.sched_setaffinity(server.pid, {max(cores)})
                os.sched_setaffinity(0, cores - {max(cores)})
            assert server.stdout is not None
            port = re.search(r":(\d+)/", server.stdout.readline())
            assert port is not None
            rate = asyncio.run(_measure_rate(int(port[1])))
        finally:
            server.terminate()
            server.wait()
    # The server is the only child process; its CPU time is known once it has ended.
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return rate, rate * (SECONDS + 0.5) / (usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    rate, cpu_rate = measure_pages_per_second()
    print(f"pages of {PAGE_SIZE} logs per second on one core: {rate:,.0f} (per CPU second: {cpu_rate:,.0f})")
