"""What workers do: the state of each account, and how to queue, pause and resume an account from another process."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs
from sqlalchemy import inspect, select

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.sync import LogStore, StoreError
from sendcloud_integrations_client.sync.schema import account as account_table
from sendcloud_integrations_client.worker.account_state import AccountState, AccountStates
from sendcloud_integrations_client.worker.queue import create_app, open_app, prepare_database
from sendcloud_integrations_client.worker.tasks import sync_tasks

__all__ = ["WorkerAccount", "list_worker_accounts", "pause_account", "queue_sync", "resume_account"]

_NO_WORKER: Final = "No accounts found: no worker has used this database. Start one with: worker run"


@attrs.frozen(kw_only=True)
class WorkerAccount:
    """An account of the workers.

    Attributes:
        name: Name of the account.
        last_synced_at: End of the last successful sync; None if there was none.
        age: Seconds since then, by the clock of the database; None if there was none.
        worker: Host and process id of the worker that syncs the account; None if none does.
        running_since: Start of the running job; None if none is running.
        fault: What the running job waits for, such as a network that is down; None if it does not wait.
        paused_at: Time when the account was paused; None if it is not paused.
        failures: Number of failed jobs since the last success.
        retries: Number of times that a job waited for the network or the database, or was taken over from a dead
            worker, since the last success.
        error: Why the last job failed; None if it succeeded.
        is_permanent: Whether the account fails until its credentials, its options or its data change. It is tried again
            at its next slot.
    """

    name: str
    last_synced_at: datetime | None
    age: float | None
    worker: str | None
    running_since: datetime | None
    fault: str | None
    paused_at: datetime | None
    failures: int
    retries: int
    error: str | None
    is_permanent: bool


async def list_worker_accounts(store: LogStore) -> list[WorkerAccount]:
    """List the accounts of the workers, by name. Accounts that are no longer configured are not listed.

    Args:
        store: The store.

    Raises:
        StoreError: If the database cannot be used, or if no worker has used it.
    """
    await _require_workers(store)
    async with store.reading() as connection:
        rows = await connection.execute(select(account_table.c.name, account_table.c.last_synced_at))
        synced = {row.name: row.last_synced_at for row in rows}
    now, states = await AccountStates(store).read_all()
    return [_build_account(state, synced.get(state.account), now) for state in states if state.is_listed]


async def queue_sync(store: LogStore, account: str) -> bool:
    """Queue the sync of one account now. A worker takes it as soon as a slot is free.

    Args:
        store: The store.
        account: Name of the account.

    Returns:
        Whether a job was queued. False if one is waiting already.

    Raises:
        InvalidInputError: If the account is paused.
        StoreError: If the account does not exist, or if the database cannot be used.
    """
    await store.migrate()  # reports at once why a database cannot be used
    tasks = sync_tasks([], store)
    async with open_app(create_app(store, tasks)) as app:
        await prepare_database(store, app)
        _, states = await AccountStates(store).read_all()
        state = next((state for state in states if state.account == account), None)
        if state is None:
            raise _build_not_found_error(account)
        if state.paused_at is not None:
            raise InvalidInputError("queue_sync", "account", "is paused; resume it first")
        return await tasks.queue_account(account)


async def pause_account(store: LogStore, account: str) -> None:
    """Pause an account: no job of it starts until it is resumed. A job in progress is not stopped.

    Args:
        store: The store.
        account: Name of the account.

    Raises:
        StoreError: If the account does not exist, if no worker has used the database, or if it cannot be used.
    """
    await _require_workers(store)
    if not await AccountStates(store).set_paused(account, is_paused=True):
        raise _build_not_found_error(account)


async def resume_account(store: LogStore, account: str) -> None:
    """Resume a paused account. It is queued at the next planning if it has missed its slot.

    Args:
        store: The store.
        account: Name of the account.

    Raises:
        StoreError: If the account does not exist, if no worker has used the database, or if it cannot be used.
    """
    await _require_workers(store)
    if not await AccountStates(store).set_paused(account, is_paused=False):
        raise _build_not_found_error(account)


async def _require_workers(store: LogStore) -> None:
    """Raise if no worker has created its tables. A store that only `logs sync` has used has none."""
    if await store.is_migrated():
        async with store.reading() as connection:
            if await connection.run_sync(lambda sync: inspect(sync).has_table("worker_account", schema=store.schema)):
                return
    raise StoreError(_NO_WORKER)


def _build_account(state: AccountState, last_synced_at: datetime | None, now: datetime) -> WorkerAccount:
    return WorkerAccount(
        name=state.account,
        last_synced_at=last_synced_at,
        age=None if last_synced_at is None else max(0.0, (now - last_synced_at).total_seconds()),
        worker=state.worker if state.is_running else None,
        running_since=state.started_at if state.is_running else None,
        fault=state.fault,
        paused_at=state.paused_at,
        failures=state.failures,
        retries=state.retries,
        error=state.error,
        is_permanent=bool(state.is_permanent),
    )


def _build_not_found_error(account: str) -> StoreError:
    return StoreError(f"Account not found: no worker has an account {account}. Check its name with: worker status")
