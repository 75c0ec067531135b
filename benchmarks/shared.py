"""Limits and tokens shared by several processes through Valkey: use of the limit, cost per call, and failures.

The server counts calls in sliding windows of a few seconds instead of a minute, so that a run covers several windows.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from statistics import median

import attrs
import httpx

from benchmarks.ratios import Row
from benchmarks.server import server
from sendcloud_integrations_client import (
    BasicAuth,
    CallReport,
    OAuth2ClientCredentials,
    Priority,
    RateLimitBudget,
    RateLimits,
    RetryPolicy,
    SendcloudError,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.distributed import RedisTokenStore
from sendcloud_integrations_client.distributed.connections import RedisConnections
from sendcloud_integrations_client.distributed.rate_limiter import RedisBudget
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.support.valkey import ValkeyServer, running_valkey

LIMIT = 200
WINDOW = 5
SECONDS = 3 * WINDOW
PROCESSES = 4
LEASE = 7.0


@attrs.frozen
class Job:
    """What one process does.

    Attributes:
        base_url: Base URL of the server.
        redis_url: URL of Valkey; None limits the process alone.
        seconds: How long it calls, from the time at which all processes are ready.
        limit: Calls per window of its limiter.
        callers: Number of concurrent callers.
        priority: Priority of the calls.
        interval: Seconds between two calls of a caller.
    """

    base_url: str
    redis_url: str | None
    seconds: float = SECONDS
    limit: int = LIMIT
    callers: int = 8
    priority: Priority = "interactive"
    interval: float = 0.0


@attrs.define
class Result:
    """What one process measured: responses by status, errors by class, and the wait of each call in seconds."""

    statuses: Counter[int | None] = attrs.field(factory=Counter)
    errors: Counter[str] = attrs.field(factory=Counter)
    waits: list[float] = attrs.field(factory=list)
    warnings: int = 0


@attrs.frozen
class WindowLimiter:
    """Limits calls per window of a few seconds."""

    job: Job

    def get_budget(self, key: str) -> RateLimitBudget:
        limits = RateLimits(reads_per_minute=self.job.limit)
        if self.job.redis_url is None:
            return LocalBudget(limits, minute=WINDOW)
        connections = RedisConnections(self.job.redis_url, timeout=0.5)
        return RedisBudget(connections, f"sendcloud:{{{key}}}", limits, minute=WINDOW, lease=LEASE)


def measure() -> list[Row]:
    """Start Valkey and the server, and run each measurement with new processes."""
    rows: list[Row] = []
    with running_valkey() as valkey:
        rows += measure_cost(valkey)
        rows += measure_use(valkey)
        rows += measure_priorities(valkey)
        rows += measure_killed_process(valkey)
        rows += measure_failures(valkey)
        rows += measure_tokens(valkey)
    return rows


def measure_cost(valkey: ValkeyServer) -> list[Row]:
    """Cost of acquiring and ending a slot, one call after the other, on the published limits."""

    async def run() -> tuple[list[float], float]:
        connections = RedisConnections(valkey.url, timeout=5)
        budget = RedisBudget(connections, "sendcloud:{cost}", RateLimits(reads_per_minute=100_000))
        times: list[float] = []
        for _ in range(200):
            await budget.acquire(safe=True)
            budget.complete(safe=True)
        cpu = time.process_time()
        for _ in range(2000):
            started = time.perf_counter()
            await budget.acquire(safe=True)
            budget.complete(safe=True)
            times.append(time.perf_counter() - started)
        cpu = time.process_time() - cpu
        await connections.aclose()
        return sorted(times), cpu / len(times)

    commands = valkey.count_commands()
    runs = [asyncio.run(run()) for _ in range(5)]
    commands = valkey.count_commands() - commands
    best, cpu = min(runs, key=lambda run: run[0][1000])
    best_p99 = min(times[1980] for times, _ in runs)
    return [
        Row("shared limit: cost of a call (p50)", best[1000] * 1000, 0.5, f"client CPU {cpu * 1000:.2f} ms", unit="ms"),
        Row(
            "shared limit: cost of a call (p99)",
            best_p99 * 1000,
            5,
            f"{commands / 11_000:.1f} commands per call",
            unit="ms",
        ),
    ]


def measure_use(valkey: ValkeyServer) -> list[Row]:
    """Share of the limit that four busy processes use, and that one busy process of four uses."""
    rows: list[Row] = []
    for what, busy, redis_url, limit, target in (
        (f"shared limit: used by {PROCESSES} busy processes", PROCESSES, valkey.url, LIMIT, 0.97),
        (f"shared limit: used by 1 busy process of {PROCESSES}", 1, valkey.url, LIMIT, 0.97),
        (f"divided limit: used by 1 busy process of {PROCESSES}", 1, None, LIMIT // PROCESSES, None),
    ):
        with server() as url:
            base_url = f"{url}/limited/{LIMIT}/per/{WINDOW}"
            results = run_jobs([Job(base_url, redis_url, limit=limit)] * busy)
        counts = [result.statuses[200] for result in results]
        rows.append(
            Row(what, sum(counts) / (LIMIT * SECONDS / WINDOW), target, f"calls per process: {counts}", at_least=True)
        )
        if busy > 1:
            rows.append(Row("shared limit: responses with status 429", sum_status(results, 429), 0))
            fair = min(counts) / (sum(counts) / len(counts))
            rows.append(Row("shared limit: least share of a process (1 is equal)", fair, 0.5, at_least=True))
    return rows


def measure_priorities(valkey: ValkeyServer) -> list[Row]:
    """Wait of interactive calls of one process beside the background calls of three others at full speed."""
    rows: list[Row] = []
    targets: dict[Priority, float | None] = {"background": 0.1, "interactive": None}
    for priority, target in targets.items():
        with server() as url:
            base_url = f"{url}/limited/{LIMIT}/per/{WINDOW}"
            sync = Job(base_url, valkey.url, priority=priority)
            web = Job(base_url, valkey.url, callers=1, interval=0.1)
            *others, result = run_jobs([sync, sync, sync, web])
        waits = sorted(result.waits)
        use = sum_status([*others, result], 200) / (LIMIT * SECONDS / WINDOW)
        rows.append(
            Row(
                f"interactive call beside {priority} calls: wait (p99)",
                waits[int(len(waits) * 0.99)] if waits else float("inf"),
                target,
                f"p50 {median(waits) * 1000:.1f} ms, max {waits[-1]:.2f} s, {len(waits)} calls, "
                f"{use:.0%} of the limit used, 429: {sum_status([*others, result], 429)}",
                unit="s",
            )
        )
    return rows


def measure_killed_process(valkey: ValkeyServer) -> list[Row]:
    """One process is killed with calls in flight; the others use its slots after the lease."""
    with server() as url:
        base_url = f"{url}/limited/{LIMIT}/per/{WINDOW}"
        seconds = LEASE + 3 * WINDOW
        with started([Job(base_url, valkey.url, seconds)] * 3) as jobs:
            time.sleep(4)
            jobs[0][0].kill()
            results = [collect(pipe) for _, pipe in jobs[1:]]
    return [
        Row(
            "killed process: responses with status 429",
            sum_status(results, 429),
            0,
            f"failed calls: {count_errors(results)}",
        ),
        Row("killed process: slots that are not free after the lease", count_leaked_slots(valkey), 0),
    ]


def measure_failures(valkey: ValkeyServer) -> list[Row]:
    """Valkey loses its data, is restarted, and does not respond for 5 seconds."""
    rows: list[Row] = []

    def flush() -> None:
        valkey.command("FLUSHALL")

    def restart() -> None:
        valkey.stop()
        time.sleep(0.5)
        valkey.start()

    def freeze() -> None:
        valkey.freeze()
        time.sleep(5)
        valkey.unfreeze()

    for name, fail in (("FLUSHALL", flush), ("restart", restart), ("no response for 5 s", freeze)):
        with server() as url:
            base_url = f"{url}/limited/{LIMIT}/per/{WINDOW}"
            with started([Job(base_url, valkey.url)] * PROCESSES) as jobs:
                time.sleep(5)
                fail()
                results = [collect(pipe) for _, pipe in jobs]
        served, rejected = sum_status(results, 200), sum_status(results, 429)
        rows.append(
            Row(
                f"{name}: failed calls",
                count_errors(results),
                0,
                f"{served} calls, {served / LIMIT / 3:.0%} of the limit, 429: {rejected}, "
                f"warnings: {sum(result.warnings for result in results)}",
            )
        )
    return rows


def measure_tokens(valkey: ValkeyServer) -> list[Row]:
    """Token requests of eight processes that start at the same time, with and without a shared store."""
    rows: list[Row] = []
    for name, redis_url, target in (("shared", valkey.url, 1), ("own", None, None)):
        valkey.command("FLUSHALL")
        sendcloud = SimulatedSendcloud()
        with serve_in_thread(sendcloud) as base_url:
            context = multiprocessing.get_context("spawn")
            credentials = sendcloud.credentials
            arguments = (base_url, redis_url, credentials.client_id, credentials.client_secret, time.time() + 4)
            processes = [context.Process(target=_fetch_token, args=arguments, daemon=True) for _ in range(8)]
            for process in processes:
                process.start()
            for process in processes:
                process.join(60)
            requests = [request.operation for request in sendcloud.requests]
        rows.append(
            Row(
                f"token requests of 8 cold processes, {name} store",
                requests.count("token"),
                target,
                f"{requests.count('list_integrations')} calls succeeded",
            )
        )
    return rows


def _fetch_token(base_url: str, redis_url: str | None, client_id: str, client_secret: str, start: float) -> None:
    async def main() -> None:
        auth = OAuth2ClientCredentials(
            client_id,
            client_secret,
            token_url=str(httpx.URL(base_url).join("/oauth2/token")),
            token_store=RedisTokenStore(redis_url, timeout=5) if redis_url else None,
        )
        async with SendcloudIntegrations(auth=auth, base_url=base_url) as client:
            await asyncio.sleep(max(0.0, start - time.time()))
            await client.integrations.list()

    asyncio.run(main())


@contextmanager
def started(jobs: Sequence[Job]) -> Iterator[list[tuple[BaseProcess, Connection]]]:
    """Start one process per job; end them afterwards."""
    context = multiprocessing.get_context("spawn")
    running: list[tuple[BaseProcess, Connection]] = []
    for job in jobs:
        pipe, pipe_of_process = context.Pipe()
        process = context.Process(target=_run_job, args=(job, pipe_of_process), daemon=True)
        process.start()
        pipe_of_process.close()
        running.append((process, pipe))
    try:
        for _, pipe in running:
            if not pipe.poll(60):
                raise RuntimeError("a process of the benchmark did not start")
            pipe.recv()
        for _, pipe in running:
            pipe.send("start")
        yield running
    finally:
        for started_process, _ in running:
            started_process.kill()
            started_process.join()


def run_jobs(jobs: Sequence[Job]) -> list[Result]:
    """Run one process per job and return their results."""
    with started(jobs) as running:
        return [collect(pipe) for _, pipe in running]


def collect(pipe: Connection) -> Result:
    """Wait for the result of a process, at most 60 seconds."""
    if not pipe.poll(60):
        raise RuntimeError("a process of the benchmark did not end")
    result: Result = pipe.recv()
    return result


def sum_status(results: Sequence[Result], status: int) -> int:
    return sum(result.statuses[status] for result in results)


def count_errors(results: Sequence[Result]) -> int:
    return sum((result.errors for result in results), Counter[str]()).total()


def count_leaked_slots(valkey: ValkeyServer) -> int:
    """Return the number of slots that are still taken two windows after the last call."""
    time.sleep(2 * WINDOW)
    keys = [line for line in valkey.command("KEYS", "*:reads:interactive").decode().splitlines() if line[:1] == "s"]
    now = time.time() * 1000
    return sum(int(valkey.command("ZCOUNT", key, str(now), "+inf")[1:]) for key in keys if "cost" not in key)


def _run_job(job: Job, pipe: Connection) -> None:
    result = Result()

    class CountingHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            result.warnings += "Redis is unavailable" in record.getMessage()

    logging.getLogger("sendcloud_integrations_client").addHandler(CountingHandler())
    logging.getLogger("sendcloud_integrations_client").propagate = False

    def record(report: CallReport) -> None:
        result.statuses[report.status_code] += 1
        result.statuses[429] += report.attempts - 1
        result.waits.append(report.rate_limit_wait)

    async def main() -> None:
        # A first call imports modules, which takes seconds if several processes start on a busy machine.
        async with SendcloudIntegrations(
            auth=BasicAuth("warm-up", "s"), base_url=str(httpx.URL(job.base_url).join("/empty")), rate_limits=None
        ) as client:
            await client.integrations.list()
        retries = RetryPolicy(max_attempts=10, base_delay=0.1, total_timeout=60)
        async with SendcloudIntegrations(
            auth=BasicAuth("shared", "s"),
            base_url=job.base_url,
            rate_limiter=WindowLimiter(job),
            retries=retries,
            on_call=record,
        ) as client:
            client = client.with_options(priority=job.priority)
            pipe.send("ready")
            await asyncio.to_thread(pipe.recv)
            until = time.monotonic() + job.seconds

            async def call() -> None:
                while time.monotonic() < until:
                    try:
                        await client.integrations.list()
                    except SendcloudError as error:
                        result.errors[type(error).__name__] += 1
                    await asyncio.sleep(job.interval)

            with suppress(TimeoutError):
                async with asyncio.timeout(job.seconds):
                    await asyncio.gather(*(call() for _ in range(job.callers)))

    asyncio.run(main())
    result.statuses.pop(None, None)  # cancelled at the end
    pipe.send(result)
