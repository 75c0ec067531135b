"""Time and memory of the report over 1,000,000 logs of 300 accounts, in SQLite and PostgreSQL, in each of its forms."""

from __future__ import annotations

import asyncio
import contextlib
import io
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

import asyncpg  # type: ignore[import-untyped]
import orjson
from sqlalchemy import make_url

from benchmarks.ratios import Row
from sendcloud_integrations_client.cli.terminal.report_tables import print_report
from sendcloud_integrations_client.report import Selection, gather_figures, render_page
from sendcloud_integrations_client.report.json_figures import figures_to_dict
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.problem_keys import PROBLEM_KEY_VERSION, build_problem_key
from tests.support.postgresql import running_postgresql

FORMS = ("terminal", "JSON", "HTML")
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
    """Create the store in both databases, and measure each form and period in a new process."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logs.db"
        fill_sqlite(path)
        rows += measure_store("SQLite", str(path))
    with running_postgresql() as server:
        url = server.create_database()
        asyncio.run(fill_postgresql(url))
        rows += measure_store("PostgreSQL", url)
    return rows


def measure_store(database: str, url: str) -> list[Row]:
    """Measure each form and period."""
    rows: list[Row] = []
    for name, since, target in (
        ("all logs", None, 3.0),
        ("7 days", NOW - timedelta(days=7), 3.0),
        ("24 hours", NOW - timedelta(hours=24), 1.0),
    ):
        peak = 0.0
        for form in FORMS:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, cpu_seconds, megabytes, size = pool.apply(measure_report, (url, since, form))
            note = f"{cpu_seconds:.2f} s of CPU time without the server; {size / 1000:,.0f} kB"
            rows.append(Row(f"report from {database}, {name}: {form}", seconds, target, note, unit="s"))
            peak = max(peak, megabytes)
        rows.append(Row(f"report from {database}, {name}: peak memory", peak, 200, unit="MB"))
    return rows


def measure_report(url: str, since: datetime | None, form: str) -> tuple[float, float, float, int]:
    """Return time and CPU time in seconds, peak memory in megabytes, and the size of the output in bytes."""

    async def run() -> int:
        async with LogStore(url) as store:
            figures = await gather_figures(store, Selection(since=since), now=NOW)
        if form == "JSON":
            return len(orjson.dumps(figures_to_dict(figures)))
        if form == "HTML":
            return len(render_page(figures).encode())
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            print_report(figures, 20)
        return len(output.getvalue().encode())

    started, cpu_started = time.perf_counter(), time.process_time()
    size = asyncio.run(run())
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return seconds, cpu_seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, size


async def migrate(url: str) -> None:
    """Create the tables."""
    async with LogStore(url) as store:
        await store.migrate()


def fill_sqlite(path: Path) -> None:
    """Create an SQLite store with the rows."""
    asyncio.run(migrate(str(path)))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for table, columns, rows in build_tables():
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                ([format_time(each) if isinstance(each, datetime) else each for each in row] for row in rows),
            )
        connection.execute(FILL_PROBLEMS)
        connection.commit()


async def fill_postgresql(url: str) -> None:
    """Create a PostgreSQL store with the rows. `VACUUM ANALYZE` replaces the autovacuum of a server that runs."""
    await migrate(url)
    parts = make_url(url)
    connection = await asyncpg.connect(host=str(parts.query["host"]), user=parts.username, database=parts.database)
    try:
        for table, columns, rows in build_tables():
            await connection.copy_records_to_table(table, records=rows, columns=columns)
        await connection.execute(FILL_PROBLEMS)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


FILL_PROBLEMS = (
    "INSERT INTO problem "
    "(account, problem_key, key_version, exception_type, response_code, first_seen_at, last_seen_at) "
    f"SELECT account, problem_key, {PROBLEM_KEY_VERSION}, max(exception_type), max(response_code), "
    "min(created_at_utc), max(created_at_utc) FROM log GROUP BY account, problem_key"
)


def build_tables() -> Iterator[tuple[str, tuple[str, ...], Iterator[tuple[Any, ...]]]]:
    """Build the rows of each table. Half of the shops of an account fail with one problem most of the time."""
    names = [f"account-{number:03}" for number in range(ACCOUNTS)]
    yield "account", ("name", "first_synced_at", "last_synced_at"), ((name, NOW, NOW) for name in names)
    yield (
        "integration",
        ("account", "id", "shop_name", "shop_url", "started_failing_at", "listed_at", "record"),
        (
            (
                name,
                shop,
                f"Shop {shop} of {name}",
                "https://shop.example",
                NOW - timedelta(hours=position + 1) if shop == 1 and position % 2 == 0 else None,
                NOW,
                "{}",
            )
            for position, name in enumerate(names)
            for shop in range(1, SHOPS + 1)
        ),
    )
    columns = "account id integration_id created_at_utc exception_type response_code exception full_url problem_key"
    more = "method stored_at read_account_wide read_by_integration record"
    yield "log", (*columns.split(), *more.split()), build_logs(names)


def build_logs(names: list[str]) -> Iterator[tuple[Any, ...]]:
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
                *(name, number + 1, shop, created_at, kind, status, text, path, keys[failure]),
                *("GET", NOW, True, False, record),
            )


def format_time(value: datetime) -> str:
    """Return a timestamp as SQLite stores it."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}"
