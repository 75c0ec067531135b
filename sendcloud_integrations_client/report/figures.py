"""Figures of a report, in the order in which all forms of the report show them."""

from __future__ import annotations

from datetime import datetime

import attrs

from sendcloud_integrations_client.report.accounts import AccountData, AccountState
from sendcloud_integrations_client.report.problems import Problem, ProblemState
from sendcloud_integrations_client.report.time_spans import Span

__all__ = ["Change", "FailingShop", "Figures", "Group", "Matrix", "Selection"]


@attrs.frozen(kw_only=True)
class Selection:
    """Selects the logs that a report counts.

    Attributes:
        accounts: Names of accounts; empty, the default, for all accounts.
        integrations: Ids of integrations; empty, the default, for all integrations.
        since: Count only logs created at or after this time. Defaults to no limit.
        until: Count only logs created before this time. Defaults to no limit.
    """

    accounts: frozenset[str] = frozenset()
    integrations: frozenset[int] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class Group:
    """Logs with the same integration, exception type or status.

    Attributes:
        label: Name of the integration, the exception type, or the status.
        total: Number of logs.
        last: Creation time of the newest log; None if no log has a creation time.
        trend: Number of logs in each interval of the span; empty for an integration.
        account: Name of the account; None for a group that spans accounts.
        integration_id: Id of the integration; None for a group that spans integrations.
        mostly: Title of the most frequent problem of the integration; None for other groups.
        failing_since: Start of the failure that Sendcloud reports for the integration; None if it reports none.
    """

    label: str
    total: int
    last: datetime | None
    trend: tuple[int, ...] = ()
    account: str | None = None
    integration_id: int | None = None
    mostly: str | None = None
    failing_since: datetime | None = None


@attrs.frozen(kw_only=True)
class FailingShop:
    """A shop that fails now, according to the last sync of its account.

    Attributes:
        label: Name of the shop.
        account: Name of the account.
        integration_id: Id of the integration.
        url: URL of the shop; None if it is unknown or not http(s).
        since: Start of the failure.
        last_24h: Number of logs of the last 24 hours.
        last: Creation time of the newest log; None if it is missing in the period.
        problem: The problem with the most logs in the last 24 hours, or else in the period; None if there are no logs.
        other_problems: Its other problems that are not resolved, in the order of the report.
    """

    label: str
    account: str
    integration_id: int
    url: str | None
    since: datetime
    last_24h: int
    last: datetime | None
    problem: Problem | None
    other_problems: tuple[Problem, ...] = ()


@attrs.frozen(kw_only=True)
class Change:
    """Comparison with the previous period of equal length.

    Attributes:
        total: Number of logs in the period.
        previous_total: Number of logs in the previous period; None if the period has no start.
        shops: Number of shops with logs in the period.
        previous_shops: Number of shops with logs in the previous period; None if the period has no start.
    """

    total: int
    previous_total: int | None
    shops: int
    previous_shops: int | None


@attrs.frozen(kw_only=True)
class Matrix:
    """Number of logs per shop and problem, for the most frequent ones.

    Attributes:
        problems: The problems, the columns.
        shops: The shops, the rows.
        counts: Number of logs, by row and column.
    """

    problems: tuple[Problem, ...]
    shops: tuple[Group, ...]
    counts: tuple[tuple[int, ...], ...]


@attrs.frozen(kw_only=True)
class Figures:
    """Figures of a report.

    Attributes:
        selection: The logs that were counted.
        made_at: Time of counting.
        accounts: Names of all accounts in the store.
        account_data: Age of the data of each selected account: failed ones first, then late ones, then current ones.
        failing_shops: Shops that fail now, the most recent failure first.
        problems: Problems: new ones first, then regressed, ongoing and resolved ones, each with the most logs first.
        change: Comparison with the previous period.
        matrix: Number of logs per shop and problem.
        total: Number of logs.
        outside: Number of logs outside the span, because their creation time is missing or implausible.
        first: Creation time of the oldest log; None if no log has a creation time.
        last: Creation time of the newest log; None if no log has a creation time.
        quarantined: Number of records that could not be decoded.
        integrations: Number of integrations, without the deleted ones.
        span: The span with the intervals of the trends.
        by_integration: Groups by integration, the most frequent first.
        by_exception_type: Groups by exception type, the most frequent first.
        by_status: Groups by HTTP status of the shop's response, the most frequent first.
    """

    selection: Selection
    made_at: datetime
    accounts: tuple[str, ...]
    account_data: tuple[AccountData, ...]
    failing_shops: tuple[FailingShop, ...]
    problems: tuple[Problem, ...]
    change: Change
    matrix: Matrix
    total: int
    outside: int
    first: datetime | None
    last: datetime | None
    quarantined: int
    integrations: int
    span: Span
    by_integration: tuple[Group, ...]
    by_exception_type: tuple[Group, ...]
    by_status: tuple[Group, ...]

    @property
    def is_last_interval_unfinished(self) -> bool:
        """Whether the last interval of the span has not ended, so its counts are still growing."""
        return self.span.end is not None and self.made_at < self.span.end

    @property
    def synced_until(self) -> datetime | None:
        """The oldest time of the last successful sync of the accounts that are current; None if it is missing."""
        times = [one.synced_at for one in self.account_data if one.state is AccountState.CURRENT and one.synced_at]
        return min(times, default=None)

    def has_failed_sync(self, account: str) -> bool:
        """Return whether the last sync of an account failed, so that newer failures of its shops are missing."""
        return any(one.name == account and one.state is AccountState.FAILED for one in self.account_data)

    def count_accounts(self, state: AccountState) -> int:
        """Return the number of accounts whose data has a state."""
        return sum(one.state is state for one in self.account_data)

    def count_problems(self, state: ProblemState) -> int:
        """Return the number of problems with a state."""
        return sum(one.state is state for one in self.problems)
