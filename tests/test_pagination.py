"""Pagination keeps cursors unchanged, prefetches pages, loses and repeats no record, and leaves no task behind."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import weakref
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import InvalidInputError, ResponseDecodeError
from sendcloud_integrations_client.pagination import Page, Paginator
from sendcloud_integrations_client.runtime.link_header import parse_next_cursor
from sendcloud_integrations_client.runtime.operations import Response
from tests.support import private_state, virtual_time


@attrs.frozen
class Record:
    id: int | None


def build_link(cursor: str, rel: str = "next") -> str:
    return f'<https://elsewhere.example/v3/logs?cursor={cursor}&page_size=25>; rel="{rel}"'


@pytest.mark.parametrize(
    ("header", "cursor"),
    [
        (build_link("2023-03-01T02:02:00"), "2023-03-01T02:02:00"),
        (build_link("2023-03-01T02:02:00+01:00"), "2023-03-01T02:02:00+01:00"),
        (build_link("2023-03-01T02%3A02%3A00%2B01%3A00"), "2023-03-01T02:02:00+01:00"),
        (build_link("cD0yMDI%3D"), "cD0yMDI="),
        (build_link("cD0yMDI="), "cD0yMDI="),
        (build_link("a%20b%2Cc"), "a b,c"),
        (f"{build_link('before', 'prev')}, {build_link('after')}", "after"),
        (f"{build_link('after')}, {build_link('before', 'prev')}", "after"),
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
def test_cursor_is_parsed_from_the_link_header(header: str, cursor: str | None) -> None:
    assert parse_next_cursor(header) == cursor


def test_several_link_headers_are_parsed_as_one() -> None:
    headers = httpx.Headers([("LINK", build_link("before", "prev")), ("link", build_link("after"))])
    assert parse_next_cursor(headers["link"]) == "after"


@given(st.text(min_size=1))
def test_any_cursor_is_parsed_unchanged(cursor: str) -> None:
    header = build_link(quote(cursor, safe=""))
    assert parse_next_cursor(header) == cursor


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
def test_any_header_is_parsed_or_raises_response_decode_error(header: str) -> None:
    with contextlib.suppress(ResponseDecodeError):
        parse_next_cursor(header)


def test_next_link_without_a_cursor_raises() -> None:
    with pytest.raises(ResponseDecodeError, match="contains no cursor"):
        parse_next_cursor('<https://x.example/?page=2>; rel="next"')


class PageServer:
    """Serves pages by cursor, with a pause before the headers and another before the body."""

    def __init__(self, pages: dict[str | None, tuple[list[int | None], str | None]]) -> None:
        self.pages = pages
        self.requested_cursors: list[str | None] = []
        self.sent_cursors: list[str | None] = []

    async def fetch(self, cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Response[list[Record]]:
        self.requested_cursors.append(cursor)
        assert len(self.requested_cursors) < 1000, "the iteration does not end"
        await asyncio.sleep(0)
        ids, next_cursor = self.pages[cursor]
        on_headers(httpx.Headers({"link": build_link(next_cursor)} if next_cursor else {}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.sent_cursors.append(cursor)
        return Response([Record(record_id) for record_id in ids], 200, httpx.Headers())

    def create_paginator(self, cursor: str | None = None) -> Paginator[Record]:
        return Paginator(self.fetch, cursor=cursor)


async def collect_ids(paginator: Paginator[Record], ids: list[int | None]) -> None:
    async for record in paginator:
        ids.append(record.id)  # noqa: PERF401 - the caller needs the ids that precede an error


def create_server(*pages: list[int | None]) -> PageServer:
    cursors: list[str | None] = [None, *(f"c{number}" for number in range(1, len(pages))), None]
    return PageServer({cursors[i]: (ids, cursors[i + 1]) for i, ids in enumerate(pages)})


async def test_awaiting_returns_one_page() -> None:
    server = create_server([1, 2], [3])
    page = await server.create_paginator()
    assert page == Page([Record(1), Record(2)], None, "c1")
    assert page.has_next
    assert [record.id for record in page] == [1, 2]
    assert len(page) == 2
    assert server.requested_cursors == [None]


def test_synchronous_use_raises_an_error_that_shows_the_right_one() -> None:
    paginator: Any = create_server([1]).create_paginator()
    for use in (list, iter, lambda found: found[0]):
        with pytest.raises(TypeError, match=r"use `await` for one page, `async for` for all records"):
            use(paginator)
    assert bool(paginator)


async def test_iterating_yields_every_record_each_time() -> None:
    paginator = create_server([1, 2], [3], [4]).create_paginator()
    for _ in range(2):
        assert [record.id async for record in paginator] == [1, 2, 3, 4]


async def test_pages_have_their_cursor_and_the_next_one() -> None:
    pages = [page async for page in create_server([1], [2], [3]).create_paginator().pages()]
    assert [(page.cursor, page.next_cursor, page.has_next) for page in pages] == [
        (None, "c1", True),
        ("c1", "c2", True),
        ("c2", None, False),
    ]


async def test_iteration_starts_at_a_cursor() -> None:
    assert [record.id async for record in create_server([1], [2], [3]).create_paginator("c1")] == [2, 3]


async def test_iteration_continues_after_an_empty_page() -> None:
    assert [record.id async for record in create_server([1], [], [2]).create_paginator()] == [1, 2]


async def test_records_repeated_at_a_page_boundary_are_dropped() -> None:
    server = create_server([1, 2], [2, 3, None], [3, None, 4])
    assert [record.id async for record in server.create_paginator()] == [1, 2, 3, None, None, 4]


async def test_repeats_are_dropped_after_a_page_of_repeats_only() -> None:
    server = create_server([1, 2], [2], [], [1, 3])
    assert [record.id async for record in server.create_paginator()] == [1, 2, 3]


@pytest.mark.parametrize("repeated_cursor", ["c1", "c2"])
async def test_repeated_cursor_raises_after_all_records(repeated_cursor: str) -> None:
    server = create_server([1], [2], [3])
    server.pages["c2"] = ([3], repeated_cursor)
    seen: list[int | None] = []
    with pytest.raises(ResponseDecodeError, match=f"links to {repeated_cursor}, which was read before"):
        await collect_ids(server.create_paginator(), seen)
    assert seen == [1, 2, 3]
    assert server.requested_cursors == [None, "c1", "c2"]


async def test_next_page_is_requested_when_the_headers_have_arrived() -> None:
    server = create_server([1], [2], [3])
    async for _ in server.create_paginator():
        # The second page was requested before the body of the first one arrived.
        assert "c1" in server.requested_cursors
        assert server.requested_cursors.index("c1") == 1
        break


async def test_at_most_three_pages_are_prefetched_for_a_slow_consumer() -> None:
    server = create_server(*[[number] for number in range(20)])
    async for page in server.create_paginator().pages():
        for _ in range(50):
            await asyncio.sleep(0)
        consumed = server.requested_cursors.index(page.cursor) + 1
        assert len(server.requested_cursors) - consumed <= 3


def test_prefetching_nearly_halves_the_duration_of_an_iteration() -> None:
    """Per page: 40 ms to the headers, 40 ms of body and 20 ms of work by the consumer, in virtual time."""
    page_count = 50

    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Response[list[Record]]:
        number = int(cursor or 0)
        await asyncio.sleep(0.040)
        on_headers(httpx.Headers({"link": build_link(str(number + 1))} if number + 1 < page_count else {}))
        await asyncio.sleep(0.040)
        return Response([Record(number)], 200, httpx.Headers())

    async def iterate() -> float:
        async for _ in Paginator(fetch).pages():
            await asyncio.sleep(0.020)
        return virtual_time.now()

    sequential_duration = page_count * 0.100
    assert virtual_time.run(iterate()) <= 0.55 * sequential_duration


async def test_ending_an_iteration_early_leaves_no_task() -> None:
    server = create_server(*[[number] for number in range(20)])
    async for _ in server.create_paginator():
        break
    for _ in range(10):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(server.requested_cursors) <= 4


@given(steps=st.integers(0, 40))
async def test_cancelling_an_iteration_at_any_await_leaves_no_task(steps: int) -> None:
    server = create_server(*[[number] for number in range(10)])

    async def iterate() -> None:
        async for _ in server.create_paginator():
            await asyncio.sleep(0)

    task = asyncio.ensure_future(iterate())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_error_of_a_prefetched_page_is_raised_after_the_earlier_records() -> None:
    server = create_server([1], [2], [3])
    del server.pages["c2"]
    seen: list[int | None] = []
    with pytest.raises(KeyError):
        await collect_ids(server.create_paginator(), seen)
    assert seen == [1, 2]
    assert asyncio.all_tasks() == {asyncio.current_task()}


class LazyPage:
    """A page that records when it is decoded."""

    def __init__(self, number: int, decoded: list[int]) -> None:
        self.number = number
        self.decoded = decoded

    @property
    def parsed(self) -> list[WeaklyReferencedRecord]:
        self.decoded.append(self.number)
        return [WeaklyReferencedRecord(10 * self.number + index) for index in range(3)]


@attrs.define(eq=False)
class WeaklyReferencedRecord:
    """A record that supports weak references, to observe when it is freed."""

    id: int


async def test_prefetched_page_is_decoded_when_the_consumer_takes_it() -> None:
    decoded: list[int] = []
    fetched: list[int] = []

    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> LazyPage:
        number = int(cursor or 0)
        on_headers(httpx.Headers({"link": build_link(str(number + 1))} if number < 5 else {}))
        fetched.append(number)
        return LazyPage(number, decoded)

    seen = 0
    async for page in Paginator(fetch).pages():
        for _ in range(10):
            await asyncio.sleep(0)
        assert decoded == list(range(seen + 1))
        assert len(fetched) > len(decoded) or page.next_cursor is None
        seen += 1
    assert seen == 6


async def test_record_is_freed_when_it_was_consumed() -> None:
    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> LazyPage:
        on_headers(httpx.Headers({"link": build_link("1")} if cursor is None else {}))
        return LazyPage(int(cursor or 0), [])

    references: list[weakref.ref[WeaklyReferencedRecord]] = []
    async for record in Paginator(fetch):
        assert [reference() for reference in references] == [None] * len(references)
        references.append(weakref.ref(record))
        del record
    assert len(references) == 6


@given(st.lists(st.none() | st.text(max_size=2)))
def test_each_cursor_is_new_once(cursors: list[str | None]) -> None:
    expected = [cursor not in cursors[:index] for index, cursor in enumerate(cursors)]
    assert private_state.add_seen_cursors(cursors) == expected


def test_early_end_cancels_prefetched_pages_without_waiting_for_them() -> None:
    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Response[list[Record]]:
        number = int(cursor or 0)
        on_headers(httpx.Headers({"link": build_link(str(number + 1))}))
        await asyncio.sleep(3.0 * number)
        return Response([Record(number)], 200, httpx.Headers())

    async def end_after_first_page() -> float:
        async with contextlib.aclosing(Paginator(fetch).pages()) as pages:
            await anext(pages)
        return virtual_time.now()

    assert virtual_time.run(end_after_first_page()) == 0.0


async def test_prefetching_reaches_three_pages() -> None:
    server = create_server(*[[number] for number in range(20)])
    async for _ in server.create_paginator().pages():
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(server.requested_cursors) == 4
        break


async def test_records_of_a_page_are_a_list_whatever_sequence_was_fetched() -> None:
    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Response[tuple[Record, ...]]:
        on_headers(httpx.Headers())
        return Response((Record(1), Record(2)), 200, httpx.Headers())

    paginator: Paginator[Record] = Paginator(fetch)
    expected = [Record(1), Record(2)]
    assert (await paginator).data == expected
    assert [page.data async for page in paginator.pages()] == [expected]
    assert (await paginator.get_page_with_response()).parsed.data == expected


async def test_error_of_the_last_page_names_the_list_it_belongs_to() -> None:
    with pytest.raises(InvalidInputError, match="for get_next_page: this is the last page"):
        await Page([Record(1)]).get_next_page()
    page = await Paginator(create_server([1]).fetch, name="logs.list")
    with pytest.raises(InvalidInputError, match=r"for logs\.list: this is the last page"):
        await page.get_next_page()


@pytest.mark.parametrize("has_next_page", [True, False])
async def test_iteration_ends_after_100_consecutive_pages_without_records(has_next_page: bool) -> None:
    server = create_server([1], *[[] for _ in range(101)], *([[2]] if has_next_page else []))
    seen: list[int | None] = []
    if has_next_page:
        with pytest.raises(ResponseDecodeError) as caught:
            await collect_ids(server.create_paginator(), seen)
        assert caught.value.reason == "101 consecutive pages without records, and each links to a next page"
        assert (caught.value.field, caught.value.page_cursor) == ("Link", "c101")
    else:
        await collect_ids(server.create_paginator(), seen)
    assert seen == [1]


async def test_a_page_with_records_ends_a_series_of_empty_pages() -> None:
    empty: list[list[int | None]] = [[] for _ in range(100)]
    server = create_server(*empty, [1], *empty, [2], *empty)
    assert [record.id async for record in server.create_paginator()] == [1, 2]


async def test_error_about_a_repeated_cursor_names_the_page() -> None:
    server = create_server([1], [2])
    server.pages["c1"] = ([2], "c1")
    with pytest.raises(ResponseDecodeError) as caught:
        await collect_ids(server.create_paginator(), [])
    assert caught.value.reason == (
        "the page at cursor c1 links to c1, which was read before; the iteration would never end"
    )
    assert (caught.value.field, caught.value.page_cursor) == ("Link", "c1")


@attrs.frozen
class PageWithCursor:
    """A page whose body contains the cursor of the next page."""

    parsed: list[Record]
    next_cursor: str | None
    status_code: int = 203
    headers: httpx.Headers = attrs.field(factory=httpx.Headers)
    attempts: int = 4


@pytest.mark.parametrize(("link", "expected"), [("", "body"), (build_link("header"), "header")])
async def test_cursor_in_the_body_is_used_without_a_link_header(link: str, expected: str) -> None:
    requested: list[str | None] = []

    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> PageWithCursor:
        requested.append(cursor)
        on_headers(httpx.Headers({"link": link} if link and cursor is None else {}))
        return PageWithCursor([Record(len(requested))], "body" if cursor is None else None)

    paginator: Paginator[Record] = Paginator(fetch)
    assert (await paginator).next_cursor == expected
    response = await paginator.get_page_with_response()
    assert response.parsed == Page([Record(2)], None, expected)
    assert (response.status_code, response.attempts) == (203, 4)
    requested.clear()
    assert [record.id async for record in paginator] == [1, 2]
    assert requested == [None, expected]


async def test_next_page_of_a_page_is_fetched_with_the_same_paginator() -> None:
    server = create_server([1], [2], [3])
    page = await server.create_paginator()
    second = await page.get_next_page()
    third = await second.get_next_page()
    assert [page.data[0].id, second.data[0].id, third.data[0].id] == [1, 2, 3]
    assert (second.cursor, second.next_cursor, third.has_next) == ("c1", "c2", False)
    (last,) = [page async for page in server.create_paginator("c2").pages()]
    (first, _, _) = [page async for page in server.create_paginator().pages()]
    assert not last.has_next
    assert (await first.get_next_page()).cursor == "c1"
    response = await server.create_paginator("c1").get_page_with_response()
    assert (await response.parsed.get_next_page()).cursor == "c2"


async def test_page_is_a_sequence_that_can_be_pickled() -> None:
    page = await create_server([1, 2, 3], [4]).create_paginator()
    assert (page[0], page[-1], page[1:]) == (Record(1), Record(3), [Record(2), Record(3)])
    assert repr(page) == ("Page(data=[Record(id=1), Record(id=2), Record(id=3)], cursor=None, next_cursor='c1')")
    assert not Page([])
    copy = pickle.loads(pickle.dumps(page))
    assert copy == page
    with pytest.raises(InvalidInputError) as caught:
        await copy.get_next_page()
    assert (caught.value.operation, caught.value.field) == ("get_next_page", "cursor")
    assert caught.value.rule == ("this page has no client; pass cursor=page.next_cursor and the same filters to `list`")


async def test_error_of_a_page_is_raised_without_the_frames_of_the_prefetching_task() -> None:
    async def fail(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Response[list[Record]]:
        raise ResponseDecodeError("broken")

    with pytest.raises(ResponseDecodeError) as caught:
        await collect_ids(Paginator(fail), [])
    assert "fail" not in [entry.name for entry in caught.traceback]


async def test_records_without_an_id_are_never_dropped() -> None:
    async def fetch(cursor: str | None, on_headers: Callable[[httpx.Headers], None]) -> Response[list[str]]:
        on_headers(httpx.Headers({"link": build_link("c1")} if cursor is None else {}))
        return Response(["same"], 200, httpx.Headers())

    assert [text async for text in Paginator(fetch)] == ["same", "same"]
