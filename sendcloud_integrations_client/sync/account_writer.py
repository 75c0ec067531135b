"""Reads and writes the state of one account in the store; each page is committed together with the sync state.

There is one state per list: the account-wide list, and the list of each integration. It belongs to the run that claimed
it last. An older run that is still active, in this process or
in another one, can no longer write to it. Therefore two runs never advance the same state, and no run has to wait for
a lock of a run that was killed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import attrs
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    any_,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.sync.bulk_insert import RowConflictError, copy_rows, insert_rows
from sendcloud_integrations_client.sync.errors import AccountMismatchError, SyncSupersededError
from sendcloud_integrations_client.sync.list_order import ListOrder, NewestFirstBy
from sendcloud_integrations_client.sync.problem_keys import store_problems
from sendcloud_integrations_client.sync.records import InvalidRecord, LogRow, build_page_key, is_same_record
from sendcloud_integrations_client.sync.schema import ACCOUNT_WIDE, account, integration, log, quarantine, sync_state
from sendcloud_integrations_client.sync.store import LogStore
from sendcloud_integrations_client.sync.unfinished_writes import GRACE, finish_write

__all__ = ["AccountWriter", "DryRunWriter", "ListState", "PageRecords", "PassState", "StoredCounts"]

T = TypeVar("T")

Rows = Sequence[dict[str, Any]]

_DEFAULT_PAGE_SIZE: Final = 100  # of passes that version 0.1.0 did not complete


@attrs.define(kw_only=True)
class PassState:
    """State of one pass: one iteration over a list of logs that starts at the first page.

    The attributes have the names of their columns in the table `sync_state`.

    Attributes:
        cursor: Cursor of the next page; None for the first page.
        is_full_pass: Whether the pass reads up to the last page. An incremental pass ends when it reaches records that
            an earlier pass of this list has read.
        page_size: Number of records per page.
        since: Logs created before this time are skipped; None for no limit.
        lookback_until: An incremental pass reads at least all logs created at or after this time; None for no limit.
        pass_started_at: Time when the pass started; None if it started at a page of the quarantine.
        rewrites: Whether stored rows are rewritten if they were stored under other redaction rules.
        unchanged_pages: Number of consecutive pages, up to the last one read, that had nothing to store.
        order: Order of the records that were read.
    """

    cursor: str | None = None
    is_full_pass: bool
    page_size: int
    since: datetime | None
    lookback_until: datetime | None = None
    pass_started_at: datetime | None = None
    rewrites: bool = False
    unchanged_pages: int = 0
    order: ListOrder = attrs.field(factory=ListOrder)


@attrs.define(kw_only=True)
class ListState:
    """Stored sync state of one list of logs.

    Attributes:
        completed_at: Time when a pass was last completed; None before the first one.
        complete_from: The store has all logs created at or after this time; None if it has all logs.
        full_pass_at: Time when the last completed full pass started; None before the first one.
        newest_first_by: Order of the list, as found by the last full pass.
        newest_created_at: Latest `created_at` of the records that were read; None if there was none.
        page_size: Page size of the last pass; None before the first one.
        unfinished_pass: The pass that was interrupted or is in progress; None if the last pass was completed.
        unreadable_pages: Pages that earlier runs could not read and put in the quarantine: cursor by key.
        superseded_pages: Keys of pages in the quarantine that are covered now, to delete with the next commit.
    """

    completed_at: datetime | None = None
    complete_from: datetime | None = None
    full_pass_at: datetime | None = None
    newest_first_by: NewestFirstBy | None = None
    newest_created_at: datetime | None = None
    page_size: int | None = None
    unfinished_pass: PassState | None = None
    unreadable_pages: dict[str, str | None] = attrs.field(factory=dict[str, str | None])
    superseded_pages: set[str] = attrs.field(factory=set[str])


@attrs.frozen(kw_only=True)
class PageRecords:
    """Records of one page, to store.

    Attributes:
        rows: The logs.
        invalid_records: Records that could not be decoded.
        unreadable_page: The page itself, if it could not be read as a whole; None if it was read.
        rewrites: Whether stored rows are rewritten if they were stored under other redaction rules.
    """

    rows: Sequence[LogRow] = ()
    invalid_records: Sequence[InvalidRecord] = ()
    unreadable_page: InvalidRecord | None = None
    rewrites: bool = False


@attrs.frozen(kw_only=True)
class StoredCounts:
    """What was written for one page.

    Attributes:
        new_ids: Ids of the logs that were not in the store before.
        unread_ids: Ids of the logs that no earlier pass of this list has read, whether or not they were in the store.
        updated: Number of logs that were in the store with another content.
        quarantined: Number of records and pages that were added to the quarantine.
        unread_invalid: Number of invalid records and pages that no earlier pass of this list has read.
    """

    new_ids: frozenset[int]
    unread_ids: frozenset[int]
    updated: int
    quarantined: int
    unread_invalid: int


GetNextState = Callable[[StoredCounts], ListState | None]
"""Returns the state of the list after a page, from what is new on that page; None to keep the stored state."""


@attrs.frozen(kw_only=True)
class _RowChanges:
    """How the logs of a page differ from the store.

    Attributes:
        new: Logs that are not in the store.
        unread_ids: Ids of the logs that no earlier pass of this list has read.
        updates: Columns of the logs whose content has changed.
        redaction_keys: New value of `redaction_key` of the logs that other redaction rules do not change.
        integration_ids: Integration of the logs that are stored without one.
    """

    new: list[LogRow]
    unread_ids: frozenset[int]
    updates: list[dict[str, Any]]
    redaction_keys: dict[int, str]
    integration_ids: dict[int, int]


@attrs.frozen(kw_only=True)
class _QuarantineChanges:
    """How the invalid records of a page differ from the quarantine, each key once.

    Attributes:
        new: Records that are not in the quarantine.
        unread: Records in the quarantine that no earlier pass of this list has read.
    """

    new: list[InvalidRecord]
    unread: list[InvalidRecord]


class AccountWriter:
    """Access of one run to the records and the state of one account.

    Args:
        store: The store; its schema must be migrated.
        account_name: Name of the account in the store.
        run: Unique id of this run.

    Attributes:
        grace: Seconds that a write may take after its caller was cancelled. None, the value for SQLite, is no limit.
    """

    def __init__(self, store: LogStore, account_name: str, run: str) -> None:
        self.grace = None if store.is_sqlite else GRACE
        self._store = store
        self._account = account_name
        self._run = run
        self._claimed: set[int | None] = set()
        self._insert: Any = sqlite.insert if store.is_sqlite else postgresql.insert
        self._clock_offset = timedelta(0)

    @property
    def account_name(self) -> str:
        """Name of the account in the store."""
        return self._account

    def get_time(self) -> datetime:
        """Return the current time by the clock of the store, so that runs on several machines agree on it."""
        return datetime.now(UTC) + self._clock_offset

    async def begin_run(self, identity: str) -> datetime | None:
        """Check that the account in the store, if it exists, belongs to the credentials.

        Args:
            identity: Identity of the account, from the client.

        Returns:
            The time before which logs were pruned; older logs must not be stored again. None if nothing was pruned.

        Raises:
            AccountMismatchError: If the account in the store has another identity.
        """
        return await self._finish(self._begin_run(identity))

    async def _begin_run(self, identity: str) -> datetime | None:
        if not self._store.is_sqlite:
            self._clock_offset = await self._store.get_time() - datetime.now(UTC)
        async with self._store.reading() as connection:
            return await self._get_pruned_before(connection, identity)

    async def bind_account(self, identity: str) -> None:
        """Create the account in the store if it does not exist, and store its identity if it has none.

        Called after the server has accepted the credentials, so a mistyped key leaves no account.

        Args:
            identity: Identity of the account, from the client.

        Raises:
            AccountMismatchError: If the account in the store has another identity.
        """
        await self._finish(self._bind_account(identity))

    async def _bind_account(self, identity: str) -> None:
        async with self._store.writing() as connection:
            row = {"name": self._account, "identity": identity, "first_synced_at": self.get_time()}
            await connection.execute(self._insert(account).on_conflict_do_nothing(), [row])
            await connection.execute(
                update(account)
                .where(account.c.name == self._account, account.c.identity.is_(None))
                .values(identity=identity)
            )
            await self._get_pruned_before(connection, identity)

    async def find_accounts_with(self, identity: str) -> list[str]:
        """Return the names of the other accounts in the store that have an identity."""
        async with self._store.reading() as connection:
            names = select(account.c.name).where(account.c.identity == identity, account.c.name != self._account)
            return list(await connection.scalars(names.order_by(account.c.name)))

    async def _get_pruned_before(self, connection: AsyncConnection, identity: str) -> datetime | None:
        columns = select(account.c.identity, account.c.pruned_before).where(account.c.name == self._account)
        row = (await connection.execute(columns)).one_or_none()
        if row is None:
            return None
        if row.identity not in (None, identity):
            raise AccountMismatchError(self._account, self._store.location)
        pruned_before: datetime | None = row.pruned_before
        return pruned_before

    async def complete_run(self) -> None:
        """Store the time of a successful run."""
        await self._finish(self._complete_run())

    async def _complete_run(self) -> None:
        async with self._store.writing() as connection:
            values = {"last_synced_at": self.get_time(), "failed_at": None, "error": None}
            await connection.execute(update(account).where(account.c.name == self._account).values(values))

    async def fail_run(self, reason: str) -> None:
        """Store the time of a failed run, and why it failed."""
        await self._finish(self._fail_run(reason))

    async def _fail_run(self, reason: str) -> None:
        async with self._store.writing() as connection:
            values = {"failed_at": self.get_time(), "error": reason}
            await connection.execute(update(account).where(account.c.name == self._account).values(values))

    async def store_integrations(
        self,
        rows: Rows,
        invalid_records: Sequence[InvalidRecord],
        listed_at: datetime,
        undecoded_ids: Collection[int],
    ) -> int:
        """Insert or update the listed integrations, and record all others as deleted.

        Args:
            rows: Rows of the table `integration`, without the account.
            invalid_records: Records that could not be decoded.
            listed_at: Time of the list, which all rows have.
            undecoded_ids: Ids of listed integrations that could not be decoded.

        Returns:
            Number of records that were added to the quarantine.
        """
        return await self._finish(self._store_integrations(rows, invalid_records, listed_at, undecoded_ids))

    async def _store_integrations(
        self,
        rows: Rows,
        invalid_records: Sequence[InvalidRecord],
        listed_at: datetime,
        undecoded_ids: Collection[int],
    ) -> int:
        async with self._store.writing() as connection:
            if rows:
                statement = self._insert(integration)
                statement = statement.on_conflict_do_update(
                    index_elements=["account", "id"],
                    set_={name: statement.excluded[name] for name in (*rows[0], "deleted_at") if name != "id"},
                )
                values = [{"account": self._account, "deleted_at": None, **row} for row in rows]
                await connection.execute(statement, values)
            await connection.execute(
                update(integration)
                .where(
                    integration.c.account == self._account,
                    integration.c.listed_at < listed_at,
                    integration.c.deleted_at.is_(None),
                    integration.c.id.not_in(list(undecoded_ids)),
                )
                .values(deleted_at=listed_at)
            )
            await self._delete_pages(connection, "integration_list", ACCOUNT_WIDE, {build_page_key(None)})
            return (await self._store_quarantined(connection, "integration", None, invalid_records))[0]

    async def store_unreadable_list(self, page: InvalidRecord) -> int:
        """Put the list of integrations, which could not be read as a whole, in the quarantine.

        Returns:
            1 if it was not in the quarantine before, otherwise 0.
        """
        return await self._finish(self._store_unreadable_list(page))

    async def _store_unreadable_list(self, page: InvalidRecord) -> int:
        async with self._store.writing() as connection:
            return (await self._store_quarantined(connection, "integration_list", None, [page]))[0]

    async def get_known_integrations(self) -> list[int]:
        """Return the ids of the integrations that earlier runs have listed, without the deleted ones."""
        async with self._store.reading() as connection:
            known = select(integration.c.id).where(
                integration.c.account == self._account, integration.c.deleted_at.is_(None)
            )
            return list(await connection.scalars(known.order_by(integration.c.id)))

    async def mark_deleted(self, integration_id: int) -> bool:
        """Record that an integration was deleted. Its logs stay.

        Returns:
            Whether the store contains the integration.
        """
        return await self._finish(self._mark_deleted(integration_id))

    async def _mark_deleted(self, integration_id: int) -> bool:
        async with self._store.writing() as connection:
            found = await connection.execute(
                update(integration)
                .where(integration.c.account == self._account, integration.c.id == integration_id)
                .values(deleted_at=func.coalesce(integration.c.deleted_at, self.get_time()))
            )
            return bool(found.rowcount)

    async def claim_list(self, integration_id: int | None) -> ListState:
        """Claim the state of a list for this run. Runs that claimed it earlier can no longer write to it.

        Args:
            integration_id: Id of the integration; None for the account-wide list.

        Returns:
            The stored state.

        Raises:
            SyncSupersededError: If this run has claimed the list before, and another run has claimed it since.
        """
        return await self._finish(self._claim_list(integration_id))

    async def _claim_list(self, integration_id: int | None) -> ListState:
        row = {"account": self._account, "integration_id": integration_id or ACCOUNT_WIDE, "run_id": self._run}
        async with self._store.writing() as connection:
            if integration_id in self._claimed:
                owner = await connection.scalar(
                    select(sync_state.c.run_id).where(
                        sync_state.c.account == self._account, sync_state.c.integration_id == row["integration_id"]
                    )
                )
                if owner != self._run:
                    raise self._build_superseded_error(integration_id)
            else:
                statement = self._insert(sync_state).on_conflict_do_update(
                    index_elements=["account", "integration_id"], set_={"run_id": self._run}
                )
                await connection.execute(statement, row)
            state = await _load_state(connection, self._account, integration_id)
        self._claimed.add(integration_id)
        return state

    def _build_superseded_error(self, integration_id: int | None) -> SyncSupersededError:
        subject = "the list of all logs" if integration_id is None else f"integration {integration_id}"
        return SyncSupersededError(
            f"The sync of account {self._account} stopped: a newer run took over {subject}. "
            "No data is lost, the newer run continues from here."
        )

    def release_list(self, integration_id: int | None) -> None:
        """Free the memory that is kept for a list; this run does not use it again."""

    async def store_page(
        self, integration_id: int | None, records: PageRecords, get_next_state: GetNextState
    ) -> StoredCounts:
        """Write the records of a page and the new state of the list in one transaction.

        Args:
            integration_id: Id of the integration whose logs were listed; None for the account-wide list.
            records: The records. Logs that are in the store are updated if their content has changed.
            get_next_state: Called once with what is new on the page, before the commit; returns the state to write.

        Returns:
            What was written.

        Raises:
            SyncSupersededError: If another run has claimed the list; nothing was written.
        """
        return await self._finish(self._store_page(integration_id, records, get_next_state))

    async def _finish(self, write: Coroutine[Any, Any, T]) -> T:
        return await finish_write(write, self._account, lambda: self.grace)

    async def _store_page(
        self, integration_id: int | None, records: PageRecords, get_next_state: GetNextState
    ) -> StoredCounts:
        if not self._store.is_sqlite:
            with contextlib.suppress(RowConflictError):
                return await self._write_page(integration_id, records, get_next_state, uses_copy=True)
        return await self._write_page(integration_id, records, get_next_state, uses_copy=False)

    async def _write_page(
        self, integration_id: int | None, records: PageRecords, get_next_state: GetNextState, *, uses_copy: bool
    ) -> StoredCounts:
        async with self._store.writing() as connection:
            changes = await _compare_rows(connection, self._account, integration_id, records)
            await self._write_changes(connection, integration_id, changes, uses_copy=uses_copy)
            quarantined, unread_invalid = await self._store_quarantined(
                connection, "log", integration_id, records.invalid_records
            )
            if records.unreadable_page is not None:
                added, unread = await self._store_quarantined(
                    connection, "page", integration_id, [records.unreadable_page]
                )
                quarantined, unread_invalid = quarantined + added, unread_invalid + unread
            counts = _count_changes(changes, quarantined, unread_invalid)
            state = get_next_state(counts)
            owner = {"account_name": self._account, "list_id": integration_id or ACCOUNT_WIDE, "owner": self._run}
            columns = {"run_id": self._run} if state is None else _build_columns(state)
            updated = await connection.execute(_UPDATE_STATE, {**owner, **columns})
            if updated.rowcount == 0:
                raise self._build_superseded_error(integration_id)
            if state is not None and state.superseded_pages:
                await self._delete_pages(connection, "page", integration_id or ACCOUNT_WIDE, state.superseded_pages)
        return counts

    async def _write_changes(
        self, connection: AsyncConnection, integration_id: int | None, changes: _RowChanges, *, uses_copy: bool
    ) -> None:
        now, marker = self.get_time(), _get_marker(integration_id)
        if changes.new:
            common = {
                "account": self._account,
                "stored_at": now,
                "read_account_wide": integration_id is None,
                "read_by_integration": integration_id is not None,
            }
            values = [{**common, **row.build_columns()} for row in changes.new]
            if uses_copy:
                await copy_rows(self._store, connection, log, values)
            else:
                await insert_rows(connection, log, values)
            await store_problems(connection, self._account, values)
        if stored_unread := changes.unread_ids - {row.id for row in changes.new}:
            await connection.execute(
                update(log).where(log.c.account == self._account, log.c.id.in_(stored_unread)).values({marker: True})
            )
        await self._update_logs(connection, [{**columns, "updated_at": now} for columns in changes.updates])
        await store_problems(connection, self._account, changes.updates)
        await self._update_logs(connection, _to_columns("redaction_key", changes.redaction_keys))
        await self._update_logs(connection, _to_columns("integration_id", changes.integration_ids))

    async def _update_logs(self, connection: AsyncConnection, rows: Rows) -> None:
        """Update logs by their `id`; all rows have the same columns."""
        if not rows:
            return
        names = [name for name in rows[0] if name != "id"]
        statement = (
            update(log)
            .where(log.c.account == self._account, log.c.id == bindparam("row_id"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        values = [{"row_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows]
        await connection.execute(statement, values)

    async def _delete_pages(
        self, connection: AsyncConnection, kind: str, integration_id: int, keys: Collection[str]
    ) -> None:
        await connection.execute(
            delete(quarantine).where(
                quarantine.c.account == self._account,
                quarantine.c.kind == kind,
                quarantine.c.integration_id == integration_id,
                quarantine.c.key.in_(list(keys)),
            )
        )

    async def _store_quarantined(
        self, connection: AsyncConnection, kind: str, integration_id: int | None, records: Sequence[InvalidRecord]
    ) -> tuple[int, int]:
        """Store invalid records; return the number of new ones, and of those that no pass of this list has read."""
        marker = _get_marker(integration_id)
        new = unread = 0
        for number, group in _group_by_integration(integration_id, records):
            changes = await _compare_quarantine(connection, self._account, kind, number, group, marker)
            new, unread = new + len(changes.new), unread + len(changes.unread)
            where = {"account": self._account, "kind": kind, "integration_id": number}
            if changes.new:
                common = {
                    **where,
                    "quarantined_at": self.get_time(),
                    "read_account_wide": integration_id is None,
                    "read_by_integration": integration_id is not None,
                }
                values = [{**common, **record.build_columns()} for record in changes.new]
                await connection.execute(self._insert(quarantine).on_conflict_do_nothing(), values)
            if changes.unread:
                await connection.execute(
                    update(quarantine)
                    .where(
                        *(quarantine.c[name] == value for name, value in where.items()),
                        quarantine.c.key.in_([record.key for record in changes.unread]),
                    )
                    .values({marker: True})
                )
        return new, new + unread


class DryRunWriter(AccountWriter):
    """Counterpart of `AccountWriter` for a dry run: reads the store and writes nothing.

    The store may be unmigrated, or may not exist at all.
    """

    def __init__(self, store: LogStore, account_name: str, run: str) -> None:
        super().__init__(store, account_name, run)
        self._is_migrated = False
        self._counted: dict[int | None, set[object]] = {}

    def release_list(self, integration_id: int | None) -> None:
        """Free the memory that is kept for a list; this run does not use it again."""
        self._counted.pop(integration_id, None)

    async def _begin_run(self, identity: str) -> datetime | None:
        self._is_migrated = await self._store.is_migrated()
        return await super()._begin_run(identity) if self._is_migrated else None

    async def _bind_account(self, identity: str) -> None:
        pass

    async def find_accounts_with(self, identity: str) -> list[str]:
        """Return the names of the other accounts in the store that have an identity."""
        return await super().find_accounts_with(identity) if self._is_migrated else []

    async def _complete_run(self) -> None:
        pass

    async def _fail_run(self, reason: str) -> None:
        pass

    async def _store_integrations(
        self,
        rows: Rows,
        invalid_records: Sequence[InvalidRecord],
        listed_at: datetime,
        undecoded_ids: Collection[int],
    ) -> int:
        return await self._count_quarantined("integration", invalid_records)

    async def _store_unreadable_list(self, page: InvalidRecord) -> int:
        return await self._count_quarantined("integration_list", [page])

    async def _count_quarantined(self, kind: str, records: Sequence[InvalidRecord]) -> int:
        if not self._is_migrated:
            return len({record.key for record in records})
        async with self._store.reading() as connection:
            changes = await _compare_quarantine(
                connection, self._account, kind, ACCOUNT_WIDE, records, _get_marker(None)
            )
            return len(changes.new)

    async def get_known_integrations(self) -> list[int]:
        """Return the ids of the integrations that earlier runs have listed, without the deleted ones."""
        return await super().get_known_integrations() if self._is_migrated else []

    async def _mark_deleted(self, integration_id: int) -> bool:
        return integration_id in await self.get_known_integrations()

    async def _claim_list(self, integration_id: int | None) -> ListState:
        self._counted[integration_id] = set()
        if not self._is_migrated:
            return ListState()
        async with self._store.reading() as connection:
            return await _load_state(connection, self._account, integration_id)

    async def _store_page(
        self, integration_id: int | None, records: PageRecords, get_next_state: GetNextState
    ) -> StoredCounts:
        unreadable_pages = [] if records.unreadable_page is None else [records.unreadable_page]
        invalid = [("log", records.invalid_records), ("page", unreadable_pages)]
        # A real run would have stored the records of earlier pages by now.
        counted = self._counted[integration_id]
        if self._is_migrated:
            async with self._store.reading() as connection:
                changes = await _compare_rows(connection, self._account, integration_id, records)
                found = [
                    await _compare_quarantine(
                        connection, self._account, kind, number, group, _get_marker(integration_id)
                    )
                    for kind, all_invalid in invalid
                    for number, group in _group_by_integration(integration_id, all_invalid)
                ]
            new_invalid = [record for one in found for record in one.new]
            unread_invalid = [record for one in found for record in one.unread]
        else:
            ids = frozenset(row.id for row in records.rows)
            changes = _RowChanges(
                new=list(records.rows), unread_ids=ids, updates=[], redaction_keys={}, integration_ids={}
            )
            new_invalid = list({one.key: one for _, all_invalid in invalid for one in all_invalid}.values())
            unread_invalid = []
        new_keys = {record.key for record in new_invalid} - counted
        unread_keys = {record.key for record in unread_invalid} - counted
        counts = _count_changes(changes, len(new_keys), len(new_keys | unread_keys))
        counts = attrs.evolve(counts, new_ids=counts.new_ids - counted, unread_ids=counts.unread_ids - counted)
        counted.update(counts.unread_ids, new_keys, unread_keys)
        get_next_state(counts)
        return counts


def _get_marker(integration_id: int | None) -> str:
    """Return the name of the column that records which lists a record was read from."""
    return "read_account_wide" if integration_id is None else "read_by_integration"


def _to_columns(name: str, values: dict[int, Any]) -> Rows:
    return [{"id": log_id, name: value} for log_id, value in values.items()]


def _count_changes(changes: _RowChanges, quarantined: int, unread_invalid: int) -> StoredCounts:
    return StoredCounts(
        new_ids=frozenset(row.id for row in changes.new),
        unread_ids=changes.unread_ids,
        updated=len(changes.updates),
        quarantined=quarantined,
        unread_invalid=unread_invalid,
    )


async def _compare_rows(
    connection: AsyncConnection, account_name: str, integration_id: int | None, records: PageRecords
) -> _RowChanges:
    by_id = {row.id: row for row in records.rows}
    stored: dict[int, Any] = {}
    if by_id:
        query = _SELECT_STORED[connection.dialect.name == "sqlite", _get_marker(integration_id)]
        found_rows = await connection.execute(query, {"account_name": account_name, "ids": list(by_id)})
        stored = {row.id: row for row in found_rows}
    updates: list[dict[str, Any]] = []
    redaction_keys: dict[int, str] = {}
    integration_ids: dict[int, int] = {}
    for log_id, found in stored.items():
        row = by_id[log_id]
        is_same_rules = found.redaction_key == row.redaction_key
        if found.integration_id is None and row.integration_id is not None:
            integration_ids[log_id] = row.integration_id
        if not (is_same_rules or records.rewrites):
            continue  # a different redaction does not mean that the log has changed
        content = row.build_columns()
        if not is_same_record(found.record, content["record"]):
            del content["integration_id"]  # the list of an integration is more reliable than a field
            updates.append(content)
        elif not is_same_rules:
            redaction_keys[log_id] = row.redaction_key
    return _RowChanges(
        new=[row for log_id, row in by_id.items() if log_id not in stored],
        unread_ids=frozenset(log_id for log_id in by_id if log_id not in stored or not stored[log_id].is_read),
        updates=updates,
        redaction_keys=redaction_keys,
        integration_ids=integration_ids,
    )


def _build_select_stored(marker: str, *, is_sqlite: bool) -> Select[*tuple[Any, ...]]:
    columns = (log.c.id, log.c.integration_id, log.c.redaction_key, log.c.record, log.c[marker].label("is_read"))
    # PostgreSQL and SQLAlchemy read one parameter faster than many.
    is_one_of: ColumnElement[bool] = (
        log.c.id.in_(bindparam("ids")) if is_sqlite else log.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    )
    return select(*columns).where(log.c.account == bindparam("account_name"), is_one_of)


# The statements of each page are built once, because that takes as long as their execution.
_SELECT_STORED: Final = {
    (is_sqlite, marker): _build_select_stored(marker, is_sqlite=is_sqlite)
    for is_sqlite in (True, False)
    for marker in ("read_account_wide", "read_by_integration")
}
_UPDATE_STATE: Final = update(sync_state).where(
    sync_state.c.account == bindparam("account_name"),
    sync_state.c.integration_id == bindparam("list_id"),
    sync_state.c.run_id == bindparam("owner"),
)


def _group_by_integration(
    integration_id: int | None, records: Iterable[InvalidRecord]
) -> list[tuple[int, list[InvalidRecord]]]:
    groups: dict[int, list[InvalidRecord]] = {}
    for record in records:
        number = integration_id or record.integration_id or ACCOUNT_WIDE
        groups.setdefault(number, []).append(record)
    return list(groups.items())


async def _compare_quarantine(
    connection: AsyncConnection,
    account_name: str,
    kind: str,
    integration_id: int,
    invalid_records: Sequence[InvalidRecord],
    marker: str,
) -> _QuarantineChanges:
    by_key = {record.key: record for record in invalid_records}
    stored: dict[str, bool] = {}
    if by_key:
        rows = await connection.execute(
            select(quarantine.c.key, quarantine.c[marker]).where(
                quarantine.c.account == account_name,
                quarantine.c.kind == kind,
                quarantine.c.integration_id == integration_id,
                quarantine.c.key.in_(list(by_key)),
            )
        )
        stored = {row.key: row[1] for row in rows}
    return _QuarantineChanges(
        new=[record for key, record in by_key.items() if key not in stored],
        unread=[record for key, record in by_key.items() if not stored.get(key, True)],
    )


async def _load_state(connection: AsyncConnection, account_name: str, integration_id: int | None) -> ListState:
    list_id = integration_id or ACCOUNT_WIDE
    result = await connection.execute(
        select(sync_state).where(sync_state.c.account == account_name, sync_state.c.integration_id == list_id)
    )
    row = result.one_or_none()
    if row is None:
        return ListState()
    pages = await connection.execute(
        select(quarantine.c.key, quarantine.c.page_cursor).where(
            quarantine.c.account == account_name,
            quarantine.c.kind == "page",
            quarantine.c.integration_id == list_id,
        )
    )
    state = ListState(
        unreadable_pages={page.key: page.page_cursor for page in pages},
        completed_at=row.completed_at,
        complete_from=row.complete_from,
        full_pass_at=row.full_pass_at,
        newest_first_by=row.newest_first_by,
        newest_created_at=row.newest_created_at,
        page_size=row.page_size,
    )
    if row.cursor is not None:
        state.unfinished_pass = PassState(
            cursor=row.cursor,
            is_full_pass=row.is_full_pass,
            page_size=row.page_size or _DEFAULT_PAGE_SIZE,
            since=row.since,
            lookback_until=row.lookback_until,
            pass_started_at=row.pass_started_at,
            rewrites=bool(row.rewrites),
            unchanged_pages=row.unchanged_pages,
            order=ListOrder(
                last_id=row.last_id,
                last_created_at=row.last_created_at,
                ids_descending=row.ids_descending,
                times_descending=row.times_descending,
                time_decreases=row.time_decreases,
            ),
        )
    return state


def _build_columns(state: ListState) -> dict[str, Any]:
    unfinished = state.unfinished_pass
    order = unfinished.order if unfinished else None
    return {
        "completed_at": state.completed_at,
        "complete_from": state.complete_from,
        "full_pass_at": state.full_pass_at,
        "newest_first_by": state.newest_first_by,
        "newest_created_at": state.newest_created_at,
        "page_size": unfinished.page_size if unfinished else state.page_size,
        "cursor": unfinished.cursor if unfinished else None,
        "is_full_pass": unfinished.is_full_pass if unfinished else None,
        "pass_started_at": unfinished.pass_started_at if unfinished else None,
        "rewrites": unfinished.rewrites if unfinished else None,
        "since": unfinished.since if unfinished else None,
        "lookback_until": unfinished.lookback_until if unfinished else None,
        "unchanged_pages": unfinished.unchanged_pages if unfinished else None,
        "last_id": order.last_id if order else None,
        "last_created_at": order.last_created_at if order else None,
        "ids_descending": order.ids_descending if order else None,
        "times_descending": order.times_descending if order else None,
        "time_decreases": order.time_decreases if order else None,
    }
