"""Runs on machines with wrong clocks: in PostgreSQL, the clock of the database server decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from sendcloud_integrations_client.report import Selection, gather_figures
from sendcloud_integrations_client.sync import LogStore, SyncSummary, sync_logs
from sendcloud_integrations_client.sync.schema import account, log, sync_state
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.sync_servers import build_client

SHIFTS = [timedelta(minutes=5), pytest.param(timedelta(minutes=-5), marks=pytest.mark.long)]


@pytest.fixture
def database(new_migrated_database: Callable[[], str]) -> str:
    return new_migrated_database()


async def sync(database: str, server: SimulatedSendcloud, shift: timedelta, **options: Any) -> SyncSummary:
    """Sync like a process whose clock is shifted."""
    async with LogStore(database) as store, build_client(server) as client:
        with time_machine.travel(datetime.now(UTC) + shift, tick=True):
            return await sync_logs(client, store, **{"page_size": 10, "lookback": timedelta(0)} | options)


async def fetch(database: str, column: Any) -> Any:
    async with LogStore(database) as store, store.reading() as connection:
        return await connection.scalar(select(column))


@pytest.mark.parametrize("shift", SHIFTS)
async def test_stored_times_are_those_of_the_database(database: str, shift: timedelta) -> None:
    async with LogStore(database) as store:
        before = await store.get_time()
        await sync(database, SimulatedSendcloud(integrations=1, logs=3), shift)
        after = await store.get_time()
    latency = timedelta(seconds=60)  # the time of a request to the database counts as a difference of the clocks
    for column in (account.c.last_synced_at, log.c.stored_at, sync_state.c.completed_at, sync_state.c.full_pass_at):
        assert before - latency < await fetch(database, column) < after + latency


@pytest.mark.parametrize("shift", SHIFTS)
async def test_a_full_check_is_not_due_because_of_another_clock(database: str, shift: timedelta) -> None:
    server = SimulatedSendcloud(integrations=1, logs=200)
    every = timedelta(minutes=4)
    first = await sync(database, server, -shift, full_check_every=every)
    second = await sync(database, server, shift, full_check_every=every)
    assert (first.pages, second.pages) == (20, 3)


@pytest.mark.parametrize("shift", SHIFTS)
async def test_a_report_counts_ages_by_the_clock_of_the_database(database: str, shift: timedelta) -> None:
    async with LogStore(database) as store:
        await sync(database, SimulatedSendcloud(integrations=1, logs=3), timedelta(0))
        with time_machine.travel(datetime.now(UTC) + shift, tick=True):
            figures = await gather_figures(store, Selection())
    (found,) = figures.account_data
    assert found.synced_at is not None
    assert abs(figures.made_at - found.synced_at) < timedelta(minutes=4)


async def test_a_full_check_is_not_missed_because_of_another_clock(database: str) -> None:
    server = SimulatedSendcloud(integrations=1, logs=200)
    await sync(database, server, timedelta(hours=1))
    checked = await sync(database, server, timedelta(0), full_check_every=timedelta(0))
    assert checked.pages > 20
