"""Counts for a report. The database does the counting, so memory grows with the report, not with the number of logs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Text, and_, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.report.time_spans import Span, Unit, build_span
from sendcloud_integrations_client.sync.schema import account, integration, log, quarantine
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["Figures", "Group", "Selection", "gather_figures"]


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
        trend: Number of logs in each interval of the span.
        account: Name of the account; None for a group that spans accounts.
        integration_id: Id of the integration; None for a group that spans integrations or has none.
        mostly: Most frequent exception type of the integration; None for other groups.
        failing_since: Start of the failure that Sendcloud reports for the integration; None if it reports none.
    """

    label: str
    total: int
    last: datetime | None
    trend: tuple[int, ...]
    account: str | None = None
    integration_id: int | None = None
    mostly: str | None = None
    failing_since: datetime | None = None


@attrs.frozen(kw_only=True)
class Figures:
    """Counts for a report.

    Attributes:
        selection: The logs that were counted.
        made_at: Time of counting.
        accounts: Names of all accounts in the store.
        total: Number of logs.
        outside: Number of logs outside the span, because their creation time is missing or implausible.
        first: Creation time of the oldest log; None if no log has a creation time.
        last: Creation time of the newest log; None if no log has a creation time.
        quarantined: Number of records that could not be decoded.
        integrations: Number of integrations in the store.
        failing: Number of integrations that Sendcloud reports as failing.
        span: The span with the intervals of the trends.
        by_integration: Groups by integration, the most frequent first.
        by_exception_type: Groups by exception type, the most frequent first.
        by_status: Groups by HTTP status of the shop's response, the most frequent first.
    """

    selection: Selection
    made_at: datetime
    accounts: tuple[str, ...]
    total: int
    outside: int
    first: datetime | None
    last: datetime | None
    quarantined: int
    integrations: int
    failing: int
    span: Span
    by_integration: tuple[Group, ...]
    by_exception_type: tuple[Group, ...]
    by_status: tuple[Group, ...]


NO_INTEGRATION_LABEL: Final = "(no integration)"
NO_TYPE_LABEL: Final = "(no type)"
NO_RESPONSE_LABEL: Final = "no response"


async def gather_figures(store: LogStore, selection: Selection, *, now: datetime | None = None) -> Figures:
    """Count the logs in a store.

    Args:
        store: The store. It is only read.
        selection: The logs to count.
        now: Current time with a time zone. Defaults to the current time in UTC. Logs created more than a day after it
            do not extend the span.

    Returns:
        The counts.

    Raises:
        StoreError: If the database cannot be used.
    """
    counted_at = now or datetime.now(UTC)
    if not await store.is_migrated():
        return _build_empty_figures(selection, counted_at)
    async with store.reading() as connection:
        # All counts come from one snapshot, even during a sync. SQLite transactions always read a snapshot.
        level = {} if store.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        snapshot = await connection.execution_options(**level)
        return await _FigureCounter(snapshot, selection, counted_at, store.is_sqlite).count()


class _FigureCounter:
    def __init__(self, connection: AsyncConnection, selection: Selection, now: datetime, is_sqlite: bool) -> None:
        self._connection = connection
        self._selection = selection
        self._now = now
        self._is_sqlite = is_sqlite
        self._condition = _build_condition(selection)

    async def count(self) -> Figures:
        total, first, last = (
            await self._fetch_rows(select(func.count(), func.min(_CREATED_AT), func.max(_CREATED_AT)))
        )[0]
        plausible = await self._fetch_rows(
            select(func.max(_CREATED_AT)).where(self._now + timedelta(days=1) >= _CREATED_AT)
        )
        span = build_span(first, plausible[0][0] or last)
        by_type = await self._count_groups((log.c.exception_type,), span)
        by_status = await self._count_groups((log.c.response_code,), span)
        return Figures(
            selection=self._selection,
            made_at=self._now,
            accounts=tuple((await self._connection.scalars(select(account.c.name).order_by(account.c.name))).all()),
            total=total,
            outside=total - sum(sum(one.trend) for _, one in by_type),
            first=first,
            last=last,
            quarantined=await self._count_quarantined(),
            integrations=len(shops := await self._fetch_integrations()),
            failing=sum(since is not None for _, since in shops.values()),
            span=span,
            by_integration=await self._count_by_integration(span, shops),
            by_exception_type=_sort_groups(attrs.evolve(one, label=key[0] or NO_TYPE_LABEL) for key, one in by_type),
            by_status=_sort_groups(
                attrs.evolve(one, label=NO_RESPONSE_LABEL if key[0] is None else str(key[0])) for key, one in by_status
            ),
        )

    async def _count_by_integration(
        self, span: Span, shops: dict[tuple[Any, ...], tuple[str | None, datetime | None]]
    ) -> tuple[Group, ...]:
        keys = (log.c.account, log.c.integration_id)
        mostly: dict[tuple[Any, ...], tuple[int, str]] = {}
        counted = select(*keys, log.c.exception_type, func.count()).group_by(*keys, log.c.exception_type)
        for *key, kind, count in await self._fetch_rows(counted):
            mostly[tuple(key)] = max(mostly.get(tuple(key), (0, "")), (count, kind or NO_TYPE_LABEL))
        found: list[Group] = []
        for key, one in await self._count_groups(keys, span):
            name, failing_since = shops.get(key, (None, None))
            found.append(
                attrs.evolve(
                    one,
                    label=name or (NO_INTEGRATION_LABEL if key[1] is None else f"integration {key[1]}"),
                    account=key[0],
                    integration_id=key[1],
                    mostly=mostly[key][1],
                    failing_since=failing_since,
                )
            )
        return _sort_groups(found)

    async def _count_groups(self, keys: tuple[Any, ...], span: Span) -> list[tuple[tuple[Any, ...], Group]]:
        interval = self._build_interval_column(span.unit)
        trends: dict[tuple[Any, ...], list[int]] = {}
        totals: dict[tuple[Any, ...], int] = {}
        lasts: dict[tuple[Any, ...], datetime] = {}
        for *values, text, count, last in await self._fetch_rows(
            select(*keys, interval, func.count(), func.max(_CREATED_AT)).group_by(*keys, interval)
        ):
            key = tuple(values)
            trend = trends.setdefault(key, [0] * len(span.starts))
            totals[key] = totals.get(key, 0) + count
            if last is not None:
                lasts[key] = max(last, lasts.get(key, last))
            index = None if text is None else span.index(_parse_interval(text))
            if index is not None:
                trend[index] += count
        return [
            (key, Group(label="", total=totals[key], last=lasts.get(key), trend=tuple(trend)))
            for key, trend in trends.items()
        ]

    def _build_interval_column(self, unit: Unit) -> ColumnElement[Any]:
        """Return the day or hour of a log as text. Weeks and months are summed from days."""
        if self._is_sqlite:
            return func.substr(type_coerce(_CREATED_AT, Text), 1, 13 if unit is Unit.HOUR else 10)
        form = "YYYY-MM-DD HH24" if unit is Unit.HOUR else "YYYY-MM-DD"
        return func.to_char(func.timezone("UTC", _CREATED_AT), form)

    async def _fetch_integrations(self) -> dict[tuple[Any, ...], tuple[str | None, datetime | None]]:
        columns = integration.c
        conditions: list[ColumnElement[bool]] = []
        if self._selection.accounts:
            conditions.append(columns.account.in_(self._selection.accounts))
        if self._selection.integrations:
            conditions.append(columns.id.in_(self._selection.integrations))
        rows = await self._connection.execute(
            select(columns.account, columns.id, columns.shop_name, columns.started_failing_at).where(*conditions)
        )
        return {(name, number): (shop, since) for name, number, shop, since in rows.all()}

    async def _count_quarantined(self) -> int:
        conditions: list[ColumnElement[bool]] = []
        if self._selection.accounts:
            conditions.append(quarantine.c.account.in_(self._selection.accounts))
        if self._selection.integrations:
            conditions.append(quarantine.c.integration_id.in_(self._selection.integrations))
        counted: int | None = await self._connection.scalar(
            select(func.count()).select_from(quarantine).where(*conditions)
        )
        return counted or 0

    async def _fetch_rows(self, query: Any) -> list[Any]:
        return list((await self._connection.execute(query.select_from(log).where(self._condition))).all())


_CREATED_AT: Final[ColumnElement[Any]] = log.c.created_at_utc


def _build_condition(selection: Selection) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = []
    if selection.accounts:
        found.append(log.c.account.in_(selection.accounts))
    if selection.integrations:
        found.append(log.c.integration_id.in_(selection.integrations))
    if selection.since is not None:
        found.append(selection.since <= _CREATED_AT)
    if selection.until is not None:
        found.append(selection.until > _CREATED_AT)
    return and_(True, *found)


def _parse_interval(text: str) -> datetime:
    return datetime.fromisoformat(f"{text[:10]}T{text[11:13] or '00'}:00:00+00:00")


def _sort_groups(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda one: (-one.total, one.label, one.account or "", one.integration_id or 0)))


def _build_empty_figures(selection: Selection, now: datetime) -> Figures:
    return Figures(
        selection=selection,
        made_at=now,
        accounts=(),
        total=0,
        outside=0,
        first=None,
        last=None,
        quarantined=0,
        integrations=0,
        failing=0,
        span=build_span(None, None),
        by_integration=(),
        by_exception_type=(),
        by_status=(),
    )
