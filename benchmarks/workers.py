"""Workers: time to queue accounts, and jobs per second of one worker. Run: `python -m benchmarks.workers`.

Each account is new and has 50 logs. They share one simulated Sendcloud in the process of the worker, whose CPU
time is part of the result.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import httpx
from procrastinate import App
from sqlalchemy import text

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.testing import SimulatedSendcloud
from sendcloud_integrations_client.worker import create_app, open_app, prepare_database, sync_tasks
from tests.support.postgresql import running_postgresql

_BASE_URL = "https://panel.sendcloud.sc/api/v3"
_JOBS = 200  # measured per size
_SERVER = SimulatedSendcloud(integrations=1, logs=50)


class _LocalAccount(Account):
    def create_client(self, **_: Any) -> SendcloudIntegrations:
        return SendcloudIntegrations(
            auth=BasicAuth("public", "secret"),
            base_url=_BASE_URL,
            rate_limits=None,
            transport=httpx.ASGITransport(_SERVER),
        )


def main() -> None:
    """Print the figures for some numbers of accounts."""
    logging.disable(logging.WARNING)
    with running_postgresql() as server:
        for count in (300, 10_000):
            asyncio.run(_measure(server.create_database(), count))


async def _measure(database: str, count: int) -> None:
    accounts: list[Account] = [_LocalAccount(f"shop-{number}") for number in range(count)]
    store = LogStore(database)
    tasks = sync_tasks(accounts, store)
    async with store, tasks, open_app(create_app(store, tasks)) as app:
        app.periodic_registry.periodic_tasks.clear()
        await prepare_database(store, app)
        first = await _plan(app)
        nothing = await _plan(app)
        started, used = time.perf_counter(), time.process_time()
        await _run_for(app, store, count)
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        async with store.reading() as connection:
            done = count - (await connection.scalar(text(_WAITING)) or 0)
    print(
        f"{count:,} accounts: all queued in {first:.1f} s, planning with nothing due {nothing:.2f} s, "
        f"{done / seconds:.0f} jobs/s with {count:,} waiting, {1000 * cpu / done:.0f} ms CPU per job"
    )


_WAITING = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'sendcloud-sync'"


async def _plan(app: App) -> float:
    started = time.perf_counter()
    await app.configure_task("sendcloud:queue_due_accounts").defer_async(timestamp=0)
    await app.run_worker_async(queues=["sendcloud-control"], wait=False, install_signal_handlers=False)
    return time.perf_counter() - started


async def _work(app: App) -> None:
    await app.run_worker_async(
        queues=["sendcloud-sync"], wait=False, install_signal_handlers=False, concurrency=8, delete_jobs="successful"
    )


async def _run_for(app: App, store: LogStore, count: int) -> None:
    """Run about `_JOBS` jobs, or all."""
    worker = asyncio.create_task(_work(app))
    while not worker.done():
        await asyncio.wait({worker}, timeout=0.2)
        async with store.reading() as connection:
            waiting = await connection.scalar(text(_WAITING)) or 0
        if count - waiting >= _JOBS:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


if __name__ == "__main__":
    main()
