"""Implementation of `logs report`: prints the report as tables or JSON, and writes the HTML page."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import attrs

from sendcloud_integrations_client.cli.input.report_options import FailOn, ReportFormat
from sendcloud_integrations_client.cli.input.stores import open_migrated_store
from sendcloud_integrations_client.cli.terminal.errors import CommandError, print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.report_tables import print_report
from sendcloud_integrations_client.cli.terminal.secrets import quote_value
from sendcloud_integrations_client.report import (
    AccountState,
    Figures,
    ProblemState,
    Selection,
    gather_figures,
    render_page,
)
from sendcloud_integrations_client.report.json_figures import figures_to_dict
from sendcloud_integrations_client.report.last_report import get_last_report, store_last_report
from sendcloud_integrations_client.report.markdown import render_markdown
from sendcloud_integrations_client.report.wording import describe_data, describe_failing_shops, describe_problems
from sendcloud_integrations_client.sync.private_files import write_private_text

__all__ = ["run_report"]


_FIRST_PERIOD: Final = timedelta(hours=24)  # of `--since last-report` without an earlier report


def run_report(
    database: str,
    selection: Selection,
    *,
    since_last_report: bool,
    stale_after: timedelta,
    fail_on: frozenset[FailOn],
    html: Path | None,
    top: int,
    report_format: ReportFormat,
) -> None:
    """Count the stored logs, print the result, and write the HTML page.

    Args:
        database: URL of the database, or path of an SQLite file.
        selection: The logs to count.
        since_last_report: Whether the period starts where the last such report ended, or 24 hours ago if there was
            none. The end of this report is stored after it was printed.
        stale_after: Age after which the data of an account is late.
        fail_on: Conditions under which the exit code is not 0.
        html: Path of the HTML page. None writes no page.
        top: Maximum number of rows per table.
        report_format: Format on stdout.

    Raises:
        CommandError: If the database does not exist or has no tables, if its URL is invalid, or if a condition of
            `fail_on` is met.
        StoreError: If the database cannot be used.
        OSError: If the page cannot be written.
    """
    if html is not None and not html.parent.is_dir():
        raise CommandError(f"{html}: No such directory. Create the folder, or pass another file to --html.")
    figures = asyncio.run(_gather(database, selection, stale_after, since_last_report=since_last_report))
    for name in sorted(selection.accounts.difference(figures.accounts)):
        print_message(
            f"warning: The database has no account {quote_value(name)}. Its accounts: {', '.join(figures.accounts)}."
        )
    page = None if html is None else render_page(figures)
    match report_format:
        case ReportFormat.JSON:
            write_json(figures_to_dict(figures), OutputFormat.JSON)
        case ReportFormat.MARKDOWN:
            sys.stdout.write(render_markdown(figures, top=top))
        case ReportFormat.TABLE:
            print_report(figures, top)
    if html is not None and page is not None:
        write_private_text(html, page)
        print_message(f"Report page: {html}")
    if since_last_report:
        sys.stdout.flush()  # a report that was not delivered must not move the start of the next one
        asyncio.run(_store_last_report(database, figures))
    _raise_alert(figures, fail_on)


async def _gather(database: str, selection: Selection, stale_after: timedelta, *, since_last_report: bool) -> Figures:
    async with open_migrated_store(database) as store:
        if since_last_report:
            since = await get_last_report(store, selection)
            selection = attrs.evolve(selection, since=since or await store.get_time() - _FIRST_PERIOD)
        return await gather_figures(store, selection, stale_after=stale_after)


async def _store_last_report(database: str, figures: Figures) -> None:
    async with open_migrated_store(database) as store:
        await store_last_report(store, figures)


def _raise_alert(figures: Figures, fail_on: frozenset[FailOn]) -> None:
    """Raise an error with the exit code of the first condition that is met: stale data, failing shops, new problems."""
    late = len(figures.account_data) - figures.count_accounts(AccountState.CURRENT)
    if FailOn.STALE in fail_on and (late or not figures.account_data):
        raise CommandError(describe_data(figures), ExitCode.STALE_DATA)
    if FailOn.FAILING in fail_on and figures.failing_shops:
        raise CommandError(f"{describe_failing_shops(figures)}.", ExitCode.SHOP_FAILING)
    new = figures.count_problems(ProblemState.NEW) + figures.count_problems(ProblemState.REGRESSED)
    if FailOn.NEW in fail_on and new:
        raise CommandError(f"{describe_problems(figures)}.", ExitCode.NEW_PROBLEM)
