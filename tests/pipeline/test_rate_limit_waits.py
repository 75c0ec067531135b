"""Waits for a rate limit slot in exact numbers: pauses, notices, total timeouts, and loops that share a budget."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import httpx
import pytest

from sendcloud_integrations_client import Operation, Priority, RateLimitError, RateLimits
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget, RateLimitTransport
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, Call
from tests.support.virtual_time import VirtualTimeLoop, now, run, run_with_clock

READ = Operation("list_logs", "GET", "/integrations/logs", frozenset({200}), safe=True, idempotent=True)
ONE_READ = RateLimits(reads_per_minute=1)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


# ------------------------------------------------------------------------------------------------------------ pauses


def test_pauses_without_retry_after_double_up_to_30_seconds(clock: Clock) -> None:
    budget = LocalBudget(RateLimits(), clock=clock)
    pauses: list[float] = []
    for _ in range(7):
        budget.pause(None)
        budget.pause(None)  # a second 429 during the pause changes nothing
        pauses.append(budget.get_pause())
        clock.now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    budget.reset_pauses()
    budget.pause(None)
    assert budget.get_pause() == 1


def test_pause_lasts_one_minute_at_most_and_is_never_shortened(clock: Clock) -> None:
    budget = LocalBudget(RateLimits(), clock=clock)
    assert budget.get_pause() == 0
    budget.pause(3600.0)
    assert budget.get_pause() == 60
    budget.pause(2.0)
    clock.now = 59.5
    assert budget.get_pause() == 0.5
    assert not budget.try_acquire(safe=True)
    assert not budget.try_acquire_floor(safe=True)
    clock.now = 60.0
    assert budget.try_acquire(safe=True)
    clock.now = 61.0
    assert budget.get_pause() == 0


# ------------------------------------------------------------------------------------------------- slots and windows


def test_background_reads_leave_the_reserve_and_background_writes_a_quarter_of_each_second(clock: Clock) -> None:
    limits = RateLimits(reads_per_minute=20, writes_per_minute=400, writes_per_second=15, interactive_reserve=0)
    budget = LocalBudget(limits, clock=clock)

    def take_all(*, safe: bool, priority: Priority) -> int:
        for count in range(100):
            if not budget.try_acquire(safe=safe, priority=priority):
                return count
            budget.complete(safe=safe, priority=priority)
        return 100

    assert take_all(safe=False, priority="background") == 12  # 15 - ⌊15 / 4⌋
    assert budget.get_delay(safe=False, priority="background") == 1.0
    for _ in range(2):
        assert budget.try_acquire(safe=False)
        budget.complete(safe=False)
        assert not budget.try_acquire(safe=False, priority="background")
        assert budget.get_delay(safe=False, priority="background") == 1.0
        assert budget.get_delay(safe=False) == 0.0
    assert take_all(safe=False, priority="interactive") == 1
    assert budget.get_delay(safe=False) == 1.0
    clock.now = 1.0
    assert take_all(safe=False, priority="background") == 12
    assert take_all(safe=True, priority="background") == 5  # the burst
    assert take_all(safe=True, priority="interactive") == 15
    assert budget.get_delay(safe=True) == 60.0


def test_floor_of_background_calls_is_a_tenth_of_the_limit_per_minute(clock: Clock) -> None:
    budget = LocalBudget(RateLimits(writes_per_minute=50), clock=clock)
    for _ in range(2):
        for _ in range(5):
            assert budget.try_acquire_floor(safe=False)
            budget.complete(safe=False, priority="background")
        assert not budget.try_acquire_floor(safe=False)
        clock.now += 59.0
        assert not budget.try_acquire_floor(safe=False)
        clock.now += 1.0


def test_slots_taken_unchecked_count_in_every_window_until_they_end(clock: Clock) -> None:
    limits = RateLimits(writes_per_minute=3, writes_per_second=2)
    priorities: tuple[Priority, ...] = ("interactive", "background")
    for priority in priorities:
        clock.now = 0.0
        budget = LocalBudget(limits, clock=clock)
        for _ in range(2):
            budget.acquire_unchecked(safe=False, priority=priority)
        assert not budget.try_acquire(safe=False)
        assert budget.get_delay(safe=False) is None
        budget.release(safe=False, priority=priority)
        assert budget.try_acquire(safe=False)
        budget.complete(safe=False)
        budget.complete(safe=False, priority=priority)
        clock.now = 0.75
        assert budget.get_delay(safe=False) == 0.25
        clock.now = 1.0
        assert budget.try_acquire(safe=False)
        assert budget.get_delay(safe=False) == 59.0
        assert not budget.try_acquire(safe=False)


def test_more_slots_taken_than_exist_leave_none_free(clock: Clock) -> None:
    budget = LocalBudget(ONE_READ, clock=clock)
    for _ in range(2):
        budget.acquire_unchecked(safe=True)
    assert not budget.try_acquire(safe=True)
    assert budget.get_delay(safe=True) is None
    budget.release(safe=True)
    assert not budget.try_acquire(safe=True)
    budget.release(safe=True)
    assert budget.try_acquire(safe=True)


def test_new_callers_take_a_free_slot_only_if_nobody_who_goes_first_waits() -> None:
    async def main(waiting: Priority) -> list[bool]:
        budget = LocalBudget(RateLimits(reads_per_minute=1, interactive_reserve=0), clock=now)
        assert budget.try_acquire(safe=True, priority="background")
        task = asyncio.ensure_future(budget.acquire(safe=True, priority=waiting))
        await asyncio.sleep(0)
        budget.release(safe=True, priority="background")  # the waiter is served in the next iteration of the loop
        found: list[bool] = []
        for priority in ("background", "interactive"):
            found.append(budget.try_acquire(safe=True, priority=priority))
            if found[-1]:
                budget.release(safe=True, priority=priority)
        await task
        return found

    assert run(main("interactive")) == [False, False]
    assert run(main("background")) == [False, True]


# ---------------------------------------------------------------------------------------- notices and total timeouts


class CountingBudget(LocalBudget):
    """Counts how many times the pause was looked up."""

    pause_checks = 0

    def get_pause(self) -> float:
        self.pause_checks += 1
        return super().get_pause()


def build_call(total_timeout: float) -> Call:
    return Call(READ, started=now(), deadline=now() + total_timeout)


async def send(budget: LocalBudget, call: Call) -> httpx.Response:
    transport = RateLimitTransport(httpx.MockTransport(lambda _: httpx.Response(200)), budget)
    return await transport.handle_async_request(
        httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
    )


@pytest.mark.parametrize(("seconds", "notices"), [(4.9, 0), (5.1, 1), (59.0, 1)])
def test_wait_of_more_than_five_seconds_is_logged_once(
    seconds: float, notices: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        budget = LocalBudget(ONE_READ, clock=now)
        await send(budget, Call(READ))
        await asyncio.sleep(60 - seconds)
        await send(budget, build_call(120))
        await asyncio.sleep(10)

    run_with_clock(main(), monkeypatch)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == notices * [
        (
            logging.WARNING,
            f"list_logs: waiting for a free rate limit slot. Next slot in {seconds - 5:.0f} s, total timeout in 115 s.",
        )
    ]


def test_notice_says_that_the_time_of_the_next_slot_is_unknown_while_all_calls_are_in_flight(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        budget = LocalBudget(ONE_READ, clock=now)
        await budget.acquire(safe=True)
        with pytest.raises(RateLimitError):
            await send(budget, build_call(8))

    run_with_clock(main(), monkeypatch)
    assert [record.getMessage() for record in caplog.records] == [
        "list_logs: waiting for a free rate limit slot. The time of the next slot is unknown, total timeout in 3 s."
    ]


@pytest.mark.parametrize(("is_complete", "retry_after"), [(True, 23.0), (False, None)])
def test_wait_ends_with_the_total_timeout(
    is_complete: bool, retry_after: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        budget = LocalBudget(ONE_READ, clock=now)
        await budget.acquire(safe=True)
        if is_complete:
            budget.complete(safe=True)
        await asyncio.sleep(7)
        call = build_call(30)
        with pytest.raises(RateLimitError) as caught:
            await send(budget, call)
        assert now() == 37.0
        assert call.rate_limit_wait == 30.0
        assert caught.value.reason == "no free rate limit slot within 30 s; no request was sent"
        assert (caught.value.status_code, caught.value.retry_after) == (429, retry_after)

    run_with_clock(main(), monkeypatch)


def test_call_without_a_deadline_waits_until_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        budget = CountingBudget(ONE_READ, clock=now)
        await budget.acquire(safe=True)
        task = asyncio.ensure_future(send(budget, Call(READ)))
        await asyncio.sleep(10_000)
        assert not task.done()
        budget.release(safe=True)
        await task
        assert budget.pause_checks == 0

    run_with_clock(main(), monkeypatch)


@pytest.mark.parametrize(
    ("has_slot_in_flight", "begins_at", "ends_at", "retry_after"),
    [
        (False, 0.0, 0.0, 45.0),
        (True, 0.0, 0.0, 45.0),
        (True, 10.25, 11.0, 44.25),  # a call that waits looks at the pause each second
        (True, 29.5, 30.0, 44.5),
    ],
)
def test_pause_longer_than_the_total_timeout_ends_the_wait(
    has_slot_in_flight: bool, begins_at: float, ends_at: float, retry_after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        budget = LocalBudget(ONE_READ, clock=now)
        if has_slot_in_flight:
            await budget.acquire(safe=True)
        if begins_at:
            asyncio.get_running_loop().call_later(begins_at, budget.pause, 45.0)
        else:
            budget.pause(45.0)
        call = build_call(30)
        with pytest.raises(RateLimitError) as caught:
            await send(budget, call)
        assert now() == ends_at
        assert call.rate_limit_wait == ends_at
        assert caught.value.retry_after == retry_after
        assert caught.value.reason == (
            f"all calls with these credentials pause for {retry_after:.0f} s after a 429, longer than the total "
            "timeout; no request was sent"
        )

    run_with_clock(main(), monkeypatch)


def test_call_waits_for_the_end_of_a_pause_that_its_total_timeout_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        budget = CountingBudget(ONE_READ, clock=now)
        budget.pause(29.5)
        call = build_call(30)
        await send(budget, call)
        assert now() == call.rate_limit_wait == 29.5
        checks = budget.pause_checks
        assert checks == 30
        await asyncio.sleep(100)
        assert budget.pause_checks == checks, "a call that was served looks no longer at the pause"

    run_with_clock(main(), monkeypatch)


def test_pause_that_ends_with_the_total_timeout_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        budget = LocalBudget(ONE_READ, clock=now)
        budget.pause(30.0)
        with suppress(RateLimitError):  # both end at the same time
            await send(budget, build_call(30))
        assert now() == 30.0

    run_with_clock(main(), monkeypatch)


@pytest.mark.parametrize(("status", "pause"), [(200, 0.0), (428, 0.0), (429, 1.0), (430, 0.0), (503, 0.0)])
def test_only_status_429_pauses_all_calls(status: int, pause: float) -> None:
    async def main() -> None:
        budget = LocalBudget(RateLimits(), clock=now)
        transport = RateLimitTransport(httpx.MockTransport(lambda _: httpx.Response(status)), budget)
        request = httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: Call(READ)})
        assert (await transport.handle_async_request(request)).status_code == status
        assert budget.get_pause() == pause

    run(main())


def test_acquire_returns_the_seconds_waited() -> None:
    async def main() -> None:
        budget = LocalBudget(ONE_READ, clock=now)
        assert await budget.acquire(safe=True) == 0.0
        budget.complete(safe=True)
        await asyncio.sleep(10)
        assert await budget.acquire(safe=True) == 50.0

    run(main())


def test_oldest_slot_is_free_again_before_the_others(clock: Clock) -> None:
    budget = LocalBudget(RateLimits(reads_per_minute=3), clock=clock)
    for clock.now in (0.0, 20.0, 40.0):
        assert budget.try_acquire(safe=True)
        budget.complete(safe=True)
    for clock.now in (60.0, 80.0, 100.0):
        assert budget.try_acquire(safe=True)
        assert not budget.try_acquire(safe=True)


# ---------------------------------------------------------------------------------------------- several event loops


def wait_in_a_blocked_loop(budget: LocalBudget, release: threading.Event, priority: Priority) -> threading.Thread:
    """Start a thread in whose event loop a caller waits; the loop is blocked until the event is set."""
    is_waiting = threading.Event()

    async def wait() -> None:
        task = asyncio.ensure_future(budget.acquire(safe=True, priority=priority))
        await asyncio.sleep(0)
        is_waiting.set()
        release.wait(30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(wait(),))
    thread.start()
    assert is_waiting.wait(30)
    return thread


def run_beside_a_blocked_loop(
    blocked: Priority,
    main: Callable[[LocalBudget, Callable[[], None]], Coroutine[Any, Any, None]],
    budget: LocalBudget | None = None,
) -> None:
    """Run a coroutine in virtual time while a caller waits in a blocked loop.

    By default, there is one slot, and it becomes free after 60 seconds. The coroutine receives the budget and a
    function that ends the other loop.
    """
    loop = VirtualTimeLoop()
    if budget is None:
        budget = LocalBudget(ONE_READ, clock=loop.time)
        assert budget.try_acquire(safe=True)
        budget.complete(safe=True)
    release = threading.Event()
    thread = wait_in_a_blocked_loop(budget, release, blocked)

    def end_other_loop() -> None:
        release.set()
        thread.join(30)

    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(main(budget, end_other_loop))
    finally:
        end_other_loop()
    assert not thread.is_alive()


def test_slot_is_kept_for_background_callers_of_another_loop_for_one_second() -> None:
    async def main(budget: LocalBudget, _: Callable[[], None]) -> None:
        await asyncio.wait_for(budget.acquire(safe=True), 300)
        assert 61.0 <= now() < 61.02

    run_beside_a_blocked_loop("background", main)


def test_slot_is_taken_within_10_ms_when_the_other_loop_no_longer_waits() -> None:
    async def main(budget: LocalBudget, end_other_loop: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(60.505, end_other_loop)
        await asyncio.wait_for(budget.acquire(safe=True), 300)
        assert 60.505 <= now() < 60.52

    run_beside_a_blocked_loop("background", main)


def test_interactive_callers_of_different_loops_do_not_wait_for_each_other() -> None:
    async def main(budget: LocalBudget, _: Callable[[], None]) -> None:
        await asyncio.wait_for(budget.acquire(safe=True), 300)
        assert now() == 60.0

    run_beside_a_blocked_loop("interactive", main)


def test_background_callers_above_their_floor_wait_for_interactive_callers_of_another_loop() -> None:
    budget = LocalBudget(RateLimits(reads_per_minute=10, interactive_reserve=0), clock=lambda: 0.0)
    budget.acquire_unchecked(safe=True, priority="background")  # the floor
    for _ in range(9):
        budget.acquire_unchecked(safe=True)

    async def main(budget: LocalBudget, end_other_loop: Callable[[], None]) -> None:
        task = asyncio.ensure_future(budget.acquire(safe=True, priority="background"))
        await asyncio.sleep(0)
        for _ in range(8):
            budget.release(safe=True)
        await asyncio.sleep(1)
        assert not task.done()
        end_other_loop()
        await asyncio.wait_for(task, 0.1)

    run_beside_a_blocked_loop("interactive", main, budget)
