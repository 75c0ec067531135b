"""The database of a command: opening it, and showing its location without credentials."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sendcloud_integrations_client.cli.terminal.errors import CommandError, InputError
from sendcloud_integrations_client.cli.terminal.secrets import hide_secrets, quote_value
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.sync import LogStore

__all__ = ["check_database_file", "describe_location", "open_migrated_store", "open_store"]


def open_store(url: str) -> LogStore:
    """Create the store for a database. The store connects on first use.

    Args:
        url: URL of the database, or path of an SQLite file.

    Returns:
        The store.

    Raises:
        InputError: If the URL is invalid, or if the driver of the database is not installed.
    """
    try:
        store = LogStore(url)
        _ = store.engine  # raises if the driver is not installed
    except ConfigurationError as error:
        raise InputError(f"Invalid value {quote_value(url)} for --database: {error}") from None
    return store


@asynccontextmanager
async def open_migrated_store(url: str) -> AsyncGenerator[LogStore]:
    """Open a store that `logs sync` has filled.

    Args:
        url: URL of the database, or path of an SQLite file.

    Yields:
        The store.

    Raises:
        CommandError: If the database does not exist or has no tables.
        InputError: See `open_store`.
        StoreError: If the database cannot be used.
    """
    async with open_store(url) as store:
        if not await store.is_migrated():
            raise CommandError(_describe_missing_logs(store))
        yield store


async def check_database_file(store: LogStore, url: str, *, is_written: bool) -> None:
    """Check that an SQLite database can be used, before the command sends requests. Creates nothing.

    PostgreSQL is not checked, because the sync waits for a database that is unavailable for a short time.

    Args:
        store: The store.
        url: URL of the database, or path of an SQLite file, for the error message.
        is_written: Whether the command writes to the database.

    Raises:
        CommandError: If the file or its folder cannot be used.
        StoreError: If the file is not a database of `logs sync`.
    """
    name = store.engine.url.database or ""
    if not store.is_sqlite or name.startswith("file:"):
        return
    problem = _find_problem(Path(name), is_written=is_written)
    if problem:
        raise CommandError(
            f"The database {hide_secrets(url)} cannot be used: {problem}. Pass another path with --database."
        )
    await store.is_migrated()


def describe_location(store: LogStore) -> str:
    """Return the location of a store without its credentials: a file path, or host and database name."""
    url = store.engine.url
    if store.is_sqlite:
        return url.database or ""
    host = url.host or url.query.get("host") or "localhost"
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def _find_problem(path: Path, *, is_written: bool) -> str | None:
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return "its folder does not exist"
    if is_written and not os.access(path.parent, os.W_OK):
        return "its folder is read-only"
    if is_written and path.exists() and not os.access(path, os.W_OK):
        return "it is read-only"
    return None


def _describe_missing_logs(store: LogStore) -> str:
    name = store.engine.url.database or ""
    is_file = store.is_sqlite and name not in {"", ":memory:"} and not name.startswith("file:")
    if is_file and not Path(name).exists():
        return f"The database {describe_location(store)} does not exist. Check --database, or run logs sync first."
    return f"No logs found in {describe_location(store)}. Run logs sync first."
