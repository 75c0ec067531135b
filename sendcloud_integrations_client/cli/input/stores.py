"""The database of a command: opening it, and showing its location without credentials."""

from __future__ import annotations

from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.sync import LogStore

__all__ = ["describe_location", "open_store"]


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
        raise InputError(str(error)) from None
    return store


def describe_location(store: LogStore) -> str:
    """Return the location of a store without its credentials: a file path, or host and database name."""
    url = store.engine.url
    if store.is_sqlite:
        return url.database or ""
    host = url.host or url.query.get("host") or "localhost"
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
