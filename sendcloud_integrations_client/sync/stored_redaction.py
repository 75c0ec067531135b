"""Applies the current redaction to records that are already stored, in batches."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any, Final

import attrs
import orjson
from sqlalchemy import Text, and_, delete, select, tuple_, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import Table

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.sync.problem_keys import fill_problem_keys
from sendcloud_integrations_client.sync.records import build_stable_content
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.schema import integration, log, problem, quarantine
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["StoredRedactionSummary", "redact_store"]

# The column with the complete record, and columns that are never redacted.
_RECORD_COLUMNS: Final = {log: "record", integration: "record", quarantine: "raw"}
_KEPT_COLUMNS: Final = frozenset(
    {"account", "kind", "key", "created_at", "page_cursor", "problem_key", "redaction_key"}
)
# The problem key is computed again from the redacted texts. The rules of a mixed redaction have no fingerprint.
_RESET_COLUMNS: Final = {"problem_key": None, "redaction_key": None}
_TABLES: Final = (log, integration, quarantine)
_PAGE_KINDS: Final = frozenset({"page", "integration_list"})


@attrs.frozen(kw_only=True)
class StoredRedactionSummary:
    """Result of `redact_store`.

    Attributes:
        checked: Number of records that were read: logs, integrations and quarantined records.
        changed: Number of records that contained a secret, and were changed.
        dry_run: Whether nothing was changed in the store.
    """

    checked: int
    changed: int
    dry_run: bool


async def redact_store(
    store: LogStore,
    redaction: Redaction = Redaction(),
    *,
    batch_size: int = 500,
    dry_run: bool = False,
    on_progress: Callable[[StoredRedactionSummary], None] | None = None,
) -> StoredRedactionSummary:
    """Redact the records in a store, such as those that an older version or other options stored.

    Each batch is one transaction, so an interrupted run loses nothing, and a sync can run at the same time. Values that
    were redacted before stay as they are.

    Args:
        store: The store.
        redaction: The redaction to apply. Defaults to `Redaction()`.
        batch_size: Number of records per transaction, between 1 and 10,000. Defaults to 500.
        dry_run: Whether to count the records that contain secrets without changing them. Defaults to False.
        on_progress: Called after each batch with the counts up to there; must not block.

    Returns:
        The number of checked and of changed records.

    Raises:
        InvalidInputError: If `batch_size` is invalid.
        StoreError: If the database cannot be used.

    Example:
        async with LogStore("logs.db") as store:
            summary = await redact_store(store)
    """
    if not 1 <= batch_size <= 10_000:
        raise InvalidInputError("redact_store", "batch_size", f"must be between 1 and 10,000, got {batch_size}")
    await store.migrate()
    checked = changed = 0
    for table in _TABLES:
        last: tuple[Any, ...] | None = None
        while True:
            rows = await _read_batch(store, table, last, batch_size)
            if not rows:
                break
            last = tuple(rows[-1][column.name] for column in table.primary_key.columns)
            changes = await asyncio.to_thread(_find_changes, table, rows, redaction)
            if changes and not dry_run:
                async with store.writing() as connection:
                    for row, values in changes:
                        await _update_row(connection, table, row, values)
            checked, changed = checked + len(rows), changed + len(changes)
            if on_progress is not None:
                on_progress(StoredRedactionSummary(checked=checked, changed=changed, dry_run=dry_run))
    while changed and not dry_run:
        async with store.writing() as connection:
            if not await fill_problem_keys(connection):
                await _delete_unredacted_problems(connection, redaction)
                break
    return StoredRedactionSummary(checked=checked, changed=changed, dry_run=dry_run)


async def _delete_unredacted_problems(connection: AsyncConnection, redaction: Redaction) -> None:
    """Delete problems whose exception type contains a secret. Their logs have another problem key now."""
    rows = await connection.execute(select(problem.c.account, problem.c.problem_key, problem.c.exception_type))
    for account, key, text in rows.all():
        if text is not None and redaction.redact_text(text) != text:
            is_affected = and_(problem.c.account == account, problem.c.problem_key == key)
            await connection.execute(delete(problem).where(is_affected))


async def _read_batch(store: LogStore, table: Table, last: tuple[Any, ...] | None, batch_size: int) -> list[RowMapping]:
    key = list(table.primary_key.columns)
    query = select(*key, *(table.c[name] for name in _get_text_columns(table))).order_by(*key).limit(batch_size)
    if last is not None:
        query = query.where(tuple_(*key) > tuple_(*last))
    async with store.reading() as connection:
        return list((await connection.execute(query)).mappings())


def _get_text_columns(table: Table) -> list[str]:
    return [
        column.name for column in table.columns if isinstance(column.type, Text) and column.name not in _KEPT_COLUMNS
    ]


def _find_changes(
    table: Table, rows: list[RowMapping], redaction: Redaction
) -> list[tuple[RowMapping, dict[str, str]]]:
    return [(row, changes) for row in rows if (changes := _find_row_changes(table, row, redaction))]


def _find_row_changes(table: Table, row: RowMapping, redaction: Redaction) -> dict[str, str]:
    record_column = _RECORD_COLUMNS[table]
    changes: dict[str, str] = {}
    for name in _get_text_columns(table):
        text = row[name]
        if not isinstance(text, str):
            continue
        is_record = name == record_column and not (table is quarantine and row["kind"] in _PAGE_KINDS)
        if is_record:
            clean = _redact_json(text, redaction)
        elif table is quarantine:
            clean = redaction.redact_text(text)
        else:
            # The column is a field of the record, so the options can name it as a secret.
            clean = redaction.redact_record({name: text})[0].get(name, redaction.marker)
        if clean != text:
            changes[name] = clean
    if table is quarantine and record_column in changes:
        key = _rebuild_key(row, changes[record_column])
        if key != row["key"]:
            changes["key"] = key
    return changes


def _redact_json(text: str, redaction: Redaction) -> str:
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return redaction.redact_text(text)  # NaN, or nested deeper than the parser allows
    clean, content = redaction.redact_record(record)
    return text if clean == record else content.decode()


def _rebuild_key(row: RowMapping, content: str) -> str:
    """Return the key that a sync with the current redaction uses, so that it does not store the record twice."""
    if not row["key"].startswith("sha256:"):
        return str(row["key"])
    hashed = content.encode()
    if row["kind"] == "integration":
        try:
            hashed = build_stable_content(orjson.loads(content))
        except (orjson.JSONDecodeError, AttributeError):
            return str(row["key"])
    return f"sha256:{hashlib.sha256(hashed).hexdigest()}"


async def _update_row(connection: AsyncConnection, table: Table, row: RowMapping, values: dict[str, str]) -> None:
    key = and_(*(column == row[column.name] for column in table.primary_key.columns))
    if "key" in values:
        # A sync with the current redaction can have stored the same record already.
        duplicate = and_(*(
            column == (values["key"] if column.name == "key" else row[column.name])
            for column in table.primary_key.columns
        ))  # fmt: skip
        if (await connection.execute(select(table.c.key).where(duplicate))).first() is not None:
            await connection.execute(delete(table).where(key))
            return
    # A sync can have replaced the row since it was read; then it is redacted already.
    unchanged = table.c[_RECORD_COLUMNS[table]] == row[_RECORD_COLUMNS[table]]
    reset = _RESET_COLUMNS if table is log else {}
    await connection.execute(update(table).where(key, unchanged).values(**values, **reset))
