"""Tests of the order of a list of which the first pages were read earlier."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sendcloud_integrations_client.sync.list_order import ListOrder

EARLY = datetime(2024, 1, 1, tzinfo=UTC)
LATE = datetime(2024, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [("both", "both"), ("id", "id"), ("created_at", "created_at"), ("none", "none"), (None, "id")],
)
def test_remaining_pages_without_records_keep_the_order(earlier: Any, expected: str) -> None:
    assert ListOrder.resume_after(earlier).newest_first_by == expected


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [("both", "created_at"), ("id", "none"), ("created_at", "created_at"), ("none", "none"), (None, "created_at")],
)
def test_ascending_ids_on_the_remaining_pages_contradict_the_order_by_id(earlier: Any, expected: str) -> None:
    order = ListOrder.resume_after(earlier)
    order.observe(1, LATE)
    order.observe(2, EARLY)
    assert order.newest_first_by == expected


@pytest.mark.parametrize(
    ("earlier", "expected"), [("both", "id"), ("id", "id"), ("created_at", "none"), ("none", "none"), (None, "id")]
)
def test_ascending_times_on_the_remaining_pages_contradict_the_order_by_time(earlier: Any, expected: str) -> None:
    order = ListOrder.resume_after(earlier)
    order.observe(2, EARLY)
    order.observe(1, LATE)
    assert order.newest_first_by == expected


def test_equal_ids_and_times_contradict_no_order() -> None:
    order = ListOrder()
    for log_id, created_at in ((2, LATE), (2, LATE), (1, EARLY), (1, EARLY)):
        order.observe(log_id, created_at)
    assert (order.newest_first_by, order.time_decreases) == ("both", 1)
    assert [order.confirm(expected) for expected in ("both", "id", "created_at", "none", None)] == [
        "both",
        "id",
        "created_at",
        "none",
        "none",
    ]
