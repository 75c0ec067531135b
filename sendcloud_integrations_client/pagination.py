"""Pagination: `await` a `Paginator` for one page, `async for` for every record, `.pages()` for pages.

A cursor is taken from the `Link` header (RFC 8288), or from the body, unchanged and never parsed. The host and path of
a link are not used. The next page is requested as soon as its cursor has arrived: with a `Link` header, while the body
of the current page is still downloading. At most three pages are prefetched, however slow the consumer is.
"""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Protocol, TypeVar, overload

import attrs
import httpx

from sendcloud_integrations_client.errors import InvalidInputError, ResponseDecodeError, SendcloudError
from sendcloud_integrations_client.runtime.link_header import parse_next_cursor
from sendcloud_integrations_client.runtime.operations import Response

__all__ = ["FetchedPage", "Page", "Paginator"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_PREFETCH_PAGES: Final = 3
_MAX_EMPTY_PAGES: Final = 100


class FetchedPage(Protocol[T_co]):
    """A page whose body has arrived."""

    @property
    def parsed(self) -> Sequence[T_co]:
        """Its records. Decoded when the consumer takes the page; until then the page may be bytes."""
        ...

    @property
    def status_code(self) -> int:
        """HTTP status code of the response."""
        ...

    @property
    def headers(self) -> httpx.Headers:
        """Headers of the response."""
        ...

    @property
    def attempts(self) -> int:
        """Number of times the request was sent."""
        ...


Fetch = Callable[[str | None, Callable[[httpx.Headers], None]], Awaitable[FetchedPage[T]]]
"""Fetches the page at a cursor; calls back with its headers before its body is read."""


@attrs.frozen
class Page(Sequence[T]):
    """One page of records: a sequence, so it can be indexed, sliced and iterated.

    A page without records is falsy, even if there is a next page. Check `has_next` to decide whether to continue.

    Attributes:
        data: The records as a list, in the server's order.
        cursor: Cursor of this page; None is the first page.
        next_cursor: Cursor of the next page; None on the last page. Store it to continue later from there.

    Example:
        page = await client.logs.list(integration_id=7)
        if page.has_next:
            page = await page.get_next_page()  # the next logs of the same integration
    """

    data: list[T]
    cursor: str | None = None
    next_cursor: str | None = None
    _paginator: Paginator[T] | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def has_next(self) -> bool:
        """Whether there is a next page."""
        return self.next_cursor is not None

    def get_next_page(self) -> Coroutine[Any, Any, Page[T]]:
        """Fetch the next page with the arguments of the call that returned this page.

        Returns:
            A coroutine. Await it for the next page.

        Raises:
            InvalidInputError: If this is the last page, or if the page was unpickled and has no client.
            SendcloudError: If the operation fails.
        """
        paginator = self._paginator
        if self.next_cursor is None:
            name = "get_next_page" if paginator is None else paginator.name
            raise InvalidInputError(name, "cursor", "this is the last page; check page.has_next first")
        if paginator is None:
            rule = "this page has no client; pass cursor=page.next_cursor and the same filters to `list`"
            raise InvalidInputError("get_next_page", "cursor", rule)
        return paginator.get_page(self.next_cursor)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[T]:
        return iter(self.data)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self.data[index]

    def __reduce__(self) -> tuple[type[Page[T]], tuple[list[T], str | None, str | None]]:
        return type(self), (self.data, self.cursor, self.next_cursor)


class Paginator(Generic[T]):
    """A list that the API returns in one or more pages. Every `list` method returns one.

    Nothing is sent until it is awaited or iterated; each iteration starts from the beginning.

    Example:
        page = await client.logs.list(page_size=100)          # one page
        async for log in client.logs.list(): ...               # every record of every page
        async for page in client.logs.list(cursor=saved).pages(): ...  # pages, from a stored cursor
    """

    def __init__(self, fetch: Fetch[T], *, cursor: str | None = None, name: str = "list") -> None:
        self._fetch = fetch
        self._cursor = cursor
        self.name = name
        """Name of the method that created it, such as `logs.list`, for messages."""

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self.get_page(self._cursor).__await__()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterate_records()

    if not TYPE_CHECKING:  # type checkers report these mistakes only if the methods do not exist

        def __iter__(self) -> NoReturn:
            raise TypeError(f"cannot iterate with `for`: {self!r}")

        def __getitem__(self, index: object) -> NoReturn:
            raise TypeError(f"cannot be indexed: {self!r}")

    def __repr__(self) -> str:
        # asyncio.create_task() and asyncio.run() reject everything but coroutines and quote this text.
        return (
            f"<Paginator of {self.name}(): use `await` for one page, `async for` for all records, or `.pages()`; "
            "to start a task, use `asyncio.ensure_future(...)`>"
        )

    async def get_page(self, cursor: str | None = None) -> Page[T]:
        """Fetch one page.

        Args:
            cursor: Cursor of the page; None fetches the first page.

        Returns:
            The page.

        Raises:
            SendcloudError: If the operation fails.
        """
        link = _NextLink()
        fetched = await self._fetch(cursor, link.read)
        data = fetched.parsed
        return Page(
            data if isinstance(data, list) else list(data), cursor, link.cursor or _get_next_cursor(fetched), self
        )

    async def get_page_with_response(self) -> Response[Page[T]]:
        """Fetch the page that `await` returns, together with status and headers.

        Returns:
            The response; `parsed` is the page.

        Raises:
            SendcloudError: If the operation fails.
        """
        link = _NextLink()
        fetched = await self._fetch(self._cursor, link.read)
        page = Page(list(fetched.parsed), self._cursor, link.cursor or _get_next_cursor(fetched), self)
        return Response(page, fetched.status_code, fetched.headers, fetched.attempts)

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Iterate over the pages; the next ones are prefetched meanwhile.

        Records that the previous page with new records contained as well (same id) are dropped, also if pages without
        new records are in between. If the iteration ends early, requests in flight are cancelled.

        Raises:
            ResponseDecodeError: If the iteration would never end: a cursor repeats, or more than 100 consecutive pages
                have no records. Also if the `Link` header mentions a next page and cannot be parsed.
            SendcloudError: If the operation fails.
        """
        prefetched: deque[asyncio.Task[_PendingPage[T]]] = deque()
        next_cursors: list[str] = []
        seen = _SeenCursors()
        seen.add(self._cursor)
        previous_ids: set[object] = set()
        empty_pages = 0

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
                try:
                    pending = await prefetched[0]
                except SendcloudError as error:
                    raise error.with_traceback(None)  # noqa: B904 - without the frames of the prefetching task
                prefetched.popleft()
                if next_cursors:
                    start(next_cursors.pop())
                page = pending.decode(self)
                ids: set[object] = {getattr(record, "id", None) for record in page.data}
                ids.discard(None)
                if not previous_ids.isdisjoint(ids):
                    fresh = [record for record in page.data if getattr(record, "id", None) not in previous_ids]
                    page = attrs.evolve(page, data=fresh)
                    del fresh
                if ids:  # a page of repeats only is like an empty one
                    previous_ids = ids if page.data else previous_ids | ids
                empty_pages = 0 if page.data else empty_pages + 1
                cursor, next_cursor = page.cursor, page.next_cursor
                last = [page]
                del pending, page  # otherwise each of many concurrent iterations keeps two pages while it waits
                yield last.pop()
                if empty_pages > _MAX_EMPTY_PAGES and next_cursor is not None:
                    raise ResponseDecodeError(
                        f"{empty_pages} consecutive pages without records, and each links to a next page",
                        field="Link",
                        page_cursor=cursor,
                    )
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

    async def _fetch_page(self, cursor: str | None, schedule_next: Callable[[str], None]) -> _PendingPage[T]:
        next_cursor: str | None = None

        def on_headers(headers: httpx.Headers) -> None:
            nonlocal next_cursor
            next_cursor = parse_next_cursor(headers.get("link", ""))
            if next_cursor is not None:
                schedule_next(next_cursor)

        fetched = await self._fetch(cursor, on_headers)
        if next_cursor is None and (found := _get_next_cursor(fetched)) is not None:
            next_cursor = found
            schedule_next(found)
        return _PendingPage(fetched, cursor, next_cursor)


def _get_next_cursor(fetched: FetchedPage[Any]) -> str | None:
    """Return the cursor of the next page that the body contains. Other pages need no such attribute."""
    cursor: str | None = getattr(fetched, "next_cursor", None)
    return cursor


@attrs.define(eq=False)
class _NextLink:
    """The cursor of the next page, read from the headers of one response."""

    cursor: str | None = None

    def read(self, headers: httpx.Headers) -> None:
        self.cursor = parse_next_cursor(headers.get("link", ""))


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

    def decode(self, paginator: Paginator[T]) -> Page[T]:
        data = self.fetched.parsed
        return Page(data if isinstance(data, list) else list(data), self.cursor, self.next_cursor, paginator)
