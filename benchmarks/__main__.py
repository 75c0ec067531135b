"""Run all benchmarks, or the named ones, and print their results as a table. Same as `make bench`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from benchmarks import (
    budget,
    calls,
    connections,
    decoding,
    imports,
    iterations,
    layers,
    memory,
    redaction,
    report,
    shared,
    storms,
)
from benchmarks.ratios import Row, format_table

PARTS: dict[str, Callable[[], list[Row]]] = {
    "decoding": decoding.measure,
    "imports": imports.measure,
    "layers": layers.measure,
    "calls": calls.measure,
    "iterations": iterations.measure,
    "budget": budget.measure,
    "memory": memory.measure,
    "redaction": redaction.measure,
    "report": report.measure,
    "storms": storms.measure,
    "connections": connections.measure,
    "shared": shared.measure,
}


def main() -> None:
    """Parse the arguments, run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"benchmarks to run: {', '.join(PARTS)} (default: all)"
    )
    parts: list[str] = parser.parse_args().parts or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"unknown part: {', '.join(unknown)}")
    rows: list[Row] = []
    for part in parts:
        start = time.perf_counter()
        print(f"{part} ...", end=" ", flush=True)
        rows += PARTS[part]()
        print(f"{time.perf_counter() - start:.0f} s", flush=True)
    print("", format_table(rows), sep="\n")


if __name__ == "__main__":
    main()
