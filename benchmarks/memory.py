"""Memory during an iteration over 10,000 pages: the last 1,000 pages compared with the first 1,000."""

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
    """Measure in a new process, so that nothing else occupies its memory. Linux only."""
    if not _STATM.exists():
        return []
    with server() as url, multiprocessing.get_context("spawn").Pool(1) as pool:
        first, last = pool.apply(measure_iteration, (f"{url}/pages/{PAGES}",))
    what = f"memory during the last 1,000 of {PAGES:,} pages / during the first 1,000"
    return [Row(what, last / first, 1.02, f"{first:.1f} and {last:.1f} MB resident")]


def measure_iteration(base_url: str) -> tuple[float, float]:
    """Return the mean resident megabytes during the first and the last 1,000 pages."""

    async def measure_after_each_page() -> list[float]:
        # Without rate limits, which would extend the run to ten minutes. A budget stores the calls of one window only.
        async with SendcloudIntegrations(auth=BasicAuth("p", "s"), base_url=base_url, rate_limits=None) as client:
            return [get_resident_megabytes() async for _ in client.logs.list(page_size=100).pages()]

    sizes = asyncio.run(measure_after_each_page())
    return fmean(sizes[:1000]), fmean(sizes[-1000:])


def get_resident_megabytes() -> float:
    return int(_STATM.read_text().split()[1]) * 4096 / 1e6
