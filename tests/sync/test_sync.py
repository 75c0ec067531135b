"""Tests of `sync_logs` and `sync_accounts` with the simulated Sendcloud."""

from __future__ import annotations

import asyncio
import os
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
    ServerError,
)
from sendcloud_integrations_client.sync import LogStore, SyncProgress, SyncSummary, sync_accounts, sync_logs
from sendcloud_integrations_client.sync.errors import SyncSupersededError
from sendcloud_integrations_client.sync.schema import account, integration, log, problem, quarantine, sync_state
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.stores import with_both_databases
from tests.support.sync_servers import Listing, build_client

# Tests of the account-wide list are in test_account_list.py, and tests of the lookback in test_late_logs.py.
PER_INTEGRATION: dict[str, Any] = {"page_size": 10, "source": "integrations", "lookback": timedelta(0)}


async def sync(server: Any, store: LogStore, **options: Any) -> SyncSummary:
    async with build_client(server) as client:
        return await sync_logs(client, store, **PER_INTEGRATION | options)


async def create_logs(server: SimulatedSendcloud, integration_id: int, count: int = 1, **fields: Any) -> list[int]:
    """Create logs and return their ids."""
    async with build_client(server) as client:
        logs = [
            await client.logs.create(integration_id, base_url="https://shop.example", **fields) for _ in range(count)
        ]
    return [one.id for one in logs]


async def get_log_ids(store: LogStore) -> set[int]:
    async with store.reading() as connection:
        ids = list(await connection.scalars(select(log.c.id)))
    assert len(ids) == len(set(ids))
    return set(ids)


async def get_rows(store: LogStore, table: Any) -> list[Any]:
    async with store.reading() as connection:
        return list((await connection.execute(select(table))).all())


def count_page_requests(server: SimulatedSendcloud) -> int:
    return sum(request.operation == "list_integration_logs" for request in server.requests)


async def wait_for_page_requests(server: SimulatedSendcloud, count: int) -> None:
    async with asyncio.timeout(30):
        while count_page_requests(server) < count:  # noqa: ASYNC110 - the server offers no event for it
            await asyncio.sleep(0.001)


def stop_after_pages(pages: int) -> dict[str, Any]:
    """Return options for a sync that is stopped after a number of committed pages."""
    stop = asyncio.Event()

    def check_pages(progress: SyncProgress) -> None:
        if progress.pages >= pages:
            stop.set()

    return {"stop": stop, "on_progress": check_pages}


@with_both_databases
async def test_first_run_stores_all_logs_and_second_run_none(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=3, logs=300)
    first = await sync(server, each_store)
    assert (first.succeeded, first.integrations, first.completed, first.new, first.already_stored) == (
        True,
        3,
        3,
        300,
        0,
    )
    assert await get_log_ids(each_store) == set(range(1, 301))
    server.requests.clear()
    second = await sync(server, each_store)
    assert (second.succeeded, second.new, second.already_stored) == (True, 0, 90)
    assert count_page_requests(server) == 9  # per integration, one page of stored records and two pages of overlap
    assert await get_log_ids(each_store) == set(range(1, 301))


async def test_later_run_reads_only_pages_with_new_logs_and_overlap(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=200)
    await sync(server, each_store)
    new = set(await create_logs(server, 1, 25))
    server.requests.clear()
    summary = await sync(server, each_store)
    assert summary.new == 25
    assert new < await get_log_ids(each_store)
    # Two and a half pages with new records, and three pages of stored records per integration.
    assert count_page_requests(server) == 3 + 3 + 3


async def test_log_is_stored_with_columns_and_complete_record(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=0)
    server.set_integration(2, shop_name="Tulip Bikes", shop_url="https://tulip-bikes.example/")
    (log_id,) = await create_logs(
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
    (row,) = await get_rows(store, log)
    assert (row.account, row.id, row.integration_id) == ("default", log_id, 2)
    assert row.created_at == "2024-05-01T00:30:00+02:00"
    assert row.created_at_utc == datetime(2024, 4, 30, 22, 30, tzinfo=UTC)
    assert (row.exception, row.exception_type, row.response_code) == ("Out of stock", "shop.Error", 503)
    assert (row.method, row.base_url, row.full_url) == ("POST", "https://shop.example", "https://shop.example/orders")
    assert row.protected is False
    assert orjson.loads(row.record)["created_at"] == "2024-05-01T00:30:00+02:00"
    assert datetime.now(UTC) - row.stored_at < timedelta(minutes=1)
    shops = {one.id: one for one in await get_rows(store, integration)}
    assert (shops[2].shop_name, shops[2].shop_url) == ("Tulip Bikes", "https://tulip-bikes.example/")
    (only,) = await get_rows(store, account)
    assert only.name == "default"
    assert only.first_synced_at < only.last_synced_at


async def test_store_contains_why_the_last_run_failed(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=20)
    await sync(server, store)
    (succeeded,) = await get_rows(store, account)
    assert (succeeded.failed_at, succeeded.error) == (None, None)
    server.fail_next("list_integrations", status=401)
    failed_summary = await sync(server, store)
    assert not failed_summary.succeeded
    (failed,) = await get_rows(store, account)
    assert failed.last_synced_at == succeeded.last_synced_at < failed.failed_at
    assert failed.error == str(failed_summary.error)
    assert (await sync(server, store)).succeeded
    (recovered,) = await get_rows(store, account)
    assert (recovered.failed_at, recovered.error) == (None, None)
    assert recovered.last_synced_at > failed.failed_at


async def test_problems_contain_the_times_of_their_logs(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=20)
    await sync(server, store)
    await create_logs(server, 1, 3)
    await sync(server, store)
    logs = await get_rows(store, log)
    problems = {one.problem_key: one for one in await get_rows(store, problem)}
    assert set(problems) == {one.problem_key for one in logs}
    for key, found in problems.items():
        times = [one.created_at_utc for one in logs if one.problem_key == key]
        assert (found.first_seen_at, found.last_seen_at) == (min(times), max(times))


@pytest.mark.parametrize("log_order", ["newest_first", pytest.param("created_at", marks=pytest.mark.long)])
async def test_late_log_is_found_by_the_overlap(store: LogStore, log_order: Any) -> None:
    server = SimulatedSendcloud(integrations=1, logs=150, log_order=log_order)
    await sync(server, store)
    async with store.reading() as connection:
        recent = list(await connection.scalars(select(log.c.created_at_utc).order_by(log.c.id.desc()).limit(30)))
    late = await create_logs(server, 1, created_at=recent[25])
    summary = await sync(server, store)
    assert summary.new == 1
    assert set(late) < await get_log_ids(store)


@pytest.mark.parametrize("log_order", [pytest.param("oldest_first", marks=pytest.mark.long), "shuffled"])
async def test_every_run_reads_all_pages_if_the_list_is_not_newest_first(store: LogStore, log_order: Any) -> None:
    server = SimulatedSendcloud(integrations=1, logs=150, log_order=log_order)
    await sync(server, store)
    assert [one.newest_first_by for one in await get_rows(store, sync_state)] == ["none"]
    new = set(await create_logs(server, 1, 7))
    server.requests.clear()
    summary = await sync(server, store)
    assert (summary.new, summary.already_stored) == (7, 150)
    assert count_page_requests(server) == 18  # of 9 records each: not the page size of the run before
    assert new < await get_log_ids(store)


async def test_run_reads_all_pages_if_the_order_changes(store: LogStore) -> None:
    numbers = list(range(200, 100, -1))
    server = Listing(lambda: numbers)
    await sync(server, store)
    assert [one.newest_first_by for one in await get_rows(store, sync_state)] == ["both"]
    numbers.append(300)  # the newest log is listed last
    numbers[0:0] = [201, 202]
    await sync(server, store)
    assert await get_log_ids(store) == set(numbers)


@pytest.mark.parametrize(
    "log_order",
    [
        "newest_first",
        *(pytest.param(order, marks=pytest.mark.long) for order in ("created_at", "oldest_first", "shuffled")),
    ],
)
@settings(
    max_examples=2,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take minutes
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=st.lists(st.tuples(st.integers(0, 45), st.integers(1, 8)), max_size=4), seed=st.integers(0, 1000))
def test_repeatedly_stopped_sync_stores_every_log_once(
    tmp_path_factory: pytest.TempPathFactory, log_order: Any, steps: list[tuple[int, int]], seed: int
) -> None:
    async def run() -> None:
        server = SimulatedSendcloud(seed=seed, integrations=2, logs=60, log_order=log_order)
        async with LogStore(tmp_path_factory.mktemp("store") / "logs.db") as store:
            for created, pages in steps:
                summary = await sync(server, store, page_size=5, **stop_after_pages(pages))
                assert summary.succeeded
                await create_logs(server, 1 + created % 2, created)
            summary = await sync(server, store, page_size=5)
            assert (summary.succeeded, summary.stopped) == (True, False)
            total = 60 + sum(created for created, _ in steps)
            assert await get_log_ids(store) == set(range(1, total + 1))
            for state in await get_rows(store, sync_state):
                assert (state.cursor, state.completed_at is None) == (None, False)

    asyncio.run(run())


async def test_stopped_run_resumes_and_stores_logs_created_since(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=300)
    stopped = await sync(server, store, **stop_after_pages(12))
    assert (stopped.stopped, stopped.succeeded, stopped.new, stopped.completed) == (True, True, 120, 0)
    assert (await get_rows(store, account))[0].last_synced_at is None
    await create_logs(server, 1, 15)
    server.requests.clear()
    summary = await sync(server, store)
    assert (summary.stopped, summary.new, summary.completed) == (False, 180 + 15, 1)
    assert await get_log_ids(store) == set(range(1, 316))
    # The remaining pages; two pages with new logs; three pages of stored logs.
    assert count_page_requests(server) == 18 + 2 + 3


async def test_stop_cancels_a_pending_page(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=4, logs=100)
    stop = asyncio.Event()
    server.delay("list_integration_logs", 300)
    run = asyncio.ensure_future(sync(server, store, stop=stop))
    await wait_for_page_requests(server, 1)
    stop.set()
    summary = await asyncio.wait_for(run, 30)
    assert (summary.stopped, summary.succeeded, summary.new) == (True, True, 0)


async def test_cancelled_run_leaves_no_tasks_and_the_next_run_resumes(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=3, logs=200)
    server.delay("list_integration_logs", 0.01)
    before = asyncio.all_tasks()
    for pages in (1, 4, 7):
        run = asyncio.ensure_future(sync(server, store))
        await wait_for_page_requests(server, count_page_requests(server) + pages)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert asyncio.all_tasks() == before
    server.clear_faults()
    assert (await sync(server, store)).succeeded
    assert await get_log_ids(store) == set(range(1, 201))


async def test_rejected_cursor_starts_a_full_pass(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100)
    await sync(server, store, **stop_after_pages(3))
    await create_logs(server, 1, 3)
    server.fail_next("list_integration_logs", status=400)
    summary = await sync(server, store)
    assert summary.succeeded
    assert await get_log_ids(store) == set(range(1, 104))


async def test_repeatedly_rejected_cursor_is_a_failure(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100)
    await sync(server, store, **stop_after_pages(3))
    server.fail_next("list_integration_logs", status=400, count=2)
    summary = await sync(server, store)
    assert list(summary.failures) == [1]
    assert (await sync(server, store)).succeeded
    assert await get_log_ids(store) == set(range(1, 101))


async def test_failed_integration_does_not_stop_the_others(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=100)
    summary = await sync(server, store, integrations=[1, 99, 2])
    assert not summary.succeeded
    assert summary.error is None
    assert isinstance(summary.failures[99], NotFoundError)
    assert (summary.integrations, summary.completed, summary.new) == (3, 2, 100)
    with pytest.raises(ExceptionGroup):
        summary.raise_for_failures()


async def test_only_selected_integrations_are_synced(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=4, logs=100)
    summary = await sync(server, store, integrations={2, 3})
    async with build_client(server) as client:
        listed = [one.id async for _, one in client.logs.list_for_integrations([2, 3])]
    assert (summary.completed, summary.new) == (2, len(listed))
    assert await get_log_ids(store) == set(listed)
    assert {one.integration_id for one in await get_rows(store, log)} == {2, 3}


async def test_failed_integration_resumes_in_the_next_run(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100)
    async with build_client(server, retries=None) as client:

        def fail_later(progress: SyncProgress) -> None:
            if progress.pages == 4:
                server.fail_next("list_integration_logs", count=4, status=503)

        options = PER_INTEGRATION | {"give_up_after": timedelta(0)}
        summary = await sync_logs(client, store, on_progress=fail_later, **options)
    assert isinstance(summary.failures[1], ServerError)
    assert 40 <= summary.new < 100
    server.clear_faults()
    again = await sync(server, store)
    assert again.new == 100 - summary.new
    assert await get_log_ids(store) == set(range(1, 101))


async def test_invalid_credentials_of_one_account_do_not_stop_the_others(store: LogStore) -> None:
    servers = {name: SimulatedSendcloud(seed=number, integrations=2, logs=50) for number, name in enumerate("abc")}
    clients = {name: build_client(server) for name, server in servers.items()}
    clients["b"] = build_client(servers["b"], auth=BasicAuth("public", "wrong"))
    summaries = await sync_accounts(clients, store, **PER_INTEGRATION)
    for client in clients.values():
        await client.aclose()
    assert list(summaries) == ["a", "b", "c"]
    assert isinstance(summaries["b"].error, AuthenticationError)
    assert "wrong" not in repr(summaries["b"])
    assert [one.succeeded for one in summaries.values()] == [True, False, True]
    assert [one.new for one in summaries.values()] == [50, 0, 50]
    # Logs of different accounts can have the same id.
    async with store.reading() as connection:
        counts = await connection.execute(select(log.c.account, func.count()).group_by(log.c.account))
        assert dict(counts.all()) == {"a": 50, "c": 50}


async def test_credentials_rejected_during_the_run_end_it_immediately(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=20, logs=400)

    def reject_credentials(progress: SyncProgress) -> None:
        if progress.pages == 3:
            server.fail_next("*", count=1000, status=401)

    summary = await sync(server, store, concurrency=2, on_progress=reject_credentials)
    assert isinstance(summary.error, AuthenticationError)
    assert (summary.stopped, summary.succeeded) == (False, False)
    assert len(server.requests) < 20


async def test_exception_of_on_progress_is_raised(store: LogStore) -> None:
    def raise_error(progress: SyncProgress) -> None:
        if progress.pages == 2:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await sync(SimulatedSendcloud(integrations=3, logs=100), store, on_progress=raise_error)


@pytest.mark.parametrize(
    "options",
    [{"page_size": 101}, {"integrations": ["1"]}],
    ids=str,
)
async def test_argument_out_of_range_raises_before_any_request(store: LogStore, options: dict[str, Any]) -> None:
    server = SimulatedSendcloud()
    with pytest.raises(InvalidInputError):
        await sync(server, store, **options)
    assert not server.requests


async def test_since_skips_older_logs_and_ends_early_if_newest_first(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=250)
    async with build_client(server) as client:
        logs = [one async for one in client.logs.list(page_size=100)]
    since = logs[45].created_at
    assert since is not None
    server.requests.clear()
    summary = await sync(server, store, since=since)
    assert (summary.new, summary.succeeded) == (46, True)
    assert await get_log_ids(store) == {one.id for one in logs[:46]}
    # Five pages with logs to store, three without, and up to three prefetched pages.
    assert 8 <= count_page_requests(server) <= 11
    # With an earlier `since`, the pages after the stored ones contain logs to store.
    earlier = logs[150].created_at
    assert (await sync(server, store, since=earlier)).new == 151 - 46
    assert (await sync(server, store)).new == 250 - 151
    server.requests.clear()
    assert (await sync(server, store, since=since)).new == 0
    assert count_page_requests(server) == 3


async def test_since_reads_all_pages_if_the_list_is_not_newest_first(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100, log_order="shuffled")
    async with build_client(server) as client:
        timestamps = sorted([one.created_at async for one in client.logs.list(page_size=100) if one.created_at])
    summary = await sync(server, store, since=timestamps[75])
    assert (summary.new, summary.already_stored, summary.pages) == (25, 75, 10)


async def test_earlier_since_restarts_an_interrupted_pass(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100, log_order="shuffled")
    async with build_client(server) as client:
        timestamps = sorted([one.created_at async for one in client.logs.list(page_size=100) if one.created_at])
    await sync(server, store, since=timestamps[75], **stop_after_pages(4))
    await sync(server, store)
    assert await get_log_ids(store) == set(range(1, 101))


async def test_pruned_logs_are_not_stored_again(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=100)
    await sync(server, each_store)
    async with each_store.reading() as connection:
        timestamps = sorted(await connection.scalars(select(log.c.created_at_utc)))
    assert await each_store.prune(timestamps[40]) == 40
    assert len(await get_log_ids(each_store)) == 60
    new = set(await create_logs(server, 1, 2))
    summary = await sync(server, each_store)
    assert summary.new == 2
    assert len(await get_log_ids(each_store)) == 62
    assert new < await get_log_ids(each_store)
    assert await each_store.prune(timedelta(days=36_500)) == 0


async def test_dry_run_counts_new_logs_and_stores_nothing(store: LogStore, tmp_path: Path) -> None:
    (tmp_path / "logs.db").unlink()  # the fixture copied a migrated file
    server = SimulatedSendcloud(integrations=2, logs=100)
    first = await sync(server, store, dry_run=True)
    assert (first.new, first.dry_run, first.succeeded) == (100, True, True)
    assert os.listdir(tmp_path) == []
    await sync(server, store, **stop_after_pages(3))
    before = await get_log_ids(store)
    await create_logs(server, 2, 12)
    states = await get_rows(store, sync_state)
    second = await sync(server, store, dry_run=True)
    assert second.new == 112 - len(before)
    assert await get_log_ids(store) == before
    assert await get_rows(store, sync_state) == states
    assert (await sync(server, store)).new == second.new


async def test_superseded_run_ends_and_no_log_is_lost(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=300)
    in_flight, is_taken_over = asyncio.Event(), asyncio.Event()

    async def pause(_request: httpx.Request) -> None:
        if in_flight.is_set():
            await is_taken_over.wait()

    def set_after_first_page(event: asyncio.Event) -> dict[str, Any]:
        # Before its first page, a run may not have claimed the integration.
        return {"on_progress": lambda progress: event.set() if progress.pages else None}

    async def run_older() -> SyncSummary:
        async with build_client(server, event_hooks={"request": [pause]}) as client:
            return await sync_logs(client, each_store, **PER_INTEGRATION, **set_after_first_page(in_flight))

    older = asyncio.create_task(run_older())
    await in_flight.wait()
    await create_logs(server, 1, 20)
    newer = await sync(server, each_store, **set_after_first_page(is_taken_over))
    summary = await older
    assert isinstance(summary.error, SyncSupersededError)
    assert newer.succeeded
    assert summary.new + newer.new == 320
    assert await get_log_ids(each_store) == set(range(1, 321))


async def test_on_progress_is_called_after_each_page(store: LogStore) -> None:
    reported: list[SyncProgress] = []
    summary = await sync(SimulatedSendcloud(integrations=2, logs=60), store, on_progress=reported.append)
    assert {one.account for one in reported} == {"default"}
    assert [one.pages for one in reported] == sorted(one.pages for one in reported)
    last = reported[-1]
    assert (last.integrations, last.completed, last.pages, last.new) == (2, 2, summary.pages, 60)


@with_both_databases
async def test_undecodable_records_are_quarantined_once(each_store: LogStore) -> None:
    logs: list[Any] = list(range(60, 0, -1))
    logs[3] = {"id": 57, "base_url": "https://shop.example", "response": "text", "api_key": "hush"}
    logs[12] = 4.5
    logs[25] = {"id": 10**30, "base_url": "https://shop.example"}
    logs[26] = {"base_url": "no id at all", "created_at": "2024-01-01T00:00:00Z"}
    server = Listing(lambda: logs)
    first = await sync(server, each_store)
    assert (first.succeeded, first.new, first.quarantined) == (True, 56, 4)
    assert await get_log_ids(each_store) == set(range(1, 61)) - {57, 48, 35, 34}
    second = await sync(server, each_store)
    assert (second.new, second.quarantined) == (0, 0)
    rows = {one.page_cursor: one for one in await get_rows(each_store, quarantine)}
    first_page = rows[None]
    assert (first_page.key, first_page.field, first_page.page_index) == ("id:57", "data[3].response", 3)
    assert "must be an object" in first_page.error
    assert "hush" not in first_page.raw
    assert orjson.loads(first_page.raw)["response"] == "text"
    assert orjson.loads(rows["10"].raw) == 4.5
    assert len(await get_rows(each_store, quarantine)) == 4


async def test_unusual_text_and_numbers_are_stored(each_store: LogStore) -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"a": deep}
    unusual = {
        "id": 1,
        "base_url": "nul \0, line separator \u2028, emoji \U0001f600",
        "exception": "\0",
        "response_code": 10**18 * 100,
        "created_at": "0001-01-01T00:00:00+14:00",
        "additional_data": deep,
    }
    summary = await sync(Listing(lambda: [unusual, 2]), each_store, redaction=None)
    assert (summary.succeeded, summary.new) == (True, 2)
    row = next(one for one in await get_rows(each_store, log) if one.id == 1)
    assert row.base_url == "nul \ufffd, line separator \u2028, emoji \U0001f600"
    assert (row.created_at, row.created_at_utc, row.response_code) == (unusual["created_at"], None, None)
    assert '"nul \\u0000' in row.record


async def test_logs_of_an_undecodable_integration_are_synced(store: LogStore) -> None:
    class UndecodableIntegration(Listing):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["path"].endswith("/logs"):
                await super().__call__(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b'{"data":[{"id":1,"created_at":"never"}]}'})

    summary = await sync(UndecodableIntegration(lambda: [3, 2, 1]), store)
    assert (summary.succeeded, summary.new, summary.quarantined) == (True, 3, 1)
    (row,) = await get_rows(store, quarantine)
    assert (row.kind, row.key) == ("integration", "id:1")


async def test_repeated_cursor_is_a_failure(store: LogStore) -> None:
    logs = list(range(40, 0, -1))
    server = Listing(lambda: logs)
    await sync(server, store)
    inner = server.__call__

    class RepeatingListing(Listing):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if b"cursor=20" in scope["query_string"]:
                scope = scope | {"query_string": b"page_size=10"}
            await inner(scope, receive, send)

    logs[0:0] = list(range(200, 40, -1))
    summary = await sync(RepeatingListing(lambda: logs), store)
    assert "never end" in str(summary.failures[1])


async def test_logs_skipped_by_since_of_an_incremental_pass_are_stored_by_a_later_run(store: LogStore) -> None:
    numbers = list(range(60, 0, -1))
    server = Listing(lambda: numbers)
    await sync(server, store)
    numbers[0:0] = range(130, 60, -1)
    since = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=96)
    limited = await sync(server, store, since=since)
    assert limited.pages < 13  # an incremental pass
    assert await get_log_ids(store) == {*range(1, 61), *range(96, 131)}
    # The first three pages contain only stored logs; the skipped logs follow.
    await sync(server, store)
    assert await get_log_ids(store) == set(range(1, 131))


@pytest.mark.parametrize("status", [404, *(pytest.param(status, marks=pytest.mark.long) for status in (410, 422))])
async def test_other_statuses_for_a_stored_cursor_start_a_full_pass(store: LogStore, status: int) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100)
    await sync(server, store, **stop_after_pages(5))
    server.fail_next("list_integration_logs", status=status)
    summary = await sync(server, store)
    assert summary.succeeded
    assert await get_log_ids(store) == set(range(1, 101))


async def test_records_repeated_after_a_resume_do_not_change_the_order(store: LogStore) -> None:
    class OverlappingListing(Listing):
        """Each page repeats the last two records of the page before it."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            query = httpx.QueryParams(scope["query_string"].decode())
            if "cursor" in query:
                query = query.set("cursor", int(query["cursor"]) - 2)
            await super().__call__(scope | {"query_string": str(query).encode()}, receive, send)

    server = OverlappingListing(lambda: list(range(60, 0, -1)))
    await sync(server, store, **stop_after_pages(3))
    summary = await sync(server, store)
    assert await get_log_ids(store) == set(range(1, 61))
    assert summary.pages == 5 + 3  # the remaining pages, and an incremental pass of stored logs
