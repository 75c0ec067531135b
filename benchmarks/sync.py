"""`make bench-sync`: a million logs of 200 integrations of 5 accounts into SQLite, and what the limits make of it.

The simulated servers, one an account, share one process; the sync is another, and each has a core. Its memory is the
most that the kernel ever saw of it.
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

from sendcloud_integrations_client import BasicAuth, RateLimits, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore, SyncSummary, sync_accounts
from sendcloud_integrations_client.testing import SimulatedLimits, SimulatedSendcloud, serve

ACCOUNTS = 5
INTEGRATIONS = 40  # of each account
LEAST_RATE = 5_000  # records a second
MOST_MEMORY = 300  # megabytes


@attrs.frozen
class Outcome:
    """What one run came to: records, seconds, seconds of a core, megabytes, GET calls and how many of them had to be
    tried again, as after a 429, and what went wrong."""

    records: int
    seconds: float
    work: float
    memory: float
    calls: int
    tried_again: int
    failures: list[str]

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds


def main() -> None:
    """Measure, and say whether it is enough."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=__doc__)
    parser.add_argument("--logs", type=int, default=1_000_000, help="how many logs in all (default: a million)")
    parser.add_argument("--limited-calls", type=int, default=120, help="GET calls a minute in the run with limits")
    options = parser.parse_args()
    is_enough = unlimited(options.logs // ACCOUNTS) & limited(options.limited_calls)
    sys.exit(0 if is_enough else 1)


def unlimited(logs: int) -> bool:
    """Everything at first, then nothing new."""
    with tempfile.TemporaryDirectory() as folder, servers(logs, None) as urls:
        store = str(Path(folder) / "logs.db")
        first = measured(urls, store, None)
        again = measured(urls, store, None)
        size = Path(store).stat().st_size / 1e6
    print(f"{ACCOUNTS * logs:,} logs of {ACCOUNTS * INTEGRATIONS} integrations of {ACCOUNTS} accounts, no limits")
    print(f"  {first.seconds:.1f} s, {first.rate:,.0f} records a second (at least {LEAST_RATE:,})")
    print(f"  {first.work:.0f} s of a core in the process of the sync: more time than that it waited for the machine")
    print(f"  {first.memory:.0f} MB of memory at the most (below {MOST_MEMORY}); the store has {size:,.0f} MB")
    print(f"  again, with nothing new: {again.seconds:.1f} s, {again.calls} calls")
    return (
        not first.failures
        and not again.failures
        and (first.records, again.records) == (ACCOUNTS * logs, 0)
        and first.rate >= LEAST_RATE
        and first.memory < MOST_MEMORY
    )


def limited(calls: int) -> bool:
    """Three windows of the limit: the first calls at once, the others as their places get free."""
    logs = 100 * int(2.5 * calls)
    with tempfile.TemporaryDirectory() as folder, servers(logs, calls) as urls:
        outcome = measured(urls, str(Path(folder) / "logs.db"), calls)
    least = 120.0  # the third window's calls wait for two minutes to pass
    print(f"{ACCOUNTS * logs:,} logs, {calls} GET calls a minute for each account, which the servers insist on")
    print(f"  {outcome.seconds:.1f} s, of which the limit asks for {least:.0f}; {outcome.rate:,.0f} records a second")
    print(f"  {outcome.calls} calls, {outcome.tried_again} of them tried again")
    return (
        not outcome.failures
        and not outcome.tried_again
        and outcome.records == ACCOUNTS * logs
        and least <= outcome.seconds < 1.2 * least
    )


def measured(urls: list[str], store: str, calls: int | None) -> Outcome:
    """One sync, in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=sync, args=(theirs, urls, store, calls))
    process.start()
    outcome: Outcome = ours.recv()
    process.join()
    for failure in outcome.failures:
        print(f"  FAILED: {failure}")
    return outcome


def sync(pipe: Connection, urls: list[str], store: str, calls: int | None) -> None:
    """Sync, and tell what it came to."""
    started = time.perf_counter()
    summaries, tried_again = uvloop.run(_sync(urls, store, calls))
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1e6 if sys.platform == "darwin" else 1e3
    pipe.send(
        Outcome(
            records=sum(one.new for one in summaries),
            seconds=seconds,
            work=usage.ru_utime + usage.ru_stime,
            memory=usage.ru_maxrss / unit,
            calls=sum(one.pages + 1 for one in summaries),
            tried_again=tried_again,
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
                    # The limits are kept for each credentials.
                    auth=BasicAuth(f"public-{number}", "secret"),
                    base_url=url,
                    rate_limits=None if calls is None else RateLimits(safe_per_minute=calls),
                    on_call=lambda report: attempts.append(report.attempts),
                )
            )
            for number, url in enumerate(urls)
        }
        summaries = list((await sync_accounts(accounts, opened)).values())
    return summaries, sum(number > 1 for number in attempts)


@contextlib.contextmanager
def servers(logs: int, calls: int | None) -> Iterator[list[str]]:
    """A simulated Sendcloud an account, all in one process of their own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_all, args=(theirs, logs, calls), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def serve_all(pipe: Connection, logs: int, calls: int | None) -> None:
    """Answer until the process is ended."""
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
                        limits=None if calls is None else SimulatedLimits(safe_per_minute=calls),
                    )
                )
            )
            for number in range(ACCOUNTS)
        ]
        pipe.send(urls)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
