"""A run of `logs sync`: the accounts' clients, the store, signals, progress, and what it came to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import attrs

from sendcloud_integrations_client.cli.accounts import Account
from sendcloud_integrations_client.cli.exit_codes import ExitCode, exit_code_of
from sendcloud_integrations_client.cli.output import Format, console, counted, new_table, plain, write_json
from sendcloud_integrations_client.cli.progress import showing_progress
from sendcloud_integrations_client.cli.reporting import say
from sendcloud_integrations_client.cli.stopping import Stop, stop_on_signals
from sendcloud_integrations_client.cli.stores import open_store, place_of
from sendcloud_integrations_client.errors import SendcloudError, one_line
from sendcloud_integrations_client.sync import (
    DEFAULT_FIELDS,
    DEFAULT_HEADERS,
    LogStore,
    Redaction,
    SyncSummary,
    sync_accounts,
)

__all__ = ["SyncOptions", "run_sync"]


@attrs.frozen(kw_only=True)
class SyncOptions:
    """What `logs sync` was asked for.

    Attributes:
        to: URL of the database, or the path of a file.
        integrations: Ids of the integrations; None for all.
        since: Logs made before are passed over.
        concurrency: Integrations of an account that are read at a time.
        dry_run: Nothing is stored.
        prune_older_than: Age at which logs are deleted afterwards; None for never.
        redact: Secrets are taken out.
        redacted: Names of headers and fields that are secrets, besides the usual ones.
        json: The summary is JSON.
    """

    to: str = attrs.field(repr=False)
    integrations: frozenset[int] | None
    since: datetime | None
    concurrency: int
    dry_run: bool
    prune_older_than: timedelta | None
    redact: bool
    redacted: frozenset[str]
    json: bool


def run_sync(accounts: Sequence[Account], options: SyncOptions) -> ExitCode:
    """Sync the accounts, and tell what it came to.

    Args:
        accounts: The accounts.
        options: What was asked for.

    Returns:
        What the process ends with.

    Raises:
        SendcloudError: The database cannot be used, or credentials cannot work.
    """
    return asyncio.run(_run(accounts, options))


async def _run(accounts: Sequence[Account], options: SyncOptions) -> ExitCode:
    async with open_store(options.to) as store:
        with stop_on_signals() as stop:
            try:
                summaries = await _sync(accounts, store, options, stop)
                pruned = await _prune(store, options, stop)
            except asyncio.CancelledError:
                if stop.exit_code is None:
                    raise
                say("Stopped at once; the next run goes on from the last page that was stored.")
                return stop.exit_code
        if options.json:
            write_json(_as_json(summaries, pruned), Format.JSON)
        else:
            _print(summaries, place_of(store), pruned)
        _tell_failures(summaries)
        return stop.exit_code or _exit_code(summaries)


async def _sync(
    accounts: Sequence[Account], store: LogStore, options: SyncOptions, stop: Stop
) -> Mapping[str, SyncSummary]:
    headers: frozenset[str] = DEFAULT_HEADERS | options.redacted
    fields: frozenset[str] = DEFAULT_FIELDS | options.redacted
    redaction = Redaction(headers=headers, fields=fields)
    async with AsyncExitStack() as stack:
        clients = {one.name: await stack.enter_async_context(one.client()) for one in accounts}
        with showing_progress(clients) as display:
            return await sync_accounts(
                clients,
                store,
                integrations=options.integrations,
                since=options.since,
                concurrency=options.concurrency,
                dry_run=options.dry_run,
                redaction=redaction if options.redact else None,
                on_progress=display,
                stop=stop.event,
            )


async def _prune(store: LogStore, options: SyncOptions, stop: Stop) -> int | None:
    if options.prune_older_than is None or options.dry_run or stop.event.is_set():
        return None
    return await store.prune(options.prune_older_than)


def _print(summaries: Mapping[str, SyncSummary], place: str, pruned: int | None) -> None:
    counts = ("integrations", "new logs", "known", "quarantined", "seconds")
    table = new_table("account", *counts, "outcome", right=counts)
    for one in summaries.values():
        table.add_row(
            plain(one.account),
            plain(f"{one.walked} of {one.integrations}"),
            plain(f"{one.new:,}", "bold"),
            plain(f"{one.known:,}"),
            plain(f"{one.quarantined:,}", "yellow" if one.quarantined else ""),
            plain(f"{one.duration:.1f}"),
            plain(_outcome(one), "" if one.succeeded and not one.stopped else "red"),
        )
    console().print(table)
    if any(one.dry_run for one in summaries.values()):
        say("A dry run: nothing was stored.")
    elif any(one.error is None for one in summaries.values()):
        say(f"The logs are in {place}.")
    if pruned is not None:
        say(f"{counted(pruned, 'old log')} deleted from it.")


def _outcome(summary: SyncSummary) -> str:
    if summary.error is not None:
        return "failed"
    if summary.failures:
        return f"{counted(len(summary.failures), 'integration')} failed"
    return "stopped" if summary.stopped else "complete"


def _tell_failures(summaries: Mapping[str, SyncSummary]) -> None:
    for one in summaries.values():
        if one.error is not None:
            say(f"error: {one.account}: {_said(one.error)}")
        for integration_id, failure in one.failures.items():
            say(f"error: {one.account}, integration {integration_id}: {_said(failure)}")


def _said(failure: Exception) -> str:
    return str(failure) if isinstance(failure, SendcloudError) else type(failure).__name__


def _exit_code(summaries: Mapping[str, SyncSummary]) -> ExitCode:
    errors = [one.error for one in summaries.values() if one.error is not None]
    if errors and len(errors) == len(summaries):
        codes = {exit_code_of(error) if isinstance(error, SendcloudError) else ExitCode.FAILED for error in errors}
        return codes.pop() if len(codes) == 1 else ExitCode.FAILED
    return ExitCode.OK if all(one.succeeded for one in summaries.values()) else ExitCode.PARTLY


def _as_json(summaries: Mapping[str, SyncSummary], pruned: int | None) -> dict[str, object]:
    return {
        "accounts": [
            {
                "account": one.account,
                "integrations": one.integrations,
                "walked": one.walked,
                "pages": one.pages,
                "new": one.new,
                "known": one.known,
                "quarantined": one.quarantined,
                "stopped": one.stopped,
                "dry_run": one.dry_run,
                "seconds": round(one.duration, 3),
                "error": None if one.error is None else one_line(_said(one.error)),
                "failures": {str(number): one_line(_said(failure)) for number, failure in one.failures.items()},
            }
            for one in summaries.values()
        ],
        "pruned": pruned,
    }
