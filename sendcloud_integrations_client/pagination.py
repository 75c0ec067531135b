"""Pages by cursor: one page when awaited, every record under `async for`, pages under `.pages()`.

A cursor is taken out of the `Link` header (RFC 8288) to the byte and never parsed; of the link's host and path nothing
is used. The next page is asked for as soon as the headers of this one are in, so that its first byte is under way while
this one's body is. At most three pages are ahead of the consumer, however slow it is.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any, Final, Generic, TypeVar
from urllib.parse import unquote, urlsplit

import attrs
import httpx

from sendcloud_integrations_client.errors import ResponseDecodeError
from sendcloud_integrations_client.operations import Response

__all__ = ["Page", "Paginator", "next_cursor"]

T = TypeVar("T")

_AHEAD: Final = 3

Fetch = Callable[[str | None, Callable[[httpx.Headers], None]], Awaitable[Response[list[T]]]]
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
        ahead: deque[asyncio.Task[Page[T]]] = deque()
        waiting: list[str] = []
        seen = {hash(self._cursor)}
        before: frozenset[object] = frozenset()

        def start(cursor: str | None) -> None:
            ahead.append(asyncio.ensure_future(self._page(cursor, go_on)))

        def go_on(cursor: str) -> None:
            if hash(cursor) in seen:
                return
            seen.add(hash(cursor))
            if len(ahead) < _AHEAD:
                start(cursor)
            else:
                waiting.append(cursor)

        try:
            start(self._cursor)
            while ahead:
                page = await ahead[0]
                ahead.popleft()
                if waiting:
                    start(waiting.pop())
                fresh = [record for record in page.data if (key := _id_of(record)) is None or key not in before]
                before = frozenset(_id_of(record) for record in page.data)
                yield page if len(fresh) == len(page.data) else attrs.evolve(page, data=fresh)
                if page.next_cursor is not None and not ahead:
                    raise ResponseDecodeError(
                        f"the page at cursor {page.cursor} leads back to {page.next_cursor}: the walk would never end",
                        field="Link",
                        page_cursor=page.cursor,
                    )
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _records(self) -> AsyncGenerator[T, None]:
        pages = self.pages()
        try:
            async for page in pages:
                for record in page.data:
                    yield record
        finally:
            await pages.aclose()

    async def _page(self, cursor: str | None, go_on: Callable[[str], None] | None = None) -> Page[T]:
        following: str | None = None

        def on_headers(headers: httpx.Headers) -> None:
            nonlocal following
            following = next_cursor(headers)
            if following is not None and go_on is not None:
                go_on(following)

        response = await self._fetch(cursor, on_headers)
        return Page(response.parsed, cursor, following)


def next_cursor(headers: httpx.Headers) -> str | None:
    """The cursor of the next page, to the byte, or None on the last page.

    Args:
        headers: Headers of the answer; several `Link` headers count as one.

    Raises:
        ResponseDecodeError: There is a link to a next page, and it holds no cursor.
    """
    for target, parameters in _links(headers.get("link", "")):
        if "next" in parameters.get("rel", "").lower().split():
            for part in urlsplit(target).query.split("&"):
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


def _id_of(record: object) -> object:
    return getattr(record, "id", None)
