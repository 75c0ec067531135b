"""How things are timed and shown: the best of several rounds taken in turn, as ratios."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

import attrs


@attrs.frozen
class Row:
    """One measurement: a ratio, the most it should be, and what to know besides."""

    what: str
    ratio: float
    target: float | None
    note: str = ""


def best_of(ways: Mapping[str, Callable[[], object]], *, rounds: int = 15, repeats: int = 20) -> dict[str, float]:
    """Seconds that each way takes, the best of several rounds; the ways take turns, so that noise meets them all."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            for _ in range(repeats):
                way()
            best[name] = min(best[name], (time.perf_counter() - start) / repeats)
    return best


def table(rows: Iterable[Row]) -> str:
    """The rows as text."""
    lines = [f"{'measured':56} {'ratio':>7} {'target':>7}  note"]
    for row in rows:
        target = "" if row.target is None else f"{row.target:g}"
        verdict = "" if row.target is None or row.ratio <= row.target else "  MISSED"
        lines.append(f"{row.what:56} {row.ratio:7.2f} {target:>7}  {row.note}{verdict}")
    return "\n".join(lines)
