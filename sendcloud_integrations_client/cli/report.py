"""`logs report`: the options; `report_run` does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sendcloud_integrations_client.cli.moments import parse_moment
from sendcloud_integrations_client.cli.options import SinceOption, StoredIntegrationsOption, VerboseOption, examples
from sendcloud_integrations_client.cli.reporting import reporting

__all__ = ["report_logs", "report_logs_examples"]

_WHICH = "Which logs"


def report_logs(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="URL",
            envvar="SENDCLOUD_STORE",
            help="The database that logs sync filled: a file (SQLite), or a PostgreSQL URL.",
        ),
    ] = "sendcloud.db",
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with charts, too.", show_default=False),
    ] = None,
    since: SinceOption = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Only logs before then.", rich_help_panel=_WHICH),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--account", metavar="NAME", help="Only this account; may be given many times.", rich_help_panel=_WHICH
        ),
    ] = None,
    integration: StoredIntegrationsOption = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="COUNT", help="Rows of each table.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="The numbers as JSON.", rich_help_panel="Output")] = False,
    verbose: VerboseOption = False,
) -> None:
    """Show what fails: by shop, by exception type and by status, over time.

    It reads the database only: no credentials are needed, nothing is sent.
    """
    with reporting(verbose=verbose):
        from sendcloud_integrations_client.cli.report_run import run_report
        from sendcloud_integrations_client.report import Selection

        selection = Selection(
            accounts=frozenset(account or ()),
            integrations=frozenset(integration or ()),
            since=None if since is None else parse_moment("--since", since),
            until=None if until is None else parse_moment("--until", until),
        )
        run_report(source, selection, html=html, top=top, json=json)


report_logs_examples = examples(
    "logs report",
    "logs report --from logs.db --since 30d --html report.html",
    "logs report --integration 7 --json | jq .by_status",
)
