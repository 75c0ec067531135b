"""Priorities in one process: interactive calls do not wait beside a sync at full speed, and the sync is not starved.

The simulation runs in virtual time: limit 240 per minute, 8 background callers without pause.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import threading
from collections import Counter
from collections.abc import Callable

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import (
    BasicAuth,
    CallReport,
    ConfigurationError,
    LocalRateLimiter,
    Priority,
    RateLimits,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.pipeline.background_share import BackgroundShare
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget, RateLimitTransport, Window
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, Call, Operation
from sendcloud_integrations_client.testing import SimulatedLimits, SimulatedSendcloud
from tests.support.virtual_time import now, run

READ = Operation("list_logs", "GET", "/integrations/logs", frozenset({200}), safe=True, idempotent=True)
WRITE = Operation("update_integration", "PATCH", "/i", frozenset({204}), safe=False, idempotent=True)
LIMIT = 240
MINUTE = 60.0


@attrs.define
class Outcome:
    """What a simulation measured.

    Attributes:
        sent_at: Virtual time of each call that reached the server, by priority.
        waits: Seconds that each interactive call waited.
        rejected: Number of calls above the limit of the server.
    """

    sent_at: dict[Priority, list[float]] = attrs.field(factory=lambda: {"interactive": [], "background": []})
    waits: list[float] = attrs.field(factory=list[float])
    rejected: int = 0

    def get_use(self, first_minute: int, last_minute: int) -> float:
        """Return the share of the limit that was used in some whole minutes."""
        times = [time for times in self.sent_at.values() for time in times]
        count = sum(first_minute * MINUTE <= time < last_minute * MINUTE for time in times)
        return count / (LIMIT * (last_minute - first_minute))

    def get_p99(self) -> float:
        """Return the 99th percentile of the waits in seconds."""
        return sorted(self.waits)[math.ceil(len(self.waits) * 0.99) - 1]


def simulate(
    *,
    interactive_per_minute: float,
    interactive_start: float = 0.0,
    background_callers: int = 8,
    minutes: int = 5,
    jitter: Callable[[], float] = lambda: 1.0,
    reserve: float = 0.02,
) -> Outcome:
    """Run background callers at full speed and interactive calls at a rate."""
    outcome = Outcome()
    randomness = random.Random(7)

    async def main() -> None:
        accepted: list[float] = []

        async def respond(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(randomness.uniform(0.01, 0.15))
            while accepted and accepted[0] <= now() - MINUTE:
                accepted.pop(0)
            outcome.rejected += len(accepted) >= LIMIT
            accepted.append(now())
            await asyncio.sleep(randomness.uniform(0.01, 0.15))
            return httpx.Response(200)

        limits = RateLimits(reads_per_minute=LIMIT, interactive_reserve=reserve)
        transport = RateLimitTransport(httpx.MockTransport(respond), LocalBudget(limits, clock=now))

        async def send(priority: Priority) -> None:
            call = Call(READ, None, priority)
            request = httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
            started = now()
            await transport.handle_async_request(request)
            if priority == "interactive":
                outcome.waits.append(call.rate_limit_wait)
            outcome.sent_at[priority].append(started + call.rate_limit_wait)

        async def run_background() -> None:
            while True:
                await send("background")

        background = [asyncio.ensure_future(run_background()) for _ in range(background_callers)]
        interactive: list[asyncio.Task[None]] = []
        if interactive_per_minute:
            await asyncio.sleep(interactive_start)
            while now() < minutes * MINUTE:
                interactive.append(asyncio.ensure_future(send("interactive")))
                await asyncio.sleep(MINUTE / interactive_per_minute * jitter())
        await asyncio.sleep(max(minutes * MINUTE - now(), 0))
        for task in [*background, *interactive]:
            task.cancel()
        await asyncio.gather(*background, *interactive, return_exceptions=True)

    run(main())
    return outcome


@pytest.mark.parametrize(
    ("per_minute", "start", "least_use"),
    [
        (60, 20, 0.91),
        *(
            pytest.param(*values, marks=pytest.mark.long)
            for values in (
                *((15, 0, 0.96), (15, 150, 0.96)),
                *((120, 0, 0.85), (120, 20, 0.85), (120, 52, 0.85), (120, 150, 0.85)),
            )
        ),
    ],
)
def test_interactive_calls_do_not_wait_beside_background_calls(per_minute: int, start: int, least_use: float) -> None:
    outcome = simulate(interactive_per_minute=per_minute, interactive_start=start)
    assert len(outcome.waits) >= 2 * per_minute
    assert max(outcome.waits) == 0.0
    assert outcome.get_use(4, 5) >= least_use
    assert outcome.rejected == 0


@pytest.mark.parametrize("per_minute", [120])
def test_interactive_calls_at_random_times_do_not_wait(per_minute: int) -> None:
    randomness = random.Random(3)
    outcome = simulate(
        interactive_per_minute=per_minute, interactive_start=20, jitter=lambda: randomness.expovariate(1.0)
    )
    assert outcome.get_p99() == 0.0
    assert outcome.rejected == 0


@pytest.mark.parametrize("reserve", [pytest.param(0.0, marks=pytest.mark.long), 0.02])
def test_background_calls_alone_use_the_limit_except_for_the_reserve(reserve: float) -> None:
    outcome = simulate(interactive_per_minute=0, reserve=reserve, minutes=3)
    for minute in range(3):
        assert outcome.get_use(minute, minute + 1) >= 0.97 * (1 - reserve)
    most = math.floor(LIMIT * (1 - reserve))
    times = outcome.sent_at["background"]
    assert max(sum(start <= time < start + MINUTE for time in times) for start in times) <= most


def test_background_calls_are_spread_over_the_window() -> None:
    times = simulate(interactive_per_minute=0, minutes=4).sent_at["background"]
    # At most a quarter in the first second, and from then on at the same pace.
    assert sum(time < 1 for time in times) <= LIMIT / 4 + 4
    for second in range(1, 235, 5):
        assert 10 <= sum(second <= time < second + 5 for time in times) <= 25


def test_background_calls_get_a_tenth_of_the_limit_beside_interactive_calls_above_the_limit() -> None:
    outcome = simulate(interactive_per_minute=1.5 * LIMIT, minutes=4)
    for minute in range(2, 4):
        count = sum(minute * MINUTE <= time < (minute + 1) * MINUTE for time in outcome.sent_at["background"])
        assert count >= LIMIT / 10
    background = [time for time in outcome.sent_at["background"] if time > MINUTE]
    assert max(later - earlier for earlier, later in itertools.pairwise(background)) <= MINUTE
    assert outcome.rejected == 0


def test_background_calls_that_start_under_overload_reach_a_tenth_of_the_limit() -> None:
    async def main() -> list[float]:
        budget = LocalBudget(RateLimits(reads_per_minute=100), clock=now)
        served: list[float] = []

        async def call(priority: Priority) -> None:
            while now() < 600:
                await budget.acquire(safe=True, priority=priority)
                if priority == "background":
                    served.append(now())
                await asyncio.sleep(0.2)
                budget.complete(safe=True, priority=priority)

        interactive = [asyncio.ensure_future(call("interactive")) for _ in range(20)]
        await asyncio.sleep(100)
        await asyncio.gather(*(call("background") for _ in range(8)), *interactive)
        return served

    served = run(main())
    assert served[0] <= 100 + MINUTE / 10 + 60
    assert sum(240 <= time < 540 for time in served) >= 5 * 10 - 2


def test_limit_of_one_call_serves_both_priorities() -> None:
    async def main() -> list[str]:
        budget = LocalBudget(RateLimits(reads_per_minute=1), clock=now)
        served: list[str] = []

        async def call(priority: Priority) -> None:
            await budget.acquire(safe=True, priority=priority)
            served.append(priority)
            budget.complete(safe=True, priority=priority)

        await asyncio.gather(*(call(priority) for priority in ("background", "interactive") * 3))
        assert now() == pytest.approx(300, abs=1)
        return served

    served = run(main())
    assert sorted(served) == ["background"] * 3 + ["interactive"] * 3


def test_interactive_writes_do_not_wait_beside_a_burst_of_background_writes() -> None:
    async def main() -> list[float]:
        transport = RateLimitTransport(
            httpx.MockTransport(lambda _: httpx.Response(204)), LocalBudget(RateLimits(), clock=now)
        )
        waits: list[float] = []

        async def send(priority: Priority) -> None:
            call = Call(WRITE, None, priority)
            await transport.handle_async_request(
                httpx.Request("PATCH", "https://x.example/", extensions={CALL_EXTENSION: call})
            )
            if priority == "interactive":
                waits.append(call.rate_limit_wait)

        background = [asyncio.ensure_future(send("background")) for _ in range(300)]
        for _ in range(60):
            await asyncio.sleep(2)
            await send("interactive")
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        return waits

    assert max(run(main())) == 0.0


def test_waiting_interactive_calls_go_before_waiting_background_calls() -> None:
    async def main() -> list[str]:
        budget = LocalBudget(RateLimits(reads_per_minute=20, interactive_reserve=0), clock=now)
        for _ in range(2):  # background calls have more than their floor
            await budget.acquire(safe=True, priority="background")
        for _ in range(18):
            await budget.acquire(safe=True)
        served: list[str] = []

        async def call(name: str, priority: Priority) -> None:
            await budget.acquire(safe=True, priority=priority)
            served.append(name)

        tasks = [
            asyncio.ensure_future(call(f"{priority} {number}", priority))
            for priority in ("background", "interactive")
            for number in range(2)
        ]
        await asyncio.sleep(0)
        for _ in range(18):
            budget.complete(safe=True)
        await asyncio.wait(tasks, timeout=200)
        for task in tasks:
            task.cancel()
        return served

    assert run(main())[:2] == ["interactive 0", "interactive 1"]


def test_background_waiter_is_served_if_the_interactive_waiter_before_it_is_cancelled() -> None:
    async def main() -> None:
        budget = LocalBudget(RateLimits(reads_per_minute=10, interactive_reserve=0), clock=now)
        for _ in range(10):
            await budget.acquire(safe=True)
        interactive = asyncio.ensure_future(budget.acquire(safe=True))
        background = asyncio.ensure_future(budget.acquire(safe=True, priority="background"))
        await asyncio.sleep(0)
        interactive.cancel()
        for _ in range(10):
            budget.release(safe=True)
        await asyncio.wait_for(background, 1)

    run(main())


@given(data=st.data())
def test_cancelled_waiters_of_both_priorities_release_their_slots(data: st.DataObject) -> None:
    priorities: list[Priority] = data.draw(
        st.lists(st.sampled_from(("interactive", "background")), min_size=12, max_size=12)
    )
    cancel_times = data.draw(st.lists(st.integers(0, 130), min_size=12, max_size=12))

    async def main() -> None:
        budget = LocalBudget(RateLimits(reads_per_minute=3), clock=now)

        async def hold_slot(priority: Priority) -> None:
            await budget.acquire(safe=True, priority=priority)
            try:
                await asyncio.sleep(0.5)
            finally:
                budget.complete(safe=True, priority=priority)

        async def hold_and_cancel(priority: Priority, seconds: int) -> None:
            task = asyncio.ensure_future(hold_slot(priority))
            await asyncio.sleep(seconds)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        await asyncio.gather(*map(hold_and_cancel, priorities, cancel_times))
        await asyncio.sleep(61)
        assert [await budget.acquire(safe=True) for _ in range(3)] == [0.0] * 3
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.acquire(safe=True), 600)

    run(main())


def test_background_callers_of_one_thread_let_interactive_callers_of_another_go_first() -> None:
    budget = LocalBudget(RateLimits(reads_per_minute=40), minute=0.4)
    stop = threading.Event()
    counts = {"interactive": 0, "background": 0}

    async def work(priority: Priority) -> None:
        while not stop.is_set():
            await budget.acquire(safe=True, priority=priority)
            counts[priority] += 1
            budget.complete(safe=True, priority=priority)
            await asyncio.sleep(0)

    async def run_workers(priority: Priority) -> None:
        await asyncio.wait([asyncio.ensure_future(work(priority)) for _ in range(4)])

    threads = [
        threading.Thread(target=asyncio.run, args=(run_workers(priority),))
        for priority in ("background", "interactive")
    ]
    for thread in threads:
        thread.start()
    while sum(counts.values()) < 120:
        threads[0].join(0.05)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert counts["interactive"] > counts["background"] > 0


@given(
    limit=st.integers(1, 300),
    reserve=st.sampled_from([0.0, 0.02, 0.5, 0.9]),
    steps=st.lists(st.tuples(st.floats(0, 30), st.booleans(), st.booleans()), max_size=80),
)
def test_background_calls_never_use_the_reserve(
    limit: int, reserve: float, steps: list[tuple[float, bool, bool]]
) -> None:
    window = Window(limit, MINUTE)
    share = BackgroundShare(window, reserve)
    time = 0.0
    for seconds, is_background, is_complete in steps:
        time += seconds
        window.expire(time)
        interactive = limit - window.free - window.background_used
        if is_background and share.may_take(time):
            share.take()
            window.free -= 1
            window.background_used += 1
            most = limit - max(math.ceil(limit * reserve), math.ceil(1.25 * interactive))
            assert window.background_used <= max(most, limit // 10, 1)
            if is_complete:
                window.background_freed_at.append(time + MINUTE)
        elif not is_background and window.free > 0:
            window.free -= 1
            if is_complete:
                window.freed_at.append(time + MINUTE)
        assert window.free >= 0
        assert time <= share.get_next_attempt(time) <= time + 1.0


async def test_priority_reaches_the_rate_limiter() -> None:
    priorities: list[str] = []

    class RecordingBudget(LocalBudget):
        def try_acquire(self, *, safe: bool, priority: Priority = "interactive") -> bool:
            priorities.append(priority)
            return True

    class RecordingLimiter:
        def get_budget(self, key: str) -> LocalBudget:
            return RecordingBudget(RateLimits())

    respond = httpx.MockTransport(lambda _: httpx.Response(200, json={"data": []}))
    async with SendcloudIntegrations(
        auth=BasicAuth("a", "b"), transport=respond, rate_limiter=RecordingLimiter()
    ) as client:
        await client.logs.list()
        background = client.with_options(priority="background")
        await background.logs.list()
        await background.with_options(timeout=3).logs.list()
        await background.with_options(priority="interactive").logs.list()
        assert [log async for log in client.logs.list_for_integrations([1])] == []
        assert [log async for log in client.logs.list_for_integrations([1], priority="interactive")] == []
    assert priorities == ["interactive", "background", "background", "interactive", "background", "interactive"]


def test_invalid_options_raise_configuration_error() -> None:
    auth = BasicAuth("a", "b")
    with pytest.raises(ConfigurationError, match="together with rate_limiter"):
        SendcloudIntegrations(auth=auth, rate_limits=RateLimits(), rate_limiter=LocalRateLimiter())
    with pytest.raises(ConfigurationError, match="together with rate_limiter"):
        SendcloudIntegrations(auth=auth, rate_limits=None, rate_limiter=LocalRateLimiter())
    with pytest.raises(ConfigurationError, match="protocol RateLimiter, not int"):
        SendcloudIntegrations(auth=auth, rate_limiter=3)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="Invalid priority"):
        SendcloudIntegrations(auth=auth).with_options(priority="high")  # type: ignore[arg-type]
    for reserve in (-0.1, 0.91, math.nan):
        with pytest.raises(ConfigurationError, match="interactive_reserve"):
            RateLimits(interactive_reserve=reserve)


def test_local_rate_limiters_with_equal_limits_share_budgets() -> None:
    first, second = LocalRateLimiter(RateLimits(reads_per_minute=5)), LocalRateLimiter(RateLimits(reads_per_minute=5))
    budget = first.get_budget("key")
    assert second.get_budget("key") is budget
    assert LocalRateLimiter().get_budget("key") is not budget
    assert repr(first).startswith("LocalRateLimiter(RateLimits(reads_per_minute=5, ")


class VirtualTimeLimiter:
    """Limits calls by the clock of the running loop."""

    def get_budget(self, key: str) -> LocalBudget:
        return LocalBudget(RateLimits(reads_per_minute=LIMIT), clock=now)


@pytest.mark.parametrize("priority", [pytest.param("background", marks=pytest.mark.long), "interactive"])
def test_interactive_calls_do_not_wait_beside_a_bulk_read_against_the_simulated_server(priority: Priority) -> None:
    """In virtual time, with the limit that the simulated server counts itself."""
    waits: list[float] = []
    statuses: Counter[int] = Counter()
    seconds = 150 if priority == "background" else 80

    class CountingTransport(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            statuses[response.status_code] += 1
            return response

    def record_wait(report: CallReport) -> None:
        if report.operation == "list_integrations":
            waits.append(report.rate_limit_wait)

    async def main() -> None:
        limits = SimulatedLimits(reads_per_minute=LIMIT)
        sendcloud = SimulatedSendcloud(integrations=8, logs=5000, limits=limits, clock=now)
        keys = sendcloud.credentials
        async with SendcloudIntegrations(
            auth=BasicAuth(keys.public_key, keys.secret_key),
            base_url="https://panel.sendcloud.sc/api/v3",
            transport=CountingTransport(sendcloud),
            rate_limiter=VirtualTimeLimiter(),
            on_call=record_wait,
        ) as client:

            async def read_logs() -> None:
                async for _ in client.logs.list_for_integrations(range(1, 9), page_size=1, priority=priority):
                    pass

            task = asyncio.ensure_future(read_logs())
            await asyncio.sleep(20)
            while now() < seconds:
                await client.integrations.list()
                await asyncio.sleep(1)
            assert not task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run(main())
    assert statuses.keys() == {200}
    if priority == "background":
        assert max(waits) == 0.0
        assert statuses.total() >= 0.9 * LIMIT * seconds / MINUTE
    else:
        assert max(waits) > 10  # without the priority, the same calls wait
