"""Situations of a sync that runs unattended: faults that pass, overlapping runs, and two programs on one account.

Part of `python -m benchmarks.sync_at_size`. The simulated server runs in the same process, on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Self

import attrs

from benchmarks.databases import temporary_folder
from sendcloud_integrations_client import BasicAuth, CallReport, RateLimits, SendcloudError, SendcloudIntegrations
from sendcloud_integrations_client.distributed import RedisRateLimiter
from sendcloud_integrations_client.sync import LogStore, SyncProgress, sync_logs
from sendcloud_integrations_client.testing import SimulatedLimits, SimulatedSendcloud, serve
from tests.support.postgresql import running_postgresql
from tests.support.valkey import running_valkey

OUTAGE = 30  # seconds
RESTART = 7  # seconds
LOCKED = 60  # seconds
FAULT_LOGS = 5_000
FAULT_PAGES = 20  # after which the fault begins


@attrs.frozen(kw_only=True)
class Result:
    """Result of one situation.

    Attributes:
        situation: What happens.
        target: What must be the result.
        measured: What was the result.
        succeeded: Whether the target was met.
    """

    situation: str
    target: str
    measured: str
    succeeded: bool


async def measure_network_outage() -> Result:
    """The server accepts no connections for 30 seconds."""
    situation = f"no connections for {OUTAGE} s in the middle"
    server = SimulatedSendcloud(integrations=10, logs=FAULT_LOGS)
    with temporary_folder() as folder:
        async with _Restartable(server).started() as serving:

            async def restart_later() -> None:
                await serving.stop()
                await asyncio.sleep(OUTAGE)
                await serving.start()

            return await _sync_with_fault(situation, serving.url, str(folder / "logs.db"), restart_later)


async def measure_postgresql_restart() -> Result:
    """PostgreSQL is stopped, and started again after seven seconds."""
    situation = f"PostgreSQL restarted in the middle ({RESTART} s)"
    with running_postgresql() as database:

        async def start_later() -> None:
            await asyncio.sleep(RESTART)
            await asyncio.to_thread(database.start)

        async with serve(SimulatedSendcloud(integrations=10, logs=FAULT_LOGS)) as url:
            return await _sync_with_fault(situation, url, database.create_database(), start_later, database.stop)


async def measure_locked_file() -> Result:
    """Another program holds the write lock of the SQLite file for a minute."""
    situation = f"SQLite file locked for {LOCKED} s in the middle"
    with temporary_folder() as folder, contextlib.closing(_open_other(folder / "logs.db")) as other:

        def lock() -> None:
            other.execute("BEGIN IMMEDIATE")

        async def unlock_later() -> None:
            await asyncio.sleep(LOCKED)
            other.execute("COMMIT")

        async with serve(SimulatedSendcloud(integrations=10, logs=FAULT_LOGS)) as url:
            return await _sync_with_fault(situation, url, str(folder / "logs.db"), unlock_later, lock)


def _open_other(path: Path) -> sqlite3.Connection:
    """Return the connection of another program to a new store."""
    path.touch(0o600)
    return sqlite3.connect(path, isolation_level=None)


async def measure_nothing_new() -> Result:
    """The second run of an account with 5,000 integrations."""
    with temporary_folder() as folder:
        # In this scenario, the logs of the last hour, which each run reads again, fit on one page.
        async with serve(SimulatedSendcloud(scenario="healthy", integrations=5_000, logs=15_000)) as url:
            calls: list[CallReport] = []
            async with _build_client(url, calls.append) as client, LogStore(folder / "logs.db") as store:
                first = await sync_logs(client, store)
                calls.clear()
                second = await sync_logs(client, store)
    return Result(
        situation="5,000 integrations, second run with nothing new",
        target="≤ 6 calls",
        measured=f"{len(calls)} calls",
        succeeded=len(calls) <= 6 and (first.new, second.new) == (15_000, 0) and second.succeeded,
    )


async def measure_other_credentials() -> Result:
    """The credentials of account B are used with the store of account A."""
    server = SimulatedSendcloud(integrations=2, logs=3_000)
    server.add_account("public-b", "secret", integrations=2, logs=3_000)
    with temporary_folder() as folder:
        async with serve(server) as url, LogStore(folder / "logs.db") as store:
            async with _build_client(url) as client:
                await sync_logs(client, store)
            async with _build_client(url, auth=BasicAuth("public-b", "secret")) as client:
                rejected = await sync_logs(client, store)
                named = await sync_logs(client, store, account="b")
    message = str(rejected.error)
    return Result(
        situation="credentials of account B with the store of account A",
        target="error; --account NAME for a second account",
        measured=f"{type(rejected.error).__name__}; under another name {named.new:,} logs",
        succeeded=rejected.new == 0 and "default" in message and named.new == 3_000,
    )


async def measure_late_logs() -> Result:
    """Five logs that are older than all stored ones arrive in a list sorted by `created_at`."""
    server = SimulatedSendcloud(integrations=5, logs=3_000, log_order="created_at")
    with temporary_folder() as folder:
        async with (
            serve(server) as url,
            _build_client(url) as client,
            LogStore(folder / "logs.db") as store,
        ):
            await sync_logs(client, store)
            for number in range(5):
                server.add_log(1 + number, created_at=datetime(2015, 1, 1 + number, tzinfo=UTC))
            later = await sync_logs(client, store)
            checked = await sync_logs(client, store, full_check_every=timedelta(0))
    return Result(
        situation="5 logs older than all stored ones arrive late",
        target="stored by the next full check",
        measured=f"{later.new} in the next run, {checked.new} by the full check",
        succeeded=later.new + checked.new == 5 and checked.succeeded,
    )


async def measure_deleted_integration() -> Result:
    """An integration is deleted while its logs are read."""
    server = SimulatedSendcloud(integrations=5, logs=3_000)

    def delete(progress: SyncProgress) -> None:
        if progress.pages == 3:
            with contextlib.suppress(LookupError):
                server.remove_integration(2)

    with temporary_folder() as folder:
        async with serve(server) as url, _build_client(url) as client, LogStore(folder / "logs.db") as store:
            summary = await sync_logs(client, store, source="integrations", concurrency=1, on_progress=delete)
    return Result(
        situation="an integration is deleted while the run is on",
        target="recorded as deleted, exit code 0",
        measured=f"{summary.deleted} deleted, {'no failure' if summary.succeeded else 'failed'}",
        succeeded=summary.deleted == 1 and summary.succeeded,
    )


async def measure_overlapping_runs() -> Result:
    """Eight runs of the command line are started four seconds apart."""
    server = SimulatedSendcloud(integrations=5, logs=12_000)
    server.delay("list_logs", 0.3)  # so that the first run takes longer than the others need to start
    with temporary_folder() as folder:
        async with serve(server) as url:
            environment = {**os.environ, **server.get_environment(url), "SENDCLOUD_DATABASE": str(folder / "logs.db")}
            command = [sys.executable, "-m", "sendcloud_integrations_client.cli", "logs", "sync"]
            runs: list[asyncio.subprocess.Process] = []
            for number in range(8):
                await asyncio.sleep(4 if number else 0)
                runs.append(
                    await asyncio.create_subprocess_exec(
                        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
                    )
                )
            outputs = [(await run.communicate())[0].decode() for run in runs]
    codes = [run.returncode for run in runs]
    skipped = sum("another run is syncing it" in output for output in outputs)
    return Result(
        situation="8 runs of the command line started 4 s apart",
        target="exit code 0, with a notice",
        measured=f"exit codes {sorted(set(codes), key=str)}, {skipped} skipped with a notice",
        succeeded=set(codes) == {0} and skipped == 7,
    )


async def measure_web_process(calls: int = 60) -> Result:
    """A web process sends one GET per two seconds beside a sync at full speed, with the same credentials."""
    server = SimulatedSendcloud(integrations=5, logs=200_000, limits=SimulatedLimits(reads_per_minute=240))
    limits = RateLimits(reads_per_minute=240)
    reports: list[CallReport] = []
    failed = 0
    stop = asyncio.Event()
    with temporary_folder() as folder, running_valkey() as valkey:
        async with serve(server) as url, LogStore(folder / "logs.db") as store:
            options: dict[str, Any] = {"auth": BasicAuth("public", "secret"), "base_url": url}
            async with (
                SendcloudIntegrations(rate_limiter=RedisRateLimiter(valkey.url, limits=limits), **options) as client,
                SendcloudIntegrations(
                    rate_limiter=RedisRateLimiter(valkey.url, limits=limits), on_call=reports.append, **options
                ) as web_client,
            ):
                sync = asyncio.create_task(sync_logs(client, store, stop=stop))
                for _ in range(calls):
                    await asyncio.sleep(2)
                    try:
                        await web_client.integrations.retrieve(1)
                    except SendcloudError:
                        failed += 1
                stop.set()
                pages = (await sync).pages
    waits = sorted(report.rate_limit_wait for report in reports)
    p99 = waits[int(len(waits) * 0.99)]
    return Result(
        situation="web process with one GET per 2 s beside a sync, limit 240 per minute",
        target="p99 ≤ 0.1 s waiting, none fail",
        measured=f"p50 {median(waits):.3f} s, p99 {p99:.3f} s, {failed} of {calls} fail; sync: {pages} pages",
        succeeded=p99 <= 0.1 and failed == 0 and len(waits) == calls,
    )


class _Restartable:
    """Serves an application on one port, with interruptions."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._stack = contextlib.AsyncExitStack()
        self.url = ""

    @contextlib.asynccontextmanager
    async def started(self) -> AsyncIterator[Self]:
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    async def start(self) -> None:
        port = int(self.url.rsplit(":", 1)[1].split("/")[0]) if self.url else 0
        self.url = await self._stack.enter_async_context(serve(self._app, port))

    async def stop(self) -> None:
        await self._stack.aclose()


async def _sync_with_fault(
    situation: str,
    url: str,
    database: str,
    end_fault: Callable[[], Coroutine[Any, Any, None]],
    begin_fault: Callable[[], None] = lambda: None,
) -> Result:
    """Run a sync with a fault in the middle. All logs must be stored.

    Args:
        situation: Name of the situation.
        url: URL of the server.
        database: URL or path of the database.
        end_fault: Ends the fault after some time, while the sync runs; it can also begin it.
        begin_fault: Begins the fault between two pages. It blocks, so that the sync cannot end before that.
    """
    tasks: list[asyncio.Task[None]] = []
    faults = 0
    started = time.monotonic()

    def on_progress(progress: SyncProgress) -> None:
        nonlocal faults
        faults += progress.fault is not None
        if progress.pages == FAULT_PAGES and not tasks:
            begin_fault()
            tasks.append(asyncio.create_task(end_fault()))

    async with _build_client(url) as client, LogStore(database) as store:
        summary = await sync_logs(client, store, on_progress=on_progress)
        await asyncio.gather(*tasks)
    seconds = time.monotonic() - started
    failure = f", failed: {summary.error}" if summary.error else ""
    return Result(
        situation=situation,
        target="continues",
        measured=f"{summary.new:,} of {FAULT_LOGS:,} logs after {seconds:.0f} s, {faults} retries{failure}",
        succeeded=summary.succeeded and summary.new == FAULT_LOGS and len(tasks) == 1 and faults > 0,
    )


def _build_client(url: str, on_call: Any = None, auth: BasicAuth | None = None) -> SendcloudIntegrations:
    return SendcloudIntegrations(
        auth=auth or BasicAuth("public", "secret"), base_url=url, rate_limits=None, on_call=on_call
    )
