"""Implementation of the `worker` commands."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

from sendcloud_integrations_client.cli.input.accounts import get_default_config_path
from sendcloud_integrations_client.cli.input.stores import open_store
from sendcloud_integrations_client.cli.terminal.errors import InputError, print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.log_output import log_to_stderr
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import (
    format_age,
    format_count,
    format_timestamp,
    to_exact_text,
    to_plain_text,
)
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits
from sendcloud_integrations_client.sync import LogStore, Redaction
from sendcloud_integrations_client.worker import (
    AccountSyncError,
    ProfileFile,
    WorkerAccount,
    list_worker_accounts,
    pause_account,
    queue_sync,
    resume_account,
    run_worker,
)
from sendcloud_integrations_client.worker.schedule import validate_interval, validate_stall_timeout

__all__ = ["WorkerOptions", "run", "run_pause", "run_resume", "run_status", "run_sync"]

T = TypeVar("T")

_COLUMNS: Final = (
    Column("account", is_exact=True),
    Column.timestamp("last success (UTC)", drop_order=1),
    Column.number("age"),
    Column("running", drop_order=2),
    Column.number("failures"),
    Column.number("retries", drop_order=3),
    Column("last error"),
)


@attrs.frozen(kw_only=True)
class WorkerOptions:
    """Options of `worker run`.

    Attributes:
        database: URL of the database.
        every: Interval of each account.
        concurrency: Number of accounts to sync concurrently.
        redaction: Redaction of secrets before logs are stored. None stores them unchanged.
        give_up_after: How long failures that can pass are retried.
        reads_per_minute: Reads per minute and account. None uses Sendcloud's limit.
        stall_timeout: Time after which a worker that does not respond is considered dead.
        log_json: Whether to log as JSON Lines.
        config: Path of the profile file. None uses the default path.
    """

    database: str = attrs.field(repr=False)
    every: timedelta
    concurrency: int
    redaction: Redaction | None
    give_up_after: timedelta
    reads_per_minute: int | None
    stall_timeout: timedelta
    log_json: bool
    config: Path | None


def run(options: WorkerOptions) -> ExitCode:
    """Run a worker until SIGTERM or SIGINT.

    Args:
        options: Options of the command.

    Returns:
        Exit code of the process.

    Raises:
        ConfigurationError: If the profile file does not exist or is invalid.
        InputError: If the interval, the stall timeout or the URL of the database is invalid, or if it is not
            PostgreSQL.
        StoreError: If the database exists but cannot be used.
    """
    try:
        validate_interval(options.every)
        validate_stall_timeout(options.stall_timeout)
    except ConfigurationError as error:
        raise InputError(str(error)) from None
    path = options.config or get_default_config_path()
    try:
        accounts = ProfileFile(path)
    except FileNotFoundError:
        raise ConfigurationError(
            f"Profile file not found: {path} does not exist. Create it, or pass another path with --config."
        ) from None
    with log_to_stderr(as_json=options.log_json, hidden_errors=(AccountSyncError,)):
        _run_in_loop(_run(accounts, options))
    return ExitCode.OK


async def _run(accounts: ProfileFile, options: WorkerOptions) -> None:
    limits = RateLimits()
    if options.reads_per_minute is not None:
        limits = attrs.evolve(limits, reads_per_minute=options.reads_per_minute)
    async with _open_postgresql(options.database) as store:
        await run_worker(
            accounts,
            store,
            every=options.every,
            concurrency=options.concurrency,
            redaction=options.redaction,
            give_up_after=options.give_up_after,
            rate_limits=limits,
            stall_timeout=options.stall_timeout,
            stop=_handle_signals(accounts),
        )


def _handle_signals(accounts: ProfileFile) -> asyncio.Event:
    """Stop on SIGINT and SIGTERM, exit on the second one, and read the profile file again on SIGHUP."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def handle(number: signal.Signals) -> None:
        if stop.is_set():
            # Pages are transactions, so nothing is lost; other workers find the jobs of this one.
            os._exit(ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED)
        stop.set()
        print_message("Stopping after the pages in progress are stored. Interrupt again to stop immediately.")

    with suppress(NotImplementedError):  # Windows: Ctrl-C stops the process immediately
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, handle, number)
        loop.add_signal_handler(signal.SIGHUP, accounts.reload)
    return stop


def run_status(database: str, max_age: timedelta | None, *, json: bool) -> ExitCode:
    """Print the accounts of the workers.

    Args:
        database: URL of the database.
        max_age: Maximum age of the last successful sync; None for no limit.
        json: Whether to print JSON.

    Returns:
        Exit code of the process: `ExitCode.PARTIAL_FAILURE` if an account is too old, or if no account exists.

    Raises:
        InputError: If the URL of the database is invalid, or if it is not PostgreSQL.
        StoreError: If the database cannot be used, or if no worker has used it.
    """
    accounts = _call(database, list_worker_accounts)
    limit = None if max_age is None else max_age.total_seconds()
    late = [
        one for one in accounts if limit is not None and one.paused_at is None and (one.age is None or one.age > limit)
    ]
    if json:
        is_healthy = None if limit is None else bool(accounts) and not late
        rows = [_to_dict(account, is_late=account in late) for account in accounts]
        write_json({"healthy": is_healthy, "accounts": rows}, OutputFormat.JSON)
    else:
        _print_table(accounts, late)
    if late:
        print_message(
            f"{format_count(len(late), 'account')} of {len(accounts)} had no successful sync within the maximum age: "
            f"{', '.join(account.name for account in late)}."
        )
    return ExitCode.PARTIAL_FAILURE if limit is not None and (late or not accounts) else ExitCode.OK


def run_sync(database: str, name: str) -> None:
    """Queue the sync of an account. See `queue_sync` for the errors."""
    is_queued = _call(database, lambda store: queue_sync(store, name))
    print_message(f"Queued {name}." if is_queued else f"{name} is queued already.")


def run_pause(database: str, name: str) -> None:
    """Pause an account. See `pause_account` for the errors."""
    _call(database, lambda store: pause_account(store, name))
    print_message(f"Paused {name}. Resume it with: worker resume")


def run_resume(database: str, name: str) -> None:
    """Resume an account. See `resume_account` for the errors."""
    _call(database, lambda store: resume_account(store, name))
    print_message(f"Resumed {name}.")


def _call(database: str, function: Callable[[LogStore], Awaitable[T]]) -> T:
    async def call() -> T:
        async with _open_postgresql(database) as store:
            return await function(store)

    return _run_in_loop(call())


def _run_in_loop(main: Coroutine[Any, Any, T]) -> T:
    # psycopg does not support the default event loop of Windows.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(main)


def _open_postgresql(database: str) -> LogStore:
    if not database:
        raise InputError("Missing --database: workers require PostgreSQL. Pass a postgresql:// URL.")
    store = open_store(database)
    if store.is_sqlite:
        raise InputError("Invalid value for --database: workers require PostgreSQL. Pass a postgresql:// URL.")
    return store


def _print_table(accounts: Sequence[WorkerAccount], late: Sequence[WorkerAccount]) -> None:
    rows = [
        (
            to_exact_text(account.name),
            to_plain_text(format_timestamp(account.last_synced_at)),
            to_plain_text(format_age(account.age), "red" if account in late else ""),
            to_plain_text(_describe_job(account)),
            to_plain_text(f"{account.failures:,}", "red" if account.failures else ""),
            to_plain_text(f"{account.retries:,}"),
            to_plain_text(account.error or "", "red"),
        )
        for account in accounts
    ]
    print_table(_COLUMNS, rows)


def _describe_job(account: WorkerAccount) -> str:
    if account.worker is not None:
        since = format_timestamp(account.running_since)
        return f"{account.worker} since {since}" + (f", waits: {account.fault}" if account.fault else "")
    return "paused" if account.paused_at is not None else ""


def _to_dict(account: WorkerAccount, *, is_late: bool) -> dict[str, Any]:
    return {
        "account": account.name,
        "last_synced_at": None if account.last_synced_at is None else account.last_synced_at.isoformat(),
        "age_seconds": None if account.age is None else int(account.age),
        "late": is_late,
        "worker": account.worker,
        "running_since": None if account.running_since is None else account.running_since.isoformat(),
        "waits_for": account.fault,
        "paused_at": None if account.paused_at is None else account.paused_at.isoformat(),
        "failures": account.failures,
        "retries": account.retries,
        "error": account.error,
        "is_permanent": account.is_permanent,
    }
