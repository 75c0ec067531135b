"""Tests of pruning: batches, returned space, and a sync in between."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, text

from sendcloud_integrations_client import InvalidInputError
from sendcloud_integrations_client.sync import LogStore, prune_store, pruning, sync_logs
from sendcloud_integrations_client.sync.schema import account, log, quarantine
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.small_disk import CANNOT_MOUNT, FREE_SPACE, NEW, OLD
from tests.support.stores import with_both_databases
from tests.support.sync_servers import build_client

NOW = datetime.now(UTC).replace(microsecond=0)
MONTH = timedelta(days=30)
ROOT = Path(__file__).parents[2]


async def fill(store: LogStore, old: int, new: int, size: int = 1500) -> None:
    """Store an account with old and new logs, interleaved, and a tenth as many quarantined records."""
    await store.migrate()
    total = old + new
    rows = [
        {
            "account": "default",
            "id": number,
            "created_at_utc": NOW - timedelta(days=90 if number * old // total != (number + 1) * old // total else 1),
            "stored_at": NOW,
            "problem_key": "key",
            "record": "x" * size,
        }
        for number in range(total)
    ]
    async with store.writing() as connection:
        await connection.execute(insert(account), {"name": "default", "first_synced_at": NOW})
        for start in range(0, total, 5000):
            await connection.execute(insert(log), rows[start : start + 5000])
        quarantined = [
            {
                "account": "default",
                "kind": "log",
                "integration_id": 0,
                "key": str(number),
                "error": "",
                "field": "",
                "created_at_utc": None,
                "quarantined_at": NOW - timedelta(days=90 if number < old // 10 else 1),
                "raw": "",
            }
            for number in range(total // 10)
        ]
        if quarantined:
            await connection.execute(insert(quarantine), quarantined)


async def count(store: LogStore, table: Any = log) -> int:
    async with store.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Records how long each transaction of the store takes, and keeps batches small."""
    durations: list[float] = []
    monkeypatch.setattr(pruning, "_MAX_BATCH", 60)
    monkeypatch.setattr(pruning, "_MAX_PAUSE", 0)
    for name in ("writing", "maintaining"):
        method = getattr(LogStore, name)

        @contextlib.asynccontextmanager
        async def timed(self: LogStore, method: Any = method) -> AsyncIterator[Any]:
            async with method(self) as connection:
                started = time.monotonic()
                yield connection
            durations.append(time.monotonic() - started)

        monkeypatch.setattr(LogStore, name, timed)
    return durations


@with_both_databases
async def test_old_rows_are_deleted_in_batches(each_store: LogStore, batches: list[float]) -> None:
    await fill(each_store, old=700, new=300)
    batches.clear()
    summary = await prune_store(each_store, MONTH)
    assert (summary.deleted, summary.deleted_quarantined, summary.stopped) == (700, 70, False)
    assert (await count(each_store), await count(each_store, quarantine)) == (300, 30)
    assert len(batches) > 700 / 60
    async with each_store.reading() as connection:
        pruned_before = await connection.scalar(select(account.c.pruned_before))
    assert pruned_before is not None
    assert abs(pruned_before - (datetime.now(UTC) - MONTH)) < timedelta(minutes=5)
    again = await prune_store(each_store, NOW - MONTH)
    assert (again.deleted, again.keeps_size) == (0, False)


async def test_logs_in_an_other_schema_are_pruned(new_postgresql_database: Any) -> None:
    async with LogStore(new_postgresql_database(), schema="Send cloud") as store:
        await fill(store, old=20, new=10)
        statements: list[str] = []
        event.listen(
            store.engine.sync_engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
        )
        summary = await prune_store(store, MONTH)
        assert (summary.deleted, summary.released_bytes, summary.keeps_size) == (20, 0, False)
        assert statements[-2:] == ['VACUUM "Send cloud".log', 'VACUUM "Send cloud".quarantine']
        assert await count(store) == 10


async def test_sqlite_file_shrinks_and_write_ahead_log_stays_small(store: LogStore, tmp_path: Path) -> None:
    await fill(store, old=6000, new=2000)
    path = tmp_path / "logs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.stat().st_size
    summary = await prune_store(store, MONTH)
    assert summary.deleted == 6000
    assert summary.released_bytes == before - path.stat().st_size
    assert summary.released_bytes > before * 0.6
    # Four megabytes are SQLite's own limit before it copies the write-ahead log into the file.
    assert (tmp_path / "logs.db-wal").stat().st_size < 12e6
    async with store.maintaining() as connection:
        assert await connection.scalar(text("PRAGMA integrity_check")) == "ok"
        assert await connection.scalar(text("PRAGMA freelist_count")) == 0


async def test_file_of_an_older_version_shrinks_after_it_was_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (id)")  # too late for the setting of `LogStore`
    async with LogStore(path) as store:
        await fill(store, old=500, new=500)
        summary = await prune_store(store, MONTH)
        assert (summary.deleted, summary.keeps_size, summary.released_bytes) == (500, True, 0)
        rewritten = await prune_store(store, MONTH, rewrite_file=True)
        assert (rewritten.deleted, rewritten.keeps_size) == (0, False)
        assert rewritten.released_bytes > 300_000
        assert not (await prune_store(store, MONTH)).keeps_size
        assert await count(store) == 500


async def test_stop_ends_after_the_batch_in_progress_and_the_next_call_continues(
    each_store: LogStore, batches: list[float]
) -> None:
    await fill(each_store, old=1000, new=100)
    stop = asyncio.Event()
    task = asyncio.create_task(prune_store(each_store, MONTH, stop=stop))
    batches.clear()
    while len(batches) < 3:  # noqa: ASYNC110 - waits for transactions, not for time
        await asyncio.sleep(0)
    stop.set()
    summary = await task
    assert summary.stopped
    assert 0 < summary.deleted < 1000
    assert (await prune_store(each_store, MONTH)).deleted == 1000 - summary.deleted


async def test_sync_runs_while_logs_are_pruned(each_store: LogStore, batches: list[float]) -> None:
    server = SimulatedSendcloud(integrations=2, logs=300, now=lambda: NOW)
    async with build_client(server) as client:
        await sync_logs(client, each_store, account="other")
        await fill(each_store, old=1000, new=10)
        for _ in range(200):
            server.add_log(1, created_at=NOW)
        summary, pruned = await asyncio.gather(
            sync_logs(client, each_store, account="other", page_size=10), prune_store(each_store, NOW - MONTH)
        )
    assert (summary.error, summary.new) == (None, 200)
    assert pruned.deleted >= 1000


@pytest.mark.parametrize(
    ("seconds", "old", "sizes"),
    [
        (0.2, 450, [200, 200, 50]),
        (0.1, 2500, [200, 400, 800, 1000, 100]),
        (0.0, 700, [200, 400, 100]),
        (0.25, 400, [200, 160, 40]),
        (0.8, 325, [200, 50, 50, 25]),
        (60.0, 325, [200, 50, 50, 25]),
    ],
)
async def test_batches_take_about_a_fifth_of_a_second(
    store: LogStore, monkeypatch: pytest.MonkeyPatch, seconds: float, old: int, sizes: list[int]
) -> None:
    await fill(store, old=old, new=1, size=1)
    clock = itertools.count(1)
    monkeypatch.setattr(pruning, "time", SimpleNamespace(monotonic=lambda: next(clock) * seconds))
    monkeypatch.setattr(pruning, "_can_shrink", return_false)
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def pause(delay: float) -> None:
        pauses.append(delay)
        counts.append(await count(store))
        await sleep(0)

    counts = [await count(store)]
    monkeypatch.setattr(asyncio, "sleep", pause)
    summary = await prune_store(store, MONTH)
    assert [first - second for first, second in itertools.pairwise(counts[: len(sizes) + 1])] == sizes
    assert (summary.deleted, counts[-1]) == (old, 1)
    assert pauses[: len(sizes)] == [pytest.approx(min(seconds, 0.1))] * len(sizes)


async def return_false(_: LogStore) -> bool:
    return False


async def test_log_created_exactly_at_the_limit_is_kept_and_the_later_limit_is_remembered(store: LogStore) -> None:
    await fill(store, old=1, new=2)
    limit = NOW - timedelta(days=90)
    assert (await prune_store(store, limit)).deleted == 0
    assert (await prune_store(store, limit + timedelta(microseconds=1))).deleted == 1
    await prune_store(store, limit)
    async with store.reading() as connection:
        assert await connection.scalar(select(account.c.pruned_before)) == limit + timedelta(microseconds=1)


async def test_age_before_year_1_is_rejected(store: LogStore) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await prune_store(store, timedelta.max)
    assert str(caught.value) == (
        "Invalid argument older_than for prune_store: must not reach back before year 1. No request was sent."
    )


async def test_other_type_is_rejected(store: LogStore) -> None:
    with pytest.raises(InvalidInputError, match="older_than"):
        await prune_store(store, "90d")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"older_than.*: must not reach back before year 1"):
        await prune_store(store, timedelta.max)


@pytest.mark.long
async def test_large_sqlite_file_is_pruned_without_long_locks(store: LogStore, tmp_path: Path) -> None:
    await fill(store, old=160_000, new=40_000)
    wal = tmp_path / "logs.db-wal"
    largest = 0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal largest
        while not done.is_set():
            largest = max(largest, os.stat(wal).st_size)
            await asyncio.sleep(0.05)

    with closing(sqlite3.connect(tmp_path / "logs.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    watcher = asyncio.create_task(watch())
    summary = await prune_store(store, MONTH)
    done.set()
    await watcher
    assert summary.deleted == 160_000
    assert summary.released_bytes > 160_000 * 1500
    assert largest < 20e6


@pytest.mark.long
@pytest.mark.skipif(shutil.which("unshare") is None, reason="a small file system needs mount namespaces of Linux")
def test_sqlite_file_is_pruned_with_20_megabytes_of_free_space(tmp_path: Path) -> None:
    namespace = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces are not permitted")
    command = [*namespace, sys.executable, "-m", "tests.support.small_disk", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if run.returncode == CANNOT_MOUNT:
        pytest.skip("file systems cannot be mounted")
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert FREE_SPACE * 0.9 < result["free"] <= FREE_SPACE
    assert (result["deleted"], result["kept"], result["integrity"]) == (OLD, NEW, "ok")
    assert result["released"] > result["size"] / 2
