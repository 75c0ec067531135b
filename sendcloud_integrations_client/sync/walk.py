"""The walk over the logs of one integration: from where it was interrupted, then from the first page downwards.

A first walk goes to the last page. It watches the order of what it reads, and if that was newest first all the way,
later walks end once they are among known records. Otherwise every walk goes to the last page.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

import attrs

from sendcloud_integrations_client.across import Logs
from sendcloud_integrations_client.decoding import OnUndecodable
from sendcloud_integrations_client.errors import APIStatusError, ResponseDecodeError
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.sync.ledger import Descent, Ledger, Taken, WalkState
from sendcloud_integrations_client.sync.records import LogRow, is_storable, misfit_of, misfit_without_id, utc
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.stopping import Stopping

__all__ = ["OVERLAP_PAGES", "PageTaken", "Walk"]

OVERLAP_PAGES: Final = 2
"""How many pages with nothing to take a walk reads after the first such page, for what arrived late."""

_REFUSED: Final = frozenset({400, 404, 410, 422})


@attrs.frozen
class PageTaken:
    """What a page came to, once it was committed.

    Attributes:
        new: Records that were taken.
        known: Records that the store had already, or that are too old to be taken.
        quarantined: Records that were put into quarantine.
    """

    new: int
    known: int
    quarantined: int


class Walk:
    """The walk over the logs of one integration.

    Args:
        logs: The client's logs.
        ledger: What reads and writes the store.
        integration_id: Whose logs they are.
        since: Pass over logs made before this; in UTC.
        page_size: Records a page.
        redaction: What is taken out of records before they are stored.
        on_page: Called after each page that was committed.
        stopping: Tells when to stop.
    """

    def __init__(
        self,
        logs: Logs,
        ledger: Ledger,
        integration_id: int,
        *,
        since: datetime | None,
        page_size: int,
        redaction: Redaction | None,
        on_page: Callable[[PageTaken], None],
        stopping: Stopping,
    ) -> None:
        self._logs = logs
        self._ledger = ledger
        self._id = integration_id
        self._since = since
        self._page_size = page_size
        self._redaction = redaction
        self._on_page = on_page
        self._stopping = stopping
        self._state = WalkState()
        self._cursor: str | None = None

    async def run(self) -> None:
        """Walk to the end.

        Raises:
            StoppedError: The run is to stop; the next one goes on from here.
            SendcloudError: What the operation raises, or the store; the next run goes on from here.
        """
        try:
            self._state = await self._ledger.take_over(self._id)
            try:
                await self._go_on()
            except APIStatusError as refusal:
                if refusal.status_code not in _REFUSED or self._cursor is None:
                    raise
                # The cursor is no longer good. What lies below it is not known to be there: all is walked again.
                await self._descend(Descent(whole=True, since=self._since))
        finally:
            self._ledger.leave(self._id)

    async def _go_on(self) -> None:
        interrupted = self._state.descent
        if interrupted is not None and _is_earlier(self._since, interrupted.since):
            # It has passed over logs that are asked for now, and below it there may be more.
            await self._descend(Descent(whole=True, since=self._since))
            return
        if interrupted is not None:
            interrupted.since = self._since
            await self._descend(interrupted)
        # From the first page in any case: what came since then is at the top, if the order is what it should be.
        await self._descend(Descent(whole=not self._may_end_early(), since=self._since))

    def _may_end_early(self) -> bool:
        state = self._state
        return (
            state.completed_at is not None
            and state.newest_first_by != "none"
            and not _is_earlier(self._since, state.complete_from)
        )

    async def _descend(self, descent: Descent) -> None:
        unread: dict[str | None, list[ResponseDecodeError]] = {}
        resumed_at = descent.cursor
        before: frozenset[int] = frozenset()

        def put_aside(error: ResponseDecodeError) -> None:
            unread.setdefault(error.page_cursor, []).append(error)

        self._state.descent = None
        self._cursor = descent.cursor
        async with aclosing(self._pages(descent, put_aside)) as pages:
            while (page := await self._stopping.unless(anext(pages, None))) is not None:
                # A page boundary may repeat what the page before held.
                logs = [log for log in page.data if log.id not in before]
                before = frozenset(log.id for log in page.data)
                is_resumed = resumed_at is not None and page.cursor == resumed_at
                await self._take(page, logs, unread.pop(page.cursor, ()), descent, is_resumed=is_resumed)
                if self._state.descent is None:
                    return
                self._cursor = descent.cursor

    async def _take(
        self,
        page: Page[IntegrationLog],
        logs: Sequence[IntegrationLog],
        unread: Sequence[ResponseDecodeError],
        descent: Descent,
        *,
        is_resumed: bool,
    ) -> None:
        misfits = [misfit_of(error, self._redaction) for error in unread]
        rows: list[LogRow] = []
        for log in logs:
            if is_storable(log.id):
                rows.append(LogRow(log.id, utc(log.created_at), log, self._redaction))
            else:
                misfits.append(misfit_without_id(log, self._redaction, page.cursor))
        since = self._since
        if since is not None:
            misfits = [one for one in misfits if one.created_at_utc is None or one.created_at_utc >= since]
        wanted = [row for row in rows if not _is_old(row, since)]

        def settle(taken: Taken) -> WalkState:
            for row in rows:
                # Where a walk is resumed, the page may begin with what the one before ended with.
                if not is_resumed or row.id in taken.new:
                    descent.order.observe(row.id, row.created_at_utc)
            if not descent.whole and descent.order.confirm(self._state.newest_first_by) == "none":
                descent.whole, descent.quiet_pages = True, 0
            is_quiet = not wanted if descent.whole else not taken.new
            if rows or misfits:
                descent.quiet_pages = descent.quiet_pages + 1 if is_quiet and not taken.quarantined else 0
            descent.cursor = page.next_cursor
            return self._settled(descent)

        taken = await self._ledger.put_page(self._id, wanted, misfits, settle)
        self._on_page(PageTaken(len(taken.new), len(rows) - len(taken.new), taken.quarantined))

    def _settled(self, descent: Descent) -> WalkState:
        state = self._state
        is_among_known = not descent.whole or descent.order.is_by_time
        if descent.cursor is not None and not (is_among_known and descent.quiet_pages > OVERLAP_PAGES):
            state.descent = descent
            return state
        if descent.whole or descent.cursor is None:
            state.newest_first_by = descent.order.newest_first_by
            state.complete_from = descent.since
        else:
            state.newest_first_by = descent.order.confirm(state.newest_first_by)
            if _is_earlier(state.complete_from, descent.since):
                state.complete_from = descent.since
        state.completed_at = datetime.now(UTC)
        state.descent = None
        return state

    async def _pages(
        self, descent: Descent, on_undecodable: OnUndecodable
    ) -> AsyncGenerator[Page[IntegrationLog], None]:
        cursor = descent.cursor
        if descent.whole:
            listed = self._logs.list(
                integration_id=self._id, cursor=cursor, page_size=self._page_size, on_undecodable=on_undecodable
            )
            async with aclosing(listed.pages()) as pages:
                async for page in pages:
                    yield page
            return
        # Most of these walks end after a few pages: to look ahead would be calls for nothing.
        been_at: set[str | None] = set()
        while cursor not in been_at:
            been_at.add(cursor)
            page = await self._logs.list(
                integration_id=self._id, cursor=cursor, page_size=self._page_size, on_undecodable=on_undecodable
            )
            yield page
            if page.next_cursor is None:
                return
            cursor = page.next_cursor
        raise ResponseDecodeError(
            f"a page leads back to cursor {cursor}: the walk would never end", field="Link", page_cursor=cursor
        )


def _is_old(row: LogRow, since: datetime | None) -> bool:
    return since is not None and row.created_at_utc is not None and row.created_at_utc < since


def _is_earlier(one: datetime | None, other: datetime | None) -> bool:
    """Whether `one` lies before `other`; None lies before everything."""
    return other is not None and (one is None or one < other)
