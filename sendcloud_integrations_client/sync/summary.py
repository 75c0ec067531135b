"""What a sync tells while it runs, and what it says at its end."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["SyncProgress", "SyncSummary"]


@attrs.frozen(kw_only=True)
class SyncProgress:
    """How far the sync of one account came; given to `on_progress` after each page that was committed.

    Attributes:
        account: Name of the account.
        integration_id: Whose page it was; None when the integrations were listed, and at the end.
        integrations: How many integrations are to be walked.
        walked: How many are done, failed ones among them.
        pages: Pages read so far.
        new: Records taken so far.
        known: Records seen so far that the store had already, or that are too old to be taken.
        quarantined: Records put into quarantine so far.
    """

    account: str
    integration_id: int | None
    integrations: int
    walked: int
    pages: int
    new: int
    known: int
    quarantined: int


@attrs.frozen(kw_only=True)
class SyncSummary:
    """What the sync of one account came to.

    Attributes:
        account: Name of the account.
        integrations: How many integrations there were to walk.
        walked: How many were walked to their end.
        pages: Pages read.
        new: Records taken; under `dry_run`, those that would be.
        known: Records that the store had already, or that are too old to be taken.
        quarantined: Records that could not be read and were put into quarantine, those that were there not counted.
        stopped: It was asked to stop before it was done; the next run goes on where it stopped.
        dry_run: Nothing was stored.
        error: What ended the whole account's run: refused credentials, a store that fails; None for none.
        failures: What ended the walk of single integrations, by their id; the next run goes on where they stopped.
        duration: Seconds.
    """

    account: str
    integrations: int = 0
    walked: int = 0
    pages: int = 0
    new: int = 0
    known: int = 0
    quarantined: int = 0
    stopped: bool = False
    dry_run: bool = False
    error: Exception | None = None
    failures: Mapping[int, Exception] = attrs.field(factory=dict[int, Exception])
    duration: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed; a run that was asked to stop has not failed."""
        return self.error is None and not self.failures

    def raise_for_failures(self) -> None:
        """Raise what failed, if anything did.

        Raises:
            ExceptionGroup: `error` and all `failures`.
        """
        failures = [*([self.error] if self.error else []), *self.failures.values()]
        if failures:
            raise ExceptionGroup(f"the sync of account {self.account} failed", failures)
