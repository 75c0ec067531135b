"""Resumable sync of exception logs to SQLite or PostgreSQL: all logs in the first run, new logs in later runs.

    from sendcloud_integrations_client import SendcloudIntegrations
    from sendcloud_integrations_client.sync import LogStore, sync_logs

    async with SendcloudIntegrations() as client, LogStore("logs.db") as store:
        summary = await sync_logs(client, store)

Requires the extra `sync`, or `postgresql` for PostgreSQL.
"""

from __future__ import annotations

try:
    import aiosqlite as _aiosqlite  # noqa: F401  # pyright: ignore[reportUnusedImport]
    import alembic as _alembic  # noqa: F401  # pyright: ignore[reportUnusedImport]
    import sqlalchemy as _sqlalchemy  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError:
    raise ImportError(
        "The sync requires SQLAlchemy, aiosqlite and Alembic: pip install 'sendcloud-integrations-client[sync]'"
    ) from None

from .accounts import StoredAccount, list_accounts, rebind_account, remove_account, rename_account
from .errors import AccountMismatchError, NewerStoreError, StoreError, SyncSupersededError
from .job import sync_accounts, sync_logs
from .pruning import PruneSummary, prune_store
from .redaction import DEFAULT_FIELDS, DEFAULT_HEADERS, DEFAULT_PATTERNS, Redaction, SecretPattern
from .run_options import IfRunning, SyncSource
from .store import LogStore
from .stored_redaction import StoredRedactionSummary, redact_store
from .summary import SyncProgress, SyncSummary

__all__ = [
    "DEFAULT_FIELDS",
    "DEFAULT_HEADERS",
    "DEFAULT_PATTERNS",
    "AccountMismatchError",
    "IfRunning",
    "LogStore",
    "NewerStoreError",
    "PruneSummary",
    "Redaction",
    "SecretPattern",
    "StoreError",
    "StoredAccount",
    "StoredRedactionSummary",
    "SyncProgress",
    "SyncSource",
    "SyncSummary",
    "SyncSupersededError",
    "list_accounts",
    "prune_store",
    "rebind_account",
    "redact_store",
    "remove_account",
    "rename_account",
    "sync_accounts",
    "sync_logs",
]
