"""Bars of the charts on the report page, as the data of SVG paths.

The page draws each chart once. Its width is stretched to the page, so it contains bars only, and all text is HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["HEIGHT", "STEP", "build_bars", "build_stacked_bars"]

STEP: Final = 10
"""Width of an interval, in the units of the SVG."""

HEIGHT: Final = 400
"""Height of the highest bar, in the units of the SVG."""

_BAR_WIDTH: Final = 9


def build_bars(counts: Sequence[int]) -> str:
    """Return the path of one bar per count.

    Args:
        counts: Number of logs in each interval.
    """
    return build_stacked_bars([counts])[0]


def build_stacked_bars(groups: Sequence[Sequence[int]]) -> list[str]:
    """Return the path of the bars of each group, which are stacked upwards.

    Args:
        groups: For each group, from the bottom of the stack to the top, the number of logs in each interval.
    """
    highest = max((sum(counts) for counts in zip(*groups, strict=True)), default=0) or 1
    below = [0] * max(map(len, groups), default=0)
    paths: list[str] = []
    for counts in groups:
        parts: list[str] = []
        for index, count in enumerate(counts):
            if count:
                bottom = HEIGHT - below[index] * HEIGHT // highest
                # At least one unit high, so that a single log is visible next to thousands.
                top = min(bottom - 1, HEIGHT - (below[index] + count) * HEIGHT // highest)
                parts.append(f"M{index * STEP} {bottom}v{top - bottom}h{_BAR_WIDTH}V{bottom}z")
                below[index] += count
        paths.append("".join(parts))
    return paths
