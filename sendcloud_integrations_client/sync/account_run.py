"""One run of the sync of one account: lists its integrations, then reads the account-wide list or their lists."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from uuid import uuid4

import attrs

from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    NotFoundError,
    ResponseDecodeError,
    SendcloudError,
    to_single_line,
)
from sendcloud_integrations_client.generated.models.integration import Integration
from sendcloud_integrations_client.sync.account_writer import AccountWriter, DryRunWriter
from sendcloud_integrations_client.sync.errors import AccountMismatchError, StoreError, SyncSupersededError
from sendcloud_integrations_client.sync.faults import FaultRetries
from sendcloud_integrations_client.sync.list_sync import ListSync, PageCounts, PassOptions
from sendcloud_integrations_client.sync.records import (
    build_integration_row,
    build_integration_without_id,
    build_invalid_record,
    build_unreadable_page,
    is_integration_id,
    to_storable_text,
    to_utc,
)
from sendcloud_integrations_client.sync.retries import build_retry_policy, find_unreadable_page, read_again
from sendcloud_integrations_client.sync.run_lock import POLL_INTERVAL, AccountLock
from sendcloud_integrations_client.sync.run_options import RunOptions
from sendcloud_integrations_client.sync.stop_signal import StopRequestedError, StopSignal
from sendcloud_integrations_client.sync.store import LogStore
from sendcloud_integrations_client.sync.summary import SyncProgress, SyncSummary
from sendcloud_integrations_client.sync.unfinished_writes import GRACE

__all__ = ["AccountRun"]

_MAX_REASON: Final = 500  # characters of the stored reason of a failed run

_logger = logging.getLogger("sendcloud_integrations_client")


class AccountRun:
    """One run of the sync of one account, with its counts and failures.

    Args:
        client: The client of the account.
        store: The store.
        account: Name of the account in the store.
        options: Arguments of the sync.
        on_progress: Called after each committed page, and when a retry begins or ends; None for no calls.
        stop_signal: Stop signal of the run.
        list_slots: Bounds the number of lists that are read concurrently, also over several runs.
    """

    def __init__(
        self,
        client: SendcloudIntegrations,
        store: LogStore,
        account: str,
        options: RunOptions,
        on_progress: Callable[[SyncProgress], None] | None,
        stop_signal: StopSignal,
        list_slots: asyncio.Semaphore,
    ) -> None:
        run_id = uuid4().hex
        give_up_after = options.give_up_after.total_seconds()
        self._retries = build_retry_policy(client.retries, give_up_after)
        self._client = client.with_options(retries=self._retries, priority="background")
        self._store = store
        self._writer = (DryRunWriter if options.dry_run else AccountWriter)(store, account, run_id)
        self._lock = None if options.dry_run else AccountLock(store, account, run_id)
        self._account = account
        self._options = options
        self._pass_options = PassOptions(
            since=None,
            page_size=options.page_size,
            lookback=options.lookback,
            full_check_every=options.full_check_every,
            full=options.full,
        )
        self._on_progress = on_progress
        self._stop_signal = stop_signal
        self._list_slots = list_slots
        self._faults = FaultRetries(account, give_up_after, stop_signal, self._report_fault)
        self._fault: str | None = None
        self._integrations = self._completed = self._pages = 0
        self._new = self._updated = self._already_stored = self._quarantined = self._deleted = 0
        self._server_time: datetime | None = None
        self._was_stopped = self._was_skipped = False
        self._error: Exception | None = None
        self._list_error: ResponseDecodeError | None = None
        self._unexpected_error: Exception | None = None
        self._failures: dict[int, Exception] = {}

    async def run(self) -> None:
        """Sync the account. Failures are in the summary, except for those of `on_progress`, which are raised."""
        try:
            if self._store.is_sqlite:
                await self._run()
            else:
                await self._stop_signal.limit(self._run(), GRACE, self._end_late_stop)
        except StopRequestedError:
            self._was_stopped = True
        except SendcloudError as error:
            self._error = error
        finally:
            if self._lock is not None:
                await self._lock.release()
        if not self._was_skipped:
            await self._store_failure()
        self._report_progress(None, has_ended=True)

    def _end_late_stop(self) -> None:
        self._writer.grace = 0.0  # writes have had their time
        _logger.warning(
            "Sync of account %s: the database did not respond within %.0f s after the stop. The run is cancelled.",
            self._account,
            GRACE,
        )

    async def _run(self) -> None:
        if not self._options.dry_run:
            await self._faults.run(self._store.migrate)
        if await self._acquire_lock():
            await self._sync()
        else:
            self._was_skipped = True

    async def _acquire_lock(self) -> bool:
        """Acquire the lock of the account; return whether this run may sync it."""
        lock, if_running = self._lock, self._options.if_running
        if lock is None:
            return True
        while not await self._faults.run(lambda: lock.acquire(take_over=if_running == "take-over")):
            if if_running == "skip":
                return False
            if self._fault is None:
                self._report_fault("another run is syncing this account")
            await self._stop_signal.wait_for(asyncio.sleep(POLL_INTERVAL))
        self._fault = None
        return True

    async def _sync(self) -> None:
        identity = self._client.identity
        pruned_before = await self._faults.run(lambda: self._writer.begin_run(identity))
        listed_ids = await self._faults.run(lambda: self._stop_signal.wait_for(self._list_integrations()))
        await self._faults.run(lambda: self._writer.bind_account(identity))
        await self._warn_if_stored_twice(identity)
        if self._options.integrations is not None:
            ids = list(dict.fromkeys(self._options.integrations))
        elif listed_ids is not None:
            ids = list(dict.fromkeys(listed_ids))
        else:
            self._error = self._list_error
            ids = await self._faults.run(self._writer.get_known_integrations)
        self._integrations = len(ids)
        self._report_progress(None)
        since = self._options.since
        if isinstance(since, timedelta):
            since = _subtract(self._server_time or self._writer.get_time(), since)
        limits = (to_utc(since), pruned_before)
        self._pass_options = attrs.evolve(
            self._pass_options, since=max((limit for limit in limits if limit is not None), default=None)
        )
        if self._options.reads_account_list:
            await self._sync_account_list()
        else:
            await self._sync_integrations(ids, frozenset(listed_ids or ()))
        if self._error is None and not self._failures and not self._was_stopped:
            await self._faults.run(self._writer.complete_run)

    def build_summary(self, *, duration: float) -> SyncSummary:
        """Return the summary of the run.

        Args:
            duration: Duration of the run in seconds.
        """
        return SyncSummary(
            account=self._account,
            integrations=self._integrations,
            completed=self._completed,
            pages=self._pages,
            new=self._new,
            updated=self._updated,
            already_stored=self._already_stored,
            quarantined=self._quarantined,
            deleted=self._deleted,
            stopped=self._was_stopped,
            skipped=self._was_skipped,
            dry_run=self._options.dry_run,
            error=self._error,
            failures=self._failures,
            duration=duration,
        )

    async def _store_failure(self) -> None:
        """Store why the run failed, if it did. Another run that took over stores its own result."""
        error = self._error or next(iter(self._failures.values()), None)
        if error is None or isinstance(error, SyncSupersededError | AccountMismatchError):
            return
        reason = to_storable_text(to_single_line(str(error), max_length=_MAX_REASON))
        with contextlib.suppress(StoreError):  # the error of the run is in the summary, and the store may be its cause
            await self._writer.fail_run(reason)

    async def _warn_if_stored_twice(self, identity: str) -> None:
        # Other credentials than the built-in ones do not identify their account.
        if not getattr(self._client.http.auth, "account_key", ""):
            return
        others = await self._faults.run(lambda: self._writer.find_accounts_with(identity))
        if others:
            _logger.warning(
                "Sync of account %s: the store has the same credentials as account %s, so each log is stored twice. "
                "Use one name, and remove the other account with: sendcloud-integrations accounts remove",
                self._account,
                " and ".join(others),
            )

    async def _list_integrations(self) -> list[int] | None:
        """List and store the integrations.

        Returns:
            The ids of the integrations. None if the list cannot be read; then `_list_error` is set.
        """
        decode_errors: list[ResponseDecodeError] = []
        listed: Sequence[Integration] = await self._read_integrations(decode_errors.append)
        if find_unreadable_page(decode_errors) is not None:
            listed, decode_errors = await read_again(self._read_integrations, self._retries)
        self._list_error = find_unreadable_page(decode_errors)
        if self._list_error is not None:
            page = await asyncio.to_thread(build_unreadable_page, self._list_error, self._options.redaction, None)
            self._quarantined += await self._writer.store_unreadable_list(page)
            _logger.warning(
                "Sync of account %s: the list of integrations cannot be read: %s. It is in the quarantine. "
                "The sync continues with the integrations that it knows.",
                self._account,
                to_single_line(self._list_error.reason),
            )
            return None
        now = self._writer.get_time()
        valid = [integration for integration in listed if is_integration_id(integration.id)]
        invalid = [integration for integration in listed if not is_integration_id(integration.id)]
        invalid_records = [build_invalid_record(error, self._options.redaction) for error in decode_errors]
        invalid_records += [
            build_integration_without_id(integration, self._options.redaction) for integration in invalid
        ]
        rows = [build_integration_row(integration, self._options.redaction, now) for integration in valid]
        found_ids = [error.record.get("id") if error.record.__class__ is dict else None for error in decode_errors]
        undecoded_ids = [one for one in found_ids if is_integration_id(one)]
        self._quarantined += await self._writer.store_integrations(rows, invalid_records, now, undecoded_ids)
        # The logs of an integration are readable even if its own record cannot be decoded.
        without_id = len(invalid) + len(found_ids) - len(undecoded_ids)
        if without_id:
            _logger.warning(
                "Sync of account %s: %d integrations have no usable id, so the lists of their logs cannot be read. "
                "They are in the quarantine.",
                self._account,
                without_id,
            )
        return [integration.id for integration in valid] + undecoded_ids

    async def _read_integrations(self, on_decode_error: Callable[[ResponseDecodeError], None]) -> Sequence[Integration]:
        try:
            response = await self._client.integrations.with_response.list(on_decode_error=on_decode_error)
        except ResponseDecodeError as error:  # the body could not be read
            on_decode_error(error)
            return []
        self._server_time = _parse_date(response.headers.get("date", ""))
        return response.parsed

    async def _sync_account_list(self) -> None:
        try:
            await self._faults.run(lambda: self._sync_list(None))
        except StopRequestedError:
            self._was_stopped |= self._stop_signal.is_requested
            return
        self._completed = self._integrations

    async def _sync_list(self, integration_id: int | None) -> None:
        """Read one list, from where the last attempt of this run stopped."""
        async with self._list_slots:
            await self._build_list_sync(integration_id).run()

    async def _sync_integrations(self, ids: Sequence[int], listed_ids: Collection[int]) -> None:
        remaining_ids = iter(ids)

        async def work() -> None:
            for integration_id in remaining_ids:
                if self._stop_signal.is_set:
                    self._was_stopped |= self._stop_signal.is_requested
                    return
                await self._sync_integration(integration_id, is_listed=integration_id in listed_ids)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._options.concurrency, len(ids))):
                group.create_task(work())
        if self._unexpected_error is not None:
            raise self._unexpected_error

    async def _sync_integration(self, integration_id: int, *, is_listed: bool) -> None:
        try:
            try:
                await self._faults.run(lambda: self._sync_list(integration_id))
            except NotFoundError:
                if not (await self._mark_deleted(integration_id) or is_listed):
                    raise
                self._deleted += 1
                _logger.info("Sync of account %s: integration %d was deleted.", self._account, integration_id)
        except StopRequestedError:
            self._was_stopped |= self._stop_signal.is_requested
            return
        except _FATAL_ERRORS as error:
            # All other integrations would fail with the same error.
            if not isinstance(self._error, _FATAL_ERRORS):
                self._error = error
            self._stop_signal.set()
            return
        except SendcloudError as error:
            self._failures[integration_id] = error
        except Exception as error:
            # Not an error of this package, for example from the caller's on_progress. It is raised after the other
            # tasks have stopped.
            self._unexpected_error = self._unexpected_error or error
            self._stop_signal.set()
            return
        self._completed += integration_id not in self._failures
        self._report_progress(integration_id)

    async def _mark_deleted(self, integration_id: int) -> bool:
        return await self._faults.run(lambda: self._writer.mark_deleted(integration_id))

    def _build_list_sync(self, integration_id: int | None) -> ListSync:
        return ListSync(
            self._client.logs,
            self._writer,
            integration_id,
            options=self._pass_options,
            redaction=self._options.redaction,
            retries=self._retries,
            on_page=lambda page: self._add_page(integration_id, page),
            stop_signal=self._stop_signal,
        )

    def _add_page(self, integration_id: int | None, page: PageCounts) -> None:
        self._faults.note_success()
        self._pages += 1
        self._new += page.new
        self._updated += page.updated
        self._already_stored += page.already_stored
        self._quarantined += page.quarantined
        self._report_progress(integration_id)

    def _report_fault(self, reason: str | None) -> None:
        self._fault = reason
        self._report_progress(None)

    def _report_progress(self, integration_id: int | None, *, has_ended: bool = False) -> None:
        if self._on_progress is not None:
            self._on_progress(
                SyncProgress(
                    account=self._account,
                    integration_id=integration_id,
                    integrations=self._integrations,
                    completed=self._completed + len(self._failures),
                    pages=self._pages,
                    new=self._new,
                    updated=self._updated,
                    already_stored=self._already_stored,
                    quarantined=self._quarantined,
                    fault=self._fault,
                    has_ended=has_ended,
                )
            )


_FATAL_ERRORS: Final = (AuthenticationError, StoreError, ClientClosedError, ConfigurationError)


def _parse_date(text: str) -> datetime | None:
    """Parse a `Date` header; None if it is missing or invalid."""
    try:
        return to_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, OverflowError):
        return None


def _subtract(timestamp: datetime, age: timedelta) -> datetime | None:
    """Return the time that is `age` before `timestamp`; None if it is before year 1."""
    try:
        return timestamp - age
    except OverflowError:
        return None
