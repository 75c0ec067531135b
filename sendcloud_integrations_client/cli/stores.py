"""The database that a command was pointed to, and how it is named to a person."""

from __future__ import annotations

from sendcloud_integrations_client.cli.reporting import InputError
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.sync import LogStore

__all__ = ["open_store", "place_of"]


def open_store(url: str) -> LogStore:
    """The store at a URL; nothing is connected yet.

    Args:
        url: URL of the database, or the path of a file.

    Raises:
        InputError: It can be no store, or its driver is not installed.
    """
    try:
        store = LogStore(url)
        _ = store.engine  # looks for the driver
    except ConfigurationError as error:
        raise InputError(str(error)) from None
    return store


def place_of(store: LogStore) -> str:
    """Where a store is, without what logs in to it: a path, or host and database."""
    url = store.engine.url
    if store.is_sqlite:
        return url.database or ""
    host = url.host or url.query.get("host") or "localhost"
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
