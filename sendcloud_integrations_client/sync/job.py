"""The sync job: `sync_logs` for one account, `sync_accounts` for many accounts concurrently."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import NoneType
from typing import Final, Literal, cast
from uuid import uuid4

import attrs

from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    ResponseDecodeError,
    SendcloudError,
    to_single_line,
)
from sendcloud_integrations_client.generated.models.integration import Integration
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.runtime.decoding import OnDecodeError
from sendcloud_integrations_client.sync.account_writer import AccountWriter, DryRunWriter
from sendcloud_integrations_client.sync.errors import AccountMismatchError, StoreError, SyncSupersededError
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
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.sync.retries import build_retry_policy, find_unreadable_page, read_again
from sendcloud_integrations_client.sync.stop_signal import StopRequestedError, StopSignal
from sendcloud_integrations_client.sync.store import LogStore
from sendcloud_integrations_client.sync.summary import SyncProgress, SyncSummary

__all__ = ["SyncSource", "sync_accounts", "sync_logs"]

SyncSource = Literal["account", "integrations"]
"""Lists that a sync reads: the account-wide list, or the list of each integration."""

_MAX_REASON: Final = 500  # characters of the stored reason of a failed run

_logger = logging.getLogger("sendcloud_integrations_client")


async def sync_logs(
    client: SendcloudIntegrations,
    store: LogStore,
    *,
    account: str = "default",
    source: SyncSource = "account",
    integrations: Collection[int] | None = None,
    since: datetime | timedelta | None = None,
    lookback: timedelta = timedelta(hours=1),
    full_check_every: timedelta | None = timedelta(days=7),
    full: bool = False,
    concurrency: int = 8,
    page_size: int = 100,
    dry_run: bool = False,
    redaction: Redaction | None = Redaction(),
    on_progress: Callable[[SyncProgress], None] | None = None,
    stop: asyncio.Event | None = None,
) -> SyncSummary:
    """Store the exception logs of one account: all logs in the first run, new logs in later runs.

    Args:
        client: The client of the account. Its retry policy applies, with a `total_timeout` of at least 900 seconds.
        store: The store for the logs. Its schema is created or migrated, unless `dry_run` is True.
        account: Name of the account in the store. Defaults to `default`.
        source: `account` reads the account-wide list of logs, so a run with nothing new needs few calls. `integrations`
            reads the list of each integration, several concurrently. Defaults to `account`.
        integrations: Ids of the integrations to sync; their lists are read, whatever `source` is. Defaults to None, all
            integrations.
        since: Skip logs created before this time, or this long before the time of the server. Defaults to None, no
            limit.
        lookback: Also read all logs that were created at most this long before the newest stored log, because logs can
            arrive late. Defaults to one hour.
        full_check_every: Read the whole list, with another page size, if the last time is at least this long ago. None
            for never. Defaults to seven days.
        full: Read the whole list in this run, and rewrite stored logs if the redaction rules have changed. Defaults to
            False.
        concurrency: Number of integrations to sync concurrently, at least 1. Applies to lists of integrations only.
            Defaults to 8.
        page_size: Number of records per page, 1 to 100. Defaults to 100.
        dry_run: Read everything and store nothing. Defaults to False.
        redaction: Redaction of secrets before records are stored; None to store records unchanged. Defaults to
            `Redaction()`.
        on_progress: Called after each committed page; must not block. Defaults to None.
        stop: Event that stops the run: writes in progress are committed, and the sync returns. Defaults to None.

    Returns:
        The summary of the run. Failures of the account, of integrations and of the store are in the summary and are not
        raised.

    Raises:
        InvalidInputError: If an argument has another type or is out of range, or if the name of the account cannot be
            stored; no request was sent.
        Exception: If `on_progress` raises; the exception is passed on.

    Example:
        async with SendcloudIntegrations() as client, LogStore("logs.db") as store:
            summary = await sync_logs(client, store)
    """
    _validate_arguments(
        [account], source, integrations, since, lookback, full_check_every, concurrency, page_size, redaction
    )
    options = PassOptions(
        since=None, page_size=page_size, lookback=lookback, full_check_every=full_check_every, full=full
    )
    async with StopSignal(stop) as stop_signal:
        run = _AccountRun(
            client,
            DryRunWriter(store, account, uuid4().hex) if dry_run else AccountWriter(store, account, uuid4().hex),
            account,
            options=options,
            redaction=redaction,
            on_progress=on_progress,
            stop_signal=stop_signal,
        )
        started = time.monotonic()
        reads_account = source == "account" and integrations is None
        await run.run(None if dry_run else store, integrations, since, None if reads_account else concurrency)
        return run.build_summary(dry_run=dry_run, duration=time.monotonic() - started)


async def sync_accounts(
    accounts: Mapping[str, SendcloudIntegrations] | Iterable[Account],
    store: LogStore,
    *,
    source: SyncSource = "account",
    integrations: Collection[int] | None = None,
    since: datetime | timedelta | None = None,
    lookback: timedelta = timedelta(hours=1),
    full_check_every: timedelta | None = timedelta(days=7),
    full: bool = False,
    concurrency: int = 8,
    page_size: int = 100,
    dry_run: bool = False,
    redaction: Redaction | None = Redaction(),
    on_progress: Callable[[SyncProgress], None] | None = None,
    stop: asyncio.Event | None = None,
) -> dict[str, SyncSummary]:
    """Sync many accounts concurrently, each within its own rate limits. A failed account does not stop the others.

    Args:
        accounts: The client of each account, by the name of the account in the store. Or accounts, such as those from
            `accounts_from_profiles`; then their clients are opened and closed here.
        store: See `sync_logs`.
        source: See `sync_logs`.
        integrations: See `sync_logs`.
        since: See `sync_logs`.
        lookback: See `sync_logs`.
        full_check_every: See `sync_logs`.
        full: See `sync_logs`.
        concurrency: See `sync_logs`; applies to each account.
        page_size: See `sync_logs`.
        dry_run: See `sync_logs`.
        redaction: See `sync_logs`.
        on_progress: See `sync_logs`.
        stop: See `sync_logs`.

    Returns:
        The summary of each account, by account name.

    Raises:
        InvalidInputError: See `sync_logs`.
    """
    targets: dict[str, SendcloudIntegrations | Account] = {}
    if isinstance(accounts, Mapping):
        targets.update(cast("Mapping[str, SendcloudIntegrations]", accounts))
    else:
        for one in accounts:
            if one.name in targets:
                raise InvalidInputError("sync_accounts", "accounts", "must have different names")
            targets[one.name] = one
    _validate_arguments(
        targets, source, integrations, since, lookback, full_check_every, concurrency, page_size, redaction
    )

    async def sync_one(account: str, target: SendcloudIntegrations | Account) -> SyncSummary:
        try:
            if isinstance(target, Account):
                async with target.create_client() as client:
                    return await sync_one(account, client)
            return await sync_logs(
                target,
                store,
                account=account,
                source=source,
                integrations=integrations,
                since=since,
                lookback=lookback,
                full_check_every=full_check_every,
                full=full,
                concurrency=concurrency,
                page_size=page_size,
                dry_run=dry_run,
                redaction=redaction,
                on_progress=on_progress,
                stop=stop,
            )
        except Exception as error:  # an unexpected error of one account must not stop the others
            return SyncSummary(account=account, error=error, dry_run=dry_run)

    async with asyncio.TaskGroup() as group:
        tasks = {account: group.create_task(sync_one(account, target)) for account, target in targets.items()}
    return {account: task.result() for account, task in tasks.items()}


class _AccountRun:
    """One run of the sync of one account, with its counts and failures."""

    def __init__(
        self,
        client: SendcloudIntegrations,
        writer: AccountWriter,
        account: str,
        *,
        options: PassOptions,
        redaction: Redaction | None,
        on_progress: Callable[[SyncProgress], None] | None,
        stop_signal: StopSignal,
    ) -> None:
        self._retries = build_retry_policy(client.retries)
        self._client = client.with_options(retries=self._retries, priority="background")
        self._writer = writer
        self._account = account
        self._options = options
        self._redaction = redaction
        self._on_progress = on_progress
        self._stop_signal = stop_signal
        self._integrations = self._completed = self._pages = 0
        self._new = self._updated = self._already_stored = self._quarantined = self._deleted = 0
        self._server_time: datetime | None = None
        self._was_stopped = False
        self._error: Exception | None = None
        self._list_error: ResponseDecodeError | None = None
        self._unexpected_error: Exception | None = None
        self._failures: dict[int, Exception] = {}

    async def run(
        self,
        store: LogStore | None,
        selected_ids: Collection[int] | None,
        since: datetime | timedelta | None,
        concurrency: int | None,
    ) -> None:
        """Migrate the store, list the integrations, and read the account-wide list or the lists of integrations.

        Args:
            store: The store to migrate; None for no migration.
            selected_ids: Ids of the integrations to sync; None for all.
            since: Skip logs created before this time; None for no limit.
            concurrency: Number of integrations to sync concurrently; None to read the account-wide list.
        """
        try:
            if store is not None:
                await store.migrate()
            pruned_before = await self._writer.begin_run(self._client.identity)
            listed_ids = await self._stop_signal.wait_for(self._list_integrations())
            await self._writer.bind_account(self._client.identity)
            if selected_ids is not None:
                ids = list(dict.fromkeys(selected_ids))
            elif listed_ids is not None:
                ids = list(dict.fromkeys(listed_ids))
            else:
                self._error = self._list_error
                ids = await self._writer.get_known_integrations()
            self._integrations = len(ids)
            self._report_progress(None)
            if isinstance(since, timedelta):
                since = _subtract(self._server_time or datetime.now(UTC), since)
            limits = (to_utc(since), pruned_before)
            self._options = attrs.evolve(
                self._options, since=max((limit for limit in limits if limit is not None), default=None)
            )
            if concurrency is None:
                await self._sync_account_list()
            else:
                await self._sync_integrations(ids, frozenset(listed_ids or ()), concurrency)
            if self._error is None and not self._failures and not self._was_stopped:
                await self._writer.complete_run()
        except StopRequestedError:
            self._was_stopped = True
        except SendcloudError as error:
            self._error = error
        await self._store_failure()
        self._report_progress(None)

    def build_summary(self, *, dry_run: bool, duration: float) -> SyncSummary:
        """Return the summary of the run."""
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
            dry_run=dry_run,
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
            page = await asyncio.to_thread(build_unreadable_page, self._list_error, self._redaction, None)
            self._quarantined += await self._writer.store_unreadable_list(page)
            _logger.warning(
                "Sync of account %s: the list of integrations cannot be read: %s. It is in the quarantine. "
                "The sync continues with the integrations that it knows.",
                self._account,
                to_single_line(self._list_error.reason),
            )
            return None
        now = datetime.now(UTC)
        valid = [integration for integration in listed if is_integration_id(integration.id)]
        invalid = [integration for integration in listed if not is_integration_id(integration.id)]
        invalid_records = [build_invalid_record(error, self._redaction) for error in decode_errors]
        invalid_records += [build_integration_without_id(integration, self._redaction) for integration in invalid]
        rows = [build_integration_row(integration, self._redaction, now) for integration in valid]
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

    async def _read_integrations(self, on_decode_error: OnDecodeError) -> Sequence[Integration]:
        response = await self._client.integrations.with_response.list(on_decode_error=on_decode_error)
        self._server_time = _parse_date(response.headers.get("date", ""))
        return response.parsed

    async def _sync_account_list(self) -> None:
        try:
            await self._build_list_sync(None).run()
        except StopRequestedError:
            self._was_stopped = self._was_stopped or self._stop_signal.is_requested
            return
        self._completed = self._integrations

    async def _sync_integrations(self, ids: Sequence[int], listed_ids: Collection[int], concurrency: int) -> None:
        remaining_ids = iter(ids)

        async def work() -> None:
            for integration_id in remaining_ids:
                if self._stop_signal.is_set:
                    self._was_stopped = self._was_stopped or self._stop_signal.is_requested
                    return
                await self._sync_integration(integration_id, is_listed=integration_id in listed_ids)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(ids))):
                group.create_task(work())
        if self._unexpected_error is not None:
            raise self._unexpected_error

    async def _sync_integration(self, integration_id: int, *, is_listed: bool) -> None:
        try:
            try:
                await self._build_list_sync(integration_id).run()
            except NotFoundError:
                if not (await self._writer.mark_deleted(integration_id) or is_listed):
                    raise
                self._deleted += 1
                _logger.info("Sync of account %s: integration %d was deleted.", self._account, integration_id)
        except StopRequestedError:
            self._was_stopped = self._was_stopped or self._stop_signal.is_requested
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

    def _build_list_sync(self, integration_id: int | None) -> ListSync:
        return ListSync(
            self._client.logs,
            self._writer,
            integration_id,
            options=self._options,
            redaction=self._redaction,
            retries=self._retries,
            on_page=lambda page: self._add_page(integration_id, page),
            stop_signal=self._stop_signal,
        )

    def _add_page(self, integration_id: int | None, page: PageCounts) -> None:
        self._pages += 1
        self._new += page.new
        self._updated += page.updated
        self._already_stored += page.already_stored
        self._quarantined += page.quarantined
        self._report_progress(integration_id)

    def _report_progress(self, integration_id: int | None) -> None:
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


def _validate_arguments(
    accounts: Iterable[str],
    source: str,
    integrations: Collection[int] | None,
    since: datetime | timedelta | None,
    lookback: timedelta,
    full_check_every: timedelta | None,
    concurrency: int,
    page_size: int,
    redaction: Redaction | None,
) -> None:
    for name, value, kinds, description in (
        ("integrations", integrations, (Collection, NoneType), "a collection of ids or None"),
        ("since", since, (datetime, timedelta, NoneType), "a datetime, a timedelta or None"),
        ("lookback", lookback, (timedelta,), "a timedelta"),
        ("full_check_every", full_check_every, (timedelta, NoneType), "a timedelta or None"),
        ("concurrency", concurrency, (int,), "an integer"),
        ("page_size", page_size, (int,), "an integer"),
        ("redaction", redaction, (Redaction, NoneType), "a Redaction or None"),
    ):
        if not isinstance(value, kinds):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInputError("sync_logs", name, f"must be {description}, not {type(value).__name__}")
    if not all(isinstance(name, str) and to_storable_text(name) == name for name in accounts):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError("sync_logs", "account", "must be text without NUL characters and lone surrogates")
    if source not in ("account", "integrations"):
        raise InvalidInputError("sync_logs", "source", "must be account or integrations")
    if lookback < timedelta(0):
        raise InvalidInputError("sync_logs", "lookback", "must not be negative")
    if concurrency < 1:
        raise InvalidInputError("sync_logs", "concurrency", "must be at least 1")
    if not 1 <= page_size <= 100:
        raise InvalidInputError("sync_logs", "page_size", "must be between 1 and 100")
    if not all(map(is_integration_id, integrations or ())):
        raise InvalidInputError("sync_logs", "integrations", "must contain only integers from 1 to 2**63 - 1")
