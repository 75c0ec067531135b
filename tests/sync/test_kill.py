"""Kills a sync again and again on one store, while the server fails and logs are created."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select

from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import log, quarantine, sync_state
from sendcloud_integrations_client.testing import Fault, SimulatedSendcloud, serve_in_thread
from tests.support.killed_syncs import count_after_kills, start_syncs

INTEGRATIONS = 6
LOGS = 1_200
FEW_LOGS = 150

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="the sync processes are forked, which Windows does not support"
)


def build_faults(operation: str) -> list[Fault]:
    return [
        Fault(operation, status=503, headers={"Retry-After": "0"}),
        Fault(operation, status=429, headers={"Retry-After": "0"}),
        Fault(operation, status=500, body="<html>Oops</html>"),
        Fault(operation, "cut"),
        Fault(operation, "reset"),
        Fault("list_integrations", status=502),
    ]


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'logs.db'}"
    new_database: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return new_database()


@pytest.mark.parametrize(
    ("store_url", "kills", "source"),
    [
        ("sqlite", 1, "account"),
        pytest.param("postgresql", 1, "account", marks=pytest.mark.long),
        *(
            pytest.param(store, 40, source, marks=pytest.mark.long(minutes=3))
            for store in ("sqlite", "postgresql")
            for source in ("account", "integrations")
        ),
    ],
    indirect=["store_url"],
)
def test_killed_sync_stores_every_log_exactly_once(store_url: str, kills: int, source: str) -> None:
    seed = int(os.environ.get("SYNC_KILL_SEED") or random.SystemRandom().randrange(2**32))
    print(f"Repeat this run with SYNC_KILL_SEED={seed}")
    generator = random.Random(seed)
    logs = LOGS if kills > 1 else FEW_LOGS
    server = SimulatedSendcloud(seed=seed, integrations=INTEGRATIONS, logs=logs)
    operation = "list_logs" if source == "account" else "list_integration_logs"
    faults = build_faults(operation)
    server.delay(operation, 0.002)
    options = {"source": source, "page_size": 20 if source == "account" else 5, "concurrency": 3}
    with serve_in_thread(server) as base_url, start_syncs(store_url, base_url, options) as sync:
        with run_traffic(server, base_url, generator, faults, bursts=[1, 1, 5, 50] if kills > 1 else [1, 1, 5]):
            kill_syncs(server, sync, kills, generator)
        server.clear_faults()
        for _ in range(15):
            server.add_fault(generator.choice(faults))
        assert sync(None) == 0
        server.clear_faults()
        expected = asyncio.run(read_server(base_url))
    assert len(expected) > logs
    assert max(expected.values()) == 1
    stored, states = asyncio.run(read_store(store_url))
    assert stored == expected
    assert all(state.completed_at is not None and state.cursor is None for state in states)


def kill_syncs(
    server: SimulatedSendcloud, sync: Callable[[float | None], int], kills: int, generator: random.Random
) -> None:
    killed = completed = 0
    while killed < kills:
        # The first third of the kills interrupts full passes. Then one sync runs to completion, so that the other
        # kills interrupt incremental passes.
        must_complete = killed == kills // 3 and not completed
        if must_complete:
            server.clear_faults()  # the faults that accumulated while syncs were killed would take long to read
        status = sync(None if must_complete else generator.uniform(0.01, 0.22))
        assert status in (0, -signal.SIGKILL)
        killed += status != 0
        completed += status == 0
    print(f"{killed} syncs were killed, {completed} completed before they could be killed")


@pytest.mark.long(minutes=6)
def test_five_times_killed_sync_of_600_000_logs_is_exact(store_url: str) -> None:
    assert count_after_kills(store_url, 600_000)[1] == 600_150


@contextmanager
def run_traffic(
    server: SimulatedSendcloud, base_url: str, generator: random.Random, faults: list[Fault], bursts: list[int]
) -> Iterator[None]:
    """Create logs and faults while the block runs. `bursts` are numbers of logs that are created at a time."""
    stopped = threading.Event()
    thread_generator = random.Random(generator.random())

    def run() -> None:
        with httpx.Client(auth=("public", "secret"), base_url=base_url, timeout=60) as http:
            while not stopped.is_set():
                integration_id = thread_generator.randint(1, INTEGRATIONS)
                for _ in range(thread_generator.choice(bursts)):
                    when = f"2024-0{thread_generator.randint(1, 9)}-11T10:00:0{thread_generator.randint(0, 9)}+02:00"
                    body = {
                        "base_url": "https://shop.example",
                        "exception": str(thread_generator.random()),
                        "created_at": when,
                    }
                    http.post(f"integrations/{integration_id}/logs", json=body).raise_for_status()
                for _ in range(thread_generator.randint(0, 4)):
                    server.add_fault(thread_generator.choice(faults))
                stopped.wait(thread_generator.uniform(0, 0.1))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


async def read_server(base_url: str) -> Counter[tuple[int, bytes]]:
    """Return the number of occurrences of each log on the server."""
    found: Counter[tuple[int, bytes]] = Counter()
    async with httpx.AsyncClient(auth=("public", "secret"), base_url=base_url) as http:
        for integration_id in range(1, INTEGRATIONS + 1):
            url: str | None = f"integrations/{integration_id}/logs?page_size=100"
            while url:
                response = (await http.get(url)).raise_for_status()
                found.update((integration_id, encode_canonical(record)) for record in response.json()["data"])
                next_link = response.links.get("next")
                url = next_link and next_link["url"].replace("https://panel.sendcloud.sc/api/v3/", "")
    return found


async def read_store(url: str) -> tuple[Counter[tuple[int, bytes]], list[Any]]:
    """Return the number of occurrences of each log in the store, and the sync states. The quarantine must be empty."""
    async with LogStore(url) as store, store.reading() as connection:
        rows = await connection.execute(select(log.c.integration_id, log.c.record))
        logs = Counter((row.integration_id, encode_canonical(orjson.loads(row.record))) for row in rows)
        assert (await connection.execute(select(quarantine))).all() == []
        return logs, list((await connection.execute(select(sync_state))).all())


def encode_canonical(record: Any) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
