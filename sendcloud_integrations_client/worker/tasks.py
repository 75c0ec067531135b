"""The tasks of procrastinate: sync one account, queue the accounts that are due, and recover stalled jobs.

Jobs contain names of accounts, never credentials. A job is never retried by procrastinate: that fails if the account
was queued again in the meantime. A new job is queued instead.

Versions of this package share the queue while they are deployed. So a newer version may only add arguments that an
older one can ignore; a new kind of job needs its own queue, and a column of `worker_account` a default in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from procrastinate import Blueprint, JobContext
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Job, Status
from procrastinate.tasks import Task

from sendcloud_integrations_client.errors import SendcloudError, to_single_line
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.sync import (
    LogStore,
    NewerStoreError,
    Redaction,
    StoreError,
    SyncProgress,
    SyncSummary,
    SyncSupersededError,
    sync_logs,
)
from sendcloud_integrations_client.sync.faults import is_temporary
from sendcloud_integrations_client.worker.account_source import AccountSource, read_accounts
from sendcloud_integrations_client.worker.account_state import AccountStates
from sendcloud_integrations_client.worker.clients import ClientPool
from sendcloud_integrations_client.worker.schedule import build_cron, validate_interval, validate_stall_timeout

__all__ = ["CONTROL_QUEUE", "STALL_TIMEOUT", "SYNC_QUEUE", "AccountSyncError", "SyncTasks", "sync_tasks"]

SYNC_QUEUE: Final = "sendcloud-sync"
CONTROL_QUEUE: Final = "sendcloud-control"
STALL_TIMEOUT: Final = timedelta(seconds=30)
"""Time after which a worker or a job without a heartbeat is considered dead."""

_HEARTBEATS: Final = 6  # per stall timeout
_FIRST_RETRY: Final = 60.0  # seconds
_MAX_RETRY: Final = 3600.0  # seconds
_MAX_DATABASE_DELAY: Final = 10.0  # seconds
_MAX_PLANNING_DELAY: Final = 20.0  # seconds
# The time to take a job grows with the number of waiting jobs with locks: 0.3 s for 2,000, 3 s for 10,000.
_MAX_WAITING_JOBS: Final = 1000
_KEEP_FAILED_JOBS: Final = 24  # hours
_REQUEUE_TIMEOUT: Final = 5.0  # seconds
_MAX_ERROR: Final = 500  # characters

T = TypeVar("T")

_logger = logging.getLogger("sendcloud_integrations_client")


class AccountSyncError(SendcloudError):
    """A job failed, because an account could not be synced."""


def sync_tasks(
    accounts: AccountSource,
    store: LogStore,
    *,
    every: timedelta = timedelta(minutes=15),
    lookback: timedelta = timedelta(hours=1),
    full_check_every: timedelta | None = timedelta(days=7),
    redaction: Redaction | None = Redaction(),
    give_up_after: timedelta = timedelta(minutes=15),
    rate_limits: RateLimits | None = None,
    stall_timeout: timedelta = STALL_TIMEOUT,
    stop: asyncio.Event | None = None,
) -> SyncTasks:
    """Create tasks that sync accounts at an interval, to mount in an app of procrastinate.

    Args:
        accounts: The accounts, or a function that returns them: see `AccountSource`.
        store: The store, in PostgreSQL. The database of the app can be another one.
        every: Interval at which each account is synced. It must divide an hour or a day. Defaults to 15 minutes.
        lookback: See `sync_logs`.
        full_check_every: See `sync_logs`.
        redaction: See `sync_logs`.
        give_up_after: See `sync_logs`.
        rate_limits: Limits of each account in each worker. Defaults to None, Sendcloud's limits. They are shared
            between workers if `SENDCLOUD_REDIS_URL` is set.
        stall_timeout: Time after which a job without a sign of life is queued again. Defaults to 30 seconds; use at
            least three times the heartbeat of procrastinate.
        stop: Event that stops jobs in progress: their pages are stored, and their accounts are queued again. Defaults
            to None; then, procrastinate cancels them after its `shutdown_graceful_timeout`.

    Returns:
        The tasks. Use them as an asynchronous context manager, which closes the clients at its end.

    Raises:
        ConfigurationError: If the interval or the stall timeout is invalid.

    Example:
        async with LogStore(url) as store, sync_tasks(accounts, store) as tasks:
            app.add_tasks_from(tasks, namespace="sendcloud")
    """
    options = {
        "lookback": lookback,
        "full_check_every": full_check_every,
        "redaction": redaction,
        "give_up_after": give_up_after,
    }
    return SyncTasks(accounts, store, every, options, rate_limits, stall_timeout, stop)


class SyncTasks(Blueprint):
    """The tasks that `sync_tasks` creates.

    Workers must serve the queues `sendcloud-sync` and `sendcloud-control`, each with separate slots, so that planning
    and recovery do not wait behind syncs.
    """

    def __init__(
        self,
        accounts: AccountSource,
        store: LogStore,
        every: timedelta,
        options: dict[str, Any],
        rate_limits: RateLimits | None,
        stall_timeout: timedelta,
        stop: asyncio.Event | None,
    ) -> None:
        super().__init__()
        self._source = accounts
        self._store = store
        self._states = AccountStates(store)
        self._interval = validate_interval(every)
        self._options = options
        self._stall_timeout = validate_stall_timeout(stall_timeout)
        self._stop = stop
        self._clients = ClientPool(rate_limits)
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._is_outdated = False
        self._sync_task: Task[..., Any, ...] = self.task(name="sync_account", queue=SYNC_QUEUE, pass_context=True)(
            self._sync_account
        )
        for function, name, cron in (
            (self._queue_due_accounts, "queue_due_accounts", build_cron(min(self._interval / 10, _MAX_PLANNING_DELAY))),
            (self._recover_stalled_jobs, "recover_stalled_jobs", build_cron(self._stall_timeout / 3)),
            (self._delete_old_jobs, "delete_old_jobs", "17 * * * *"),
        ):
            # Without `lock`: a control job whose worker died must not block the recovery of jobs.
            task = self.task(name=name, queue=CONTROL_QUEUE, queueing_lock=f"{CONTROL_QUEUE}:{name}", pass_context=True)
            self.periodic(cron=cron)(task(function))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._clients.aclose()

    @property
    def is_outdated(self) -> bool:
        """Whether a newer version of this package has migrated the store. These tasks then sync no account."""
        return self._is_outdated

    async def queue_account(self, account: str) -> bool:
        """Queue the sync of one account now.

        Args:
            account: Name of the account.

        Returns:
            Whether a job was queued. False if a job of the account is waiting already.

        Raises:
            procrastinate.exceptions.ConnectorException: If the database of the app cannot be used.
        """
        lock = f"{SYNC_QUEUE}:{account}"
        try:
            await self._sync_task.configure(lock=lock, queueing_lock=lock).defer_async(account=account)
        except AlreadyEnqueued:
            return False
        return True

    async def _queue_due_accounts(self, context: JobContext, timestamp: int) -> None:
        """Queue the accounts that are due. The timestamp comes from the clock of a worker, so it is not used."""
        del timestamp
        accounts = await read_accounts(self._source)
        now, due = await self._states.find_due(list(accounts), self._interval)
        waiting = await context.app.job_manager.list_jobs_async(queue=SYNC_QUEUE, status=Status.TODO.value)
        due = due[: max(0, _MAX_WAITING_JOBS - len(list(waiting)))]
        for start in range(0, len(due), 100):
            names = due[start : start + 100]
            for name in names:
                await self.queue_account(name)
            await self._states.mark_queued(names, now)

    async def _recover_stalled_jobs(self, context: JobContext, timestamp: int) -> None:
        """Finish the jobs of dead workers as failed, and queue their accounts again.

        The same job is not retried: its worker can come back, and would finish the job that another worker runs.
        """
        del timestamp
        manager, timeout = context.app.job_manager, self._stall_timeout
        stalled: dict[int | None, Job] = {}
        for queue in (SYNC_QUEUE, CONTROL_QUEUE):
            for job in await manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=timeout):
                stalled[job.id] = job
        # Jobs of living workers that do not run any more: their end was not stored, because the database was down.
        running = {job.id: job for job in await manager.list_jobs_async(queue=SYNC_QUEUE, status=Status.DOING.value)}
        silent = await self._states.find_silent_jobs([number for number in running if number is not None], timeout)
        stalled.update({number: running[number] for number in silent})
        for job in stalled.values():
            try:
                await manager.finish_job(job, status=Status.FAILED, delete_job=False)
            except ConnectorException as error:
                _logger.info("Job %s was not finished: %s", job.id, to_single_line(str(error)))
                continue
            account = job.task_kwargs.get("account")
            if job.queue == SYNC_QUEUE and job.id is not None and isinstance(account, str):
                _logger.warning(
                    "Sync of account %s: its worker stopped responding; the account is queued again.",
                    account,
                    extra={"fields": {"account": account, "job_id": job.id}},
                )
                await self._states.count_stalled_job(account, job.id)
                await self.queue_account(account)
        await manager.prune_stalled_workers(timeout)

    async def _delete_old_jobs(self, context: JobContext, timestamp: int) -> None:
        del timestamp
        for queue in (SYNC_QUEUE, CONTROL_QUEUE):
            await context.app.job_manager.delete_old_jobs(
                nb_hours=_KEEP_FAILED_JOBS,
                queue=queue,
                include_failed=True,
                include_cancelled=True,
                include_aborted=True,
            )

    async def _sync_account(self, context: JobContext, account: str, **arguments: object) -> None:
        del arguments  # of a newer version
        job_id = context.job.id
        assert job_id is not None  # noqa: S101 - a job that runs is stored
        try:
            if await _until_stored(lambda: self._states.start(account, job_id, self._worker)):
                await self._run(account, job_id)
        except asyncio.CancelledError:
            if context.abort_reason() is AbortReason.SHUTDOWN:
                await self._requeue(account)
                with contextlib.suppress(StoreError, TimeoutError):
                    async with asyncio.timeout(_REQUEUE_TIMEOUT):
                        await self._states.end(account, job_id)
            raise

    async def _run(self, account: str, job_id: int) -> None:
        try:
            await _until_stored(self._store.check_version)
            found = (await read_accounts(self._source)).get(account)
            if found is None:
                # Workers can have different profile files during a deployment. If no worker has the account, no
                # planning queues it.
                _logger.warning("Sync of account %s: this worker does not have the account. Another one may.", account)
                delay = timedelta(seconds=min(_FIRST_RETRY, self._interval))
                await _until_stored(lambda: self._states.postpone(account, job_id, delay))
                return
            summary = await self._sync(found, job_id)
        except Exception as error:  # for example invalid credentials in one profile, or the caller's function failed
            await self._fail(account, job_id, error)
            return
        failure = summary.error or next(iter(summary.failures.values()), None)
        if failure is not None and not isinstance(failure, SyncSupersededError):
            await self._fail(account, job_id, failure)
        elif failure is not None or summary.stopped:
            if summary.stopped:
                await self._requeue(account)
            await _until_stored(lambda: self._states.end(account, job_id))
        else:
            await _until_stored(lambda: self._states.succeed(account, job_id))
            _logger.info(
                "Sync of account %s: %d new logs, %d pages, %.1f s.",
                account,
                summary.new,
                summary.pages,
                summary.duration,
                extra={"fields": _build_fields(summary, job_id)},
            )

    async def _sync(self, account: Account, job_id: int) -> SyncSummary:
        progress = _Progress()
        async with self._clients.use(account) as client:
            heartbeat = asyncio.create_task(self._keep_alive(account.name, job_id, progress))
            try:
                return await sync_logs(
                    client, self._store, account=account.name, on_progress=progress, stop=self._stop, **self._options
                )
            finally:
                heartbeat.cancel()
                await asyncio.gather(heartbeat, return_exceptions=True)
                with contextlib.suppress(StoreError):
                    await self._states.keep_alive(account.name, job_id, None, progress.take_retries())

    async def _keep_alive(self, account: str, job_id: int, progress: _Progress) -> None:
        while True:
            await asyncio.sleep(self._stall_timeout / _HEARTBEATS)
            with contextlib.suppress(StoreError):  # the job is recovered if that lasts
                await self._states.keep_alive(account, job_id, progress.fault, progress.take_retries())

    async def _fail(self, account: str, job_id: int, error: Exception) -> None:
        if isinstance(error, StoreError) and not error.is_temporary and await self._find_newer_version():
            self._is_outdated = True
            _logger.warning(
                "Sync of account %s: a newer version has migrated the store. It syncs the account.", account
            )
            if self._stop is not None:
                self._stop.set()
            await _until_stored(lambda: self._states.postpone(account, job_id, timedelta(0)))
            return
        if isinstance(error, SendcloudError):
            text = to_single_line(str(error), max_length=_MAX_ERROR)
            retry_in = await self._choose_retry_delay(account) if is_temporary(error) else None
        else:  # of the caller's code; its text can contain anything
            text, retry_in = f"unexpected {type(error).__name__}", None
        await _until_stored(lambda: self._states.fail(account, job_id, text, retry_in))
        message = f"Sync of account {account} failed: {text.removesuffix('.')}."
        fields = {"account": account, "job_id": job_id, "permanent": retry_in is None}
        _logger.error("%s", message, extra={"fields": fields})
        raise AccountSyncError(message) from (None if isinstance(error, SendcloudError) else error)

    async def _find_newer_version(self) -> bool:
        """Whether a newer version of this package has migrated the store, so that statements of this one can fail."""
        try:
            await _until_stored(self._store.check_version)
        except NewerStoreError:
            return True
        return False

    async def _choose_retry_delay(self, account: str) -> timedelta:
        failures = await _until_stored(lambda: self._states.count_failures(account))
        delay = min(_FIRST_RETRY * 2 ** min(failures, 10), _MAX_RETRY)
        return timedelta(seconds=min(delay, self._interval))

    async def _requeue(self, account: str) -> None:
        """Queue an account again whose job was stopped. If that fails, the planning does it later."""
        with contextlib.suppress(ConnectorException, TimeoutError):
            async with asyncio.timeout(_REQUEUE_TIMEOUT):
                await self.queue_account(account)


def _build_fields(summary: SyncSummary, job_id: int) -> dict[str, object]:
    return {
        "account": summary.account,
        "job_id": job_id,
        "new": summary.new,
        "updated": summary.updated,
        "already_stored": summary.already_stored,
        "quarantined": summary.quarantined,
        "pages": summary.pages,
        "seconds": round(summary.duration, 3),
    }


class _Progress:
    """Receives the progress of a sync, and counts its retries."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self._retries = 0

    def __call__(self, progress: SyncProgress) -> None:
        if progress.fault is not None and self.fault is None:
            self._retries += 1
        self.fault = progress.fault

    def take_retries(self) -> int:
        retries, self._retries = self._retries, 0
        return retries


async def _until_stored(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat `call` while the database is not reachable, until the task is cancelled."""
    delay = 0.5
    while True:
        try:
            return await call()
        except StoreError as error:
            if not error.is_temporary:
                raise
        await asyncio.sleep(delay)
        delay = min(delay * 2, _MAX_DATABASE_DELAY)
