"""Faults of the length that they have in production. `test_faults.py` tests the same faults without waiting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from benchmarks import sync_situations
from benchmarks.sync_situations import Result


@pytest.mark.long(minutes=1)
@pytest.mark.parametrize(
    "measure",
    [
        sync_situations.measure_network_outage,
        sync_situations.measure_postgresql_restart,
        sync_situations.measure_locked_file,
    ],
)
async def test_sync_completes_after_a_long_fault(measure: Callable[[], Awaitable[Result]]) -> None:
    result = await measure()
    assert result.succeeded, result
