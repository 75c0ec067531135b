"""Sync of one list of logs: first resumes an interrupted pass, then reads from the first page.

A list is the account-wide one, or that of an integration. The first pass is a full pass: it reads all pages, and
observes the order of the records. If they were sorted newest first, later passes are incremental: they end soon after
they reach records that an earlier pass of the same list has read. Otherwise every pass is a full pass. Whether a
record is in the store does not matter, because it may have been read from another list.

A page that cannot be read as a whole is put in the quarantine, and the pass continues with the next page. The next run
reads the page again. If it is readable then, the run reads from that page to the end of the list.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

import attrs

from sendcloud_integrations_client.errors import APIStatusError, ResponseDecodeError, to_single_line
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.pipeline.retries import RetryPolicy
from sendcloud_integrations_client.resources.logs import Logs
from sendcloud_integrations_client.runtime.decoding import OnDecodeError
from sendcloud_integrations_client.sync.account_writer import (
    AccountWriter,
    ListState,
    PageRecords,
    PassState,
    StoredCounts,
)
from sendcloud_integrations_client.sync.list_order import ListOrder
from sendcloud_integrations_client.sync.records import (
    InvalidRecord,
    LogRow,
    build_invalid_record,
    build_page_key,
    build_record_without_id,
    build_redaction_key,
    build_unreadable_page,
    is_int64,
    is_integration_id,
    to_storable_text,
    to_utc,
)
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.retries import find_unreadable_page, read_again
from sendcloud_integrations_client.sync.stop_signal import StopSignal

__all__ = ["OVERLAP_PAGES", "ListSync", "PageCounts", "PassOptions"]

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
        updated: Number of stored records whose content has changed.
        already_stored: Number of records that were skipped, because they are in the store or too old.
        quarantined: Number of records and pages that were added to the quarantine.
    """

    new: int
    updated: int
    already_stored: int
    quarantined: int


@attrs.frozen(kw_only=True)
class PassOptions:
    """How much of a list is read.

    Attributes:
        since: Logs created before this time, in UTC, are skipped; None for no limit.
        page_size: Number of records per page.
        lookback: Incremental passes also read all logs that were created at most this long before the newest record.
        full_check_every: Time after which a full pass replaces an incremental one; None for never.
        full: Read all pages, and rewrite stored rows if the redaction rules have changed.
    """

    since: datetime | None
    page_size: int
    lookback: timedelta
    full_check_every: timedelta | None
    full: bool


class ListSync:
    """Sync of one list of logs.

    Args:
        logs: The client's `logs` resource.
        writer: Access to the store.
        integration_id: Id of the integration; None for the account-wide list.
        options: How much of the list is read.
        redaction: Redaction of secrets before records are stored; None to store records unchanged.
        retries: Retry policy of the sync; its delays also apply before an unreadable page is read again.
        on_page: Called after each committed page.
        stop_signal: Stop signal of the run.
    """

    def __init__(
        self,
        logs: Logs,
        writer: AccountWriter,
        integration_id: int | None,
        *,
        options: PassOptions,
        redaction: Redaction | None,
        retries: RetryPolicy,
        on_page: Callable[[PageCounts], None],
        stop_signal: StopSignal,
    ) -> None:
        self._logs = logs
        self._writer = writer
        self._id = integration_id
        self._options = options
        self._since = options.since
        self._page_size = options.page_size
        self._redaction = redaction
        self._redaction_key = build_redaction_key(redaction)
        self._retries = retries
        self._on_page = on_page
        self._stop_signal = stop_signal
        self._state = ListState()
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
            self._state = await self._writer.claim_list(self._id)
            try:
                await self._run_passes()
            except APIStatusError as error:
                if error.status_code not in _INVALID_CURSOR_STATUSES or self._cursor is None:
                    raise
                # The cursor is no longer valid. The store may lack logs from the pages after it, so read all pages.
                await self._run_pass(self._build_full_pass())
        finally:
            self._writer.release_list(self._id)

    async def _run_passes(self) -> None:
        unfinished = self._state.unfinished_pass
        if unfinished is not None and self._must_restart(unfinished):
            await self._run_pass(self._build_full_pass())
            return
        if unfinished is not None:
            unfinished.since = self._since
            unfinished.page_size = min(unfinished.page_size, self._options.page_size)
            await self._run_pass(unfinished)
        if self._can_be_incremental():
            await self._read_quarantined_pages()
        if not self._is_complete:
            # Logs that were created since that pass began are on the first pages, if the list is sorted newest first.
            is_checked = unfinished is not None and unfinished.rewrites
            if self._can_be_incremental() and (is_checked or not self._must_check()):
                await self._run_pass(self._build_incremental_pass())
            else:
                await self._run_pass(self._build_full_pass())

    def _must_restart(self, unfinished: PassState) -> bool:
        if _is_earlier(self._since, unfinished.since):
            # The unfinished pass skipped logs that this run has to store, on the pages before and after its cursor.
            return True
        return self._options.full and not unfinished.rewrites

    def _must_check(self) -> bool:
        every, last = self._options.full_check_every, self._state.full_pass_at
        return self._options.full or (every is not None and (last is None or self._writer.get_time() - last >= every))

    def _build_full_pass(self) -> PassState:
        size, last = self._options.page_size, self._state.full_pass_at
        if self._state.completed_at is not None and self._state.page_size == size:
            # If the server skips records at the boundary of two pages, they are not at a boundary this time. Different
            # full passes have different boundaries, too.
            variants = max(1, size // 10)
            size = size - 1 - (int(last.timestamp()) % variants if last is not None else 0) or 2
        return PassState(
            is_full_pass=True,
            page_size=size,
            since=self._since,
            pass_started_at=self._writer.get_time(),
            rewrites=self._options.full,
        )

    def _build_incremental_pass(self) -> PassState:
        newest, until = self._state.newest_created_at, None
        if newest is not None:
            # A timestamp in the future would disable the lookback.
            until = _subtract(min(newest, self._writer.get_time()), self._options.lookback)
            if _is_earlier(until, self._since):
                until = self._since
        return PassState(
            is_full_pass=False,
            page_size=self._options.page_size,
            since=self._since,
            lookback_until=until,
            pass_started_at=self._writer.get_time(),
        )

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
            remainder = PassState(
                cursor=readable[0],
                is_full_pass=True,
                page_size=self._options.page_size,
                since=self._since,
                rewrites=self._options.full,
                order=order,
            )
            await self._run_pass(remainder)
        elif readable:
            await self._run_pass(self._build_full_pass())

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
        self._page_size = self._state.page_size = current.page_size
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
                rows.append(
                    LogRow(
                        log.id,
                        self._get_integration_id(log),
                        to_utc(log.created_at),
                        self._redaction_key,
                        log,
                        self._redaction,
                    )
                )
            else:
                invalid_records.append(build_record_without_id(log, self._redaction, page.cursor))
        since = self._since
        if since is not None:
            invalid_records = [
                record for record in invalid_records if record.created_at_utc is None or record.created_at_utc >= since
            ]
        recent_rows = [row for row in rows if not _is_older(row, since)]

        records = PageRecords(
            rows=recent_rows,
            invalid_records=invalid_records,
            unreadable_page=unreadable_page,
            rewrites=current.rewrites,
        )

        def get_next_state(counts: StoredCounts) -> ListState | None:
            if unreadable is not None and page.cursor is None and page.next_cursor is None:
                return None  # no part of the list was read, so the next run does what this one should have done
            for row in rows:
                # The first page of a resumed pass can repeat the last records of the page before it.
                if not is_resumed or row.id in counts.unread_ids:
                    current.order.observe(row.id, row.created_at_utc)
            if not current.is_full_pass and current.order.confirm(self._state.newest_first_by) == "none":
                current.is_full_pass, current.unchanged_pages = True, 0
            is_unchanged = not recent_rows if current.is_full_pass else not counts.unread_ids
            is_unchanged = is_unchanged and not counts.unread_invalid
            if rows or invalid_records:
                current.unchanged_pages = current.unchanged_pages + 1 if is_unchanged else 0
            current.cursor = page.next_cursor
            self._update_unreadable_pages(page.cursor, is_readable=unreadable is None)
            newest = max((row.created_at_utc for row in rows if row.created_at_utc is not None), default=None)
            if _is_earlier(self._state.newest_created_at, newest):
                self._state.newest_created_at = newest
            return self._get_state_after(current, newest, is_end_known=unreadable is None)

        counts = await self._writer.store_page(self._id, records, get_next_state)
        self._state.superseded_pages.clear()
        new = len(counts.new_ids)
        self._on_page(
            PageCounts(
                new=new,
                updated=counts.updated,
                already_stored=len(rows) - new - counts.updated,
                quarantined=counts.quarantined,
            )
        )

    def _get_integration_id(self, log: IntegrationLog) -> int | None:
        if self._id is not None:
            return self._id
        # If a later OpenAPI document drops the field, the column stays empty.
        integration_id = getattr(log, "integration_id", None)
        return integration_id if is_integration_id(integration_id) else None

    def _update_unreadable_pages(self, cursor: str | None, *, is_readable: bool) -> None:
        key = build_page_key(cursor)
        if not is_readable:
            self._unreadable_keys.add(key)
        elif key in self._state.unreadable_pages:
            del self._state.unreadable_pages[key]
            self._state.superseded_pages.add(key)

    def _log_unreadable_page(self, error: ResponseDecodeError, cursor: str | None) -> None:
        _logger.warning(
            "Sync of account %s: %s of %s cannot be read: %s. It is in the quarantine. The next run reads it again.",
            self._writer.account_name,
            "the first page" if cursor is None else f"the page at cursor {to_single_line(cursor)}",
            "the list of all logs" if self._id is None else f"the logs of integration {self._id}",
            to_single_line(error.reason),
        )

    def _get_state_after(self, current: PassState, newest_on_page: datetime | None, *, is_end_known: bool) -> ListState:
        state = self._state
        if current.cursor is not None and not self._may_end(current, newest_on_page):
            state.unfinished_pass = current
            return state
        if current.is_full_pass and self._is_pass_from_first_page:
            # This run read the whole list. Pages of earlier runs no longer exist, except those that failed again.
            covered = state.unreadable_pages.keys() - self._unreadable_keys
            state.superseded_pages |= covered
            for key in covered:
                del state.unreadable_pages[key]
            self._is_complete = True
        if current.is_full_pass or (current.cursor is None and is_end_known):
            state.newest_first_by = current.order.newest_first_by
            state.complete_from = current.since
            state.full_pass_at = current.pass_started_at or state.full_pass_at
        else:
            state.newest_first_by = current.order.confirm(state.newest_first_by)
            if _is_earlier(state.complete_from, current.since):
                state.complete_from = current.since
        state.completed_at = self._writer.get_time()
        state.unfinished_pass = None
        return state

    def _may_end(self, current: PassState, newest_on_page: datetime | None) -> bool:
        """Whether a pass is complete before the last page."""
        if current.unchanged_pages <= OVERLAP_PAGES:
            return False
        if current.is_full_pass:
            return current.order.is_by_time
        until = current.lookback_until
        return until is None or newest_on_page is None or newest_on_page < until

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
        if current.is_full_pass:
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


def _subtract(timestamp: datetime, age: timedelta) -> datetime | None:
    try:
        return timestamp - age
    except OverflowError:
        return None


def _is_older(row: LogRow, since: datetime | None) -> bool:
    return since is not None and row.created_at_utc is not None and row.created_at_utc < since


def _is_earlier(first: datetime | None, second: datetime | None) -> bool:
    """Whether `first` is earlier than `second`; None is earlier than all times."""
    return second is not None and (first is None or first < second)
