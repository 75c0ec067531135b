"""The benchmark server: a separate process with pre-rendered responses.

The path selects the response: `/pages/100/...` is a list of 100 pages of logs, `/empty/...` an empty list, and
`/limited/300/...` an empty list with a limit of 300 requests per second; `/limited/300/per/5/...` per 5 seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import re
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import ClassVar, cast
from urllib.parse import quote, unquote_to_bytes

from benchmarks.samples import NEXT_PAGE, PAGE

_EMPTY = b'{"data": []}'
_PAGE_REQUEST = re.compile(rb"GET /pages/(\d+)/[^?]*(?:\?\S*?cursor=([^&\s]+))?")
# Percent-encoded timestamps, like the cursors of Sendcloud.
_CURSORS = [
    quote((datetime(2023, 3, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat(), safe="").encode()
    for number in range(10_001)
]
_PAGE_BY_CURSOR = {unquote_to_bytes(cursor): number for number, cursor in enumerate(_CURSORS)}
_LIMITED_REQUEST = re.compile(rb"GET /limited/(\d+)(?:/per/(\d+))?/")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server; yield its URL, such as `http://127.0.0.1:5000`."""
    receiver, sender = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(sender,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{receiver.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(_ServerProtocol, "127.0.0.1", 0, backlog=2048)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())


@lru_cache(20_000)
def _build_head(length: int, link: bytes = b"", status: bytes = b"200 OK") -> bytes:
    fields = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % length
    return b"HTTP/1.1 %b\r\n%b%b\r\n" % (status, fields, link)


class _ServerProtocol(asyncio.Protocol):
    """Assumes that each request arrives in one piece, and no further request before its response."""

    limited_request_times: ClassVar[deque[float]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        if match := _PAGE_REQUEST.match(data):
            number = _PAGE_BY_CURSOR[unquote_to_bytes(match[2])] if match[2] else 1
            link = b""
            if number < int(match[1]):
                path = b"http://%b/pages/%b" % (self._parse_host(data), match[1])
                link = b'Link: <%b/integrations/logs?cursor=%b&page_size=100>; rel="next"\r\n' % (
                    path,
                    _CURSORS[number + 1],
                )
            page = NEXT_PAGE if number % 2 else PAGE  # no record on two consecutive pages
            self.transport.writelines([_build_head(len(page), link), page])
        elif match := _LIMITED_REQUEST.match(data):
            self._respond_within_limit(int(match[1]), int(match[2] or 1))
        else:
            self.transport.write(_build_head(len(_EMPTY)) + _EMPTY)

    def _respond_within_limit(self, limit: int, seconds: int) -> None:
        now, times = time.monotonic(), self.limited_request_times
        while times and times[0] <= now - seconds:
            times.popleft()
        if len(times) >= limit:
            self.transport.write(_build_head(2, b"Retry-After: 1\r\n", b"429 Too Many Requests") + b"{}")
        else:
            times.append(now)
            self.transport.write(_build_head(len(_EMPTY)) + _EMPTY)

    @staticmethod
    def _parse_host(data: bytes) -> bytes:
        return data.lower().partition(b"\r\nhost:")[2].partition(b"\r\n")[0].strip()
