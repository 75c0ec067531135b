"""Cursor pagination: `await` a `Paginator` for one page, `async for` for every record, `.pages()` for pages.

A cursor is taken from the `Link` header (RFC 8288) unchanged and never parsed. The host and path of the link are not
used. The next page is requested as soon as the headers of the current one have arrived, while its body is still
downloading. At most three pages are prefetched, however slow the consumer is.
"""

from __future__ import annotations

import asyncio
import re
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import unquote

import attrs
import httpx

from sendcloud_integrations_client.errors import ResponseDecodeError

__all__ = ["FetchedPage", "Page", "Paginator", "parse_next_cursor"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_PREFETCH_PAGES: Final = 3


class FetchedPage(Protocol[T_co]):
    """A page whose body has arrived."""

    @property
    def parsed(self) -> Sequence[T_co]:
        """Its records. Decoded when the consumer takes the page; until then the page may be bytes."""
        ...


Fetch = Callable[[str | None, Callable[[httpx.Headers], None]], Awaitable[FetchedPage[T]]]
"""Fetches the page at a cursor; calls back with its headers before its body is read."""


@attrs.frozen
class Page(Generic[T]):
    """One page of records.

    Attributes:
        data: The records, in the server's order.
        cursor: Cursor of this page; None is the first page.
        next_cursor: Cursor of the next page; None on the last page. Store it to continue later from there.
    """

    data: list[T]
    cursor: str | None
    next_cursor: str | None

    @property
    def has_next(self) -> bool:
        """Whether there is a next page."""
        return self.next_cursor is not None

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[T]:
        return iter(self.data)


class Paginator(Generic[T]):
    """A paginated list. Nothing is sent until it is awaited or iterated; each iteration starts from the beginning.

    Example:
        page = await client.logs.list(page_size=100)          # one page
        async for log in client.logs.list(): ...               # every record of every page
        async for page in client.logs.list(cursor=saved).pages(): ...  # pages, from a stored cursor
    """

    def __init__(self, fetch: Fetch[T], *, cursor: str | None = None) -> None:
        self._fetch = fetch
        self._cursor = cursor

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self._get_page(self._cursor).__await__()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterate_records()

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Iterate over the pages; the next ones are prefetched meanwhile.

        Records that the previous page contained as well (same id) are dropped. If the iteration ends early, requests in
        flight are cancelled.

        Raises:
            ResponseDecodeError: If a cursor repeats, so that the iteration would never end.
            SendcloudError: If the operation fails.
        """
        prefetched: deque[asyncio.Task[_PendingPage[T]]] = deque()
        next_cursors: list[str] = []
        seen = _SeenCursors()
        seen.add(self._cursor)
        previous_ids: set[object] = set()

        def start(cursor: str | None) -> None:
            prefetched.append(asyncio.ensure_future(self._fetch_page(cursor, schedule_next)))

        def schedule_next(cursor: str) -> None:
            if not seen.add(cursor):
                return
            if len(prefetched) < _PREFETCH_PAGES:
                start(cursor)
            else:
                next_cursors.append(cursor)

        try:
            start(self._cursor)
            while prefetched:
                pending = await prefetched[0]
                prefetched.popleft()
                if next_cursors:
                    start(next_cursors.pop())
                page = pending.decode()
                ids: set[object] = {getattr(record, "id", None) for record in page.data}
                ids.discard(None)
                if not previous_ids.isdisjoint(ids):
                    fresh = [record for record in page.data if getattr(record, "id", None) not in previous_ids]
                    page = attrs.evolve(page, data=fresh)
                    del fresh
                previous_ids = ids
                cursor, next_cursor = page.cursor, page.next_cursor
                last = [page]
                del pending, page  # otherwise each of many concurrent iterations keeps two pages while it waits
                yield last.pop()
                if next_cursor is not None and not prefetched:
                    raise ResponseDecodeError(
                        f"the page at cursor {cursor} links to {next_cursor}, which was read before; the iteration "
                        "would never end",
                        field="Link",
                        page_cursor=cursor,
                    )
        finally:
            for task in prefetched:
                task.cancel()
            await asyncio.gather(*prefetched, return_exceptions=True)

    async def _iterate_records(self) -> AsyncGenerator[T, None]:
        pages = self.pages()
        try:
            async for page in pages:
                records = deque(page.data)
                del page  # so that each record is freed as soon as the consumer drops it
                while records:
                    yield records.popleft()
        finally:
            await pages.aclose()

    async def _get_page(self, cursor: str | None) -> Page[T]:
        return (await self._fetch_page(cursor)).decode()

    async def _fetch_page(
        self, cursor: str | None, schedule_next: Callable[[str], None] | None = None
    ) -> _PendingPage[T]:
        next_cursor: str | None = None

        def on_headers(headers: httpx.Headers) -> None:
            nonlocal next_cursor
            next_cursor = parse_next_cursor(headers)
            if next_cursor is not None and schedule_next is not None:
                schedule_next(next_cursor)

        return _PendingPage(await self._fetch(cursor, on_headers), cursor, next_cursor)


class _SeenCursors:
    """The cursors of an iteration as 64-bit hashes, to bound memory: an iteration can have a hundred thousand."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, cursor: str | None) -> bool:
        """Add a cursor; return False if it was added before."""
        key = hash(cursor)
        index = bisect_left(self._hashes, key)
        if index < len(self._hashes) and self._hashes[index] == key:
            return False
        self._hashes.insert(index, key)
        return True


@attrs.frozen
class _PendingPage(Generic[T]):
    """A page that the consumer has not taken yet.

    It stays undecoded: the records of a few hundred pages would slow down Python's garbage collector.
    """

    fetched: FetchedPage[T]
    cursor: str | None
    next_cursor: str | None

    def decode(self) -> Page[T]:
        data = self.fetched.parsed
        return Page(data if isinstance(data, list) else list(data), self.cursor, self.next_cursor)


def parse_next_cursor(headers: httpx.Headers) -> str | None:
    """Return the cursor of the next page, unchanged.

    Args:
        headers: Response headers; several `Link` headers count as one.

    Returns:
        The cursor; None on the last page.

    Raises:
        ResponseDecodeError: If there is a link to a next page without a cursor.
    """
    for target, parameters in _parse_links(headers.get("link", "")):
        if "next" in parameters.get("rel", "").lower().split():
            for part in target.partition("#")[0].partition("?")[2].split("&"):
                name, _, value = part.partition("=")
                if name == "cursor" and value:
                    # Not unquote_plus: an unescaped `+` is the sign of an offset, or base64.
                    return unquote(value)
            raise ResponseDecodeError("the link to the next page contains no cursor", field="Link")
    return None


_LINK: Final = re.compile(r'\s*<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^",;\s]*))?)*)\s*(?:,|$)')
_PARAMETER: Final = re.compile(r';\s*([^\s=;,]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*)))?')


def _parse_links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    position = 0
    while found := _LINK.search(header, position):
        position = found.end()
        parameters: dict[str, str] = {}
        for name, quoted, token in _PARAMETER.findall(found[2]):
            parameters.setdefault(name.lower(), quoted or token)
        yield found[1], parameters
