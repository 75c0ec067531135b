"""The database of a command: opening it, and showing its location without credentials."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sendcloud_integrations_client.cli.terminal.errors import CommandError, InputError
from sendcloud_integrations_client.cli.terminal.secrets import quote_value
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.sync import LogStore

__all__ = ["describe_location", "open_migrated_store", "open_store"]


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
            raise CommandError(f"No logs found in {describe_location(store)}. Run logs sync first.")
        yield store


def describe_location(store: LogStore) -> str:
    """Return the location of a store without its credentials: a file path, or host and database name."""
    url = store.engine.url
    if store.is_sqlite:
        return url.database or ""
    host = url.host or url.query.get("host") or "localhost"
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
