"""Charts of the report page: Vega-Lite specifications, rendered to SVG by vl-convert when the page is rendered.

The page therefore needs no script: it also displays in mail clients, and nothing that a shop sent can run in it.
Colours are CSS variables of the page, which follow the light or dark colour scheme. Each chart is drawn in two widths,
for desktops and for phones, because the text of a chart that is scaled down is not readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sendcloud_integrations_client.errors import to_single_line
from sendcloud_integrations_client.report.figures import Group
from sendcloud_integrations_client.report.time_spans import Span, Unit

__all__ = ["COLOURS", "NARROW", "WIDE", "draw_bars", "draw_over_time"]

WIDE: Final = 924
"""Width of a chart for desktops, in CSS pixels."""

NARROW: Final = 310
"""Width of a chart for phones, in CSS pixels."""

COLOURS: Final = tuple(f"var(--c{number})" for number in range(1, 8))
"""Colours of the groups of a chart, in order. The last one is for all remaining groups together."""

# d3 time formats, one per line of an axis label.
_LABEL_FORMATS: Final = {
    Unit.HOUR: ("%H:%M", "%-d %b"),
    Unit.DAY: ("%-d %b",),
    Unit.WEEK: ("%-d %b", "%Y"),
    Unit.MONTH: ("%b", "%Y"),
}

_CONFIG: Final[dict[str, Any]] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--quiet)",
        "labelFontSize": 12,
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "gridColor": "var(--line)",
        "title": None,
    },
    # The page describes each chart in a text and a table, so the SVG needs no ARIA attributes.
    "aria": False,
}


def draw_over_time(groups: Sequence[Group], span: Span, *, width: int) -> str:
    """Draw stacked bars: the number of logs per group in each interval of the span.

    Args:
        groups: The groups, from the bottom of the stack to the top; at most `len(COLOURS)`.
        span: The span with the intervals of the trends.
        width: Width in CSS pixels.

    Returns:
        The SVG.
    """
    ends = (*span.starts[1:], span.end)
    lines = ", ".join(f"utcFormat(datum.value, '{form}')" for form in _LABEL_FORMATS[span.unit])
    values = [
        {"start": start.isoformat(), "end": end.isoformat(), "count": count, "position": position}
        for position, group in enumerate(groups)
        for start, end, count in zip(span.starts, ends, group.trend, strict=True)
        if count and end is not None
    ]
    return _draw(
        {
            "width": width,
            "height": 220 if width == WIDE else 180,
            "data": {"values": values},
            "mark": {"type": "bar", "orient": "vertical", "stroke": "var(--card)", "strokeWidth": 0.5},
            "encoding": {
                "x": {
                    "field": "start",
                    "type": "temporal",
                    "scale": {"type": "utc", "nice": False},
                    "axis": {
                        "labelExpr": f"[{lines}]",
                        "tickCount": 8 if width == WIDE else 4,
                        "grid": False,
                        "labelBound": 4,
                        "labelOverlap": True,
                    },
                },
                "x2": {"field": "end"},
                "y": {"field": "count", "type": "quantitative", "stack": "zero", "axis": _COUNT_AXIS},
                "color": _build_colour_encoding([*range(len(groups))]),
                "order": {"field": "position"},
            },
        }
    )


def draw_bars(groups: Sequence[Group], *, width: int) -> str:
    """Draw one bar per group, with its name and count.

    Args:
        groups: The groups, from top to bottom.
        width: Width in CSS pixels.

    Returns:
        The SVG.
    """
    # Keyed by position, so that two shops with the same name have separate bars. The names are above the bars, so that
    # the length of a name and the font do not shorten a bar.
    # vl-convert aborts the process if a text contains a character that XML does not allow, such as ESC.
    values = [
        {"position": position, "name": to_single_line(group.label), "count": group.total}
        for position, group in enumerate(groups)
    ]
    largest = max((group.total for group in groups), default=1)
    text_mark = {"type": "text", "align": "left", "color": "var(--text)", "fontSize": 13}
    return _draw(
        {
            "width": width,
            "height": {"step": 46},
            "data": {"values": values},
            "encoding": {"y": {"field": "position", "type": "ordinal", "axis": None}},
            "layer": [
                {
                    "mark": {"type": "bar", "color": COLOURS[0], "cornerRadiusEnd": 3, "height": 14, "yOffset": 8},
                    "encoding": {
                        "x": {
                            "field": "count",
                            "type": "quantitative",
                            "axis": None,
                            "scale": {"domain": [0, largest * (1.1 if width == WIDE else 1.25)], "nice": False},
                        }
                    },
                },
                {
                    "mark": text_mark | {"dx": 6, "dy": 8},
                    "encoding": {
                        "x": {"field": "count", "type": "quantitative"},
                        "text": {"field": "count", "format": ","},
                    },
                },
                {
                    "mark": text_mark | {"dy": -9, "limit": width * 0.8},
                    "encoding": {"x": {"value": 0}, "text": {"field": "name"}},
                },
            ],
        }
    )


_COUNT_AXIS: Final[dict[str, Any]] = {"tickMinStep": 1, "tickCount": 4, "format": ",d", "domain": False, "ticks": False}


def _build_colour_encoding(positions: list[int]) -> dict[str, Any]:
    scale = {"domain": positions, "range": [*COLOURS[: len(positions)]]}
    return {"field": "position", "type": "nominal", "scale": scale, "legend": None}


def _draw(spec: dict[str, Any]) -> str:
    try:
        import vl_convert
    except ImportError:
        raise ImportError(
            "Charts require vl-convert. Run: pip install 'sendcloud-integrations-client[report]'"
        ) from None
    sized_spec = spec | {
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"right": 12},
        "config": _CONFIG,
    }
    return vl_convert.vegalite_to_svg(sized_spec, vl_version="6.1", allowed_base_urls=[])
