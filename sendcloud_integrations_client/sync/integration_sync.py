"""Sync of the logs of one integration: first resumes an interrupted pass, then reads from the first page.

The first pass is a full pass: it reads all pages, and observes the order of the records. If they were sorted newest
first, later passes are incremental: they end soon after they reach stored records. Otherwise every pass is a full pass.

A page that cannot be read as a whole is put in the quarantine, and the pass continues with the next page. The next run
reads the page again. If it is readable then, the run reads from that page to the end of the list.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

import attrs

from sendcloud_integrations_client.errors import APIStatusError, ResponseDecodeError, to_single_line
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.pipeline.retries import RetryPolicy
from sendcloud_integrations_client.resources.logs import Logs
from sendcloud_integrations_client.runtime.decoding import OnDecodeError
from sendcloud_integrations_client.sync.account_writer import AccountWriter, IntegrationState, PassState, StoredCounts
from sendcloud_integrations_client.sync.list_order import ListOrder
from sendcloud_integrations_client.sync.records import (
    InvalidRecord,
    LogRow,
    build_invalid_record,
    build_page_key,
    build_record_without_id,
    build_unreadable_page,
    is_int64,
    to_storable_text,
    to_utc,
)
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.retries import find_unreadable_page, read_again
from sendcloud_integrations_client.sync.stop_signal import StopSignal

__all__ = ["OVERLAP_PAGES", "IntegrationSync", "PageCounts"]

OVERLAP_PAGES: Final = 2
"""Number of pages that a pass reads after the first page with nothing to store, to find logs that arrived late."""

_logger = logging.getLogger("sendcloud_integrations_client")

_MAX_EMPTY_PAGES: Final = 100
_MAX_UNREADABLE_PAGES: Final = 10
_INVALID_CURSOR_STATUSES: Final = frozenset({400, 404, 410, 422})


@attrs.frozen
class PageCounts:
    """Counts of the records of one committed page.

    Attributes:
        new: Number of new records that were stored.
        already_stored: Number of records that were skipped, because they are in the store or too old.
        quarantined: Number of records and pages that were added to the quarantine.
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
        retries: Retry policy of the sync; its delays also apply before an unreadable page is read again.
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
        retries: RetryPolicy,
        on_page: Callable[[PageCounts], None],
        stop_signal: StopSignal,
    ) -> None:
        self._logs = logs
        self._writer = writer
        self._id = integration_id
        self._since = since
        self._page_size = page_size
        self._redaction = redaction
        self._retries = retries
        self._on_page = on_page
        self._stop_signal = stop_signal
        self._state = IntegrationState()
        self._cursor: str | None = None
        self._unreadable_keys: set[str] = set()
        self._is_pass_from_first_page = False
        self._is_complete = False

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
        if self._can_be_incremental():
            await self._read_quarantined_pages()
        if not self._is_complete:
            # Logs that were created since that pass began are on the first pages, if the list is sorted newest first.
            await self._run_pass(PassState(whole=not self._can_be_incremental(), since=self._since))

    async def _read_quarantined_pages(self) -> None:
        """Read the pages again that earlier runs could not read, and everything after them if that works.

        The following pages are read because the missing records may be there now, if cursors depend on the number of
        newer records.
        """
        readable: list[str] = []
        for cursor in [cursor for cursor in self._state.unreadable_pages.values() if cursor is not None]:
            self._cursor = cursor
            errors: list[ResponseDecodeError] = []
            await self._stop_signal.wait_for(self._read_page(cursor, errors.append))
            if (error := find_unreadable_page(errors)) is None:
                readable.append(cursor)
            else:
                self._unreadable_keys.add(build_page_key(cursor))
                self._log_unreadable_page(error, cursor)
        if len(readable) == 1:
            order = ListOrder.resume_after(self._state.newest_first_by)
            await self._run_pass(PassState(cursor=readable[0], whole=True, since=self._since, order=order))
        elif readable:
            await self._run_pass(PassState(whole=True, since=self._since))

    def _can_be_incremental(self) -> bool:
        state = self._state
        return (
            state.completed_at is not None
            and state.newest_first_by != "none"
            and not _is_earlier(self._since, state.complete_from)
        )

    async def _run_pass(self, current: PassState) -> None:
        resumed_at = current.cursor
        previous_ids: frozenset[int] = frozenset()
        unreadable_pages = 0
        self._is_pass_from_first_page = current.cursor is None
        self._state.unfinished_pass = None
        self._cursor = current.cursor
        async with aclosing(self._read_pages(current)) as pages:
            while (read := await self._stop_signal.wait_for(anext(pages, None))) is not None:
                page, decode_errors = read
                unreadable = find_unreadable_page(decode_errors)
                unreadable_pages = 0 if unreadable is None else unreadable_pages + 1
                if unreadable is not None and unreadable_pages > _MAX_UNREADABLE_PAGES:
                    raise unreadable
                # The first records of a page can repeat the last ones of the previous page.
                logs = [log for log in page.data if log.id not in previous_ids]
                if page.data:
                    previous_ids = frozenset(log.id for log in page.data)
                is_resumed = resumed_at is not None and page.cursor == resumed_at
                await self._store_page(page, logs, decode_errors, current, is_resumed=is_resumed)
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
        if page.next_cursor is not None and to_storable_text(page.next_cursor) != page.next_cursor:
            reason = "the cursor of the next page contains characters that cannot be stored"
            raise ResponseDecodeError(reason, field="Link", page_cursor=page.cursor)
        unreadable = find_unreadable_page(decode_errors)
        unreadable_page: InvalidRecord | None = None
        invalid_records: list[InvalidRecord] = []
        if unreadable is None:
            invalid_records = [build_invalid_record(error, self._redaction) for error in decode_errors]
        else:
            # The body can have a MiB, and its redaction takes seconds.
            unreadable_page = await asyncio.to_thread(build_unreadable_page, unreadable, self._redaction, page.cursor)
            self._log_unreadable_page(unreadable, page.cursor)
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

        def get_next_state(counts: StoredCounts) -> IntegrationState | None:
            if unreadable is not None and page.cursor is None and page.next_cursor is None:
                return None  # no part of the list was read, so the next run does what this one should have done
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
            self._update_unreadable_pages(page.cursor, is_readable=unreadable is None)
            return self._get_state_after(current, is_end_known=unreadable is None)

        counts = await self._writer.store_page(self._id, recent_rows, invalid_records, get_next_state, unreadable_page)
        self._state.superseded_pages.clear()
        new = len(counts.new_ids)
        self._on_page(PageCounts(new=new, already_stored=len(rows) - new, quarantined=counts.quarantined))

    def _update_unreadable_pages(self, cursor: str | None, *, is_readable: bool) -> None:
        key = build_page_key(cursor)
        if not is_readable:
            self._unreadable_keys.add(key)
        elif key in self._state.unreadable_pages:
            del self._state.unreadable_pages[key]
            self._state.superseded_pages.add(key)

    def _log_unreadable_page(self, error: ResponseDecodeError, cursor: str | None) -> None:
        _logger.warning(
            "Sync of account %s: %s of the logs of integration %d cannot be read: %s. It is in the quarantine. "
            "The next run reads it again.",
            self._writer.account_name,
            "the first page" if cursor is None else f"the page at cursor {to_single_line(cursor)}",
            self._id,
            to_single_line(error.reason),
        )

    def _get_state_after(self, current: PassState, *, is_end_known: bool) -> IntegrationState:
        state = self._state
        may_end_early = not current.whole or current.order.is_by_time
        if current.cursor is not None and not (may_end_early and current.quiet_pages > OVERLAP_PAGES):
            state.unfinished_pass = current
            return state
        if current.whole and self._is_pass_from_first_page:
            # This run read the whole list. Pages of earlier runs no longer exist, except those that failed again.
            covered = state.unreadable_pages.keys() - self._unreadable_keys
            state.superseded_pages |= covered
            for key in covered:
                del state.unreadable_pages[key]
            self._is_complete = True
        if current.whole or (current.cursor is None and is_end_known):
            state.newest_first_by = current.order.newest_first_by
            state.complete_from = current.since
        else:
            state.newest_first_by = current.order.confirm(state.newest_first_by)
            if _is_earlier(state.complete_from, current.since):
                state.complete_from = current.since
        state.completed_at = datetime.now(UTC)
        state.unfinished_pass = None
        return state

    async def _read_pages(
        self, current: PassState
    ) -> AsyncGenerator[tuple[Page[IntegrationLog], list[ResponseDecodeError]]]:
        """Iterate over the pages of a pass, with their decode errors. Unreadable pages are read again."""
        reread_cursors: set[str | None] = set()
        cursor = current.cursor
        while True:
            errors: list[ResponseDecodeError] = []
            page: Page[IntegrationLog] | None = None
            next_cursor: str | None = None
            async with aclosing(self._iterate_pages(current, cursor, errors.append)) as pages:
                async for page in pages:
                    page_errors, next_cursor = errors.copy(), page.next_cursor
                    errors.clear()
                    if find_unreadable_page(page_errors) is not None:
                        page, page_errors = await self._read_page_again(page)
                    yield page, page_errors
                    if page.next_cursor != next_cursor:
                        break
            if page is None or page.next_cursor is None or page.next_cursor == next_cursor:
                return
            # The first response had no link to the next page, or another one.
            if page.cursor in reread_cursors:
                raise _build_loop_error(page.cursor, page.next_cursor)
            reread_cursors.add(page.cursor)
            cursor = page.next_cursor

    async def _read_page_again(
        self, page: Page[IntegrationLog]
    ) -> tuple[Page[IntegrationLog], list[ResponseDecodeError]]:
        again, errors = await read_again(
            lambda on_decode_error: self._read_page(page.cursor, on_decode_error), self._retries
        )
        if again.next_cursor is None and find_unreadable_page(errors) is not None:
            again = attrs.evolve(again, next_cursor=page.next_cursor)
        return again, errors

    async def _read_page(self, cursor: str | None, on_decode_error: OnDecodeError) -> Page[IntegrationLog]:
        return await self._logs.list(
            integration_id=self._id, cursor=cursor, page_size=self._page_size, on_decode_error=on_decode_error
        )

    async def _iterate_pages(
        self, current: PassState, cursor: str | None, on_decode_error: OnDecodeError
    ) -> AsyncGenerator[Page[IntegrationLog], None]:
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
        empty_pages = 0
        while True:
            visited_cursors.add(cursor)
            page = await self._read_page(cursor, on_decode_error)
            yield page
            if page.next_cursor is None:
                return
            if page.next_cursor in visited_cursors:
                raise _build_loop_error(cursor, page.next_cursor)
            empty_pages = 0 if page.data else empty_pages + 1
            if empty_pages > _MAX_EMPTY_PAGES:
                raise ResponseDecodeError(
                    f"{empty_pages} consecutive pages without records, and each links to a next page",
                    field="Link",
                    page_cursor=cursor,
                )
            cursor = page.next_cursor


def _build_loop_error(cursor: str | None, next_cursor: str) -> ResponseDecodeError:
    return ResponseDecodeError(
        f"the page at cursor {cursor} links to {next_cursor}, which was read before; the sync would never end",
        field="Link",
        page_cursor=cursor,
    )


def _is_older(row: LogRow, since: datetime | None) -> bool:
    return since is not None and row.created_at_utc is not None and row.created_at_utc < since


def _is_earlier(first: datetime | None, second: datetime | None) -> bool:
    """Whether `first` is earlier than `second`; None is earlier than all times."""
    return second is not None and (first is None or first < second)
