"""Exception logs into SQLite or PostgreSQL: everything at first, then what is new, resumed wherever it ended.

    from sendcloud_integrations_client import SendcloudIntegrations
    from sendcloud_integrations_client.sync import LogStore, sync_logs

    async with SendcloudIntegrations() as client, LogStore("logs.db") as store:
        summary = await sync_logs(client, store)

Needs the extra `sync`, and `postgresql` for PostgreSQL.
"""

from __future__ import annotations

try:
    import aiosqlite as _aiosqlite  # noqa: F401  # pyright: ignore[reportUnusedImport]
    import alembic as _alembic  # noqa: F401  # pyright: ignore[reportUnusedImport]
    import sqlalchemy as _sqlalchemy  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError:
    raise ImportError(
        "the sync needs SQLAlchemy, aiosqlite and Alembic: pip install 'sendcloud-integrations-client[sync]'"
    ) from None

from .errors import StoreError, TakenOverError
from .job import sync_accounts, sync_logs
from .redaction import DEFAULT_FIELDS, DEFAULT_HEADERS, Redaction
from .store import LogStore
from .summary import SyncProgress, SyncSummary

__all__ = [
    "DEFAULT_FIELDS",
    "DEFAULT_HEADERS",
    "LogStore",
    "Redaction",
    "StoreError",
    "SyncProgress",
    "SyncSummary",
    "TakenOverError",
    "sync_accounts",
    "sync_logs",
]
