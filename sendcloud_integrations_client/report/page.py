"""The report as one self-contained HTML page, without external fonts, scripts or network requests.

The page is complete without its script, which only filters and sorts tables. The Content-Security-Policy allows this
script, by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Final

import attrs

from sendcloud_integrations_client.report.accounts import AccountState
from sendcloud_integrations_client.report.bar_paths import HEIGHT, STEP, build_bars, build_stacked_bars
from sendcloud_integrations_client.report.figures import Figures, Group
from sendcloud_integrations_client.report.problems import Problem
from sendcloud_integrations_client.report.wording import (
    describe_account,
    describe_change,
    describe_data,
    describe_failing_shops,
    describe_first_step,
    describe_last_interval,
    describe_other_problems,
    describe_problems,
    describe_selection,
    format_age,
    format_interval,
    format_share,
    format_time,
)

__all__ = ["render_page"]

_TITLE: Final = "Failures of shop connections"
_COLOURS: Final = 7
_MAX_FAILING_SHOPS: Final = 200
_MAX_PROBLEMS: Final = 50
_MAX_GROUPS: Final = 30
_MAX_ACCOUNTS: Final = 3  # accounts that are not current and shown without a click


def render_page(figures: Figures, *, title: str = _TITLE) -> str:
    """Render a report as an HTML page.

    Args:
        figures: The figures to show.
        title: Title of the page. Defaults to "Failures of shop connections".

    Returns:
        The HTML. Write it to a file as UTF-8.

    Raises:
        ImportError: If the extra `report` is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise ImportError(
            "The report page requires Jinja2. Run: pip install 'sendcloud-integrations-client[report]'"
        ) from None
    environment = Environment(
        loader=PackageLoader("sendcloud_integrations_client.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def get_age(value: datetime) -> str:
        return format_age(figures.made_at - value)

    environment.filters["count"] = _format_count
    environment.filters["time"] = format_time
    environment.filters["utc"] = _format_utc
    script = _read("page.js")
    late = [one for one in figures.account_data if one.state is not AccountState.CURRENT]
    return environment.get_template(
        "page.html.jinja"
    ).render(
        title=title,
        figures=figures,
        style=Markup(_read("page.css")),  # noqa: S704 - files of this package
        script=Markup(script),  # noqa: S704
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        selection=describe_selection(figures),
        data=describe_data(figures),
        late_accounts=[(one, describe_account(one, figures.made_at)) for one in late],
        first_step=describe_first_step(figures),
        shown_accounts=_MAX_ACCOUNTS,
        failing=describe_failing_shops(figures),
        failing_shops=figures.failing_shops[:_MAX_FAILING_SHOPS],
        unlisted_shops=len(figures.failing_shops) - _MAX_FAILING_SHOPS,
        problem_states=describe_problems(figures),
        problems=[(one, _build_trend(one, figures)) for one in figures.problems[:_MAX_PROBLEMS]],
        unlisted_problems=len(figures.problems) - _MAX_PROBLEMS,
        change=describe_change(figures),
        share=format_share,
        notice=describe_last_interval(figures),
        get_age=get_age,
        describe_other_problems=describe_other_problems,
        has_many_accounts=len(figures.account_data) > 1,
        charts=[
            _build_chart("By exception type", "Exception type", figures.by_exception_type, figures),
            _build_chart("By status", "Status", figures.by_status, figures),
        ]
        if figures.span.starts
        else [],
    )


@attrs.frozen
class _Trend:
    """A small chart of one problem."""

    path: str
    width: int
    height: int
    text: str


@attrs.frozen
class _ChartGroup:
    """One colour of a chart, and its row in the legend."""

    group: Group
    path: str
    colour: int


@attrs.frozen
class _Chart:
    """A chart over time with its legend."""

    heading: str
    column: str
    groups: list[_ChartGroup]
    others: Sequence[Group]
    unlisted: int
    width: int
    height: int
    unfinished_from: int | None
    labels: list[str]
    highest: str
    text: str


def _build_trend(problem: Problem, figures: Figures) -> _Trend | None:
    if not any(problem.trend):
        return None
    values = ", ".join(f"{count:,}" for count in problem.trend)
    text = f"By {figures.span.unit.value}: {values}"
    return _Trend(build_bars(problem.trend), len(problem.trend) * STEP, HEIGHT, text)


def _build_chart(heading: str, column: str, groups: Sequence[Group], figures: Figures) -> _Chart:
    charted, others = _limit_groups(groups)
    sums = [sum(counts) for counts in zip(*(one.trend for one in charted), strict=True)]
    unit, starts = figures.span.unit, figures.span.starts
    labels = [format_interval(start, unit) for start in starts]
    values = ", ".join(f"{label} {total:,}" for label, total in zip(labels, sums, strict=True))
    highest = max(range(len(sums)), key=lambda index: sums[index])
    return _Chart(
        heading=f"{heading}, by {unit.value}",
        column=column,
        groups=[
            _ChartGroup(one, path, number)
            for number, (one, path) in enumerate(
                zip(charted, build_stacked_bars([one.trend for one in charted]), strict=True), 1
            )
        ],
        others=others[:_MAX_GROUPS],
        unlisted=len(others) - _MAX_GROUPS,
        width=len(starts) * STEP,
        height=HEIGHT,
        unfinished_from=(len(starts) - 1) * STEP if figures.is_last_interval_unfinished else None,
        labels=[labels[index] for index in sorted({0, len(labels) // 2, len(labels) - 1})],
        highest=f"Highest {unit.value}: {labels[highest]}, {sums[highest]:,} failures.",
        text=f"Failures by {unit.value}: {values}.",
    )


def _limit_groups(groups: Sequence[Group]) -> tuple[list[Group], Sequence[Group]]:
    """Return at most as many groups as there are colours, and those that the last one sums up."""
    if len(groups) <= _COLOURS:
        return list(groups), ()
    shown, others = groups[: _COLOURS - 1], groups[_COLOURS - 1 :]
    summed = Group(
        label=f"{len(others):,} others",
        total=sum(one.total for one in others),
        last=max((one.last for one in others if one.last), default=None),
        trend=tuple(map(sum, zip(*(one.trend for one in others), strict=True))),
    )
    return [*shown, summed], others


def _read(name: str) -> str:
    return resources.files("sendcloud_integrations_client.report").joinpath(name).read_text(encoding="utf-8")


def _format_count(number: int) -> str:
    return f"{number:,}"


def _format_utc(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
