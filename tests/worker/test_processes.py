"""Real worker processes: one is killed, and the others finish its accounts."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import account as account_table
from sendcloud_integrations_client.sync.schema import log
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from sendcloud_integrations_client.worker import create_app, open_app, prepare_database, sync_tasks
from tests.support.next_version import create_next_version
from tests.support.postgresql import PostgresqlServer
from tests.support.sync_history import SyncHistory
from tests.support.valkey import ValkeyServer
from tests.support.worker_processes import add_accounts, running_workers, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")

Logs = Counter[tuple[str, int]]


@pytest.fixture
def database(new_postgresql_database: Callable[[], str]) -> str:
    """An empty database, in which the workers create their tables."""
    return new_postgresql_database()


def read_stored(database: str) -> Logs:
    async def read() -> Logs:
        async with LogStore(database) as store, store.reading() as connection:
            return Counter((row.account, row.id) for row in await connection.execute(select(log.c.account, log.c.id)))

    return asyncio.run(read())


def count_synced(database: str) -> int:
    """Return the number of accounts that were synced completely."""

    async def read() -> int:
        async with LogStore(database) as store:
            if not await store.is_migrated():
                return 0
            async with store.reading() as connection:
                times = await connection.scalars(select(account_table.c.last_synced_at))
                return sum(time is not None for time in times)

    return asyncio.run(read())


def read_served(base_url: str, accounts: dict[str, tuple[str, str]]) -> Logs:
    async def read() -> Logs:
        found: Logs = Counter()
        for name, keys in accounts.items():
            async with SendcloudIntegrations(auth=BasicAuth(*keys), base_url=base_url, rate_limits=None) as client:
                found.update([(name, one.id or 0) async for one in client.logs.list()])
        return found

    return asyncio.run(read())


@pytest.mark.long
def test_accounts_of_a_killed_worker_are_synced_by_another_one(database: str, tmp_path: Path) -> None:
    server = SimulatedSendcloud()
    accounts = add_accounts(server, 3, logs=250)
    server.delay("list_logs", 60)  # no sync completes before the worker is killed
    options = ["--every", "1d", "--stall-timeout", "3s", "--concurrency", "4", "--log-json"]
    with serve_in_thread(server) as base_url, running_workers(tmp_path, database, base_url, accounts, options) as fleet:
        first = fleet.start(is_forked=True)
        wait_until(lambda: any(one.operation == "list_logs" for one in server.requests), "no sync began", timeout=300)
        fleet.kill(first)
        server.clear_faults()
        assert count_synced(database) < 3
        second = fleet.start()  # a new interpreter, as in reality
        wait_until(lambda: count_synced(database) == 3, "accounts are stuck", timeout=300)
        second.send_signal(signal.SIGHUP)
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0
        stored = read_stored(database)
        assert stored == read_served(base_url, accounts)
        assert len(stored) == 750
        lines = [json.loads(line) for line in fleet.read_logs().splitlines() if line.startswith("{")]
        assert {one["account"] for one in lines if one["message"].startswith("Sync of")} == set(accounts)
        assert sum("queued again" in one["message"] for one in lines) > 0
        assert "secret-" not in fleet.read_logs()


# A slow machine must not look like a dead worker to the tests that expect no recovery.
QUICK = ["--every", "10s", "--stall-timeout", "15m"]
INTERVAL = 60  # seconds
CLOCK_SHIFTS = (0, 300, -300)  # seconds


@pytest.mark.long(minutes=4)
def test_syncs_survive_crashes_freezes_and_restarts(
    database: str, tmp_path: Path, postgresql_server: PostgresqlServer, valkey: ValkeyServer
) -> None:
    """Three workers with shared limits sync 30 accounts while workers, PostgreSQL and Valkey fail.

    The clocks of the workers are 5 minutes apart, and logs are created during the whole test.
    """
    seed = int(os.environ.get("WORKER_KILL_SEED") or random.SystemRandom().randrange(2**32))
    print(f"Repeat this run with WORKER_KILL_SEED={seed}")
    generator = random.Random(seed)
    server = SimulatedSendcloud()
    keys = {f"shop-{number:02}": (f"public-{number}", f"secret-{number}") for number in range(30)}
    accounts = [server.add_account(*pair, integrations=2, logs=400) for pair in keys.values()]
    server.delay("list_logs", 0.2)
    options = ["--every", f"{INTERVAL}s", "--stall-timeout", "12s", "--concurrency", "4", "--log-json"]
    asyncio.run(create_tables(database))
    history = SyncHistory(database)
    with (
        serve_in_thread(server) as base_url,
        running_workers(tmp_path, database, base_url, keys, options, SENDCLOUD_REDIS_URL=valkey.url) as fleet,
    ):
        shifts: dict[subprocess.Popen[bytes], int] = {}
        starts: list[tuple[datetime, int]] = []

        def start(shift: int) -> None:
            starts.append((datetime.now(UTC), shift))
            shifts[fleet.start(clock_shift=shift)] = shift

        for shift in CLOCK_SHIFTS:
            start(shift)

        def kill_one(*, after_pages: int = 20) -> None:
            """Kill a worker while syncs are running, start another one with the same clock, and create logs."""
            expected = count_requests(server) + after_pages
            wait_until(lambda: count_requests(server) > expected, "the workers do nothing", timeout=300)
            victim = generator.choice(fleet.processes)
            fleet.kill(victim)
            start(shifts.pop(victim))
            for account in accounts:
                account.add_log(1)

        kill_one()
        kill_one()
        valkey.stop()
        kill_one()
        valkey.start()
        stopped = time.monotonic()
        postgresql_server.stop()
        postgresql_server.start()
        outage = time.monotonic() - stopped
        frozen = generator.choice(fleet.processes)
        frozen.send_signal(signal.SIGSTOP)
        before = fleet.read_logs().count("stopped responding")
        wait_until(lambda: fleet.read_logs().count("stopped responding") > before, "no recovery", timeout=300)
        frozen.send_signal(signal.SIGCONT)
        wait_until(lambda: len(history.count_successes()) == 30, "accounts are stuck", timeout=300)
        kill_one()
        kill_one()
        finished = history.get_time()
        # The first of two later syncs can have begun before the last log was created.
        wait_until(
            lambda: sum(count > 1 for count in history.count_successes(after=finished).values()) == 30,
            "accounts are stuck later",
            timeout=400,
        )
        gaps = list(history.list_gaps(list(keys)))
        for process in fleet.processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in fleet.processes] == [0, 0, 0]
        server.clear_faults()
        stored = read_stored(database)
        assert stored == read_served(base_url, keys)
        assert len(stored) == 30 * (400 + 5)
        assert max(stored.values()) == 1
        assert "Traceback" not in fleet.read_logs()
        # The workers logged with their own clocks. A worker that was killed early has logged nothing.
        checked = Counter[int]()
        for number, (started, shift) in enumerate(starts, 1):
            for logged in read_times(fleet.read_log(number)):
                assert logged >= started + timedelta(seconds=shift - 1)
                assert logged <= datetime.now(UTC) + timedelta(seconds=shift + 1)
                checked[shift] += 1
        assert min(checked[shift] for shift in CLOCK_SHIFTS) > 0

    # Two jobs of an account overlap only if the older one was taken over, and then only one of them can store pages.
    assert history.find_overlapping_jobs() <= history.find_failed_jobs()
    assert history.find_failed_jobs(), "no job was taken over"
    assert history.find_interleaved_accounts() == set()
    # They stored times by the clock of the database.
    assert all(abs((wrote - received).total_seconds()) < 150 for wrote, received in history.list_success_times())
    # Each account is synced within two intervals, kills and take-overs included. Three times do not count, because they
    # depend on the machine: the outage of PostgreSQL, the duration of the longest sync, and periods in which the slots
    # of two workers were busy, such as the first round.
    busy = history.find_busy_periods(8)
    allowed = 2 * INTERVAL + outage + history.get_longest_job()
    longest, account, seconds = max(
        ((end - start).total_seconds() - measure_overlap(start, end, busy), account, (end - start).total_seconds())
        for account, start, end in gaps
    )
    print(
        f"{account} was not synced for {seconds:.0f} s, {longest:.0f} s of them with free slots; at most {allowed:.0f}"
    )
    assert longest < allowed


@pytest.mark.long(minutes=1)
def test_two_versions_without_a_migration_share_the_accounts(database: str, tmp_path: Path) -> None:
    """The next version adds an argument to the jobs and a column to the table of the workers."""
    server = SimulatedSendcloud()
    accounts = add_accounts(server, 8, logs=300)
    options = [*QUICK, "--concurrency", "2", "--log-json"]
    asyncio.run(create_tables(database))
    history = SyncHistory(database)
    with serve_in_thread(server) as base_url, running_workers(tmp_path, database, base_url, accounts, options) as fleet:
        fleet.start()
        wait_until(lambda: count_synced(database) == 8, "the version under test does nothing", timeout=300)
        fleet.start(package=create_next_version(tmp_path / "next", migrates=False))
        wait_until(lambda: "Next sync of account" in fleet.read_log(2), "the next version does nothing", timeout=300)
        before = fleet.read_log(1).count('"message": "Sync of account')
        wait_until(
            lambda: fleet.read_log(1).count('"message": "Sync of account') > before + 4,
            "the version under test does nothing beside the next one",
            timeout=300,
        )
        for process in fleet.processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in fleet.processes] == [0, 0]
        assert read_stored(database) == read_served(base_url, accounts)
        assert "Next worker started" in fleet.read_log(2)
        levels = {json.loads(line)["level"] for line in fleet.read_logs().splitlines() if line.startswith("{")}
        assert levels == {"info"}
    assert history.find_failed_jobs() == history.find_overlapping_jobs() == set()


@pytest.mark.long(minutes=1)
def test_a_worker_stops_with_a_message_when_the_next_version_migrates_the_database(
    database: str, tmp_path: Path
) -> None:
    server = SimulatedSendcloud()
    accounts = add_accounts(server, 8, logs=600)
    server.delay("list_logs", 0.1)
    options = [*QUICK, "--concurrency", "2", "--log-json"]
    asyncio.run(create_tables(database))
    history = SyncHistory(database)
    with serve_in_thread(server) as base_url, running_workers(tmp_path, database, base_url, accounts, options) as fleet:
        old = fleet.start()
        wait_until(lambda: count_requests(server) > 3, "no sync began", timeout=300)
        fleet.start(package=create_next_version(tmp_path / "next", migrates=True))
        assert old.wait(300) == 1
        restarted = fleet.start()
        assert restarted.wait(300) == 1
        for number in (1, 3):
            assert "created or migrated by a newer version" in fleet.read_log(number)
        assert "Worker started" not in fleet.read_log(3)
        stopped = history.get_time()
        wait_until(lambda: len(history.count_successes(after=stopped)) == 8, "accounts are stuck", timeout=300)
        (_, following, _) = fleet.processes
        following.send_signal(signal.SIGTERM)
        assert following.wait(60) == 0
        server.clear_faults()
        stored = read_stored(database)
        assert stored == read_served(base_url, accounts)
        assert max(stored.values()) == 1
        assert "Traceback" not in fleet.read_logs()
    assert history.find_failed_jobs() == history.find_overlapping_jobs() == set()
    assert history.find_interleaved_accounts() == set()


def measure_overlap(start: datetime, end: datetime, periods: list[tuple[datetime, datetime]]) -> float:
    """Return how many seconds of a period are in one of others."""
    overlaps = (min(end, until) - max(start, since) for since, until in periods)
    return sum(max(0.0, overlap.total_seconds()) for overlap in overlaps)


async def create_tables(database: str) -> None:
    async with LogStore(database) as store, sync_tasks([], store) as tasks, open_app(create_app(store, tasks)) as app:
        await prepare_database(store, app)


def read_times(text: str) -> list[datetime]:
    """Return the times of the lines of a log."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [datetime.fromisoformat(line["time"]) for line in lines]


def count_requests(server: SimulatedSendcloud) -> int:
    return sum(one.operation == "list_logs" for one in list(server.requests))
