"""Runs one sync of all accounts and prints its figures as JSON: `python benchmarks/sync_once.py DATABASE URL...`.

Uses only names that earlier versions of the package have too, so that `benchmarks.sync_ratio` can run it with them.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time

import uvloop

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore, sync_accounts


async def sync(database: str, urls: list[str]) -> dict[str, float]:
    """Return the number of new logs, seconds, and CPU seconds of this process."""
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(LogStore(database))
        accounts: dict[str, SendcloudIntegrations] = {}
        for number, url in enumerate(urls):
            auth = BasicAuth(f"public-{number}", "secret")
            client = SendcloudIntegrations(auth=auth, base_url=url, rate_limits=None)
            accounts[f"account-{number}"] = await stack.enter_async_context(client)
        started, used = time.perf_counter(), time.process_time()
        summaries = list((await sync_accounts(accounts, store)).values())
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
    for summary in summaries:
        summary.raise_for_failures()
    return {"logs": sum(summary.new for summary in summaries), "seconds": seconds, "cpu": cpu}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(sync(sys.argv[1], sys.argv[2:]))))
