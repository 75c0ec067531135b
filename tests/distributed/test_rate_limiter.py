"""Rate limits shared through a real Valkey server. Each `RedisBudget` here acts as one process.

No assertion depends on the speed of the machine: the tests check who gets slots and how many, not how fast.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import threading
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from sendcloud_integrations_client import (
    BasicAuth,
    ConfigurationError,
    Priority,
    RateLimitError,
    RateLimits,
    RetryPolicy,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.auth import AccessToken
from sendcloud_integrations_client.distributed import RedisRateLimiter, RedisTokenStore
from sendcloud_integrations_client.distributed.connections import RedisConnections
from sendcloud_integrations_client.distributed.rate_limiter import RedisBudget
from tests.support.valkey import ValkeyServer, running_valkey

KEY = "sendcloud:{digest}"
LOGGER = "sendcloud_integrations_client"


@pytest.fixture
def valkey_to_break() -> Iterator[ValkeyServer]:
    """A server for a test that freezes or kills it."""
    with running_valkey() as server:
        yield server


def build_budget(
    valkey: ValkeyServer,
    *,
    reads: int = 10,
    minute: float = 60.0,
    timeout: float = 5.0,
    fallback_share: float = 0.25,
    lease: float = 120.0,
    writes: int = 100,
    writes_per_second: int = 15,
) -> RedisBudget:
    """Build the budget of one process. The timeout is long, because test machines are slow."""
    return RedisBudget(
        RedisConnections(valkey.url, timeout=timeout),
        KEY,
        RateLimits(
            reads_per_minute=reads,
            writes_per_minute=writes,
            writes_per_second=writes_per_second,
            interactive_reserve=0.1,
        ),
        minute=minute,
        fallback_share=fallback_share,
        lease=lease,
    )


async def acquire(
    budget: RedisBudget, priority: Priority = "interactive", count: int = 1, *, safe: bool = True
) -> None:
    """Take slots; fail if that takes more than 60 seconds."""
    async with asyncio.timeout(60):
        for _ in range(count):
            await budget.acquire(safe=safe, priority=priority)


async def has_no_free_slot(budget: RedisBudget, priority: Priority = "interactive", *, safe: bool = True) -> bool:
    """Return whether no slot is free for 0.3 seconds."""
    try:
        async with asyncio.timeout(0.3):
            await budget.acquire(safe=safe, priority=priority)
    except TimeoutError:
        return True
    return False


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true, at most 60 seconds."""

    async def check() -> bool:
        return condition()

    await wait_for(check)


async def wait_for(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a check returns True, at most 60 seconds."""
    deadline = time.monotonic() + 60
    while not await check():
        assert time.monotonic() < deadline, "the condition did not become true"
        await asyncio.sleep(0.02)


def count_slots(valkey: ValkeyServer, kind: str = "reads") -> int:
    """Return the number of slots that are taken on the server."""
    replies = [valkey.command("ZCARD", f"{KEY}:{kind}:{log}") for log in ("interactive", "background")]
    return sum(int(reply[1:]) for reply in replies)


def count_waiting_processes(valkey: ValkeyServer, priority: Priority) -> int:
    """Return the number of processes whose reads wait."""
    return int(valkey.command("ZCARD", f"{KEY}:reads:{priority}-queue")[1:])


# --------------------------------------------------------------------------------------------- limits


async def test_processes_share_the_limit(valkey: ValkeyServer) -> None:
    first, second = build_budget(valkey), build_budget(valkey)
    await acquire(first, count=6)
    await acquire(second, count=4)
    assert await has_no_free_slot(first)
    assert await has_no_free_slot(second)
    assert count_slots(valkey) == 10


async def test_slot_is_free_one_window_after_its_response(valkey: ValkeyServer) -> None:
    first, second = build_budget(valkey, reads=1, minute=0.5), build_budget(valkey, reads=1, minute=0.5)
    await acquire(first)
    assert await has_no_free_slot(second)  # in flight for as long as the call lasts
    completed = time.monotonic()
    first.complete(safe=True)
    await acquire(second)
    assert time.monotonic() >= completed + 0.5


async def test_released_slot_is_free_immediately_for_all_processes(valkey: ValkeyServer) -> None:
    first, second = build_budget(valkey, reads=1), build_budget(valkey, reads=1)
    await acquire(first)
    waiting = asyncio.ensure_future(acquire(second))
    await asyncio.sleep(0.05)
    first.release(safe=True)
    await waiting


async def test_writes_have_their_own_slots_and_a_limit_per_second(valkey: ValkeyServer) -> None:
    budget, other = (build_budget(valkey, reads=1, writes=20, writes_per_second=4) for _ in range(2))
    await acquire(budget)
    await acquire(budget, count=4, safe=False)
    assert await has_no_free_slot(other, safe=False)
    for _ in range(4):
        budget.complete(safe=False)
    completed = time.monotonic()
    await acquire(other, safe=False)
    assert time.monotonic() >= completed + 0.9
    assert count_slots(valkey, "writes") == 5


async def test_no_window_exceeds_the_limit_under_load_of_three_processes(valkey: ValkeyServer) -> None:
    limit, window = 40, 0.5
    budgets = [build_budget(valkey, reads=limit, minute=window) for _ in range(3)]
    accepted: deque[float] = deque()
    rejected = 0
    counts: Counter[int] = Counter()

    async def work(number: int, priority: Priority) -> None:
        nonlocal rejected
        randomness = random.Random(number)
        while sum(counts.values()) < 3 * limit:
            await acquire(budgets[number % 3], priority)
            await asyncio.sleep(randomness.uniform(0, 0.02))
            now = time.monotonic()
            while accepted and accepted[0] <= now - window:
                accepted.popleft()
            rejected += len(accepted) >= limit
            accepted.append(now)
            counts[number % 3] += 1
            budgets[number % 3].complete(safe=True, priority=priority)

    async with asyncio.timeout(120):
        await asyncio.gather(*(work(number, ("interactive", "background")[number % 2]) for number in range(12)))
    assert rejected == 0
    assert sum(counts.values()) >= 3 * limit
    assert set(counts) == {0, 1, 2}


async def test_slots_of_a_process_that_died_are_free_after_their_lease(valkey: ValkeyServer) -> None:
    died = build_budget(valkey, reads=3, lease=0.8, minute=0.2)
    started = time.monotonic()
    await acquire(died, count=3)
    other = build_budget(valkey, reads=3, lease=0.8, minute=0.2)
    await acquire(other, count=3)
    assert time.monotonic() >= started + 0.8


async def test_keys_expire_and_contain_no_text_of_the_credentials(valkey: ValkeyServer) -> None:
    limiter = RedisRateLimiter(valkey.url, timeout=5)
    auth = BasicAuth("public-key-text", "secret-key-text")
    response = httpx.Response(429, headers={"Retry-After": "50"})
    async with SendcloudIntegrations(
        auth=auth, transport=httpx.MockTransport(lambda _: response), rate_limiter=limiter, retries=None
    ) as client:
        with pytest.raises(RateLimitError):
            await client.logs.list()
    await limiter.aclose()
    reply = valkey.command("KEYS", "*").decode()
    keys = [line for line in reply.splitlines() if line.startswith("sendcloud:")]
    assert {key.rpartition(":")[2] for key in keys} >= {"interactive", "state", "pause"}
    for key in keys:
        assert auth.budget_key in key
        assert int(valkey.command("PTTL", key)[1:]) > 0
        for secret in ("public-key", "secret-key"):
            assert secret not in key + valkey.command("DUMP", key).decode(errors="replace")


async def test_pause_applies_to_all_processes(valkey: ValkeyServer, caplog: pytest.LogCaptureFixture) -> None:
    first, second = build_budget(valkey), build_budget(valkey)
    await acquire(first)
    paused = time.monotonic()
    first.pause(0.7)
    first.pause(0.7)  # the 429 of another call in flight is no second pause
    first.complete(safe=True)
    # The key expires with the pause, which a slow machine can miss.
    await wait_until(lambda: valkey.command("EXISTS", f"{KEY}:pause") == b":1\r\n" or time.monotonic() >= paused + 0.7)
    await acquire(second)
    await acquire(second, safe=False)
    assert time.monotonic() >= paused + 0.7
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["Sendcloud responded with 429"]


# ------------------------------------------------------------------------------------- priorities, fairness


async def test_background_calls_leave_the_reserve_to_interactive_calls_of_other_processes(valkey: ValkeyServer) -> None:
    background, interactive = build_budget(valkey, reads=20), build_budget(valkey, reads=20)
    await acquire(background, "background", count=2)
    granted = 2
    while not await has_no_free_slot(background, "background"):
        granted += 1
    assert granted <= 18
    await acquire(interactive, count=2)


async def test_background_calls_are_paced(valkey: ValkeyServer) -> None:
    budget = build_budget(valkey, reads=100)
    taken = [asyncio.ensure_future(acquire(budget, "background")) for _ in range(100)]
    await wait_until(lambda: count_slots(valkey) >= 20)
    await asyncio.sleep(0.2)
    # A quarter of 90, and what the bucket got in the meantime: about one per second.
    assert count_slots(valkey) <= 45
    for task in taken:
        task.cancel()
    await asyncio.gather(*taken, return_exceptions=True)


async def test_interactive_waiters_of_another_process_go_before_background_waiters(valkey: ValkeyServer) -> None:
    holder, background, interactive = (build_budget(valkey, reads=20) for _ in range(3))
    await acquire(holder, "background", count=2)  # background calls have more than their floor
    await acquire(holder, count=18)
    served: list[str] = []

    async def wait(budget: RedisBudget, priority: Priority) -> None:
        await acquire(budget, priority)
        served.append(priority)

    tasks = [asyncio.ensure_future(wait(background, "background"))]
    await wait_until(lambda: count_waiting_processes(valkey, "background") == 1)
    tasks.append(asyncio.ensure_future(wait(interactive, "interactive")))
    await wait_until(lambda: count_waiting_processes(valkey, "interactive") == 1)
    holder.release(safe=True)
    await wait_until(lambda: bool(served))
    assert served == ["interactive"]
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_background_floor_goes_before_interactive_waiters(valkey: ValkeyServer) -> None:
    holder, background = build_budget(valkey, reads=20), build_budget(valkey, reads=20)
    await acquire(holder, count=20)
    waiting = [asyncio.ensure_future(acquire(holder)) for _ in range(5)]
    background_call = asyncio.ensure_future(acquire(background, "background"))
    await wait_until(lambda: count_waiting_processes(valkey, "background") == 1)
    for _ in range(3):
        holder.release(safe=True)
    await background_call
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_process_with_few_waiters_gets_its_share_beside_a_busy_process(valkey: ValkeyServer) -> None:
    window = 0.4
    busy, modest = (build_budget(valkey, reads=20, minute=window) for _ in range(2))
    counts: Counter[str] = Counter()

    async def work(name: str, budget: RedisBudget) -> None:
        while sum(counts.values()) < 160:
            await acquire(budget)
            counts[name] += 1
            budget.complete(safe=True)

    async with asyncio.timeout(120):
        await asyncio.gather(*(work("busy", busy) for _ in range(30)), *(work("modest", modest) for _ in range(6)))
    assert counts["modest"] >= 160 / 4  # half of its equal share


# ------------------------------------------------------------------------------------------ cancellation


async def test_cancelled_callers_leave_no_slot_behind(valkey: ValkeyServer) -> None:
    budgets = [build_budget(valkey, reads=6), build_budget(valkey, reads=6)]
    randomness = random.Random(11)
    held = 0

    async def call(number: int) -> None:
        nonlocal held
        budget = budgets[number % 2]
        await budget.acquire(safe=True, priority="interactive")
        try:
            held += 1
            assert held <= 6
            await asyncio.sleep(randomness.uniform(0, 0.01))
        finally:
            held -= 1
            budget.release(safe=True)

    for _ in range(6):
        tasks = [asyncio.ensure_future(call(number)) for number in range(30)]
        for task in randomness.sample(tasks, 20):
            await asyncio.sleep(randomness.uniform(0, 0.003))
            task.cancel()
        async with asyncio.timeout(60):
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    await wait_until(lambda: count_slots(valkey) == 0)
    await acquire(budgets[0], count=6)
    await wait_until(lambda: count_waiting_processes(valkey, "interactive") == 0)


async def test_cancelled_waiter_leaves_the_queue_of_the_server(valkey: ValkeyServer) -> None:
    holder, waiter = build_budget(valkey, reads=1), build_budget(valkey, reads=1)
    await acquire(holder)
    assert await has_no_free_slot(waiter)
    await wait_until(lambda: valkey.command("EXISTS", f"{KEY}:reads:interactive-queue") == b":0\r\n")


def test_cancelled_exchange_task_does_not_strand_its_callers(valkey: ValkeyServer) -> None:
    async def main() -> None:
        budget = build_budget(valkey, reads=1)
        await acquire(budget)
        waiting = asyncio.ensure_future(acquire(budget))
        await asyncio.sleep(0.05)
        others = asyncio.all_tasks() - {waiting, asyncio.current_task()}
        assert others
        for task in others:
            task.cancel()
        await asyncio.sleep(0.05)
        budget.release(safe=True)
        await waiting

    asyncio.run(main())


def test_budget_works_in_consecutive_event_loops_and_reports_at_their_end(valkey: ValkeyServer) -> None:
    budget = build_budget(valkey, reads=5, minute=0.2)

    async def call() -> None:
        await acquire(budget)
        budget.complete(safe=True)

    for _ in range(3):
        asyncio.run(call())
        # The end of the call was reported when the loop shut down: the slot is free after one window, not the lease.
        score = valkey.command("ZRANGE", f"{KEY}:reads:interactive", "-1", "-1", "WITHSCORES").split(b"\r\n")[-2]
        assert float(score) < (time.time() + 1) * 1000


def test_threads_share_a_budget(valkey: ValkeyServer) -> None:
    budget = build_budget(valkey, reads=10)
    lock, held, most_held = threading.Lock(), 0, 0

    async def work() -> None:
        nonlocal held, most_held
        for _ in range(10):
            await acquire(budget)
            with lock:
                held += 1
                most_held = max(most_held, held)
            await asyncio.sleep(0)
            with lock:
                held -= 1
            budget.release(safe=True)

    async def run_workers() -> None:
        await asyncio.gather(*(work() for _ in range(4)))

    threads = [threading.Thread(target=asyncio.run, args=(run_workers(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    assert most_held <= 10
    assert count_slots(valkey) == 0


# ------------------------------------------------------------------------------- server that is unavailable


async def test_process_without_server_continues_with_its_fallback_share(caplog: pytest.LogCaptureFixture) -> None:
    limiter = RedisRateLimiter("unix:///nonexistent/valkey.sock", limits=RateLimits(reads_per_minute=8))
    budget = limiter.get_budget("key")
    await acquire(budget, count=2)
    assert await has_no_free_slot(budget)
    delay = budget.get_delay(safe=True)
    assert delay is None  # it depends on the calls in flight
    budget.complete(safe=True)
    assert 0 < (budget.get_delay(safe=True) or 0) <= 60
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "nonexistent" not in caplog.text


async def test_background_calls_are_served_without_server(caplog: pytest.LogCaptureFixture) -> None:
    budget = RedisRateLimiter("unix:///nonexistent/valkey.sock").get_budget("key")
    await acquire(budget, "background", count=3)
    await acquire(budget, count=3)
    budget.release(safe=True)
    budget.complete(safe=True, priority="background")
    await acquire(budget, "background")


async def test_frozen_server_causes_no_error_and_learns_of_the_calls_afterwards(
    valkey_to_break: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    budget = build_budget(valkey_to_break, reads=40, timeout=1.5)
    await acquire(budget, count=4)
    valkey_to_break.freeze()
    await acquire(budget, count=4)
    for _ in range(5):
        budget.complete(safe=True)
    assert budget.connections.is_down
    valkey_to_break.unfreeze()

    async def is_back() -> bool:
        await acquire(budget)
        budget.release(safe=True)
        return not budget.connections.is_down

    await wait_for(is_back)
    await wait_until(lambda: count_slots(valkey_to_break) == 8)
    levels = Counter(record.levelname for record in caplog.records)
    assert levels == {"WARNING": 1, "INFO": 1}


async def test_fallback_knows_the_calls_of_the_last_window(valkey_to_break: ValkeyServer) -> None:
    budget = build_budget(valkey_to_break, reads=40)
    await acquire(budget, count=10)  # its fallback share
    for _ in range(10):
        budget.complete(safe=True)
    valkey_to_break.stop()
    assert await has_no_free_slot(budget)
    await wait_until(lambda: budget.connections.is_down)


async def test_restarted_server_learns_of_the_calls_of_the_last_window(valkey_to_break: ValkeyServer) -> None:
    first, second = build_budget(valkey_to_break), build_budget(valkey_to_break)
    await acquire(first, count=5)
    await acquire(second, count=5)
    for _ in range(3):
        second.complete(safe=True)
    valkey_to_break.stop()
    assert await has_no_free_slot(first)
    valkey_to_break.start()

    async def have_reported() -> bool:
        refusals = [await has_no_free_slot(budget) for budget in (first, second)]
        return all(refusals) and not first.connections.is_down and not second.connections.is_down

    await wait_for(have_reported)
    assert count_slots(valkey_to_break) >= 10


async def test_flushed_server_learns_of_the_calls_before_it_grants_more(valkey: ValkeyServer) -> None:
    budget = build_budget(valkey)
    await acquire(budget, count=10)
    for _ in range(4):
        budget.complete(safe=True)
    # The server has them when their slots are free again in a minute, and not in two, as those of calls in flight.
    before = str((time.time() + 90) * 1000)
    await wait_until(lambda: valkey.command("ZCOUNT", f"{KEY}:reads:interactive", "-inf", before) == b":4\r\n")
    valkey.command("FLUSHALL")
    assert count_slots(valkey) == 0
    assert await has_no_free_slot(budget)
    await wait_until(lambda: count_slots(valkey) == 10)


def set_clock_back(valkey: ValkeyServer) -> None:
    """Change the data as if the clock of the server were one hour slow from now on."""
    script = (
        "for _, key in ipairs(redis.call('KEYS', '*:reads:*active')) do "
        "for _, one in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, 3600000, one) end end "
        f"redis.call('HINCRBY', '{KEY}:reads:state', 'now', 3600000)"
    )
    assert valkey.command(f'EVAL "{script}" 0').startswith(b"$-1")


async def test_slots_become_free_although_the_clock_of_the_server_was_set_back(valkey: ValkeyServer) -> None:
    budget = build_budget(valkey, reads=2, minute=0.5)
    await acquire(budget, count=2)
    for _ in range(2):
        budget.complete(safe=True)
    await wait_for(lambda: asyncio.sleep(0, count_slots(valkey) == 2))
    set_clock_back(valkey)
    await acquire(budget, count=2)
    assert not budget.connections.is_down


async def test_clock_of_the_server_that_was_set_back_frees_no_slot_early(valkey: ValkeyServer) -> None:
    first, second = build_budget(valkey), build_budget(valkey)
    await acquire(first, count=5)
    await acquire(second, count=5)
    first.complete(safe=True)
    await asyncio.sleep(0.4)
    set_clock_back(valkey)
    assert await has_no_free_slot(first)
    assert await has_no_free_slot(second)
    assert count_slots(valkey) == 10
    second.complete(safe=True)
    second.release(safe=True)
    await wait_for(lambda: asyncio.sleep(0, count_slots(valkey) == 9))
    await acquire(first)


async def test_pause_is_bounded_although_the_clock_of_the_server_was_set_back(valkey: ValkeyServer) -> None:
    valkey.command("SET", f"{KEY}:pause", "9000000000000")
    assert await has_no_free_slot(build_budget(valkey))
    assert 0 < int(valkey.command("PTTL", f"{KEY}:pause")[1:]) <= 60_000


async def test_callers_that_wait_without_server_return_to_it(valkey_to_break: ValkeyServer) -> None:
    valkey_to_break.stop()
    budget = build_budget(valkey_to_break, reads=8)
    await acquire(budget, count=2)
    waiting = asyncio.ensure_future(acquire(budget))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    valkey_to_break.start()
    await waiting
    assert not budget.connections.is_down


async def test_error_of_the_server_counts_as_unavailable(
    valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    valkey.command("SET", f"{KEY}:reads:interactive", "text")  # the script fails with WRONGTYPE
    budget = build_budget(valkey, reads=40)
    await acquire(budget, count=3)
    await asyncio.sleep(2.5)  # longer than the interval of probes, which succeed
    await acquire(budget, count=3)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


# ------------------------------------------------------------------------------------------------ client


@asynccontextmanager
async def client_for(limiter: RedisRateLimiter, status: int = 200) -> AsyncGenerator[SendcloudIntegrations]:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"data": []}))
    async with SendcloudIntegrations(
        auth=BasicAuth("a", "b"), transport=transport, rate_limiter=limiter, retries=RetryPolicy(total_timeout=2.0)
    ) as client:
        yield client


async def test_call_without_free_slot_raises_rate_limit_error_at_its_total_timeout(valkey: ValkeyServer) -> None:
    async with (
        RedisRateLimiter(valkey.url, limits=RateLimits(reads_per_minute=1)) as limiter,
        client_for(limiter) as client,
    ):
        await client.logs.list()
        with pytest.raises(RateLimitError, match="no request was sent"):
            await client.logs.list()


async def test_clients_of_one_limiter_share_the_budget_of_their_credentials(valkey: ValkeyServer) -> None:
    limiter = RedisRateLimiter(valkey.url)
    budget = limiter.get_budget("one")
    assert limiter.get_budget("one") is budget
    assert limiter.get_budget("two") is not budget
    assert valkey.url not in repr(limiter)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "tcp://user:hunter2@host"}, "Invalid Redis URL"),
        ({"url": "redis://user:hunter2@host:port/0"}, "Invalid Redis URL"),
        ({"fallback_share": 0}, "fallback_share"),
        ({"fallback_share": 1.1}, "fallback_share"),
        ({"timeout": 0}, "timeout"),
        ({"lease": 119}, "lease"),
        ({"limits": 5}, "Invalid limits"),
    ],
)
def test_invalid_options_raise_configuration_error_without_the_password(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        RedisRateLimiter(**{"url": "redis://host", **options})  # type: ignore[arg-type]
    assert "hunter2" not in str(caught.value)


async def test_documented_permissions_are_sufficient(valkey_to_break: ValkeyServer) -> None:
    page = (Path(__file__).parents[2] / "docs" / "authentication.md").read_text()
    commands = re.findall(r"^ +(ACL SETUSER .*)$", page, re.MULTILINE)
    assert commands
    for command in commands:
        assert valkey_to_break.command(command) == b"+OK\r\n"
    assert valkey_to_break.command("ACL SETUSER default off") == b"+OK\r\n"
    url = valkey_to_break.url.replace("unix://", "unix://sendcloud:password@")
    connections = RedisConnections(url, timeout=5)
    budget = RedisBudget(connections, KEY, RateLimits(reads_per_minute=20))
    await acquire(budget)
    await acquire(budget, "background", safe=False)
    budget.complete(safe=True)
    budget.pause(0.1)
    await acquire(budget, "background")
    await acquire(RedisBudget(connections, f"{KEY}:2", RateLimits(reads_per_minute=1)), "background")
    store = RedisTokenStore.from_connections(connections)
    assert await store.lock("key")
    await store.save("key", AccessToken("token", time.time() + 60))
    assert await store.load("key") is not None
    await store.unlock("key")
    assert not connections.is_down
    await connections.aclose()
