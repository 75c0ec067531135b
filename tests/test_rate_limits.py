"""The limit is used in full and never broken; waiting is in order, and can be given up at any moment."""

from __future__ import annotations

import asyncio
import gc
import random
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
from tests.virtual_time import now, run

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
    minutes = 6 if operation.safe else 30

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
