"""Deletes old logs in small transactions, and returns the space to the file system.

Each transaction is short, so a sync in another process can write in between, and the write-ahead log of SQLite stays
small. SQLite returns space with incremental vacuum, which needs no space for a copy of the file. Files of version 0.1.0
do not support it until they are rewritten once, with `rewrite_file`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Table, delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.sync.errors import StoreError
from sendcloud_integrations_client.sync.schema import account, log, quarantine
from sendcloud_integrations_client.sync.stop_signal import StopRequestedError, StopSignal
from sendcloud_integrations_client.sync.store import LogStore
from sendcloud_integrations_client.sync.unfinished_writes import GRACE

__all__ = ["PruneSummary", "prune_store"]

_MIN_BATCH: Final = 50
_MAX_BATCH: Final = 1000  # rows or pages; bounds the write-ahead log
_TARGET: Final = 0.2  # seconds per transaction
_MAX_PAUSE: Final = 0.1  # seconds
_INCREMENTAL: Final = 2  # value of SQLite's PRAGMA auto_vacuum


@attrs.frozen(kw_only=True)
class PruneSummary:
    """Result of `prune_store`.

    Attributes:
        deleted: Number of deleted logs.
        deleted_quarantined: Number of deleted records and pages of the quarantine.
        released_bytes: By how much the SQLite file shrank; 0 for PostgreSQL, which uses free space again.
        keeps_size: Whether the SQLite file cannot shrink, because an older version created it. Free space in it is used
            again for new logs.
        stopped: Whether `stop` ended the call early.
    """

    deleted: int
    deleted_quarantined: int
    released_bytes: int
    keeps_size: bool
    stopped: bool


async def prune_store(
    store: LogStore,
    older_than: timedelta | datetime,
    *,
    rewrite_file: bool = False,
    stop: asyncio.Event | None = None,
) -> PruneSummary:
    """Delete old logs and old quarantined records, in batches. Later syncs do not store them again.

    Logs without `created_at` are kept. Each batch holds the write lock for less than a second. A call that was
    interrupted can be repeated.

    Args:
        store: The store.
        older_than: Maximum age, or the time before which logs are deleted.
        rewrite_file: Rewrite an SQLite file that cannot shrink yet. It needs free space of the size of the remaining
            data, and blocks other writers for that time. Defaults to False.
        stop: Event that ends the call after the batch in progress. Defaults to None.

    Returns:
        What was deleted.

    Raises:
        InvalidInputError: If `older_than` has another type, or reaches back before year 1.
        StoreError: If the database cannot be used, or if PostgreSQL does not respond within 3 seconds after the stop.

    Example:
        summary = await prune_store(store, timedelta(days=90))
    """
    if not isinstance(older_than, (timedelta, datetime)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError("prune_store", "older_than", "must be a timedelta or a datetime")
    try:
        before = await store.get_time() - older_than if isinstance(older_than, timedelta) else older_than
    except OverflowError:
        raise InvalidInputError("prune_store", "older_than", "must not reach back before year 1") from None
    stop = stop or asyncio.Event()
    await store.migrate()
    size = await asyncio.to_thread(_get_file_size, store)
    async with store.writing() as connection:
        # First, so that a sync in progress does not store the logs again in its next run.
        column = account.c.pruned_before
        await connection.execute(
            update(account).where(column.is_(None) | (column < before)).values(pruned_before=before)
        )
    can_shrink = store.is_sqlite and await _can_shrink(store)
    deletion = _delete_in_batches(store, log, log.c.created_at_utc < before, stop, can_shrink=can_shrink)
    deleted = await _end_after_stop(store, stop, deletion)
    timestamp = func.coalesce(quarantine.c.created_at_utc, quarantine.c.quarantined_at)
    deletion = _delete_in_batches(store, quarantine, timestamp < before, stop, can_shrink=can_shrink)
    quarantined = await _end_after_stop(store, stop, deletion)
    if not stop.is_set():
        if not store.is_sqlite:
            await _vacuum_postgresql(store)
        elif can_shrink:
            await _release_pages(store, stop)
        elif rewrite_file:
            await _rewrite_file(store)
            can_shrink = True
    return PruneSummary(
        deleted=deleted,
        deleted_quarantined=quarantined,
        released_bytes=max(0, size - await asyncio.to_thread(_get_file_size, store)),
        keeps_size=store.is_sqlite and not can_shrink,
        stopped=stop.is_set(),
    )


async def _end_after_stop(store: LogStore, stop: asyncio.Event, deletion: Coroutine[Any, Any, int]) -> int:
    """Return the result of a deletion in batches. After the stop, the batch in progress takes less than a second."""
    if store.is_sqlite:
        return await deletion
    try:
        return await StopSignal(stop).limit(deletion, GRACE)
    except StopRequestedError:
        raise StoreError(
            f"The database {store.location} did not respond within {GRACE:.0f} s after the stop. The batch in progress "
            "is rolled back. Repeat the deletion when the database is available.",
            is_temporary=True,
        ) from None


class _BatchSize:
    """Size of the next batch, so that it takes about `_TARGET` seconds."""

    def __init__(self) -> None:
        self.value = 200

    async def adapt(self, seconds: float) -> None:
        """Adapt the size to the duration of the last batch, and let other writers have a turn."""
        factor = min(2.0, _TARGET / max(seconds, 0.001))
        self.value = max(_MIN_BATCH, min(_MAX_BATCH, int(self.value * factor)))
        await asyncio.sleep(min(seconds, _MAX_PAUSE))


async def _delete_in_batches(
    store: LogStore, table: Table, is_old: ColumnElement[bool], stop: asyncio.Event, *, can_shrink: bool
) -> int:
    size, deleted = _BatchSize(), 0
    key = tuple_(*table.primary_key.columns)
    while not stop.is_set():
        batch = select(*table.primary_key.columns).where(is_old).limit(size.value)
        started = time.monotonic()
        async with store.writing() as connection:
            count = (await connection.execute(delete(table).where(key.in_(batch)))).rowcount
        deleted += count
        if not count:
            break
        await size.adapt(time.monotonic() - started)
        if can_shrink:
            await _release_pages(store, stop)
    return deleted


async def _can_shrink(store: LogStore) -> bool:
    async with store.maintaining() as connection:
        return bool(await connection.scalar(text("PRAGMA auto_vacuum")) == _INCREMENTAL)


async def _release_pages(store: LogStore, stop: asyncio.Event) -> None:
    """Move free pages to the end of the SQLite file and cut them off, in batches."""
    size = _BatchSize()
    free_pages: int | None = None
    while not stop.is_set():
        started = time.monotonic()
        async with store.maintaining() as connection:
            previous, free_pages = free_pages, await connection.scalar(text("PRAGMA freelist_count"))
            if not free_pages or free_pages == previous:
                return
            await _run_script(connection, f"PRAGMA incremental_vacuum({size.value})")
            # Copies the pages of the write-ahead log into the file, and truncates it, without waiting for readers.
            await _run_script(connection, "PRAGMA wal_checkpoint(PASSIVE)")
        await size.adapt(time.monotonic() - started)


async def _rewrite_file(store: LogStore) -> None:
    async with store.maintaining() as connection:
        await _run_script(connection, "PRAGMA auto_vacuum=INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(PASSIVE)")


async def _vacuum_postgresql(store: LogStore) -> None:
    """Make the space of deleted rows available, and return it if it is at the end of the table. Does not block."""
    async with store.maintaining() as connection:
        quote = connection.dialect.identifier_preparer.quote
        for table in (log, quarantine):
            name = quote(table.name) if store.schema is None else f"{quote(store.schema)}.{quote(table.name)}"
            await connection.exec_driver_sql(f"VACUUM {name}")


async def _run_script(connection: AsyncConnection, script: str) -> None:
    # SQLAlchemy would take only the first step of these statements, because they have no result columns.
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.executescript(script)


def _get_file_size(store: LogStore) -> int:
    return Path(store.file).stat().st_size if store.is_sqlite else 0
