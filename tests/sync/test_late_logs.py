"""Tests of logs that arrive late, of logs that change, and of full checks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select, update

from sendcloud_integrations_client import InvalidInputError
from sendcloud_integrations_client.sync import (
    DEFAULT_FIELDS,
    LogStore,
    Redaction,
    SyncProgress,
    SyncSummary,
    sync_logs,
)
from sendcloud_integrations_client.sync.schema import log, sync_state
from tests.support.stores import with_both_databases
from tests.support.sync_servers import Listing, build_client

START = datetime(2024, 1, 1, tzinfo=UTC)


class ByTime(Listing):
    """Server that lists logs by `created_at`, latest first, whatever their ids are.

    Args:
        minutes: Time of each log in minutes after `START`, by id.
        date: `Date` header of responses; None for no header.
    """

    def __init__(self, minutes: dict[int, float], date: str | None = None) -> None:
        super().__init__(self.list_logs)
        self.minutes = minutes
        self.date = date
        self.pages = 0
        self.page_sizes: set[int] = set()

    def list_logs(self) -> list[Any]:
        return [
            {"id": one, "integration_id": 1, "created_at": (START + timedelta(minutes=self.minutes[one])).isoformat()}
            for one in sorted(self.minutes, key=lambda one: -self.minutes[one])
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/logs"):
            self.pages += 1
            self.page_sizes.add(int(httpx.QueryParams(scope["query_string"].decode())["page_size"]))

        async def send_with_date(message: Any) -> None:
            if message["type"] == "http.response.start" and self.date is not None:
                message = message | {"headers": [*message["headers"], (b"date", self.date.encode())]}
            await send(message)

        await super().__call__(scope, receive, send_with_date)


async def sync(server: Any, store: LogStore, **options: Any) -> SyncSummary:
    async with build_client(server) as client:
        return await sync_logs(client, store, **{"page_size": 10} | options)


async def fetch(store: LogStore, statement: Any) -> list[Any]:
    async with store.reading() as connection:
        return list((await connection.execute(statement)).all())


async def get_log_ids(store: LogStore) -> set[int]:
    return {row.id for row in await fetch(store, select(log.c.id))}


@pytest.mark.parametrize("source", ["account", pytest.param("integrations", marks=pytest.mark.long)])
async def test_log_that_arrives_late_is_stored_if_it_is_within_the_lookback(each_store: LogStore, source: Any) -> None:
    server = ByTime({number: number for number in range(200)})
    await sync(server, each_store, source=source)
    server.minutes |= {500: 199 - 59.5, 501: 199 - 115}
    server.pages = 0
    assert (await sync(server, each_store, source=source)).new == 1
    assert server.pages == 10  # three after the page with the late log
    assert {500, 501} & await get_log_ids(each_store) == {500}
    assert (await sync(server, each_store, source=source, lookback=timedelta(minutes=120))).new == 1


async def test_lookback_is_counted_from_the_newest_stored_log(store: LogStore) -> None:
    server = ByTime({number: number for number in range(100)})
    await sync(server, store)
    # 300 minutes later, a log arrives from before the newest one of the last run.
    server.minutes |= {number: 300 + number for number in range(100, 150)} | {500: 50}
    assert (await sync(server, store)).new == 51


async def test_interrupted_pass_keeps_its_lookback(store: LogStore) -> None:
    server = ByTime({number: number for number in range(200)})
    await sync(server, store)
    server.minutes |= {number: number for number in range(200, 320)} | {500: 145.5}
    stop = asyncio.Event()

    def stop_after_two_pages(progress: SyncProgress) -> None:
        if progress.pages == 2:
            stop.set()

    await sync(server, store, stop=stop, on_progress=stop_after_two_pages)
    assert (await sync(server, store)).succeeded
    assert await get_log_ids(store) == set(server.minutes)


async def test_log_with_a_time_in_the_future_does_not_disable_the_lookback(store: LogStore) -> None:
    age = (datetime.now(UTC) - START) / timedelta(minutes=1)
    server = ByTime({number: age - 200 + number for number in range(200)} | {400: age + 10**6})
    await sync(server, store)
    server.minutes[500] = age - 50
    assert (await sync(server, store)).new == 1


async def test_negative_lookback_is_rejected(store: LogStore) -> None:
    with pytest.raises(InvalidInputError, match="lookback"):
        await sync(ByTime({}), store, lookback=timedelta(minutes=-1))
    with pytest.raises(InvalidInputError, match="source"):
        await sync(ByTime({}), store, source="all")


@pytest.mark.parametrize("source", ["account", pytest.param("integrations", marks=pytest.mark.long)])
async def test_five_older_logs_are_stored_by_the_next_full_check(store: LogStore, source: Any) -> None:
    server = ByTime({number: number for number in range(100, 300)})
    await sync(server, store, source=source)
    server.minutes |= {number: number for number in range(5)}
    assert (await sync(server, store, source=source)).new == 0
    server.pages, server.page_sizes = 0, set()
    checked = await sync(server, store, source=source, full_check_every=timedelta(0))
    assert (checked.new, checked.already_stored, server.page_sizes) == (5, 200, {9})
    (state,) = await fetch(store, select(sync_state))
    assert datetime.now(UTC) - state.full_pass_at < timedelta(minutes=1)
    server.pages = 0
    await sync(server, store, source=source)
    assert server.pages < 10


async def test_full_check_is_due_after_seven_days(store: LogStore) -> None:
    server = ByTime({number: number * 60 for number in range(100)})
    await sync(server, store)

    async def sync_after(days: float, **options: Any) -> int:
        async with store.writing() as connection:
            await connection.execute(update(sync_state).values(full_pass_at=datetime.now(UTC) - timedelta(days=days)))
        server.pages = 0
        await sync(server, store, **options)
        return server.pages

    assert await sync_after(6.9) == 3
    assert await sync_after(7.1) == 12
    assert await sync_after(1000, full_check_every=None) == 3
    assert await sync_after(2, full_check_every=timedelta(days=1)) == 12


async def test_interrupted_full_check_is_resumed(store: LogStore) -> None:
    server = ByTime({number: number for number in range(100, 300)})
    await sync(server, store)
    server.minutes |= {number: number for number in range(5)}
    stop = asyncio.Event()

    def stop_after_five_pages(progress: SyncProgress) -> None:
        if progress.pages == 5:
            stop.set()

    await sync(server, store, full=True, stop=stop, on_progress=stop_after_five_pages)
    server.pages = 0
    assert (await sync(server, store, full=True)).new == 5
    assert server.pages < 23 - 5 + 10  # the remaining pages and an incremental pass, not all pages again
    assert server.page_sizes == {9, 10}


@with_both_databases
async def test_changed_log_is_updated_and_counted(each_store: LogStore) -> None:
    logs: list[Any] = [{"id": one, "exception": "old", "response": {"status": one}} for one in range(30, 0, -1)]
    server = Listing(lambda: logs)
    await sync(server, each_store)
    (before,) = await fetch(each_store, select(log).where(log.c.id == 25))
    logs[5] = {"id": 25, "exception": "new", "response": {"status": 25}, "api_key": "hush"}
    logs[6] = {"response": {"status": 24}, "exception": "old", "id": 24}  # another order of its fields
    reported: list[SyncProgress] = []
    dry = await sync(server, each_store, dry_run=True)
    summary = await sync(server, each_store, on_progress=reported.append)
    assert (dry.updated, summary.updated, summary.new, summary.already_stored) == (1, 1, 0, 29)
    assert reported[-1].updated == 1
    (row,) = await fetch(each_store, select(log).where(log.c.id == 25))
    assert (row.exception, orjson.loads(row.record)["api_key"]) == ("new", "[redacted]")
    assert (row.stored_at, before.updated_at) == (before.stored_at, None)
    assert row.updated_at > row.stored_at
    assert row.problem_key != before.problem_key
    assert (await sync(server, each_store)).updated == 0


async def test_secret_that_changes_is_no_change_of_the_log(store: LogStore) -> None:
    logs: list[Any] = [{"id": 1, "password": "a"}]
    server = Listing(lambda: logs)
    await sync(server, store)
    logs[0] = {"id": 1, "password": "b"}
    assert (await sync(server, store)).updated == 0


async def test_changed_redaction_rules_rewrite_logs_only_with_full(each_store: LogStore) -> None:
    logs: list[Any] = [{"id": one, "customer": f"Name {one}"} for one in range(30, 0, -1)]
    server = Listing(lambda: logs)
    await sync(server, each_store)
    redaction = Redaction(fields=DEFAULT_FIELDS | {"customer"})
    assert (await sync(server, each_store, redaction=redaction)).updated == 0
    checked = await sync(server, each_store, redaction=redaction, full_check_every=timedelta(0))
    assert (checked.updated, checked.already_stored) == (0, 30)
    assert (await sync(server, each_store, redaction=redaction, full=True)).updated == 30
    records = [row.record for row in await fetch(each_store, select(log.c.record))]
    assert not any("Name" in record for record in records)
    assert (await sync(server, each_store, redaction=redaction, full=True)).updated == 0
    # Rules that change nothing in these logs are recorded, so that later changes are found.
    other = Redaction(fields=redaction.fields | {"unused"})
    assert (await sync(server, each_store, redaction=other, full=True)).updated == 0
    logs[0] = {"id": 30, "customer": "x", "exception": "changed"}
    assert (await sync(server, each_store, redaction=other)).updated == 1


async def test_relative_since_is_counted_from_the_date_of_the_server(store: LogStore) -> None:
    server = ByTime({number: number for number in range(100)}, date="Mon, 01 Jan 2024 01:30:00 GMT")
    assert (await sync(server, store, since=timedelta(minutes=20))).new == 30
    assert min(await get_log_ids(store)) == 70


async def test_absolute_since_is_never_shifted(store: LogStore) -> None:
    server = ByTime({number: number for number in range(100)}, date="Mon, 01 Jan 2001 01:30:00 GMT")
    assert (await sync(server, store, since=START + timedelta(minutes=60))).new == 40


@pytest.mark.parametrize(
    "date", [None, "yesterday", pytest.param("Mon, 99 Jan 2024 01:30:00 GMT", marks=pytest.mark.long)]
)
async def test_relative_since_without_a_date_of_the_server_uses_the_local_clock(
    store: LogStore, date: str | None
) -> None:
    age = (datetime.now(UTC) - START) / timedelta(minutes=1)
    server = ByTime({number: age - number * 60 for number in range(50)}, date=date)
    assert (await sync(server, store, since=timedelta(hours=9.5))).new == 10
    assert (await sync(server, store, since=timedelta(days=900_000))).new == 40
