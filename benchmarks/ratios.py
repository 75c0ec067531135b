"""How things are timed and shown: several rounds taken in turn, as ratios beside their targets."""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

import attrs


@attrs.frozen
class Row:
    """One measurement.

    Attributes:
        what: What was measured.
        value: What came out; a ratio, where `unit` is empty.
        target: The most it should be; None where nothing was promised.
        note: What to know besides.
        unit: Of `value` and `target`.
        at_least: The target is the least that it should be.
    """

    what: str
    value: float
    target: float | None = None
    note: str = ""
    unit: str = ""
    at_least: bool = False

    @property
    def is_missed(self) -> bool:
        """Whether there is a target that was not reached."""
        if self.target is None:
            return False
        return self.value < self.target if self.at_least else self.value > self.target


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


async def rounds_of(ways: Mapping[str, Callable[[], Awaitable[float]]], rounds: int) -> dict[str, float]:
    """What each way gives, the least of several rounds taken in turn: noise only adds. Each way measures itself.

    What is alive beforehand, mostly the modules of all the peers, is kept from the garbage collector meanwhile: a
    program has one of them, and collections would be charged to whoever happens to set them off.
    """
    best = dict.fromkeys(ways, float("inf"))
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            for name, way in ways.items():
                best[name] = min(best[name], await way())
    finally:
        gc.unfreeze()
    return best


def table(rows: Iterable[Row]) -> str:
    """The rows as text."""
    lines = [f"{'measured':66} {'value':>9} {'target':>9}  note"]
    for row in rows:
        target = "" if row.target is None else f"{'≥' if row.at_least else '≤'} {row.target:g}{row.unit}"
        verdict = "  MISSED" if row.is_missed else ""
        lines.append(f"{row.what:66} {f'{row.value:.2f}{row.unit}':>9} {target:>9}  {row.note}{verdict}")
    return "\n".join(lines)
