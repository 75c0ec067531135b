"""State of the accounts of workers: when each was queued, which worker syncs it since when, and its failures.

Procrastinate knows jobs, not accounts, and deletes finished jobs. The table `worker_account` contains what the planning
and `worker status` need beyond a job. All times are those of the database server, so clocks of workers do not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    case,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.worker.schedule import find_last_slot

__all__ = ["AccountState", "AccountStates", "create_tables"]

_metadata: Final = MetaData()
_state: Final = Table(
    "worker_account",
    _metadata,
    Column("account", Text, primary_key=True),
    Column("is_listed", Boolean, nullable=False),  # whether the last planning found it among the accounts
    Column("paused_at", DateTime(timezone=True)),
    Column("queued_at", DateTime(timezone=True)),  # when the planning last queued it
    Column("retry_at", DateTime(timezone=True)),  # when a failure that can pass is tried again, before the next slot
    Column("job_id", BigInteger),  # the last job that started
    Column("worker", Text),  # host and process id of that job
    Column("started_at", DateTime(timezone=True)),
    Column("seen_at", DateTime(timezone=True)),  # the running job updates it
    Column("ended_at", DateTime(timezone=True)),  # None while the job is running
    Column("fault", Text),  # what the running job waits for
    Column(
        "retries", Integer, nullable=False, default=0
    ),  # of network, database and stalled jobs since the last success
    Column("failures", Integer, nullable=False, default=0),  # failed jobs since the last success
    Column("error", Text),  # why the last job failed; None if it succeeded
    Column("is_permanent", Boolean),  # whether only a change of credentials, options or data helps
)

_NOW: Final = func.clock_timestamp(type_=DateTime(timezone=True))


@attrs.frozen(kw_only=True)
class AccountState:
    """One row of the table `worker_account`. See there."""

    account: str
    is_listed: bool
    paused_at: datetime | None
    queued_at: datetime | None
    retry_at: datetime | None
    job_id: int | None
    worker: str | None
    started_at: datetime | None
    seen_at: datetime | None
    ended_at: datetime | None
    fault: str | None
    retries: int
    failures: int
    error: str | None
    is_permanent: bool | None

    @property
    def is_running(self) -> bool:
        """Whether a job of the account is running, or was running when its worker died."""
        return self.started_at is not None and self.ended_at is None


async def create_tables(connection: AsyncConnection) -> None:
    """Create the table if it does not exist."""
    await connection.run_sync(_metadata.create_all)


class AccountStates:
    """Reads and writes the states. Each call is one transaction, and raises StoreError if the database cannot be used.

    Args:
        store: The store.
    """

    def __init__(self, store: LogStore) -> None:
        self._store = store

    async def read_all(self) -> tuple[datetime, list[AccountState]]:
        """Return the time of the database and the states of all accounts, by name."""
        async with self._store.reading() as connection:
            now: datetime = (await connection.execute(select(_NOW))).scalar_one()
            rows = await connection.execute(select(_state).order_by(_state.c.account))
            return now, [AccountState(**row) for row in rows.mappings()]

    async def count_failures(self, account: str) -> int:
        """Return the number of failed jobs of an account since its last success."""
        async with self._store.reading() as connection:
            return await connection.scalar(select(_state.c.failures).where(_state.c.account == account)) or 0

    async def find_silent_jobs(self, jobs: Collection[int], silence: float) -> set[int]:
        """Return those of some jobs whose end, or last sign of life, was more than `silence` seconds ago."""
        silent_since = func.coalesce(_state.c.ended_at, _state.c.seen_at)
        is_silent = silent_since < _NOW - literal(timedelta(seconds=silence))
        async with self._store.reading() as connection:
            return set(await connection.scalars(select(_state.c.job_id).where(_state.c.job_id.in_(jobs), is_silent)))

    async def find_due(self, names: Collection[str], interval: int) -> tuple[datetime, list[str]]:
        """Record which accounts exist, and return those that are due.

        Args:
            names: Names of all accounts.
            interval: Interval of each account in seconds.

        Returns:
            Time of the database, and names of the accounts whose slot has begun since they were last queued, and of
            those whose retry is due. Not those that are paused. The longest waiting ones are first.
        """
        columns = [_state.c[name] for name in ("account", "is_listed", "paused_at", "queued_at", "retry_at")]
        async with self._store.reading() as connection:
            now: datetime = (await connection.execute(select(_NOW))).scalar_one()
            known = {row.account: row for row in await connection.execute(select(*columns))}
        await self._list_accounts(names, known)
        due: list[tuple[datetime, str]] = []
        for name in names:
            state, slot = known.get(name), find_last_slot(name, interval, now)
            if state is None:
                due.append((slot, name))
            elif state.paused_at is None and (
                state.queued_at is None
                or state.queued_at < slot
                or (state.retry_at is not None and state.retry_at <= now)
            ):
                due.append((state.queued_at or slot, name))
        return now, [name for _, name in sorted(due)]

    async def _list_accounts(self, names: Collection[str], known: Mapping[str, Row[Any]]) -> None:
        listed = frozenset(names)
        added = [name for name in names if name not in known]
        changed = {
            is_listed: [name for name, state in known.items() if (name in listed) is is_listed is not state.is_listed]
            for is_listed in (True, False)
        }
        if not added and not any(changed.values()):
            return
        async with self._store.writing() as connection:
            if added:
                insert = postgresql.insert(_state).on_conflict_do_nothing()
                await connection.execute(insert, [_build_row(name, is_listed=True) for name in added])
            for is_listed, found in changed.items():
                if found:
                    statement = update(_state).where(_state.c.account.in_(found))
                    await connection.execute(statement.values(is_listed=is_listed))

    async def mark_queued(self, names: Sequence[str], planned_at: datetime) -> None:
        """Record that accounts were queued by the planning.

        Args:
            names: Names of the accounts.
            planned_at: Time when they were found to be due. A retry at a later time is kept: their jobs can have ended.
        """
        retry_at = case((_state.c.retry_at <= planned_at, None), else_=_state.c.retry_at)
        async with self._store.writing() as connection:
            statement = update(_state).where(_state.c.account.in_(names)).values(queued_at=_NOW, retry_at=retry_at)
            await connection.execute(statement)

    async def start(self, account: str, job_id: int, worker: str) -> bool:
        """Record that a job starts.

        Args:
            account: Name of the account.
            job_id: Id of the job.
            worker: Name of the worker.

        Returns:
            Whether the job may sync the account. False if the account is paused.
        """
        async with self._store.writing() as connection:
            insert = postgresql.insert(_state).on_conflict_do_nothing()
            await connection.execute(insert.values(_build_row(account, is_listed=False)))
            values = {"job_id": job_id, "worker": worker, "started_at": _NOW, "seen_at": _NOW}
            statement = (
                update(_state)
                .where(_state.c.account == account, _state.c.paused_at.is_(None))
                .values(**values, ended_at=None, fault=None)
            )
            if (await connection.execute(statement)).rowcount > 0:
                return True
            # The account is due again as soon as it is resumed, although it was queued in this slot.
            await connection.execute(update(_state).where(_state.c.account == account).values(retry_at=_NOW))
            return False

    async def keep_alive(self, account: str, job_id: int, fault: str | None, retries: int) -> None:
        """Record that a job is still running.

        Args:
            account: Name of the account.
            job_id: Id of the job.
            fault: What it waits for; None if it does not wait.
            retries: Number of retries since the last call.
        """
        await self._update(
            account, job_id, {"seen_at": _NOW, "fault": fault, "retries": _state.c.retries + literal(retries)}
        )

    async def succeed(self, account: str, job_id: int) -> None:
        """Record that a job has succeeded."""
        values = {"failures": 0, "retries": 0, "error": None, "is_permanent": None, "retry_at": None}
        await self._update(account, job_id, {"ended_at": _NOW, "fault": None} | values)

    async def fail(self, account: str, job_id: int, error: str, retry_in: timedelta | None) -> None:
        """Record that a job has failed.

        Args:
            account: Name of the account.
            job_id: Id of the job.
            error: Why it failed.
            retry_in: When to try again before the next slot. None for never, because the failure is permanent.
        """
        values: dict[str, Any] = {
            "failures": _state.c.failures + 1,
            "error": error,
            "is_permanent": retry_in is None,
            "retry_at": None if retry_in is None else _NOW + literal(retry_in),
        }
        await self._update(account, job_id, {"ended_at": _NOW, "fault": None} | values)

    async def postpone(self, account: str, job_id: int, retry_in: timedelta) -> None:
        """Record that a job has ended because its worker cannot sync the account, but another worker may.

        Args:
            account: Name of the account.
            job_id: Id of the job.
            retry_in: When to try again before the next slot.
        """
        await self._update(account, job_id, {"ended_at": _NOW, "fault": None, "retry_at": _NOW + literal(retry_in)})

    async def end(self, account: str, job_id: int) -> None:
        """Record that a job has ended without a result, for example because it was stopped."""
        await self._update(account, job_id, {"ended_at": _NOW, "fault": None})

    async def count_stalled_job(self, account: str, job_id: int) -> None:
        """Record that a job is no longer running, although it did not say so."""
        await self._update(account, job_id, {"ended_at": _NOW, "fault": None, "retries": _state.c.retries + literal(1)})

    async def set_paused(self, account: str, *, is_paused: bool) -> bool:
        """Pause or resume an account; return whether it exists."""
        async with self._store.writing() as connection:
            statement = update(_state).where(_state.c.account == account)
            values = {"paused_at": func.coalesce(_state.c.paused_at, _NOW) if is_paused else None}
            return (await connection.execute(statement.values(**values))).rowcount > 0

    async def _update(self, account: str, job_id: int, values: dict[str, Any]) -> None:
        # A job that was taken over must not change the state of its successor.
        async with self._store.writing() as connection:
            is_own = (_state.c.account == account, _state.c.job_id == job_id)
            await connection.execute(update(_state).where(*is_own).values(**values))


def _build_row(account: str, *, is_listed: bool) -> dict[str, Any]:
    return {"account": account, "is_listed": is_listed, "retries": 0, "failures": 0}
