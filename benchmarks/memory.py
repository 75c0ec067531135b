"""Whether a walk of 10,000 pages needs more memory at its end than at its beginning."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path
from statistics import fmean

from benchmarks.ratios import Row
from benchmarks.server import server
from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations

PAGES = 10_000
_STATM = Path("/proc/self/statm")


def measure() -> list[Row]:
    """In a process of its own, which nothing else has filled before; on Linux only."""
    if not _STATM.exists():
        return []
    with server() as url, multiprocessing.get_context("spawn").Pool(1) as pool:
        first, last = pool.apply(walk, (f"{url}/pages/{PAGES}",))
    what = f"memory in the last 1,000 of {PAGES:,} pages / in the first 1,000"
    return [Row(what, last / first, 1.02, f"{first:.1f} and {last:.1f} MB resident")]


def walk(base_url: str) -> tuple[float, float]:
    """Megabytes resident, the mean over the first and over the last 1,000 pages."""

    async def sizes_after_each() -> list[float]:
        # Without limits, which would make it take ten minutes; a budget remembers the calls of one window at most.
        async with SendcloudIntegrations(auth=BasicAuth("p", "s"), base_url=base_url, rate_limits=None) as client:
            return [megabytes() async for _ in client.logs.list(page_size=100).pages()]

    sizes = asyncio.run(sizes_after_each())
    return fmean(sizes[:1000]), fmean(sizes[-1000:])


def megabytes() -> float:
    return int(_STATM.read_text().split()[1]) * 4096 / 1e6
