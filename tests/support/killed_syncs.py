"""Syncs that are killed: processes to kill, and a comparison of a large store with the server."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy import func, select

from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import log
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread

__all__ = ["count_after_kills", "start_syncs"]

KillAfter = float | Callable[[], bool] | None
RunSync = Callable[[KillAfter], int]

_ROOT = Path(__file__).parents[2]
_INTEGRATIONS = 50
_PAGE_SIZE = 100
_LATE_LOGS = 30  # created after each kill
_COMPARED_PAGES = 20
_MAX_WAIT = 600  # seconds; a sync that ended early requests no more pages


@contextmanager
def start_syncs(store_url: str, base_url: str, options: dict[str, Any]) -> Iterator[RunSync]:
    """Start the process that runs syncs.

    Yields:
        A function that runs one sync in a forked process and returns its exit status. The argument is the number of
        seconds after which the process is killed, or a function that returns True when it has to be killed; None to let
        it complete.
    """
    command = [sys.executable, "-W", "error", "-m", "tests.support.sync_process"]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, results = process.stdin, process.stdout

        def sync(kill_after: KillAfter) -> int:
            seconds = None if callable(kill_after) else kill_after
            request = {"store": store_url, "base_url": base_url, "kill_after": seconds, "options": options}
            request["waits_for_line"] = callable(kill_after)
            print(json.dumps(request), file=requests, flush=True)
            if callable(kill_after):
                deadline = time.monotonic() + _MAX_WAIT
                while not kill_after() and time.monotonic() < deadline:
                    time.sleep(0.02)
                print(file=requests, flush=True)
            return int(results.readline())

        yield sync
        requests.close()
        assert process.wait(10) == 0


def count_after_kills(store_url: str, logs: int, seed: int = 7) -> tuple[int, int]:
    """Kill a sync of many logs five times, let the sixth one complete, and compare the store with the server.

    Each process is killed after a random number of pages, so that the last one has to resume. New logs are created
    after each kill. The ids, and the content of some pages, must be those of the server.

    Args:
        store_url: URL of an empty store.
        logs: Number of logs that exist from the start.
        seed: Seed of the random numbers.

    Returns:
        Number of stored logs before the last run, and after it.
    """
    generator = random.Random(seed)
    sendcloud = SimulatedSendcloud(integrations=_INTEGRATIONS, logs=logs)
    server = _CountingServer(sendcloud)
    pages, total = logs // _PAGE_SIZE, logs
    with serve_in_thread(server) as base_url, start_syncs(store_url, base_url, {"page_size": _PAGE_SIZE}) as sync:
        for _ in range(5):
            last_page = server.pages + generator.randint(pages // 20, pages // 6)
            status = sync(lambda last_page=last_page: server.pages >= last_page)
            assert status == -signal.SIGKILL, f"the sync ended with status {status} before it was killed"
            for _ in range(_LATE_LOGS):
                sendcloud.add_log(generator.randint(1, _INTEGRATIONS))
            total += _LATE_LOGS
        before, _ = asyncio.run(_read_totals(store_url))
        assert 0 < before < logs, f"{before} logs were stored before the last run, which had to resume"
        assert sync(None) == 0
        found, sum_of_ids = asyncio.run(_read_totals(store_url))
        assert (found, sum_of_ids) == (total, total * (total + 1) // 2)
        for _ in range(_COMPARED_PAGES):
            asyncio.run(_compare_page(base_url, store_url, generator.randint(1, total)))
    return before, found


class _CountingServer:
    """Counts the requests for pages of logs."""

    def __init__(self, server: SimulatedSendcloud) -> None:
        self._server = server
        self.pages = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.pages += scope["type"] == "http" and scope["path"].endswith("/logs")
        await self._server(scope, receive, send)


async def _read_totals(url: str) -> tuple[int, int]:
    """Return the number of logs in the store, and the sum of their ids, which are unique."""
    async with LogStore(url) as store, store.reading() as connection:
        row = (await connection.execute(select(func.count(), func.coalesce(func.sum(log.c.id), 0)))).one()
        return int(row[0]), int(row[1])


async def _compare_page(base_url: str, url: str, log_id: int) -> None:
    """Compare the page that begins at or before a log with the store."""
    async with LogStore(url) as store, store.reading() as connection:
        timestamp = await connection.scalar(select(log.c.created_at_utc).where(log.c.id == log_id))
        assert timestamp is not None
        async with httpx.AsyncClient(auth=("public", "secret"), base_url=base_url) as http:
            query = {"cursor": timestamp.isoformat(), "page_size": str(_PAGE_SIZE)}
            response = await http.get("integrations/logs", params=query)
        records = response.raise_for_status().json()["data"]
        assert records
        columns = select(log.c.id, log.c.integration_id, log.c.record)
        rows = await connection.execute(columns.where(log.c.id.in_([one["id"] for one in records])))
        stored = {row.id: row for row in rows}
    for record in records:
        row = stored[record["id"]]
        assert row.integration_id == record["integration_id"]
        assert orjson.loads(row.record) == record
