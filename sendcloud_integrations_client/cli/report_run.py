"""A run of `logs report`: the tables on the terminal, the page in its file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs
from rich.text import Text

from sendcloud_integrations_client.cli.output import Format, console, counted, moment, new_table, plain, write_json
from sendcloud_integrations_client.cli.reporting import CommandError, say
from sendcloud_integrations_client.cli.stores import open_store, place_of
from sendcloud_integrations_client.report import Figures, Group, Selection, gather_figures, render_page

__all__ = ["run_report"]

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_TREND_WIDTH: Final = 24


def run_report(source: str, selection: Selection, *, html: Path | None, top: int, json: bool) -> None:
    """Count, print, and write the page.

    Args:
        source: URL of the database, or the path of a file.
        selection: Which logs count.
        html: Where the page goes; None for no page.
        top: Rows of each table.
        json: Print the numbers as JSON in place of the tables.

    Raises:
        CommandError: There is no such database, or the URL is none.
        StoreError: The database cannot be used.
        OSError: The page cannot be written.
    """
    figures = asyncio.run(_gather(source, selection))
    page = None if html is None else render_page(figures)
    if json:
        write_json(_as_json(figures), Format.JSON)
    else:
        _print(figures, top)
    if html is not None and page is not None:
        html.write_text(page, encoding="utf-8")
        say(f"The page is {html}.")


async def _gather(source: str, selection: Selection) -> Figures:
    async with open_store(source) as store:
        if not await store.is_migrated():
            raise CommandError(f"there are no logs at {place_of(store)}: fill it with logs sync first")
        return await gather_figures(store, selection)


def _print(figures: Figures, top: int) -> None:
    if not figures.total:
        say("No exception log is stored for this choice.")
        return
    out = console()
    shops_failed = counted(len(figures.by_integration), "shop")
    period = f"{moment(figures.first)} to {moment(figures.last)} (UTC)"
    out.print(f"{counted(figures.total, 'failure')} of {shops_failed}, {period}")
    many = len(figures.accounts) > 1
    shops = new_table(
        "shop",
        "id",
        *(["account"] if many else []),
        "failures",
        _trend_head(figures),
        "mostly",
        "last",
        title="\nBy shop",
        right=("id", "failures"),
    )
    for one in figures.by_integration[:top]:
        shops.add_row(
            plain(one.label, "red" if one.failing_since else ""),
            plain(one.integration_id),
            *([plain(one.account)] if many else []),
            plain(f"{one.total:,}", "bold"),
            _trend(one.trend),
            plain((one.mostly or "").rpartition(".")[2]),
            plain(moment(one.last)),
        )
    out.print(shops)
    _print_more(figures.by_integration, top)
    for title, column, groups in (
        ("By exception type", "exception type", figures.by_exception_type),
        ("By status", "status", figures.by_status),
    ):
        table = new_table(column, "failures", _trend_head(figures), "last", title=f"\n{title}", right=("failures",))
        for one in groups[:top]:
            table.add_row(plain(one.label), plain(f"{one.total:,}", "bold"), _trend(one.trend), plain(moment(one.last)))
        out.print(table)
        _print_more(groups, top)
    for count, noun, more in (
        (figures.failing, "integration", "failing now, as Sendcloud last said"),
        (figures.outside, "log", "without a usable time, in no trend"),
        (figures.quarantined, "unreadable record", "in the quarantine"),
    ):
        if count:
            say(f"{counted(count, noun)} {more}.")


def _print_more(groups: Sequence[Group], top: int) -> None:
    if len(groups) > top:
        say(f"And {len(groups) - top:,} more: --top shows them.")


def _trend_head(figures: Figures) -> str:
    return f"by {figures.span.unit.value}"


def _trend(counts: Sequence[int]) -> Text:
    """The counts as a row of small bars; several parts of the span go into one where they are many."""
    if not counts:
        return Text("–")
    size = -(-len(counts) // _TREND_WIDTH)
    # The newest parts make a whole bar; the oldest bar may be of fewer.
    ends = range(len(counts), 0, -size)
    sums = [sum(counts[max(0, end - size) : end]) for end in reversed(ends)]
    most = max(sums) or 1
    return Text("".join(_LEVELS[-(-count * 7 // most)] if count else " " for count in sums), style="cyan")


def _as_json(figures: Figures) -> dict[str, Any]:
    def plain_value(value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    def of_group(group: Group) -> dict[str, Any]:
        fields = attrs.asdict(group, value_serializer=lambda _, __, value: plain_value(value))
        return {name: value for name, value in fields.items() if value is not None}

    return {
        "made_at": figures.made_at.isoformat(),
        "accounts": figures.accounts,
        "total": figures.total,
        "outside": figures.outside,
        "first": plain_value(figures.first),
        "last": plain_value(figures.last),
        "quarantined": figures.quarantined,
        "integrations": figures.integrations,
        "failing": figures.failing,
        "unit": figures.span.unit.value,
        "starts": [start.isoformat() for start in figures.span.starts],
        "by_integration": [of_group(one) for one in figures.by_integration],
        "by_exception_type": [of_group(one) for one in figures.by_exception_type],
        "by_status": [of_group(one) for one in figures.by_status],
    }
