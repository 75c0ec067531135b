"""`run_worker`: one worker process, with slots for syncs and separate slots for planning and recovery."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from procrastinate import App
from procrastinate.exceptions import ConnectorException

from sendcloud_integrations_client.errors import InvalidInputError, to_single_line
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits
from sendcloud_integrations_client.sync import LogStore, NewerStoreError, Redaction, StoreError
from sendcloud_integrations_client.worker.account_source import AccountSource
from sendcloud_integrations_client.worker.queue import create_app, open_app, prepare_database
from sendcloud_integrations_client.worker.tasks import CONTROL_QUEUE, STALL_TIMEOUT, SYNC_QUEUE, sync_tasks

__all__ = ["run_worker"]

_CONTROL_SLOTS: Final = 3
_STOP_TIMEOUT: Final = 20.0  # seconds; Kubernetes kills a container after 30
_MAX_DELAY: Final = 30.0  # seconds

_logger = logging.getLogger("sendcloud_integrations_client")


async def run_worker(
    accounts: AccountSource,
    store: LogStore,
    *,
    every: timedelta = timedelta(minutes=15),
    concurrency: int = 8,
    lookback: timedelta = timedelta(hours=1),
    full_check_every: timedelta | None = timedelta(days=7),
    redaction: Redaction | None = Redaction(),
    give_up_after: timedelta = timedelta(minutes=15),
    rate_limits: RateLimits | None = None,
    stall_timeout: timedelta = STALL_TIMEOUT,
    stop: asyncio.Event | None = None,
) -> None:
    """Sync accounts until `stop` is set. Run it in any number of processes and machines.

    While PostgreSQL is not reachable, the worker waits and tries again.

    Args:
        accounts: The accounts, or a function that returns them: see `AccountSource`. All workers need the same.
        store: The store, in PostgreSQL. Its database also contains the queue.
        every: See `sync_tasks`. All workers need the same.
        concurrency: Number of accounts that this worker syncs concurrently. Defaults to 8.
        lookback: See `sync_logs`.
        full_check_every: See `sync_logs`.
        redaction: See `sync_logs`.
        give_up_after: See `sync_logs`.
        rate_limits: See `sync_tasks`.
        stall_timeout: See `sync_tasks`. All workers need the same.
        stop: Event that stops the worker: pages in progress are stored, and their accounts are queued again, within 20
            seconds. Defaults to None; then, cancel the task.

    Raises:
        ConfigurationError: If the interval or the stall timeout is invalid, or if the database is not PostgreSQL.
        InvalidInputError: If `concurrency` is less than 1.
        NewerStoreError: If a newer version of this package has migrated the database, also while the worker is
            running. Pages in progress are stored, and workers of that version continue their accounts.
        StoreError: If the database exists but cannot be used, for example because the password is wrong.

    Example:
        async with LogStore("postgresql://sync@localhost/sendcloud") as store:
            await run_worker(accounts_from_profiles("profiles.toml"), store)
    """
    if not isinstance(concurrency, int) or concurrency < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError("run_worker", "concurrency", "must be an integer of at least 1")
    stop = stop or asyncio.Event()
    tasks = sync_tasks(
        accounts,
        store,
        every=every,
        lookback=lookback,
        full_check_every=full_check_every,
        redaction=redaction,
        give_up_after=give_up_after,
        rate_limits=rate_limits,
        stall_timeout=stall_timeout,
        stop=stop,
    )
    app = create_app(store, tasks)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(tasks)

        async def open_queue() -> None:
            await store.migrate()  # reports at once why a database cannot be used
            await stack.enter_async_context(open_app(app))
            await prepare_database(store, app)

        if not await _repeat_until_reachable(open_queue, stop):
            return
        _logger.info("Worker started: %d slots.", concurrency)
        async with asyncio.TaskGroup() as group:
            group.create_task(_serve(app, SYNC_QUEUE, concurrency, stall_timeout, stop))
            group.create_task(_serve(app, CONTROL_QUEUE, _CONTROL_SLOTS, stall_timeout, stop))
        _logger.info("Worker stopped.")
    if tasks.is_outdated:
        raise NewerStoreError


async def _repeat_until_reachable(call: Callable[[], Awaitable[None]], stop: asyncio.Event) -> bool:
    """Repeat `call` while the database is not reachable; return False if the worker is stopped before."""
    delay = 1.0
    while not stop.is_set():
        try:
            await call()
        except ConnectorException as error:
            _logger.warning("The queue cannot be used: %s. Trying again.", to_single_line(str(error)))
        except StoreError as error:
            if not error.is_temporary:
                raise
            _logger.warning("%s Trying again.", to_single_line(str(error)))
        else:
            return True
        delay = await _wait(delay, stop)
    return False


async def _serve(app: App, queue: str, slots: int, stall_timeout: timedelta, stop: asyncio.Event) -> None:
    """Run a worker of procrastinate, and start it again when it ends because of the database."""
    options: dict[str, Any] = {
        "queues": [queue],
        "name": queue,
        "concurrency": slots,
        "delete_jobs": "successful",
        "install_signal_handlers": False,
        "shutdown_graceful_timeout": _STOP_TIMEOUT,
        "stalled_worker_timeout": stall_timeout.total_seconds(),
        "update_heartbeat_interval": stall_timeout.total_seconds() / 3,
    }
    delay = 1.0
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        worker = asyncio.create_task(app.run_worker_async(**options))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({worker, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            worker.cancel()  # waits for its jobs
            (ending,) = await asyncio.gather(worker, return_exceptions=True)
        if stop.is_set():
            return
        reason = to_single_line(str(ending)) if isinstance(ending, BaseException) else "a part of it failed"
        _logger.warning("The worker of queue %s ended: %s. It starts again.", queue, reason.removesuffix("."))
        if asyncio.get_running_loop().time() - started > _MAX_DELAY:
            delay = 1.0
        delay = await _wait(delay, stop)


async def _wait(delay: float, stop: asyncio.Event) -> float:
    """Wait, unless the worker is stopped; return the next delay."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), delay)
    return min(delay * 2, _MAX_DELAY)
