"""Counting for a report. The database does the counting, so memory grows with the report, not with the number of logs.

Each query over logs reads only an index: `log_by_integration` and `log_by_time` contain all of their columns.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

import attrs
from sqlalchemy import ColumnElement, Select, Text, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.errors import to_single_line
from sendcloud_integrations_client.report.accounts import DEFAULT_STALE_AFTER, AccountData, AccountState
from sendcloud_integrations_client.report.causes import find_cause
from sendcloud_integrations_client.report.figures import Change, FailingShop, Figures, Group, Matrix, Selection
from sendcloud_integrations_client.report.problems import (
    Example,
    Problem,
    ProblemState,
    can_have_regressed,
    find_regression,
    find_state,
)
from sendcloud_integrations_client.report.time_spans import Span, build_span
from sendcloud_integrations_client.sync.schema import account, integration, log, problem, quarantine
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["gather_figures"]

NO_INTEGRATION_LABEL: Final = "(no integration)"
NO_TYPE_LABEL: Final = "(no type)"
NO_RESPONSE_LABEL: Final = "no response"

_MAX_EXAMPLES: Final = 500
_MAX_MESSAGE: Final = 200  # characters of an example
_MAX_MATRIX_SHOPS: Final = 12
_MAX_MATRIX_PROBLEMS: Final = 6
_MAX_SHOWN_PERIOD: Final = timedelta(days=31)
_MAX_SHORT_PERIOD: Final = timedelta(days=14)
_DAY: Final = timedelta(days=1)
_CREATED_AT: Final[ColumnElement[Any]] = log.c.created_at_utc
# As the database returns them, see _parse_time. The conversions of SQLAlchemy take ten times as long.
_FIRST: Final[ColumnElement[Any]] = type_coerce(func.min(_CREATED_AT), Text)
_LAST: Final[ColumnElement[Any]] = type_coerce(func.max(_CREATED_AT), Text)
_HTTP_URL: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_STATE_ORDER: Final = {state: position for position, state in enumerate(ProblemState)}
_ACCOUNT_STATE_ORDER: Final = {state: position for position, state in enumerate(AccountState)}


async def gather_figures(
    store: LogStore,
    selection: Selection,
    *,
    now: datetime | None = None,
    stale_after: timedelta = DEFAULT_STALE_AFTER,
) -> Figures:
    """Count the logs in a store.

    Args:
        store: The store. It is only read.
        selection: The logs to count. States of problems need `since`: without it, each problem is first seen in the
            period. If integrations are selected, states still consider all logs of their accounts.
        now: Current time with a time zone. Defaults to the time of the store, whose clock wrote when accounts were
            synced. Logs created more than a day after it do not extend the span.
        stale_after: Age after which the data of an account is late. Defaults to 6 hours.

    Returns:
        The figures.

    Raises:
        StoreError: If the database cannot be used.
    """
    counted_at = now or await store.get_time()
    if not await store.is_migrated():
        return _build_empty_figures(selection, counted_at)
    async with store.reading() as connection:
        # All counts come from one snapshot, even during a sync. SQLite transactions always read a snapshot.
        level = {} if store.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        snapshot = await connection.execution_options(**level)
        return await _FigureCounter(snapshot, selection, counted_at, stale_after).count()


class _ShopKey(NamedTuple):
    account: str
    integration_id: int | None


class _Count(NamedTuple):
    """Logs of one shop with one problem."""

    shop: _ShopKey
    key: str | None
    logs: int
    last: datetime | None


@attrs.frozen
class _Shop:
    """A row of the table `integration`."""

    name: str
    url: str | None
    failing_since: datetime | None
    exists: bool


@attrs.frozen
class _StoredProblem:
    """A problem in the store, over all selected accounts."""

    exception_type: str | None = None
    status: int | None = None
    first_seen: datetime | None = None
    last_before: datetime | None = None


_Trends: TypeAlias = Mapping[str | None, Sequence[int]]
"""Number of logs of each problem in each interval."""

_Spans: TypeAlias = Mapping[str | None, Sequence[tuple[datetime, datetime]]]
"""First and last log in each interval with logs, of each problem that can have regressed."""


class _FigureCounter:
    def __init__(
        self, connection: AsyncConnection, selection: Selection, now: datetime, stale_after: timedelta
    ) -> None:
        self._connection = connection
        self._selection = selection
        self._now = now
        self._stale_after = stale_after
        self._end = min(selection.until, now) if selection.until is not None else now

    async def count(self) -> Figures:
        accounts = await self._fetch_account_data()
        shops = await self._fetch_shops()
        counts = await self._count(self._selection.since, self._selection.until)
        previous = await self._count_previous()
        first, last = await self._find_first(), max((one.last for one in counts if one.last is not None), default=None)
        span = await self._build_span(first, last)
        trends = await self._count_trends(span)
        stored = await self._fetch_problems({one.key for one in counts})
        spans = await self._fetch_spans(span, trends, stored)
        problems = await self._build_problems(counts, previous, trends, spans, stored, shops, accounts)
        by_key = {one.key: one for one in problems}
        by_integration = _group_by_shop(counts, shops, by_key)
        total = sum(one.logs for one in counts)
        return Figures(
            selection=self._selection,
            made_at=self._now,
            accounts=tuple(await self._connection.scalars(select(account.c.name).order_by(account.c.name))),
            account_data=accounts,
            failing_shops=await self._build_failing_shops(counts, shops, by_key),
            problems=problems,
            change=Change(
                total=total,
                previous_total=None if previous is None else sum(one.logs for one in previous),
                shops=len({one.shop for one in counts}),
                previous_shops=None if previous is None else len({one.shop for one in previous}),
            ),
            matrix=_build_matrix(counts, by_integration, problems),
            total=total,
            outside=total - sum(map(sum, trends.values())),
            first=first,
            last=last,
            quarantined=await self._count_quarantined(),
            integrations=sum(one.exists for one in shops.values()),
            span=span,
            by_integration=by_integration,
            by_exception_type=_group_by(
                problems, trends, counts, lambda one: one.exception_type or NO_TYPE_LABEL, len(span.starts)
            ),
            by_status=_group_by(
                problems,
                trends,
                counts,
                lambda one: NO_RESPONSE_LABEL if one.status is None else str(one.status),
                len(span.starts),
            ),
        )

    async def _fetch_account_data(self) -> tuple[AccountData, ...]:
        columns = account.c
        query = select(columns.name, columns.last_synced_at, columns.failed_at, columns.error)
        if self._selection.accounts:
            query = query.where(columns.name.in_(self._selection.accounts))
        rows = (await self._connection.execute(query)).all()
        found = [AccountData.build(*row, now=self._now, stale_after=self._stale_after) for row in rows]
        return tuple(sorted(found, key=lambda one: (_ACCOUNT_STATE_ORDER[one.state], one.name)))

    async def _fetch_shops(self) -> dict[_ShopKey, _Shop]:
        columns = integration.c
        query = select(
            columns.account,
            columns.id,
            columns.shop_name,
            columns.shop_url,
            columns.started_failing_at,
            columns.deleted_at,
        )
        if self._selection.accounts:
            query = query.where(columns.account.in_(self._selection.accounts))
        if self._selection.integrations:
            query = query.where(columns.id.in_(self._selection.integrations))
        return {
            _ShopKey(name, number): _Shop(
                shop or f"integration {number}", _get_http_url(url), None if deleted else since, deleted is None
            )
            for name, number, shop, url, since, deleted in (await self._connection.execute(query)).all()
        }

    async def _count(self, since: datetime | None, until: datetime | None) -> list[_Count]:
        # Without an expression, SQLite reads all logs in the order of the groups, not only those of a short period.
        is_short = since is not None and self._end - since <= _MAX_SHORT_PERIOD
        account_column = log.c.account.concat("") if is_short else log.c.account
        keys = (account_column, log.c.integration_id, log.c.problem_key)
        # Only the latest time: SQLite takes twice as long with the earliest one as well.
        query = select(*keys, func.count(), _LAST).group_by(*keys)
        conditions = self._build_conditions(account_column)
        rows = (await self._connection.execute(query.where(*conditions, *_limit_period(since, until)))).all()
        return [
            _Count(_ShopKey(name, number), key, logs, None if last is None else _parse_time(last))
            for name, number, key, logs, last in rows
        ]

    async def _find_first(self) -> datetime | None:
        """Return the creation time of the oldest log in the period."""
        # An expression, so that SQLite reads the index by time and stops at the first log.
        query = (
            select(_CREATED_AT)
            .where(
                _CREATED_AT.is_not(None),
                *self._build_conditions(log.c.account.concat("")),
                *_limit_period(self._selection.since, self._selection.until),
            )
            .order_by(_CREATED_AT)
            .limit(1)
        )
        found: datetime | None = await self._connection.scalar(query)
        return found

    async def _count_previous(self) -> list[_Count] | None:
        """Count the logs of the previous period of equal length; None if the period has no start."""
        since = self._selection.since
        if since is None or since >= self._end:
            return None
        try:
            previous = since - (self._end - since)
        except OverflowError:
            return None
        return await self._count(previous, since)

    async def _count_trends(self, span: Span) -> _Trends:
        """Count the logs of each problem in each interval.

        One query per interval, because SQLite sorts the rows of each group: many small sorts are faster than one of
        all logs.
        """
        trends: dict[str | None, list[int]] = defaultdict(lambda: [0] * len(span.starts))
        query = select(log.c.problem_key, func.count()).group_by(log.c.problem_key)
        for index, interval in enumerate(span.intervals):
            for key, count in await self._fetch_interval(query, interval):
                trends[key][index] = count
        return dict(trends)

    async def _fetch_spans(self, span: Span, trends: _Trends, stored: Mapping[str | None, _StoredProblem]) -> _Spans:
        """Return the first and last log in each interval, of the problems whose counts allow for a regression."""
        found: dict[str | None, list[tuple[datetime, datetime]]] = {
            key: []
            for key, counts in trends.items()
            if can_have_regressed(stored.get(key, _StoredProblem()).last_before, counts, span.intervals)
        }
        query = select(log.c.problem_key, _FIRST, _LAST).group_by(log.c.problem_key)
        for index, interval in enumerate(span.intervals):
            keys = [key for key in found if trends[key][index]]
            if not keys:
                continue
            # An expression, so that SQLite uses the index by time.
            is_wanted: ColumnElement[bool] = log.c.problem_key.concat("").in_([key for key in keys if key is not None])
            if None in keys:
                is_wanted = is_wanted | log.c.problem_key.is_(None)
            for key, first, last in await self._fetch_interval(query.where(is_wanted), interval):
                found[key].append((_parse_time(first), _parse_time(last)))
        return found

    async def _fetch_interval(
        self, query: Select[*tuple[Any, ...]], interval: tuple[datetime, datetime]
    ) -> Sequence[Any]:
        limits = _limit_period(self._selection.since, self._selection.until)
        # An expression, so that SQLite uses the index by time even if accounts are selected.
        conditions = self._build_conditions(log.c.account.concat(""))
        query = query.where(*conditions, *limits, *_limit_period(*interval))
        rows: Sequence[Any] = (await self._connection.execute(query)).all()
        return rows

    async def _fetch_problems(self, keys: Collection[str | None]) -> dict[str | None, _StoredProblem]:
        """Return the stored problems. Problems that are not stored yet get the time of their first log."""
        columns = problem.c
        since = self._selection.since
        query = select(
            columns.problem_key,
            func.max(columns.exception_type),
            func.max(columns.response_code),
            func.min(columns.first_seen_at),
        ).group_by(columns.problem_key)
        if since is not None:
            is_same = (log.c.account == columns.account) & (log.c.problem_key == columns.problem_key)
            is_before = (since > _CREATED_AT) & (columns.first_seen_at < since)
            last_before = select(func.max(_CREATED_AT)).where(is_same, is_before).scalar_subquery()
            query = query.add_columns(func.max(last_before))
        if self._selection.accounts:
            query = query.where(columns.account.in_(self._selection.accounts))
        found: dict[str | None, _StoredProblem] = {
            row[0]: _StoredProblem(*row[1:]) for row in (await self._connection.execute(query)).all()
        }
        missing = [key for key in keys if found.get(key, _StoredProblem()).first_seen is None]
        if missing:
            key = log.c.problem_key
            is_missing = key.in_([one for one in missing if one is not None]) | key.is_(None)
            limits = _limit_period(since, self._selection.until)
            first = select(key, func.min(_CREATED_AT)).group_by(key)
            first = first.where(is_missing, *self._build_conditions(log.c.account), *limits)
            for one, first_seen in (await self._connection.execute(first)).all():
                found[one] = attrs.evolve(found.get(one, _StoredProblem()), first_seen=first_seen)
        return found

    async def _build_problems(
        self,
        counts: Sequence[_Count],
        previous: Sequence[_Count] | None,
        trends: _Trends,
        spans: _Spans,
        stored: Mapping[str | None, _StoredProblem],
        shops: Mapping[_ShopKey, _Shop],
        accounts: Sequence[AccountData],
    ) -> tuple[Problem, ...]:
        synced_until = {one.name: one.synced_at for one in accounts}
        current_by_key, previous_by_key = _group_by_key(counts), _group_by_key(previous or ())
        found: list[tuple[Problem, str, datetime | None]] = []
        for key in current_by_key.keys() | previous_by_key.keys():
            current, earlier = current_by_key.get(key, []), previous_by_key.get(key, [])
            kept = stored.get(key, _StoredProblem())
            regressed_at = find_regression(kept.last_before, spans.get(key, ()))
            first_seen = kept.first_seen
            is_new = first_seen is not None and (self._selection.since is None or first_seen >= self._selection.since)
            newest = max([*current, *earlier], key=lambda one: (one.last is not None, one.last))
            state = find_state(
                is_new=is_new,
                has_regressed=regressed_at is not None,
                last_seen=_find_last_per_account([*current, *earlier]),
                synced_until=synced_until,
            )
            if not current and state is not ProblemState.RESOLVED:
                continue  # its account was not synced, so nothing is known about it
            per_shop: Counter[_ShopKey] = Counter()
            for one in current or earlier:
                per_shop[one.shop] += one.logs
            top = max(per_shop, key=lambda shop: (per_shop[shop], shop.account, shop.integration_id or 0))
            found.append(
                (
                    Problem(
                        number=0,
                        key=key,
                        state=state,
                        exception_type=kept.exception_type,
                        status=kept.status,
                        cause=find_cause(kept.exception_type, kept.status, None),
                        first_seen=first_seen,
                        last_seen=newest.last,
                        since=regressed_at if state is ProblemState.REGRESSED else first_seen,
                        total=sum(one.logs for one in current),
                        previous=None if previous is None else sum(one.logs for one in earlier),
                        trend=tuple(trends.get(key, ())),
                        shops=len({one.shop for one in current}),
                        accounts=len({one.shop.account for one in current}),
                        top_shop=_get_shop_name(shops, top),
                        top_shop_account=top.account,
                        top_shop_id=top.integration_id,
                        top_shop_url=shops[top].url if top in shops else None,
                        example=None,
                    ),
                    newest.shop.account,
                    newest.last,
                )
            )
        found.sort(
            key=lambda one: (_STATE_ORDER[one[0].state], -one[0].total, -(one[0].previous or 0), one[0].key or "")
        )
        problems: list[Problem] = []
        for number, (each, account_name, last) in enumerate(found, 1):
            numbered = attrs.evolve(each, number=number)
            if number <= _MAX_EXAMPLES:
                numbered = await self._add_example(numbered, account_name, last)
            problems.append(numbered)
        return tuple(problems)

    async def _add_example(self, one: Problem, account_name: str, last: datetime | None) -> Problem:
        is_newest: ColumnElement[bool] = _CREATED_AT.is_(None) if last is None else _CREATED_AT == last  # noqa: SIM300
        query = (
            select(log.c.id, log.c.exception, log.c.full_url)
            .where(log.c.account == account_name, log.c.problem_key == one.key, is_newest)
            .order_by(log.c.id.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return one
        lines = (row.exception or "").strip().splitlines()
        message = to_single_line(lines[0], max_length=_MAX_MESSAGE) if lines else None
        example = Example(account=account_name, log_id=row.id, message=message, url=_get_http_url(row.full_url))
        return attrs.evolve(one, example=example, cause=find_cause(one.exception_type, one.status, row.exception))

    async def _build_failing_shops(
        self, counts: Sequence[_Count], shops: Mapping[_ShopKey, _Shop], problems: Mapping[str | None, Problem]
    ) -> tuple[FailingShop, ...]:
        failing = {key: shop for key, shop in shops.items() if shop.failing_since is not None}
        if not failing:
            return ()
        is_last_day = self._selection.since == self._end - _DAY and all(
            not one.last or one.last < self._end for one in counts
        )
        recent = counts if is_last_day else await self._count(self._end - _DAY, self._end)
        recent_by_shop, counts_by_shop = _group_counts_by_shop(recent), _group_counts_by_shop(counts)
        found: list[FailingShop] = []
        for key, shop in failing.items():
            last_day, period = recent_by_shop.get(key, []), counts_by_shop.get(key, [])
            # A problem of the last day is not in the report if the period is shorter.
            candidates = [one for one in last_day if one.key in problems] or period
            top = max(candidates, key=lambda one: (one.logs, one.key or ""), default=None)
            other_keys = {one.key for one in (*last_day, *period) if top is not None and one.key != top.key}
            others = [problems[key] for key in other_keys & problems.keys()]
            found.append(
                FailingShop(
                    label=shop.name,
                    account=key.account,
                    integration_id=key.integration_id or 0,
                    url=shop.url,
                    since=shop.failing_since or self._now,
                    last_24h=sum(one.logs for one in last_day),
                    last=max((one.last for one in (*last_day, *period) if one.last), default=None),
                    problem=None if top is None else problems.get(top.key),
                    other_problems=tuple(
                        sorted(
                            (one for one in others if one.state is not ProblemState.RESOLVED),
                            key=lambda one: one.number,
                        )
                    ),
                )
            )
        return tuple(sorted(found, key=lambda one: (-one.since.timestamp(), one.account, one.integration_id)))

    async def _build_span(self, first: datetime | None, last: datetime | None) -> Span:
        since, latest = self._selection.since, self._now + _DAY
        if first is None or last is None:
            return build_span(None, None)
        if last > latest:
            last = await self._connection.scalar(
                select(func.max(_CREATED_AT)).where(
                    *self._build_conditions(log.c.account),
                    *_limit_period(since, self._selection.until),
                    latest >= _CREATED_AT,
                )
            )
            last = last or first
        end = max(self._now, last)
        if self._selection.until is not None:
            end = max(min(end, self._selection.until - timedelta(microseconds=1)), first)
        if since is not None and end - since <= _MAX_SHOWN_PERIOD:
            first = since  # a longer period can start long before the first log
        return build_span(min(first, end), end)

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

    def _build_conditions(self, account_column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self._selection.accounts:
            found.append(account_column.in_(self._selection.accounts))
        if self._selection.integrations:
            found.append(log.c.integration_id.in_(self._selection.integrations))
        return found


def _limit_period(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a period; no conditions for no limits."""
    found = [since <= _CREATED_AT] if since is not None else []
    return found + ([until > _CREATED_AT] if until is not None else [])


def _parse_time(value: str | datetime) -> datetime:
    """Convert a timestamp as the database returns it: SQLite returns text in UTC."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


def _get_http_url(url: str | None) -> str | None:
    """Return a URL if it is an http(s) URL, so that a link to it is harmless."""
    return url if url is not None and _HTTP_URL.match(url) and url.isprintable() else None


def _get_shop_name(shops: Mapping[_ShopKey, _Shop], key: _ShopKey) -> str:
    if key in shops:
        return shops[key].name
    return NO_INTEGRATION_LABEL if key.integration_id is None else f"integration {key.integration_id}"


def _group_by_key(counts: Iterable[_Count]) -> dict[str | None, list[_Count]]:
    found: dict[str | None, list[_Count]] = {}
    for one in counts:
        found.setdefault(one.key, []).append(one)
    return found


def _group_counts_by_shop(counts: Iterable[_Count]) -> dict[_ShopKey, list[_Count]]:
    found: dict[_ShopKey, list[_Count]] = {}
    for one in counts:
        found.setdefault(one.shop, []).append(one)
    return found


def _find_last_per_account(counts: Iterable[_Count]) -> dict[str, datetime | None]:
    found: dict[str, datetime | None] = {}
    for one in counts:
        name, last = one.shop.account, found.get(one.shop.account)
        found[name] = one.last if last is None or (one.last is not None and one.last > last) else last
    return found


def _group_by_shop(
    counts: Sequence[_Count], shops: Mapping[_ShopKey, _Shop], problems: Mapping[str | None, Problem]
) -> tuple[Group, ...]:
    found: list[Group] = []
    for key, group in _group_counts_by_shop(counts).items():
        top = max(group, key=lambda one: (one.logs, one.key or ""))
        found.append(
            Group(
                label=_get_shop_name(shops, key),
                total=sum(one.logs for one in group),
                last=max((one.last for one in group if one.last), default=None),
                account=key.account,
                integration_id=key.integration_id,
                mostly=problems[top.key].title,
                failing_since=shops[key].failing_since if key in shops else None,
            )
        )
    return _sort_groups(found)


def _group_by(
    problems: Sequence[Problem],
    trends: _Trends,
    counts: Sequence[_Count],
    get_label: Callable[[Problem], str],
    intervals: int,
) -> tuple[Group, ...]:
    """Sum up the problems with the same label."""
    last_by_key: dict[str | None, datetime] = {}
    for one in counts:
        if one.last is not None:
            last_by_key[one.key] = max(one.last, last_by_key.get(one.key, one.last))
    by_label: dict[str, list[Problem]] = {}
    for each in problems:
        if each.total:
            by_label.setdefault(get_label(each), []).append(each)
    found: list[Group] = []
    for label, members in by_label.items():
        trend = [0] * intervals
        for each in members:
            for index, count in enumerate(trends.get(each.key, ())):
                trend[index] += count
        found.append(
            Group(
                label=label,
                total=sum(each.total for each in members),
                last=max((last_by_key[each.key] for each in members if each.key in last_by_key), default=None),
                trend=tuple(trend),
            )
        )
    return _sort_groups(found)


def _build_matrix(counts: Sequence[_Count], shops: Sequence[Group], problems: Sequence[Problem]) -> Matrix:
    rows = tuple(shops[:_MAX_MATRIX_SHOPS])
    most_frequent = sorted((one for one in problems if one.total), key=lambda one: (-one.total, one.number))
    columns = tuple(sorted(most_frequent[:_MAX_MATRIX_PROBLEMS], key=lambda one: one.number))
    shown = {_ShopKey(row.account or "", row.integration_id) for row in rows}
    found = {(each.shop, each.key): each.logs for each in counts if each.shop in shown}
    return Matrix(
        problems=columns,
        shops=rows,
        counts=tuple(
            tuple(found.get((_ShopKey(row.account or "", row.integration_id), one.key), 0) for one in columns)
            for row in rows
        ),
    )


def _sort_groups(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda one: (-one.total, one.label, one.account or "", one.integration_id or 0)))


def _build_empty_figures(selection: Selection, now: datetime) -> Figures:
    return Figures(
        selection=selection,
        made_at=now,
        accounts=(),
        account_data=(),
        failing_shops=(),
        problems=(),
        change=Change(total=0, previous_total=None, shops=0, previous_shops=None),
        matrix=Matrix(problems=(), shops=(), counts=()),
        total=0,
        outside=0,
        first=None,
        last=None,
        quarantined=0,
        integrations=0,
        span=build_span(None, None),
        by_integration=(),
        by_exception_type=(),
        by_status=(),
    )
