"""Options of the command `logs sync`. `logs_sync_run` implements it and is imported only when the command runs."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import attrs
import typer

from sendcloud_integrations_client.cli.input.accounts import choose_accounts
from sendcloud_integrations_client.cli.input.completion import complete_profile
from sendcloud_integrations_client.cli.input.option_groups import command
from sendcloud_integrations_client.cli.input.options import (
    ACCOUNT_PANEL,
    SCHEDULE_PANEL,
    SELECTION_PANEL,
    STORAGE_PANEL,
    ConfigOption,
    DatabaseOption,
    GiveUpAfterOption,
    IntegrationsOption,
    JsonOption,
    ProfilesOption,
    ReadsPerMinuteOption,
    RedactFieldOption,
    RedactOption,
    SinceOption,
    format_examples,
)
from sendcloud_integrations_client.cli.input.timestamps import parse_age, parse_age_or_timestamp, parse_duration
from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.cli.terminal.secrets import quote_value

__all__ = ["sync_logs", "SYNC_LOGS_EXAMPLES"]

_LATE_PANEL = "Late and changed logs"
_SHARE_PATTERN = re.compile(r"1/([1-9]\d{0,3})")


class Source(StrEnum):
    """Values of the option `--source`."""

    ACCOUNT = "account"
    INTEGRATIONS = "integrations"


class IfRunning(StrEnum):
    """Values of the option `--if-running`."""

    SKIP = "skip"
    WAIT = "wait"
    TAKE_OVER = "take-over"


@command
def sync_logs(
    database: DatabaseOption = "sendcloud.db",
    since: SinceOption = None,
    integration: IntegrationsOption = None,
    source: Annotated[
        Source,
        typer.Option(
            "--source",
            metavar="LIST",
            help="List to read: account, or integrations (one list per integration, as with --integration).",
            rich_help_panel=SELECTION_PANEL,
        ),
    ] = Source.ACCOUNT,
    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency",
            min=1,
            max=100,
            metavar="COUNT",
            help="Lists of integrations to read concurrently, per account.",
            rich_help_panel=SELECTION_PANEL,
        ),
    ] = 8,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read all logs without storing them.", rich_help_panel=SELECTION_PANEL)
    ] = False,
    lookback: Annotated[
        str,
        typer.Option(
            "--lookback",
            metavar="AGE",
            help="Also read logs created this long before the newest stored log: 90m, 6h, or 0.",
            rich_help_panel=_LATE_PANEL,
        ),
    ] = "1h",
    full_check_every: Annotated[
        str,
        typer.Option(
            "--full-check-every",
            metavar="AGE",
            help="Read the whole list if the last time was this long ago: 7d, or never.",
            rich_help_panel=_LATE_PANEL,
        ),
    ] = "7d",
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Read the whole list now. Also rewrites stored logs if the redaction has changed.",
            rich_help_panel=_LATE_PANEL,
        ),
    ] = False,
    prune_older_than: Annotated[
        str | None,
        typer.Option(
            "--prune-older-than",
            metavar="AGE",
            help="After the sync, delete older logs from the database: 90d.",
            rich_help_panel=STORAGE_PANEL,
        ),
    ] = None,
    redact: RedactOption = True,
    redact_field: RedactFieldOption = None,
    every: Annotated[
        str | None,
        typer.Option(
            "--every",
            metavar="TIME",
            help="Repeat the sync at this interval until SIGTERM or Ctrl-C, and print one line per run: 15m.",
            rich_help_panel=SCHEDULE_PANEL,
        ),
    ] = None,
    if_running: Annotated[
        IfRunning,
        typer.Option(
            "--if-running",
            metavar="ACTION",
            help="If another run is syncing an account: skip it, wait for the other run, or take-over.",
            rich_help_panel=SCHEDULE_PANEL,
        ),
    ] = IfRunning.SKIP,
    give_up_after: GiveUpAfterOption = "15m",
    max_accounts: Annotated[
        int,
        typer.Option(
            "--max-accounts",
            min=1,
            max=100,
            metavar="COUNT",
            help="Accounts to sync concurrently.",
            rich_help_panel=SCHEDULE_PANEL,
        ),
    ] = 16,
    reads_per_minute: ReadsPerMinuteOption = None,
    share: Annotated[
        str | None,
        typer.Option(
            "--share",
            metavar="1/N",
            help="Share of the limits that this process may use, if N processes use the same credentials: 1/4.",
            show_default=False,
            rich_help_panel=SCHEDULE_PANEL,
        ),
    ] = None,
    json: JsonOption = False,
    profile: ProfilesOption = None,
    all_profiles: Annotated[
        bool, typer.Option("--all-profiles", help="Sync all profiles of the file.", rich_help_panel=ACCOUNT_PANEL)
    ] = False,
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="NAME",
            help="Name of the account in the database, also without a profile. Defaults to the name of the profile.",
            autocompletion=complete_profile,
            rich_help_panel=ACCOUNT_PANEL,
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Store exception logs in a database: all logs at first, then new ones.

    You can stop a run at any time. The next run resumes where it stopped,
    without losing or duplicating logs. Accounts are synced concurrently, each
    within its own rate limits. If one fails, the others continue. Failures of
    the network and the database are retried.
    """
    from sendcloud_integrations_client.cli.commands.logs_sync_run import SyncOptions, run_sync
    from sendcloud_integrations_client.cli.input.redaction import choose_redaction

    options = SyncOptions(
        database=database,
        source=source.value,
        integrations=frozenset(integration) if integration else None,
        since=None if since is None else parse_age_or_timestamp("--since", since),
        lookback=timedelta(0) if lookback == "0" else parse_age("--lookback", lookback),
        full_check_every=None if full_check_every == "never" else parse_age("--full-check-every", full_check_every),
        full=full,
        concurrency=concurrency,
        dry_run=dry_run,
        prune_older_than=None if prune_older_than is None else parse_age("--prune-older-than", prune_older_than),
        redaction=choose_redaction(is_enabled=redact, names=redact_field),
        every=None if every is None else _parse_interval(every),
        if_running=if_running.value,
        give_up_after=parse_duration("--give-up-after", give_up_after),
        max_accounts=max_accounts,
        reads_per_minute=reads_per_minute,
        processes=1 if share is None else _parse_share(share),
        json=json,
    )
    # SENDCLOUD_PROFILE can be set for other commands, so --all-profiles overrides it.
    accounts = choose_accounts([] if all_profiles else profile or [], all_profiles=all_profiles, config=config)
    if account is not None:
        if len(accounts) > 1:
            raise InputError("Invalid options: --account names one account. Select one profile.")
        accounts = [attrs.evolve(accounts[0], name=account)]
    raise typer.Exit(run_sync(accounts, options))


def _parse_interval(text: str) -> timedelta:
    interval = parse_duration("--every", text)
    if not interval:
        raise InputError("Invalid value 0 for --every: must be longer than 0, such as 15m.")
    return interval


def _parse_share(text: str) -> int:
    """Return the number of processes that a share such as `1/4` means."""
    match = _SHARE_PATTERN.fullmatch(text.strip())
    if match is None:
        raise InputError(f"Invalid value {quote_value(text)} for --share: must be a fraction such as 1/4.")
    return int(match[1])


SYNC_LOGS_EXAMPLES = format_examples(
    "logs sync",
    "logs sync --database logs.db --since 30d --prune-older-than 90d",
    "logs sync --database postgresql://sync@localhost/sendcloud --all-profiles",
    "logs sync --profile shop-nl --profile shop-de --redact-field x-shop-key",
    "logs sync --all-profiles --every 15m",
    "logs sync --account shop-nl --lookback 6h --full-check-every 30d",
)
