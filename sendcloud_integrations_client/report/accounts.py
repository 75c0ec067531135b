"""Age of the data: when each account was last synced, and whether that is too long ago."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Final

import attrs

__all__ = ["DEFAULT_STALE_AFTER", "AccountData", "AccountState"]

DEFAULT_STALE_AFTER: Final = timedelta(hours=6)
"""Default age of the data of an account after which it is late."""


class AccountState(enum.Enum):
    """State of the data of an account. The order is the order in the report."""

    FAILED = "failed"
    """The last sync failed."""
    LATE = "late"
    """The last successful sync is too long ago, or there was none."""
    CURRENT = "current"
    """The last sync succeeded, and is recent."""


@attrs.frozen(kw_only=True)
class AccountData:
    """Age of the data of one account.

    Attributes:
        name: Name of the account.
        state: Whether the data is current.
        synced_at: End of the last successful sync; None if there was none.
        failed_at: End of the last sync if it failed; None if it succeeded.
        error: Why the last sync failed; None if it succeeded.
    """

    name: str
    state: AccountState
    synced_at: datetime | None
    failed_at: datetime | None
    error: str | None

    @classmethod
    def build(
        cls,
        name: str,
        synced_at: datetime | None,
        failed_at: datetime | None,
        error: str | None,
        *,
        now: datetime,
        stale_after: timedelta,
    ) -> AccountData:
        """Build the data of an account from its row in the store.

        Args:
            name: Name of the account.
            synced_at: See the attribute.
            failed_at: See the attribute.
            error: See the attribute.
            now: Current time.
            stale_after: Age after which data is late.
        """
        if failed_at is not None:
            state = AccountState.FAILED
        elif synced_at is None or now - synced_at > stale_after:
            state = AccountState.LATE
        else:
            state = AccountState.CURRENT
        return cls(name=name, state=state, synced_at=synced_at, failed_at=failed_at, error=error)
