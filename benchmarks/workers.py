"""`python -m benchmarks.workers`: planning of 300 and 10,000 accounts, and syncs per second of 1, 2 and 4 workers.

Workers, PostgreSQL and the simulated Sendcloud are separate processes on this machine. Each account has 10 logs, which
earlier syncs have stored, so each sync finds nothing new and sends two calls. CPU times need Linux. It takes about five
minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import attrs
import psycopg
from procrastinate import App
from sqlalchemy import text

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.sync import LogStore, sync_logs
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve
from sendcloud_integrations_client.worker import create_app, open_app, prepare_database, sync_tasks
from tests.support.postgresql import PostgresqlServer, running_postgresql
from tests.support.worker_processes import WorkerFleet, running_workers, wait_until

LOGS = 10
SETTINGS = {"fsync": "on", "shared_buffers": "256MB", "max_connections": "120"}
# (accounts, interval, numbers of workers). With an interval of 10 seconds, 300 accounts are always due.
THROUGHPUTS = ((300, "10s", (1, 2)), (10_000, "1d", (1, 2, 4)))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="duration of each measurement (default: 30)")
    seconds: float = parser.parse_args().seconds
    logging.disable(logging.WARNING)
    with running_postgresql(SETTINGS) as server, running_sendcloud(max(one[0] for one in THROUGHPUTS)) as (url, pid):
        for count, _, _ in THROUGHPUTS:
            asyncio.run(measure_planning(server.create_database(), count))
        for count, interval, workers in THROUGHPUTS:
            database = server.create_database()
            asyncio.run(fill_database(database, url, count))
            with tempfile.TemporaryDirectory() as folder:
                options = ["--every", interval, "--log-json"]
                accounts = {build_name(number): build_keys(number) for number in range(count)}
                with running_workers(Path(folder), database, url, accounts, options) as fleet:
                    for number in workers:
                        while len(fleet.processes) < number:
                            fleet.start()
                        measure_throughput(server, database, fleet, pid, count, seconds)


def build_name(number: int) -> str:
    """Return the name of an account."""
    return f"shop-{number:05}"


def build_keys(number: int) -> tuple[str, str]:
    """Return the keys of an account."""
    return f"public-{number}", "secret"


@contextlib.contextmanager
def running_sendcloud(accounts: int) -> Iterator[tuple[str, int]]:
    """Run a simulated server with equal accounts in a separate process; yield its URL and process id."""
    parent_end, child_end = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve_in_process, args=(child_end, accounts), daemon=True)
    process.start()
    try:
        yield parent_end.recv(), process.pid or 0
    finally:
        process.terminate()
        process.join()


def _serve_in_process(pipe: Connection, accounts: int) -> None:
    async def run() -> None:
        server = SimulatedSendcloud(integrations=1, logs=0)
        for number in range(accounts):
            server.add_account(*build_keys(number), integrations=1, logs=LOGS, seed=1)
        async with serve(server) as url:
            pipe.send(url)
            await asyncio.Event().wait()

    asyncio.run(run())


async def measure_planning(database: str, count: int) -> None:
    """Print how long it takes to queue all accounts, and to find that nothing is due."""
    accounts = [Account(build_name(number), BasicAuth(*build_keys(number))) for number in range(count)]
    store = LogStore(database)
    tasks = sync_tasks(accounts, store, every=timedelta(days=1))  # hardly any slot begins during the measurement
    async with store, tasks, open_app(create_app(store, tasks)) as app:
        app.periodic_registry.periodic_tasks.clear()
        await prepare_database(store, app)
        seconds, queued, plannings = 0.0, 0, 0
        while queued < count:  # at most 1,000 jobs wait; workers take them between two plannings
            seconds, plannings = seconds + await _plan(app), plannings + 1
            async with store.writing() as connection:
                queued += (await connection.execute(text(_TAKE_JOBS))).rowcount
            async with store.maintaining() as connection:  # as autovacuum does while workers take jobs one by one
                await connection.execute(text("VACUUM procrastinate_jobs, procrastinate_events"))
        nothing = await _plan(app)
    print(
        f"{count:,} accounts: queued in {seconds:.1f} s ({plannings} plannings), nothing due {nothing:.2f} s",
        flush=True,
    )


_TAKE_JOBS = "DELETE FROM procrastinate_jobs WHERE queue_name = 'sendcloud-sync'"


async def _plan(app: App) -> float:
    started = time.perf_counter()
    await app.configure_task("sendcloud:queue_due_accounts").defer_async(timestamp=0)
    await app.run_worker_async(queues=["sendcloud-control"], wait=False, install_signal_handlers=False)
    return time.perf_counter() - started


async def fill_database(database: str, url: str, count: int) -> None:
    """Sync one account, and copy its rows for the other ones, which have equal logs."""
    public_key, secret_key = build_keys(0)
    async with (
        LogStore(database) as store,
        SendcloudIntegrations(auth=BasicAuth(public_key, secret_key), base_url=url) as client,
    ):
        await sync_logs(client, store, account=build_name(0))
        async with store.writing() as connection:
            for table, name in (*((one, "account") for one in _TABLES), ("account", "name")):
                found = await connection.execute(
                    text("SELECT column_name FROM information_schema.columns WHERE table_name = :table"),
                    {"table": table},
                )
                columns = [column for (column,) in found if column not in (name, "identity")]
                await connection.execute(
                    text(
                        f'INSERT INTO "{table}" ({name}, {", ".join(columns)}) '
                        f"SELECT 'shop-' || lpad(number::text, 5, '0'), {', '.join(columns)} "
                        f'FROM "{table}", generate_series(1, {count - 1}) number'
                    )
                )
    async with LogStore(database) as store, store.maintaining() as connection:
        await connection.execute(text("ANALYZE"))


_TABLES = ("integration", "log", "problem", "sync_state")


@attrs.frozen
class Sample:
    """Counters at one time."""

    time: float
    syncs: int
    workers: float
    postgresql: float
    sendcloud: float
    transactions: int


def measure_throughput(
    server: PostgresqlServer, database: str, fleet: WorkerFleet, sendcloud: int, count: int, seconds: float
) -> None:
    """Print the syncs per second of the running workers, and the CPU time per sync of each part."""
    number = len(fleet.processes)
    wait_until(
        lambda: all("Sync of account" in fleet.read_log(one + 1) for one in range(number)), "no syncs", timeout=300
    )

    def take_sample() -> Sample:
        with psycopg.connect(database) as connection:
            row = connection.execute(
                "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        return Sample(
            time.monotonic(),
            fleet.read_logs().count('"message": "Sync of account'),
            sum(_get_cpu_seconds(process.pid) for process in fleet.processes),
            _get_cpu_seconds(server.pid, with_children=True),
            _get_cpu_seconds(sendcloud),
            row[0] if row else 0,
        )

    before = take_sample()
    time.sleep(seconds)
    after = take_sample()
    with psycopg.connect(database) as connection:
        (connections,) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone() or (0,)
    syncs, duration = after.syncs - before.syncs, after.time - before.time
    milliseconds = 1000 / max(1, syncs)
    print(
        f"{count:,} accounts, {number} workers: {syncs / duration:.1f} syncs/s; per sync "
        f"{(after.workers - before.workers) * milliseconds:.0f} ms CPU of the workers, "
        f"{(after.postgresql - before.postgresql) * milliseconds:.0f} ms of PostgreSQL, "
        f"{(after.sendcloud - before.sendcloud) * milliseconds:.0f} ms of the simulated Sendcloud; "
        f"{(after.transactions - before.transactions) / max(1, syncs):.0f} transactions; "
        f"{connections} connections; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _get_cpu_seconds(pid: int, *, with_children: bool = False) -> float:
    """Return the CPU time of a process, and that of its running and ended children; 0 if the system has no /proc."""
    ticks = 0
    try:
        own = _read_stat(pid)
        ticks = own[0] + own[1]
        if with_children:
            ticks += own[2] + own[3]
            for entry in Path("/proc").glob("[0-9]*/stat"):
                with contextlib.suppress(OSError):
                    child = int(entry.parent.name)
                    if _get_parent(child) == pid:
                        ticks += sum(_read_stat(child)[:2])
    except OSError:
        return 0.0
    return ticks / os.sysconf("SC_CLK_TCK")


def _read_fields(pid: int) -> list[str]:
    # The name of the program, in parentheses, can contain spaces.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _read_stat(pid: int) -> tuple[int, int, int, int]:
    """Return user and system time of a process, and of its ended children, in ticks."""
    user, system, children_user, children_system = map(int, _read_fields(pid)[11:15])
    return user, system, children_user, children_system


def _get_parent(pid: int) -> int:
    return int(_read_fields(pid)[1])


if __name__ == "__main__":
    main()
