"""Problems: logs that have the same problem key, their state, and the accounts and shops that they affect."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from sendcloud_integrations_client.report.causes import Cause

__all__ = ["Example", "Problem", "ProblemState", "can_have_regressed", "find_regression", "find_state"]

_PATH: Final = re.compile(r"https?://[^/?#]*([^?#]*)", re.IGNORECASE)

QUIET_TIME: Final = timedelta(days=7)
"""A problem that is seen again after this time has regressed."""

RESOLVED_AFTER: Final = timedelta(hours=24)
"""A problem that is not seen for this time is resolved, if the logs of that time were synced."""


class ProblemState(enum.Enum):
    """State of a problem. The order is the order in the report."""

    NEW = "new"
    """First seen in the period."""
    REGRESSED = "regressed"
    """Seen again in the period, after seven days without a log."""
    ONGOING = "ongoing"
    """Seen before the period."""
    RESOLVED = "resolved"
    """Not seen during the last 24 hours that were synced."""


@attrs.frozen(kw_only=True)
class Example:
    """The newest log of a problem.

    Attributes:
        account: Name of the account.
        log_id: Id of the log.
        message: First line of its message, redacted and shortened; None if it has none.
        url: URL of the request to the shop, redacted; None if it is unknown or not http(s).
    """

    account: str
    log_id: int
    message: str | None
    url: str | None

    @property
    def endpoint(self) -> str | None:
        """Path of the URL, without host and query: equal for all shops with the same software."""
        found = _PATH.match(self.url or "")
        return None if found is None else found[1] or "/"


@attrs.frozen(kw_only=True)
class Problem:
    """Logs with the same exception type, status, normalized message and endpoint.

    Attributes:
        number: Position in the report, from 1. The report refers to the problem as `P1`.
        key: Fingerprint of the problem.
        state: State of the problem.
        exception_type: Type of the exception; None if unknown.
        status: Status of the shop's response; None if there was no response.
        cause: Likely cause, who acts, and the next step.
        first_seen: Creation time of the first log, also before the period; None if no log has a creation time.
        last_seen: Creation time of the last log in the period, or in the previous one.
        since: When a regressed problem was seen again; otherwise `first_seen`.
        total: Number of logs in the period.
        previous: Number of logs in the previous period; None if the period has no start.
        trend: Number of logs in each interval of the span.
        shops: Number of shops with logs in the period.
        accounts: Number of accounts with logs in the period.
        top_shop: Name of the shop with the most logs.
        top_shop_account: Account of that shop.
        top_shop_id: Integration id of that shop.
        top_shop_url: URL of that shop; None if it is unknown or not http(s).
        example: The newest log; None if it was pruned, or if there are too many problems to show.
    """

    number: int
    key: str | None
    state: ProblemState
    exception_type: str | None
    status: int | None
    cause: Cause
    first_seen: datetime | None
    last_seen: datetime | None
    since: datetime | None
    total: int
    previous: int | None
    trend: tuple[int, ...]
    shops: int
    accounts: int
    top_shop: str
    top_shop_account: str
    top_shop_id: int | None
    top_shop_url: str | None
    example: Example | None

    @property
    def label(self) -> str:
        """Short name in the report, such as `P1`."""
        return f"P{self.number}"

    @property
    def title(self) -> str:
        """Status, exception type and cause, such as `401 HTTPError: wrong credentials`."""
        kind = (self.exception_type or "").rpartition(".")[2] or "(no type)"
        return f"{'' if self.status is None else f'{self.status} '}{kind}: {self.cause.name}"


def find_regression(before: datetime | None, spans: Sequence[tuple[datetime, datetime]]) -> datetime | None:
    """Return when a problem was last seen again after seven quiet days; None if it was not.

    Args:
        before: Time of the last log before the period; None if there was none.
        spans: First and last log in each interval of the period with logs, in order. Quiet days within an interval are
            not found; intervals are shorter than seven days, except in periods of more than 120 days.
    """
    previous, found = before, None
    for first, last in spans:
        if previous is not None and first - previous >= QUIET_TIME:
            found = first
        previous = last
    return found


def can_have_regressed(
    before: datetime | None, counts: Sequence[int], intervals: Sequence[tuple[datetime, datetime]]
) -> bool:
    """Whether `find_regression` can find anything, judged by the numbers of logs per interval.

    Args:
        before: Time of the last log before the period; None if there was none.
        counts: Number of logs in each interval.
        intervals: Start and end of each interval.
    """
    earliest = before
    for count, (start, end) in zip(counts, intervals, strict=True):
        if count:
            if earliest is not None and end - earliest >= QUIET_TIME:
                return True
            earliest = start
    return False


def find_state(
    *,
    is_new: bool,
    has_regressed: bool,
    last_seen: Mapping[str, datetime | None],
    synced_until: Mapping[str, datetime | None],
) -> ProblemState:
    """Return the state of a problem.

    Args:
        is_new: Whether its first log is in the period.
        has_regressed: Whether it was seen again after seven quiet days.
        last_seen: Time of the last log per affected account.
        synced_until: End of the last successful sync per account. Without it, nothing is known to be resolved.
    """
    for account, seen in last_seen.items():
        synced = synced_until.get(account)
        if synced is None or seen is None or synced - seen < RESOLVED_AFTER:
            break
    else:
        return ProblemState.RESOLVED
    if is_new:
        return ProblemState.NEW
    return ProblemState.REGRESSED if has_regressed else ProblemState.ONGOING
