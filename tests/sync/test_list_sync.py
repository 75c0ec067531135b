"""Tests of which pages the sync of one list reads, from its stored state and its options."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import httpx
import orjson
import pytest
from sqlalchemy import insert, select, update

from sendcloud_integrations_client import ResponseDecodeError
from sendcloud_integrations_client.sync import LogStore, Redaction
from sendcloud_integrations_client.sync.account_writer import AccountWriter, ListState, PageRecords, PassState
from sendcloud_integrations_client.sync.list_order import ListOrder
from sendcloud_integrations_client.sync.list_sync import ListSync, PageCounts, PassOptions
from sendcloud_integrations_client.sync.records import build_page_key
from sendcloud_integrations_client.sync.schema import log, quarantine
from sendcloud_integrations_client.sync.stop_signal import StopSignal
from tests.support.sync_servers import RETRY_WITHOUT_DELAY, Listing, build_client

MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2024, 1, 10, tzinfo=UTC)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
OPTIONS = PassOptions(since=None, page_size=10, lookback=timedelta(0), full_check_every=WEEK, full=False)
COMPLETED = ListState(
    completed_at=NOW,
    full_pass_at=NOW,
    newest_first_by="both",
    newest_created_at=MIDNIGHT + timedelta(minutes=200),
    page_size=10,
)


def get_minute(number: float) -> datetime:
    return MIDNIGHT + timedelta(minutes=number)


class Server(Listing):
    """Server with logs 200 to 101, newest first: log N was created N minutes after `MIDNIGHT`."""

    def __init__(self) -> None:
        super().__init__(lambda: self.logs)
        self.logs: list[Any] = list(range(200, 100, -1))
        self.requests: list[tuple[int, int]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        query = httpx.QueryParams(scope["query_string"].decode())
        self.requests.append((int(query.get("cursor", 0)), int(query["page_size"])))
        await super().__call__(scope, receive, send)


class Writer(AccountWriter):
    """Writer for which it is always `NOW`."""

    def get_time(self) -> datetime:
        return NOW


@pytest.fixture(scope="module")
def filled_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which a run has read all logs of `Server`. Tests copy it."""

    async def fill(file: Path) -> None:
        async with LogStore(file) as store:
            await read(Server(), store)

    file = Path(shutil.copy(migrated_file, tmp_path_factory.mktemp("filled") / "logs.db"))
    asyncio.run(fill(file))
    return file


@pytest.fixture
async def filled(tmp_path: Path, filled_file: Path) -> AsyncIterator[LogStore]:
    """A store in which a run has read all logs of `Server`."""
    async with LogStore(shutil.copy(filled_file, tmp_path / "filled.db")) as opened:
        yield opened


@attrs.frozen
class Result:
    """Result of one run: counts of the committed pages, and the stored state after it."""

    pages: list[PageCounts]
    state: ListState

    @property
    def new(self) -> int:
        return sum(page.new for page in self.pages)


async def read(
    server: Any, store: LogStore, state: ListState | None = None, integration_id: int | None = None, **options: Any
) -> Result:
    """Read a list, by default the account-wide one, from a stored state, and return what was done."""
    writer = Writer(store, "default", "run")
    await writer.bind_account("me")
    await writer.claim_list(integration_id)
    if state is not None:
        await writer.store_page(integration_id, PageRecords(), lambda _: state)
    pages: list[PageCounts] = []
    async with build_client(server) as client, StopSignal(None) as stop_signal:
        sync = ListSync(
            client.logs,
            writer,
            integration_id,
            options=attrs.evolve(OPTIONS, **options),
            redaction=Redaction(),
            retries=RETRY_WITHOUT_DELAY,
            on_page=pages.append,
            stop_signal=stop_signal,
        )
        await sync.run()
    return Result(pages, await writer.claim_list(integration_id))


async def get_ids(store: LogStore) -> set[int]:
    async with store.reading() as connection:
        return set(await connection.scalars(select(log.c.id)))


def count_pages(result: Result) -> int:
    return len(result.pages)


async def test_first_run_reads_all_pages_and_stores_the_state(store: LogStore) -> None:
    result = await read(Server(), store)
    assert result.pages == [PageCounts(new=10, updated=0, already_stored=0, quarantined=0)] * 10
    assert result.state == COMPLETED
    assert await get_ids(store) == set(range(101, 201))


async def test_later_run_reads_three_pages_and_counts_what_it_skips(filled: LogStore) -> None:
    server = Server()
    server.logs[:0] = [203, 202, 201]
    result = await read(server, filled, page_size=20)
    assert server.requests == [(0, 20), (20, 20), (40, 20), (60, 20)]
    assert [(page.new, page.already_stored) for page in result.pages] == [(3, 17), (0, 20), (0, 20), (0, 20)]
    assert result.state == attrs.evolve(COMPLETED, newest_created_at=get_minute(203), page_size=20)


@pytest.mark.parametrize(
    ("minutes", "pages"), [(0, 3), (19, 3), (20, 4), (29.9, 4), (30, 5), (79.9, 9), (80, 10), (10**6, 10)]
)
async def test_later_run_reads_all_logs_within_the_lookback(filled: LogStore, minutes: float, pages: int) -> None:
    # The first log of page N is 10 N minutes older than the newest one.
    server = Server()
    assert count_pages(await read(server, filled, lookback=timedelta(minutes=minutes))) == pages


async def test_lookback_before_year_1_is_no_failure(filled: LogStore) -> None:
    server = Server()
    assert (await read(server, filled, lookback=timedelta.max)).new == 0


async def test_lookback_counts_from_now_if_a_log_is_from_the_future(filled: LogStore) -> None:
    server = Server()
    state = attrs.evolve(COMPLETED, newest_created_at=NOW + timedelta(days=400))
    # The oldest log of the fourth page was created 160 minutes after midnight.
    assert count_pages(await read(server, filled, state, lookback=NOW - get_minute(170))) == 5
    assert count_pages(await read(server, filled, state, lookback=NOW - get_minute(171))) == 4


@pytest.mark.parametrize(("since", "pages"), [(150, 7), (149.5, 7), (170.5, 4), (300, 3)])
async def test_lookback_ends_at_since(filled: LogStore, since: float, pages: int) -> None:
    server = Server()
    result = await read(server, filled, lookback=timedelta(minutes=99), since=get_minute(since))
    assert count_pages(result) == pages
    assert result.state.complete_from == get_minute(since)


@pytest.mark.parametrize(
    ("every", "age", "pages"),
    [
        (WEEK, WEEK, 12),
        (WEEK, WEEK - SECOND, 3),
        (None, 10 * WEEK, 3),
        (timedelta(0), timedelta(0), 12),
    ],
)
async def test_full_check_is_due_after_its_interval(
    filled: LogStore, every: timedelta | None, age: timedelta, pages: int
) -> None:
    server = Server()
    result = await read(server, filled, attrs.evolve(COMPLETED, full_pass_at=NOW - age), full_check_every=every)
    assert count_pages(result) == pages
    assert result.state.full_pass_at == (NOW if pages > 3 else NOW - age)


async def test_full_check_is_due_if_none_is_known(filled: LogStore) -> None:
    server = Server()
    assert count_pages(await read(server, filled, attrs.evolve(COMPLETED, full_pass_at=None))) == 12
    assert (
        count_pages(await read(server, filled, attrs.evolve(COMPLETED, full_pass_at=None), full_check_every=None)) == 3
    )


@pytest.mark.parametrize(
    ("page_size", "seconds", "expected"),
    [(100, 0, 99), (100, 7, 92), (100, 19, 90), (20, 1, 18), (19, 1, 18), (10, 3, 9), (3, 5, 2), (2, 0, 1), (1, 0, 2)],
)
async def test_full_check_has_another_page_size(store: LogStore, page_size: int, seconds: int, expected: int) -> None:
    server = Server()
    server.logs = [1]
    last = datetime.fromtimestamp(1_700_000_000 + seconds, UTC)
    state = attrs.evolve(COMPLETED, page_size=page_size, full_pass_at=last)
    await read(server, store, state, page_size=page_size, full=True)
    assert server.requests == [(0, expected)]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (attrs.evolve(COMPLETED, page_size=9), 10),
        (attrs.evolve(COMPLETED, completed_at=None), 10),
        (attrs.evolve(COMPLETED, full_pass_at=None), 9),
    ],
    ids=["another size before", "first pass", "older version"],
)
async def test_full_pass_has_the_page_size_of_the_caller_if_the_last_one_had_another(
    store: LogStore, state: ListState, expected: int
) -> None:
    server = Server()
    server.logs = [1]
    await read(server, store, state, full=True)
    assert server.requests == [(0, expected)]


@pytest.mark.parametrize(
    ("complete_from", "since", "reads_all"),
    [
        (None, None, False),
        (None, 130, False),
        (130, None, True),
        (130, 129.9, True),
        (130, 130, False),
        (130, 130.1, False),
    ],
)
async def test_earlier_since_reads_the_list_again(
    filled: LogStore, complete_from: float | None, since: float | None, reads_all: bool
) -> None:
    server = Server()
    start = None if complete_from is None else get_minute(complete_from)
    limit = None if since is None else get_minute(since)
    result = await read(server, filled, attrs.evolve(COMPLETED, complete_from=start), since=limit)
    assert (count_pages(result) > 3) is reads_all
    later = max((one for one in (start, limit) if one is not None), default=None)
    assert result.state.complete_from == (limit if reads_all else later)


@pytest.mark.parametrize(
    ("since", "first", "pages"), [(150, 150, 9), (150.5, 151, 8), (149.5, 150, 9), (101, 101, 10), (200, 200, 4)]
)
async def test_log_created_exactly_at_since_is_stored(store: LogStore, since: float, first: int, pages: int) -> None:
    # Three pages without a recent log end the pass.
    result = await read(Server(), store, since=get_minute(since))
    assert await get_ids(store) == set(range(first, 201))
    assert (result.new, count_pages(result)) == (201 - first, pages)
    assert sum(page.already_stored for page in result.pages) == 10 * pages - result.new
    assert result.state.complete_from == get_minute(since)


async def test_since_applies_to_undecodable_records_with_a_time(store: LogStore) -> None:
    server = Server()
    server.logs = [
        {"id": 5, "created_at": "2024-01-01T00:05:00Z", "response": "not an object"},
        {"id": 4, "created_at": "2024-01-01T00:04:59Z", "response": "not an object"},
        {"id": 3, "created_at": None, "response": "not an object"},
        {"created_at": "2024-01-01T00:04:59Z", "exception": "a"},
        {"created_at": "2024-01-01T00:05:00Z", "exception": "b"},
    ]
    result = await read(server, store, since=get_minute(5))
    async with store.reading() as connection:
        rows = (await connection.execute(select(quarantine.c.key, quarantine.c.raw))).all()
    assert {row.key for row in rows if row.key.startswith("id:")} == {"id:5", "id:3"}
    assert [orjson.loads(row.raw)["exception"] for row in rows if not row.key.startswith("id:")] == ["b"]
    assert result.pages == [PageCounts(new=0, updated=0, already_stored=0, quarantined=3)]


UNFINISHED = PassState(
    cursor="50",
    is_full_pass=True,
    page_size=10,
    since=None,
    pass_started_at=NOW - SECOND,
    order=ListOrder(last_id=151, last_created_at=get_minute(151), time_decreases=49),
)


async def test_interrupted_pass_continues_at_its_cursor(store: LogStore) -> None:
    server = Server()
    result = await read(server, store, ListState(unfinished_pass=UNFINISHED, page_size=10))
    assert server.requests[:5] == [(50, 10), (60, 10), (70, 10), (80, 10), (90, 10)]
    # The logs that were created since then are on the first pages.
    assert server.requests[5] == (0, 10)
    assert await get_ids(store) == set(range(101, 201))
    assert result.state.full_pass_at == NOW - SECOND
    assert result.state.unfinished_pass is None


@pytest.mark.parametrize(
    ("stored", "requested", "used"),
    [(10, 10, 10), (10, 7, 7), (7, 10, 7)],
)
async def test_interrupted_pass_continues_with_the_smaller_page_size(
    store: LogStore, stored: int, requested: int, used: int
) -> None:
    server = Server()
    unfinished = attrs.evolve(UNFINISHED, page_size=stored, order=attrs.evolve(UNFINISHED.order))
    await read(server, store, ListState(unfinished_pass=unfinished), page_size=requested)
    assert server.requests[0] == (50, used)
    assert (0, requested) in server.requests


@pytest.mark.parametrize(
    ("stored", "since", "first_request"),
    [(None, None, 50), (None, 120, 50), (120, 120, 50), (120, 120.1, 50), (120, 119.9, 0), (120, None, 0)],
)
async def test_interrupted_pass_is_restarted_if_it_skipped_logs_that_are_wanted_now(
    store: LogStore, stored: float | None, since: float | None, first_request: int
) -> None:
    server = Server()
    unfinished = attrs.evolve(
        UNFINISHED,
        since=None if stored is None else get_minute(stored),
        order=attrs.evolve(UNFINISHED.order),
    )
    limit = None if since is None else get_minute(since)
    result = await read(server, store, ListState(unfinished_pass=unfinished), since=limit)
    assert server.requests[0][0] == first_request
    assert result.state.complete_from == limit


@pytest.mark.parametrize(
    ("full", "rewrites", "first_request"), [(True, False, 0), (True, True, 50), (False, True, 50), (False, False, 50)]
)
async def test_interrupted_pass_is_restarted_if_stored_logs_are_rewritten_now(
    store: LogStore, full: bool, rewrites: bool, first_request: int
) -> None:
    server = Server()
    unfinished = attrs.evolve(UNFINISHED, rewrites=rewrites, order=attrs.evolve(UNFINISHED.order))
    state = attrs.evolve(COMPLETED, unfinished_pass=unfinished)
    result = await read(server, store, state, full=full)
    assert server.requests[0][0] == first_request
    # One full pass is enough for `full`; after it, only the first pages are read.
    assert count_pages(result) == (13 if first_request else 12)


@pytest.mark.parametrize("status", [400, 404, 410, 422])
async def test_full_pass_follows_a_rejected_cursor(store: LogStore, status: int) -> None:
    server = Server()

    async def reject(scope: Any, receive: Any, send: Any) -> None:
        if b"cursor=50" in scope["query_string"] and not server.requests:
            server.requests.append((50, status))
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await server(scope, receive, send)

    unfinished = attrs.evolve(UNFINISHED, order=attrs.evolve(UNFINISHED.order))
    result = await read(reject, store, ListState(unfinished_pass=unfinished))
    assert server.requests[:2] == [(50, status), (0, 10)]
    assert (result.new, count_pages(result)) == (100, 10)


class Linked:
    """Server whose pages are `(records, next cursor)` by cursor. It ends with an error at an unknown cursor."""

    def __init__(self, pages: dict[str | None, tuple[list[int], str | None]]) -> None:
        self.pages = pages
        self.requests: list[str | None] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        cursor = httpx.QueryParams(scope["query_string"].decode()).get("cursor")
        self.requests.append(cursor)
        ids, following = self.pages[cursor]
        headers = [(b"content-type", b"application/json")]
        if following is not None:
            headers.append((b"link", f'<https://panel.sendcloud.sc/x?cursor={following}>; rel="next"'.encode()))
        records = [Listing.build_log(one) for one in ids]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": httpx.Response(200, json={"data": records}).content})


def link_empty_pages(count: int) -> dict[str | None, tuple[list[int], str | None]]:
    """Return a first page without records that is followed by others, `count` in total, and one with a record."""
    cursors: list[str | None] = [None, *map(str, range(1, count + 1))]
    pages: dict[str | None, tuple[list[int], str | None]] = {
        cursor: ([], following) for cursor, following in pairwise(cursors)
    }
    return pages | {cursors[-1]: ([7], None)}


async def test_incremental_pass_continues_after_100_pages_without_records(store: LogStore) -> None:
    pages = link_empty_pages(102)
    pages["1"] = ([300], "2")  # restarts the count
    assert (await read(Linked(pages), store, COMPLETED)).new == 2


async def test_incremental_pass_fails_after_101_pages_without_records(store: LogStore) -> None:
    server = Linked(link_empty_pages(101))
    with pytest.raises(ResponseDecodeError, match="101 consecutive pages without records, and each links to") as caught:
        await read(server, store, COMPLETED)
    assert (caught.value.field, caught.value.page_cursor) == ("Link", "100")


async def test_incremental_pass_fails_at_a_page_that_links_back(store: LogStore) -> None:
    server = Linked({None: ([9, 8], "a"), "a": ([7], "b"), "b": ([6], "a")})
    with pytest.raises(ResponseDecodeError, match="the page at cursor b links to a, which was read before") as caught:
        await read(server, store, COMPLETED)
    assert (caught.value.field, caught.value.page_cursor) == ("Link", "b")
    assert server.requests == [None, "a", "b"]
    assert await get_ids(store) == {9, 8, 7, 6}


@pytest.mark.parametrize("state", [None, COMPLETED], ids=["full", "incremental"])
async def test_page_whose_next_cursor_cannot_be_stored_fails_and_keeps_the_state(
    store: LogStore, state: ListState | None
) -> None:
    server = Linked({None: ([9, 8], "%00"), "\0": ([7], None)})
    with pytest.raises(ResponseDecodeError, match="contains characters that cannot be stored") as caught:
        await read(server, store, state)
    assert (caught.value.field, caught.value.page_cursor) == ("Link", None)
    assert await get_ids(store) == set()


async def test_records_that_two_pages_share_are_counted_once(store: LogStore) -> None:
    server = Linked({None: ([9, 8, 7], "a"), "a": ([], "b"), "b": ([7, 6, 5], "c"), "c": ([5, 4], None)})
    result = await read(server, store)
    assert [(page.new, page.already_stored) for page in result.pages] == [(3, 0), (0, 0), (2, 0), (1, 0)]


async def test_incremental_pass_becomes_a_full_one_if_the_order_has_changed(filled: LogStore) -> None:
    server = Server()
    server.logs = list(range(101, 201))
    result = await read(server, filled)
    assert count_pages(result) == 10
    assert result.state.newest_first_by == "none"


async def test_changed_log_is_counted_as_updated(filled: LogStore) -> None:
    server = Server()
    server.logs[1] = {"id": 199, "created_at": get_minute(199).isoformat(), "base_url": "https://new.example"}
    result = await read(server, filled)
    assert result.pages[0] == PageCounts(new=0, updated=1, already_stored=9, quarantined=0)
    assert count_pages(result) == 3


async def test_log_that_no_pass_has_read_continues_the_pass(filled: LogStore) -> None:
    server = Server()
    async with filled.writing() as connection:
        await connection.execute(update(log).where(log.c.id == 175).values(read_account_wide=False))
    assert count_pages(await read(server, filled)) == 6  # three pages after the one with log 175


async def test_only_a_full_pass_on_request_applies_changed_redaction_rules(filled: LogStore) -> None:
    async def count_old_rules() -> int:
        async with filled.reading() as connection:
            return len(list(await connection.scalars(select(log.c.id).where(log.c.redaction_key == "old"))))

    async with filled.writing() as connection:
        await connection.execute(update(log).values(redaction_key="old"))
    for options in ({}, {"full_check_every": timedelta(0)}):
        await read(Server(), filled, **options)
        assert await count_old_rules() == 100
    await read(Server(), filled, full=True)
    assert await count_old_rules() == 0


async def test_full_pass_observes_the_order_of_known_logs_on_the_first_page(filled: LogStore) -> None:
    server = Server()
    server.logs[3], server.logs[4] = server.logs[4], server.logs[3]
    assert (await read(server, filled, full=True)).state.newest_first_by == "none"


async def test_resumed_pass_observes_the_order_of_known_logs_after_its_first_page(filled: LogStore) -> None:
    server = Server()
    server.logs[63], server.logs[64] = server.logs[64], server.logs[63]
    unfinished = attrs.evolve(UNFINISHED, order=attrs.evolve(UNFINISHED.order))
    result = await read(server, filled, ListState(unfinished_pass=unfinished, page_size=10))
    # The list is not sorted, so logs that were created since then can be on any page.
    assert [cursor for cursor, _ in server.requests] == [*range(50, 100, 10), *range(0, 100, 9)]
    assert result.state.newest_first_by == "none"


@pytest.mark.parametrize(
    ("cursors", "expected"),
    [
        (["70"], [70, *range(70, 100, 10), 0, 10, 20]),  # from this page to the end, and the newest logs
        (["50", "70"], [50, 70, *range(0, 100, 9)]),
    ],
)
async def test_pages_that_are_readable_now_are_read_with_those_after_them(
    filled: LogStore, cursors: list[str], expected: list[int]
) -> None:
    await quarantine_pages(filled, cursors)
    server = Server()
    result = await read(server, filled)
    assert [cursor for cursor, _ in server.requests] == expected
    assert result.state.unreadable_pages == {}


async def quarantine_pages(store: LogStore, cursors: list[str]) -> None:
    rows = [
        {
            "account": "default",
            "kind": "page",
            "integration_id": 0,
            "key": build_page_key(cursor),
            "error": "",
            "field": "",
            "page_cursor": cursor,
            "quarantined_at": NOW,
            "raw": "",
        }
        for cursor in cursors
    ]
    async with store.writing() as connection:
        await connection.execute(insert(quarantine), rows)


def break_pages(server: Server, numbers: range) -> Any:
    """Return a server that sends no JSON for some pages."""

    async def respond(scope: Any, receive: Any, send: Any) -> None:
        cursor = int(httpx.QueryParams(scope["query_string"].decode()).get("cursor", 0))

        async def send_broken(message: Any) -> None:
            await send(message | ({"body": b"{"} if "body" in message else {}))

        await server(scope, receive, send_broken if cursor // 10 in numbers else send)

    return respond


@pytest.mark.parametrize("numbers", [range(10), range(10, 20)])
async def test_ten_consecutive_pages_can_be_unreadable(store: LogStore, numbers: range) -> None:
    server = Server()
    server.logs = list(range(400, 100, -1))
    result = await read(break_pages(server, numbers), store)
    assert (result.new, sum(page.quarantined for page in result.pages)) == (200, 10)


@pytest.mark.parametrize("numbers", [range(11), range(10, 21)])
async def test_eleventh_consecutive_unreadable_page_fails_the_list(store: LogStore, numbers: range) -> None:
    server = Server()
    server.logs = list(range(400, 100, -1))
    with pytest.raises(ResponseDecodeError):
        await read(break_pages(server, numbers), store)
    async with store.reading() as connection:
        assert len(list(await connection.scalars(select(quarantine.c.key)))) == 10


@pytest.mark.parametrize(("integration_id", "expected"), [(None, [None, 7, None, None]), (4, [4, 4, 4, 4])])
async def test_log_belongs_to_the_integration_of_the_list_or_of_its_field(
    store: LogStore, integration_id: int | None, expected: list[int | None]
) -> None:
    server = Server()
    fields: list[dict[str, Any]] = [{}, {"integration_id": 7}, {"integration_id": 0}, {"integration_id": None}]
    server.logs = [Listing.build_log(10 - number) | field for number, field in enumerate(fields)]
    await read(server, store, integration_id=integration_id)
    async with store.reading() as connection:
        found = await connection.scalars(select(log.c.integration_id).order_by(log.c.id.desc()))
        assert list(found) == expected


async def test_list_ends_at_a_page_that_has_no_link_when_it_is_read_again(store: LogStore) -> None:
    server = Linked({None: ([9, 8], "a"), "a": ([7], None)})

    async def respond(scope: Any, receive: Any, send: Any) -> None:
        is_first = not server.requests

        async def send_broken(message: Any) -> None:
            await send(message | ({"body": b"{"} if "body" in message else {}))

        await server(scope, receive, send_broken if is_first else send)
        if is_first:
            server.pages[None] = ([9, 8], None)

    await read(respond, store)
    assert await get_ids(store) == {9, 8}
    async with store.reading() as connection:
        assert list(await connection.scalars(select(quarantine.c.key))) == []
