"""`python -m benchmarks.sync`: syncs a million logs of 5 accounts to SQLite and PostgreSQL, and with rate limits.

The simulated servers, one per account, run in one process and the sync in another, so that each process has a core.
The PostgreSQL server, which is the one of the tests, shares them. Memory is the peak resident set size of the sync
process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import attrs
import uvloop

from benchmarks.databases import DATABASES, get_database, get_size
from benchmarks.usage import get_peak_memory
from sendcloud_integrations_client import BasicAuth, RateLimits, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore, SyncSummary, sync_accounts
from sendcloud_integrations_client.testing import SimulatedLimits, SimulatedSendcloud, serve

ACCOUNTS = 5
INTEGRATIONS = 40  # per account
MIN_RATES = {"SQLite": 5_000, "PostgreSQL": 10_000}  # records per second
MAX_MEMORY = 300  # megabytes


@attrs.frozen
class Measurement:
    """Measurements of one run.

    Attributes:
        records: Number of new records.
        seconds: Duration in seconds.
        cpu_seconds: CPU time of the sync process in seconds.
        memory: Peak memory in megabytes.
        calls: Number of GET calls.
        retried: Number of calls that were retried, for example after a 429 response.
        failures: Error messages.
    """

    records: int
    seconds: float
    cpu_seconds: float
    memory: float
    calls: int
    retried: int
    failures: list[str]

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds


def main() -> None:
    """Run both measurements; exit with status 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=__doc__)
    parser.add_argument("--logs", type=int, default=1_000_000, help="total number of logs (default: one million)")
    parser.add_argument(
        "--limited-calls", type=int, default=120, help="GET calls per minute in the run with rate limits"
    )
    options = parser.parse_args()
    logs = options.logs // ACCOUNTS
    succeeded = True
    for database in DATABASES:
        with get_database(database) as url:
            succeeded &= measure_unlimited(logs, database, url)
    succeeded &= measure_limited(options.limited_calls)
    sys.exit(0 if succeeded else 1)


def measure_unlimited(logs: int, database: str, store: str) -> bool:
    """Measure a first run, and a second run with nothing new, without rate limits."""
    with run_servers(logs, None) as urls:
        first = measure_sync(urls, store, None)
        second = measure_sync(urls, store, None)
    size = asyncio.run(read_size(store)) / 1e6
    min_rate = MIN_RATES[database]
    count = f"{ACCOUNTS * logs:,} logs of {ACCOUNTS * INTEGRATIONS} integrations of {ACCOUNTS} accounts"
    print(f"{count} to {database}, no rate limits")
    print(f"  {first.seconds:.1f} s, {first.rate:,.0f} records/s (target: at least {min_rate:,})")
    print(f"  {first.cpu_seconds:.0f} s CPU time of the sync process")
    print(f"  {first.memory:.0f} MB peak memory (target: below {MAX_MEMORY}); size of the store: {size:,.0f} MB")
    print(f"  second run, with nothing new: {second.seconds:.1f} s, {second.calls} calls")
    return (
        not first.failures
        and not second.failures
        and (first.records, second.records) == (ACCOUNTS * logs, 0)
        and first.rate >= min_rate
        and first.memory < MAX_MEMORY
    )


def measure_limited(calls: int) -> bool:
    """Measure a run over three windows of the rate limit: calls are sent as soon as slots become free."""
    logs = 100 * int(2.5 * calls)
    with tempfile.TemporaryDirectory() as folder, run_servers(logs, calls) as urls:
        measurement = measure_sync(urls, str(Path(folder) / "logs.db"), calls)
    minimum = 120.0  # seconds; calls of the third window start after two minutes at the earliest
    print(f"{ACCOUNTS * logs:,} logs, {calls} GET calls per minute and account, enforced by the servers")
    print(f"  {measurement.seconds:.1f} s (minimum for this limit: {minimum:.0f} s); {measurement.rate:,.0f} records/s")
    print(f"  {measurement.calls} calls, {measurement.retried} of them retried")
    return (
        not measurement.failures
        and not measurement.retried
        and measurement.records == ACCOUNTS * logs
        and minimum <= measurement.seconds < 1.2 * minimum
    )


async def read_size(store: str) -> int:
    """Return the size of a database in bytes."""
    async with LogStore(store) as opened:
        return await get_size(opened)


def measure_sync(urls: list[str], store: str, calls: int | None) -> Measurement:
    """Run one sync in a separate process and return its measurements."""
    parent_end, child_end = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run_sync, args=(child_end, urls, store, calls))
    process.start()
    measurement: Measurement = parent_end.recv()
    process.join()
    for failure in measurement.failures:
        print(f"  FAILED: {failure}")
    return measurement


def run_sync(pipe: Connection, urls: list[str], store: str, calls: int | None) -> None:
    """Run one sync and send its measurements to the parent process."""
    started = time.perf_counter()
    summaries, retried = uvloop.run(_sync(urls, store, calls))
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(
        Measurement(
            records=sum(one.new for one in summaries),
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            memory=get_peak_memory(),
            calls=sum(one.pages + 1 for one in summaries),
            retried=retried,
            failures=[str(failure) for one in summaries for failure in (one.error, *one.failures.values()) if failure],
        )
    )


async def _sync(urls: list[str], store: str, calls: int | None) -> tuple[list[SyncSummary], int]:
    attempts: list[int] = []
    async with contextlib.AsyncExitStack() as stack:
        opened = await stack.enter_async_context(LogStore(store))
        accounts = {
            f"account-{number}": await stack.enter_async_context(
                SendcloudIntegrations(
                    # Rate limits apply per set of credentials.
                    auth=BasicAuth(f"public-{number}", "secret"),
                    base_url=url,
                    rate_limits=None if calls is None else RateLimits(reads_per_minute=calls),
                    on_call=lambda report: attempts.append(report.attempts),
                )
            )
            for number, url in enumerate(urls)
        }
        summaries = list((await sync_accounts(accounts, opened)).values())
    return summaries, sum(number > 1 for number in attempts)


@contextlib.contextmanager
def run_servers(logs: int, calls: int | None) -> Iterator[list[str]]:
    """Run one simulated server per account, all in one separate process; yields their URLs."""
    parent_end, child_end = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_all, args=(child_end, logs, calls), daemon=True)
    process.start()
    try:
        yield parent_end.recv()
    finally:
        process.terminate()
        process.join()


def serve_all(pipe: Connection, logs: int, calls: int | None) -> None:
    """Serve requests until the process is terminated."""
    uvloop.run(_serve_all(pipe, logs, calls))


async def _serve_all(pipe: Connection, logs: int, calls: int | None) -> None:
    async with contextlib.AsyncExitStack() as stack:
        urls = [
            await stack.enter_async_context(
                serve(
                    SimulatedSendcloud(
                        seed=number,
                        integrations=INTEGRATIONS,
                        logs=logs,
                        public_key=f"public-{number}",
                        limits=None if calls is None else SimulatedLimits(reads_per_minute=calls),
                    )
                )
            )
            for number in range(ACCOUNTS)
        ]
        pipe.send(urls)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
