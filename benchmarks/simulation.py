"""How many pages a second the simulated Sendcloud serves on one core, over real connections.

    python -m benchmarks.simulation

The server runs as users run it, in a process that is held to one core where the system can do that; what asks it runs
on the others, follows the links from page to page, and reads no more of an answer than its head.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import resource
import subprocess
import sys
import time

CONNECTIONS = 32
SECONDS = 4.0
PAGE_SIZE = 25


class _Asker(asyncio.Protocol):
    """Asks for the next page as soon as the one before is in."""

    answers = 0

    def __init__(self, path: bytes) -> None:
        self._path = path
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask(b"")

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
            self.answers += 1
            self._ask(b"&" + query[1] if query else b"")

    def _ask(self, query: bytes) -> None:
        assert self._transport is not None
        self._transport.write(
            b"GET %b?page_size=%d%b HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic %b\r\n\r\n"
            % (self._path, PAGE_SIZE, query, base64.b64encode(b"public:secret"))
        )


async def _rate(port: int) -> float:
    loop = asyncio.get_running_loop()
    askers = [_Asker(b"/api/v3/integrations/%d/logs" % (number + 1)) for number in range(CONNECTIONS)]
    for asker in askers:
        await loop.create_connection(lambda asker=asker: asker, "127.0.0.1", port)
    await asyncio.sleep(0.5)
    start, before = time.perf_counter(), sum(asker.answers for asker in askers)
    await asyncio.sleep(SECONDS)
    rate = (sum(asker.answers for asker in askers) - before) / (time.perf_counter() - start)
    for asker in askers:
        assert asker._transport is not None
        asker._transport.abort()
    return rate


def pages_per_second() -> tuple[float, float]:
    """Pages a second of the wall's clock, and of the server's CPU."""
    command = [sys.executable, "-m", "sendcloud_integrations_client.testing", "--logs", "1000000"]
    # Each connection walks through an integration of its own: no page is asked for twice while it is remembered.
    command += ["--integrations", str(CONNECTIONS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            if sys.platform == "linux" and (cores := os.sched_getaffinity(0)) and len(cores) > 1:
                os.sched_setaffinity(server.pid, {max(cores)})
                os.sched_setaffinity(0, cores - {max(cores)})
            assert server.stdout is not None
            port = re.search(r":(\d+)/", server.stdout.readline())
            assert port is not None
            rate = asyncio.run(_rate(int(port[1])))
        finally:
            server.terminate()
            server.wait()
    # The server is this process's only child, and its time is counted when it has ended.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return rate, rate * (SECONDS + 0.5) / (used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    rate, of_cpu = pages_per_second()
    print(f"pages of {PAGE_SIZE} logs a second on one core: {rate:,.0f} (a second of CPU: {of_cpu:,.0f})")
