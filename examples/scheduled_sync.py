"""Stores new exception logs in a database every 15 minutes, until SIGTERM.

SENDCLOUD_PUBLIC_KEY=... SENDCLOUD_SECRET_KEY=... python scheduled_sync.py postgresql://user:password@host/database
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from sendcloud_integrations_client import SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore, sync_logs


async def sync_regularly(url: str, interval: float) -> None:
    """Run a sync every `interval` seconds. SIGTERM and SIGINT stop it after the pages that are being written."""
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    async with SendcloudIntegrations() as client, LogStore(url) as store:
        while not stop.is_set():
            summary = await sync_logs(client, store, stop=stop)
            print(f"{summary.new} new logs of {summary.completed} integrations in {summary.duration:.1f} s", flush=True)
            for failure in (summary.error, *summary.failures.values()):
                if failure is not None:
                    print(f"Sync failed, the next run retries it: {failure}", file=sys.stderr, flush=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), interval)


if __name__ == "__main__":
    asyncio.run(sync_regularly(sys.argv[1] if len(sys.argv) > 1 else "logs.db", interval=900))
