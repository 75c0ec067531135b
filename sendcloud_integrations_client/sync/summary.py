"""Progress and result of a sync."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["SyncProgress", "SyncSummary"]


@attrs.frozen(kw_only=True)
class SyncProgress:
    """Progress of the sync of one account, passed to `on_progress` after each committed page.

    It is also passed to `on_progress` when the integrations have been listed, when an integration is completed or has
    failed, when a retry begins or ends, and at the end of the run. All counts cover the current run only.

    Attributes:
        account: Name of the account.
        integration_id: Id of the integration that made progress; None if it was the account-wide list, after the
            listing and at the end of the run.
        integrations: Number of integrations to sync.
        completed: Number of integrations that are completed or have failed. With the account-wide list, all of them are
            completed together.
        pages: Number of pages that were read.
        new: Number of new records that were stored.
        updated: Number of stored records whose content has changed.
        already_stored: Number of records that were skipped, because they are in the store or too old.
        quarantined: Number of records and pages that were added to the quarantine.
        fault: Why the run waits: the failure that it retries, or another run of the account; None if it does not wait.
        has_ended: Whether this is the last progress of the run.
    """

    account: str
    integration_id: int | None
    integrations: int
    completed: int
    pages: int
    new: int
    updated: int
    already_stored: int
    quarantined: int
    fault: str | None = None
    has_ended: bool = False


@attrs.frozen(kw_only=True)
class SyncSummary:
    """Result of the sync of one account.

    Attributes:
        account: Name of the account.
        integrations: Number of integrations to sync.
        completed: Number of integrations whose sync was completed.
        pages: Number of pages that were read.
        new: Number of new records that were stored or, with `dry_run`, would have been stored.
        updated: Number of stored records whose content has changed.
        already_stored: Number of records that were skipped, because they are in the store or too old.
        quarantined: Number of undecodable records and unreadable pages that were added to the quarantine. Those that an
            earlier run quarantined are not counted.
        deleted: Number of integrations that were deleted during the run. Their logs stay in the store.
        stopped: Whether the caller's `stop` event ended the run early; the next run resumes where this one stopped.
        skipped: Whether nothing was done, because another run is syncing the account.
        dry_run: Whether the run stored nothing.
        error: The error that ended the run, such as rejected credentials or a failing store, or the error of an
            unreadable list of integrations; None if there was none.
        failures: Errors of single integrations, by integration id; the next run resumes them where they failed.
        duration: Duration of the run in seconds.
    """

    account: str
    integrations: int = 0
    completed: int = 0
    pages: int = 0
    new: int = 0
    updated: int = 0
    already_stored: int = 0
    quarantined: int = 0
    deleted: int = 0
    stopped: bool = False
    skipped: bool = False
    dry_run: bool = False
    error: Exception | None = None
    failures: Mapping[int, Exception] = attrs.field(factory=dict[int, Exception])
    duration: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed. A run that was stopped by the caller, or skipped, counts as succeeded."""
        return self.error is None and not self.failures

    def raise_for_failures(self) -> None:
        """Raise all errors of this run, if there are any.

        Raises:
            ExceptionGroup: If the run has an `error` or `failures`; contains all of them.
        """
        failures = [*([self.error] if self.error else []), *self.failures.values()]
        if failures:
            raise ExceptionGroup(f"The sync of account {self.account} failed", failures)
