"""What importing the package costs, against importing httpx, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.ratios import Row

ROUNDS = 15


def measure() -> list[Row]:
    """The best of several rounds, the two in alternation."""
    ours, bare, nothing = [], [], []
    for _ in range(ROUNDS):
        nothing.append(seconds("pass"))
        bare.append(seconds("import httpx"))
        ours.append(seconds("import sendcloud_integrations_client"))
    base = min(nothing)
    ratio = (min(ours) - base) / (min(bare) - base)
    return [Row("importing the package / import httpx", ratio, 1.5, f"{1e3 * (min(ours) - base):.0f} ms")]


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start
