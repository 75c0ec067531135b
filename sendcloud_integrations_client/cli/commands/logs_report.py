"""Options of the command `logs report`. `logs_report_run` implements it and is imported only when the command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.options import (
    OUTPUT_PANEL,
    SELECTION_PANEL,
    DatabaseOption,
    SinceOption,
    StoredIntegrationsOption,
    VerboseOption,
    format_examples,
)
from sendcloud_integrations_client.cli.input.timestamps import parse_timestamp
from sendcloud_integrations_client.cli.terminal.errors import report_errors

__all__ = ["report_logs", "REPORT_LOGS_EXAMPLES"]


def report_logs(
    database: DatabaseOption = "sendcloud.db",
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Also write an HTML page with charts to this file.", show_default=False
        ),
    ] = None,
    since: SinceOption = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="TIME", help="Only logs created before this time.", rich_help_panel=SELECTION_PANEL
        ),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--account", metavar="NAME", help="Only logs of this account. Repeatable.", rich_help_panel=SELECTION_PANEL
        ),
    ] = None,
    integration: StoredIntegrationsOption = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="COUNT", help="Maximum number of rows per table.")] = 10,
    json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON.", rich_help_panel=OUTPUT_PANEL)
    ] = False,
    verbose: VerboseOption = False,
) -> None:
    """Show failures by shop, by exception type and by status, over time.

    Reads only the database of logs sync. Needs no credentials and sends no
    requests.
    """
    with report_errors(verbose=verbose):
        from sendcloud_integrations_client.cli.commands.logs_report_run import run_report
        from sendcloud_integrations_client.report import Selection

        selection = Selection(
            accounts=frozenset(account or ()),
            integrations=frozenset(integration or ()),
            since=None if since is None else parse_timestamp("--since", since),
            until=None if until is None else parse_timestamp("--until", until),
        )
        run_report(database, selection, html=html, top=top, json=json)


REPORT_LOGS_EXAMPLES = format_examples(
    "logs report",
    "logs report --database logs.db --since 30d --html report.html",
    "logs report --integration 7 --json | jq .by_status",
)
