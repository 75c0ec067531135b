"""The report as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from sendcloud_integrations_client.report.charts import COLOURS, NARROW, WIDE, bars, over_time
from sendcloud_integrations_client.report.figures import Figures, Group, Selection

__all__ = ["render_page"]

_TITLE: Final = "Failures of shop connections"
_CHARTED: Final = 10
_LISTED: Final = 50


def render_page(figures: Figures, *, title: str = _TITLE) -> str:
    """The page.

    Args:
        figures: What it shows.
        title: Its title.

    Returns:
        HTML, to be written as UTF-8.

    Raises:
        ImportError: The extra `report` is missing.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise ImportError("a page needs Jinja2: pip install 'sendcloud-integrations-client[report]'") from None
    environment = Environment(
        loader=PackageLoader("sendcloud_integrations_client.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = _count
    environment.filters["moment"] = _moment
    environment.filters["dotted"] = _dotted
    environment.filters["short"] = _short
    return environment.get_template("page.html.jinja").render(
        title=title,
        figures=figures,
        choice=_choice(figures.selection),
        facts=_facts(figures),
        sections=_sections(figures) if figures.span.starts else [],
        integrations=figures.by_integration[:_LISTED],
        unlisted=len(figures.by_integration) - _LISTED,
        shows_accounts=len(figures.accounts) > 1,
        shops=_pictures(lambda width: bars(figures.by_integration[:_CHARTED], width=width)) if figures.total else None,
    )


@attrs.frozen
class _Pictures:
    """One chart in its two widths; both are SVG, made from escaped text."""

    wide: Any
    narrow: Any


@attrs.frozen
class _Section:
    """A chart over time with what explains it: a legend and a table."""

    heading: str
    summary: str
    legend: list[tuple[str, str]]
    pictures: _Pictures
    column: str
    groups: Sequence[Group]
    unlisted: int


def _sections(figures: Figures) -> list[_Section]:
    return [
        _section("By exception type", "Exception type", figures.by_exception_type, figures),
        _section("By status", "Status", figures.by_status, figures),
    ]


def _section(heading: str, column: str, groups: Sequence[Group], figures: Figures) -> _Section:
    charted = _charted(groups)
    names = ", ".join(f"{one.label} {one.total}" for one in charted)
    return _Section(
        heading=heading,
        summary=f"Bars by {figures.span.unit.value}, stacked: {names}.",
        legend=[(one.label, colour) for one, colour in zip(charted, COLOURS, strict=False)],
        pictures=_pictures(lambda width: over_time(charted, figures.span, width=width)),
        column=column,
        groups=groups[:_LISTED],
        unlisted=len(groups) - _LISTED,
    )


def _charted(groups: Sequence[Group]) -> list[Group]:
    """As many groups as there are colours: the rest of them as one."""
    if len(groups) <= len(COLOURS):
        return list(groups)
    kept, rest = groups[: len(COLOURS) - 1], groups[len(COLOURS) - 1 :]
    trend = tuple(map(sum, zip(*(one.trend for one in rest), strict=True)))
    return [*kept, Group(label=f"{len(rest)} others", total=sum(one.total for one in rest), last=None, trend=trend)]


def _pictures(draw: Callable[[int], str]) -> _Pictures:
    from markupsafe import Markup

    # Vega escapes what it writes into an SVG, and the page forbids scripts besides.
    return _Pictures(Markup(draw(WIDE)), Markup(draw(NARROW)))  # noqa: S704


def _facts(figures: Figures) -> list[tuple[str, str, str]]:
    shops = f"of {figures.integrations:,} integrations" if figures.integrations else ""
    return [
        (_count(figures.total), "failures", f"{figures.outside:,} with no usable time" if figures.outside else ""),
        (_count(len(figures.by_integration)), "shops with failures", shops),
        (_count(figures.failing), "failing now", "as Sendcloud last said"),
        (_count(figures.quarantined), "unreadable records", "kept in quarantine" if figures.quarantined else ""),
    ]


def _dotted(name: str) -> Any:
    """A dotted name that a narrow column may break after its dots."""
    from markupsafe import Markup, escape

    return Markup(".<wbr>").join(escape(part) for part in name.split("."))


def _short(name: str) -> str:
    return name.rpartition(".")[2] or name


def _choice(selection: Selection) -> str:
    """What was left out on purpose, as the end of "Only logs"."""
    parts = [
        f"from {_moment(selection.since)} on" if selection.since else "",
        f"before {_moment(selection.until)}" if selection.until else "",
        f"of {', '.join(sorted(selection.accounts))}" if selection.accounts else "",
        f"of integrations {', '.join(map(str, sorted(selection.integrations)))}" if selection.integrations else "",
    ]
    return ", ".join(filter(None, parts))


def _count(number: int) -> str:
    return f"{number:,}"


def _moment(value: datetime | None) -> str:
    return "–" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
