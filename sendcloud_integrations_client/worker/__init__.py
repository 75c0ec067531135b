"""The sync on any number of machines: procrastinate queues one job per account, in the PostgreSQL that holds the logs.

    from sendcloud_integrations_client.sync import LogStore
    from sendcloud_integrations_client.worker import ProfileFile, run_worker

    async with LogStore("postgresql://sync@localhost/sendcloud") as store:
        await run_worker(ProfileFile("profiles.toml"), store)

Or mount the tasks in an app of procrastinate: see `sync_tasks`. Requires the extra `worker`.
"""

from __future__ import annotations

try:
    import procrastinate as _procrastinate  # noqa: F401  # pyright: ignore[reportUnusedImport]
    import psycopg as _psycopg  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError:
    raise ImportError(
        "Workers require procrastinate and psycopg: pip install 'sendcloud-integrations-client[worker]'"
    ) from None

from .account_source import AccountSource, ProfileFile
from .process import run_worker
from .queue import create_app, open_app, prepare_database
from .status import WorkerAccount, list_worker_accounts, pause_account, queue_sync, resume_account
from .tasks import AccountSyncError, SyncTasks, sync_tasks

__all__ = [
    "AccountSource",
    "AccountSyncError",
    "ProfileFile",
    "SyncTasks",
    "WorkerAccount",
    "create_app",
    "list_worker_accounts",
    "open_app",
    "pause_account",
    "prepare_database",
    "queue_sync",
    "resume_account",
    "run_worker",
    "sync_tasks",
]
