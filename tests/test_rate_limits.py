"""The limit is used in full and never broken; waiting is in order, and can be given up at any moment."""

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
from sendcloud_integrations_client.operations import Call
from sendcloud_integrations_client.rate_limits import Budget, RateLimitTransport, budget_for
from tests.virtual_time import VirtualTimeLoop, now, run

READ = Operation("list_logs", "GET", "/integrations/logs", frozenset({200}), safe=True, idempotent=True)
WRITE = Operation("update_integration", "PATCH", "/i", frozenset({204}), safe=False, idempotent=True)


class SlidingWindows:
    """Refuses whoever would be one too many in any stretch of a window's length."""

    def __init__(self, *windows: tuple[int, float]) -> None:
        self.windows = [(places, seconds, deque[float]()) for places, seconds in windows]

    def admits(self, moment: float) -> bool:
        for _, seconds, seen in self.windows:
            while seen and seen[0] <= moment - seconds:
                seen.popleft()
        if any(len(seen) >= places for places, _, seen in self.windows):
            return False
        for _, _, seen in self.windows:
            seen.append(moment)
        return True


class FixedWindows:
    """Counts anew with each window of the clock, whose windows begin at some odd moment."""

    def __init__(self, *windows: tuple[int, float]) -> None:
        self.windows = windows
        self.seen: dict[tuple[float, int], int] = {}

    def admits(self, moment: float) -> bool:
        keys = [(seconds, int((moment + 0.37 * seconds) // seconds)) for _, seconds in self.windows]
        if any(self.seen.get(key, 0) >= places for key, (places, _) in zip(keys, self.windows, strict=True)):
            return False
        for key in keys:
            self.seen[key] = self.seen.get(key, 0) + 1
        return True


class Server(httpx.AsyncBaseTransport):
    """Answers after a while, each way taking its own time; 429 where the limit is broken."""

    def __init__(self, admits: Callable[[float], bool], *, until: float, seed: int = 0) -> None:
        self.until = until
        self.admits = admits
        self.random = random.Random(seed)
        self.served = 0
        self.refused = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self.random.uniform(0.005, 0.3))
        if self.admits(now()):
            self.served += now() < self.until
            status = 200
        else:
            self.refused += 1
            status = 429
        await asyncio.sleep(self.random.uniform(0.005, 0.3))
        return httpx.Response(status)


def request(operation: Operation | None) -> httpx.Request:
    extensions = Call(operation).extensions() if operation else {}
    return httpx.Request("GET", "https://x.example/", extensions=extensions)


@pytest.mark.parametrize("windows", [SlidingWindows, FixedWindows])
@pytest.mark.parametrize(
    ("operation", "limits", "per_minute"), [(READ, [(1000, 60.0)], 1000), (WRITE, [(100, 60.0), (15, 1.0)], 100)]
)
def test_a_job_that_wants_more_reaches_the_limit_without_one_429(
    windows: Any, operation: Operation, limits: list[tuple[int, float]], per_minute: int
) -> None:
    minutes = 3 if operation.safe else 10

    async def job() -> Server:
        server = Server(windows(*limits).admits, until=minutes * 60)
        transport = RateLimitTransport(server, Budget(RateLimits(), clock=now))

        async def work() -> None:
            while now() < minutes * 60:
                await transport.handle_async_request(request(operation))

        await asyncio.gather(*(work() for _ in range(64)))
        return server

    server = run(job())
    assert server.refused == 0
    assert 0.97 * per_minute * minutes <= server.served <= per_minute * (minutes + 1)


def test_waiting_is_in_order() -> None:
    async def job() -> list[int]:
        budget = Budget(RateLimits(safe_per_minute=2), clock=now)
        served: list[int] = []

        async def one(number: int) -> None:
            await budget.take(safe=True)
            served.append(number)
            await asyncio.sleep(1)
            budget.answered(safe=True)

        await asyncio.gather(*(one(number) for number in range(20)))
        return served

    assert run(job()) == list(range(20))


def test_a_burst_of_other_calls_keeps_to_the_second_as_well_as_to_the_minute() -> None:
    async def job() -> list[float]:
        budget = Budget(RateLimits(), clock=now)
        begins: list[float] = []

        async def one() -> None:
            await budget.take(safe=False)
            begins.append(now())
            budget.answered(safe=False)

        await asyncio.gather(*(one() for _ in range(116)))
        return begins

    begins = run(job())
    assert begins[:15] == [0.0] * 15
    assert begins[15:30] == [1.0] * 15
    assert begins[99] == 6.0
    assert begins[100:] == [60.0] * 15 + [61.0]


def test_the_seconds_waited_are_told() -> None:
    async def job() -> list[float]:
        budget = Budget(RateLimits(safe_per_minute=1), clock=now)
        transport = RateLimitTransport(httpx.MockTransport(lambda _: httpx.Response(200)), budget)
        calls = [Call(READ) for _ in range(3)]
        for call in calls:
            await transport.handle_async_request(
                httpx.Request("GET", "https://x.example/", extensions=call.extensions())
            )
        return [call.waited for call in calls]

    assert run(job()) == [0.0, 60.0, 60.0]


@given(data=st.data())
def test_who_gives_up_waiting_gives_the_place_back(data: st.DataObject) -> None:
    moments = data.draw(st.lists(st.integers(0, 130), min_size=12, max_size=12))

    async def job() -> int:
        budget = Budget(RateLimits(safe_per_minute=2), clock=now)
        done: list[int] = []

        async def one(number: int) -> None:
            await budget.take(safe=True)
            try:
                await asyncio.sleep(0.5)
            finally:
                budget.answered(safe=True)
            done.append(number)

        async def impatient(number: int) -> None:
            task = asyncio.ensure_future(one(number))
            await asyncio.sleep(moments[number])
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        await asyncio.gather(*(impatient(number) for number in range(12)))
        # However they left, two places are free a minute after the last answer, and nobody stands in line.
        await asyncio.sleep(61)
        assert await asyncio.gather(budget.take(safe=True), budget.take(safe=True)) == [0.0, 0.0]
        task = asyncio.ensure_future(budget.take(safe=True))
        await asyncio.sleep(1)
        assert not task.done()
        budget.give_back(safe=True)
        await asyncio.wait_for(task, 0.1)
        return len(done)

    run(job())


@given(
    groups=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=6),
    grants=st.lists(st.integers(0, 40), min_size=12, max_size=12),
)
def test_those_who_stay_are_served_in_order_whoever_leaves_and_when(
    groups: list[tuple[int, int]], grants: list[int]
) -> None:
    """Who leaves and when it is in turns of the loop, so that it may be between a grant and its arrival."""

    async def job() -> None:
        budget = Budget(RateLimits(safe_per_minute=1), clock=now)
        await budget.take(safe=True)
        served: list[int] = []
        free = 0

        async def one(number: int) -> None:
            await budget.take(safe=True)
            served.append(number)

        tasks = [asyncio.ensure_future(one(number)) for number in range(10)]
        for turn in range(41):
            await asyncio.sleep(0)
            for who, when in groups:
                if when == turn:
                    tasks[who].cancel()
            for when in grants:
                if when == turn:
                    free += 1
                    budget.give_back(safe=True)
        for _ in range(10):
            await asyncio.sleep(0)
        assert [task for task in tasks if not task.done()] == []
        assert served == [number for number, task in enumerate(tasks) if not task.cancelled()]
        # Nothing is lost and nothing is made: what was given back and not taken is free, at once, and no more.
        for _ in range(free - len(served)):
            assert await budget.take(safe=True) == 0.0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.take(safe=True), 600)

    run(job())


def test_the_next_in_line_is_served_in_time_when_the_first_leaves() -> None:
    async def job() -> None:
        budget = Budget(RateLimits(safe_per_minute=1), clock=now)
        await budget.take(safe=True)
        budget.answered(safe=True)
        first, second = (asyncio.ensure_future(budget.take(safe=True)) for _ in range(2))
        await asyncio.sleep(30)
        first.cancel()
        await second
        assert now() == 60.0

    run(job())


def test_who_waits_for_calls_under_way_is_served_a_window_after_the_answer() -> None:
    async def job() -> None:
        budget = Budget(RateLimits(safe_per_minute=1), clock=now)
        await budget.take(safe=True)
        waiting = asyncio.ensure_future(budget.take(safe=True))
        await asyncio.sleep(500)
        assert not waiting.done()
        budget.answered(safe=True)
        await waiting
        assert now() == 560.0

    run(job())


def test_a_pause_holds_back_those_who_wait_already() -> None:
    async def job() -> None:
        budget = Budget(RateLimits(safe_per_minute=1), clock=now)
        await budget.take(safe=True)
        budget.answered(safe=True)
        waiting = asyncio.ensure_future(budget.take(safe=True))
        await asyncio.sleep(59)
        budget.pause(10.0)
        budget.pause(5.0)
        await waiting
        assert now() == 69.0

    run(job())


def test_a_place_granted_to_someone_who_has_just_left_goes_to_the_next() -> None:
    async def job() -> None:
        budget = Budget(RateLimits(safe_per_minute=1), clock=now)
        await budget.take(safe=True)
        first, second = (asyncio.ensure_future(budget.take(safe=True)) for _ in range(2))
        await asyncio.sleep(0)
        budget.give_back(safe=True)  # the first one's, who has not run yet
        first.cancel()
        await asyncio.wait_for(second, 1)

    run(job())


def test_a_429_holds_back_everybody_until_retry_after() -> None:
    async def job() -> list[float]:
        answers = iter([httpx.Response(429, headers={"Retry-After": "7"})])
        transport = RateLimitTransport(
            httpx.MockTransport(lambda _: next(answers, httpx.Response(200))), Budget(RateLimits(), clock=now)
        )
        await transport.handle_async_request(request(READ))
        ends: list[float] = []

        async def one(operation: Operation) -> None:
            await transport.handle_async_request(request(operation))
            ends.append(now())

        await asyncio.gather(one(READ), one(WRITE), one(READ))
        return ends

    assert run(job()) == [7.0, 7.0, 7.0]


def test_calls_refused_together_are_held_back_once() -> None:
    async def job() -> float:
        async def refuse(_: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.1)
            return httpx.Response(429)

        budget = Budget(RateLimits(), clock=now)
        transport = RateLimitTransport(httpx.MockTransport(refuse), budget)
        await asyncio.gather(*(transport.handle_async_request(request(READ)) for _ in range(20)))
        return budget.paused_until

    assert run(job()) == pytest.approx(1.1)


def test_a_429_that_does_not_say_holds_back_longer_each_time() -> None:
    async def job() -> list[float]:
        answers = iter([429, 429, 429, 200, 429])
        transport = RateLimitTransport(
            httpx.MockTransport(lambda _: httpx.Response(next(answers, 200))), Budget(RateLimits(), clock=now)
        )
        begins: list[float] = []
        for _ in range(6):
            await transport.handle_async_request(request(READ))
            begins.append(now())
        return begins

    assert run(job()) == [0.0, 1.0, 3.0, 7.0, 7.0, 8.0]


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_call_that_never_left_costs_no_place(error: type[httpx.TransportError]) -> None:
    async def job() -> None:
        def fail(_: httpx.Request) -> httpx.Response:
            raise error("broken")

        budget = Budget(RateLimits(safe_per_minute=1), clock=now)
        for _ in range(5):
            with pytest.raises(error):
                await RateLimitTransport(httpx.MockTransport(fail), budget).handle_async_request(request(READ))
        assert now() == 0.0

    run(job())


def test_a_call_whose_answer_was_lost_costs_its_place() -> None:
    async def job() -> None:
        def fail(_: httpx.Request) -> httpx.Response:
            raise httpx.ReadError("broken")

        budget = Budget(RateLimits(safe_per_minute=1), clock=now)
        for expected in (0.0, 60.0):
            with pytest.raises(httpx.ReadError):
                await RateLimitTransport(httpx.MockTransport(fail), budget).handle_async_request(request(READ))
            assert now() == expected

    run(job())


def test_safe_and_other_calls_have_places_of_their_own_and_token_requests_need_none() -> None:
    async def job() -> None:
        limits = RateLimits(safe_per_minute=1, unsafe_per_minute=1)
        transport = RateLimitTransport(httpx.MockTransport(lambda _: httpx.Response(200)), Budget(limits, clock=now))
        for operation in (READ, WRITE, None, None, None):
            await transport.handle_async_request(request(operation))
        assert now() == 0.0

    run(job())


def test_one_budget_serves_several_event_loops_one_after_the_other() -> None:
    moment = 0.0
    budget = Budget(RateLimits(safe_per_minute=1), clock=lambda: moment)

    async def leave_somebody_waiting() -> None:
        await budget.take(safe=True)
        budget.answered(safe=True)
        task = asyncio.ensure_future(budget.take(safe=True))
        await asyncio.sleep(0)
        assert not task.done()

    run(leave_somebody_waiting())
    moment = 61.0
    assert run(budget.take(safe=True)) == 0.0
    budget.give_back(safe=True)


def drop(loop: asyncio.AbstractEventLoop, *tasks: asyncio.Task[Any]) -> None:
    """Close a loop without its tasks, and collect these as the interpreter would, without asyncio's complaints."""
    loop.close()
    for task in tasks:
        coroutine: Any = task.get_coro()
        coroutine.close()
        task._log_destroy_pending = False  # type: ignore[attr-defined]


def test_a_loop_that_was_dropped_with_its_waiters_costs_nobody_a_place() -> None:
    moment = 0.0
    budget = Budget(RateLimits(safe_per_minute=1), clock=lambda: moment)
    abandoned = VirtualTimeLoop()
    abandoned.run_until_complete(budget.take(safe=True))
    waiting = [abandoned.create_task(budget.take(safe=True)) for _ in range(2)]
    abandoned.run_until_complete(asyncio.sleep(0))
    drop(abandoned, *waiting)
    budget.give_back(safe=True)
    for _ in range(3):
        assert run(asyncio.wait_for(budget.take(safe=True), 5)) == 0.0
        budget.give_back(safe=True)


def test_a_place_granted_in_a_loop_that_ends_then_is_not_lost() -> None:
    budget = Budget(RateLimits(safe_per_minute=1), clock=lambda: 0.0)
    loop = VirtualTimeLoop()
    loop.run_until_complete(budget.take(safe=True))
    task = loop.create_task(budget.take(safe=True))

    async def stop_between_the_grant_and_its_arrival() -> None:
        await asyncio.sleep(0)
        budget.give_back(safe=True)
        await asyncio.sleep(0)
        loop.stop()

    stopping = loop.create_task(stop_between_the_grant_and_its_arrival())
    loop.run_forever()
    assert stopping.done()
    assert not task.done()
    drop(loop, task)
    assert run(asyncio.wait_for(budget.take(safe=True), 5)) == 0.0


def test_a_place_that_is_freed_in_one_thread_goes_to_who_waits_in_another() -> None:
    budget = Budget(RateLimits(safe_per_minute=1))
    is_waiting = threading.Event()
    served: list[float] = []

    async def wait() -> None:
        task = asyncio.ensure_future(budget.take(safe=True))
        await asyncio.sleep(0)
        is_waiting.set()
        served.append(await asyncio.wait_for(task, 20))

    async def hold_until_somebody_waits() -> None:
        await budget.take(safe=True)
        thread = threading.Thread(target=asyncio.run, args=(wait(),))
        thread.start()
        await asyncio.to_thread(is_waiting.wait)
        budget.give_back(safe=True)
        await asyncio.to_thread(thread.join)

    asyncio.run(hold_until_somebody_waits())
    assert len(served) == 1
    assert served[0] < 15


def test_threads_that_share_a_budget_neither_lose_places_nor_make_any() -> None:
    budget = Budget(RateLimits(safe_per_minute=7), minute=0.001)
    held = most = 0

    async def work() -> None:
        nonlocal held, most
        for _ in range(50):
            await budget.take(safe=True)
            held += 1
            most = max(most, held)
            await asyncio.sleep(0)
            held -= 1
            budget.answered(safe=True)

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(4)))

    threads = [threading.Thread(target=asyncio.run, args=(all_of_them(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert most <= 7

    async def take_all() -> list[float]:
        await asyncio.sleep(0.01)
        taken = await asyncio.gather(*(budget.take(safe=True) for _ in range(7)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.take(safe=True), 0.02)
        return taken

    assert asyncio.run(take_all()) == [0.0] * 7


def test_clients_with_equal_credentials_share_one_budget() -> None:
    def budget_of(client: SendcloudIntegrations) -> Any:
        transport: Any = client.http._transport
        return transport._transport._transport._budget

    one, same = (SendcloudIntegrations(auth=BasicAuth("a", secret)) for secret in ("s", "s"))
    other = SendcloudIntegrations(auth=BasicAuth("b", "s"))
    assert budget_of(one) is budget_of(same)
    assert budget_of(one) is not budget_of(other)
    assert budget_of(SendcloudIntegrations(auth=BasicAuth("a", "s"), rate_limits=None)) is None


def test_a_budget_that_nobody_holds_is_forgotten() -> None:
    first = budget_for("key", RateLimits())
    assert budget_for("key", RateLimits()) is first
    held = weakref.ref(first)
    del first
    gc.collect()
    assert held() is None


@pytest.mark.parametrize("name", ["safe_per_minute", "unsafe_per_minute", "unsafe_burst_per_second"])
def test_senseless_limits_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        RateLimits(**{name: 0})
