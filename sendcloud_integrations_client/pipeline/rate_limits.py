"""Client-side rate limiting that follows Sendcloud's published limits. One budget per set of credentials.

A limit of N calls per window is N slots. A call takes a slot when it is sent, and the slot is free again one window
after its response: the server counted the call no later than it responded, so by then it has expired there too. That
holds for sliding and for fixed windows and for any latency, so a 429 occurs only if other programs use the same
credentials. The cost is the latency of one response per window.

Callers that find no free slot wait in a queue: interactive calls are served first, each priority in order of arrival.
`background_share` contains the rules for background calls.

The default limits are the figures that Sendcloud publishes per integration: https://sendcloud.dev/ (rate limits).
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

import httpx

from sendcloud_integrations_client.errors import RateLimitError
from sendcloud_integrations_client.pipeline.background_share import BackgroundShare
from sendcloud_integrations_client.pipeline.rate_limiter import MINUTE, SECOND, Priority, RateLimitBudget, RateLimits
from sendcloud_integrations_client.pipeline.retry_after import parse_retry_after
from sendcloud_integrations_client.runtime.operations import Call, get_call

__all__ = ["LocalBudget", "LocalRateLimiter", "RateLimitTransport", "Window", "get_shared_budget"]

_logger = logging.getLogger("sendcloud_integrations_client")

_MAX_PAUSE: Final = 60.0  # seconds
_NOTICE_AFTER: Final = 5.0  # seconds; longer waits are logged as warnings
_SHORT_WINDOW_RESERVE: Final = 0.25  # share of a shorter window that background calls never use
_PAUSE_CHECK_INTERVAL: Final = 1.0  # seconds between two looks of a waiting call at the pause
_RETRY_INTERVAL: Final = 0.01  # seconds; waiters of several event loops that block each other try again
_OWED_TIMEOUT: Final = 1.0  # seconds that a slot is kept for background calls of another event loop


class LocalRateLimiter:
    """Limits the calls of this process. The default of a client.

    All clients of a process with the same credentials and limits share one budget, across threads and event loops.

    Args:
        limits: The limits of each set of credentials.

    Example:
        client = SendcloudIntegrations(rate_limiter=LocalRateLimiter(RateLimits(reads_per_minute=250)))
    """

    def __init__(self, limits: RateLimits = RateLimits()) -> None:
        self._limits = limits

    def __repr__(self) -> str:
        return f"LocalRateLimiter({self._limits!r})"

    def get_budget(self, key: str) -> RateLimitBudget:
        """Return the budget of one set of credentials.

        Args:
            key: Digest that identifies the credentials.
        """
        return get_shared_budget(key, self._limits)


class LocalBudget:
    """The free slots of one set of limits, and the callers of this process that wait for one.

    Args:
        limits: The limits.
        minute: Length of the longer window in seconds.
        second: Length of the shorter window in seconds.
        clock: Returns the current time in seconds.
    """

    def __init__(
        self,
        limits: RateLimits,
        *,
        minute: float = MINUTE,
        second: float = SECOND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        reserve = limits.interactive_reserve
        self._reads = _SlotQueue([Window(limits.reads_per_minute, minute)], reserve, self)
        self._writes = _SlotQueue(
            [Window(limits.writes_per_minute, minute), Window(limits.writes_per_second, second)], reserve, self
        )
        self._pauses = 0
        self.paused_until = 0.0

    def try_acquire(self, *, safe: bool, priority: Priority = "interactive") -> bool:
        """Take a slot if one is free and no caller that goes first waits; return whether one was taken.

        Args:
            safe: Whether the call only reads.
            priority: Priority of the call.
        """
        queue = self._reads if safe else self._writes
        if queue.has_waiters and queue.must_wait(priority):
            return False
        return queue.try_acquire(priority)

    def try_acquire_floor(self, *, safe: bool) -> bool:
        """Take a slot for a background call if background calls use less than the part that they always get."""
        return self._get_queue(safe=safe).try_acquire_floor()

    async def acquire(self, *, safe: bool, priority: Priority = "interactive") -> float:
        """Take a slot; wait in the queue if none is free.

        Args:
            safe: Whether the call only reads.
            priority: Priority of the call.

        Returns:
            Seconds waited. End the slot with `complete` or `release`.
        """
        if self.try_acquire(safe=safe, priority=priority):
            return 0.0
        started = self._clock()
        await self._get_queue(safe=safe).wait(priority)
        return self._clock() - started

    def acquire_unchecked(self, *, safe: bool, priority: Priority = "interactive") -> None:
        """Take a slot even if none is free, for a call that another limiter has permitted."""
        self._get_queue(safe=safe).acquire_unchecked(priority)

    def complete(self, *, safe: bool, priority: Priority = "interactive") -> None:
        """End a slot whose call the server may have counted until now: it is free one window from now."""
        (self._reads if safe else self._writes).complete(priority)

    def release(self, *, safe: bool, priority: Priority = "interactive") -> None:
        """End a slot whose call was never sent: it is free immediately."""
        self._get_queue(safe=safe).release(priority)

    def pause(self, seconds: float | None) -> None:
        """Pause all callers after a 429.

        Args:
            seconds: How long, at most 60 seconds; None pauses for 1, 2, 4, … up to 30 seconds on consecutive pauses.
        """
        now = self._clock()
        if seconds is None:
            if now < self.paused_until:
                return  # calls in flight together receive their 429 together: one pause
            self._pauses += 1
            seconds = min(2.0 ** (self._pauses - 1), 30.0)
        self.paused_until = max(self.paused_until, now + min(seconds, _MAX_PAUSE))

    def get_pause(self) -> float:
        """Return the seconds until the pause ends; 0 if there is no pause."""
        return max(self.paused_until - self._clock(), 0.0)

    def reset_pauses(self) -> None:
        """Start the series of pauses without `Retry-After` again at 1 second; called after a success."""
        self._pauses = 0

    def get_delay(self, *, safe: bool, priority: Priority = "interactive") -> float | None:
        """Return the seconds until a slot may be free; None if that depends on calls in flight."""
        return self._get_queue(safe=safe).get_delay(priority)

    def get_time(self) -> float:
        """Return the current time in seconds by this budget's clock."""
        return self._clock()

    def _get_queue(self, *, safe: bool) -> _SlotQueue:
        return self._reads if safe else self._writes


class RateLimitTransport(httpx.AsyncBaseTransport):
    """Sends each request of an operation when the budget has a free slot.

    Args:
        transport: Sends the request; closed together with this one.
        budget: The budget; None sends without a limit.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, budget: RateLimitBudget | None) -> None:
        self._transport = transport
        self._budget = budget

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait for a slot and send the request."""
        budget, call = self._budget, get_call(request)
        if budget is None or call is None:  # a token request goes to another server with its own limits
            return await self._transport.handle_async_request(request)
        safe, priority = call.operation.safe, call.priority
        if not budget.try_acquire(safe=safe, priority=priority):
            await self._wait_for_slot(budget, call)
        try:
            response = await self._transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            budget.release(safe=safe, priority=priority)
            raise
        except BaseException:
            budget.complete(safe=safe, priority=priority)
            raise
        if response.status_code == 429:
            budget.pause(parse_retry_after(response.headers))
        else:
            budget.reset_pauses()
        budget.complete(safe=safe, priority=priority)
        return response

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._transport.aclose()

    async def _wait_for_slot(self, budget: RateLimitBudget, call: Call) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        notice = loop.call_later(_NOTICE_AFTER, _log_wait, budget, call)
        watch: _PauseWatch | None = None
        try:
            async with asyncio.timeout(call.remaining if math.isfinite(call.deadline) else None) as timeout:
                if timeout.when() is not None:
                    watch = _PauseWatch(budget, call, timeout)
                    watch.check()
                await budget.acquire(safe=call.operation.safe, priority=call.priority)
        except TimeoutError:
            pause, delay = budget.get_pause(), budget.get_delay(safe=call.operation.safe, priority=call.priority)
            reason = (
                f"all calls with these credentials pause for {pause:.0f} s after a 429, longer than the total timeout"
                if pause > call.remaining
                else f"no free rate limit slot within {round(loop.time() - started, 1):g} s"
            )
            raise RateLimitError(
                f"{reason}; no request was sent",
                status_code=429,
                retry_after=delay if delay is not None else pause or None,
            ) from None
        finally:
            notice.cancel()
            if watch is not None:
                watch.cancel()
            call.rate_limit_wait += loop.time() - started


class _PauseWatch:
    """Ends the wait of a call whose total timeout ends before a pause does. A pause can begin while the call waits."""

    def __init__(self, budget: RateLimitBudget, call: Call, timeout: asyncio.Timeout) -> None:
        self._budget = budget
        self._call = call
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def check(self) -> None:
        if self._timeout.expired():
            return
        if self._budget.get_pause() > self._call.remaining:
            self._timeout.reschedule(self._loop.time())
        else:
            self._timer = self._loop.call_later(_PAUSE_CHECK_INTERVAL, self.check)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _log_wait(budget: RateLimitBudget, call: Call) -> None:
    delay = budget.get_delay(safe=call.operation.safe, priority=call.priority)
    next_slot = "The time of the next slot is unknown" if delay is None else f"Next slot in {delay:.0f} s"
    _logger.warning(
        "%s: waiting for a free rate limit slot. %s, total timeout in %.0f s.",
        call.operation.name,
        next_slot,
        call.remaining,
    )


def get_shared_budget(key: str, limits: RateLimits) -> LocalBudget:
    """Return the budget of one set of credentials; all callers get the same one while any of them holds it.

    Args:
        key: Identifies the credentials; see `Credentials.budget_key`.
        limits: The limits.
    """
    budget = _budgets.get((key, limits))
    if budget is None:
        budget = _budgets[key, limits] = LocalBudget(limits)
    return budget


# The server counts per credentials, whichever client of this process sends, so the registry is per process.
_budgets: Final[WeakValueDictionary[tuple[str, RateLimits], LocalBudget]] = WeakValueDictionary()


class Window:
    """The free slots of one window, and the times at which the taken ones become free.

    Args:
        limit: Number of slots.
        seconds: Length of the window.
    """

    __slots__ = ("background_freed_at", "background_used", "free", "freed_at", "limit", "seconds")

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.free = limit
        self.freed_at: deque[float] = deque()
        self.background_used = 0
        self.background_freed_at: deque[float] = deque()

    def expire(self, now: float) -> None:
        """Free the slots whose time has come."""
        freed_at = self.freed_at
        while freed_at and freed_at[0] <= now:
            freed_at.popleft()
            self.free += 1
        if self.background_used:
            freed_at = self.background_freed_at
            while freed_at and freed_at[0] <= now:
                freed_at.popleft()
                self.free += 1
                self.background_used -= 1

    def get_next_free(self) -> float:
        """Return the time at which the next slot becomes free; infinity if that depends on calls in flight."""
        return min(
            self.freed_at[0] if self.freed_at else math.inf,
            self.background_freed_at[0] if self.background_freed_at else math.inf,
        )


class _SlotQueue:
    """Callers that wait for a slot in all of some windows: first in, first out per priority in each event loop.

    Args:
        windows: The windows, the longest one first.
        reserve: Share of the longest window that background calls never use.
        budget: The budget that the queue belongs to.
    """

    def __init__(self, windows: list[Window], reserve: float, budget: LocalBudget) -> None:
        self._windows = windows
        self._budget = budget
        self._share = BackgroundShare(windows[0], reserve)
        self._short_windows = [(window, int(window.limit * _SHORT_WINDOW_RESERVE)) for window in windows[1:]]
        self._owed_since: float | None = None
        self._waiters: dict[asyncio.AbstractEventLoop, _LoopWaiters] = {}
        # Clients in other threads share it. Reentrant, because a garbage-collected coroutine can end its slot anywhere.
        self._lock = threading.RLock()

    @property
    def has_waiters(self) -> bool:
        if not self._waiters:
            return False
        return any(waiters.interactive or waiters.background for waiters in self._waiters.values())

    def must_wait(self, priority: Priority) -> bool:
        """Return whether callers that go before a new caller wait in any event loop."""
        return priority == "background" or any(waiters.interactive for waiters in self._waiters.values())

    def try_acquire(self, priority: Priority) -> bool:
        with self._lock:
            now = self._budget.get_time()
            if now < self._budget.paused_until:
                return False
            for window in self._windows:
                freed_at = window.freed_at
                if window.background_used or (freed_at and freed_at[0] <= now):
                    window.expire(now)
                if window.free <= 0:
                    return False
            if priority == "background":
                if any(window.free <= reserve for window, reserve in self._short_windows):
                    return False
                if not self._share.may_take(now):
                    return False
                self._take_background()
            else:
                for window in self._windows:
                    window.free -= 1
            return True

    def try_acquire_floor(self) -> bool:
        """Take a slot for a background call if background calls use less than the part that they always get."""
        with self._lock:
            self._windows[0].expire(self._budget.get_time())
            return self._share.is_below_floor() and self.try_acquire("background")

    def is_owed_elsewhere(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether the next slot belongs to background callers of another event loop.

        For one second at most: a loop that is blocked must not keep the slot from all others.
        """
        with self._lock:
            now = self._budget.get_time()
            self._windows[0].expire(now)
            owed = (
                self._share.is_below_floor()
                and any(
                    waiters.background and other is not loop and other.is_running()
                    for other, waiters in self._waiters.items()
                )
                and self._share.may_take(now)
            )
            if not owed:
                self._owed_since = None
                return False
            if self._owed_since is None:
                self._owed_since = now
            return now < self._owed_since + _OWED_TIMEOUT

    def has_interactive_waiters_elsewhere(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether interactive callers wait in another event loop that is running."""
        if len(self._waiters) < 2:
            return False
        return any(
            waiters.interactive and other is not loop and other.is_running() for other, waiters in self._waiters.items()
        )

    def acquire_unchecked(self, priority: Priority) -> None:
        with self._lock:
            if priority == "background":
                self._take_background()
            else:
                for window in self._windows:
                    window.free -= 1

    def complete(self, priority: Priority) -> None:
        with self._lock:
            now = self._budget.get_time()
            for window in self._windows:
                if priority == "background":
                    window.background_freed_at.append(now + window.seconds)
                else:
                    window.freed_at.append(now + window.seconds)
        if self._waiters:
            self._wake()

    def release(self, priority: Priority) -> None:
        with self._lock:
            for window in self._windows:
                window.free += 1
                if priority == "background":
                    window.background_used -= 1
        self._wake()

    def get_delay(self, priority: Priority) -> float | None:
        """Return the seconds until a slot may be free; None if that depends on calls in flight."""
        with self._lock:
            now = self._budget.get_time()
            times = [self._budget.paused_until]
            for window in self._windows:
                window.expire(now)
                if window.free <= 0:
                    times.append(window.get_next_free())
            if priority == "background":
                times.append(self._share.get_next_attempt(now))
                times += [window.get_next_free() for window, reserve in self._short_windows if window.free <= reserve]
            delay = max(max(times) - now, 0.0)
            return delay if delay < math.inf else None

    async def wait(self, priority: Priority) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            waiters = self._waiters.get(loop)
            if waiters is None:
                waiters = _LoopWaiters(self, loop)
                # Callers of a closed loop are gone. A new dict, because another thread may be iterating over the old.
                open_loops = {other: its for other, its in self._waiters.items() if not other.is_closed()}
                self._waiters = open_loops | {loop: waiters}
        await waiters.wait(priority)

    def _take_background(self) -> None:
        for window in self._windows:
            window.free -= 1
            window.background_used += 1
        self._share.take()

    def _wake(self) -> None:
        for waiters in self._waiters.values():
            waiters.wake()


class _LoopWaiters:
    """The callers that wait in one event loop."""

    def __init__(self, queue: _SlotQueue, loop: asyncio.AbstractEventLoop) -> None:
        self.interactive: deque[asyncio.Future[None]] = deque()
        self.background: deque[asyncio.Future[None]] = deque()
        self._queue = queue
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, priority: Priority) -> None:
        slot: asyncio.Future[None] = self._loop.create_future()
        futures = self.background if priority == "background" else self.interactive
        futures.append(slot)
        self._serve()
        try:
            await slot
        except BaseException:
            if slot.done() and not slot.cancelled():
                self._queue.release(priority)
            elif slot in futures:
                futures.remove(slot)
            raise

    def wake(self) -> None:
        """Serve the waiters again, in the loop's own thread. Thread-safe."""
        if self.interactive or self.background:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._serve)

    def _serve(self) -> None:
        while self._serve_next():
            pass
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        delay = self._get_delay()
        if delay is not None:
            self._timer = self._loop.call_later(delay, self._serve)

    def _serve_next(self) -> bool:
        """Serve one caller; return whether there may be another one to serve."""
        interactive, background, queue = self.interactive, self.background, self._queue
        for futures in (interactive, background):
            while futures and futures[0].done():
                futures.popleft()
        if background and queue.try_acquire_floor():
            background.popleft().set_result(None)
        elif interactive:
            if queue.is_owed_elsewhere(self._loop) or not queue.try_acquire("interactive"):
                return False
            interactive.popleft().set_result(None)
        elif background:
            if queue.has_interactive_waiters_elsewhere(self._loop) or not queue.try_acquire("background"):
                return False
            background.popleft().set_result(None)
        return bool(interactive or background)

    def _get_delay(self) -> float | None:
        """Return the seconds until a waiter may be served; None if that depends on calls in flight."""
        delays: list[float] = []
        if self.interactive and (delay := self._queue.get_delay("interactive")) is not None:
            # It is 0 if the next slot is kept for another event loop.
            delays.append(delay or _RETRY_INTERVAL)
        if self.background and (delay := self._queue.get_delay("background")) is not None:
            delays.append(max(delay, _RETRY_INTERVAL))
        return min(delays, default=None)
