"""The server that is measured against: a process of its own, its answers rendered once.

What it answers stands in the path. `/pages/100/...` is a walk of so many pages of logs, `/empty/...` an empty list, and
`/limited/300/...` the same as long as no more than 300 requests come in any second.
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
_PAGE_OF = re.compile(rb"GET /pages/(\d+)/[^?]*(?:\?\S*?cursor=([^&\s]+))?")
# As Sendcloud's: timestamps, escaped.
_CURSORS = [
    quote((datetime(2023, 3, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat(), safe="").encode()
    for number in range(10_001)
]
_NUMBERS = {unquote_to_bytes(cursor): number for number, cursor in enumerate(_CURSORS)}
_LIMITED = re.compile(rb"GET /limited/(\d+)/")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The address of a new one, such as `http://127.0.0.1:5000`."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection) -> None:
    async def main() -> None:
        listening = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0, backlog=2048)
        pipe.send(listening.sockets[0].getsockname()[1])
        await listening.serve_forever()

    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())


@lru_cache(20_000)
def _head(length: int, link: bytes = b"", status: bytes = b"200 OK") -> bytes:
    fields = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % length
    return b"HTTP/1.1 %b\r\n%b%b\r\n" % (status, fields, link)


class _Answering(asyncio.Protocol):
    """Requests come whole, one at a time on a connection."""

    limited: ClassVar[deque[float]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        if asked := _PAGE_OF.match(data):
            number = _NUMBERS[unquote_to_bytes(asked[2])] if asked[2] else 1
            link = b""
            if number < int(asked[1]):
                path = b"http://%b/pages/%b" % (self._host(data), asked[1])
                link = b'Link: <%b/integrations/logs?cursor=%b&page_size=100>; rel="next"\r\n' % (
                    path,
                    _CURSORS[number + 1],
                )
            page = NEXT_PAGE if number % 2 else PAGE  # no record on two pages, one after the other
            self.transport.writelines([_head(len(page), link), page])
        elif limited := _LIMITED.match(data):
            self._answer_within(int(limited[1]))
        else:
            self.transport.write(_head(len(_EMPTY)) + _EMPTY)

    def _answer_within(self, limit: int) -> None:
        now, seen = time.monotonic(), self.limited
        while seen and seen[0] <= now - 1.0:
            seen.popleft()
        if len(seen) >= limit:
            self.transport.write(_head(2, b"Retry-After: 1\r\n", b"429 Too Many Requests") + b"{}")
        else:
            seen.append(now)
            self.transport.write(_head(len(_EMPTY)) + _EMPTY)

    @staticmethod
    def _host(data: bytes) -> bytes:
        return data.lower().partition(b"\r\nhost:")[2].partition(b"\r\n")[0].strip()
