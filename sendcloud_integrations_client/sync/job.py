"""The sync job: `sync_logs` for one account, `sync_accounts` for many accounts concurrently."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, cast

from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.sync.account_run import AccountRun
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.run_options import IfRunning, RunOptions, SyncSource, validate_account_names
from sendcloud_integrations_client.sync.stop_signal import StopSignal
from sendcloud_integrations_client.sync.store import LogStore
from sendcloud_integrations_client.sync.summary import SyncProgress, SyncSummary

__all__ = ["sync_accounts", "sync_logs"]

_MAX_LISTS: Final = 32
"""Number of lists that `sync_accounts` reads concurrently, over all accounts. It bounds the pages in memory."""


async def sync_logs(
    client: SendcloudIntegrations,
    store: LogStore,
    *,
    account: str = "default",
    source: SyncSource = "account",
    integrations: Collection[int] | None = None,
    since: datetime | timedelta | None = None,
    lookback: timedelta = timedelta(hours=1),
    full_check_every: timedelta | None = timedelta(days=7),
    full: bool = False,
    concurrency: int = 8,
    page_size: int = 100,
    dry_run: bool = False,
    redaction: Redaction | None = Redaction(),
    give_up_after: timedelta = timedelta(minutes=15),
    if_running: IfRunning = "take-over",
    on_progress: Callable[[SyncProgress], None] | None = None,
    stop: asyncio.Event | None = None,
) -> SyncSummary:
    """Store the exception logs of one account: all logs in the first run, new logs in later runs.

    Args:
        client: The client of the account. Its retry policy applies to each call, with a `total_timeout` of at least
            `give_up_after`.
        store: The store for the logs. Its schema is created or migrated, unless `dry_run` is True.
        account: Name of the account in the store. Defaults to `default`.
        source: `account` reads the account-wide list of logs, so a run with nothing new needs few calls. `integrations`
            reads the list of each integration, several concurrently. Defaults to `account`.
        integrations: Ids of the integrations to sync; their lists are read, whatever `source` is. Defaults to None, all
            integrations.
        since: Skip logs created before this time, or this long before the time of the server. Defaults to None, no
            limit.
        lookback: Also read all logs that were created at most this long before the newest stored log, because logs can
            arrive late. Defaults to one hour.
        full_check_every: Read the whole list, with another page size, if the last time is at least this long ago. None
            for never. Defaults to seven days.
        full: Read the whole list in this run, and rewrite stored logs if the redaction rules have changed. Defaults to
            False.
        concurrency: Number of integrations to sync concurrently, at least 1. Applies to lists of integrations only.
            Defaults to 8.
        page_size: Number of records per page, 1 to 100. Defaults to 100.
        dry_run: Read everything and store nothing. Defaults to False.
        redaction: Redaction of secrets before records are stored; None to store records unchanged. Defaults to
            `Redaction()`.
        give_up_after: How long failures of the network, the server and the database that can pass are retried: until
            the account had no success for this long. Zero disables these retries. Defaults to 15 minutes.
        if_running: What to do if another run is syncing the account: `skip` returns a summary with `skipped`, `wait`
            waits for its end, and `take-over` stops it. Defaults to `take-over`.
        on_progress: Called after each committed page, and when a retry begins or ends; must not block. Defaults to
            None.
        stop: Event that stops the run: writes in progress are committed, and the sync returns. A write to PostgreSQL
            that takes more than 3 seconds after the stop is rolled back. Defaults to None.

    Returns:
        The summary of the run. Failures of the account, of integrations and of the store are in the summary and are not
        raised.

    Raises:
        InvalidInputError: If an argument has another type or is out of range, or if the name of the account cannot be
            stored; no request was sent.
        Exception: If `on_progress` raises; the exception is passed on.

    Example:
        async with SendcloudIntegrations() as client, LogStore("logs.db") as store:
            summary = await sync_logs(client, store)
    """
    options = RunOptions(
        source=source,
        integrations=integrations,
        since=since,
        lookback=lookback,
        full_check_every=full_check_every,
        full=full,
        concurrency=concurrency,
        page_size=page_size,
        dry_run=dry_run,
        redaction=redaction,
        give_up_after=give_up_after,
        if_running=if_running,
    )
    _validate_store("sync_logs", store)
    validate_account_names([account])
    return await _sync_account(client, store, account, options, on_progress, stop, asyncio.Semaphore(concurrency))


async def sync_accounts(
    accounts: Mapping[str, SendcloudIntegrations | Callable[[], SendcloudIntegrations]] | Iterable[Account],
    store: LogStore,
    *,
    max_accounts: int = 16,
    source: SyncSource = "account",
    integrations: Collection[int] | None = None,
    since: datetime | timedelta | None = None,
    lookback: timedelta = timedelta(hours=1),
    full_check_every: timedelta | None = timedelta(days=7),
    full: bool = False,
    concurrency: int = 8,
    page_size: int = 100,
    dry_run: bool = False,
    redaction: Redaction | None = Redaction(),
    give_up_after: timedelta = timedelta(minutes=15),
    if_running: IfRunning = "take-over",
    on_progress: Callable[[SyncProgress], None] | None = None,
    stop: asyncio.Event | None = None,
) -> dict[str, SyncSummary]:
    """Sync many accounts concurrently, each within its own rate limits. A failed account does not stop the others.

    Pass accounts or functions for hundreds of accounts: their clients exist only while the account is in progress.

    Args:
        accounts: Accounts, such as those from `accounts_from_profiles`. Or, by the name of the account in the store,
            functions that create the client of the account. The clients are opened and closed here. Or clients, which
            stay open.
        store: See `sync_logs`.
        max_accounts: Number of accounts in progress, at least 1. At most 32 lists are read concurrently over all
            accounts. Defaults to 16.
        source: See `sync_logs`.
        integrations: See `sync_logs`.
        since: See `sync_logs`.
        lookback: See `sync_logs`.
        full_check_every: See `sync_logs`.
        full: See `sync_logs`.
        concurrency: See `sync_logs`; applies to each account.
        page_size: See `sync_logs`.
        dry_run: See `sync_logs`.
        redaction: See `sync_logs`.
        give_up_after: See `sync_logs`; applies to each account.
        if_running: See `sync_logs`; applies to each account.
        on_progress: See `sync_logs`.
        stop: See `sync_logs`. Accounts that have not begun are not synced, and their summaries have `stopped`.

    Returns:
        The summary of each account, by account name.

    Raises:
        InvalidInputError: See `sync_logs`.
    """
    options = RunOptions(
        source=source,
        integrations=integrations,
        since=since,
        lookback=lookback,
        full_check_every=full_check_every,
        full=full,
        concurrency=concurrency,
        page_size=page_size,
        dry_run=dry_run,
        redaction=redaction,
        give_up_after=give_up_after,
        if_running=if_running,
    )
    _validate_store("sync_accounts", store)
    targets = _collect_targets(accounts)
    validate_account_names(targets)
    if not isinstance(max_accounts, int) or max_accounts < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError("sync_accounts", "max_accounts", "must be an integer of at least 1")
    list_slots = asyncio.Semaphore(_MAX_LISTS)
    summaries: dict[str, SyncSummary] = {}

    async def sync_one(account: str, target: _Target) -> SyncSummary:
        if stop is not None and stop.is_set():
            return SyncSummary(account=account, stopped=True, dry_run=dry_run)
        try:
            if isinstance(target, SendcloudIntegrations):
                return await _sync_account(target, store, account, options, on_progress, stop, list_slots)
            async with target.create_client() if isinstance(target, Account) else target() as client:
                return await _sync_account(client, store, account, options, on_progress, stop, list_slots)
        except Exception as error:  # an unexpected error of one account must not stop the others
            return SyncSummary(account=account, error=error, dry_run=dry_run)

    async def work(remaining: Iterator[tuple[str, _Target]]) -> None:
        for account, target in remaining:
            summaries[account] = await sync_one(account, target)

    remaining = iter(targets.items())
    async with asyncio.TaskGroup() as group:
        for _ in range(min(max_accounts, len(targets))):
            group.create_task(work(remaining))
    return {account: summaries[account] for account in targets}


_Target = SendcloudIntegrations | Callable[[], SendcloudIntegrations] | Account


def _validate_store(operation: str, store: object) -> None:
    if not isinstance(store, LogStore):
        raise InvalidInputError(
            operation, "store", f'must be a LogStore such as LogStore("logs.db"), not {type(store).__name__}'
        )


def _collect_targets(
    accounts: Mapping[str, SendcloudIntegrations | Callable[[], SendcloudIntegrations]] | Iterable[Account],
) -> dict[str, _Target]:
    targets: dict[str, _Target] = {}
    if isinstance(accounts, Mapping):
        targets.update(cast("Mapping[str, SendcloudIntegrations | Callable[[], SendcloudIntegrations]]", accounts))
        return targets
    for one in accounts:
        if one.name in targets:
            raise InvalidInputError("sync_accounts", "accounts", "must have different names")
        targets[one.name] = one
    return targets


async def _sync_account(
    client: SendcloudIntegrations,
    store: LogStore,
    account: str,
    options: RunOptions,
    on_progress: Callable[[SyncProgress], None] | None,
    stop: asyncio.Event | None,
    list_slots: asyncio.Semaphore,
) -> SyncSummary:
    started = time.monotonic()
    async with StopSignal(stop) as stop_signal:
        run = AccountRun(client, store, account, options, on_progress, stop_signal, list_slots)
        await run.run()
        return run.build_summary(duration=time.monotonic() - started)
