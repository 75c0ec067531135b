"""`python -m benchmarks.pruning`: prunes 460,000 of 600,000 logs while another program writes to the same database.

The other program writes one row every few milliseconds. Its longest wait is the longest time for which pruning holds
the write lock. For SQLite, `additional` is the largest size of all files of the database beyond the size before.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
from sqlalchemy import insert, text, update

from benchmarks.databases import DATABASES, get_database, get_size
from sendcloud_integrations_client.sync import LogStore, PruneSummary, prune_store
from sendcloud_integrations_client.sync.schema import account, log

MONTH = timedelta(days=30)
BATCH = 5_000  # rows per insert
RECORD = "x" * 1_500


@attrs.frozen(kw_only=True)
class PruneMeasurement:
    """Measurements of one call.

    Attributes:
        summary: Result of the call.
        seconds: Duration in seconds.
        longest_wait: Longest write of the other program in seconds.
        size_before: Size of the database in bytes.
        size_after: The same afterwards.
        additional: Largest size of the SQLite files during the call, beyond `size_before`, in bytes; 0 for PostgreSQL.
    """

    summary: PruneSummary
    seconds: float
    longest_wait: float
    size_before: int
    size_after: int
    additional: int

    def __str__(self) -> str:
        sizes = f"{self.size_before / 1e6:,.0f} → {self.size_after / 1e6:,.0f} MB"
        wait = f"other writers wait {self.longest_wait:.2f} s at most"
        return f"{self.summary.deleted:,} deleted in {self.seconds:.0f} s, {wait}, {sizes}"


def main() -> None:
    """Print the figures of both databases."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pruning", description=__doc__)
    parser.add_argument("--old", type=int, default=460_000, help="logs to delete (default: 460,000)")
    parser.add_argument("--new", type=int, default=140_000, help="logs to keep (default: 140,000)")
    options = parser.parse_args()
    for database in DATABASES:
        with get_database(database) as url:
            measured = asyncio.run(measure_pruning(url, options.old, options.new))
        space = f", {measured.additional / 1e6:.0f} MB of additional space" if database == "SQLite" else ""
        print(f"{database}: {measured}{space}", flush=True)


async def measure_pruning(database: str, old: int, new: int) -> PruneMeasurement:
    """Fill a new database and prune it."""
    async with LogStore(database) as store, LogStore(database) as other:
        await fill_store(store, old, new)
        size_before = await get_size(store)
        done = asyncio.Event()
        watcher = asyncio.create_task(_watch_size(store, done))
        writer = asyncio.create_task(_write_repeatedly(other, done))
        started = time.monotonic()
        summary = await prune_store(store, MONTH)
        seconds = time.monotonic() - started
        done.set()
        largest, longest_wait = await watcher, await writer
        size_after = await get_size(store)
    return PruneMeasurement(
        summary=summary,
        seconds=seconds,
        longest_wait=longest_wait,
        size_before=size_before,
        size_after=size_after,
        additional=max(0, largest - size_before),
    )


async def fill_store(store: LogStore, old: int, new: int) -> None:
    """Store an account with old and new logs, interleaved."""
    await store.migrate()
    now, total = datetime.now(UTC), old + new
    common = {"account": "default", "stored_at": now, "problem_key": "key", "record": RECORD}
    async with store.writing() as connection:
        await connection.execute(insert(account), {"name": "default", "first_synced_at": now})
    for start in range(0, total, BATCH):
        rows = [
            {**common, "id": number, "created_at_utc": now - timedelta(days=90 if _is_old(number, old, total) else 1)}
            for number in range(start, min(start + BATCH, total))
        ]
        async with store.writing() as connection:
            await connection.execute(insert(log), rows)
    if store.is_sqlite:
        async with store.maintaining() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def _is_old(number: int, old: int, total: int) -> bool:
    return number * old // total != (number + 1) * old // total


async def _watch_size(store: LogStore, done: asyncio.Event) -> int:
    """Return the largest size of all SQLite files until `done` is set."""
    largest = 0
    while store.is_sqlite and not done.is_set():
        files = list(Path(store.file).parent.glob(Path(store.file).name + "*"))
        largest = max(largest, sum(file.stat().st_size for file in files if file.exists()))
        await asyncio.sleep(0.01)
    return largest


async def _write_repeatedly(store: LogStore, done: asyncio.Event) -> float:
    """Write a row again and again until `done` is set; return the duration of the slowest write in seconds."""
    longest = 0.0
    while not done.is_set():
        started = time.monotonic()
        async with store.writing() as connection:
            await connection.execute(update(account).values(last_synced_at=datetime.now(UTC)))
        longest = max(longest, time.monotonic() - started)
        await asyncio.sleep(0.005)
    return longest


if __name__ == "__main__":
    main()
