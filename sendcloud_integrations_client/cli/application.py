"""The Typer application: all commands and the global options."""

from __future__ import annotations

from typing import Annotated

import typer

from sendcloud_integrations_client.cli.commands import (
    accounts,
    integrations,
    logs,
    logs_prune,
    logs_redact,
    logs_report,
    logs_show,
    logs_status,
    logs_sync,
    logs_tail,
    order_statuses,
    simulate,
    status_mapping,
    worker,
)
from sendcloud_integrations_client.cli.input.common_options import (
    CommonOptions,
    CommonOptionsGroup,
    define_common_options,
)
from sendcloud_integrations_client.cli.input.option_groups import expand_option_groups
from sendcloud_integrations_client.cli.terminal.exit_codes import EXIT_CODE_MEANINGS
from sendcloud_integrations_client.version import __version__

__all__ = ["app"]

_EPILOG = "\n".join(["Exit codes:", *(f"{code:>3}  {meaning}" for code, meaning in EXIT_CODE_MEANINGS.items())])

app = typer.Typer(
    name="sendcloud-integrations",
    cls=CommonOptionsGroup,
    no_args_is_help=True,
    # Typer's tracebacks show local variables, which can contain secrets.
    pretty_exceptions_enable=False,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.add_typer(integrations.app, name="integrations")

_logs = typer.Typer(
    cls=CommonOptionsGroup,
    callback=define_common_options,
    no_args_is_help=True,
    help="Exception logs: failed requests between Sendcloud and shops.",
)
_logs.command("list", epilog=logs.LIST_LOGS_EXAMPLES)(logs.list_logs)
_logs.command("show", epilog=logs_show.SHOW_LOG_EXAMPLES)(logs_show.show_log)
_logs.command("tail", epilog=logs_tail.TAIL_LOGS_EXAMPLES)(logs_tail.tail_logs)
_logs.command("sync", epilog=logs_sync.SYNC_LOGS_EXAMPLES)(logs_sync.sync_logs)
_logs.command("status", epilog=logs_status.STATUS_EXAMPLES)(logs_status.show_status)
_logs.command("report", epilog=logs_report.REPORT_LOGS_EXAMPLES)(logs_report.report_logs)
_logs.command("prune", epilog=logs_prune.PRUNE_LOGS_EXAMPLES)(logs_prune.prune_logs)
_logs.command("redact", epilog=logs_redact.REDACT_LOGS_EXAMPLES)(logs_redact.redact_logs)
_logs.command("create", epilog=logs.CREATE_LOG_EXAMPLES)(logs.create_log)
app.add_typer(_logs, name="logs")

app.add_typer(worker.app, name="worker")
app.add_typer(accounts.app, name="accounts")
app.add_typer(order_statuses.app, name="statuses")
app.add_typer(status_mapping.app, name="mapping")
app.command("simulate", epilog=simulate.SIMULATE_EXAMPLES)(simulate.simulate)


def _show_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"sendcloud-integrations {__version__}")
        raise typer.Exit


@app.callback()
@expand_option_groups
def _define_global_options(  # pyright: ignore[reportUnusedFunction] - registered by the decorator
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
    *,
    common: CommonOptions,
) -> None:
    """Command line client for Sendcloud's Integrations API v3.

    Set credentials in SENDCLOUD_PUBLIC_KEY and SENDCLOUD_SECRET_KEY (or in
    SENDCLOUD_CLIENT_ID and SENDCLOUD_CLIENT_SECRET), or in a profile.
    """
