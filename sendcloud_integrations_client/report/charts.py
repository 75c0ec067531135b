"""The charts of a page: Vega-Lite, drawn to SVG by vl-convert when the page is made.

So the page needs no script: it opens at once, in a mail too, and nothing that a shop sent can run in it. Colours are
the page's own variables, which follow light and dark. Each chart is drawn twice, for a desk and for a phone, for the
text of a chart that is scaled down cannot be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sendcloud_integrations_client.errors import one_line
from sendcloud_integrations_client.report.figures import Group
from sendcloud_integrations_client.report.spans import Span, Unit

__all__ = ["COLOURS", "NARROW", "WIDE", "bars", "over_time"]

WIDE: Final = 924
"""Width of a chart for a desk, in CSS pixels."""

NARROW: Final = 310
"""Width of a chart for a phone, in CSS pixels."""

COLOURS: Final = tuple(f"var(--c{number})" for number in range(1, 8))
"""The colours of a chart's groups, in their order; the last is for what is left over."""

# A label's lines.
_FORMATS: Final = {
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
    # The page says in words and in a table what each chart shows.
    "aria": False,
}


def over_time(groups: Sequence[Group], span: Span, *, width: int) -> str:
    """Stacked bars: how many logs of each group were made in each part of the span.

    Args:
        groups: The groups, the lowest of the stack first; at most as many as there are colours.
        span: The parts that their trends are in.
        width: Width in CSS pixels.

    Returns:
        The SVG.
    """
    ends = (*span.starts[1:], span.end)
    lines = ", ".join(f"utcFormat(datum.value, '{form}')" for form in _FORMATS[span.unit])
    values = [
        {"start": start.isoformat(), "end": end.isoformat(), "count": count, "place": place}
        for place, group in enumerate(groups)
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
                "y": {"field": "count", "type": "quantitative", "stack": "zero", "axis": _COUNTS},
                "color": _colour([*range(len(groups))]),
                "order": {"field": "place"},
            },
        }
    )


def bars(groups: Sequence[Group], *, width: int) -> str:
    """A bar for each group, with its name and its count.

    Args:
        groups: The groups, the topmost first.
        width: Width in CSS pixels.

    Returns:
        The SVG.
    """
    # By place, so that two shops of one name stay two bars. The names stand above the bars: however long they are, and
    # whatever font the reader has, no bar gets shorter by them.
    # A character that XML does not have, such as ESC, would make vl-convert abort the process.
    values = [
        {"place": place, "name": one_line(group.label), "count": group.total} for place, group in enumerate(groups)
    ]
    most = max((group.total for group in groups), default=1)
    text = {"type": "text", "align": "left", "color": "var(--text)", "fontSize": 13}
    return _draw(
        {
            "width": width,
            "height": {"step": 46},
            "data": {"values": values},
            "encoding": {"y": {"field": "place", "type": "ordinal", "axis": None}},
            "layer": [
                {
                    "mark": {"type": "bar", "color": COLOURS[0], "cornerRadiusEnd": 3, "height": 14, "yOffset": 8},
                    "encoding": {
                        "x": {
                            "field": "count",
                            "type": "quantitative",
                            "axis": None,
                            "scale": {"domain": [0, most * (1.1 if width == WIDE else 1.25)], "nice": False},
                        }
                    },
                },
                {
                    "mark": text | {"dx": 6, "dy": 8},
                    "encoding": {
                        "x": {"field": "count", "type": "quantitative"},
                        "text": {"field": "count", "format": ","},
                    },
                },
                {
                    "mark": text | {"dy": -9, "limit": width * 0.8},
                    "encoding": {"x": {"value": 0}, "text": {"field": "name"}},
                },
            ],
        }
    )


_COUNTS: Final[dict[str, Any]] = {"tickMinStep": 1, "tickCount": 4, "format": ",d", "domain": False, "ticks": False}


def _colour(places: list[int]) -> dict[str, Any]:
    scale = {"domain": places, "range": [*COLOURS[: len(places)]]}
    return {"field": "place", "type": "nominal", "scale": scale, "legend": None}


def _draw(spec: dict[str, Any]) -> str:
    try:
        import vl_convert
    except ImportError:
        raise ImportError(
            "the charts of a report need vl-convert: pip install 'sendcloud-integrations-client[report]'"
        ) from None
    sized = spec | {"autosize": {"type": "fit-x", "contains": "padding"}, "padding": {"right": 12}, "config": _CONFIG}
    return vl_convert.vegalite_to_svg(sized, vl_version="6.1", allowed_base_urls=[])
