"""New databases for benchmarks, and their size."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from sendcloud_integrations_client.sync import LogStore
from tests.support.postgresql import running_postgresql

DATABASES = ("SQLite", "PostgreSQL")


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder, which is deleted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextlib.contextmanager
def get_database(database: str) -> Iterator[str]:
    """Yield the URL of a new database: `SQLite`, or `PostgreSQL` on the server of the tests."""
    if database == "SQLite":
        with temporary_folder() as folder:
            yield f"sqlite:///{folder / 'logs.db'}"
    else:
        with running_postgresql() as server:
            yield server.create_database()


async def get_size(store: LogStore) -> int:
    """Return the size of a database in bytes, without the write-ahead log of SQLite."""
    query = "SELECT pg_database_size(current_database())"
    if store.is_sqlite:
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    async with store.reading() as connection:
        return await connection.scalar(text(query)) or 0
