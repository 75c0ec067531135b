"""The sync itself: the walks over all integrations of an account, and many accounts side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.store import LogStore
from sendcloud_integrations_client.sync.summary import SyncProgress, SyncSummary

__all__ = ["sync_accounts", "sync_logs"]


async def sync_logs(
    client: SendcloudIntegrations,
    store: LogStore,
    *,
    account: str = "default",
    integrations: Collection[int] | None = None,
    since: datetime | None = None,
    concurrency: int = 8,
    page_size: int = 100,
    dry_run: bool = False,
    redaction: Redaction | None = Redaction(),
    on_progress: Callable[[SyncProgress], None] | None = None,
    stop: asyncio.Event | None = None,
) -> SyncSummary:
    """Take the exception logs of an account into a store: all of them at first, later what is new.

    Args:
        client: The client of the account.
        store: Where the logs go; it is migrated, unless `dry_run`.
        account: The name that the account has in the store.
        integrations: Ids of the integrations to walk; None for all that are listed.
        since: Pass over logs made before this moment.
        concurrency: Integrations walked at a time, at least 1.
        page_size: Records a page. 1 to 100.
        dry_run: Read everything and store nothing.
        redaction: What is taken out of records before they are stored; None for nothing.
        on_progress: Called after each page that was committed; it must not block.
        stop: Once set, the pages in hand are committed, and the sync returns.

    Returns:
        What it came to, failures included.

    Raises:
        InvalidInputError: An argument breaks a rule; nothing was sent.
    """
    raise NotImplementedError


async def sync_accounts(
    accounts: Mapping[str, SendcloudIntegrations],
    store: LogStore,
    *,
    integrations: Collection[int] | None = None,
    since: datetime | None = None,
    concurrency: int = 8,
    page_size: int = 100,
    dry_run: bool = False,
    redaction: Redaction | None = Redaction(),
    on_progress: Callable[[SyncProgress], None] | None = None,
    stop: asyncio.Event | None = None,
) -> dict[str, SyncSummary]:
    """Sync many accounts side by side, each within its own budget; one that fails does not end the others.

    Args:
        accounts: The client of each account, by the account's name in the store.
        store: See `sync_logs`, as for all other arguments; `concurrency` is for each account.
        integrations: See `sync_logs`.
        since: See `sync_logs`.
        concurrency: See `sync_logs`.
        page_size: See `sync_logs`.
        dry_run: See `sync_logs`.
        redaction: See `sync_logs`.
        on_progress: See `sync_logs`.
        stop: See `sync_logs`.

    Returns:
        What each account's sync came to, by its name.

    Raises:
        InvalidInputError: An argument breaks a rule; nothing was sent.
    """
    raise NotImplementedError
