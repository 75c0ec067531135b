"""Measures calls and seconds of syncs with both sources, at a latency of 100 ms: part of `make bench-sync`.

The simulated server runs in one process and the sync in another. Neither limits the rate of calls.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import select

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore, SyncSource, sync_logs
from sendcloud_integrations_client.sync.schema import log
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

INTEGRATIONS = 5_000
LOGS = 15_000
BUSY_INTEGRATIONS = 8
BUSY_LOGS = 40_000
LATENCY = 0.1  # seconds


def main() -> None:
    """Print the table; exit with status 1 if the account-wide source needs more calls than it should."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync_source", description=__doc__)
    parser.add_argument("--skip-integrations", action="store_true", help="measure the account-wide source only")
    options = parser.parse_args()
    print(f"{'situation':<58}{'source':<14}{'calls':>7}{'seconds':>9}{'new':>8}{'limit of calls':>16}")
    succeeded = uvloop.run(measure_many_integrations("account"))
    if not options.skip_integrations:
        uvloop.run(measure_many_integrations("integrations"))
    uvloop.run(measure_busy_integrations())
    sys.exit(0 if succeeded else 1)


async def measure_many_integrations(source: SyncSource) -> bool:
    """Measure a first run and later ones over 5,000 integrations."""
    with tempfile.TemporaryDirectory() as folder, run_server(INTEGRATIONS, LOGS, "created_at") as url:
        runs = _Runs(url, Path(folder) / "logs.db", source)
        subject = f"{INTEGRATIONS:,} integrations"
        results = [
            await runs.measure(f"{subject}: first run, {LOGS:,} logs", LOGS, max_calls=160),
            await runs.measure(f"{subject}: nothing new", 0, max_calls=6),
        ]
        if source == "account":  # the others take minutes each, and as many calls
            await create_logs(url, range(1, 11), count=4, age=timedelta(0))
            results.append(await runs.measure(f"{subject}: 40 new logs in 10 of them", 40, max_calls=8))
            await create_logs(url, range(20, 25), count=1, age=timedelta(minutes=50))
            results.append(await runs.measure(f"{subject}: 5 late logs within the lookback", 5, max_calls=8))
            await create_logs(url, range(30, 35), count=1, age=await runs.get_age(LOGS // 2))
            results.append(await runs.measure(f"{subject}: 5 late logs in the middle of the list", 0, max_calls=6))
            results.append(await runs.measure(f"{subject}: full check, finds these 5", 5, max_calls=175, full=True))
    return all(results)


async def measure_busy_integrations() -> None:
    """Measure the first run over a few integrations with many logs each, with both sources."""
    sources: tuple[SyncSource, ...] = ("account", "integrations")
    for source in sources:
        with (
            tempfile.TemporaryDirectory() as folder,
            run_server(BUSY_INTEGRATIONS, BUSY_LOGS, "newest_first") as url,
        ):
            name = f"{BUSY_INTEGRATIONS} integrations: first run, {BUSY_LOGS:,} logs"
            await _Runs(url, Path(folder) / "logs.db", source).measure(name, BUSY_LOGS)


class _Runs:
    """Runs syncs of one store, and prints one line for each."""

    def __init__(self, url: str, path: Path, source: SyncSource) -> None:
        self._url = url
        self._path = path
        self._source: SyncSource = source

    async def get_age(self, position: int) -> timedelta:
        """Return the age of the stored log at a position of the list."""
        async with LogStore(self._path) as store, store.reading() as connection:
            newest_first = select(log.c.created_at_utc).order_by(log.c.created_at_utc.desc())
            created_at: datetime = (await connection.scalars(newest_first.offset(position).limit(1))).one()
            return datetime.now(UTC) - created_at

    async def measure(self, name: str, expected_new: int, *, max_calls: int | None = None, full: bool = False) -> bool:
        """Run a sync; return whether it stored the expected logs with at most `max_calls` calls."""
        attempts: list[int] = []
        async with (
            build_client(self._url, lambda report: attempts.append(report.attempts)) as client,
            LogStore(self._path) as store,
        ):
            started = time.perf_counter()
            summary = await sync_logs(client, store, source=self._source, full=full)
            seconds = time.perf_counter() - started
        calls = sum(attempts)
        limit = "" if max_calls is None or self._source != "account" else str(max_calls)
        print(f"{name:<58}{self._source:<14}{calls:>7,}{seconds:>9.1f}{summary.new:>8,}{limit:>16}", flush=True)
        is_within_limit = not limit or calls <= int(limit)
        return summary.succeeded and summary.new == expected_new and is_within_limit


async def create_logs(url: str, integrations: range, *, count: int, age: timedelta) -> None:
    """Create logs with a `created_at` in the past, in the given order."""
    async with build_client(url, None) as client:
        now = datetime.now(UTC)
        for integration_id in integrations:
            for number in range(count):
                await client.logs.create(
                    integration_id,
                    base_url="https://shop.example",
                    created_at=now - age + timedelta(milliseconds=integration_id * count + number),
                )


def build_client(url: str, on_call: Any) -> SendcloudIntegrations:
    return SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=url, rate_limits=None, on_call=on_call)


@contextlib.contextmanager
def run_server(integrations: int, logs: int, log_order: Any) -> Iterator[str]:
    """Run a simulated server in another process; yields its URL."""
    parent_end, child_end = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve_forever, args=(child_end, integrations, logs, log_order), daemon=True
    )
    process.start()
    try:
        yield parent_end.recv()
    finally:
        process.terminate()
        process.join()


def serve_forever(pipe: Connection, integrations: int, logs: int, log_order: Any) -> None:
    """Serve requests until the process is terminated."""

    async def run() -> None:
        server = SimulatedSendcloud(scenario="healthy", integrations=integrations, logs=logs, log_order=log_order)
        for operation in ("list_integrations", "list_logs", "list_integration_logs"):
            server.delay(operation, LATENCY)
        async with serve(server) as url:
            pipe.send(url)
            await asyncio.Event().wait()

    uvloop.run(run())


if __name__ == "__main__":
    main()
