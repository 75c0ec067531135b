"""Regressions of problems: which counts per interval allow for one, and which logs are one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.report.problems import can_have_regressed, find_regression

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = [(START + DAY * number, START + DAY * (number + 1)) for number in range(30)]
HOURS = st.lists(st.integers(0, 30 * 24 - 1), max_size=12).map(sorted)


@given(HOURS, st.none() | st.integers(1, 20 * 24))
def test_every_regression_is_possible_by_its_counts(hours: list[int], hours_before: int | None) -> None:
    before = None if hours_before is None else START - timedelta(hours=hours_before)
    times = [START + timedelta(hours=hour) for hour in hours]
    by_day = [[time for time in times if start <= time < end] for start, end in DAYS]
    spans = [(day[0], day[-1]) for day in by_day if day]
    if find_regression(before, spans) is not None:
        assert can_have_regressed(before, [len(day) for day in by_day], DAYS)


@pytest.mark.parametrize(
    ("before", "days", "expected"),
    [
        (None, range(30), False),
        (None, [0, 6], True),
        (None, [0, 5], False),
        (None, [29], False),
        (START - 7 * DAY, [0], True),
        (START - 5 * DAY, [0], False),
        (START - 5 * DAY, [], False),
    ],
)
def test_problem_without_quiet_days_cannot_have_regressed(
    before: datetime | None, days: list[int], expected: bool
) -> None:
    counts = [1 if number in days else 0 for number in range(30)]
    assert can_have_regressed(before, counts, DAYS) is expected
