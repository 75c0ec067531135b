"""Implementation of `logs sync`: runs the sync, shows its progress, handles signals and prints the summary."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Final

import attrs

from sendcloud_integrations_client.cli.input.accounts import Account
from sendcloud_integrations_client.cli.input.stores import check_database_file, describe_location, open_store
from sendcloud_integrations_client.cli.terminal.error_messages import describe_error
from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode, get_exit_code
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.progress import show_progress
from sendcloud_integrations_client.cli.terminal.signals import StopRequest, stop_on_signals
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import format_count, to_plain_text
from sendcloud_integrations_client.errors import SendcloudError, to_single_line
from sendcloud_integrations_client.sync import (
    DEFAULT_FIELDS,
    DEFAULT_HEADERS,
    LogStore,
    Redaction,
    SyncSource,
    SyncSummary,
    sync_accounts,
)

__all__ = ["SyncOptions", "run_sync"]

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
        redact: whether to redact secrets before logs are stored.
        redacted_names: Names of headers and fields to redact, in addition to the default ones.
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
    redact: bool
    redacted_names: frozenset[str]
    json: bool


def run_sync(accounts: Sequence[Account], options: SyncOptions) -> ExitCode:
    """Sync the accounts and print a summary.

    Args:
        accounts: The accounts.
        options: Options of the command.

    Returns:
        Exit code of the process.

    Raises:
        InputError: If the URL of the database is invalid, or if its driver is not installed.
        CommandError: If the file of the database cannot be used.
        SendcloudError: If the database cannot be used, or if credentials are invalid.
    """
    return asyncio.run(_run(accounts, options))


async def _run(accounts: Sequence[Account], options: SyncOptions) -> ExitCode:
    async with open_store(options.database) as store:
        await check_database_file(store, options.database, is_written=not options.dry_run)
        with stop_on_signals() as stop:
            try:
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


async def _sync_accounts(
    accounts: Sequence[Account], store: LogStore, options: SyncOptions, stop: StopRequest
) -> Mapping[str, SyncSummary]:
    headers: frozenset[str] = DEFAULT_HEADERS | options.redacted_names
    fields: frozenset[str] = DEFAULT_FIELDS | options.redacted_names
    redaction = Redaction(headers=headers, fields=fields)
    async with AsyncExitStack() as stack:
        clients = {account.name: await stack.enter_async_context(account.create_client()) for account in accounts}
        with show_progress(clients) as display:
            return await sync_accounts(
                clients,
                store,
                source=options.source,
                integrations=options.integrations,
                since=options.since,
                lookback=options.lookback,
                full_check_every=options.full_check_every,
                full=options.full,
                concurrency=options.concurrency,
                dry_run=options.dry_run,
                redaction=redaction if options.redact else None,
                on_progress=display,
                stop=stop.event,
            )


async def _prune(store: LogStore, options: SyncOptions, stop: StopRequest) -> int | None:
    if options.prune_older_than is None or options.dry_run or stop.event.is_set():
        return None
    return await store.prune(options.prune_older_than)


def _print_summaries(summaries: Mapping[str, SyncSummary], location: str, pruned: int | None) -> None:
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
    elif any(summary.error is None for summary in summaries.values()):
        print_message(f"Logs stored in {location}.")
    if pruned is not None:
        print_message(f"Deleted {format_count(pruned, 'old log')} from the database.")


def _describe_outcome(summary: SyncSummary) -> str:
    if summary.error is not None:
        return "failed"
    if summary.failures:
        return f"{format_count(len(summary.failures), 'integration')} failed"
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


def _summaries_to_dict(summaries: Mapping[str, SyncSummary], pruned: int | None) -> dict[str, object]:
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
        "pruned": pruned,
    }
