"""Cursors to the byte, pages ahead of the consumer, and nothing lost, repeated or left running."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Callable
from urllib.parse import quote

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import ResponseDecodeError
from sendcloud_integrations_client.operations import Response
from sendcloud_integrations_client.pagination import Page, Paginator, _Seen, next_cursor
from tests import virtual_time


@attrs.frozen
class Record:
    id: int | None


def link(cursor: str, rel: str = "next") -> str:
    return f'<https://elsewhere.example/v3/logs?cursor={cursor}&page_size=25>; rel="{rel}"'


@pytest.mark.parametrize(
    ("header", "cursor"),
    [
        (link("2023-03-01T02:02:00"), "2023-03-01T02:02:00"),
        (link("2023-03-01T02:02:00+01:00"), "2023-03-01T02:02:00+01:00"),
        (link("2023-03-01T02%3A02%3A00%2B01%3A00"), "2023-03-01T02:02:00+01:00"),
        (link("cD0yMDI%3D"), "cD0yMDI="),
        (link("cD0yMDI="), "cD0yMDI="),
        (link("a%20b%2Cc"), "a b,c"),
        (f"{link('before', 'prev')}, {link('after')}", "after"),
        (f"{link('after')}, {link('before', 'prev')}", "after"),
        ("<https://x.example/?page_size=1&cursor=c>;rel=next", "c"),
        ('<https://x.example/?cursor=c> ; title="a, b; rel=\\"prev\\"" ; rel="last next"', "c"),
        ('<https://x.example/?cursor=c>; REL="NEXT"', "c"),
        ('</relative?cursor=c>; rel="next"; rel="prev"', "c"),
        ("<https://x.example/?cursor=c>; rel=prev", None),
        ("<https://x.example/?cursor=c>", None),
        ("", None),
        ("nonsense, <", None),
    ],
)
def test_the_cursor_is_taken_out_of_the_link(header: str, cursor: str | None) -> None:
    assert next_cursor(httpx.Headers({"link": header})) == cursor


def test_several_link_headers_count_as_one() -> None:
    headers = httpx.Headers([("LINK", link("before", "prev")), ("link", link("after"))])
    assert next_cursor(headers) == "after"


@given(st.text(min_size=1))
def test_any_cursor_survives_the_header_to_the_byte(cursor: str) -> None:
    header = link(quote(cursor, safe=""))
    assert next_cursor(httpx.Headers({"link": header})) == cursor


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
def test_no_header_breaks_the_parser(header: str) -> None:
    with contextlib.suppress(ResponseDecodeError):
        next_cursor(httpx.Headers({"link": header}))


def test_a_next_link_without_a_cursor_is_an_error() -> None:
    with pytest.raises(ResponseDecodeError, match="holds no cursor"):
        next_cursor(httpx.Headers({"link": '<https://x.example/?page=2>; rel="next"'}))


class Server:
    """Pages by cursor, with a pause before the headers and one before the body."""

    def __init__(self, pages: dict[str | None, tuple[list[int | None], str | None]]) -> None:
        self.pages = pages
        self.asked: list[str | None] = []
        self.finished: list[str | None] = []

    async def fetch(self, cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Response[list[Record]]:
        self.asked.append(cursor)
        await asyncio.sleep(0)
        ids, following = self.pages[cursor]
        on_headers(httpx.Headers({"link": link(following)} if following else {}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.finished.append(cursor)
        return Response([Record(one) for one in ids], 200, httpx.Headers())

    def paginator(self, cursor: str | None = None) -> Paginator[Record]:
        return Paginator(self.fetch, cursor=cursor)


async def collect(paginator: Paginator[Record], into: list[int | None]) -> None:
    async for record in paginator:
        into.append(record.id)  # noqa: PERF401 - what came before an error is to be seen


def chain(*pages: list[int | None]) -> Server:
    cursors: list[str | None] = [None, *(f"c{number}" for number in range(1, len(pages))), None]
    return Server({cursors[i]: (ids, cursors[i + 1]) for i, ids in enumerate(pages)})


async def test_awaited_it_is_one_page() -> None:
    server = chain([1, 2], [3])
    page = await server.paginator()
    assert page == Page([Record(1), Record(2)], None, "c1")
    assert page.has_next
    assert [record.id for record in page] == [1, 2]
    assert len(page) == 2
    assert server.asked == [None]


async def test_iterated_it_is_every_record_and_can_be_iterated_again() -> None:
    paginator = chain([1, 2], [3], [4]).paginator()
    for _ in range(2):
        assert [record.id async for record in paginator] == [1, 2, 3, 4]


async def test_pages_know_where_they_begin_and_go_on() -> None:
    pages = [page async for page in chain([1], [2], [3]).paginator().pages()]
    assert [(page.cursor, page.next_cursor, page.has_next) for page in pages] == [
        (None, "c1", True),
        ("c1", "c2", True),
        ("c2", None, False),
    ]


async def test_a_walk_goes_on_from_a_cursor() -> None:
    assert [record.id async for record in chain([1], [2], [3]).paginator("c1")] == [2, 3]


async def test_an_empty_page_with_a_next_link_goes_on() -> None:
    assert [record.id async for record in chain([1], [], [2]).paginator()] == [1, 2]


async def test_what_a_page_boundary_repeats_is_left_out() -> None:
    server = chain([1, 2], [2, 3, None], [3, None, 4])
    assert [record.id async for record in server.paginator()] == [1, 2, 3, None, None, 4]


@pytest.mark.parametrize("back_to", ["c1", "c2"])
async def test_a_cursor_that_comes_back_raises_after_all_records(back_to: str) -> None:
    server = chain([1], [2], [3])
    server.pages["c2"] = ([3], back_to)
    seen: list[int | None] = []
    with pytest.raises(ResponseDecodeError, match=f"leads back to {back_to}"):
        await collect(server.paginator(), seen)
    assert seen == [1, 2, 3]
    assert server.asked == [None, "c1", "c2"]


async def test_the_next_page_is_asked_for_once_the_headers_are_in() -> None:
    server = chain([1], [2], [3])
    async for _ in server.paginator():
        # The second page was asked for before the first one's body was in.
        assert "c1" in server.asked
        assert server.asked.index("c1") == 1
        break


async def test_at_most_three_pages_are_ahead_of_a_slow_consumer() -> None:
    server = chain(*[[number] for number in range(20)])
    async for page in server.paginator().pages():
        for _ in range(50):
            await asyncio.sleep(0)
        consumed = server.asked.index(page.cursor) + 1
        assert len(server.asked) - consumed <= 3


def test_looking_ahead_nearly_halves_a_walk() -> None:
    """With 40 ms to the first byte, 40 ms of body and 20 ms of work by the consumer; in virtual time, so exactly."""
    pages = 50

    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Response[list[Record]]:
        number = int(cursor or 0)
        await asyncio.sleep(0.040)
        on_headers(httpx.Headers({"link": link(str(number + 1))} if number + 1 < pages else {}))
        await asyncio.sleep(0.040)
        return Response([Record(number)], 200, httpx.Headers())

    async def walk() -> float:
        async for _ in Paginator(fetch).pages():
            await asyncio.sleep(0.020)
        return virtual_time.now()

    one_after_the_other = pages * 0.100
    assert virtual_time.run(walk()) <= 0.55 * one_after_the_other


async def test_breaking_off_leaves_no_task() -> None:
    server = chain(*[[number] for number in range(20)])
    async for _ in server.paginator():
        break
    for _ in range(10):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(server.asked) <= 4


@given(moment=st.integers(0, 40))
async def test_cancelling_a_walk_at_any_moment_leaves_no_task(moment: int) -> None:
    server = chain(*[[number] for number in range(10)])

    async def walk() -> None:
        async for _ in server.paginator():
            await asyncio.sleep(0)

    task = asyncio.ensure_future(walk())
    for _ in range(moment):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_error_ahead_reaches_the_consumer_after_what_came_before() -> None:
    server = chain([1], [2], [3])
    del server.pages["c2"]
    seen: list[int | None] = []
    with pytest.raises(KeyError):
        await collect(server.paginator(), seen)
    assert seen == [1, 2]
    assert asyncio.all_tasks() == {asyncio.current_task()}


class Late:
    """A page that says when its records are asked for."""

    def __init__(self, number: int, decoded: list[int]) -> None:
        self.number = number
        self.decoded = decoded

    @property
    def parsed(self) -> list[Weak]:
        self.decoded.append(self.number)
        return [Weak(10 * self.number + one) for one in range(3)]


@attrs.define(eq=False)
class Weak:
    """A record of which one can tell whether anybody still holds it."""

    id: int


async def test_a_page_that_is_ahead_is_decoded_when_the_consumer_takes_it() -> None:
    decoded: list[int] = []
    fetched: list[int] = []

    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Late:
        number = int(cursor or 0)
        on_headers(httpx.Headers({"link": link(str(number + 1))} if number < 5 else {}))
        fetched.append(number)
        return Late(number, decoded)

    seen = 0
    async for page in Paginator(fetch).pages():
        for _ in range(10):
            await asyncio.sleep(0)
        assert decoded == list(range(seen + 1))
        assert len(fetched) > len(decoded) or page.next_cursor is None
        seen += 1
    assert seen == 6


async def test_a_record_is_let_go_of_once_it_is_consumed() -> None:
    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Late:
        on_headers(httpx.Headers({"link": link("1")} if cursor is None else {}))
        return Late(int(cursor or 0), [])

    gone: list[weakref.ref[Weak]] = []
    async for record in Paginator(fetch):
        assert [one() for one in gone] == [None] * len(gone)
        gone.append(weakref.ref(record))
        del record
    assert len(gone) == 6


@given(st.lists(st.none() | st.text(max_size=2)))
def test_each_cursor_is_new_once(cursors: list[str | None]) -> None:
    seen, expected = _Seen(), set()
    for cursor in cursors:
        assert seen.add(cursor) == (cursor not in expected)
        expected.add(cursor)
