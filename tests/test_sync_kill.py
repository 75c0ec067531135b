"""A sync that is killed thirty times, over one store, while the server fails and logs keep coming."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
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
from sendcloud_integrations_client.sync.schema import log, quarantine, walk
from sendcloud_integrations_client.testing import Fault, SimulatedSendcloud, serve_in_thread

ROOT = Path(__file__).parent.parent
KILLS = 30
INTEGRATIONS = 6
LOGS = 1_200

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forks, which Windows has not")

FAULTS = (
    Fault("list_integration_logs", status=503, headers={"Retry-After": "0"}),
    Fault("list_integration_logs", status=429, headers={"Retry-After": "0"}),
    Fault("list_integration_logs", status=500, body="<html>Oops</html>"),
    Fault("list_integration_logs", "cut"),
    Fault("list_integration_logs", "reset"),
    Fault("list_integrations", status=502),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'logs.db'}"
    new_database: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return new_database()


def test_thirty_kills_lose_nothing_and_bring_nothing_twice(store_url: str) -> None:
    seed = int(os.environ.get("SYNC_KILL_SEED") or random.SystemRandom().randrange(2**32))
    print(f"Repeat this with SYNC_KILL_SEED={seed}")
    chance = random.Random(seed)
    server = SimulatedSendcloud(seed=seed, integrations=INTEGRATIONS, logs=LOGS)
    server.delay("list_integration_logs", 0.002)
    with serve_in_thread(server) as base_url, traffic(server, base_url, chance), syncs(store_url, base_url) as sync:
        killed = finished = 0
        while killed < KILLS:
            # The first third meets the first walk; one comes to its end; the others meet walks for what is new.
            to_its_end = killed == KILLS // 3 and not finished
            if to_its_end:
                server.clear_faults()  # those that piled up would be more than the attempts of one call
            status = sync(None if to_its_end else chance.uniform(0.01, 0.22))
            assert status in (0, -signal.SIGKILL)
            killed += status != 0
            finished += status == 0
        print(f"{killed} syncs were killed, {finished} came to their end before that")
    with serve_in_thread(server) as base_url, syncs(store_url, base_url) as sync:
        server.clear_faults()
        for _ in range(15):  # fewer than the attempts of one call
            server.add_fault(chance.choice(FAULTS))
        assert sync(None) == 0
        expected = asyncio.run(served(base_url))
    assert len(expected) > LOGS
    assert max(expected.values()) == 1
    found, walks = asyncio.run(stored(store_url))
    assert found == expected
    assert all(one.completed_at is not None and one.cursor is None for one in walks)


@contextmanager
def syncs(store_url: str, base_url: str) -> Iterator[Callable[[float | None], int]]:
    """Runs one sync after the other, each in a process of its own that is killed after so many seconds."""
    command = [sys.executable, "-W", "error", "-m", "tests.sync_process"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        orders, answers = process.stdin, process.stdout

        def sync(kill_after: float | None) -> int:
            print(
                json.dumps({"store": store_url, "base_url": base_url, "kill_after": kill_after}),
                file=orders,
                flush=True,
            )
            return int(answers.readline())

        yield sync
        orders.close()
        assert process.wait(10) == 0


@contextmanager
def traffic(server: SimulatedSendcloud, base_url: str, chance: random.Random) -> Iterator[None]:
    """While the block runs, logs are created and faults happen."""
    stopped = threading.Event()
    own = random.Random(chance.random())

    def run() -> None:
        with httpx.Client(auth=("public", "secret"), base_url=base_url) as http:
            while not stopped.is_set():
                integration_id = own.randint(1, INTEGRATIONS)
                for _ in range(own.choice([1, 1, 5, 50])):
                    when = f"2024-0{own.randint(1, 9)}-11T10:00:0{own.randint(0, 9)}+02:00"
                    body = {"base_url": "https://shop.example", "exception": str(own.random()), "created_at": when}
                    http.post(f"integrations/{integration_id}/logs", json=body).raise_for_status()
                for _ in range(own.randint(0, 4)):
                    server.add_fault(own.choice(FAULTS))
                stopped.wait(own.uniform(0, 0.1))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


async def served(base_url: str) -> Counter[tuple[int, bytes]]:
    """Every log of the server."""
    found: Counter[tuple[int, bytes]] = Counter()
    async with httpx.AsyncClient(auth=("public", "secret"), base_url=base_url) as http:
        for integration_id in range(1, INTEGRATIONS + 1):
            address: str | None = f"integrations/{integration_id}/logs?page_size=100"
            while address:
                answer = (await http.get(address)).raise_for_status()
                found.update((integration_id, canonical(record)) for record in answer.json()["data"])
                following = answer.links.get("next")
                address = following and following["url"].replace("https://panel.sendcloud.sc/api/v3/", "")
    return found


async def stored(url: str) -> tuple[Counter[tuple[int, bytes]], list[Any]]:
    """Every log of the store, and its walks; nothing is in quarantine."""
    async with LogStore(url) as store, store.reading() as connection:
        rows = await connection.execute(select(log.c.integration_id, log.c.record))
        found = Counter((row.integration_id, canonical(orjson.loads(row.record))) for row in rows)
        assert (await connection.execute(select(quarantine))).all() == []
        return found, list((await connection.execute(select(walk))).all())


def canonical(record: Any) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
