"""`RunOptions`: the arguments that `sync_logs` and `sync_accounts` share, validated."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from types import NoneType
from typing import Literal

import attrs

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.sync.records import is_integration_id, to_storable_text
from sendcloud_integrations_client.sync.redaction import Redaction

__all__ = ["IfRunning", "RunOptions", "SyncSource", "validate_account_names"]

SyncSource = Literal["account", "integrations"]
"""Lists that a sync reads: the account-wide list, or the list of each integration."""

IfRunning = Literal["skip", "wait", "take-over"]
"""What a run does with an account that another run is syncing."""


@attrs.frozen(kw_only=True)
class RunOptions:
    """Arguments of a sync, as documented in `sync_logs`.

    Raises:
        InvalidInputError: If an argument has another type or is out of range.
    """

    source: SyncSource
    integrations: Collection[int] | None
    since: datetime | timedelta | None
    lookback: timedelta
    full_check_every: timedelta | None
    full: bool
    concurrency: int
    page_size: int
    dry_run: bool
    redaction: Redaction | None
    give_up_after: timedelta
    if_running: IfRunning

    def __attrs_post_init__(self) -> None:
        for name, kinds, description in (
            ("integrations", (Collection, NoneType), "a collection of ids or None"),
            ("since", (datetime, timedelta, NoneType), "a datetime, a timedelta or None"),
            ("lookback", (timedelta,), "a timedelta"),
            ("full_check_every", (timedelta, NoneType), "a timedelta or None"),
            ("concurrency", (int,), "an integer"),
            ("page_size", (int,), "an integer"),
            ("redaction", (Redaction, NoneType), "a Redaction or None"),
            ("give_up_after", (timedelta,), "a timedelta"),
        ):
            value = getattr(self, name)
            if not isinstance(value, kinds):
                raise InvalidInputError("sync_logs", name, f"must be {description}, not {type(value).__name__}")
        if self.source not in ("account", "integrations"):
            raise InvalidInputError("sync_logs", "source", "must be account or integrations")
        if self.if_running not in ("skip", "wait", "take-over"):
            raise InvalidInputError("sync_logs", "if_running", "must be skip, wait or take-over")
        for name in ("lookback", "give_up_after"):
            if getattr(self, name) < timedelta(0):
                raise InvalidInputError("sync_logs", name, "must not be negative")
        if self.concurrency < 1:
            raise InvalidInputError("sync_logs", "concurrency", "must be at least 1")
        if not 1 <= self.page_size <= 100:
            raise InvalidInputError("sync_logs", "page_size", "must be between 1 and 100")
        if not all(map(is_integration_id, self.integrations or ())):
            raise InvalidInputError("sync_logs", "integrations", "must contain only integers from 1 to 2**63 - 1")

    @property
    def reads_account_list(self) -> bool:
        """Whether the run reads the account-wide list; otherwise it reads the lists of integrations."""
        return self.source == "account" and self.integrations is None


def validate_account_names(names: Iterable[str]) -> None:
    """Check that names of accounts can be stored.

    Raises:
        InvalidInputError: If one cannot.
    """
    if not all(isinstance(name, str) and to_storable_text(name) == name for name in names):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError("sync_logs", "account", "must be text without NUL characters and lone surrogates")
