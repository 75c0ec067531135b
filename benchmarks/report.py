"""Time and memory of the report over 1,000,000 logs of 300 accounts: all logs and the last 24 hours, in SQLite."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from benchmarks.ratios import Row
from sendcloud_integrations_client.report import Selection, gather_figures, render_page
from sendcloud_integrations_client.report.json_figures import figures_to_dict
from sendcloud_integrations_client.report.markdown import render_markdown
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.problem_keys import PROBLEM_KEY_VERSION, build_problem_key

ACCOUNTS = 300
LOGS = 1_000_000
SHOPS = 10  # per account
DAYS = 90
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)

_FAILURES = [
    ("requests.exceptions.HTTPError", status, f"{status} Error for url: https://shop.example/orders/{{}}", "/orders/1")
    for status in (401, 403, 404, 410, 422, 429, 500, 502, 503)
] + [
    ("requests.exceptions.SSLError", 495, "certificate has expired", "/orders"),
    ("requests.exceptions.ConnectTimeout", None, "timed out", "/orders"),
    ("requests.exceptions.JSONDecodeError", 200, "Expecting value", "/orders"),
]


def measure() -> list[Row]:
    """Create the store, and measure each period in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logs.db"
        fill_store(path)
        rows: list[Row] = []
        for name, since, target in (
            ("all logs", None, 3.0),
            ("the last 7 days", NOW - timedelta(days=7), 3.0),
            ("the last 24 hours", NOW - timedelta(hours=24), 1.0),
        ):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, cpu_seconds, megabytes, size = pool.apply(measure_report, (str(path), since))
            note = f"page, JSON and Markdown; {cpu_seconds:.2f} s of CPU time; page of {size / 1000:,.0f} kB"
            rows += [
                Row(f"report over {name} of {LOGS:,}", seconds, target, note, unit="s"),
                Row(f"peak memory of the report over {name}", megabytes, 200, unit="MB"),
            ]
        return rows


def measure_report(path: str, since: datetime | None) -> tuple[float, float, float, int]:
    """Return time and CPU time in seconds, peak memory in megabytes, and the size of the page in bytes."""

    async def run() -> int:
        async with LogStore(path) as store:
            figures = await gather_figures(store, Selection(since=since), now=NOW)
        page = render_page(figures)
        orjson.dumps(figures_to_dict(figures))
        render_markdown(figures)
        return len(page.encode())

    started, cpu_started = time.perf_counter(), time.process_time()
    size = asyncio.run(run())
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return seconds, cpu_seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, size


def fill_store(path: Path) -> None:
    """Create a store with the logs. Half of the shops of an account fail with one problem most of the time."""

    async def migrate() -> None:
        async with LogStore(path) as store:
            await store.migrate()

    asyncio.run(migrate())
    names = [f"account-{number:03}" for number in range(ACCOUNTS)]
    now = format_time(NOW)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.executemany(
            "INSERT INTO account (name, first_synced_at, last_synced_at) VALUES (?, ?, ?)",
            [(name, now, now) for name in names],
        )
        connection.executemany(
            "INSERT INTO integration (account, id, shop_name, shop_url, started_failing_at, listed_at, record) "
            "VALUES (?, ?, ?, ?, ?, ?, '{}')",
            [
                (
                    name,
                    shop,
                    f"Shop {shop} of {name}",
                    "https://shop.example",
                    format_time(NOW - timedelta(hours=position + 1)) if shop == 1 and position % 2 == 0 else None,
                    now,
                )
                for position, name in enumerate(names)
                for shop in range(1, SHOPS + 1)
            ],
        )
        connection.executemany(
            "INSERT INTO log (account, id, integration_id, created_at_utc, exception_type, response_code, exception, "
            "method, full_url, problem_key, stored_at, read_account_wide, read_by_integration, record) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 'GET', ?, ?, ?, 1, 0, ?)",
            build_logs(names, now),
        )
        connection.execute(
            "INSERT INTO problem SELECT account, problem_key, ?, max(exception_type), max(response_code), "
            "min(created_at_utc), max(created_at_utc) FROM log GROUP BY account, problem_key",
            (PROBLEM_KEY_VERSION,),
        )
        connection.commit()


def build_logs(names: list[str], stored_at: str) -> Iterator[tuple[Any, ...]]:
    """Build the rows of the table `log`, by account and id."""
    chooser = random.Random(1)
    keys = [build_problem_key(kind, status, text, "GET", path) for kind, status, text, path in _FAILURES]
    record = '{"response": "' + "x" * 600 + '"}'
    per_account = -(-LOGS // len(names))
    start = NOW - timedelta(days=DAYS)
    for position, name in enumerate(names):
        for number in range(min(per_account, LOGS - position * per_account)):
            shop = chooser.randrange(SHOPS) + 1
            failure = (position + shop) % 12 if chooser.random() < 0.7 else chooser.randrange(12)
            kind, status, text, path = _FAILURES[failure]
            created_at = start + timedelta(days=DAYS) * ((number + chooser.random()) / per_account)
            yield (
                *(name, number + 1, shop, format_time(created_at), kind, status, text, path, keys[failure]),
                *(stored_at, record),
            )


def format_time(value: datetime) -> str:
    """Return a timestamp as SQLite stores it."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}"
