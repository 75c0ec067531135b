"""`python -m benchmarks.drivers`: how fast asyncpg and psycopg 3 write pages of logs into PostgreSQL.

Each page of 100 rows is one transaction with the statements of the sync: a comparison with the stored rows, the rows
themselves, and the state of the list. The rows are written with the statement that SQLAlchemy sends for a list of
rows, with one `INSERT ... SELECT unnest(...)`, or with `COPY`. The server is the one of the tests. psycopg 3 is only
measured if it is installed: pip install 'psycopg[binary]'.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from sendcloud_integrations_client.sync.schema import log, metadata, sync_state
from tests.support.postgresql import running_postgresql

Rows = Sequence[dict[str, Any]]
Write = Callable[[AsyncConnection, Rows], Awaitable[None]]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = [column.name for column in log.columns]
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
TYPES = {column.name: str(column.type.compile(dialect=DIALECT)) for column in log.columns}
ARRAYS = ", ".join(f"%s::{TYPES[name]}[]" for name in COLUMNS)


def main() -> None:
    """Print rows per second and CPU time of this process per row, best of several rounds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drivers", description=__doc__)
    parser.add_argument("--pages", type=int, default=150, help="pages of 100 rows per round (default: 150)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    options = parser.parse_args()
    drivers = ["asyncpg", *(["psycopg"] if importlib.util.find_spec("psycopg") else [])]
    with running_postgresql() as server:
        print(f"{'driver':10} {'rows':16} {'rows per second':>16} {'CPU µs per row':>16}")
        best: dict[tuple[str, str], tuple[float, float]] = {}
        for _ in range(options.rounds):
            for driver in drivers:
                for name, write in get_ways(driver).items():
                    url = server.create_database().replace("postgresql:", f"postgresql+{driver}:")
                    figures = asyncio.run(measure(url, write, options.pages))
                    previous = best.get((driver, name), (0.0, float("inf")))
                    best[driver, name] = max(previous[0], figures[0]), min(previous[1], figures[1])
        for (driver, name), (rate, cpu) in best.items():
            print(f"{driver:10} {name:16} {rate:16,.0f} {cpu:16.1f}")


def get_ways(driver: str) -> dict[str, Write]:
    """Return the ways to write rows."""
    if driver == "asyncpg":
        return {"SQLAlchemy": write_rows, "unnest": write_arrays_asyncpg, "COPY": copy_asyncpg}
    return {"SQLAlchemy": write_rows, "unnest": write_arrays_psycopg, "COPY": copy_psycopg}


async def measure(url: str, write: Write, pages: int) -> tuple[float, float]:
    """Return rows per second, and microseconds of CPU time per row."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(insert(sync_state), {"account": "a", "integration_id": 0, "run_id": "x"})
    started, cpu = time.perf_counter(), time.process_time()
    for page in range(pages):
        rows = [build_row(page * 100 + number) for number in range(100)]
        async with engine.begin() as connection:
            ids = [row["id"] for row in rows]
            await connection.execute(select(log.c.id, log.c.record).where(log.c.account == "a", log.c.id.in_(ids)))
            await write(connection, rows)
            await connection.execute(update(sync_state).values(cursor=str(page), completed_at=NOW))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    await engine.dispose()
    return pages * 100 / seconds, cpu / (pages * 100) * 1e6


def build_row(number: int) -> dict[str, Any]:
    """Return a row of 700 bytes."""
    return {
        "account": "a",
        "id": number,
        "integration_id": number % 10,
        "created_at": NOW.isoformat(),
        "created_at_utc": NOW,
        "exception_type": "shop.Error",
        "exception": "Out of stock " * 5,
        "response_code": 503,
        "method": "POST",
        "base_url": "https://shop.example",
        "full_url": "https://shop.example/orders",
        "protected": False,
        "problem_key": "0123456789abcdef",
        "stored_at": NOW,
        "updated_at": None,
        "redaction_key": "key",
        "read_account_wide": True,
        "read_by_integration": False,
        "record": '{"x":"' + "y" * 700 + '"}',
    }


async def write_rows(connection: AsyncConnection, rows: Rows) -> None:
    """Write rows as the sync does."""
    await connection.execute(postgresql.insert(log).on_conflict_do_nothing(), list(rows))


async def write_arrays_asyncpg(connection: AsyncConnection, rows: Rows) -> None:
    """Write rows with one statement, whose parameters are one array per column."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    arrays = ", ".join(f"${number}::{TYPES[name]}[]" for number, name in enumerate(COLUMNS, 1))
    statement = f"INSERT INTO log ({', '.join(COLUMNS)}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"
    await driver.execute(statement, *([row[name] for row in rows] for name in COLUMNS))


async def write_arrays_psycopg(connection: AsyncConnection, rows: Rows) -> None:
    """Write rows with one statement, whose parameters are one array per column."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    statement = f"INSERT INTO log ({', '.join(COLUMNS)}) SELECT * FROM unnest({ARRAYS}) ON CONFLICT DO NOTHING"
    await driver.execute(statement, [[row[name] for row in rows] for name in COLUMNS])


async def copy_asyncpg(connection: AsyncConnection, rows: Rows) -> None:
    """Write rows with COPY, which fails if another run has stored one of them."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    records = [tuple(row.values()) for row in rows]
    await driver.copy_records_to_table("log", records=records, columns=list(rows[0]))


async def copy_psycopg(connection: AsyncConnection, rows: Rows) -> None:
    """Write rows with COPY, which fails if another run has stored one of them."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    async with driver.cursor() as cursor, cursor.copy(f"COPY log ({', '.join(rows[0])}) FROM STDIN") as copy:
        for row in rows:
            await copy.write_row(tuple(row.values()))


if __name__ == "__main__":
    main()
