"""The numbers of a report, counted by the database: memory is bounded by what a report shows, not by the logs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Text, and_, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.report.spans import Span, Unit, span_of
from sendcloud_integrations_client.sync.schema import account, integration, log, quarantine
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["Figures", "Group", "Selection", "gather_figures"]


@attrs.frozen(kw_only=True)
class Selection:
    """Which logs a report counts.

    Attributes:
        accounts: Names of accounts; empty for all.
        integrations: Ids of integrations; empty for all.
        since: Logs made from then on.
        until: Logs made before.
    """

    accounts: frozenset[str] = frozenset()
    integrations: frozenset[int] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class Group:
    """The logs that have something in common.

    Attributes:
        label: What: name of an integration, an exception type, a status.
        total: How many they are.
        last: When the newest was made; None where no log says when.
        trend: How many were made in each part of the span.
        account: Name of the account; None for a group that spans accounts.
        integration_id: Id of the integration; None for a group that spans integrations.
        mostly: The most frequent exception type of an integration.
        failing_since: Since when Sendcloud calls the integration failing; None while all is well.
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
    """The numbers of a report.

    Attributes:
        selection: Which logs were counted.
        made_at: When.
        accounts: Names of the accounts that the store knows.
        total: How many logs there are.
        outside: Those of them that are in no part of the span: they say no time, or one that cannot be.
        first: When the oldest was made; None where no log says when.
        last: When the newest was made.
        quarantined: Records that could not be read.
        integrations: How many integrations the store knows.
        failing: How many of them Sendcloud calls failing.
        span: The parts of time that the trends are in.
        by_integration: The most frequent first.
        by_exception_type: The most frequent first.
        by_status: The most frequent first.
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


NO_TYPE: Final = "(no type)"
NO_ANSWER: Final = "no answer"


async def gather_figures(store: LogStore, selection: Selection, *, now: datetime | None = None) -> Figures:
    """Count what a store holds.

    Args:
        store: The store; nothing is written.
        selection: Which logs count.
        now: The time of day with its time zone; None for the clock's. No log made later than a day from now makes
            the span longer.

    Raises:
        StoreError: The database cannot be used.
    """
    moment = now or datetime.now(UTC)
    if not await store.is_migrated():
        return _nothing(selection, moment)
    async with store.reading() as plain:
        # All counts are of one moment, while a sync goes on. SQLite's transactions are like that by themselves.
        level = {} if store.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        connection = await plain.execution_options(**level)
        return await _Counting(connection, selection, moment, store.is_sqlite).gather()


class _Counting:
    def __init__(self, connection: AsyncConnection, selection: Selection, now: datetime, is_sqlite: bool) -> None:
        self._connection = connection
        self._selection = selection
        self._now = now
        self._is_sqlite = is_sqlite
        self._chosen = _conditions(selection)

    async def gather(self) -> Figures:
        total, first, last = (await self._rows(select(func.count(), func.min(_MADE), func.max(_MADE))))[0]
        real = await self._rows(select(func.max(_MADE)).where(self._now + timedelta(days=1) >= _MADE))
        span = span_of(first, real[0][0] or last)
        by_type = await self._groups((log.c.exception_type,), span)
        by_status = await self._groups((log.c.response_code,), span)
        return Figures(
            selection=self._selection,
            made_at=self._now,
            accounts=tuple((await self._connection.scalars(select(account.c.name).order_by(account.c.name))).all()),
            total=total,
            outside=total - sum(sum(one.trend) for _, one in by_type),
            first=first,
            last=last,
            quarantined=await self._quarantined(),
            integrations=len(shops := await self._shops()),
            failing=sum(since is not None for _, since in shops.values()),
            span=span,
            by_integration=await self._by_integration(span, shops),
            by_exception_type=_sorted(attrs.evolve(one, label=key[0] or NO_TYPE) for key, one in by_type),
            by_status=_sorted(
                attrs.evolve(one, label=NO_ANSWER if key[0] is None else str(key[0])) for key, one in by_status
            ),
        )

    async def _by_integration(
        self, span: Span, shops: dict[tuple[Any, ...], tuple[str | None, datetime | None]]
    ) -> tuple[Group, ...]:
        keys = (log.c.account, log.c.integration_id)
        mostly: dict[tuple[Any, ...], tuple[int, str]] = {}
        counted = select(*keys, log.c.exception_type, func.count()).group_by(*keys, log.c.exception_type)
        for *key, kind, count in await self._rows(counted):
            mostly[tuple(key)] = max(mostly.get(tuple(key), (0, "")), (count, kind or NO_TYPE))
        found: list[Group] = []
        for key, one in await self._groups(keys, span):
            name, failing_since = shops.get(key, (None, None))
            found.append(
                attrs.evolve(
                    one,
                    label=name or f"integration {key[1]}",
                    account=key[0],
                    integration_id=key[1],
                    mostly=mostly[key][1],
                    failing_since=failing_since,
                )
            )
        return _sorted(found)

    async def _groups(self, keys: tuple[Any, ...], span: Span) -> list[tuple[tuple[Any, ...], Group]]:
        part = self._part(span.unit)
        trends: dict[tuple[Any, ...], list[int]] = {}
        totals: dict[tuple[Any, ...], int] = {}
        lasts: dict[tuple[Any, ...], datetime] = {}
        for *values, text, count, last in await self._rows(
            select(*keys, part, func.count(), func.max(_MADE)).group_by(*keys, part)
        ):
            key = tuple(values)
            trend = trends.setdefault(key, [0] * len(span.starts))
            totals[key] = totals.get(key, 0) + count
            if last is not None:
                lasts[key] = max(last, lasts.get(key, last))
            place = None if text is None else span.index(_read_part(text))
            if place is not None:
                trend[place] += count
        return [
            (key, Group(label="", total=totals[key], last=lasts.get(key), trend=tuple(trend)))
            for key, trend in trends.items()
        ]

    def _part(self, unit: Unit) -> ColumnElement[Any]:
        """The day of a log, or its hour, as text: weeks and months are put together from days."""
        if self._is_sqlite:
            return func.substr(type_coerce(_MADE, Text), 1, 13 if unit is Unit.HOUR else 10)
        form = "YYYY-MM-DD HH24" if unit is Unit.HOUR else "YYYY-MM-DD"
        return func.to_char(func.timezone("UTC", _MADE), form)

    async def _shops(self) -> dict[tuple[Any, ...], tuple[str | None, datetime | None]]:
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

    async def _quarantined(self) -> int:
        conditions: list[ColumnElement[bool]] = []
        if self._selection.accounts:
            conditions.append(quarantine.c.account.in_(self._selection.accounts))
        if self._selection.integrations:
            conditions.append(quarantine.c.integration_id.in_(self._selection.integrations))
        counted: int | None = await self._connection.scalar(
            select(func.count()).select_from(quarantine).where(*conditions)
        )
        return counted or 0

    async def _rows(self, query: Any) -> list[Any]:
        return list((await self._connection.execute(query.select_from(log).where(self._chosen))).all())


_MADE: Final[ColumnElement[Any]] = log.c.created_at_utc


def _conditions(selection: Selection) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = []
    if selection.accounts:
        found.append(log.c.account.in_(selection.accounts))
    if selection.integrations:
        found.append(log.c.integration_id.in_(selection.integrations))
    if selection.since is not None:
        found.append(selection.since <= _MADE)
    if selection.until is not None:
        found.append(selection.until > _MADE)
    return and_(True, *found)


def _read_part(text: str) -> datetime:
    return datetime.fromisoformat(f"{text[:10]}T{text[11:13] or '00'}:00:00+00:00")


def _sorted(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda one: (-one.total, one.label, one.account or "", one.integration_id or 0)))


def _nothing(selection: Selection, now: datetime) -> Figures:
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
        span=span_of(None, None),
        by_integration=(),
        by_exception_type=(),
        by_status=(),
    )
