"""`make bench`: every measurement, as a table of ratios from one run."""

from __future__ import annotations

from benchmarks import decoding, imports, layers, storms
from benchmarks.ratios import table


def main() -> None:
    """Measure, and print the table."""
    print(table([*decoding.measure(), *imports.measure(), *layers.measure(), *storms.measure()]))


if __name__ == "__main__":
    main()
