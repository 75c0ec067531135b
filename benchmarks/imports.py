"""What importing the package costs, against importing httpx, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.ratios import Row

ROUNDS = 15


def measure() -> list[Row]:
    """The best of several rounds, all in alternation. Names are loaded on first use, so both are worth knowing."""
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
            best[name] = min(best[name], seconds(code))
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


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start
