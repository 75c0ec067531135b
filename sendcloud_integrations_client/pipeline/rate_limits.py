"""Client-side rate limiting that follows Sendcloud's published limits. One budget per set of credentials.

A limit of N calls per window is N slots. A call takes a slot when it is sent, and the slot is free again one window
after its response: the server counted the call no later than it responded, so by then it has expired there too. That
holds for sliding and for fixed windows and for any latency, so a 429 occurs only if other programs use the same
credentials. The cost is the latency of one response per window. Callers that find no free slot wait in a queue.

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

import attrs
import httpx

from sendcloud_integrations_client.errors import ConfigurationError, RateLimitError
from sendcloud_integrations_client.pipeline.retry_after import parse_retry_after
from sendcloud_integrations_client.runtime.operations import Call, get_call

__all__ = ["RateLimitBudget", "RateLimitTransport", "RateLimits", "get_shared_budget"]

_logger = logging.getLogger("sendcloud_integrations_client")

_MAX_PAUSE: Final = 60.0  # seconds
_NOTICE_AFTER: Final = 5.0  # seconds; longer waits are logged as warnings


@attrs.frozen
class RateLimits:
    """Rate limits for one set of credentials.

    Attributes:
        reads_per_minute: Read calls (GET) per minute. Defaults to 1000.
        writes_per_minute: Other calls per minute. Defaults to 100.
        writes_per_second: Other calls per second. Defaults to 15.

    Raises:
        ConfigurationError: If a number is less than 1.

    Example:
        client = SendcloudIntegrations(rate_limits=RateLimits(reads_per_minute=250))
    """

    reads_per_minute: int = 1000
    writes_per_minute: int = 100
    writes_per_second: int = 15

    def __attrs_post_init__(self) -> None:
        for name, value in attrs.asdict(self).items():
            if value < 1:
                raise ConfigurationError(f"Invalid RateLimits.{name}: must be at least 1.")


class RateLimitBudget:
    """The free slots of one set of limits, and the callers that wait for one.

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
        minute: float = 60.0,
        second: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._reads = _SlotQueue([_Window(limits.reads_per_minute, minute)], self)
        self._writes = _SlotQueue(
            [_Window(limits.writes_per_minute, minute), _Window(limits.writes_per_second, second)], self
        )
        self._pauses = 0
        self.paused_until = 0.0

    def try_acquire(self, *, safe: bool) -> bool:
        """Take a slot if one is free and no caller waits; return whether one was taken.

        Args:
            safe: Whether the call only reads.
        """
        queue = self._get_queue(safe=safe)
        return not queue.has_waiters and queue.try_acquire()

    async def acquire(self, *, safe: bool) -> float:
        """Take a slot; wait in the queue if none is free.

        Args:
            safe: Whether the call only reads.

        Returns:
            Seconds waited. End the slot with `complete` or `release`.
        """
        if self.try_acquire(safe=safe):
            return 0.0
        started = self._clock()
        await self._get_queue(safe=safe).wait()
        return self._clock() - started

    def complete(self, *, safe: bool) -> None:
        """End a slot whose call the server may have counted until now: it is free one window from now."""
        self._get_queue(safe=safe).complete()

    def release(self, *, safe: bool) -> None:
        """End a slot whose call was never sent: it is free immediately."""
        self._get_queue(safe=safe).release()

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

    def reset_pauses(self) -> None:
        """Start the series of pauses without `Retry-After` again at 1 second; called after a success."""
        self._pauses = 0

    def get_delay(self, *, safe: bool) -> float | None:
        """Return the seconds until a slot may be free; None if that depends on calls in flight."""
        return self._get_queue(safe=safe).get_delay()

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
        safe = call.operation.safe
        if not budget.try_acquire(safe=safe):
            await self._wait_for_slot(budget, call)
        try:
            response = await self._transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            budget.release(safe=safe)
            raise
        except BaseException:
            budget.complete(safe=safe)
            raise
        if response.status_code == 429:
            budget.pause(parse_retry_after(response.headers))
        else:
            budget.reset_pauses()
        budget.complete(safe=safe)
        return response

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._transport.aclose()

    async def _wait_for_slot(self, budget: RateLimitBudget, call: Call) -> None:
        started = budget.get_time()
        notice = asyncio.get_running_loop().call_later(_NOTICE_AFTER, _log_wait, budget, call)
        try:
            async with asyncio.timeout(call.remaining if math.isfinite(call.deadline) else None):
                await budget.acquire(safe=call.operation.safe)
        except TimeoutError:
            raise RateLimitError(
                f"no free rate limit slot within {budget.get_time() - started:.0f} s; no request was sent",
                status_code=429,
                retry_after=budget.get_delay(safe=call.operation.safe),
            ) from None
        finally:
            notice.cancel()
            call.rate_limit_wait += budget.get_time() - started


def _log_wait(budget: RateLimitBudget, call: Call) -> None:
    delay = budget.get_delay(safe=call.operation.safe)
    _logger.warning(
        "%s: waiting for a free rate limit slot. Next slot in %s, total timeout in %.0f s.",
        call.operation.name,
        "an unknown time" if delay is None else f"{delay:.0f} s",
        call.remaining,
    )


def get_shared_budget(key: str, limits: RateLimits) -> RateLimitBudget:
    """Return the budget of one set of credentials; all callers get the same one while any of them holds it.

    Args:
        key: Identifies the credentials; see `Credentials.budget_key`.
        limits: The limits.
    """
    budget = _budgets.get((key, limits))
    if budget is None:
        budget = _budgets[key, limits] = RateLimitBudget(limits)
    return budget


# The server counts per credentials, whichever client of this process sends, so the registry is per process.
_budgets: Final[WeakValueDictionary[tuple[str, RateLimits], RateLimitBudget]] = WeakValueDictionary()


class _Window:
    """The free slots of one window, and the times at which the taken ones become free."""

    __slots__ = ("free", "freed_at", "seconds")

    def __init__(self, slots: int, seconds: float) -> None:
        self.free = slots
        self.freed_at: deque[float] = deque()
        self.seconds = seconds

    def has_free_slot(self, now: float) -> bool:
        freed_at = self.freed_at
        while freed_at and freed_at[0] <= now:
            freed_at.popleft()
            self.free += 1
        return self.free > 0


class _SlotQueue:
    """Callers that wait for a slot in all of some windows: first in, first out in each event loop."""

    def __init__(self, windows: list[_Window], budget: RateLimitBudget) -> None:
        self._windows = windows
        self._budget = budget
        self._waiters: dict[asyncio.AbstractEventLoop, _LoopWaiters] = {}
        # Clients in other threads share it. Reentrant, because a garbage-collected coroutine can end its slot anywhere.
        self._lock = threading.RLock()

    @property
    def has_waiters(self) -> bool:
        if not self._waiters:
            return False
        return any(waiters.futures for waiters in self._waiters.values())

    def try_acquire(self) -> bool:
        with self._lock:
            now = self._budget.get_time()
            if now < self._budget.paused_until:
                return False
            for window in self._windows:
                if not window.has_free_slot(now):
                    return False
            for window in self._windows:
                window.free -= 1
            return True

    def complete(self) -> None:
        with self._lock:
            now = self._budget.get_time()
            for window in self._windows:
                window.freed_at.append(now + window.seconds)
        self._wake()

    def release(self) -> None:
        with self._lock:
            for window in self._windows:
                window.free += 1
        self._wake()

    def get_delay(self) -> float | None:
        """Return the seconds until a slot may be free; None if that depends on calls in flight."""
        with self._lock:
            now = self._budget.get_time()
            times = [self._budget.paused_until]
            for window in self._windows:
                if not window.has_free_slot(now):
                    if not window.freed_at:
                        return None
                    times.append(window.freed_at[0])
            return max(max(times) - now, 0.0)

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            waiters = self._waiters.get(loop)
            if waiters is None:
                waiters = _LoopWaiters(self, loop)
                # Callers of a closed loop are gone. A new dict, because another thread may be iterating over the old.
                open_loops = {other: its for other, its in self._waiters.items() if not other.is_closed()}
                self._waiters = open_loops | {loop: waiters}
        await waiters.wait()

    def _wake(self) -> None:
        for waiters in self._waiters.values():
            waiters.wake()


class _LoopWaiters:
    """The callers that wait in one event loop."""

    def __init__(self, queue: _SlotQueue, loop: asyncio.AbstractEventLoop) -> None:
        self.futures: deque[asyncio.Future[None]] = deque()
        self._queue = queue
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self) -> None:
        slot: asyncio.Future[None] = self._loop.create_future()
        self.futures.append(slot)
        self._serve()
        try:
            await slot
        except BaseException:
            if slot.done() and not slot.cancelled():
                self._queue.release()
            elif slot in self.futures:
                self.futures.remove(slot)
            raise

    def wake(self) -> None:
        """Serve the waiters again, in the loop's own thread. Thread-safe."""
        if self.futures:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._serve)

    def _serve(self) -> None:
        while self.futures:
            if self.futures[0].done():
                self.futures.popleft()
            elif self._queue.try_acquire():
                self.futures.popleft().set_result(None)
            else:
                break
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        delay = self._queue.get_delay() if self.futures else None
        if delay is not None:
            self._timer = self._loop.call_later(delay, self._serve)
