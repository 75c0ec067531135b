"""The record of what workers wrote finds what the tests with processes must not miss."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update

from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import account, sync_state
from sendcloud_integrations_client.worker.account_state import AccountStates
from tests.support.sync_history import SyncHistory
from tests.support.worker_queue import execute, open_tasks


async def create_history(store: LogStore, database: str) -> SyncHistory:
    async with open_tasks([], store):
        return await asyncio.to_thread(SyncHistory, database)


async def write(store: LogStore, statement: Any) -> None:
    async with store.writing() as connection:
        await connection.execute(statement)


async def test_overlapping_jobs_and_busy_periods_are_found(store: LogStore, database: str) -> None:
    history, states = await create_history(store, database), AccountStates(store)
    await states.start("a", 1, "host:1")
    await states.start("b", 2, "host:1")
    await states.end("a", 1)
    await states.start("a", 3, "host:2")
    assert await asyncio.to_thread(history.find_overlapping_jobs) == set()
    await states.start("b", 4, "host:2")  # job 2 has not ended
    await states.end("b", 2)
    assert await asyncio.to_thread(history.find_overlapping_jobs) == {2}
    await states.end("a", 3)
    await states.end("b", 4)
    assert await execute(store, "SELECT count(*) FROM history WHERE kind = 'job'") == [(7,)]
    assert len(await asyncio.to_thread(history.find_busy_periods, 1)) == 1
    assert len(await asyncio.to_thread(history.find_busy_periods, 2)) == 3
    assert await asyncio.to_thread(history.find_busy_periods, 3) == []
    assert await asyncio.to_thread(history.find_failed_jobs) == set()
    assert await asyncio.to_thread(history.get_longest_job) > 0


async def test_pages_of_a_run_that_was_taken_over_are_found(store: LogStore, database: str) -> None:
    history = await create_history(store, database)
    await write(store, insert(sync_state).values(account="a", integration_id=0, run_id="first"))
    for run in ("first", "second", "second"):
        await write(store, update(sync_state).values(run_id=run))
    assert await asyncio.to_thread(history.find_interleaved_accounts) == set()
    await write(store, update(sync_state).values(run_id="first"))
    assert await asyncio.to_thread(history.find_interleaved_accounts) == {"a"}


async def test_periods_without_a_success_are_listed(store: LogStore, database: str) -> None:
    history, now = await create_history(store, database), await store.get_time()
    await write(store, insert(account).values(name="a", first_synced_at=now))
    for seconds in (1, 2):
        await write(store, update(account).values(last_synced_at=now + timedelta(seconds=seconds)))
    gaps = await asyncio.to_thread(lambda: list(history.list_gaps(["a", "b"])))
    assert [(name, start <= end) for name, start, end in gaps] == [("a", True)] * 3 + [("b", True)]
    assert [end for _, _, end in gaps[:2]] == [start for _, start, _ in gaps[1:3]]
    assert [wrote for wrote, _ in await asyncio.to_thread(history.list_success_times)] == [
        now + timedelta(seconds=1),
        now + timedelta(seconds=2),
    ]
    assert (await asyncio.to_thread(history.count_successes))["a"] == 2
