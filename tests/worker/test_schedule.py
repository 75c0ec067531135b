"""Slots of accounts, and the intervals that are accepted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.worker.schedule import (
    build_cron,
    find_last_slot,
    validate_interval,
    validate_stall_timeout,
)

INTERVALS = [10, 60, 300, 900, 1800, 3600, 5400, 6 * 3600, 86_400]
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize("seconds", INTERVALS)
def test_divisors_of_a_day_are_accepted(seconds: int) -> None:
    assert validate_interval(timedelta(seconds=seconds)) == seconds


@pytest.mark.parametrize("seconds", [-60, 0, 1, 7 * 60, 50 * 60, 7 * 3600, 2 * 86_400, 90.5])
def test_other_intervals_are_rejected(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="must divide an hour or a day"):
        validate_interval(timedelta(seconds=seconds))


def test_short_stall_timeouts_are_rejected() -> None:
    assert validate_stall_timeout(timedelta(seconds=3)) == 3
    with pytest.raises(ConfigurationError, match="at least 3 seconds"):
        validate_stall_timeout(timedelta(seconds=2))


@given(st.text(), st.sampled_from(INTERVALS), times)
def test_an_account_has_one_slot_per_interval_at_the_same_times_each_day(
    name: str, interval: int, now: datetime
) -> None:
    slot = find_last_slot(name, interval, now)
    assert timedelta(0) <= now - slot < timedelta(seconds=interval)
    assert find_last_slot(name, interval, slot) == slot
    assert find_last_slot(name, interval, slot - timedelta(microseconds=1)) == slot - timedelta(seconds=interval)
    assert find_last_slot(name, interval, now + timedelta(days=1)) == slot + timedelta(days=1)


def test_slots_are_spread_over_the_interval() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    slots = [find_last_slot(f"shop-{number}", 900, now) for number in range(3000)]
    per_minute = [sum(slot.minute % 15 == minute for slot in slots) for minute in range(15)]
    assert sum(per_minute) == 3000
    assert 120 < min(per_minute) <= max(per_minute) < 280


@pytest.mark.parametrize(("seconds", "step"), [(8640, 60), (90, 60), (60, 60), (59, 30), (10, 10), (3, 2), (0.2, 1)])
def test_cron_expressions_have_the_next_shorter_divisor_of_a_minute(seconds: float, step: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = croniter(build_cron(seconds), start)
    assert [(found.get_next(datetime) - start).total_seconds() for _ in range(4)] == [step * n for n in (1, 2, 3, 4)]
