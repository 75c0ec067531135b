"""Figures of the report, in SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, event, update

from sendcloud_integrations_client.report import (
    AccountState,
    Figures,
    Group,
    Problem,
    ProblemState,
    Selection,
    Unit,
    gather_figures,
)
from sendcloud_integrations_client.report.time_spans import build_span
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import account, log
from tests.support.report_samples import NOW, add_quarantined_records, build_log_row, build_shop_row, fill_store

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "logs.db")
    new_database: Callable[[], str] = request.getfixturevalue("new_migrated_database")
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


def build_problem_rows(first_id: int, name: str, *ages: timedelta, **fields: Any) -> list[dict[str, Any]]:
    """Return the rows of one problem, whose exception type is `name`, with one log per age."""
    return [
        build_log_row(first_id + index, exception_type=name, created_at_utc=NOW - age, **fields)
        for index, age in enumerate(ages)
    ]


def get_totals(groups: tuple[Group, ...], key: Callable[[Group], Any]) -> dict[Any, int]:
    return {key(one): one.total for one in groups}


def count_rows(rows: list[dict[str, Any]], key: Callable[[dict[str, Any]], Any]) -> Counter[Any]:
    return Counter(map(key, rows))


def get_problems(figures: Figures) -> dict[str | None, Problem]:
    return {one.exception_type: one for one in figures.problems}


async def gather(url: str, selection: Selection = Selection()) -> Figures:  # noqa: B008
    async with LogStore(url) as store:
        return await gather_figures(store, selection, now=NOW)


async def gather_week(store: LogStore, **options: Any) -> Figures:
    return await gather_figures(store, Selection(since=NOW - 7 * DAY), now=NOW, **options)


UNITS = [(2, Unit.HOUR), (40, Unit.DAY), (500, Unit.WEEK), (2000, Unit.MONTH)]


@pytest.mark.parametrize(
    ("url", "days", "unit"),
    [
        *(("sqlite", *values) for values in UNITS),
        ("postgresql", *UNITS[2]),
        *(pytest.param("postgresql", *values, marks=pytest.mark.long) for values in UNITS if values != UNITS[2]),
    ],
    indirect=["url"],
)
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
    assert {(one.exception_type, one.status): one.total for one in figures.problems} == count_rows(
        rows, lambda row: (row["exception_type"], row["response_code"])
    )
    for groups in (figures.by_status, figures.by_exception_type):
        assert all(sum(one.trend) == one.total for one in groups)
        assert [one.total for one in groups] == sorted((one.total for one in groups), reverse=True)
    assert all(sum(one.trend) == one.total for one in figures.problems)
    times = [row["created_at_utc"] for row in rows]
    assert (figures.first, figures.last) == (min(times), max(times))
    # The trend of each interval equals an independent count.
    for index, (start, end) in enumerate(figures.span.intervals):
        assert sum(one.trend[index] for one in figures.by_status) == sum(start <= one < end for one in times)
    assert [(one.accounts, one.shops) for one in figures.problems] == [
        (
            len({row["account"] for row in members}),
            len({(row["account"], row["integration_id"]) for row in members}),
        )
        for one in figures.problems
        if (
            members := [
                row for row in rows if (row["exception_type"], row["response_code"]) == (one.exception_type, one.status)
            ]
        )
    ]


async def test_matrix_counts_each_shop_and_problem(url: str) -> None:
    rows = build_log_rows(20)
    async with LogStore(url) as store:
        await fill_store(store, rows)
    matrix = (await gather(url)).matrix
    expected = count_rows(
        rows, lambda row: (row["account"], row["integration_id"], row["exception_type"], row["response_code"])
    )
    assert len(matrix.shops) == 12
    assert len(matrix.problems) == 4
    for shop, counts in zip(matrix.shops, matrix.counts, strict=True):
        for one, count in zip(matrix.problems, counts, strict=True):
            assert count == expected[shop.account, shop.integration_id, one.exception_type, one.status]


async def test_problem_states_follow_first_and_last_log(url: str) -> None:
    rows = [
        *build_problem_rows(1, "New", 2 * HOUR),
        *build_problem_rows(10, "Ongoing", HOUR, 2 * DAY, 8 * DAY, 12 * DAY),
        *build_problem_rows(20, "Regressed", HOUR, 10 * DAY),
        *build_problem_rows(30, "NewAndResolved", 25 * HOUR, 3 * DAY),
        *build_problem_rows(40, "ResolvedBefore", 9 * DAY, 10 * DAY),
        *build_problem_rows(50, "ForgottenLongAgo", 30 * DAY),
        *build_problem_rows(60, "NotQuietEnough", HOUR, 7 * DAY),
    ]
    async with LogStore(url) as store:
        await fill_store(store, rows)
        figures = await gather_week(store)
    problems = get_problems(figures)
    assert {name: one.state for name, one in problems.items()} == {
        "New": ProblemState.NEW,
        "Ongoing": ProblemState.ONGOING,
        "Regressed": ProblemState.REGRESSED,
        "NewAndResolved": ProblemState.RESOLVED,
        "ResolvedBefore": ProblemState.RESOLVED,
        "NotQuietEnough": ProblemState.NEW,  # its first log is exactly at the start of the period
    }
    assert [one.state for one in figures.problems] == sorted(
        (one.state for one in figures.problems), key=list(ProblemState).index
    )
    assert [one.number for one in figures.problems] == list(range(1, 7))
    assert problems["Regressed"].since == NOW - HOUR
    assert problems["Ongoing"].since == problems["Ongoing"].first_seen == NOW - 12 * DAY
    assert (problems["Ongoing"].total, problems["Ongoing"].previous) == (2, 2)
    assert (problems["ResolvedBefore"].total, problems["ResolvedBefore"].previous) == (0, 2)
    assert problems["ResolvedBefore"].last_seen == NOW - 9 * DAY
    change = figures.change
    assert (change.total, change.previous_total, change.shops, change.previous_shops) == (8, 5, 1, 1)


async def test_regression_within_the_period_is_found(url: str) -> None:
    rows = build_problem_rows(1, "Again", 2 * HOUR, 9 * DAY, 29 * DAY, 60 * DAY)
    async with LogStore(url) as store:
        await fill_store(store, rows)
        figures = await gather_figures(store, Selection(since=NOW - 30 * DAY), now=NOW)
    (only,) = figures.problems
    assert (only.state, only.since) == (ProblemState.REGRESSED, NOW - 2 * HOUR)


async def test_problem_is_resolved_only_if_its_accounts_were_synced(url: str) -> None:
    rows = [
        *build_problem_rows(1, "Quiet", 30 * HOUR),
        *build_problem_rows(1, "Quiet", 30 * HOUR, account="late"),
        *build_problem_rows(5, "OnlyHere", 30 * HOUR),
    ]
    async with LogStore(url) as store:
        await fill_store(store, rows)
        async with store.writing() as connection:
            late = account.c.name == "late"
            await connection.execute(update(account).where(late).values(last_synced_at=NOW - 7 * HOUR))
        problems = get_problems(await gather_week(store))
        assert problems["Quiet"].state is ProblemState.NEW
        assert problems["OnlyHere"].state is ProblemState.RESOLVED
        async with store.writing() as connection:
            await connection.execute(update(account).values(last_synced_at=None))
        assert get_problems(await gather_week(store))["OnlyHere"].state is ProblemState.NEW


async def test_first_log_of_a_problem_is_known_after_it_was_pruned(url: str) -> None:
    async with LogStore(url) as store:
        await fill_store(store, build_problem_rows(1, "Old", HOUR, 6 * DAY, 40 * DAY))
        async with store.writing() as connection:
            await connection.execute(delete(log).where(log.c.created_at_utc < NOW - 8 * DAY))
        (only,) = (await gather_week(store)).problems
    assert (only.state, only.first_seen) == (ProblemState.ONGOING, NOW - 40 * DAY)


async def test_age_of_the_data_is_current_late_or_failed(url: str) -> None:
    async with LogStore(url) as store:
        names = ("a-current", "b-late", "c-failed", "d-never")
        await fill_store(store, [build_log_row(number, account=name) for number, name in enumerate(names)])
        values = {
            "a-current": {"last_synced_at": NOW - 6 * HOUR},
            "b-late": {"last_synced_at": NOW - 6 * HOUR - timedelta(seconds=1)},
            "c-failed": {"failed_at": NOW - HOUR, "error": "list_logs failed: 401"},
            "d-never": {"last_synced_at": None},
        }
        async with store.writing() as connection:
            for name, columns in values.items():
                await connection.execute(update(account).where(account.c.name == name).values(columns))
        figures = await gather_week(store)
        assert [(one.name, one.state) for one in figures.account_data] == [
            ("c-failed", AccountState.FAILED),
            ("b-late", AccountState.LATE),
            ("d-never", AccountState.LATE),
            ("a-current", AccountState.CURRENT),
        ]
        assert figures.account_data[0].error == "list_logs failed: 401"
        assert figures.synced_until == NOW - 6 * HOUR
        assert (await gather_week(store, stale_after=7 * HOUR)).count_accounts(AccountState.LATE) == 1


async def test_only_listed_integrations_are_failing_now(url: str) -> None:
    rows = [
        *build_problem_rows(1, "requests.exceptions.HTTPError", *(HOUR * age for age in (1, 2, 30)), integration_id=2),
        *build_problem_rows(10, "ssl.SSLError", *(HOUR * age for age in (40, 50, 60, 70)), integration_id=2),
        *build_problem_rows(20, "ssl.SSLError", 3 * DAY, integration_id=3, response_code=495),
    ]
    shops = [
        build_shop_row(1, shop_name="Healthy"),
        build_shop_row(2, started_failing_at=NOW - 3 * DAY, shop_url="https://shop.example"),
        build_shop_row(3, started_failing_at=NOW - 2 * DAY, shop_url="javascript:alert(1)"),
        build_shop_row(4, started_failing_at=NOW - DAY, deleted_at=NOW),
        build_shop_row(5, started_failing_at=NOW - HOUR, shop_name=None),
    ]
    async with LogStore(url) as store:
        await fill_store(store, rows, shops)
        figures = await gather_week(store)
    assert figures.integrations == 4
    silent, certificate, credentials = figures.failing_shops
    assert (silent.label, silent.problem, silent.last, silent.last_24h) == ("integration 5", None, None, 0)
    assert (certificate.integration_id, certificate.url, certificate.last_24h) == (3, None, 0)
    assert certificate.problem is not None
    assert certificate.problem.cause.name == "TLS certificate error"
    assert (credentials.url, credentials.last_24h, credentials.last) == ("https://shop.example", 2, NOW - HOUR)
    assert credentials.problem is not None
    # The problem of the last day, although the other one has more logs.
    assert credentials.problem.exception_type == "requests.exceptions.HTTPError"


async def test_example_is_the_newest_log(url: str) -> None:
    message = "Order 7 not found\nTraceback"
    rows = [
        build_log_row(1, exception=message.replace("7", "8"), method="GET", full_url="https://shop.example/8"),
        build_log_row(2, created_at_utc=NOW, exception=message, method="GET", full_url="https://shop.example/7"),
    ]
    async with LogStore(url) as store:
        await fill_store(store, rows)
    (only,) = (await gather(url)).problems
    assert only.example is not None
    assert (only.example.log_id, only.example.message) == (2, "Order 7 not found")
    assert only.example.url == "https://shop.example/7"
    assert (only.total, only.top_shop, only.title) == (2, "integration 1", "404 HTTPError: removed endpoint")


async def test_group_of_an_integration_has_shop_name_and_top_problem(url: str) -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        build_log_row(number, exception_type="A" if number < 3 else "x.B", integration_id=2) for number in range(1, 8)
    ]
    async with LogStore(url) as store:
        await fill_store(
            store,
            [*rows, build_log_row(9, integration_id=None)],
            [build_shop_row(2, shop_name="Zoo", started_failing_at=since)],
        )
        await add_quarantined_records(store, 4)
    figures = await gather(url)
    zoo, unknown = figures.by_integration
    assert (zoo.label, zoo.mostly, zoo.failing_since) == ("Zoo", "404 B: removed endpoint", since)
    assert zoo.total == 7
    assert (unknown.label, unknown.failing_since) == ("(no integration)", None)
    assert (figures.quarantined, figures.integrations, len(figures.failing_shops)) == (4, 1, 1)


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

    def select_rows(start: datetime, end: datetime) -> list[dict[str, Any]]:
        return [
            row
            for row in rows
            if row["account"] == "two" and row["integration_id"] in (1, 2) and start <= row["created_at_utc"] < end
        ]

    assert figures.total == len(select_rows(since, until)) > 0
    assert figures.change.previous_total == len(select_rows(since - (until - since), since)) > 0
    assert sum(sum(one.trend) for one in figures.problems) == figures.total
    assert {one.account for one in figures.by_integration} == {"two"}
    assert [one.name for one in figures.account_data] == ["two"]
    assert figures.integrations == 2
    assert not figures.is_last_interval_unfinished
    assert (figures.span.starts[0], figures.span.end) == (since.replace(hour=0), until.replace(hour=0) + DAY)


async def test_logs_without_a_usable_time_are_counted_as_outside(url: str) -> None:
    rows = [
        build_log_row(1),
        build_log_row(2),
        build_log_row(3, created_at_utc=None),
        build_log_row(4, created_at_utc=datetime(1, 1, 1, tzinfo=UTC)),
        build_log_row(5, created_at_utc=datetime(9998, 1, 1, tzinfo=UTC)),
        build_log_row(6, created_at_utc=None, exception_type="Timeless"),
    ]
    async with LogStore(url) as store:
        await fill_store(store, rows)
    figures = await gather(url)
    assert (figures.total, figures.outside) == (6, 4)
    assert len(figures.span.starts) <= 130
    assert figures.by_status[0].total == 6
    timeless = get_problems(figures)["Timeless"]
    assert (timeless.first_seen, timeless.last_seen, timeless.state) == (None, None, ProblemState.ONGOING)
    assert timeless.example is not None
    assert timeless.example.log_id == 6


async def test_gather_figures_of_an_empty_or_missing_store_counts_nothing(url: str, tmp_path: Path) -> None:
    async with LogStore(url) as store:
        await fill_store(store, [])
    figures = await gather(url)
    assert (figures.total, figures.span.starts, figures.by_status, figures.problems) == (0, (), (), ())
    assert [one.name for one in figures.account_data] == ["default"]
    missing = await gather(str(tmp_path / "none.db"))
    assert (missing.total, missing.account_data) == (0, ())
    assert not (tmp_path / "none.db").exists()


async def test_queries_over_logs_read_only_an_index(tmp_path: Path) -> None:
    plans: list[str] = []
    async with LogStore(tmp_path / "logs.db") as store:
        await fill_store(store, build_log_rows(20), [build_shop_row(1, started_failing_at=NOW - DAY)])

        def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if "FROM log" in statement and "log.exception" not in statement and not statement.startswith("EXPLAIN"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                plans.extend(row[3] for row in rows if " log" in row[3])

        event.listen(store.engine.sync_engine, "before_cursor_execute", explain)
        for selection in (
            Selection(),
            Selection(since=NOW - 7 * DAY),
            Selection(since=NOW - 7 * DAY, accounts=frozenset({"two"}), integrations=frozenset({1})),
        ):
            await gather_figures(store, selection, now=NOW)
    assert len(plans) > 30
    assert {plan for plan in plans if "COVERING INDEX" not in plan} == set()
    assert sum(plan.startswith("SCAN") for plan in plans) == 1  # only without `since`


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
