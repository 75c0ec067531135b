"""Import time of the package compared with httpx, each in a new interpreter."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.ratios import Row

ROUNDS = 15


def measure() -> list[Row]:
    """Return the best of several alternating rounds for the package, and for its names, which load on first use."""
    codes = {
        "nothing": "import asyncio",
        "httpx": "import asyncio, httpx",
        "package": "import asyncio, sendcloud_integrations_client",
        "client": "import asyncio; from sendcloud_integrations_client import SendcloudIntegrations",
        "all": "import asyncio; from sendcloud_integrations_client import *",
    }
    best = dict.fromkeys(codes, float("inf"))
    for _ in range(ROUNDS):
        for name, code in codes.items():
            best[name] = min(best[name], measure_import(code))
    cost = {name: best[name] - best["nothing"] for name in codes}
    names = {
        "package": "import sendcloud_integrations_client / import httpx",
        "client": "from … import SendcloudIntegrations / import httpx",
        "all": "from … import * (every model) / import httpx",
    }
    return [
        Row(what, cost[name] / cost["httpx"], 1.5 if name == "package" else None, f"{1e3 * cost[name]:.0f} ms")
        for name, what in names.items()
    ]


def measure_import(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start
