"""Options of the command `logs report`. `logs_report_run` implements it and is imported only when the command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.option_groups import command
from sendcloud_integrations_client.cli.input.options import (
    SELECTION_PANEL,
    DatabaseOption,
    IntegrationsOption,
    JsonOption,
    SinceOption,
    format_examples,
)
from sendcloud_integrations_client.cli.input.timestamps import parse_timestamp
from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.cli.terminal.secrets import quote_value

__all__ = ["report_logs", "REPORT_LOGS_EXAMPLES"]


@command
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
    integration: IntegrationsOption = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="COUNT", help="Maximum number of rows per table.")] = 10,
    json: JsonOption = False,
) -> None:
    """Show failures by shop, by exception type and by status, over time.

    Reads only the database of logs sync. Needs no credentials and sends no
    requests.
    """
    selection_start = None if since is None else parse_timestamp("--since", since)
    selection_end = None if until is None else parse_timestamp("--until", until)
    if selection_start is not None and selection_end is not None and selection_start >= selection_end:
        raise InputError(
            f"Invalid values {quote_value(since or '')} for --since and {quote_value(until or '')} for --until: "
            "--since must be earlier than --until."
        )
    from sendcloud_integrations_client.cli.commands.logs_report_run import run_report
    from sendcloud_integrations_client.report import Selection

    selection = Selection(
        accounts=frozenset(account or ()),
        integrations=frozenset(integration or ()),
        since=selection_start,
        until=selection_end,
    )
    run_report(database, selection, html=html, top=top, json=json)


REPORT_LOGS_EXAMPLES = format_examples(
    "logs report",
    "logs report --database logs.db --since 30d --html report.html",
    "logs report --integration 7 --json | jq .by_status",
)
