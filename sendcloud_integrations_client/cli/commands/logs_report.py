"""Options of the command `logs report`. `logs_report_run` implements it and is imported only when the command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.option_groups import command
from sendcloud_integrations_client.cli.input.options import (
    OUTPUT_PANEL,
    SELECTION_PANEL,
    DatabaseOption,
    IntegrationsOption,
    JsonOption,
    format_examples,
)
from sendcloud_integrations_client.cli.input.report_options import FailOn, ReportFormat
from sendcloud_integrations_client.cli.input.timestamps import parse_age, parse_timestamp
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
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Start: 2026-01-31, 24h for the last 24 hours, last-report, or all.",
            rich_help_panel=SELECTION_PANEL,
        ),
    ] = "7d",
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
    stale_after: Annotated[
        str,
        typer.Option("--stale-after", metavar="AGE", help="Age after which the data of an account is late."),
    ] = "6h",
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(
            "--fail-on",
            metavar="STATE",
            help="Exit code 7 if data is stale, 8 if a shop is failing, 9 if a problem is new. Repeatable.",
            show_default=False,
        ),
    ] = None,
    report_format: Annotated[
        ReportFormat,
        typer.Option(
            "--format", metavar="NAME", help="On stdout: table, json or markdown.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = ReportFormat.TABLE,
    json: JsonOption = False,
) -> None:
    """Show which shops fail now, since when, why, and who acts.

    Starts with the age of the data. Reads only the database of logs sync.
    Needs no credentials and sends no requests.
    """
    start = None if since in ("all", "last-report") else parse_timestamp("--since", since)
    end = None if until is None else parse_timestamp("--until", until)
    if start is not None and end is not None and start >= end:
        raise InputError(
            f"Invalid values {quote_value(since)} for --since and {quote_value(until or '')} for --until: "
            "--since must be earlier than --until."
        )
    age = parse_age("--stale-after", stale_after)
    from sendcloud_integrations_client.cli.commands.logs_report_run import run_report
    from sendcloud_integrations_client.report import Selection

    selection = Selection(
        accounts=frozenset(account or ()), integrations=frozenset(integration or ()), since=start, until=end
    )
    run_report(
        database,
        selection,
        since_last_report=since == "last-report",
        stale_after=age,
        fail_on=frozenset(fail_on or ()),
        html=html,
        top=top,
        report_format=ReportFormat.JSON if json else report_format,
    )


REPORT_LOGS_EXAMPLES = format_examples(
    "logs report",
    "logs report --database logs.db --since 30d --html report.html",
    "logs report --since last-report --format markdown --fail-on new",
    "logs report --integration 7 --json | jq .problems",
)
