"""Share of the rate limit that 32 callers use, and whether they exceed it, measured by a server that counts calls."""

from __future__ import annotations

import asyncio
import time

from benchmarks.ratios import Row
from benchmarks.server import server
from sendcloud_integrations_client import BasicAuth, CallReport, RateLimits, SendcloudIntegrations
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget, _budgets

LIMIT = 300
SECONDS = 8
CALLERS = 32


def measure() -> list[Row]:
    """Measure with a window of one second instead of one minute, so that the run covers several windows."""
    with server() as url:
        served, rejected = asyncio.run(fill_limit(f"{url}/limited/{LIMIT}"))
    share = served / (LIMIT * SECONDS)
    return [
        Row(
            "share of the rate limit used by 32 callers",
            share,
            0.97,
            f"{LIMIT} per second for {SECONDS} s",
            at_least=True,
        ),
        Row("responses with status 429", rejected, 0, f"{served} calls, {CALLERS} callers"),
    ]


async def fill_limit(base_url: str) -> tuple[int, int]:
    """Return the number of calls with status 200 and with status 429."""
    limits = RateLimits(reads_per_minute=LIMIT)
    auth = BasicAuth("budget", "s")
    budget = _budgets[auth.budget_key, limits] = LocalBudget(limits, minute=1.0)
    reports: list[CallReport] = []
    async with SendcloudIntegrations(
        auth=auth, base_url=base_url, rate_limits=limits, on_call=reports.append, retries=None
    ) as client:
        until = time.monotonic() + SECONDS

        async def call() -> None:
            while time.monotonic() < until:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + until - time.monotonic()):
                    await client.integrations.list()

        await asyncio.gather(*(call() for _ in range(CALLERS)), return_exceptions=True)
    del budget
    return sum(report.status_code == 200 for report in reports), sum(report.status_code == 429 for report in reports)
