"""The numbers of a report are those of the logs, in SQLite and in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.report import Figures, Group, Selection, Unit, gather_figures
from sendcloud_integrations_client.report.spans import span_of
from sendcloud_integrations_client.sync import LogStore
from tests.postgresql import running_postgresql
from tests.report_samples import NOW, fill, log_row, put_in_quarantine, shop_row


@pytest.fixture(scope="module")
def new_postgresql() -> Iterator[Callable[[], str]]:
    with running_postgresql() as new:
        yield new


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "logs.db")
    new: Callable[[], str] = request.getfixturevalue("new_postgresql")
    return new()


KINDS = [None, "requests.exceptions.HTTPError", "ssl.SSLError", "socket.timeout"]
CODES = [None, 401, 404, 503]


def rows_over(days: float, count: int = 400) -> list[dict[str, Any]]:
    return [
        log_row(
            number,
            account="two" if number % 5 == 0 else "default",
            integration_id=number % 7 + 1,
            created_at_utc=NOW - timedelta(days=days * (number * 37 % count) / count, seconds=number),
            exception_type=KINDS[number * 7 % 4],
            response_code=CODES[number * 3 % 4],
        )
        for number in range(1, count + 1)
    ]


def as_counts(groups: tuple[Group, ...], key: Callable[[Group], Any]) -> dict[Any, int]:
    return {key(one): one.total for one in groups}


def expected(rows: list[dict[str, Any]], key: Callable[[dict[str, Any]], Any]) -> Counter[Any]:
    return Counter(map(key, rows))


async def gathered(url: str, selection: Selection = Selection()) -> Figures:  # noqa: B008
    async with LogStore(url) as store:
        return await gather_figures(store, selection, now=NOW)


@pytest.mark.parametrize(("days", "unit"), [(2, Unit.HOUR), (40, Unit.DAY), (500, Unit.WEEK), (2000, Unit.MONTH)])
async def test_every_log_is_counted_once_in_each_way(url: str, days: int, unit: Unit) -> None:
    rows = rows_over(days)
    async with LogStore(url) as store:
        await fill(store, rows, [shop_row(number) for number in range(1, 8)])
    figures = await gathered(url)
    assert (figures.total, figures.outside, figures.span.unit) == (400, 0, unit)
    assert as_counts(figures.by_status, lambda one: one.label) == expected(
        rows, lambda row: str(row["response_code"] or "no answer")
    )
    assert as_counts(figures.by_exception_type, lambda one: one.label) == expected(
        rows, lambda row: row["exception_type"] or "(no type)"
    )
    assert as_counts(figures.by_integration, lambda one: (one.account, one.integration_id)) == expected(
        rows, lambda row: (row["account"], row["integration_id"])
    )
    for groups in (figures.by_status, figures.by_exception_type, figures.by_integration):
        assert all(sum(one.trend) == one.total for one in groups)
        assert [one.total for one in groups] == sorted((one.total for one in groups), reverse=True)
    times = [row["created_at_utc"] for row in rows]
    assert (figures.first, figures.last) == (min(times), max(times))
    # Part by part, against a count of our own.
    ends = (*figures.span.starts[1:], figures.span.end)
    for place, (start, end) in enumerate(zip(figures.span.starts, ends, strict=True)):
        assert end is not None
        assert sum(one.trend[place] for one in figures.by_status) == sum(start <= one < end for one in times)


async def test_a_shop_is_shown_by_its_name_with_what_it_mostly_fails_by(url: str) -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [log_row(number, exception_type="A" if number < 3 else "B", integration_id=2) for number in range(1, 8)]
    async with LogStore(url) as store:
        await fill(
            store, [*rows, log_row(9, integration_id=3)], [shop_row(2, shop_name="Zoo", started_failing_at=since)]
        )
        await put_in_quarantine(store, 4)
    figures = await gathered(url)
    zoo, unlisted = figures.by_integration
    assert (zoo.label, zoo.mostly, zoo.failing_since, zoo.total) == ("Zoo", "B", since, 7)
    assert (unlisted.label, unlisted.failing_since) == ("integration 3", None)
    assert (figures.quarantined, figures.integrations, figures.failing) == (4, 1, 1)


async def test_a_selection_counts_nothing_else(url: str) -> None:
    rows = rows_over(40)
    async with LogStore(url) as store:
        await fill(store, rows, [shop_row(number, account="two") for number in range(1, 8)])
    since, until = NOW - timedelta(days=20), NOW - timedelta(days=5)
    selection = Selection(accounts=frozenset({"two"}), integrations=frozenset({1, 2}), since=since, until=until)
    figures = await gathered(url, selection)
    chosen = [
        row
        for row in rows
        if row["account"] == "two" and row["integration_id"] in (1, 2) and since <= row["created_at_utc"] < until
    ]
    assert figures.total == len(chosen) > 0
    assert {one.account for one in figures.by_integration} == {"two"}
    assert figures.integrations == 2


async def test_logs_without_a_usable_time_are_counted_outside(url: str) -> None:
    rows = [
        log_row(1),
        log_row(2),
        log_row(3, created_at_utc=None),
        log_row(4, created_at_utc=datetime(1, 1, 1, tzinfo=UTC)),
        log_row(5, created_at_utc=datetime(9998, 1, 1, tzinfo=UTC)),
    ]
    async with LogStore(url) as store:
        await fill(store, rows)
    figures = await gathered(url)
    assert (figures.total, figures.outside) == (5, 3)
    assert len(figures.span.starts) <= 130
    assert figures.by_status[0].total == 5


async def test_an_empty_store_and_one_that_is_not_there(url: str, tmp_path: Path) -> None:
    async with LogStore(url) as store:
        await fill(store, [])
    figures = await gathered(url)
    assert (figures.total, figures.span.starts, figures.by_status, figures.accounts) == (0, (), (), ("default",))
    none = await gathered(str(tmp_path / "none.db"))
    assert (none.total, none.accounts) == (0, ())
    assert not (tmp_path / "none.db").exists()


moments = st.datetimes(datetime(1, 2, 1), datetime(9998, 1, 1), timezones=st.just(UTC))


@given(moments, moments)
def test_the_parts_of_a_span_are_few_and_leave_no_gap(one: datetime, other: datetime) -> None:
    first, last = min(one, other), max(one, other)
    span = span_of(first, last)
    assert 1 <= len(span.starts) <= 130
    assert list(span.starts) == sorted(set(span.starts))
    assert span.index(last) == len(span.starts) - 1
    if last - first < timedelta(days=3600):
        assert span.index(first) == 0
    assert span.end is not None
    assert span.index(span.end) is None


@given(st.lists(st.sampled_from([0.0, 0.5, 30.0, 200.0, 900.0]), min_size=1, max_size=6))
def test_any_few_logs_are_in_one_part_each(ages: list[float]) -> None:
    times = [NOW - timedelta(days=age) for age in ages]
    span = span_of(min(times), max(times))
    assert all(span.index(time) is not None for time in times)


async def test_counting_waits_for_no_sync(tmp_path: Path) -> None:
    path = str(tmp_path / "logs.db")
    async with LogStore(path) as store:
        await fill(store, [log_row(1)])
        async with store.writing():
            figures = await asyncio.wait_for(gathered(path), 10)
    assert figures.total == 1
