"""The sync itself: the walks over all integrations of an account, and many accounts side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    InvalidInputError,
    ResponseDecodeError,
    SendcloudError,
)
from sendcloud_integrations_client.sync.errors import StoreError
from sendcloud_integrations_client.sync.ledger import DryLedger, Ledger
from sendcloud_integrations_client.sync.records import integration_row, is_storable, misfit_of, utc
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.stopping import StoppedError, Stopping
from sendcloud_integrations_client.sync.store import LogStore
from sendcloud_integrations_client.sync.summary import SyncProgress, SyncSummary
from sendcloud_integrations_client.sync.walk import PageTaken, Walk

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
        What it came to, failures included: nothing that goes wrong with the account, an integration or the store is
        raised.

    Raises:
        InvalidInputError: `concurrency`, `page_size` or one of the ids is out of range; nothing was sent.
        Exception: Whatever `on_progress` raises.
    """
    _check(concurrency, page_size, integrations)
    async with Stopping(stop) as stopping:
        run = _Run(
            client,
            DryLedger(store, account, uuid4().hex) if dry_run else Ledger(store, account, uuid4().hex),
            account,
            page_size=page_size,
            redaction=redaction,
            on_progress=on_progress,
            stopping=stopping,
        )
        started = time.monotonic()
        await run.run(None if dry_run else store, integrations, utc(since), concurrency)
        return run.summary(dry_run=dry_run, duration=time.monotonic() - started)


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
        InvalidInputError: See `sync_logs`.
    """
    _check(concurrency, page_size, integrations)

    async def sync_one(account: str, client: SendcloudIntegrations) -> SyncSummary:
        try:
            return await sync_logs(
                client,
                store,
                account=account,
                integrations=integrations,
                since=since,
                concurrency=concurrency,
                page_size=page_size,
                dry_run=dry_run,
                redaction=redaction,
                on_progress=on_progress,
                stop=stop,
            )
        except Exception as error:  # whatever it is, the other accounts have nothing to do with it
            return SyncSummary(account=account, error=error, dry_run=dry_run)

    async with asyncio.TaskGroup() as group:
        tasks = {account: group.create_task(sync_one(account, client)) for account, client in accounts.items()}
    return {account: task.result() for account, task in tasks.items()}


class _Run:
    """One run over one account, and what it has come to."""

    def __init__(
        self,
        client: SendcloudIntegrations,
        ledger: Ledger,
        account: str,
        *,
        page_size: int,
        redaction: Redaction | None,
        on_progress: Callable[[SyncProgress], None] | None,
        stopping: Stopping,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._account = account
        self._page_size = page_size
        self._redaction = redaction
        self._on_progress = on_progress
        self._stopping = stopping
        self._integrations = self._walked = self._pages = self._new = self._known = self._quarantined = 0
        self._was_stopped = False
        self._error: Exception | None = None
        self._unexpected: Exception | None = None
        self._failures: dict[int, Exception] = {}

    async def run(
        self,
        store: LogStore | None,
        wanted: Collection[int] | None,
        since: datetime | None,
        concurrency: int,
    ) -> None:
        """Do it: migrate `store` if there is one, list the integrations, and walk the wanted ones."""
        try:
            if store is not None:
                await store.migrate()
            pruned_before = await self._ledger.begin()
            listed = await self._stopping.unless(self._list_integrations())
            ids = list(dict.fromkeys(listed if wanted is None else wanted))
            self._integrations = len(ids)
            self._tell(None)
            floor = max((moment for moment in (since, pruned_before) if moment is not None), default=None)
            await self._walk_all(ids, floor, concurrency)
            if self._error is None and not self._failures and not self._was_stopped:
                await self._ledger.end()
        except StoppedError:
            self._was_stopped = True
        except SendcloudError as error:
            self._error = error
        self._tell(None)

    def summary(self, *, dry_run: bool, duration: float) -> SyncSummary:
        """What it came to."""
        return SyncSummary(
            account=self._account,
            integrations=self._integrations,
            walked=self._walked,
            pages=self._pages,
            new=self._new,
            known=self._known,
            quarantined=self._quarantined,
            stopped=self._was_stopped,
            dry_run=dry_run,
            error=self._error,
            failures=self._failures,
            duration=duration,
        )

    async def _list_integrations(self) -> list[int]:
        unread: list[ResponseDecodeError] = []
        listed = await self._client.integrations.list(on_undecodable=unread.append)
        now = datetime.now(UTC)
        known = [one for one in listed if is_storable(one.id)]
        misfits = [misfit_of(error, self._redaction) for error in unread]
        rows = [integration_row(one, self._redaction, now) for one in known]
        self._quarantined += await self._ledger.put_integrations(rows, misfits)
        # The logs of an integration can be read though it cannot.
        ids_of_unread = (error.record.get("id") for error in unread if error.record.__class__ is dict)
        return [one.id for one in known] + [one for one in ids_of_unread if is_storable(one)]

    async def _walk_all(self, ids: Sequence[int], since: datetime | None, concurrency: int) -> None:
        left = iter(ids)

        async def work() -> None:
            for integration_id in left:
                if self._stopping.is_now:
                    self._was_stopped = self._was_stopped or self._stopping.is_asked
                    return
                await self._walk(integration_id, since)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(ids))):
                group.create_task(work())
        if self._unexpected is not None:
            raise self._unexpected

    async def _walk(self, integration_id: int, since: datetime | None) -> None:
        walk = Walk(
            self._client.logs,
            self._ledger,
            integration_id,
            since=since,
            page_size=self._page_size,
            redaction=self._redaction,
            on_page=lambda page: self._count(integration_id, page),
            stopping=self._stopping,
        )
        try:
            await walk.run()
        except StoppedError:
            self._was_stopped = self._was_stopped or self._stopping.is_asked
            return
        except _FATAL as error:
            # It would be the same for every other integration.
            self._error = self._error or error
            self._stopping.stop()
            return
        except SendcloudError as error:
            self._failures[integration_id] = error
        except Exception as error:
            # Not of this package's making, such as from the caller's on_progress: raised once the others have stopped.
            self._unexpected = self._unexpected or error
            self._stopping.stop()
            return
        self._walked += integration_id not in self._failures
        self._tell(integration_id)

    def _count(self, integration_id: int, page: PageTaken) -> None:
        self._pages += 1
        self._new += page.new
        self._known += page.known
        self._quarantined += page.quarantined
        self._tell(integration_id)

    def _tell(self, integration_id: int | None) -> None:
        if self._on_progress is not None:
            self._on_progress(
                SyncProgress(
                    account=self._account,
                    integration_id=integration_id,
                    integrations=self._integrations,
                    walked=self._walked + len(self._failures),
                    pages=self._pages,
                    new=self._new,
                    known=self._known,
                    quarantined=self._quarantined,
                )
            )


_FATAL: Final = (AuthenticationError, StoreError, ClientClosedError, ConfigurationError)


def _check(concurrency: int, page_size: int, integrations: Collection[int] | None) -> None:
    if concurrency < 1:
        raise InvalidInputError("sync_logs", "concurrency", "must be at least 1")
    if not 1 <= page_size <= 100:
        raise InvalidInputError("sync_logs", "page_size", "must be from 1 to 100")
    if not all(map(is_storable, integrations or ())):
        raise InvalidInputError("sync_logs", "integrations", "must be whole numbers of at most 64 bits")
