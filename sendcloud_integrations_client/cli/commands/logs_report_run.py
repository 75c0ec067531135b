"""Implementation of `logs report`: prints tables or JSON, and writes the HTML page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs
from rich.text import Text

from sendcloud_integrations_client.cli.input.stores import open_migrated_store
from sendcloud_integrations_client.cli.terminal.console import create_console
from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.secrets import quote_value
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import (
    format_count,
    format_timestamp,
    to_plain_text,
)
from sendcloud_integrations_client.report import Figures, Group, Selection, gather_figures, render_page
from sendcloud_integrations_client.sync.private_files import write_private_text

__all__ = ["run_report"]

_BAR_LEVELS: Final = "▁▂▃▄▅▆▇█"
_MAX_TREND_BARS: Final = 24


def run_report(database: str, selection: Selection, *, html: Path | None, top: int, json: bool) -> None:
    """Count the stored logs, print the result, and write the HTML page.

    Args:
        database: URL of the database, or path of an SQLite file.
        selection: The logs to count.
        html: Path of the HTML page. None writes no page.
        top: Maximum number of rows per table.
        json: Whether to print JSON instead of tables.

    Raises:
        CommandError: If the database does not exist or has no tables, or if its URL is invalid.
        StoreError: If the database cannot be used.
        OSError: If the page cannot be written.
    """
    figures = asyncio.run(_gather(database, selection))
    for name in sorted(selection.accounts.difference(figures.accounts)):
        print_message(
            f"warning: The database has no account {quote_value(name)}. Its accounts: {', '.join(figures.accounts)}."
        )
    page = None if html is None else render_page(figures)
    if json:
        write_json(_figures_to_dict(figures), OutputFormat.JSON)
    else:
        _print_tables(figures, top)
    if html is not None and page is not None:
        write_private_text(html, page)
        print_message(f"Report page: {html}")


async def _gather(database: str, selection: Selection) -> Figures:
    async with open_migrated_store(database) as store:
        return await gather_figures(store, selection)


def _print_tables(figures: Figures, top: int) -> None:
    if not figures.total:
        print_message("No stored logs match these options.")
        return
    out = create_console()
    shops_failed = format_count(len(figures.by_integration), "shop")
    period = f"{format_timestamp(figures.first)} to {format_timestamp(figures.last)} (UTC)"
    out.print(f"{format_count(figures.total, 'failure')} of {shops_failed}, {period}")
    has_many_accounts = len(figures.accounts) > 1
    trend = Column(_get_trend_header(figures), min_width=_MAX_TREND_BARS, drop_order=2)
    failures, last = Column.number("failures"), Column.timestamp("last", drop_order=3)
    shop_columns = [
        Column("shop"),
        Column.number("id"),
        *([Column("account")] if has_many_accounts else []),
        failures,
        trend,
        Column("top exception", drop_order=1),
        last,
    ]
    rows = [
        (
            to_plain_text(group.label, "red" if group.failing_since else ""),
            to_plain_text(group.integration_id),
            *([to_plain_text(group.account)] if has_many_accounts else []),
            to_plain_text(f"{group.total:,}", "bold"),
            _draw_trend(group.trend),
            to_plain_text((group.mostly or "").rpartition(".")[2]),
            to_plain_text(format_timestamp(group.last)),
        )
        for group in figures.by_integration[:top]
    ]
    print_table(shop_columns, rows, title="\nBy shop", console=out)
    _print_omitted_count(figures.by_integration, top)
    for title, column, groups in (
        ("By exception type", "exception type", figures.by_exception_type),
        ("By status", "status", figures.by_status),
    ):
        group_rows = [
            (
                to_plain_text(group.label),
                to_plain_text(f"{group.total:,}", "bold"),
                _draw_trend(group.trend),
                to_plain_text(format_timestamp(group.last)),
            )
            for group in groups[:top]
        ]
        print_table([Column(column), failures, trend, last], group_rows, title=f"\n{title}", console=out)
        _print_omitted_count(groups, top)
    for count, noun, more in (
        (figures.failing, "integration", "failing now, according to Sendcloud at the last sync"),
        (figures.outside, "log", "without a usable timestamp, not included in trends"),
        (figures.quarantined, "undecodable record", "in quarantine"),
    ):
        if count:
            print_message(f"{format_count(count, noun)} {more}.")


def _print_omitted_count(groups: Sequence[Group], top: int) -> None:
    if len(groups) > top:
        print_message(f"{format_count(len(groups) - top, 'more row')} not shown. Increase --top to show more.")


def _get_trend_header(figures: Figures) -> str:
    return f"by {figures.span.unit.value}"


def _draw_trend(counts: Sequence[int]) -> Text:
    """Draw the counts as a row of small bars. If there are too many counts, several share a bar."""
    if not counts:
        return Text("–")
    size = -(-len(counts) // _MAX_TREND_BARS)
    # Grouped from the newest count backwards, so that only the oldest bar can cover fewer counts.
    ends = range(len(counts), 0, -size)
    sums = [sum(counts[max(0, end - size) : end]) for end in reversed(ends)]
    highest = max(sums) or 1
    return Text("".join(_BAR_LEVELS[-(-count * 7 // highest)] if count else " " for count in sums), style="cyan")


def _figures_to_dict(figures: Figures) -> dict[str, Any]:
    def to_json_value(value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    def group_to_dict(group: Group) -> dict[str, Any]:
        fields = attrs.asdict(group, value_serializer=lambda _, __, value: to_json_value(value))
        return {name: value for name, value in fields.items() if value is not None}

    return {
        "made_at": figures.made_at.isoformat(),
        "accounts": figures.accounts,
        "total": figures.total,
        "outside": figures.outside,
        "first": to_json_value(figures.first),
        "last": to_json_value(figures.last),
        "quarantined": figures.quarantined,
        "integrations": figures.integrations,
        "failing": figures.failing,
        "unit": figures.span.unit.value,
        "starts": [start.isoformat() for start in figures.span.starts],
        "by_integration": [group_to_dict(group) for group in figures.by_integration],
        "by_exception_type": [group_to_dict(group) for group in figures.by_exception_type],
        "by_status": [group_to_dict(group) for group in figures.by_status],
    }
