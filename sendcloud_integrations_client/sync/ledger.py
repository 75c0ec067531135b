"""What one run reads from a store and writes into it: each page's records together with how far the walk came.

A walk belongs to the run that took it over last. An older one that is still at work, in this process or another, can
then write nothing more: so no two runs ever move the same walk, and none has to wait for a lock of one that was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import attrs
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.sync.errors import TakenOverError
from sendcloud_integrations_client.sync.order import NewestFirstBy, Order
from sendcloud_integrations_client.sync.records import LogRow, Misfit
from sendcloud_integrations_client.sync.schema import account, integration, log, quarantine, walk
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["Descent", "DryLedger", "Ledger", "Taken", "WalkState"]

T = TypeVar("T")

Rows = Sequence[dict[str, Any]]


@attrs.define(kw_only=True)
class Descent:
    """A walk under way, from the first page downwards.

    Attributes:
        cursor: Where it goes on; None at the first page.
        whole: It goes to the last page, rather than to known ones.
        since: It passes over logs made before this.
        quiet_pages: Pages in a row, up to now, with nothing to take.
        order: What its records showed so far.
    """

    cursor: str | None = None
    whole: bool
    since: datetime | None
    quiet_pages: int = 0
    order: Order = attrs.field(factory=Order)


@attrs.define(kw_only=True)
class WalkState:
    """What is known of one integration's logs.

    Attributes:
        completed_at: When a walk last came to its end; None if none did.
        complete_from: From when on the store has everything; None for the beginning.
        newest_first_by: The order that the last whole walk found.
        descent: The walk that is not at its end.
    """

    completed_at: datetime | None = None
    complete_from: datetime | None = None
    newest_first_by: NewestFirstBy | None = None
    descent: Descent | None = None


@attrs.frozen
class Taken:
    """What of one page was taken.

    Attributes:
        new: Ids of the logs that the store did not have.
        quarantined: How many records were put into quarantine that were not there yet.
    """

    new: frozenset[int]
    quarantined: int


Settle = Callable[[Taken], WalkState]
"""Given what of a page is new, the state that its walk is in then."""


class Ledger:
    """One run's view of the store.

    Args:
        store: The store, migrated.
        account_name: Whose logs they are.
        run: What tells this run from all others.
    """

    def __init__(self, store: LogStore, account_name: str, run: str) -> None:
        self._store = store
        self._account = account_name
        self._run = run
        self._insert: Any = sqlite.insert if store.is_sqlite else postgresql.insert

    async def begin(self) -> datetime | None:
        """Note that the account is synced.

        Returns:
            The moment before which logs were pruned, and are not to be taken again.
        """
        return await _to_its_end(self._begin())

    async def _begin(self) -> datetime | None:
        async with self._store.writing() as connection:
            row = {"name": self._account, "first_synced_at": datetime.now(UTC)}
            await connection.execute(self._insert(account).on_conflict_do_nothing(), [row])
            return await _pruned_before(connection, self._account)

    async def end(self) -> None:
        """Note that a run succeeded."""
        await _to_its_end(self._end())

    async def _end(self) -> None:
        async with self._store.writing() as connection:
            now = datetime.now(UTC)
            await connection.execute(update(account).where(account.c.name == self._account).values(last_synced_at=now))

    async def put_integrations(self, rows: Rows, misfits: Sequence[Misfit]) -> int:
        """Write the integrations as they were listed.

        Args:
            rows: Rows of `integration`, without the account.
            misfits: Those that could not be read.

        Returns:
            How many records were put into quarantine that were not there yet.
        """
        return await _to_its_end(self._put_integrations(rows, misfits))

    async def _put_integrations(self, rows: Rows, misfits: Sequence[Misfit]) -> int:
        async with self._store.writing() as connection:
            if rows:
                statement = self._insert(integration)
                statement = statement.on_conflict_do_update(
                    index_elements=["account", "id"],
                    set_={name: statement.excluded[name] for name in rows[0] if name != "id"},
                )
                await connection.execute(statement, [{"account": self._account, **row} for row in rows])
            return await self._put_misfits(connection, "integration", 0, misfits)

    async def take_over(self, integration_id: int) -> WalkState:
        """Make the walk of an integration this run's own.

        Returns:
            How far it came.
        """
        return await _to_its_end(self._take_over(integration_id))

    async def _take_over(self, integration_id: int) -> WalkState:
        async with self._store.writing() as connection:
            row = {"account": self._account, "integration_id": integration_id, "run": self._run}
            statement = self._insert(walk).on_conflict_do_update(
                index_elements=["account", "integration_id"], set_={"run": self._run}
            )
            await connection.execute(statement, row)
            return await _state(connection, self._account, integration_id)

    def leave(self, integration_id: int) -> None:
        """Note that the walk of an integration ends here for this run, wherever it is."""

    async def put_page(
        self, integration_id: int, rows: Sequence[LogRow], misfits: Sequence[Misfit], settle: Settle
    ) -> Taken:
        """Write what a page brings and how far the walk came, both or neither.

        Args:
            integration_id: Whose logs they are.
            rows: The records of the page that are to be taken, known ones among them.
            misfits: Records that could not be read.
            settle: Called with what is new, before it is written; gives the state that the walk is in then.

        Raises:
            TakenOverError: The walk is another run's by now; nothing was written.
        """
        return await _to_its_end(self._put_page(integration_id, rows, misfits, settle))

    async def _put_page(
        self, integration_id: int, rows: Sequence[LogRow], misfits: Sequence[Misfit], settle: Settle
    ) -> Taken:
        async with self._store.writing() as connection:
            known = await _known(connection, self._account, [row.id for row in rows])
            new = [row for row in rows if row.id not in known]
            quarantined = await self._put_misfits(connection, "log", integration_id, misfits)
            taken = Taken(frozenset(row.id for row in new), quarantined)
            if new:
                now = datetime.now(UTC)
                values = [
                    {"account": self._account, "integration_id": integration_id, "stored_at": now, **row.columns()}
                    for row in new
                ]
                await connection.execute(self._insert(log).on_conflict_do_nothing(), values)
            moved = await connection.execute(
                update(walk)
                .where(
                    walk.c.account == self._account, walk.c.integration_id == integration_id, walk.c.run == self._run
                )
                .values(**_columns(settle(taken)))
            )
            if moved.rowcount == 0:
                raise TakenOverError(
                    f"another sync of account {self._account} took over integration {integration_id} in the meantime, "
                    "and goes on from here"
                )
        return taken

    async def _put_misfits(
        self, connection: AsyncConnection, kind: str, integration_id: int, misfits: Sequence[Misfit]
    ) -> int:
        missing = await _missing(connection, self._account, kind, integration_id, misfits)
        if missing:
            place = {
                "account": self._account,
                "kind": kind,
                "integration_id": integration_id,
                "quarantined_at": datetime.now(UTC),
            }
            values = [{**place, **attrs.asdict(misfit)} for misfit in missing]
            await connection.execute(self._insert(quarantine).on_conflict_do_nothing(), values)
        return len(missing)


class DryLedger(Ledger):
    """A run's view of a store that it writes nothing into; the store need not be migrated, or even be there."""

    def __init__(self, store: LogStore, account_name: str, run: str) -> None:
        super().__init__(store, account_name, run)
        self._is_there = False
        self._seen: dict[int, set[object]] = {}

    def leave(self, integration_id: int) -> None:
        """Forget what the walk of an integration has brought."""
        self._seen.pop(integration_id, None)

    async def _begin(self) -> datetime | None:
        self._is_there = await self._store.is_migrated()
        if not self._is_there:
            return None
        async with self._store.reading() as connection:
            return await _pruned_before(connection, self._account)

    async def _end(self) -> None:
        pass

    async def _put_integrations(self, rows: Rows, misfits: Sequence[Misfit]) -> int:
        if not self._is_there:
            return len({misfit.key for misfit in misfits})
        async with self._store.reading() as connection:
            return len(await _missing(connection, self._account, "integration", 0, misfits))

    async def _take_over(self, integration_id: int) -> WalkState:
        self._seen[integration_id] = set()
        if not self._is_there:
            return WalkState()
        async with self._store.reading() as connection:
            return await _state(connection, self._account, integration_id)

    async def _put_page(
        self, integration_id: int, rows: Sequence[LogRow], misfits: Sequence[Misfit], settle: Settle
    ) -> Taken:
        known: set[int] = set()
        missing = list({misfit.key: misfit for misfit in misfits}.values())
        if self._is_there:
            async with self._store.reading() as connection:
                known = await _known(connection, self._account, [row.id for row in rows])
                missing = await _missing(connection, self._account, "log", integration_id, misfits)
        # What this walk brought before would be in the store by now.
        seen = self._seen[integration_id]
        new = {row.id for row in rows} - known - seen
        quarantined = {misfit.key for misfit in missing} - seen
        seen |= new | quarantined
        taken = Taken(frozenset(new), len(quarantined))
        settle(taken)
        return taken


async def _known(connection: AsyncConnection, account_name: str, ids: list[int]) -> set[int]:
    if not ids:
        return set()
    return set(await connection.scalars(select(log.c.id).where(log.c.account == account_name, log.c.id.in_(ids))))


async def _missing(
    connection: AsyncConnection, account_name: str, kind: str, integration_id: int, misfits: Sequence[Misfit]
) -> list[Misfit]:
    if not misfits:
        return []
    by_key = {misfit.key: misfit for misfit in misfits}
    there = await connection.scalars(
        select(quarantine.c.key).where(
            quarantine.c.account == account_name,
            quarantine.c.kind == kind,
            quarantine.c.integration_id == integration_id,
            quarantine.c.key.in_(list(by_key)),
        )
    )
    for key in there:
        del by_key[key]
    return list(by_key.values())


async def _pruned_before(connection: AsyncConnection, account_name: str) -> datetime | None:
    found: datetime | None = await connection.scalar(
        select(account.c.pruned_before).where(account.c.name == account_name)
    )
    return found


async def _state(connection: AsyncConnection, account_name: str, integration_id: int) -> WalkState:
    result = await connection.execute(
        select(walk).where(walk.c.account == account_name, walk.c.integration_id == integration_id)
    )
    row = result.one_or_none()
    if row is None:
        return WalkState()
    state = WalkState(
        completed_at=row.completed_at,
        complete_from=row.complete_from,
        newest_first_by=row.newest_first_by,
    )
    if row.cursor is not None:
        state.descent = Descent(
            cursor=row.cursor,
            whole=row.whole,
            since=row.since,
            quiet_pages=row.quiet_pages,
            order=Order(
                last_id=row.last_id,
                last_created_at=row.last_created_at,
                ids_fall=row.ids_fall,
                times_fall=row.times_fall,
                time_falls=row.time_falls,
            ),
        )
    return state


def _columns(state: WalkState) -> dict[str, Any]:
    descent = state.descent
    order = descent.order if descent else None
    return {
        "completed_at": state.completed_at,
        "complete_from": state.complete_from,
        "newest_first_by": state.newest_first_by,
        "cursor": descent.cursor if descent else None,
        "whole": descent.whole if descent else None,
        "since": descent.since if descent else None,
        "quiet_pages": descent.quiet_pages if descent else None,
        "last_id": order.last_id if order else None,
        "last_created_at": order.last_created_at if order else None,
        "ids_fall": order.ids_fall if order else None,
        "times_fall": order.times_fall if order else None,
        "time_falls": order.time_falls if order else None,
    }


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; who is cancelled meanwhile waits for it, so that no transaction is left half done."""
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
