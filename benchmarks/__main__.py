"""`make bench`: every measurement, or those that are named, as a table from one run."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from benchmarks import budget, calls, connections, decoding, imports, layers, memory, storms, walks
from benchmarks.ratios import Row, table

PARTS: dict[str, Callable[[], list[Row]]] = {
    "decoding": decoding.measure,
    "imports": imports.measure,
    "layers": layers.measure,
    "calls": calls.measure,
    "walks": walks.measure,
    "budget": budget.measure,
    "memory": memory.measure,
    "storms": storms.measure,
    "connections": connections.measure,
}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"what to measure: {', '.join(PARTS)}; all of them")
    parts: list[str] = parser.parse_args().parts or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}")
    rows: list[Row] = []
    for part in parts:
        start = time.perf_counter()
        print(f"{part} ...", end=" ", flush=True)
        rows += PARTS[part]()
        print(f"{time.perf_counter() - start:.0f} s", flush=True)
    print("", table(rows), sep="\n")


if __name__ == "__main__":
    main()
