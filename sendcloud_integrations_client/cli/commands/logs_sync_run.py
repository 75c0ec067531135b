"""Implementation of `logs sync`: runs the sync, shows its progress, handles signals and prints the summary."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs
import typer

from sendcloud_integrations_client.cli.input.accounts import Account
from sendcloud_integrations_client.cli.input.stores import check_database_file, describe_location, open_store
from sendcloud_integrations_client.cli.terminal.error_messages import describe_error
from sendcloud_integrations_client.cli.terminal.errors import InputError, print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode, get_exit_code
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.progress import show_progress
from sendcloud_integrations_client.cli.terminal.signals import StopRequest, stop_on_signals
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import format_count, to_plain_text
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import SendcloudError, to_single_line
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits
from sendcloud_integrations_client.sync import (
    IfRunning,
    LogStore,
    PruneSummary,
    Redaction,
    StoreError,
    SyncSource,
    SyncSummary,
    prune_store,
    sync_accounts,
)

__all__ = ["SyncOptions", "run_sync"]

_JITTER: Final = (0.95, 1.05)  # of the interval of --every

_COLUMNS: Final = (
    Column("account"),
    Column.number("integrations"),
    Column.number("new logs"),
    Column.number("updated", drop_order=2),
    Column.number("already stored"),
    Column.number("quarantined"),
    Column.number("seconds", drop_order=1),
    Column("outcome"),
)


@attrs.frozen(kw_only=True)
class SyncOptions:
    """Options of `logs sync`.

    Attributes:
        database: URL of the database, or path of an SQLite file.
        source: Lists to read: the account-wide list, or the list of each integration.
        integrations: Ids of the integrations to sync. None syncs all.
        since: Skip logs created before this time, or this long before the time of the server. None skips none.
        lookback: Also read logs that were created this long before the newest stored log.
        full_check_every: Read the whole list if the last time was this long ago. None for never.
        full: Whether to read the whole list, and to rewrite stored logs if the redaction has changed.
        concurrency: Number of lists of integrations per account to read concurrently.
        dry_run: Whether to read all logs without storing them.
        prune_older_than: Delete logs older than this after the sync. None deletes none.
        redaction: Redaction of secrets before logs are stored. None stores them unchanged.
        every: Repeat the sync at this interval. None runs it once.
        if_running: What to do with an account that another run is syncing.
        give_up_after: How long failures that can pass are retried.
        max_accounts: Number of accounts to sync concurrently.
        reads_per_minute: Reads per minute and account. None uses Sendcloud's limit.
        processes: Number of processes that share the limits.
        json: Whether to print the summary as JSON.
    """

    database: str = attrs.field(repr=False)
    source: SyncSource
    integrations: frozenset[int] | None
    since: datetime | timedelta | None
    lookback: timedelta
    full_check_every: timedelta | None
    full: bool
    concurrency: int
    dry_run: bool
    prune_older_than: timedelta | None
    redaction: Redaction | None
    every: timedelta | None
    if_running: IfRunning
    give_up_after: timedelta
    max_accounts: int
    reads_per_minute: int | None
    processes: int
    json: bool

    @property
    def rate_limits(self) -> RateLimits:
        """The limits of this process, per account."""
        limits = RateLimits()
        if self.reads_per_minute is not None:
            limits = attrs.evolve(limits, reads_per_minute=self.reads_per_minute)
        return limits.divided_by(self.processes)


def run_sync(accounts: Sequence[Account], options: SyncOptions) -> ExitCode:
    """Sync the accounts and print a summary.

    Args:
        accounts: The accounts.
        options: Options of the command.

    Returns:
        Exit code of the process.

    Raises:
        InputError: If the URL of the database is invalid, if its driver is not installed, or if two accounts have the
            same credentials.
        CommandError: If the file of the database cannot be used.
        SendcloudError: If the database cannot be used, or if credentials are invalid.
    """
    return asyncio.run(_run(accounts, options))


async def _run(accounts: Sequence[Account], options: SyncOptions) -> ExitCode:
    _reject_same_credentials(accounts)
    async with open_store(options.database) as store:
        await check_database_file(store, options.database, is_written=not options.dry_run)
        with stop_on_signals() as stop:
            try:
                if options.every is not None:
                    return await _run_regularly(accounts, store, options, options.every, stop)
                summaries = await _sync_accounts(accounts, store, options, stop)
                pruned = await _prune(store, options, stop)
            except asyncio.CancelledError:
                if stop.exit_code is None:
                    raise
                print_message("Stopped immediately. The next run resumes after the last stored page.")
                return stop.exit_code
        if options.json:
            write_json(_summaries_to_dict(summaries, pruned), OutputFormat.JSON)
        else:
            _print_summaries(summaries, describe_location(store), pruned)
        _report_failures(summaries)
        return stop.exit_code or _get_exit_code(summaries)


async def _run_regularly(
    accounts: Sequence[Account], store: LogStore, options: SyncOptions, every: timedelta, stop: StopRequest
) -> ExitCode:
    """Repeat the sync until a signal stops it. Failures do not end it, because the next run may succeed."""
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        summaries = await _sync_accounts(accounts, store, options, stop)
        try:
            pruned = await _prune(store, options, stop)
        except StoreError as error:
            pruned = None
            print_message(f"error: {describe_error(error)}")
        if options.json:
            write_json(_summaries_to_dict(summaries, pruned), OutputFormat.JSON_LINES)
            sys.stdout.flush()
        else:
            typer.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {_describe_run(summaries, pruned)}")
        _report_failures(summaries)
        # Processes that were started together do not call together.
        delay = every.total_seconds() * random.uniform(*_JITTER) - (loop.time() - started)  # noqa: S311
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.event.wait(), max(0.0, delay))
        if stop.event.is_set():
            return ExitCode.OK


def _reject_same_credentials(accounts: Sequence[Account]) -> None:
    """Raise if two accounts would store the same logs."""
    names: dict[tuple[str, str | None], str] = {}
    for account in accounts:
        if account.auth is None:
            continue
        first = names.setdefault((account.auth.account_key, account.base_url), account.name)
        if first != account.name:
            raise InputError(
                f"Invalid profiles: {first} and {account.name} have the same credentials, so each log would be stored "
                "twice. Select one of them."
            )


async def _sync_accounts(
    accounts: Sequence[Account], store: LogStore, options: SyncOptions, stop: StopRequest
) -> Mapping[str, SyncSummary]:
    limits = options.rate_limits

    def get_factory(account: Account) -> Callable[[], SendcloudIntegrations]:
        return lambda: account.create_client(rate_limits=limits)

    factories = {account.name: get_factory(account) for account in accounts}
    with show_progress(factories, is_repeated=options.every is not None) as display:
        return await sync_accounts(
            factories,
            store,
            max_accounts=options.max_accounts,
            source=options.source,
            integrations=options.integrations,
            since=options.since,
            lookback=options.lookback,
            full_check_every=options.full_check_every,
            full=options.full,
            concurrency=options.concurrency,
            dry_run=options.dry_run,
            redaction=options.redaction,
            give_up_after=options.give_up_after,
            if_running=options.if_running,
            on_progress=display,
            stop=stop.event,
        )


async def _prune(store: LogStore, options: SyncOptions, stop: StopRequest) -> PruneSummary | None:
    if options.prune_older_than is None or options.dry_run or stop.event.is_set():
        return None
    return await prune_store(store, options.prune_older_than, stop=stop.event)


def _describe_run(summaries: Mapping[str, SyncSummary], pruned: PruneSummary | None) -> str:
    """Describe one of many runs on one line."""
    found = summaries.values()
    failed = sum(not summary.succeeded for summary in found)
    parts = [
        format_count(len(summaries), "account"),
        f"{sum(summary.new for summary in found):,} new logs",
        f"{sum(summary.updated for summary in found):,} updated",
        f"{sum(summary.quarantined for summary in found):,} quarantined",
        f"{max(summary.duration for summary in found):.1f} s",
        *([f"{failed} failed"] if failed else []),
        *([f"{skipped} skipped"] if (skipped := sum(summary.skipped for summary in found)) else []),
        *([] if pruned is None else [f"{pruned.deleted:,} pruned"]),
    ]
    return ", ".join(parts)


def _print_summaries(summaries: Mapping[str, SyncSummary], location: str, pruned: PruneSummary | None) -> None:
    rows = [
        (
            to_plain_text(summary.account),
            to_plain_text(f"{summary.completed} of {summary.integrations}"),
            to_plain_text(f"{summary.new:,}", "bold"),
            to_plain_text(f"{summary.updated:,}"),
            to_plain_text(f"{summary.already_stored:,}"),
            to_plain_text(f"{summary.quarantined:,}", "yellow" if summary.quarantined else ""),
            to_plain_text(f"{summary.duration:.1f}"),
            to_plain_text(_describe_outcome(summary), "" if summary.succeeded and not summary.stopped else "red"),
        )
        for summary in summaries.values()
    ]
    print_table(_COLUMNS, rows)
    if any(summary.dry_run for summary in summaries.values()):
        print_message("Dry run: nothing was stored.")
    elif any(summary.error is None and not summary.skipped for summary in summaries.values()):
        print_message(f"Logs stored in {location}.")
    for summary in summaries.values():
        if summary.skipped:
            print_message(
                f"Skipped {summary.account}: another run is syncing it. Pass --if-running wait to wait for that run."
            )
    if pruned is not None:
        print_message(f"Deleted {format_count(pruned.deleted, 'old log')} from the database.")


def _describe_outcome(summary: SyncSummary) -> str:
    if summary.error is not None:
        return "failed"
    if summary.failures:
        return f"{format_count(len(summary.failures), 'integration')} failed"
    if summary.skipped:
        return "skipped"
    return "stopped" if summary.stopped else "complete"


def _report_failures(summaries: Mapping[str, SyncSummary]) -> None:
    for summary in summaries.values():
        if summary.error is not None:
            print_message(f"error: {summary.account}: {_describe_failure(summary.error)}")
        for integration_id, failure in summary.failures.items():
            print_message(f"error: {summary.account}, integration {integration_id}: {_describe_failure(failure)}")


def _describe_failure(failure: Exception) -> str:
    return describe_error(failure) if isinstance(failure, SendcloudError) else type(failure).__name__


def _get_exit_code(summaries: Mapping[str, SyncSummary]) -> ExitCode:
    errors = [summary.error for summary in summaries.values() if summary.error is not None]
    if errors and len(errors) == len(summaries):
        codes = {get_exit_code(error) if isinstance(error, SendcloudError) else ExitCode.FAILED for error in errors}
        return codes.pop() if len(codes) == 1 else ExitCode.FAILED
    return ExitCode.OK if all(summary.succeeded for summary in summaries.values()) else ExitCode.PARTIAL_FAILURE


def _summaries_to_dict(summaries: Mapping[str, SyncSummary], pruned: PruneSummary | None) -> dict[str, object]:
    return {
        "accounts": [
            {
                "account": summary.account,
                "integrations": summary.integrations,
                "completed": summary.completed,
                "pages": summary.pages,
                "new": summary.new,
                "updated": summary.updated,
                "deleted_integrations": summary.deleted,
                "already_stored": summary.already_stored,
                "quarantined": summary.quarantined,
                "stopped": summary.stopped,
                "skipped": summary.skipped,
                "dry_run": summary.dry_run,
                "seconds": round(summary.duration, 3),
                "error": None if summary.error is None else to_single_line(_describe_failure(summary.error)),
                "failures": {
                    str(integration_id): to_single_line(_describe_failure(failure))
                    for integration_id, failure in summary.failures.items()
                },
            }
            for summary in summaries.values()
        ],
        "pruned": None if pruned is None else pruned.deleted,
    }
