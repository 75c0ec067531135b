"""Reads and writes the state of one account in the store; each page is committed together with the sync state.

Each integration's state belongs to the run that claimed it last. An older run that is still active, in this process or
in another one, can no longer write to it. Therefore two runs never advance the same state, and no run has to wait for
a lock of a run that was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import attrs
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.sync.errors import SyncSupersededError
from sendcloud_integrations_client.sync.list_order import ListOrder, NewestFirstBy
from sendcloud_integrations_client.sync.records import InvalidRecord, LogRow, build_page_key
from sendcloud_integrations_client.sync.schema import account, integration, log, quarantine, sync_state
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["AccountWriter", "DryRunWriter", "IntegrationState", "PassState", "StoredCounts"]

T = TypeVar("T")

Rows = Sequence[dict[str, Any]]


@attrs.define(kw_only=True)
class PassState:
    """State of one pass: one iteration over the logs of an integration that starts at the first page.

    The attributes have the names of their columns in the table `schema.sync_state`.

    Attributes:
        cursor: Cursor of the next page; None for the first page.
        whole: Whether this is a full pass, which reads up to the last page. An incremental pass ends when it reaches
            records that are in the store.
        since: Logs created before this time are skipped; None for no limit.
        quiet_pages: Number of consecutive pages, up to the last one read, that had nothing to store.
        order: Order of the records that were read.
    """

    cursor: str | None = None
    whole: bool
    since: datetime | None
    quiet_pages: int = 0
    order: ListOrder = attrs.field(factory=ListOrder)


@attrs.define(kw_only=True)
class IntegrationState:
    """Stored sync state of one integration.

    Attributes:
        completed_at: Time when a pass was last completed; None before the first one.
        complete_from: The store has all logs created at or after this time; None if it has all logs.
        newest_first_by: Order of the list, as found by the last full pass.
        unfinished_pass: The pass that was interrupted or is in progress; None if the last pass was completed.
        unreadable_pages: Pages that earlier runs could not read and put in the quarantine: cursor by key.
        superseded_pages: Keys of pages in the quarantine that are covered now, to delete with the next commit.
    """

    completed_at: datetime | None = None
    complete_from: datetime | None = None
    newest_first_by: NewestFirstBy | None = None
    unfinished_pass: PassState | None = None
    unreadable_pages: dict[str, str | None] = attrs.field(factory=dict[str, str | None])
    superseded_pages: set[str] = attrs.field(factory=set[str])


@attrs.frozen
class StoredCounts:
    """What was written for one page.

    Attributes:
        new_ids: Ids of the logs that were not in the store before.
        quarantined: Number of records and pages that were added to the quarantine.
    """

    new_ids: frozenset[int]
    quarantined: int


GetNextState = Callable[[StoredCounts], IntegrationState | None]
"""Returns the state of the integration after a page, from what is new on that page; None to keep the stored state."""


class AccountWriter:
    """Access of one run to the records and the state of one account.

    Args:
        store: The store; its schema must be migrated.
        account_name: Name of the account in the store.
        run: Unique id of this run.
    """

    def __init__(self, store: LogStore, account_name: str, run: str) -> None:
        self._store = store
        self._account = account_name
        self._run = run
        self._insert: Any = sqlite.insert if store.is_sqlite else postgresql.insert

    @property
    def account_name(self) -> str:
        """Name of the account in the store."""
        return self._account

    async def begin_run(self) -> datetime | None:
        """Create the account in the store if it does not exist.

        Returns:
            The time before which logs were pruned; older logs must not be stored again. None if nothing was pruned.
        """
        return await _run_to_completion(self._begin_run())

    async def _begin_run(self) -> datetime | None:
        async with self._store.writing() as connection:
            row = {"name": self._account, "first_synced_at": datetime.now(UTC)}
            await connection.execute(self._insert(account).on_conflict_do_nothing(), [row])
            return await _get_pruned_before(connection, self._account)

    async def complete_run(self) -> None:
        """Store the time of a successful run."""
        await _run_to_completion(self._complete_run())

    async def _complete_run(self) -> None:
        async with self._store.writing() as connection:
            now = datetime.now(UTC)
            await connection.execute(update(account).where(account.c.name == self._account).values(last_synced_at=now))

    async def store_integrations(
        self, rows: Rows, invalid_records: Sequence[InvalidRecord], unreadable_page: InvalidRecord | None = None
    ) -> int:
        """Insert or update the listed integrations.

        Args:
            rows: Rows of the table `integration`, without the account.
            invalid_records: Records that could not be decoded.
            unreadable_page: The list itself, if it could not be read as a whole; None if it was read.

        Returns:
            Number of records and pages that were added to the quarantine.
        """
        return await _run_to_completion(self._store_integrations(rows, invalid_records, unreadable_page))

    async def _store_integrations(
        self, rows: Rows, invalid_records: Sequence[InvalidRecord], unreadable_page: InvalidRecord | None
    ) -> int:
        async with self._store.writing() as connection:
            if rows:
                statement = self._insert(integration)
                statement = statement.on_conflict_do_update(
                    index_elements=["account", "id"],
                    set_={name: statement.excluded[name] for name in rows[0] if name != "id"},
                )
                await connection.execute(statement, [{"account": self._account, **row} for row in rows])
            if unreadable_page is not None:
                return await self._store_quarantined(connection, "page", 0, [unreadable_page])
            await self._delete_pages(connection, 0, {build_page_key(None)})
            return await self._store_quarantined(connection, "integration", 0, invalid_records)

    async def get_known_integrations(self) -> list[int]:
        """Return the ids of the integrations that were listed last, by an earlier run."""
        async with self._store.reading() as connection:
            own = integration.c.account == self._account
            last_listed = select(func.max(integration.c.seen_at)).where(own).scalar_subquery()
            ids = await connection.scalars(select(integration.c.id).where(own, integration.c.seen_at == last_listed))
            return list(ids)

    async def claim_integration(self, integration_id: int) -> IntegrationState:
        """Claim the state of an integration for this run. Runs that claimed it earlier can no longer write to it.

        Returns:
            The stored state.
        """
        return await _run_to_completion(self._claim_integration(integration_id))

    async def _claim_integration(self, integration_id: int) -> IntegrationState:
        async with self._store.writing() as connection:
            row = {"account": self._account, "integration_id": integration_id, "run": self._run}
            statement = self._insert(sync_state).on_conflict_do_update(
                index_elements=["account", "integration_id"], set_={"run": self._run}
            )
            await connection.execute(statement, row)
            return await _load_state(connection, self._account, integration_id)

    def release_integration(self, integration_id: int) -> None:
        """Free the memory that is kept for an integration; this run does not use it again."""

    async def store_page(
        self,
        integration_id: int,
        rows: Sequence[LogRow],
        invalid_records: Sequence[InvalidRecord],
        get_next_state: GetNextState,
        unreadable_page: InvalidRecord | None = None,
    ) -> StoredCounts:
        """Write the records of a page and the new state of the integration in one transaction.

        Args:
            integration_id: Id of the integration whose logs were listed.
            rows: Records of the page to store. Records that are already in the store are ignored.
            invalid_records: Records that could not be decoded.
            get_next_state: Called once with what is new on the page, before the commit; returns the state to write.
            unreadable_page: The page itself, if it could not be read as a whole; None if it was read.

        Returns:
            What was written.

        Raises:
            SyncSupersededError: If another run has claimed the integration; nothing was written.
        """
        return await _run_to_completion(
            self._store_page(integration_id, rows, invalid_records, get_next_state, unreadable_page)
        )

    async def _store_page(
        self,
        integration_id: int,
        rows: Sequence[LogRow],
        invalid_records: Sequence[InvalidRecord],
        get_next_state: GetNextState,
        unreadable_page: InvalidRecord | None,
    ) -> StoredCounts:
        async with self._store.writing() as connection:
            stored_ids = await _get_stored_ids(connection, self._account, [row.id for row in rows])
            new_rows = [row for row in rows if row.id not in stored_ids]
            quarantined = await self._store_quarantined(connection, "log", integration_id, invalid_records)
            if unreadable_page is not None:
                quarantined += await self._store_quarantined(connection, "page", integration_id, [unreadable_page])
            counts = StoredCounts(frozenset(row.id for row in new_rows), quarantined)
            if new_rows:
                now = datetime.now(UTC)
                common = {"account": self._account, "integration_id": integration_id, "stored_at": now}
                values = [{**common, **row.build_columns()} for row in new_rows]
                await connection.execute(self._insert(log).on_conflict_do_nothing(), values)
            state = get_next_state(counts)
            updated = await connection.execute(
                update(sync_state)
                .where(
                    sync_state.c.account == self._account,
                    sync_state.c.integration_id == integration_id,
                    sync_state.c.run == self._run,
                )
                .values(**({"run": self._run} if state is None else _build_columns(state)))
            )
            if updated.rowcount == 0:
                raise SyncSupersededError(
                    f"The sync of account {self._account} stopped: a newer run took over integration "
                    f"{integration_id}. No data is lost, the newer run continues from here."
                )
            if state is not None and state.superseded_pages:
                await self._delete_pages(connection, integration_id, state.superseded_pages)
        return counts

    async def _delete_pages(self, connection: AsyncConnection, integration_id: int, keys: Collection[str]) -> None:
        await connection.execute(
            delete(quarantine).where(
                quarantine.c.account == self._account,
                quarantine.c.kind == "page",
                quarantine.c.integration_id == integration_id,
                quarantine.c.key.in_(list(keys)),
            )
        )

    async def _store_quarantined(
        self, connection: AsyncConnection, kind: str, integration_id: int, invalid_records: Sequence[InvalidRecord]
    ) -> int:
        new_records = await _filter_new(connection, self._account, kind, integration_id, invalid_records)
        if new_records:
            common = {
                "account": self._account,
                "kind": kind,
                "integration_id": integration_id,
                "quarantined_at": datetime.now(UTC),
            }
            values = [{**common, **attrs.asdict(record)} for record in new_records]
            await connection.execute(self._insert(quarantine).on_conflict_do_nothing(), values)
        return len(new_records)


class DryRunWriter(AccountWriter):
    """Counterpart of `AccountWriter` for a dry run: reads the store and writes nothing.

    The store may be unmigrated, or may not exist at all.
    """

    def __init__(self, store: LogStore, account_name: str, run: str) -> None:
        super().__init__(store, account_name, run)
        self._is_migrated = False
        self._counted: dict[int, set[object]] = {}

    def release_integration(self, integration_id: int) -> None:
        """Free the memory that is kept for an integration; this run does not use it again."""
        self._counted.pop(integration_id, None)

    async def _begin_run(self) -> datetime | None:
        self._is_migrated = await self._store.is_migrated()
        if not self._is_migrated:
            return None
        async with self._store.reading() as connection:
            return await _get_pruned_before(connection, self._account)

    async def _complete_run(self) -> None:
        pass

    async def _store_integrations(
        self, rows: Rows, invalid_records: Sequence[InvalidRecord], unreadable_page: InvalidRecord | None
    ) -> int:
        kind, records = ("integration", invalid_records) if unreadable_page is None else ("page", [unreadable_page])
        if not self._is_migrated:
            return len({record.key for record in records})
        async with self._store.reading() as connection:
            return len(await _filter_new(connection, self._account, kind, 0, records))

    async def get_known_integrations(self) -> list[int]:
        """Return the ids of the integrations that were listed last, by an earlier run."""
        return await super().get_known_integrations() if self._is_migrated else []

    async def _claim_integration(self, integration_id: int) -> IntegrationState:
        self._counted[integration_id] = set()
        if not self._is_migrated:
            return IntegrationState()
        async with self._store.reading() as connection:
            return await _load_state(connection, self._account, integration_id)

    async def _store_page(
        self,
        integration_id: int,
        rows: Sequence[LogRow],
        invalid_records: Sequence[InvalidRecord],
        get_next_state: GetNextState,
        unreadable_page: InvalidRecord | None,
    ) -> StoredCounts:
        stored_ids: set[int] = set()
        unreadable_pages = [] if unreadable_page is None else [unreadable_page]
        new_records = [*{record.key: record for record in invalid_records}.values(), *unreadable_pages]
        if self._is_migrated:
            async with self._store.reading() as connection:
                stored_ids = await _get_stored_ids(connection, self._account, [row.id for row in rows])
                new_records = [
                    *await _filter_new(connection, self._account, "log", integration_id, invalid_records),
                    *await _filter_new(connection, self._account, "page", integration_id, unreadable_pages),
                ]
        # A real run would have stored the records of earlier pages by now.
        counted = self._counted[integration_id]
        new_ids = {row.id for row in rows} - stored_ids - counted
        quarantined_keys = {record.key for record in new_records} - counted
        counted |= new_ids | quarantined_keys
        counts = StoredCounts(frozenset(new_ids), len(quarantined_keys))
        get_next_state(counts)
        return counts


async def _get_stored_ids(connection: AsyncConnection, account_name: str, ids: list[int]) -> set[int]:
    if not ids:
        return set()
    return set(await connection.scalars(select(log.c.id).where(log.c.account == account_name, log.c.id.in_(ids))))


async def _filter_new(
    connection: AsyncConnection,
    account_name: str,
    kind: str,
    integration_id: int,
    invalid_records: Sequence[InvalidRecord],
) -> list[InvalidRecord]:
    """Return the records that are not in the quarantine yet, each key once."""
    if not invalid_records:
        return []
    by_key = {record.key: record for record in invalid_records}
    quarantined_keys = await connection.scalars(
        select(quarantine.c.key).where(
            quarantine.c.account == account_name,
            quarantine.c.kind == kind,
            quarantine.c.integration_id == integration_id,
            quarantine.c.key.in_(list(by_key)),
        )
    )
    for key in quarantined_keys:
        del by_key[key]
    return list(by_key.values())


async def _get_pruned_before(connection: AsyncConnection, account_name: str) -> datetime | None:
    pruned_before: datetime | None = await connection.scalar(
        select(account.c.pruned_before).where(account.c.name == account_name)
    )
    return pruned_before


async def _load_state(connection: AsyncConnection, account_name: str, integration_id: int) -> IntegrationState:
    result = await connection.execute(
        select(sync_state).where(sync_state.c.account == account_name, sync_state.c.integration_id == integration_id)
    )
    row = result.one_or_none()
    if row is None:
        return IntegrationState()
    pages = await connection.execute(
        select(quarantine.c.key, quarantine.c.page_cursor).where(
            quarantine.c.account == account_name,
            quarantine.c.kind == "page",
            quarantine.c.integration_id == integration_id,
        )
    )
    state = IntegrationState(
        unreadable_pages={page.key: page.page_cursor for page in pages},
        completed_at=row.completed_at,
        complete_from=row.complete_from,
        newest_first_by=row.newest_first_by,
    )
    if row.cursor is not None:
        state.unfinished_pass = PassState(
            cursor=row.cursor,
            whole=row.whole,
            since=row.since,
            quiet_pages=row.quiet_pages,
            order=ListOrder(
                last_id=row.last_id,
                last_created_at=row.last_created_at,
                ids_fall=row.ids_fall,
                times_fall=row.times_fall,
                time_falls=row.time_falls,
            ),
        )
    return state


def _build_columns(state: IntegrationState) -> dict[str, Any]:
    unfinished = state.unfinished_pass
    order = unfinished.order if unfinished else None
    return {
        "completed_at": state.completed_at,
        "complete_from": state.complete_from,
        "newest_first_by": state.newest_first_by,
        "cursor": unfinished.cursor if unfinished else None,
        "whole": unfinished.whole if unfinished else None,
        "since": unfinished.since if unfinished else None,
        "quiet_pages": unfinished.quiet_pages if unfinished else None,
        "last_id": order.last_id if order else None,
        "last_created_at": order.last_created_at if order else None,
        "ids_fall": order.ids_fall if order else None,
        "times_fall": order.times_fall if order else None,
        "time_falls": order.time_falls if order else None,
    }


async def _run_to_completion(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work`. A cancelled caller waits until `work` is done, so no transaction is left open."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise
