"""Commands `worker run`, `worker status`, `worker sync`, `worker pause` and `worker resume`.

`worker_run` implements them and is imported only when a command runs.
"""

from __future__ import annotations

from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.common_options import CommonOptionsGroup, define_common_options
from sendcloud_integrations_client.cli.input.option_groups import command
from sendcloud_integrations_client.cli.input.options import (
    OUTPUT_PANEL,
    SCHEDULE_PANEL,
    ConfigOption,
    GiveUpAfterOption,
    JsonOption,
    MaxAgeOption,
    PostgresqlOption,
    ReadsPerMinuteOption,
    RedactFieldOption,
    RedactOption,
    format_examples,
)
from sendcloud_integrations_client.cli.input.timestamps import parse_age, parse_duration

__all__ = ["app"]

app = typer.Typer(
    cls=CommonOptionsGroup,
    callback=define_common_options,
    no_args_is_help=True,
    help="Sync workers on any number of machines, with a queue in PostgreSQL.",
)

_NameArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the account.", show_default=False)]


@app.command(
    "run",
    epilog=format_examples(
        "worker run --database postgresql://sync@localhost/sendcloud",
        "worker run --config /run/secrets/profiles.toml --every 30m --concurrency 16",
    ),
)
@command
def run_worker(
    database: PostgresqlOption = "",
    every: Annotated[
        str,
        typer.Option(
            "--every",
            metavar="TIME",
            help="Interval of each account. Must divide an hour or a day: 5m, 15m, 1h, 6h.",
            rich_help_panel=SCHEDULE_PANEL,
        ),
    ] = "15m",
    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency",
            min=1,
            max=100,
            metavar="COUNT",
            help="Accounts to sync concurrently.",
            rich_help_panel=SCHEDULE_PANEL,
        ),
    ] = 8,
    redact: RedactOption = True,
    redact_field: RedactFieldOption = None,
    give_up_after: GiveUpAfterOption = "15m",
    reads_per_minute: ReadsPerMinuteOption = None,
    stall_timeout: Annotated[
        str,
        typer.Option(
            "--stall-timeout",
            metavar="TIME",
            help="Queue the accounts of a worker again if it does not respond for this long. At least 3s.",
            rich_help_panel=SCHEDULE_PANEL,
        ),
    ] = "30s",
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Log as JSON Lines.", rich_help_panel=OUTPUT_PANEL)
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Sync all profiles at an interval, together with all other workers.

    Start the same command on any number of machines. Each account is synced by
    one worker at a time. The profile file is read again when it changes, or on
    SIGHUP. SIGTERM stores the pages in progress and queues their accounts again;
    a second one stops immediately.
    """
    from sendcloud_integrations_client.cli.commands.worker_run import WorkerOptions, run
    from sendcloud_integrations_client.cli.input.redaction import choose_redaction

    options = WorkerOptions(
        database=database,
        every=parse_duration("--every", every),
        concurrency=concurrency,
        redaction=choose_redaction(is_enabled=redact, names=redact_field),
        give_up_after=parse_duration("--give-up-after", give_up_after),
        reads_per_minute=reads_per_minute,
        stall_timeout=parse_duration("--stall-timeout", stall_timeout),
        log_json=log_json,
        config=config,
    )
    raise typer.Exit(run(options))


@app.command("status", epilog=format_examples("worker status", "worker status --max-age 1h --json"))
@command
def show_status(
    database: PostgresqlOption = "",
    max_age: MaxAgeOption = None,
    json: JsonOption = False,
) -> None:
    """Show each account: last success, running job, failures and retries.

    With --max-age, it is a health check for monitoring and Kubernetes, which
    ignores paused accounts. Needs no credentials and sends no requests.
    """
    age = None if max_age is None else parse_age("--max-age", max_age)
    from sendcloud_integrations_client.cli.commands.worker_run import run_status

    raise typer.Exit(run_status(database, age, json=json))


@app.command("sync", epilog=format_examples("worker sync shop-nl"))
@command
def sync_account(name: _NameArgument, database: PostgresqlOption = "") -> None:
    """Queue the sync of one account now."""
    from sendcloud_integrations_client.cli.commands.worker_run import run_sync

    run_sync(database, name)


@app.command("pause", epilog=format_examples("worker pause shop-nl"))
@command
def pause_account(name: _NameArgument, database: PostgresqlOption = "") -> None:
    """Pause an account: no job of it starts until it is resumed. A running job continues."""
    from sendcloud_integrations_client.cli.commands.worker_run import run_pause

    run_pause(database, name)


@app.command("resume", epilog=format_examples("worker resume shop-nl"))
@command
def resume_account(name: _NameArgument, database: PostgresqlOption = "") -> None:
    """Resume a paused account."""
    from sendcloud_integrations_client.cli.commands.worker_run import run_resume

    run_resume(database, name)
