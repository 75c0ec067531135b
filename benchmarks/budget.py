"""Whether the limit is used to the full and kept: a server that counts, and more callers than it allows."""

from __future__ import annotations

import asyncio
import time

from benchmarks.ratios import Row
from benchmarks.server import server
from sendcloud_integrations_client import BasicAuth, CallReport, RateLimits, SendcloudIntegrations
from sendcloud_integrations_client.rate_limits import Budget, _budgets

LIMIT = 300
SECONDS = 8
CALLERS = 32


def measure() -> list[Row]:
    """A window of one second in place of a minute's, so that it comes round often; otherwise as it is by default."""
    with server() as url:
        served, refused = asyncio.run(fill(f"{url}/limited/{LIMIT}"))
    share = served / (LIMIT * SECONDS)
    return [
        Row("share of the rate limit that is used", share, 0.97, f"{LIMIT} a second for {SECONDS} s", at_least=True),
        Row("answers that were 429", refused, 0, f"{served} calls, {CALLERS} callers"),
    ]


async def fill(base_url: str) -> tuple[int, int]:
    """Calls that were answered, and how often the server said too many."""
    limits = RateLimits(safe_per_minute=LIMIT)
    auth = BasicAuth("budget", "s")
    budget = _budgets[auth.budget_key, limits] = Budget(limits, minute=1.0)
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
    return sum(one.status_code == 200 for one in reports), sum(one.status_code == 429 for one in reports)
