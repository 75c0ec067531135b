"""Rate limits: fully used and never exceeded, first in, first out, and safe to cancel at any time."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import BasicAuth, ConfigurationError, Operation, RateLimits, SendcloudIntegrations
from sendcloud_integrations_client.pipeline.rate_limiter import validate_priority
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget, RateLimitTransport, get_shared_budget
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, Call
from tests.support.private_state import get_rate_limit_budget, suppress_destroyed_task_warning
from tests.support.virtual_time import VirtualTimeLoop, now, run

READ = Operation("list_logs", "GET", "/integrations/logs", frozenset({200}), safe=True, idempotent=True)
WRITE = Operation("update_integration", "PATCH", "/i", frozenset({204}), safe=False, idempotent=True)


class SlidingWindows:
    """A server's rate limiter that counts the calls of the last N seconds.

    Args:
        windows: For each limit, the number of calls and the length of the window in seconds.
    """

    def __init__(self, *windows: tuple[int, float]) -> None:
        self._windows = [(limit, seconds, deque[float]()) for limit, seconds in windows]

    def try_accept(self, time: float) -> bool:
        for _, seconds, accepted in self._windows:
            while accepted and accepted[0] <= time - seconds:
                accepted.popleft()
        if any(len(accepted) >= limit for limit, _, accepted in self._windows):
            return False
        for _, _, accepted in self._windows:
            accepted.append(time)
        return True


class FixedWindows:
    """A server's rate limiter whose counter restarts at fixed times, shifted by 37 % of a window against the client.

    Args:
        windows: For each limit, the number of calls and the length of the window in seconds.
    """

    def __init__(self, *windows: tuple[int, float]) -> None:
        self._windows = windows
        self._accepted: dict[tuple[float, int], int] = {}

    def try_accept(self, time: float) -> bool:
        keys = [(seconds, int((time + 0.37 * seconds) // seconds)) for _, seconds in self._windows]
        if any(self._accepted.get(key, 0) >= limit for key, (limit, _) in zip(keys, self._windows, strict=True)):
            return False
        for key in keys:
            self._accepted[key] = self._accepted.get(key, 0) + 1
        return True


class LimitedServer(httpx.AsyncBaseTransport):
    """Responds with 200, or 429 if the limit is exceeded, with random latency in each direction.

    Args:
        try_accept: Receives the time and returns whether the limit allows the call.
        count_until: Virtual time in seconds from which `accepted` is not increased.
        seed: Seed of the latencies.
    """

    def __init__(self, try_accept: Callable[[float], bool], *, count_until: float, seed: int = 0) -> None:
        self._try_accept = try_accept
        self._count_until = count_until
        self._random = random.Random(seed)
        self.accepted = 0
        self.rejected = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._random.uniform(0.005, 0.3))
        if self._try_accept(now()):
            self.accepted += now() < self._count_until
            status = 200
        else:
            self.rejected += 1
            status = 429
        await asyncio.sleep(self._random.uniform(0.005, 0.3))
        return httpx.Response(status)


def build_request(operation: Operation | None) -> httpx.Request:
    extensions = {CALL_EXTENSION: Call(operation)} if operation else {}
    return httpx.Request("GET", "https://x.example/", extensions=extensions)


LIMITS_OF_READS = (READ, [(1000, 60.0)], 1000)
LIMITS_OF_WRITES = (WRITE, [(100, 60.0), (15, 1.0)], 100)


@pytest.mark.parametrize(
    ("windows", "operation", "limits", "per_minute"),
    [
        (SlidingWindows, *LIMITS_OF_READS),
        (FixedWindows, *LIMITS_OF_WRITES),
        pytest.param(FixedWindows, *LIMITS_OF_READS, marks=pytest.mark.long),
        pytest.param(SlidingWindows, *LIMITS_OF_WRITES, marks=pytest.mark.long),
    ],
)
def test_load_above_the_limit_uses_it_fully_without_a_429(
    windows: Any, operation: Operation, limits: list[tuple[int, float]], per_minute: int
) -> None:
    minutes = 3 if operation.safe else 10

    async def main() -> LimitedServer:
        server = LimitedServer(windows(*limits).try_accept, count_until=minutes * 60)
        transport = RateLimitTransport(server, LocalBudget(RateLimits(), clock=now))

        async def work() -> None:
            while now() < minutes * 60:
                await transport.handle_async_request(build_request(operation))

        await asyncio.gather(*(work() for _ in range(64)))
        return server

    server = run(main())
    assert server.rejected == 0
    assert 0.97 * per_minute * minutes <= server.accepted <= per_minute * (minutes + 1)


def test_waiting_calls_are_served_first_in_first_out() -> None:
    async def main() -> list[int]:
        budget = LocalBudget(RateLimits(reads_per_minute=2), clock=now)
        served: list[int] = []

        async def acquire_slot(number: int) -> None:
            await budget.acquire(safe=True)
            served.append(number)
            await asyncio.sleep(1)
            budget.complete(safe=True)

        await asyncio.gather(*(acquire_slot(number) for number in range(20)))
        return served

    assert run(main()) == list(range(20))


def test_burst_of_writes_stays_within_the_limits_per_second_and_per_minute() -> None:
    async def main() -> list[float]:
        budget = LocalBudget(RateLimits(), clock=now)
        start_times: list[float] = []

        async def acquire_slot() -> None:
            await budget.acquire(safe=False)
            start_times.append(now())
            budget.complete(safe=False)

        await asyncio.gather(*(acquire_slot() for _ in range(116)))
        return start_times

    start_times = run(main())
    assert start_times[:15] == [0.0] * 15
    assert start_times[15:30] == [1.0] * 15
    assert start_times[99] == 6.0
    assert start_times[100:] == [60.0] * 15 + [61.0]


def test_rate_limit_wait_is_recorded_per_call() -> None:
    async def main() -> list[float]:
        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        transport = RateLimitTransport(httpx.MockTransport(lambda _: httpx.Response(200)), budget)
        calls = [Call(READ) for _ in range(3)]
        for call in calls:
            await transport.handle_async_request(
                httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
            )
        return [call.rate_limit_wait for call in calls]

    assert run(main()) == [0.0, 60.0, 60.0]


@given(data=st.data())
def test_cancelled_waiters_release_their_slots(data: st.DataObject) -> None:
    cancel_times = data.draw(st.lists(st.integers(0, 130), min_size=12, max_size=12))

    async def main() -> int:
        budget = LocalBudget(RateLimits(reads_per_minute=2), clock=now)
        done: list[int] = []

        async def acquire_slot(number: int) -> None:
            await budget.acquire(safe=True)
            try:
                await asyncio.sleep(0.5)
            finally:
                budget.complete(safe=True)
            done.append(number)

        async def acquire_and_cancel(number: int) -> None:
            task = asyncio.ensure_future(acquire_slot(number))
            await asyncio.sleep(cancel_times[number])
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        await asyncio.gather(*(acquire_and_cancel(number) for number in range(12)))
        # However the calls ended, both slots are free one minute after the last response, and the queue is empty.
        await asyncio.sleep(61)
        assert await asyncio.gather(budget.acquire(safe=True), budget.acquire(safe=True)) == [0.0, 0.0]
        task = asyncio.ensure_future(budget.acquire(safe=True))
        await asyncio.sleep(1)
        assert not task.done()
        budget.release(safe=True)
        await asyncio.wait_for(task, 0.1)
        return len(done)

    run(main())


@given(
    cancellations=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=6),
    releases=st.lists(st.integers(0, 40), min_size=12, max_size=12),
)
def test_remaining_waiters_are_served_in_order_when_others_are_cancelled(
    cancellations: list[tuple[int, int]], releases: list[int]
) -> None:
    """Cancels in single iterations of the loop, some of them between the release of a slot and its delivery."""

    async def main() -> None:
        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        await budget.acquire(safe=True)
        served: list[int] = []
        released = 0

        async def acquire_slot(number: int) -> None:
            await budget.acquire(safe=True)
            served.append(number)

        tasks = [asyncio.ensure_future(acquire_slot(number)) for number in range(10)]
        for current_iteration in range(41):
            await asyncio.sleep(0)
            for waiter, iteration in cancellations:
                if iteration == current_iteration:
                    tasks[waiter].cancel()
            for iteration in releases:
                if iteration == current_iteration:
                    released += 1
                    budget.release(safe=True)
        for _ in range(10):
            await asyncio.sleep(0)
        assert [task for task in tasks if not task.done()] == []
        assert served == [number for number, task in enumerate(tasks) if not task.cancelled()]
        # No slot is lost or duplicated: exactly the released slots that were not delivered are free immediately.
        for _ in range(released - len(served)):
            assert await budget.acquire(safe=True) == 0.0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.acquire(safe=True), 600)

    run(main())


def test_second_waiter_is_served_on_time_if_the_first_is_cancelled() -> None:
    async def main() -> None:
        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        await budget.acquire(safe=True)
        budget.complete(safe=True)
        first, second = (asyncio.ensure_future(budget.acquire(safe=True)) for _ in range(2))
        await asyncio.sleep(30)
        first.cancel()
        await second
        assert now() == 60.0

    run(main())


def test_waiter_is_served_one_window_after_the_response_to_a_call_in_flight() -> None:
    async def main() -> None:
        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        await budget.acquire(safe=True)
        waiting = asyncio.ensure_future(budget.acquire(safe=True))
        await asyncio.sleep(500)
        assert not waiting.done()
        budget.complete(safe=True)
        await waiting
        assert now() == 560.0

    run(main())


def test_pause_applies_to_calls_that_already_wait() -> None:
    async def main() -> None:
        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        await budget.acquire(safe=True)
        budget.complete(safe=True)
        waiting = asyncio.ensure_future(budget.acquire(safe=True))
        await asyncio.sleep(59)
        budget.pause(10.0)
        budget.pause(5.0)
        await waiting
        assert now() == 69.0

    run(main())


def test_slot_delivered_to_a_cancelled_waiter_goes_to_the_next() -> None:
    async def main() -> None:
        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        await budget.acquire(safe=True)
        first, second = (asyncio.ensure_future(budget.acquire(safe=True)) for _ in range(2))
        await asyncio.sleep(0)
        budget.release(safe=True)  # delivered to the first waiter, whose task has not run yet
        first.cancel()
        await asyncio.wait_for(second, 1)

    run(main())


def test_429_pauses_all_calls_until_retry_after() -> None:
    async def main() -> list[float]:
        responses = iter([httpx.Response(429, headers={"Retry-After": "7"})])
        transport = RateLimitTransport(
            httpx.MockTransport(lambda _: next(responses, httpx.Response(200))),
            LocalBudget(RateLimits(), clock=now),
        )
        await transport.handle_async_request(build_request(READ))
        end_times: list[float] = []

        async def send(operation: Operation) -> None:
            await transport.handle_async_request(build_request(operation))
            end_times.append(now())

        await asyncio.gather(send(READ), send(WRITE), send(READ))
        return end_times

    assert run(main()) == [7.0, 7.0, 7.0]


def test_concurrent_429_responses_pause_once() -> None:
    async def main() -> float:
        async def respond_429(_: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.1)
            return httpx.Response(429)

        budget = LocalBudget(RateLimits(), clock=now)
        transport = RateLimitTransport(httpx.MockTransport(respond_429), budget)
        await asyncio.gather(*(transport.handle_async_request(build_request(READ)) for _ in range(20)))
        return budget.paused_until

    assert run(main()) == pytest.approx(1.1)


def test_consecutive_429_responses_without_retry_after_pause_longer_each_time() -> None:
    async def main() -> list[float]:
        responses = iter([429, 429, 429, 200, 429])
        transport = RateLimitTransport(
            httpx.MockTransport(lambda _: httpx.Response(next(responses, 200))),
            LocalBudget(RateLimits(), clock=now),
        )
        start_times: list[float] = []
        for _ in range(6):
            await transport.handle_async_request(build_request(READ))
            start_times.append(now())
        return start_times

    assert run(main()) == [0.0, 1.0, 3.0, 7.0, 7.0, 8.0]


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_call_that_was_never_sent_uses_no_slot(error: type[httpx.TransportError]) -> None:
    async def main() -> None:
        def fail(_: httpx.Request) -> httpx.Response:
            raise error("broken")

        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        for _ in range(5):
            with pytest.raises(error):
                await RateLimitTransport(httpx.MockTransport(fail), budget).handle_async_request(build_request(READ))
        assert now() == 0.0

    run(main())


def test_call_whose_response_was_lost_uses_a_slot() -> None:
    async def main() -> None:
        def fail(_: httpx.Request) -> httpx.Response:
            raise httpx.ReadError("broken")

        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        for expected in (0.0, 60.0):
            with pytest.raises(httpx.ReadError):
                await RateLimitTransport(httpx.MockTransport(fail), budget).handle_async_request(build_request(READ))
            assert now() == expected

    run(main())


def test_reads_and_writes_have_separate_slots_and_token_requests_need_none() -> None:
    async def main() -> None:
        limits = RateLimits(reads_per_minute=1, writes_per_minute=1)
        transport = RateLimitTransport(
            httpx.MockTransport(lambda _: httpx.Response(200)), LocalBudget(limits, clock=now)
        )
        for operation in (READ, WRITE, None, None, None):
            await transport.handle_async_request(build_request(operation))
        assert now() == 0.0

    run(main())


def test_budget_works_in_consecutive_event_loops() -> None:
    current_time = 0.0
    budget = LocalBudget(RateLimits(reads_per_minute=1), clock=lambda: current_time)

    async def leave_a_waiter() -> None:
        await budget.acquire(safe=True)
        budget.complete(safe=True)
        task = asyncio.ensure_future(budget.acquire(safe=True))
        await asyncio.sleep(0)
        assert not task.done()

    run(leave_a_waiter())
    current_time = 61.0
    assert run(budget.acquire(safe=True)) == 0.0
    budget.release(safe=True)


def abandon_loop(loop: asyncio.AbstractEventLoop, *tasks: asyncio.Task[Any]) -> None:
    """Close a loop with pending tasks and end them as the garbage collector does, without log lines of asyncio."""
    loop.close()
    for task in tasks:
        coroutine: Any = task.get_coro()
        coroutine.close()
        suppress_destroyed_task_warning(task)


def test_abandoned_loop_with_waiters_leaks_no_slot() -> None:
    current_time = 0.0
    budget = LocalBudget(RateLimits(reads_per_minute=1), clock=lambda: current_time)
    abandoned = VirtualTimeLoop()
    abandoned.run_until_complete(budget.acquire(safe=True))
    waiting = [abandoned.create_task(budget.acquire(safe=True)) for _ in range(2)]
    abandoned.run_until_complete(asyncio.sleep(0))
    abandon_loop(abandoned, *waiting)
    budget.release(safe=True)
    for _ in range(3):
        assert run(asyncio.wait_for(budget.acquire(safe=True), 5)) == 0.0
        budget.release(safe=True)


def test_slot_delivered_in_a_loop_that_ends_is_not_lost() -> None:
    budget = LocalBudget(RateLimits(reads_per_minute=1), clock=lambda: 0.0)
    loop = VirtualTimeLoop()
    loop.run_until_complete(budget.acquire(safe=True))
    task = loop.create_task(budget.acquire(safe=True))

    async def stop_before_the_slot_is_delivered() -> None:
        await asyncio.sleep(0)
        budget.release(safe=True)
        await asyncio.sleep(0)
        loop.stop()

    stop_task = loop.create_task(stop_before_the_slot_is_delivered())
    loop.run_forever()
    assert stop_task.done()
    assert not task.done()
    abandon_loop(loop, task)
    assert run(asyncio.wait_for(budget.acquire(safe=True), 5)) == 0.0


def test_slot_released_in_one_thread_is_delivered_to_a_waiter_in_another() -> None:
    budget = LocalBudget(RateLimits(reads_per_minute=1))
    is_waiting = threading.Event()
    served: list[float] = []

    async def wait() -> None:
        task = asyncio.ensure_future(budget.acquire(safe=True))
        await asyncio.sleep(0)
        is_waiting.set()
        served.append(await asyncio.wait_for(task, 20))

    async def hold_slot_until_another_thread_waits() -> None:
        await budget.acquire(safe=True)
        thread = threading.Thread(target=asyncio.run, args=(wait(),))
        thread.start()
        await asyncio.to_thread(is_waiting.wait)
        budget.release(safe=True)
        await asyncio.to_thread(thread.join)

    asyncio.run(hold_slot_until_another_thread_waits())
    assert len(served) == 1
    assert served[0] < 15


def test_threads_that_share_a_budget_lose_no_slots_and_exceed_no_limit() -> None:
    budget = LocalBudget(RateLimits(reads_per_minute=7), minute=0.001)
    held = max_held = 0

    async def work() -> None:
        nonlocal held, max_held
        for _ in range(50):
            await budget.acquire(safe=True)
            held += 1
            max_held = max(max_held, held)
            await asyncio.sleep(0)
            held -= 1
            budget.complete(safe=True)

    async def run_workers() -> None:
        await asyncio.gather(*(work() for _ in range(4)))

    threads = [threading.Thread(target=asyncio.run, args=(run_workers(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert max_held <= 7

    async def acquire_all_slots() -> list[float]:
        await asyncio.sleep(0.01)
        waits = await asyncio.gather(*(budget.acquire(safe=True) for _ in range(7)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.acquire(safe=True), 0.02)
        return waits

    assert asyncio.run(acquire_all_slots()) == [0.0] * 7


def test_clients_with_equal_credentials_share_one_budget() -> None:
    first, second = (SendcloudIntegrations(auth=BasicAuth("a", secret)) for secret in ("s", "s"))
    other = SendcloudIntegrations(auth=BasicAuth("b", "s"))
    assert get_rate_limit_budget(first) is get_rate_limit_budget(second)
    assert get_rate_limit_budget(first) is not get_rate_limit_budget(other)
    assert get_rate_limit_budget(SendcloudIntegrations(auth=BasicAuth("a", "s"), rate_limits=None)) is None


def test_unused_budget_is_released() -> None:
    first = get_shared_budget("key", RateLimits())
    assert get_shared_budget("key", RateLimits()) is first
    reference = weakref.ref(first)
    del first
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("name", ["reads_per_minute", "writes_per_minute", "writes_per_second"])
def test_limit_below_one_raises_configuration_error(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        RateLimits(**{name: 0})


def test_queue_of_a_closed_loop_is_dropped() -> None:
    budget = LocalBudget(RateLimits(reads_per_minute=1), clock=lambda: 0.0)

    async def wait_in_vain() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.acquire(safe=True), 1.0)

    loop = VirtualTimeLoop()
    loop.run_until_complete(budget.acquire(safe=True))
    loop.run_until_complete(wait_in_vain())
    loop.close()
    reference = weakref.ref(loop)
    del loop
    run(wait_in_vain())
    gc.collect()
    assert reference() is None


@given(st.integers(1, 2000), st.integers(1, 50))
def test_limits_divided_by_processes_never_exceed_the_limits(reads: int, processes: int) -> None:
    limits = RateLimits(reads_per_minute=reads)
    share = limits.divided_by(processes)
    assert share.reads_per_minute * processes <= max(reads, processes)
    assert share.reads_per_minute >= 1
    assert share.interactive_reserve == limits.interactive_reserve


def test_limits_of_four_processes() -> None:
    assert RateLimits().divided_by(4) == RateLimits(250, 25, 3)
    with pytest.raises(ConfigurationError, match="must be an integer of at least 1, got 0"):
        RateLimits().divided_by(0)


@pytest.mark.parametrize(
    ("limits", "processes", "expected"),
    [(RateLimits(1, 1, 1), 4, RateLimits(1, 1, 1)), (RateLimits(5, 7, 9), 2, RateLimits(2, 3, 4))],
)
def test_limits_of_one_process_are_rounded_down_to_at_least_one(
    limits: RateLimits, processes: int, expected: RateLimits
) -> None:
    assert limits.divided_by(processes) == expected
    assert limits.divided_by(1) == limits
    assert limits.get_share(1 / processes) == expected
    assert limits.get_share(1.0) == limits
    assert limits.get_share(0.0) == RateLimits(1, 1, 1)


def test_default_limits_are_documented() -> None:
    limits = RateLimits(reads_per_minute=1000, writes_per_minute=100, writes_per_second=15, interactive_reserve=0.02)
    assert RateLimits() == limits


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reads_per_minute": 0}, "Invalid RateLimits.reads_per_minute: must be an integer of at least 1, got 0."),
        ({"writes_per_second": -1}, "Invalid RateLimits.writes_per_second: must be an integer of at least 1, got -1."),
        (
            {"interactive_reserve": -0.01},
            "Invalid RateLimits.interactive_reserve: must be a number from 0 to 0.9, got -0.01.",
        ),
        (
            {"interactive_reserve": 0.91},
            "Invalid RateLimits.interactive_reserve: must be a number from 0 to 0.9, got 0.91.",
        ),
    ],
)
def test_error_about_limits_names_the_limit_and_its_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RateLimits(**options)
    assert str(caught.value) == message


def test_limits_at_their_bounds_are_valid() -> None:
    for reserve in (0, 0.9):
        assert RateLimits(1, 1, 1, interactive_reserve=reserve).interactive_reserve == reserve


def test_priority_is_interactive_or_background() -> None:
    for priority in ("interactive", "background"):
        validate_priority(priority)
    for other, end in (("high", "."), (None, ", not NoneType.")):
        with pytest.raises(ConfigurationError) as caught:
            validate_priority(other)
        assert str(caught.value) == f'Invalid priority: must be "interactive" or "background"{end}'
