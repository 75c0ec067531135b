"""Sentences of the report, which all of its forms share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sendcloud_integrations_client.report.accounts import AccountData, AccountState
from sendcloud_integrations_client.report.figures import FailingShop, Figures
from sendcloud_integrations_client.report.problems import ProblemState
from sendcloud_integrations_client.report.time_spans import Unit

__all__ = [
    "describe_account",
    "describe_change",
    "describe_data",
    "describe_failing_shops",
    "describe_first_step",
    "describe_last_interval",
    "describe_other_problems",
    "describe_problems",
    "describe_selection",
    "format_age",
    "format_count",
    "format_interval",
    "format_share",
    "format_time",
]

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_MAX_OTHER_PROBLEMS: Final = 3


def describe_data(figures: Figures) -> str:
    """Return how old the data is: `Data of 3 accounts: 1 failed, 2 current. Last successful sync 5 min to 2 h ago.`."""
    accounts = figures.account_data
    if not accounts:
        return "Data of 0 accounts: no sync has run yet."
    states = ", ".join(
        f"{count:,} {state.value}" for state in AccountState if (count := figures.count_accounts(state)) > 0
    )
    text = f"Data of {format_count(len(accounts), 'account')}: {states}."
    times = [one.synced_at for one in accounts if one.synced_at is not None]
    if not times:
        return f"{text} No sync has succeeded yet."
    newest, oldest = format_age(figures.made_at - max(times)), format_age(figures.made_at - min(times))
    return f"{text} Last successful sync {newest if newest == oldest else f'{newest} to {oldest}'} ago."


def describe_account(one: AccountData, made_at: datetime) -> str:
    """Return why the data of an account is not current."""
    if one.synced_at is None:
        synced = "never synced"
    else:
        synced = f"complete up to {format_time(one.synced_at)} ({format_age(made_at - one.synced_at)} ago)"
    if one.failed_at is None:
        return f"{synced}; no sync since"
    return f"{synced}; last sync failed {format_age(made_at - one.failed_at)} ago: {one.error}"


def describe_first_step(figures: Figures) -> str:
    """Return what to do about accounts without current data, before anything else; empty if all are current."""
    late = sum(one.state is not AccountState.CURRENT for one in figures.account_data)
    if not late:
        return ""
    sync, its = ("sync of this account", "its") if late == 1 else (f"syncs of these {late:,} accounts", "their")
    return f"Who acts: us. Repair the {sync} first: {its} newer failures are missing from this report."


def describe_failing_shops(figures: Figures) -> str:
    """Return how many shops fail now."""
    return f"Failing now: {len(figures.failing_shops):,} of {format_count(figures.integrations, 'shop')}"


def describe_other_problems(one: FailingShop) -> str:
    """Return the problems of a shop in addition to the main one: `Also P4 (new), P5 (ongoing).`; empty if none."""
    shown = [f"{problem.label} ({problem.state.value})" for problem in one.other_problems[:_MAX_OTHER_PROBLEMS]]
    unlisted = len(one.other_problems) - len(shown)
    return f"Also {', '.join(shown)}{f' and {unlisted:,} more' if unlisted else ''}." if shown else ""


def describe_problems(figures: Figures) -> str:
    """Return how many problems there are: `Problems: 1 new, 2 ongoing`."""
    states = [f"{count:,} {state.value}" for state in ProblemState if (count := figures.count_problems(state)) > 0]
    return f"Problems: {', '.join(states) or 'none'}"


def describe_change(figures: Figures) -> str:
    """Return how the period compares with the previous one."""
    change = figures.change
    text = f"{format_count(change.total, 'failure')} of {format_count(change.shops, 'shop')}"
    if change.previous_total is None:
        return f"{text}. No previous period, because the report has no start."
    share = format_share(change.total, change.previous_total)
    return (
        f"{text}. Previous period of equal length: {format_count(change.previous_total, 'failure')} of "
        f"{format_count(change.previous_shops or 0, 'shop')}{f' ({share})' if share else ''}."
    )


def describe_last_interval(figures: Figures) -> str:
    """Return that the last interval is unfinished, and that the first one is incomplete; empty if neither is."""
    unit, since = figures.span.unit.value, figures.selection.since
    starts = figures.span.starts
    first = (
        f"The first {unit} contains logs from {format_time(since)}. " if since and starts and since > starts[0] else ""
    )
    if not figures.is_last_interval_unfinished:
        return first.strip()
    return f"{first}The last {unit} is unfinished: it contains logs up to {format_time(figures.made_at)}."


def describe_selection(figures: Figures) -> str:
    """Return the period and the other conditions of the report."""
    selection = figures.selection
    start = selection.since or figures.first
    period = f"{format_time(start)} to {format_time(selection.until or figures.made_at)} UTC"
    parts = [
        period if start is not None else f"{format_time(figures.made_at)} UTC",
        f"only accounts {', '.join(sorted(selection.accounts))}" if selection.accounts else "",
        f"only integrations {', '.join(map(str, sorted(selection.integrations)))}" if selection.integrations else "",
    ]
    return "; ".join(filter(None, parts))


def format_age(age: timedelta) -> str:
    """Return an age with one unit: `less than a minute`, `5 min`, `3 h` or `12 days`."""
    if age < _MINUTE:
        return "less than a minute"
    if age < _HOUR:
        return f"{age // _MINUTE} min"
    if age < 2 * _DAY:
        return f"{age // _HOUR} h"
    return f"{age // _DAY:,} days"


def format_count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 shop`, `2 shops`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_share(total: int, previous: int | None) -> str:
    """Return a change in percent, such as `+25 %`; empty if there is nothing to compare with."""
    if not previous:
        return ""
    share = f"{(total - previous) / previous:+,.0%}"
    return "0 %" if share in ("+0%", "-0%") else share.replace("%", " %")


def format_time(value: datetime | None) -> str:
    """Return a time in UTC, without seconds."""
    return "–" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"


def format_interval(start: datetime, unit: Unit) -> str:
    """Return the label of an interval: `14:00`, `8 Mar`, `week of 8 Mar` or `Mar 2026`."""
    day = f"{start.day} {start:%b}"
    match unit:
        case Unit.HOUR:
            return f"{day} {start:%H:%M}"
        case Unit.DAY:
            return day
        case Unit.WEEK:
            return f"week of {day} {start:%Y}"
        case Unit.MONTH:
            return f"{start:%b %Y}"
