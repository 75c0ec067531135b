"""Sync of the logs of one integration: first resumes an interrupted pass, then reads from the first page.

The first pass is a full pass: it reads all pages, and observes the order of the records. If they were sorted newest
first, later passes are incremental: they end soon after they reach stored records. Otherwise every pass is a full pass.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

import attrs

from sendcloud_integrations_client.errors import APIStatusError, ResponseDecodeError
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.resources.logs import Logs
from sendcloud_integrations_client.runtime.decoding import OnDecodeError
from sendcloud_integrations_client.sync.account_writer import AccountWriter, IntegrationState, PassState, StoredCounts
from sendcloud_integrations_client.sync.records import (
    LogRow,
    build_invalid_record,
    build_record_without_id,
    is_int64,
    to_utc,
)
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.stop_signal import StopSignal

__all__ = ["OVERLAP_PAGES", "IntegrationSync", "PageCounts"]

OVERLAP_PAGES: Final = 2
"""Number of pages that a pass reads after the first page with nothing to store, to find logs that arrived late."""

_INVALID_CURSOR_STATUSES: Final = frozenset({400, 404, 410, 422})


@attrs.frozen
class PageCounts:
    """Counts of the records of one committed page.

    Attributes:
        new: Number of new records that were stored.
        already_stored: Number of records that were skipped, because they are in the store or too old.
        quarantined: Number of records that were added to the quarantine.
    """

    new: int
    already_stored: int
    quarantined: int


class IntegrationSync:
    """Sync of the logs of one integration.

    Args:
        logs: The client's `logs` resource.
        writer: Access to the store.
        integration_id: Id of the integration.
        since: Logs created before this time, in UTC, are skipped; None for no limit.
        page_size: Number of records per page.
        redaction: Redaction of secrets before records are stored; None to store records unchanged.
        on_page: Called after each committed page.
        stop_signal: Stop signal of the run.
    """

    def __init__(
        self,
        logs: Logs,
        writer: AccountWriter,
        integration_id: int,
        *,
        since: datetime | None,
        page_size: int,
        redaction: Redaction | None,
        on_page: Callable[[PageCounts], None],
        stop_signal: StopSignal,
    ) -> None:
        self._logs = logs
        self._writer = writer
        self._id = integration_id
        self._since = since
        self._page_size = page_size
        self._redaction = redaction
        self._on_page = on_page
        self._stop_signal = stop_signal
        self._state = IntegrationState()
        self._cursor: str | None = None

    async def run(self) -> None:
        """Read all logs that are not in the store, and store them.

        Raises:
            StopRequestedError: If the run has to stop; the next run resumes from here.
            SendcloudError: If a call or the store fails; the next run resumes from here.
        """
        try:
            self._state = await self._writer.claim_integration(self._id)
            try:
                await self._run_passes()
            except APIStatusError as error:
                if error.status_code not in _INVALID_CURSOR_STATUSES or self._cursor is None:
                    raise
                # The cursor is no longer valid. The store may lack logs from the pages after it, so read all pages.
                await self._run_pass(PassState(whole=True, since=self._since))
        finally:
            self._writer.release_integration(self._id)

    async def _run_passes(self) -> None:
        unfinished = self._state.unfinished_pass
        if unfinished is not None and _is_earlier(self._since, unfinished.since):
            # The unfinished pass skipped logs that this run has to store, on the pages before and after its cursor.
            await self._run_pass(PassState(whole=True, since=self._since))
            return
        if unfinished is not None:
            unfinished.since = self._since
            await self._run_pass(unfinished)
        # Logs that were created since that pass began are on the first pages, if the list is sorted newest first.
        await self._run_pass(PassState(whole=not self._can_be_incremental(), since=self._since))

    def _can_be_incremental(self) -> bool:
        state = self._state
        return (
            state.completed_at is not None
            and state.newest_first_by != "none"
            and not _is_earlier(self._since, state.complete_from)
        )

    async def _run_pass(self, current: PassState) -> None:
        decode_errors: dict[str | None, list[ResponseDecodeError]] = {}
        resumed_at = current.cursor
        previous_ids: frozenset[int] = frozenset()

        def add_decode_error(error: ResponseDecodeError) -> None:
            decode_errors.setdefault(error.page_cursor, []).append(error)

        self._state.unfinished_pass = None
        self._cursor = current.cursor
        async with aclosing(self._iterate_pages(current, add_decode_error)) as pages:
            while (page := await self._stop_signal.wait_for(anext(pages, None))) is not None:
                # The first records of a page can repeat the last ones of the previous page.
                logs = [log for log in page.data if log.id not in previous_ids]
                previous_ids = frozenset(log.id for log in page.data)
                is_resumed = resumed_at is not None and page.cursor == resumed_at
                await self._store_page(page, logs, decode_errors.pop(page.cursor, ()), current, is_resumed=is_resumed)
                if self._state.unfinished_pass is None:
                    return
                self._cursor = current.cursor

    async def _store_page(
        self,
        page: Page[IntegrationLog],
        logs: Sequence[IntegrationLog],
        decode_errors: Sequence[ResponseDecodeError],
        current: PassState,
        *,
        is_resumed: bool,
    ) -> None:
        invalid_records = [build_invalid_record(error, self._redaction) for error in decode_errors]
        rows: list[LogRow] = []
        for log in logs:
            if is_int64(log.id):
                rows.append(LogRow(log.id, to_utc(log.created_at), log, self._redaction))
            else:
                invalid_records.append(build_record_without_id(log, self._redaction, page.cursor))
        since = self._since
        if since is not None:
            invalid_records = [
                record for record in invalid_records if record.created_at_utc is None or record.created_at_utc >= since
            ]
        recent_rows = [row for row in rows if not _is_older(row, since)]

        def get_next_state(counts: StoredCounts) -> IntegrationState:
            for row in rows:
                # The first page of a resumed pass can repeat the last records of the page before it.
                if not is_resumed or row.id in counts.new_ids:
                    current.order.observe(row.id, row.created_at_utc)
            if not current.whole and current.order.confirm(self._state.newest_first_by) == "none":
                current.whole, current.quiet_pages = True, 0
            is_quiet = not recent_rows if current.whole else not counts.new_ids
            if rows or invalid_records:
                current.quiet_pages = current.quiet_pages + 1 if is_quiet and not counts.quarantined else 0
            current.cursor = page.next_cursor
            return self._get_state_after(current)

        counts = await self._writer.store_page(self._id, recent_rows, invalid_records, get_next_state)
        new = len(counts.new_ids)
        self._on_page(PageCounts(new=new, already_stored=len(rows) - new, quarantined=counts.quarantined))

    def _get_state_after(self, current: PassState) -> IntegrationState:
        state = self._state
        may_end_early = not current.whole or current.order.is_by_time
        if current.cursor is not None and not (may_end_early and current.quiet_pages > OVERLAP_PAGES):
            state.unfinished_pass = current
            return state
        if current.whole or current.cursor is None:
            state.newest_first_by = current.order.newest_first_by
            state.complete_from = current.since
        else:
            state.newest_first_by = current.order.confirm(state.newest_first_by)
            if _is_earlier(state.complete_from, current.since):
                state.complete_from = current.since
        state.completed_at = datetime.now(UTC)
        state.unfinished_pass = None
        return state

    async def _iterate_pages(
        self, current: PassState, on_decode_error: OnDecodeError
    ) -> AsyncGenerator[Page[IntegrationLog], None]:
        cursor = current.cursor
        if current.whole:
            paginator = self._logs.list(
                integration_id=self._id, cursor=cursor, page_size=self._page_size, on_decode_error=on_decode_error
            )
            async with aclosing(paginator.pages()) as pages:
                async for page in pages:
                    yield page
            return
        # Most incremental passes end after a few pages, so prefetching would waste calls.
        visited_cursors: set[str | None] = set()
        while cursor not in visited_cursors:
            visited_cursors.add(cursor)
            page = await self._logs.list(
                integration_id=self._id, cursor=cursor, page_size=self._page_size, on_decode_error=on_decode_error
            )
            yield page
            if page.next_cursor is None:
                return
            cursor = page.next_cursor
        raise ResponseDecodeError(
            f"a page links to cursor {cursor}, which was read before; the sync would never end",
            field="Link",
            page_cursor=cursor,
        )


def _is_older(row: LogRow, since: datetime | None) -> bool:
    return since is not None and row.created_at_utc is not None and row.created_at_utc < since


def _is_earlier(first: datetime | None, second: datetime | None) -> bool:
    """Whether `first` is earlier than `second`; None is earlier than all times."""
    return second is not None and (first is None or first < second)
