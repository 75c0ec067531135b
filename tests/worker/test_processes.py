"""Real worker processes: one is killed, and the others finish its accounts."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import account as account_table
from sendcloud_integrations_client.sync.schema import log
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.support.postgresql import PostgresqlServer
from tests.support.valkey import ValkeyServer
from tests.support.worker_processes import add_accounts, running_workers, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")

Logs = Counter[tuple[str, int]]
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(new_postgresql_database: Callable[[], str]) -> str:
    """An empty database, in which the workers create their tables."""
    return new_postgresql_database()


def read_stored(database: str) -> Logs:
    async def read() -> Logs:
        async with LogStore(database) as store, store.reading() as connection:
            return Counter((row.account, row.id) for row in await connection.execute(select(log.c.account, log.c.id)))

    return asyncio.run(read())


def count_synced(database: str, *, after: datetime = LONG_AGO) -> int:
    """Return the number of accounts that were synced completely, after a time."""

    async def read() -> int:
        async with LogStore(database) as store:
            if not await store.is_migrated():
                return 0
            async with store.reading() as connection:
                times = await connection.scalars(select(account_table.c.last_synced_at))
                return sum(time is not None and time > after for time in times)

    return asyncio.run(read())


def read_served(base_url: str, accounts: dict[str, tuple[str, str]]) -> Logs:
    async def read() -> Logs:
        found: Logs = Counter()
        for name, keys in accounts.items():
            async with SendcloudIntegrations(auth=BasicAuth(*keys), base_url=base_url, rate_limits=None) as client:
                found.update([(name, one.id or 0) async for one in client.logs.list()])
        return found

    return asyncio.run(read())


def test_accounts_of_a_killed_worker_are_synced_by_another_one(database: str, tmp_path: Path) -> None:
    server = SimulatedSendcloud()
    accounts = add_accounts(server, 3, logs=250)
    server.delay("list_logs", 60)  # no sync completes before the worker is killed
    options = ["--every", "1d", "--stall-timeout", "3s", "--concurrency", "4", "--log-json"]
    with serve_in_thread(server) as base_url, running_workers(tmp_path, database, base_url, accounts, options) as fleet:
        first = fleet.start(is_forked=True)
        wait_until(lambda: any(one.operation == "list_logs" for one in server.requests), "no sync began")
        fleet.kill(first)
        server.clear_faults()
        assert count_synced(database) < 3
        second = fleet.start()  # a new interpreter, as in reality
        wait_until(lambda: count_synced(database) == 3, "accounts are stuck")
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


@pytest.mark.long(minutes=3)
def test_syncs_survive_crashes_freezes_and_restarts(
    database: str, tmp_path: Path, postgresql_server: PostgresqlServer, valkey: ValkeyServer
) -> None:
    """Three workers with shared limits sync 30 accounts while workers, PostgreSQL and Valkey fail."""
    seed = int(os.environ.get("WORKER_KILL_SEED") or random.SystemRandom().randrange(2**32))
    print(f"Repeat this run with WORKER_KILL_SEED={seed}")
    generator = random.Random(seed)
    server = SimulatedSendcloud()
    accounts = add_accounts(server, 30, logs=600)
    server.delay("list_logs", 0.2)
    options = ["--every", "20s", "--stall-timeout", "6s", "--concurrency", "4"]
    with (
        serve_in_thread(server) as base_url,
        running_workers(tmp_path, database, base_url, accounts, options, SENDCLOUD_REDIS_URL=valkey.url) as fleet,
    ):
        for _ in range(3):
            fleet.start()
        for kill in range(5):
            seen = count_requests(server)
            wait_until(lambda seen=seen: count_requests(server) > seen + 20, "the workers do nothing")  # type: ignore[misc]
            fleet.kill(generator.choice(fleet.processes))
            fleet.start()
            if kill == 1:
                valkey.stop()
            if kill == 2:
                valkey.start()
                postgresql_server.stop()
                postgresql_server.start()
        frozen = generator.choice(fleet.processes)
        frozen.send_signal(signal.SIGSTOP)
        before = fleet.read_logs().count("stopped responding")
        wait_until(lambda: fleet.read_logs().count("stopped responding") > before, "no recovery")
        frozen.send_signal(signal.SIGCONT)
        server.clear_faults()
        wait_until(lambda: count_synced(database) == 30, "accounts are stuck", timeout=180)
        finished = datetime.now(UTC)
        wait_until(lambda: count_synced(database, after=finished) == 30, "accounts are stuck later", timeout=180)
        for process in fleet.processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in fleet.processes] == [0, 0, 0]
        stored = read_stored(database)
        assert stored == read_served(base_url, accounts)
        assert len(stored) == 30 * 600
        assert max(stored.values()) == 1
        assert "Traceback" not in fleet.read_logs()


def count_requests(server: SimulatedSendcloud) -> int:
    return sum(one.operation == "list_logs" for one in list(server.requests))
