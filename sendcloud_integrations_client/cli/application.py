"""The command line put together."""

from __future__ import annotations

from typing import Annotated

import typer

from sendcloud_integrations_client.cli import integrations, logs, mapping, report, statuses, sync, tail
from sendcloud_integrations_client.cli.exit_codes import MEANINGS
from sendcloud_integrations_client.version import __version__

__all__ = ["app"]

_EPILOG = "\n".join(["Exit codes:", *(f"{code:>3}  {meaning}" for code, meaning in MEANINGS.items())])

app = typer.Typer(
    name="sendcloud-integrations",
    no_args_is_help=True,
    # A traceback with local variables would show what is in them.
    pretty_exceptions_enable=False,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.add_typer(integrations.app, name="integrations")

_logs = typer.Typer(no_args_is_help=True, help="Exception logs: failed exchanges with shops.")
_logs.command("list", epilog=logs.list_logs_examples)(logs.list_logs)
_logs.command("tail", epilog=tail.tail_logs_examples)(tail.tail_logs)
_logs.command("sync", epilog=sync.sync_logs_examples)(sync.sync_logs)
_logs.command("report", epilog=report.report_logs_examples)(report.report_logs)
_logs.command("create", epilog=logs.create_log_examples)(logs.create_log)
app.add_typer(_logs, name="logs")

app.add_typer(statuses.app, name="statuses")
app.add_typer(mapping.app, name="mapping")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"sendcloud-integrations {__version__}")
        raise typer.Exit


@app.callback()
def _all_commands(  # pyright: ignore[reportUnusedFunction] - the decorator takes it
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Sendcloud's Integrations API v3 from a shell.

    Credentials come from SENDCLOUD_PUBLIC_KEY and SENDCLOUD_SECRET_KEY (or
    SENDCLOUD_CLIENT_ID and SENDCLOUD_CLIENT_SECRET), or from a profile.
    """
