"""Pages by cursor: one page when awaited, every record under `async for`, pages under `.pages()`.

A cursor is taken out of the `Link` header (RFC 8288) to the byte and never parsed; of the link's host and path nothing
is used. The next page is asked for as soon as the headers of this one are in, so that its first byte is under way while
this one's body is. At most three pages are ahead of the consumer, however slow it is.
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

__all__ = ["Fetched", "Page", "Paginator", "next_cursor"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_AHEAD: Final = 3


class Fetched(Protocol[T_co]):
    """A page that came."""

    @property
    def parsed(self) -> Sequence[T_co]:
        """Its records. Asked for when the consumer takes the page: until then it may be mere bytes."""
        ...


Fetch = Callable[[str | None, Callable[[httpx.Headers], None]], Awaitable[Fetched[T]]]
"""Get the page at a cursor; call back with its headers before its body is read."""


@attrs.frozen
class Page(Generic[T]):
    """One page of records.

    Attributes:
        data: The records, in the server's order.
        cursor: Where this page begins; None is the first page.
        next_cursor: Where the next page begins; None after the last. Keep it to go on later from here.
    """

    data: list[T]
    cursor: str | None
    next_cursor: str | None

    @property
    def has_next(self) -> bool:
        """Whether there is another page."""
        return self.next_cursor is not None

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[T]:
        return iter(self.data)


class Paginator(Generic[T]):
    """A list that comes page by page. Nothing is sent until it is awaited or iterated; each time starts anew.

    Example:
        page = await client.logs.list(page_size=100)          # one page
        async for log in client.logs.list(): ...               # every record of every page
        async for page in client.logs.list(cursor=saved).pages(): ...  # pages, from where a job stopped
    """

    def __init__(self, fetch: Fetch[T], *, cursor: str | None = None) -> None:
        self._fetch = fetch
        self._cursor = cursor

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self._page(self._cursor).__await__()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._records()

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Page after page, the next ones being fetched meanwhile.

        Records that the page before held already (same id) are left out. An early end of the iteration cancels what
        is under way.

        Raises:
            ResponseDecodeError: A cursor came back that this walk has been at, so that it would never end.
            SendcloudError: What the operation raises.
        """
        ahead: deque[asyncio.Task[_Arrived[T]]] = deque()
        waiting: list[str] = []
        seen = _Seen()
        seen.add(self._cursor)
        before: set[object] = set()

        def start(cursor: str | None) -> None:
            ahead.append(asyncio.ensure_future(self._arrive(cursor, go_on)))

        def go_on(cursor: str) -> None:
            if not seen.add(cursor):
                return
            if len(ahead) < _AHEAD:
                start(cursor)
            else:
                waiting.append(cursor)

        try:
            start(self._cursor)
            while ahead:
                arrived = await ahead[0]
                ahead.popleft()
                if waiting:
                    start(waiting.pop())
                page = arrived.page()
                ids: set[object] = {getattr(record, "id", None) for record in page.data}
                ids.discard(None)
                if not before.isdisjoint(ids):
                    fresh = [record for record in page.data if getattr(record, "id", None) not in before]
                    page = attrs.evolve(page, data=fresh)
                    del fresh
                before = ids
                cursor, following = page.cursor, page.next_cursor
                last = [page]
                del arrived, page  # many walks at once would otherwise hold two pages each while they wait
                yield last.pop()
                if following is not None and not ahead:
                    raise ResponseDecodeError(
                        f"the page at cursor {cursor} leads back to {following}: the walk would never end",
                        field="Link",
                        page_cursor=cursor,
                    )
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _records(self) -> AsyncGenerator[T, None]:
        pages = self.pages()
        try:
            async for page in pages:
                left = deque(page.data)
                del page  # so that a record is gone as soon as the consumer is done with it
                while left:
                    yield left.popleft()
        finally:
            await pages.aclose()

    async def _page(self, cursor: str | None) -> Page[T]:
        return (await self._arrive(cursor)).page()

    async def _arrive(self, cursor: str | None, go_on: Callable[[str], None] | None = None) -> _Arrived[T]:
        following: str | None = None

        def on_headers(headers: httpx.Headers) -> None:
            nonlocal following
            following = next_cursor(headers)
            if following is not None and go_on is not None:
                go_on(following)

        return _Arrived(await self._fetch(cursor, on_headers), cursor, following)


class _Seen:
    """The cursors that a walk has been at, in eight bytes each: a walk may have a hundred thousand."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, cursor: str | None) -> bool:
        """Keep a cursor; False where it was kept before."""
        key = hash(cursor)
        place = bisect_left(self._hashes, key)
        if place < len(self._hashes) and self._hashes[place] == key:
            return False
        self._hashes.insert(place, key)
        return True


@attrs.frozen
class _Arrived(Generic[T]):
    """A page that the consumer has not taken yet.

    It stays undecoded: the records of a few hundred would keep Python's garbage collector busier than all other work.
    """

    fetched: Fetched[T]
    cursor: str | None
    next_cursor: str | None

    def page(self) -> Page[T]:
        data = self.fetched.parsed
        return Page(data if isinstance(data, list) else list(data), self.cursor, self.next_cursor)


def next_cursor(headers: httpx.Headers) -> str | None:
    """The cursor of the next page, to the byte, or None on the last page.

    Args:
        headers: Headers of the answer; several `Link` headers count as one.

    Raises:
        ResponseDecodeError: There is a link to a next page, and it holds no cursor.
    """
    for target, parameters in _links(headers.get("link", "")):
        if "next" in parameters.get("rel", "").lower().split():
            for part in target.partition("#")[0].partition("?")[2].split("&"):
                name, _, value = part.partition("=")
                if name == "cursor" and value:
                    # Not unquote_plus: a `+` that came unescaped is the sign of an offset, or base64.
                    return unquote(value)
            raise ResponseDecodeError("the link to the next page holds no cursor", field="Link")
    return None


_LINK: Final = re.compile(r'\s*<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^",;\s]*))?)*)\s*(?:,|$)')
_PARAMETER: Final = re.compile(r';\s*([^\s=;,]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*)))?')


def _links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    position = 0
    while found := _LINK.search(header, position):
        position = found.end()
        parameters: dict[str, str] = {}
        for name, quoted, token in _PARAMETER.findall(found[2]):
            parameters.setdefault(name.lower(), quoted or token)
        yield found[1], parameters
