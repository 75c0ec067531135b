"""Counts of the report, in SQLite and PostgreSQL."""

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
from sendcloud_integrations_client.report.time_spans import build_span
from sendcloud_integrations_client.sync import LogStore
from tests.support.postgresql import running_postgresql
from tests.support.report_samples import NOW, add_quarantined_records, build_log_row, build_shop_row, fill_store


@pytest.fixture(scope="module")
def new_postgresql() -> Iterator[Callable[[], str]]:
    with running_postgresql() as new_database:
        yield new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "logs.db")
    new_database: Callable[[], str] = request.getfixturevalue("new_postgresql")
    return new_database()


EXCEPTION_TYPES = [None, "requests.exceptions.HTTPError", "ssl.SSLError", "socket.timeout"]
RESPONSE_CODES = [None, 401, 404, 503]


def build_log_rows(days: float, count: int = 400) -> list[dict[str, Any]]:
    return [
        build_log_row(
            number,
            account="two" if number % 5 == 0 else "default",
            integration_id=number % 7 + 1,
            created_at_utc=NOW - timedelta(days=days * (number * 37 % count) / count, seconds=number),
            exception_type=EXCEPTION_TYPES[number * 7 % 4],
            response_code=RESPONSE_CODES[number * 3 % 4],
        )
        for number in range(1, count + 1)
    ]


def get_totals(groups: tuple[Group, ...], key: Callable[[Group], Any]) -> dict[Any, int]:
    return {key(one): one.total for one in groups}


def count_rows(rows: list[dict[str, Any]], key: Callable[[dict[str, Any]], Any]) -> Counter[Any]:
    return Counter(map(key, rows))


async def gather(url: str, selection: Selection = Selection()) -> Figures:  # noqa: B008
    async with LogStore(url) as store:
        return await gather_figures(store, selection, now=NOW)


@pytest.mark.parametrize(("days", "unit"), [(2, Unit.HOUR), (40, Unit.DAY), (500, Unit.WEEK), (2000, Unit.MONTH)])
async def test_gather_figures_counts_every_log_once_per_grouping(url: str, days: int, unit: Unit) -> None:
    rows = build_log_rows(days)
    async with LogStore(url) as store:
        await fill_store(store, rows, [build_shop_row(number) for number in range(1, 8)])
    figures = await gather(url)
    assert (figures.total, figures.outside, figures.span.unit) == (400, 0, unit)
    assert get_totals(figures.by_status, lambda one: one.label) == count_rows(
        rows, lambda row: str(row["response_code"] or "no response")
    )
    assert get_totals(figures.by_exception_type, lambda one: one.label) == count_rows(
        rows, lambda row: row["exception_type"] or "(no type)"
    )
    assert get_totals(figures.by_integration, lambda one: (one.account, one.integration_id)) == count_rows(
        rows, lambda row: (row["account"], row["integration_id"])
    )
    for groups in (figures.by_status, figures.by_exception_type, figures.by_integration):
        assert all(sum(one.trend) == one.total for one in groups)
        assert [one.total for one in groups] == sorted((one.total for one in groups), reverse=True)
    times = [row["created_at_utc"] for row in rows]
    assert (figures.first, figures.last) == (min(times), max(times))
    # The trend of each interval equals an independent count.
    ends = (*figures.span.starts[1:], figures.span.end)
    for index, (start, end) in enumerate(zip(figures.span.starts, ends, strict=True)):
        assert end is not None
        assert sum(one.trend[index] for one in figures.by_status) == sum(start <= one < end for one in times)


async def test_group_of_an_integration_has_shop_name_and_most_frequent_exception_type(url: str) -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        build_log_row(number, exception_type="A" if number < 3 else "B", integration_id=2) for number in range(1, 8)
    ]
    async with LogStore(url) as store:
        await fill_store(
            store,
            [*rows, build_log_row(9, integration_id=3)],
            [build_shop_row(2, shop_name="Zoo", started_failing_at=since)],
        )
        await add_quarantined_records(store, 4)
    figures = await gather(url)
    zoo, unknown = figures.by_integration
    assert (zoo.label, zoo.mostly, zoo.failing_since, zoo.total) == ("Zoo", "B", since, 7)
    assert (unknown.label, unknown.failing_since) == ("integration 3", None)
    assert (figures.quarantined, figures.integrations, figures.failing) == (4, 1, 1)


async def test_logs_without_an_integration_are_a_group(url: str) -> None:
    async with LogStore(url) as store:
        await fill_store(store, [build_log_row(1, integration_id=None), build_log_row(2)])
    groups = {one.integration_id: one for one in (await gather(url)).by_integration}
    assert (groups[None].label, groups[None].total) == ("(no integration)", 1)
    assert groups[1].total == 1


async def test_gather_figures_counts_only_logs_of_the_selection(url: str) -> None:
    rows = build_log_rows(40)
    async with LogStore(url) as store:
        await fill_store(store, rows, [build_shop_row(number, account="two") for number in range(1, 8)])
    since, until = NOW - timedelta(days=20), NOW - timedelta(days=5)
    selection = Selection(accounts=frozenset({"two"}), integrations=frozenset({1, 2}), since=since, until=until)
    figures = await gather(url, selection)
    selected = [
        row
        for row in rows
        if row["account"] == "two" and row["integration_id"] in (1, 2) and since <= row["created_at_utc"] < until
    ]
    assert figures.total == len(selected) > 0
    assert {one.account for one in figures.by_integration} == {"two"}
    assert figures.integrations == 2


async def test_logs_without_a_usable_time_are_counted_as_outside(url: str) -> None:
    rows = [
        build_log_row(1),
        build_log_row(2),
        build_log_row(3, created_at_utc=None),
        build_log_row(4, created_at_utc=datetime(1, 1, 1, tzinfo=UTC)),
        build_log_row(5, created_at_utc=datetime(9998, 1, 1, tzinfo=UTC)),
    ]
    async with LogStore(url) as store:
        await fill_store(store, rows)
    figures = await gather(url)
    assert (figures.total, figures.outside) == (5, 3)
    assert len(figures.span.starts) <= 130
    assert figures.by_status[0].total == 5


async def test_gather_figures_of_an_empty_or_missing_store_counts_nothing(url: str, tmp_path: Path) -> None:
    async with LogStore(url) as store:
        await fill_store(store, [])
    figures = await gather(url)
    assert (figures.total, figures.span.starts, figures.by_status, figures.accounts) == (0, (), (), ("default",))
    missing = await gather(str(tmp_path / "none.db"))
    assert (missing.total, missing.accounts) == (0, ())
    assert not (tmp_path / "none.db").exists()


timestamps = st.datetimes(datetime(1, 2, 1), datetime(9998, 1, 1), timezones=st.just(UTC))


@given(timestamps, timestamps)
def test_build_span_returns_at_most_130_intervals_without_gaps(one: datetime, other: datetime) -> None:
    first, last = min(one, other), max(one, other)
    span = build_span(first, last)
    assert 1 <= len(span.starts) <= 130
    assert list(span.starts) == sorted(set(span.starts))
    assert span.index(last) == len(span.starts) - 1
    if last - first < timedelta(days=3600):
        assert span.index(first) == 0
    assert span.end is not None
    assert span.index(span.end) is None


@given(st.lists(st.sampled_from([0.0, 0.5, 30.0, 200.0, 900.0]), min_size=1, max_size=6))
def test_every_log_is_in_an_interval_of_the_span(ages: list[float]) -> None:
    times = [NOW - timedelta(days=age) for age in ages]
    span = build_span(min(times), max(times))
    assert all(span.index(time) is not None for time in times)


async def test_gather_figures_does_not_wait_for_a_write_transaction(tmp_path: Path) -> None:
    path = str(tmp_path / "logs.db")
    async with LogStore(path) as store:
        await fill_store(store, [build_log_row(1)])
        async with store.writing():
            figures = await asyncio.wait_for(gather(path), 10)
    assert figures.total == 1
