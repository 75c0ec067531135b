"""The sync, against the simulated Sendcloud: what it takes, what it leaves, and where it goes on."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from sendcloud_integrations_client import (
    AuthenticationError,
    BasicAuth,
    InvalidInputError,
    NotFoundError,
    RetryPolicy,
    SendcloudIntegrations,
    ServerError,
)
from sendcloud_integrations_client.sync import LogStore, SyncProgress, SyncSummary, sync_accounts, sync_logs
from sendcloud_integrations_client.sync.errors import TakenOverError
from sendcloud_integrations_client.sync.schema import account, integration, log, quarantine, walk
from sendcloud_integrations_client.testing import SimulatedSendcloud

BASE_URL = "https://panel.sendcloud.sc/api/v3"
IMMEDIATELY = RetryPolicy(max_attempts=3, base_delay=0)


def client_of(server: Any, **options: Any) -> SendcloudIntegrations:
    options = {"auth": BasicAuth("public", "secret"), "retries": IMMEDIATELY, "rate_limits": None} | options
    return SendcloudIntegrations(base_url=BASE_URL, transport=httpx.ASGITransport(server), **options)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LogStore]:
    async with LogStore(tmp_path / "logs.db") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
async def each_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LogStore]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'logs.db'}"
    else:
        url = request.getfixturevalue("new_postgresql_database")()
    async with LogStore(url) as opened:
        yield opened


async def sync(server: Any, store: LogStore, **options: Any) -> SyncSummary:
    async with client_of(server) as client:
        return await sync_logs(client, store, **{"page_size": 10} | options)


async def create(server: SimulatedSendcloud, integration_id: int, count: int = 1, **fields: Any) -> list[int]:
    """Ids of new logs."""
    async with client_of(server) as client:
        logs = [
            await client.logs.create(integration_id, base_url="https://shop.example", **fields) for _ in range(count)
        ]
    return [one.id for one in logs]


async def ids_of(store: LogStore) -> set[int]:
    async with store.reading() as connection:
        ids = list(await connection.scalars(select(log.c.id)))
    assert len(ids) == len(set(ids))
    return set(ids)


async def rows_of(store: LogStore, table: Any) -> list[Any]:
    async with store.reading() as connection:
        return list((await connection.execute(select(table))).all())


def pages_asked_for(server: SimulatedSendcloud) -> int:
    return sum(request.operation == "list_integration_logs" for request in server.requests)


def stopping_after(pages: int) -> dict[str, Any]:
    """Options for a sync that is asked to stop once so many pages were committed."""
    stop = asyncio.Event()

    def look(progress: SyncProgress) -> None:
        if progress.pages >= pages:
            stop.set()

    return {"stop": stop, "on_progress": look}


async def test_a_first_run_takes_everything_and_a_second_one_nothing(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=3, logs=200)
    first = await sync(server, each_store)
    assert (first.succeeded, first.integrations, first.walked, first.new, first.known) == (True, 3, 3, 200, 0)
    assert await ids_of(each_store) == set(range(1, 201))
    server.requests.clear()
    second = await sync(server, each_store)
    assert (second.succeeded, second.new, second.known) == (True, 0, 90)
    assert pages_asked_for(server) == 9  # a page of known records, and two more
    assert await ids_of(each_store) == set(range(1, 201))


async def test_a_later_run_takes_what_is_new_and_no_more(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=400)
    await sync(server, each_store)
    new = set(await create(server, 1, 25))
    server.requests.clear()
    summary = await sync(server, each_store)
    assert summary.new == 25
    assert new < await ids_of(each_store)
    # Two pages and a half with new records; for each integration, three pages of known ones.
    assert pages_asked_for(server) == 3 + 3 + 3


async def test_a_log_is_stored_with_what_a_report_needs_and_its_whole_record(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=0)
    (log_id,) = await create(
        server,
        2,
        created_at=datetime.fromisoformat("2024-05-01T00:30:00+02:00"),
        exception="Out of stock",
        exception_type="shop.Error",
        response_code=503,
        method="POST",
        full_url="https://shop.example/orders",
    )
    await sync(server, store)
    (row,) = await rows_of(store, log)
    assert (row.account, row.id, row.integration_id) == ("default", log_id, 2)
    assert row.created_at == "2024-05-01T00:30:00+02:00"
    assert row.created_at_utc == datetime(2024, 4, 30, 22, 30, tzinfo=UTC)
    assert (row.exception, row.exception_type, row.response_code) == ("Out of stock", "shop.Error", 503)
    assert (row.method, row.base_url, row.full_url) == ("POST", "https://shop.example", "https://shop.example/orders")
    assert row.protected is False
    assert orjson.loads(row.record)["created_at"] == "2024-05-01T00:30:00+02:00"
    assert datetime.now(UTC) - row.stored_at < timedelta(minutes=1)
    shops = {one.id: one for one in await rows_of(store, integration)}
    assert (shops[2].shop_name, shops[2].shop_url) == ("Integration #2", "https://shop-2.example/")
    (only,) = await rows_of(store, account)
    assert only.name == "default"
    assert only.first_synced_at < only.last_synced_at


@pytest.mark.parametrize("log_order", ["newest_first", "created_at"])
async def test_a_log_that_arrives_late_is_caught_by_the_overlap(store: LogStore, log_order: Any) -> None:
    server = SimulatedSendcloud(integrations=1, logs=300, log_order=log_order)
    await sync(server, store)
    async with store.reading() as connection:
        recent = list(await connection.scalars(select(log.c.created_at_utc).order_by(log.c.id.desc()).limit(30)))
    late = await create(server, 1, created_at=recent[25])
    summary = await sync(server, store)
    assert summary.new == 1
    assert set(late) < await ids_of(store)


@pytest.mark.parametrize("log_order", ["oldest_first", "shuffled"])
async def test_where_the_order_cannot_be_relied_on_every_run_walks_everything(store: LogStore, log_order: Any) -> None:
    server = SimulatedSendcloud(integrations=1, logs=300, log_order=log_order)
    await sync(server, store)
    assert [one.newest_first_by for one in await rows_of(store, walk)] == ["none"]
    new = set(await create(server, 1, 7))
    server.requests.clear()
    summary = await sync(server, store)
    assert (summary.new, summary.known) == (7, 300)
    assert pages_asked_for(server) == 31
    assert new < await ids_of(store)


async def test_an_order_that_turns_out_not_to_hold_makes_the_run_walk_everything(store: LogStore) -> None:
    numbers = list(range(200, 100, -1))
    server = Listing(lambda: numbers)
    await sync(server, store)
    assert [one.newest_first_by for one in await rows_of(store, walk)] == ["both"]
    numbers.append(300)  # the newest is listed last
    numbers[0:0] = [201, 202]
    await sync(server, store)
    assert await ids_of(store) == set(numbers)


@pytest.mark.parametrize("log_order", ["newest_first", "created_at", "oldest_first", "shuffled"])
@settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink would take minutes
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=st.lists(st.tuples(st.integers(0, 45), st.integers(1, 8)), max_size=6), seed=st.integers(0, 1000))
def test_nothing_is_lost_however_often_it_is_stopped(
    tmp_path_factory: pytest.TempPathFactory, log_order: Any, steps: list[tuple[int, int]], seed: int
) -> None:
    async def run() -> None:
        server = SimulatedSendcloud(seed=seed, integrations=2, logs=120, log_order=log_order)
        async with LogStore(tmp_path_factory.mktemp("store") / "logs.db") as store:
            for created, pages in steps:
                summary = await sync(server, store, page_size=5, **stopping_after(pages))
                assert summary.succeeded
                await create(server, 1 + created % 2, created)
            summary = await sync(server, store, page_size=5)
            assert (summary.succeeded, summary.stopped) == (True, False)
            total = 120 + sum(created for created, _ in steps)
            assert await ids_of(store) == set(range(1, total + 1))
            for one in await rows_of(store, walk):
                assert (one.cursor, one.completed_at is None) == (None, False)

    asyncio.run(run())


async def test_a_stopped_run_goes_on_where_it_was_and_takes_what_came_meanwhile(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=300)
    stopped = await sync(server, store, **stopping_after(12))
    assert (stopped.stopped, stopped.succeeded, stopped.new, stopped.walked) == (True, True, 120, 0)
    assert (await rows_of(store, account))[0].last_synced_at is None
    await create(server, 1, 15)
    server.requests.clear()
    summary = await sync(server, store)
    assert (summary.stopped, summary.new, summary.walked) == (False, 180 + 15, 1)
    assert await ids_of(store) == set(range(1, 316))
    # What was left; two pages with new ones, the second of them with known ones too; three with known ones.
    assert pages_asked_for(server) == 18 + 2 + 3


async def test_a_stop_does_not_wait_for_a_page_that_does_not_come(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=4, logs=100)
    stop = asyncio.Event()
    server.delay("list_integration_logs", 30)
    asyncio.get_running_loop().call_later(0.2, stop.set)
    started = time.monotonic()
    summary = await sync(server, store, stop=stop)
    assert (summary.stopped, summary.succeeded, summary.new) == (True, True, 0)
    assert time.monotonic() - started < 5


async def test_a_cancelled_run_leaves_nothing_behind_and_the_next_goes_on(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=3, logs=300)
    server.delay("list_integration_logs", 0.05)
    before = asyncio.all_tasks()
    for seconds in (0.03, 0.08, 0.13, 0.14):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sync(server, store), seconds)
        assert asyncio.all_tasks() == before
    server.clear_faults()
    assert (await sync(server, store)).succeeded
    assert await ids_of(store) == set(range(1, 301))


async def test_a_cursor_that_is_refused_starts_the_walk_over(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=200)
    await sync(server, store, **stopping_after(5))
    await create(server, 1, 3)
    server.fail_next("list_integration_logs", status=400)
    summary = await sync(server, store)
    assert summary.succeeded
    assert await ids_of(store) == set(range(1, 204))


async def test_a_cursor_that_is_refused_again_and_again_is_a_failure(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=200)
    await sync(server, store, **stopping_after(5))
    server.fail_next("list_integration_logs", status=400, count=2)
    summary = await sync(server, store)
    assert list(summary.failures) == [1]
    assert (await sync(server, store)).succeeded
    assert await ids_of(store) == set(range(1, 201))


async def test_one_integration_that_fails_does_not_end_the_others(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=100)
    summary = await sync(server, store, integrations=[1, 99, 2])
    assert not summary.succeeded
    assert summary.error is None
    assert isinstance(summary.failures[99], NotFoundError)
    assert (summary.integrations, summary.walked, summary.new) == (3, 2, 100)
    with pytest.raises(ExceptionGroup):
        summary.raise_for_failures()


async def test_only_the_integrations_that_are_asked_for_are_walked(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=4, logs=100)
    summary = await sync(server, store, integrations={2, 3})
    assert (summary.walked, summary.new) == (2, 50)
    assert {one.integration_id for one in await rows_of(store, log)} == {2, 3}


async def test_a_walk_that_fails_goes_on_in_the_next_run(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100)
    async with client_of(server, retries=None) as client:

        def fail_later(progress: SyncProgress) -> None:
            if progress.pages == 4:
                server.fail_next("list_integration_logs", count=4, status=503)

        summary = await sync_logs(client, store, page_size=10, on_progress=fail_later)
    assert isinstance(summary.failures[1], ServerError)
    assert 40 <= summary.new < 100
    server.clear_faults()
    again = await sync(server, store)
    assert again.new == 100 - summary.new
    assert await ids_of(store) == set(range(1, 101))


async def test_bad_credentials_of_one_account_do_not_stop_the_others(store: LogStore) -> None:
    servers = {name: SimulatedSendcloud(seed=number, integrations=2, logs=50) for number, name in enumerate("abc")}
    clients = {name: client_of(server) for name, server in servers.items()}
    clients["b"] = client_of(servers["b"], auth=BasicAuth("public", "wrong"))
    summaries = await sync_accounts(clients, store, page_size=10)
    for client in clients.values():
        await client.aclose()
    assert list(summaries) == ["a", "b", "c"]
    assert isinstance(summaries["b"].error, AuthenticationError)
    assert "wrong" not in repr(summaries["b"])
    assert [one.succeeded for one in summaries.values()] == [True, False, True]
    assert [one.new for one in summaries.values()] == [50, 0, 50]
    # The same ids are other logs in another account.
    async with store.reading() as connection:
        counts = await connection.execute(select(log.c.account, func.count()).group_by(log.c.account))
        assert dict(counts.all()) == {"a": 50, "c": 50}


async def test_credentials_that_end_midway_end_the_run_at_once(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=20, logs=400)

    def refuse(progress: SyncProgress) -> None:
        if progress.pages == 3:
            server.fail_next("*", count=1000, status=401)

    summary = await sync(server, store, concurrency=2, on_progress=refuse)
    assert isinstance(summary.error, AuthenticationError)
    assert (summary.stopped, summary.succeeded) == (False, False)
    assert len(server.requests) < 20


async def test_what_the_caller_raises_reaches_the_caller(store: LogStore) -> None:
    def complain(progress: SyncProgress) -> None:
        if progress.pages == 2:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await sync(SimulatedSendcloud(integrations=3, logs=100), store, on_progress=complain)


@pytest.mark.parametrize(
    "options",
    [{"concurrency": 0}, {"page_size": 0}, {"page_size": 101}, {"integrations": [1, 2**63]}, {"integrations": ["1"]}],
)
async def test_an_argument_out_of_range_is_refused_before_anything_is_sent(
    store: LogStore, options: dict[str, Any]
) -> None:
    server = SimulatedSendcloud()
    with pytest.raises(InvalidInputError):
        await sync(server, store, **options)
    assert not server.requests


async def test_since_passes_over_what_is_older_and_stops_where_the_order_allows(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=400)
    async with client_of(server) as client:
        logs = [one async for one in client.logs.list(page_size=100)]
    since = logs[45].created_at
    assert since is not None
    server.requests.clear()
    summary = await sync(server, store, since=since)
    assert (summary.new, summary.succeeded) == (46, True)
    assert await ids_of(store) == {one.id for one in logs[:46]}
    # Five pages with something to take, three without, and up to three that were asked for ahead.
    assert 8 <= pages_asked_for(server) <= 11
    # From an earlier moment on there is more to take than the known pages at the top show.
    earlier = logs[250].created_at
    assert (await sync(server, store, since=earlier)).new == 251 - 46
    assert (await sync(server, store)).new == 400 - 251
    server.requests.clear()
    assert (await sync(server, store, since=since)).new == 0
    assert pages_asked_for(server) == 3


async def test_since_filters_where_the_order_cannot_be_relied_on(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=200, log_order="shuffled")
    async with client_of(server) as client:
        moments = sorted([one.created_at async for one in client.logs.list(page_size=100) if one.created_at])
    summary = await sync(server, store, since=moments[150])
    assert (summary.new, summary.known, summary.pages) == (50, 150, 20)


async def test_an_interrupted_walk_that_passed_over_what_is_asked_for_now_starts_over(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=200, log_order="shuffled")
    async with client_of(server) as client:
        moments = sorted([one.created_at async for one in client.logs.list(page_size=100) if one.created_at])
    await sync(server, store, since=moments[150], **stopping_after(8))
    await sync(server, store)
    assert await ids_of(store) == set(range(1, 201))


async def test_pruned_logs_are_not_taken_again(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=100)
    await sync(server, each_store)
    async with each_store.reading() as connection:
        moments = sorted(await connection.scalars(select(log.c.created_at_utc)))
    assert await each_store.prune(moments[40]) == 40
    assert len(await ids_of(each_store)) == 60
    new = set(await create(server, 1, 2))
    summary = await sync(server, each_store)
    assert summary.new == 2
    assert len(await ids_of(each_store)) == 62
    assert new < await ids_of(each_store)
    assert await each_store.prune(timedelta(days=36_500)) == 0


async def test_a_dry_run_says_what_would_come_and_stores_nothing(store: LogStore, tmp_path: Path) -> None:
    server = SimulatedSendcloud(integrations=2, logs=100)
    first = await sync(server, store, dry_run=True)
    assert (first.new, first.dry_run, first.succeeded) == (100, True, True)
    assert os.listdir(tmp_path) == []
    await sync(server, store, **stopping_after(3))
    before = await ids_of(store)
    await create(server, 2, 12)
    walks = await rows_of(store, walk)
    second = await sync(server, store, dry_run=True)
    assert second.new == 112 - len(before)
    assert await ids_of(store) == before
    assert await rows_of(store, walk) == walks
    assert (await sync(server, store)).new == second.new


async def test_a_run_that_another_one_takes_over_ends_and_nothing_is_lost(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=300)
    server.delay("list_integration_logs", 0.02)
    under_way = asyncio.Event()

    def note(progress: SyncProgress) -> None:
        if progress.pages:  # before its first page it may not have begun its walk
            under_way.set()

    older = asyncio.create_task(sync(server, each_store, on_progress=note))
    await under_way.wait()
    await create(server, 1, 20)
    newer = await sync(server, each_store)
    summary = await older
    assert isinstance(summary.error, TakenOverError)
    assert newer.succeeded
    assert summary.new + newer.new == 320
    assert await ids_of(each_store) == set(range(1, 321))


async def test_progress_is_told_after_each_page(store: LogStore) -> None:
    told: list[SyncProgress] = []
    summary = await sync(SimulatedSendcloud(integrations=2, logs=60), store, on_progress=told.append)
    assert {one.account for one in told} == {"default"}
    assert [one.pages for one in told] == sorted(one.pages for one in told)
    last = told[-1]
    assert (last.integrations, last.walked, last.pages, last.new) == (2, 2, summary.pages, 60)


class Listing:
    """A server of one integration whose logs are whatever a test says, in the order it says; cursors are offsets."""

    def __init__(self, logs: Callable[[], list[Any]]) -> None:
        self._logs = logs

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        if scope["path"].endswith("/logs"):
            query = httpx.QueryParams(scope["query_string"].decode())
            start, size = int(query.get("cursor", 0)), int(query["page_size"])
            logs = [self.log(one) for one in self._logs()]
            data: Any = logs[start : start + size]
            if start + size < len(logs):
                headers.append((b"link", f'<{BASE_URL}/x?cursor={start + size}>; rel="next"'.encode()))
        else:
            data = [{"id": 1, "shop_name": "One"}]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"data": data}).encode()})

    @staticmethod
    def log(one: Any) -> Any:
        if not isinstance(one, int):
            return one
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=one)
        return {"id": one, "base_url": "https://shop.example", "created_at": moment.isoformat()}


async def test_records_that_cannot_be_read_are_put_into_quarantine_once(each_store: LogStore) -> None:
    logs: list[Any] = list(range(60, 0, -1))
    logs[3] = {"id": 57, "base_url": "https://shop.example", "response": "text", "api_key": "hush"}
    logs[12] = 4.5
    logs[25] = {"id": 10**30, "base_url": "https://shop.example"}
    logs[26] = {"base_url": "no id at all", "created_at": "2024-01-01T00:00:00Z"}
    server = Listing(lambda: logs)
    first = await sync(server, each_store)
    assert (first.succeeded, first.new, first.quarantined) == (True, 56, 4)
    assert await ids_of(each_store) == set(range(1, 61)) - {57, 48, 35, 34}
    second = await sync(server, each_store)
    assert (second.new, second.quarantined) == (0, 0)
    rows = {one.page_cursor: one for one in await rows_of(each_store, quarantine)}
    first_page = rows[None]
    assert (first_page.key, first_page.field, first_page.page_index) == ("id:57", "data[3].response", 3)
    assert "should be an object" in first_page.error
    assert "hush" not in first_page.raw
    assert orjson.loads(first_page.raw)["response"] == "text"
    assert orjson.loads(rows["10"].raw) == 4.5
    assert len(await rows_of(each_store, quarantine)) == 4


async def test_whatever_a_text_holds_can_be_stored(each_store: LogStore) -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"a": deep}
    odd = {
        "id": 1,
        "base_url": "nul \0, line separator \u2028, emoji \U0001f600",
        "exception": "\0",
        "response_code": 10**18 * 100,
        "created_at": "0001-01-01T00:00:00+14:00",
        "additional_data": deep,
    }
    summary = await sync(Listing(lambda: [odd, 2]), each_store, redaction=None)
    assert (summary.succeeded, summary.new) == (True, 2)
    row = next(one for one in await rows_of(each_store, log) if one.id == 1)
    assert row.base_url == "nul \ufffd, line separator \u2028, emoji \U0001f600"
    assert (row.created_at, row.created_at_utc, row.response_code) == (odd["created_at"], None, None)
    assert '"nul \\u0000' in row.record


async def test_an_integration_that_cannot_be_read_is_walked_nevertheless(store: LogStore) -> None:
    class Odd(Listing):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["path"].endswith("/logs"):
                await super().__call__(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b'{"data":[{"id":1,"created_at":"never"}]}'})

    summary = await sync(Odd(lambda: [3, 2, 1]), store)
    assert (summary.succeeded, summary.new, summary.quarantined) == (True, 3, 1)
    (row,) = await rows_of(store, quarantine)
    assert (row.kind, row.key) == ("integration", "id:1")


async def test_pages_that_lead_in_a_circle_are_a_failure(store: LogStore) -> None:
    logs = list(range(40, 0, -1))
    server = Listing(lambda: logs)
    await sync(server, store)
    inner = server.__call__

    class Circle(Listing):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if b"cursor=20" in scope["query_string"]:
                scope = scope | {"query_string": b"page_size=10"}
            await inner(scope, receive, send)

    logs[0:0] = list(range(200, 40, -1))
    summary = await sync(Circle(lambda: logs), store)
    assert "never end" in str(summary.failures[1])
