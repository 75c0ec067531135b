"""Tests of the sync with the account-wide list of logs, `source="account"`, which is the default."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from sendcloud_integrations_client import ServerError
from sendcloud_integrations_client.sync import LogStore, SyncProgress, SyncSummary, sync_logs
from sendcloud_integrations_client.sync.schema import integration, log, quarantine, sync_state
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.sync_servers import Listing, build_client

ORDERS = ["newest_first", "created_at", "oldest_first", "shuffled", "equal_created_at_repeated"]
ORDERS_TO_TEST = [pytest.param(order, marks=[] if order == "shuffled" else [pytest.mark.long]) for order in ORDERS]


async def sync(server: Any, store: LogStore, **options: Any) -> SyncSummary:
    async with build_client(server) as client:
        return await sync_logs(client, store, **{"lookback": timedelta(0)} | options)


async def fetch(store: LogStore, statement: Any) -> list[Any]:
    async with store.reading() as connection:
        return list((await connection.execute(statement)).all())


async def get_log_ids(store: LogStore) -> set[int]:
    return {row.id for row in await fetch(store, select(log.c.id))}


def stop_after_pages(pages: int) -> dict[str, Any]:
    stop = asyncio.Event()

    def check_pages(progress: SyncProgress) -> None:
        if progress.pages >= pages:
            stop.set()

    return {"stop": stop, "on_progress": check_pages}


@pytest.mark.parametrize(("integrations", "logs"), [(500, 300), pytest.param(5_000, 2_000, marks=pytest.mark.long)])
async def test_runs_over_many_integrations_cost_a_handful_of_calls(
    store: LogStore, integrations: int, logs: int
) -> None:
    server = SimulatedSendcloud(integrations=integrations, logs=logs, scenario="healthy")
    first = await sync(server, store, redaction=None, lookback=timedelta(hours=1))
    assert (first.succeeded, first.integrations, first.completed, first.new) == (
        True,
        integrations,
        integrations,
        logs,
    )
    assert len(server.requests) == 1 + logs // 100
    server.requests.clear()
    again = await sync(server, store, redaction=None, lookback=timedelta(hours=1))
    assert (again.succeeded, again.completed, again.new) == (True, integrations, 0)
    assert len(server.requests) <= 6
    for number in range(1, 11):
        for _ in range(4):
            server.add_log(number * 13)
    server.requests.clear()
    assert (await sync(server, store, redaction=None, lookback=timedelta(hours=1))).new == 40
    assert len(server.requests) <= 8


async def test_logs_stored_from_lists_of_integrations_do_not_end_a_run(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=3, logs=30)
    await sync(server, each_store)
    late = {server.add_log(3) for _ in range(5)}
    for _ in range(320):
        server.add_log(1)
    assert (await sync(server, each_store, integrations=[1])).new == 320
    assert late.isdisjoint(await get_log_ids(each_store))
    assert (await sync(server, each_store)).new == 5
    assert await get_log_ids(each_store) == set(range(1, 356))


async def test_logs_stored_from_the_account_list_do_not_end_a_run_over_an_integration(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=0)
    for _ in range(40):
        server.add_log(1)
    await sync(server, store, integrations=[1], page_size=10)
    for _ in range(100):
        server.add_log(1)
    assert (await sync(server, store, page_size=10, **stop_after_pages(4))).new == 40
    assert (await sync(server, store, page_size=10, integrations=[1])).new == 60
    assert await get_log_ids(store) == set(range(1, 141))


async def test_quarantined_records_from_lists_of_integrations_do_not_end_a_run(store: LogStore) -> None:
    logs: list[Any] = list(range(40, 0, -1))
    server = Listing(lambda: logs)
    await sync(server, store, page_size=10)
    invalid = [{"id": number, "integration_id": 1, "response": "text"} for number in range(100, 50, -1)]
    logs[:0] = [*invalid, 45, 44]
    only_invalid = Listing(lambda: [*invalid, *range(40, 0, -1)])
    assert (await sync(only_invalid, store, page_size=10, source="integrations")).quarantined == 50
    summary = await sync(server, store, page_size=10)
    assert (summary.new, summary.quarantined) == (2, 0)
    assert {44, 45} < await get_log_ids(store)


async def test_first_run_reads_the_whole_list_once_although_all_logs_are_stored(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=3, logs=100)
    await sync(server, each_store, source="integrations")
    server.requests.clear()
    summary = await sync(server, each_store, page_size=10)
    assert (summary.new, summary.already_stored, summary.pages) == (0, 100, 10)
    assert (await sync(server, each_store, page_size=10)).pages == 3


async def test_integration_id_comes_from_the_record_or_later_from_the_list_of_the_integration(
    each_store: LogStore,
) -> None:
    logs: list[Any] = [{"id": 3, "integration_id": 7}, {"id": 2, "integration_id": None}, {"id": 1}]
    server = Listing(lambda: logs)
    await sync(server, each_store)
    by_id = select(log.c.id, log.c.integration_id).order_by(log.c.id)
    assert [tuple(row) for row in await fetch(each_store, by_id)] == [(1, None), (2, None), (3, 7)]
    summary = await sync(server, each_store, integrations=[1])
    assert (summary.new, summary.updated) == (0, 0)
    assert [tuple(row) for row in await fetch(each_store, by_id)] == [(1, 1), (2, 1), (3, 7)]


@pytest.mark.parametrize("log_order", ORDERS_TO_TEST)
@settings(
    max_examples=3,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take minutes
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=st.lists(st.tuples(st.integers(0, 45), st.integers(1, 8)), max_size=3), seed=st.integers(0, 1000))
def test_repeatedly_stopped_sync_stores_every_log_once(
    tmp_path_factory: pytest.TempPathFactory, log_order: Any, steps: list[tuple[int, int]], seed: int
) -> None:
    async def run() -> None:
        server = SimulatedSendcloud(seed=seed, integrations=2, logs=60, log_order=log_order)
        total, started = 60, datetime.now(UTC)
        async with LogStore(tmp_path_factory.mktemp("store") / "logs.db") as store:
            for created, pages in steps:
                summary = await sync(server, store, page_size=6, **stop_after_pages(pages))
                assert summary.succeeded
                for _ in range(created):
                    # Pages of `equal_created_at_repeated` must be larger than the number of equal times.
                    total += 1
                    server.add_log(1 + created % 2, created_at=started + timedelta(seconds=total))
            summary = await sync(server, store, page_size=6)
            assert (summary.succeeded, summary.stopped) == (True, False)
            assert await get_log_ids(store) == set(range(1, total + 1))
            (state,) = await fetch(store, select(sync_state))
            assert (state.integration_id, state.cursor, state.completed_at is None) == (0, None, False)

    asyncio.run(run())


@pytest.mark.parametrize("log_order", ORDERS_TO_TEST)
async def test_later_run_stores_new_logs_in_every_list_order(store: LogStore, log_order: Any) -> None:
    server = SimulatedSendcloud(integrations=2, logs=160, log_order=log_order)
    await sync(server, store, page_size=10)
    now = datetime.now(UTC)
    new = {server.add_log(1, created_at=now + timedelta(seconds=second)) for second in range(13)}
    summary = await sync(server, store, page_size=10)
    assert (summary.new, summary.succeeded) == (13, True)
    assert new < await get_log_ids(store)
    (state,) = await fetch(store, select(sync_state))
    is_newest_first = log_order not in ("oldest_first", "shuffled")
    assert (state.newest_first_by == "none") == (not is_newest_first)
    assert (summary.pages < 8) == is_newest_first


async def test_logs_hidden_at_the_boundary_of_pages_are_found_by_a_full_check(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=160, log_order="equal_created_at_skipped")
    hidden = 160 - (await sync(server, store, page_size=9)).new
    assert hidden > 0
    assert (await sync(server, store, page_size=9)).new == 0
    # The check reads pages of eight logs, so that no boundary is within a group of four.
    assert (await sync(server, store, page_size=9, full=True)).new == hidden
    assert await get_log_ids(store) == set(range(1, 161))


async def test_rejected_cursor_starts_a_full_pass(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=200)
    await sync(server, store, page_size=10, **stop_after_pages(5))
    server.add_log(1)
    server.fail_next("list_logs", status=410)
    assert (await sync(server, store, page_size=10)).succeeded
    assert await get_log_ids(store) == set(range(1, 202))


async def test_failure_is_the_error_of_the_run_and_the_next_run_resumes(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100)

    def fail_later(progress: SyncProgress) -> None:
        if progress.pages == 4:
            server.fail_next("list_logs", count=20, status=503)

    summary = await sync(server, store, page_size=10, on_progress=fail_later, give_up_after=timedelta(0))
    assert isinstance(summary.error, ServerError)
    assert (summary.failures, summary.completed) == ({}, 0)
    assert 40 <= summary.new < 100
    server.clear_faults()
    assert (await sync(server, store, page_size=10)).new == 100 - summary.new


@pytest.mark.parametrize("log_order", ["newest_first", pytest.param("shuffled", marks=pytest.mark.long)])
async def test_since_skips_older_logs_and_an_earlier_one_stores_them(store: LogStore, log_order: Any) -> None:
    server = SimulatedSendcloud(integrations=2, logs=120, log_order=log_order)
    async with build_client(server) as client:
        times = sorted([one.created_at async for one in client.logs.list() if one.created_at is not None])
    assert (await sync(server, store, page_size=10, since=times[80])).new == 40
    assert (await sync(server, store, page_size=10, since=times[30], **stop_after_pages(3))).succeeded
    assert (await sync(server, store, page_size=10, since=times[30])).succeeded
    assert len(await get_log_ids(store)) == 90
    assert (await sync(server, store, page_size=10)).new == 30


async def test_dry_run_counts_what_a_run_would_store(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=100)
    assert (await sync(server, store, dry_run=True)).new == 100
    await sync(server, store, source="integrations")
    server.add_log(1)
    before = await fetch(store, select(sync_state))
    summary = await sync(server, store, dry_run=True)
    assert (summary.new, summary.already_stored) == (1, 100)
    assert await fetch(store, select(sync_state)) == before
    assert (await sync(server, store)).new == 1


async def test_new_and_deleted_integrations_need_no_attention(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=3, logs=60)
    await sync(server, store)
    added = server.add_integration()
    server.add_log(added)
    server.remove_integration(2)
    summary = await sync(server, store)
    assert (summary.succeeded, summary.integrations, summary.new) == (True, 3, 1)
    deleted = select(integration.c.id).where(integration.c.deleted_at.is_not(None))
    assert [row.id for row in await fetch(store, deleted)] == [2]
    assert await get_log_ids(store) == set(range(1, 62))


async def test_integration_that_is_listed_again_is_no_longer_deleted(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=0)
    await sync(server, store)
    async with store.writing() as connection:
        await connection.execute(update(integration).values(deleted_at=datetime.now(UTC)))
    await sync(server, store)
    assert {row.deleted_at for row in await fetch(store, select(integration))} == {None}


async def test_integration_deleted_during_the_run_is_recorded(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=4, logs=80)

    def remove_integration(progress: SyncProgress) -> None:
        if progress.pages == 1:
            server.remove_integration(2)

    options: dict[str, Any] = {"source": "integrations", "concurrency": 1, "page_size": 5}
    first = await sync(server, each_store, on_progress=remove_integration, **options)
    assert (first.succeeded, first.deleted, first.completed) == (True, 1, 4)
    (row,) = await fetch(each_store, select(integration).where(integration.c.deleted_at.is_not(None)))
    assert row.id == 2
    stored = await get_log_ids(each_store)
    # Selected by its id, it is still known as deleted. Its logs stay.
    again = await sync(server, each_store, integrations=[2])
    assert (again.succeeded, again.deleted) == (True, 1)
    assert await get_log_ids(each_store) == stored
    assert not (await sync(server, each_store, integrations=[99])).succeeded


async def test_undecodable_records_are_quarantined_with_their_integration(store: LogStore) -> None:
    logs: list[Any] = [{"id": 9, "integration_id": 4, "response": "text"}, {"id": 8, "response": "text"}, 7, 6]
    server = Listing(lambda: logs)
    summary = await sync(server, store)
    assert (summary.new, summary.quarantined) == (2, 2)
    rows = await fetch(store, select(quarantine).order_by(quarantine.c.key))
    assert [(row.key, row.integration_id) for row in rows] == [("id:8", 0), ("id:9", 4)]
    assert (await sync(server, store)).quarantined == 0


async def test_deleting_the_state_leads_to_a_full_pass(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=100)
    await sync(server, store, page_size=10)
    async with store.writing() as connection:
        await connection.execute(delete(sync_state))
        await connection.execute(delete(log).where(log.c.id == 3))
    assert (await sync(server, store, page_size=10)).new == 1


async def test_logs_have_problem_keys(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=0)
    for order in (17, 18):
        server.add_log(
            1,
            exception=f"Order {order} not found at https://shop.example/{order}",
            exception_type="NotFound",
            response_code=404,
            full_url=f"https://shop.example/api/v2/orders/{order}?key=1",
        )
    server.add_log(1, exception="Order 19 not found", exception_type="NotFound", response_code=500)
    await sync(server, store)
    rows = await fetch(store, select(log.c.problem_key, log.c.record).order_by(log.c.id))
    assert rows[0].problem_key == rows[1].problem_key != rows[2].problem_key
    assert len(rows[0].problem_key) == 32
    assert orjson.loads(rows[0].record)["response_code"] == 404
