"""Real worker processes: one is killed, and the others finish its accounts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import account as account_table
from sendcloud_integrations_client.sync.schema import log
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.support.worker_processes import WorkerFleet, add_accounts, running_workers, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")

Logs = Counter[tuple[str, int]]


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


def get_status(fleet: WorkerFleet) -> list[dict[str, object]]:
    result = fleet.run("status", "--json")
    assert result.returncode == 0, result.stderr
    found: list[dict[str, object]] = json.loads(result.stdout)["accounts"]
    return found


def test_accounts_of_a_killed_worker_are_synced_by_another_one(database: str, tmp_path: Path) -> None:
    server = SimulatedSendcloud()
    accounts = add_accounts(server, 4, logs=1000)
    server.delay("list_logs", 0.05)
    options = ["--every", "1d", "--stall-timeout", "3s", "--concurrency", "4"]
    with serve_in_thread(server) as base_url, running_workers(tmp_path, database, base_url, accounts, options) as fleet:
        first = fleet.start()
        wait_until(lambda: sum(one.operation == "list_logs" for one in server.requests) > 8, "no sync began")
        fleet.kill(first)
        assert count_synced(database) < 4
        second = fleet.start()
        wait_until(lambda: count_synced(database) == 4, "accounts are stuck")
        status = get_status(fleet)
        assert [one["account"] for one in status] == list(accounts)
        server.clear_faults()
        stored = read_stored(database)
        assert stored == read_served(base_url, accounts)
        assert max(stored.values()) == 1
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0
