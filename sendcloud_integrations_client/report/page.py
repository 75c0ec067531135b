"""The report as one self-contained HTML page, without scripts, external fonts or network requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from sendcloud_integrations_client.report.charts import COLOURS, NARROW, WIDE, draw_bars, draw_over_time
from sendcloud_integrations_client.report.figures import Figures, Group, Selection

__all__ = ["render_page"]

_TITLE: Final = "Failures of shop connections"
_MAX_CHARTED_SHOPS: Final = 10
_MAX_LISTED_GROUPS: Final = 50


def render_page(figures: Figures, *, title: str = _TITLE) -> str:
    """Render a report as an HTML page.

    Args:
        figures: The counts to show.
        title: Title of the page. Defaults to "Failures of shop connections".

    Returns:
        The HTML. Write it to a file as UTF-8.

    Raises:
        ImportError: If the extra `report` is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
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
    environment.filters["count"] = _format_count
    environment.filters["time"] = _format_time
    environment.filters["break_after_dots"] = _break_after_dots
    environment.filters["short"] = _shorten_type
    return environment.get_template("page.html.jinja").render(
        title=title,
        figures=figures,
        selection=_describe_selection(figures.selection),
        cards=_build_cards(figures),
        sections=_build_sections(figures) if figures.span.starts else [],
        integrations=figures.by_integration[:_MAX_LISTED_GROUPS],
        unlisted=len(figures.by_integration) - _MAX_LISTED_GROUPS,
        shows_accounts=len(figures.accounts) > 1,
        shop_charts=_draw_charts(lambda width: draw_bars(figures.by_integration[:_MAX_CHARTED_SHOPS], width=width))
        if figures.total
        else None,
    )


@attrs.frozen
class _Charts:
    """One chart in both widths, as SVG in which all text is escaped."""

    wide: Any
    narrow: Any


@attrs.frozen
class _Section:
    """A chart over time with its legend and table."""

    heading: str
    summary: str
    legend: list[tuple[str, str]]
    charts: _Charts
    column: str
    groups: Sequence[Group]
    unlisted: int


def _build_sections(figures: Figures) -> list[_Section]:
    return [
        _build_section("By exception type", "Exception type", figures.by_exception_type, figures),
        _build_section("By status", "Status", figures.by_status, figures),
    ]


def _build_section(heading: str, column: str, groups: Sequence[Group], figures: Figures) -> _Section:
    charted = _limit_groups(groups)
    names = ", ".join(f"{one.label} {one.total}" for one in charted)
    return _Section(
        heading=heading,
        summary=f"Bars by {figures.span.unit.value}, stacked: {names}.",
        legend=[(one.label, colour) for one, colour in zip(charted, COLOURS, strict=False)],
        charts=_draw_charts(lambda width: draw_over_time(charted, figures.span, width=width)),
        column=column,
        groups=groups[:_MAX_LISTED_GROUPS],
        unlisted=len(groups) - _MAX_LISTED_GROUPS,
    )


def _limit_groups(groups: Sequence[Group]) -> list[Group]:
    """Return at most as many groups as there are colours. The last one sums up the remaining groups."""
    if len(groups) <= len(COLOURS):
        return list(groups)
    kept, others = groups[: len(COLOURS) - 1], groups[len(COLOURS) - 1 :]
    trend = tuple(map(sum, zip(*(one.trend for one in others), strict=True)))
    return [*kept, Group(label=f"{len(others)} others", total=sum(one.total for one in others), last=None, trend=trend)]


def _draw_charts(draw: Callable[[int], str]) -> _Charts:
    from markupsafe import Markup

    # Vega escapes all text in an SVG. In addition, the Content-Security-Policy of the page forbids scripts.
    return _Charts(Markup(draw(WIDE)), Markup(draw(NARROW)))  # noqa: S704


def _build_cards(figures: Figures) -> list[tuple[str, str, str]]:
    shops = f"of {figures.integrations:,} integrations" if figures.integrations else ""
    return [
        (
            _format_count(figures.total),
            "failures",
            f"{figures.outside:,} without a usable time" if figures.outside else "",
        ),
        (_format_count(len(figures.by_integration)), "shops with failures", shops),
        (_format_count(figures.failing), "failing now", "as last reported by Sendcloud"),
        (
            _format_count(figures.quarantined),
            "undecodable records",
            "kept in quarantine" if figures.quarantined else "",
        ),
    ]


def _break_after_dots(name: str) -> Any:
    """Return a dotted name as HTML that allows line breaks after its dots, for narrow columns."""
    from markupsafe import Markup, escape

    return Markup(".<wbr>").join(escape(part) for part in name.split("."))


def _shorten_type(name: str) -> str:
    return name.rpartition(".")[2] or name


def _describe_selection(selection: Selection) -> str:
    """Return the conditions of a selection, as the end of the sentence "Only logs …". It can be empty."""
    parts = [
        f"since {_format_time(selection.since)}" if selection.since else "",
        f"before {_format_time(selection.until)}" if selection.until else "",
        f"of accounts {', '.join(sorted(selection.accounts))}" if selection.accounts else "",
        f"of integrations {', '.join(map(str, sorted(selection.integrations)))}" if selection.integrations else "",
    ]
    return ", ".join(filter(None, parts))


def _format_count(number: int) -> str:
    return f"{number:,}"


def _format_time(value: datetime | None) -> str:
    return "–" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
