"""How a store is named to a person."""

from __future__ import annotations

from sendcloud_integrations_client.sync import LogStore

__all__ = ["place_of"]


def place_of(store: LogStore) -> str:
    """Where a store is, without what logs in to it: a path, or host and database."""
    url = store.engine.url
    if store.is_sqlite:
        return url.database or ""
    host = url.host or url.query.get("host") or "localhost"
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
