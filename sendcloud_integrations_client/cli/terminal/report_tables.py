"""The report as text and tables for a terminal, readable without colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from sendcloud_integrations_client.cli.terminal.console import create_console
from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import format_count, to_plain_text
from sendcloud_integrations_client.report import AccountState, FailingShop, Figures, Group, Problem, ProblemState
from sendcloud_integrations_client.report.wording import (
    describe_account,
    describe_change,
    describe_data,
    describe_failing_shops,
    describe_first_step,
    describe_last_interval,
    describe_problems,
    describe_selection,
    format_time,
)

__all__ = ["print_report"]

_BAR_LEVELS: Final = "▁▂▃▄▅▆▇█"
_MAX_TREND_BARS: Final = 24
_STATE_STYLES: Final = {ProblemState.NEW: "bold red", ProblemState.REGRESSED: "red", ProblemState.RESOLVED: "green"}


def print_report(figures: Figures, top: int) -> None:
    """Print a report: age of the data, failing shops, problems, change, shops and problems, and totals.

    Args:
        figures: The figures.
        top: Maximum number of rows per table.
    """
    out = create_console()
    out.print(Text(describe_selection(figures)))
    _print_accounts(figures, top, out)
    has_many_accounts = len(figures.account_data) > 1
    _print_failing_shops(figures, top, out, has_many_accounts)
    _print_problems(figures, top, out)
    out.print(Text("\nChange", "bold"))
    out.print(Text(describe_change(figures)))
    _print_matrix(figures, top, out, has_many_accounts)
    for title, column, groups in (
        ("By exception type", "exception type", figures.by_exception_type),
        ("By status", "status", figures.by_status),
    ):
        _print_groups(figures, title, column, groups, top, out)
    for count, noun, more in (
        (figures.outside, "log", "without a usable timestamp, not included in trends"),
        (figures.quarantined, "undecodable record", "in quarantine"),
    ):
        if count:
            print_message(f"{format_count(count, noun)} {more}.")


def _print_accounts(figures: Figures, top: int, out: Console) -> None:
    late = [one for one in figures.account_data if one.state is not AccountState.CURRENT]
    out.print(Text(describe_data(figures), "bold red" if late else "bold"))
    for one in late[:top]:
        line = f"{one.state.value.upper()} {one.name}: {describe_account(one, figures.made_at)}"
        out.print(Text.assemble("  ", to_plain_text(line, "red")))
    _print_omitted_count(len(late) - top, "late or failed account")
    if first_step := describe_first_step(figures):
        out.print(Text(first_step))


def _print_failing_shops(figures: Figures, top: int, out: Console, has_many_accounts: bool) -> None:
    title = f"\n{describe_failing_shops(figures)}"
    if not figures.failing_shops:
        out.print(Text(title, "bold"))
        return
    shown = figures.failing_shops[:top]
    has_other_problems = any(one.other_problems for one in shown)
    columns = [
        Column("shop"),
        *([Column("account", drop_order=3)] if has_many_accounts else []),
        Column.number("id"),
        Column("failing since", min_width=16),
        Column.number("logs in 24 h"),
        Column("last log", min_width=16, drop_order=2),
        Column("problem", min_width=22),
        *([Column.number("other problems")] if has_other_problems else []),
        Column("who acts", min_width=9, drop_order=1),
    ]
    rows = [
        (
            to_plain_text(one.label),
            *([to_plain_text(one.account)] if has_many_accounts else []),
            to_plain_text(one.integration_id),
            to_plain_text(format_time(one.since)),
            to_plain_text(f"{one.last_24h:,}", "bold"),
            to_plain_text(format_time(one.last)),
            to_plain_text(_name_problem(one.problem) if one.problem else "no log in this period"),
            *([to_plain_text(_count_other_problems(one))] if has_other_problems else []),
            to_plain_text(one.problem.cause.actor if one.problem else None),
        )
        for one in shown
    ]
    print_table(columns, rows, title=title, console=out)
    _print_omitted_count(len(figures.failing_shops) - top, "failing shop")


def _print_problems(figures: Figures, top: int, out: Console) -> None:
    title = f"\n{describe_problems(figures)}"
    shown = figures.problems[:top]
    if not shown:
        out.print(Text(title, "bold"))
        return
    columns = [
        Column("", is_exact=True),
        Column("state", is_exact=True),
        Column("problem", min_width=32),
        Column.number("failures"),
        Column(f"by {figures.span.unit.value}", min_width=_MAX_TREND_BARS, drop_order=2),
        Column.number("shops", drop_order=5),
        Column("most in", drop_order=4),
        Column("since", min_width=16, drop_order=3),
        Column("last log", min_width=16, drop_order=1),
    ]
    rows = [
        (
            to_plain_text(one.label),
            to_plain_text(one.state.value, _STATE_STYLES.get(one.state, "")),
            to_plain_text(one.title),
            to_plain_text(f"{one.total:,}", "bold"),
            _draw_trend(one.trend),
            to_plain_text(f"{one.shops:,}"),
            to_plain_text(_name_top_shop(one, figures)),
            to_plain_text(format_time(one.since)),
            to_plain_text(format_time(one.last_seen)),
        )
        for one in shown
    ]
    print_table(columns, rows, title=title, console=out)
    _print_omitted_count(len(figures.problems) - top, "problem")
    if notice := describe_last_interval(figures):
        out.print(Text(notice))
    out.print(Text("\nWhat to do", "bold"))
    for one in shown:
        if one.state is ProblemState.RESOLVED:
            continue
        out.print(to_plain_text(f"{one.label} Who acts: {one.cause.actor}. {one.cause.next_step}"))
        if one.example is not None:
            example = f"log {one.example.log_id} of {one.example.account}: {one.example.message or 'no message'}"
            out.print(Text.assemble("    ", to_plain_text(example, "dim")))


def _print_matrix(figures: Figures, top: int, out: Console, has_many_accounts: bool) -> None:
    matrix = figures.matrix
    if not matrix.shops:
        return
    columns = [
        Column("shop"),
        *([Column("account")] if has_many_accounts else []),
        Column.number("id"),
        Column.number("failures"),
        *(Column.number(one.label, drop_order=-number) for number, one in enumerate(matrix.problems)),
    ]
    rows = [
        (
            to_plain_text(shop.label),
            *([to_plain_text(shop.account)] if has_many_accounts else []),
            to_plain_text(shop.integration_id),
            to_plain_text(f"{shop.total:,}", "bold"),
            *(to_plain_text(f"{count:,}" if count else "·") for count in counts),
        )
        for shop, counts in zip(matrix.shops[:top], matrix.counts, strict=False)
    ]
    print_table(columns, rows, title="\nBy shop and problem", console=out)
    shown = min(top, len(matrix.shops))
    hint = "Increase --top to show more." if top < len(matrix.shops) else "Pass --json to list all."
    _print_omitted_count(len(figures.by_integration) - shown, "shop", hint)


def _print_groups(figures: Figures, title: str, column: str, groups: Sequence[Group], top: int, out: Console) -> None:
    if not groups:
        return
    columns = [
        Column(column),
        Column.number("failures"),
        Column(f"by {figures.span.unit.value}", min_width=_MAX_TREND_BARS, drop_order=2),
        Column("last log", min_width=16, drop_order=3),
    ]
    rows = [
        (
            to_plain_text(group.label),
            to_plain_text(f"{group.total:,}", "bold"),
            _draw_trend(group.trend),
            to_plain_text(format_time(group.last)),
        )
        for group in groups[:top]
    ]
    print_table(columns, rows, title=f"\n{title}", console=out)
    _print_omitted_count(len(groups) - top, column)


def _count_other_problems(one: FailingShop) -> str:
    return f"+{len(one.other_problems):,}" if one.other_problems else ""


def _name_problem(one: Problem) -> str:
    # The cause is first, because a narrow terminal cuts the end.
    cause = one.cause.name
    return f"{one.label} {cause}: {one.title.removesuffix(f': {cause}')}"


def _name_top_shop(one: Problem, figures: Figures) -> str:
    return f"{one.top_shop} ({one.top_shop_account})" if len(figures.account_data) > 1 else one.top_shop


def _print_omitted_count(omitted: int, noun: str, hint: str = "Increase --top to show more.") -> None:
    if omitted > 0:
        print_message(f"{format_count(omitted, f'more {noun}')} not shown. {hint}")


def _draw_trend(counts: Sequence[int]) -> Text:
    """Draw the counts as a row of small bars. If there are too many counts, several share a bar."""
    if not any(counts):
        return Text("–")
    size = -(-len(counts) // _MAX_TREND_BARS)
    # Grouped from the newest count backwards, so that only the oldest bar can cover fewer counts.
    ends = range(len(counts), 0, -size)
    sums = [sum(counts[max(0, end - size) : end]) for end in reversed(ends)]
    highest = max(sums)
    return Text("".join(_BAR_LEVELS[-(-count * 7 // highest)] if count else " " for count in sums), style="cyan")
