"""`logs sync`: the options; `sync_run` does it."""

from __future__ import annotations

from typing import Annotated

import typer

from sendcloud_integrations_client.cli.accounts import choose_accounts
from sendcloud_integrations_client.cli.moments import parse_age, parse_moment
from sendcloud_integrations_client.cli.options import (
    ConfigOption,
    ProfilesOption,
    SinceOption,
    StoredIntegrationsOption,
    VerboseOption,
    examples,
)
from sendcloud_integrations_client.cli.reporting import InputError, reporting

__all__ = ["sync_logs", "sync_logs_examples"]

_WHICH = "Which logs"
_STORED = "What is stored"


def sync_logs(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="URL",
            envvar="SENDCLOUD_STORE",
            help="The database: a file (SQLite), or postgresql://user:password@host/database.",
        ),
    ] = "sendcloud.db",
    since: SinceOption = None,
    integration: StoredIntegrationsOption = None,
    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency",
            min=1,
            max=100,
            metavar="COUNT",
            help="Integrations of an account that are read at a time.",
            rich_help_panel=_WHICH,
        ),
    ] = 8,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read everything, store nothing.", rich_help_panel=_WHICH)
    ] = False,
    prune_older_than: Annotated[
        str | None,
        typer.Option(
            "--prune-older-than",
            metavar="AGE",
            help="Afterwards, delete logs from the database that are older: 90d.",
            rich_help_panel=_STORED,
        ),
    ] = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact/--no-redact",
            help="Take secrets such as Authorization and Cookie out before anything is stored.",
            rich_help_panel=_STORED,
        ),
    ] = True,
    redact_field: Annotated[
        list[str] | None,
        typer.Option(
            "--redact-field",
            metavar="NAME",
            help="One more header or field to take out; may be given many times.",
            rich_help_panel=_STORED,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The summary as JSON.", rich_help_panel="Output")] = False,
    profile: ProfilesOption = None,
    all_profiles: Annotated[
        bool, typer.Option("--all-profiles", help="Every profile of the file.", rich_help_panel="Account")
    ] = False,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Take every log of every integration into a database; later, what is new.

    It can be stopped at any moment, by Ctrl-C or by a crash: the next run goes
    on, with nothing lost and nothing twice. Accounts are read side by side, each
    within its own limits, and one that fails does not stop the others.
    """
    with reporting(verbose=verbose):
        if redact_field and not redact:
            raise InputError("choose one of --redact-field and --no-redact")
        from sendcloud_integrations_client.cli.sync_run import SyncOptions, run_sync

        options = SyncOptions(
            to=to,
            integrations=frozenset(integration) if integration else None,
            since=None if since is None else parse_moment("--since", since),
            concurrency=concurrency,
            dry_run=dry_run,
            prune_older_than=None if prune_older_than is None else parse_age("--prune-older-than", prune_older_than),
            redact=redact,
            redacted=frozenset(redact_field or ()),
            json=json,
        )
        # SENDCLOUD_PROFILE may be set for the other commands; --all-profiles goes before it.
        accounts = choose_accounts([] if all_profiles else profile or [], every=all_profiles, config=config)
        raise typer.Exit(run_sync(accounts, options))


sync_logs_examples = examples(
    "logs sync",
    "logs sync --to logs.db --since 30d --prune-older-than 90d",
    "logs sync --to postgresql://sync@localhost/sendcloud --all-profiles",
    "logs sync --profile shop-nl --profile shop-de --redact-field x-shop-key",
)
