"""Timing in alternating rounds, and a table of the results with their targets."""

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
        value: The result; a ratio if `unit` is empty.
        target: Upper bound for `value`; None if there is no target.
        note: Additional figures.
        unit: Unit of `value` and `target`.
        at_least: Whether the target is a lower bound instead.
    """

    what: str
    value: float
    target: float | None = None
    note: str = ""
    unit: str = ""
    at_least: bool = False

    @property
    def is_missed(self) -> bool:
        """Whether there is a target and the value misses it."""
        if self.target is None:
            return False
        return self.value < self.target if self.at_least else self.value > self.target


def best_of(functions: Mapping[str, Callable[[], object]], *, rounds: int = 15, repeats: int = 20) -> dict[str, float]:
    """Return the seconds per run of each function: the best of several rounds that alternate between the functions."""
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(repeats):
                function()
            best[name] = min(best[name], (time.perf_counter() - start) / repeats)
    return best


async def best_measurement_of(
    measurements: Mapping[str, Callable[[], Awaitable[float]]], rounds: int
) -> dict[str, float]:
    """Return the smallest result of each measurement over several alternating rounds: noise only adds to a result.

    Objects that exist beforehand, mostly the modules of all peers, are hidden from the garbage collector. A real
    program imports only one of the peers, and a collection would be charged to the measurement that triggers it.
    """
    best = dict.fromkeys(measurements, float("inf"))
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            for name, measure in measurements.items():
                best[name] = min(best[name], await measure())
    finally:
        gc.unfreeze()
    return best


def format_table(rows: Iterable[Row]) -> str:
    """Format the rows as a text table."""
    lines = [f"{'measurement':74} {'value':>9} {'target':>9}  note"]
    for row in rows:
        target = "" if row.target is None else f"{'≥' if row.at_least else '≤'} {row.target:g}{row.unit}"
        verdict = "  MISSED" if row.is_missed else ""
        lines.append(f"{row.what:74} {f'{row.value:.2f}{row.unit}':>9} {target:>9}  {row.note}{verdict}")
    return "\n".join(lines)
