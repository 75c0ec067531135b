"""Keeping to Sendcloud's limits without being told: one budget for all who share the credentials.

A limit of N calls in a window is N places. A call takes a place when it is sent, and the place is free again one window
after its answer came: by then the server, which counted the call no later than it answered, has forgotten it too. That
holds for sliding and for fixed windows, and for any delay on the way, so a 429 comes only if others use the same
credentials; what it costs is the delay of one answer in each window. Whoever finds no place waits in line.

The limits are Sendcloud's figures for an integration's credentials: https://sendcloud.dev/ (rate limits).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

import attrs
import httpx

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.operations import call_of
from sendcloud_integrations_client.retry_after import parse_retry_after

__all__ = ["Budget", "RateLimitTransport", "RateLimits", "budget_for"]


@attrs.frozen
class RateLimits:
    """How much may be sent with one set of credentials.

    Attributes:
        safe_per_minute: Calls a minute that change nothing (GET).
        unsafe_per_minute: Other calls a minute.
        unsafe_burst_per_second: Other calls a second.

    Raises:
        ConfigurationError: A number is less than 1.
    """

    safe_per_minute: int = 1000
    unsafe_per_minute: int = 100
    unsafe_burst_per_second: int = 15

    def __attrs_post_init__(self) -> None:
        for name, value in attrs.asdict(self).items():
            if value < 1:
                raise ConfigurationError(f"RateLimits.{name} must be at least 1")


class Budget:
    """What is left of the limits, and who waits for it.

    Args:
        limits: The limits.
        minute: Seconds of the longer window.
        second: Seconds of the shorter window.
        clock: Tells seconds.
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
        self._safe = _Line([_Window(limits.safe_per_minute, minute)], self)
        self._unsafe = _Line(
            [_Window(limits.unsafe_per_minute, minute), _Window(limits.unsafe_burst_per_second, second)], self
        )
        self._pauses = 0
        self.paused_until = 0.0

    async def take(self, *, safe: bool) -> float:
        """Take a place, waiting in line for it.

        Args:
            safe: Whether the call changes nothing.

        Returns:
            Seconds waited. The place is to be ended by `answered` or `give_back`.
        """
        line = self._safe if safe else self._unsafe
        if not line.has_waiting and line.take():
            return 0.0
        started = self._clock()
        await line.wait()
        return self._clock() - started

    def answered(self, *, safe: bool) -> None:
        """End a place whose call the server may have counted up to now: it is free one window from now."""
        line = self._safe if safe else self._unsafe
        line.end()

    def give_back(self, *, safe: bool) -> None:
        """End a place whose call was never sent: it is free at once."""
        line = self._safe if safe else self._unsafe
        line.give_back()

    def pause(self, seconds: float | None) -> None:
        """Hold back everybody, as a 429 asks: for `seconds`, or for 1, 2, 4 ... up to 30 where it does not say."""
        now = self._clock()
        if seconds is None:
            if now < self.paused_until:
                return  # calls that were under way together are refused together
            self._pauses += 1
            seconds = min(2.0 ** (self._pauses - 1), 30.0)
        self.paused_until = max(self.paused_until, now + seconds)

    def succeeded(self) -> None:
        """Forget earlier pauses."""
        self._pauses = 0

    def now(self) -> float:
        """Seconds by this budget's clock."""
        return self._clock()


class RateLimitTransport(httpx.AsyncBaseTransport):
    """Sends each request of an operation when the budget has a place for it.

    Args:
        transport: Sends the request; closed with this one.
        budget: What to keep to; None keeps to nothing.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, budget: Budget | None) -> None:
        self._transport = transport
        self._budget = budget

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait for a place, and send the request."""
        budget, call = self._budget, call_of(request)
        if budget is None or call is None:  # a token request goes to another server, with limits of its own
            return await self._transport.handle_async_request(request)
        safe = call.operation.safe
        call.waited += await budget.take(safe=safe)
        try:
            response = await self._transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            budget.give_back(safe=safe)
            raise
        except BaseException:
            budget.answered(safe=safe)
            raise
        if response.status_code == 429:
            budget.pause(parse_retry_after(response.headers))
        else:
            budget.succeeded()
        budget.answered(safe=safe)
        return response

    async def aclose(self) -> None:
        """Close the transport below."""
        await self._transport.aclose()


def budget_for(key: str, limits: RateLimits) -> Budget:
    """The budget of one set of credentials, the same for all who ask while anyone holds it.

    Args:
        key: Stands for the credentials; see `Credentials.budget_key`.
        limits: The limits.
    """
    budget = _budgets.get((key, limits))
    if budget is None:
        budget = _budgets[key, limits] = Budget(limits)
    return budget


# The server counts by credentials, whichever client of this process sends; so this must be one place for the process.
_budgets: Final[WeakValueDictionary[tuple[str, RateLimits], Budget]] = WeakValueDictionary()


class _Window:
    """Places that are free, and the moments at which taken ones will be."""

    __slots__ = ("free", "freed_at", "seconds")

    def __init__(self, places: int, seconds: float) -> None:
        self.free = places
        self.freed_at: deque[float] = deque()
        self.seconds = seconds

    def has_place(self, now: float) -> bool:
        freed_at = self.freed_at
        while freed_at and freed_at[0] <= now:
            freed_at.popleft()
            self.free += 1
        return self.free > 0


class _Line:
    """Those who wait for a place in all of some windows: in each event loop, in the order in which they came."""

    def __init__(self, windows: list[_Window], budget: Budget) -> None:
        self._windows = windows
        self._budget = budget
        self._queues: dict[asyncio.AbstractEventLoop, _Queue] = {}
        # Clients in other threads share it. Reentrant: a coroutine that is collected ends its place at any moment.
        self._lock = threading.RLock()

    @property
    def has_waiting(self) -> bool:
        if not self._queues:  # as long as nobody ever had to wait
            return False
        return any(queue.waiting for queue in self._queues.values())

    def take(self) -> bool:
        with self._lock:
            now = self._budget.now()
            if now < self._budget.paused_until:
                return False
            for window in self._windows:
                if not window.has_place(now):
                    return False
            for window in self._windows:
                window.free -= 1
            return True

    def end(self) -> None:
        with self._lock:
            now = self._budget.now()
            for window in self._windows:
                window.freed_at.append(now + window.seconds)
        self._wake()

    def give_back(self) -> None:
        with self._lock:
            for window in self._windows:
                window.free += 1
        self._wake()

    def delay(self) -> float | None:
        """Seconds until there may be a place; None if that depends on calls that are under way."""
        with self._lock:
            now = self._budget.now()
            moments = [self._budget.paused_until]
            for window in self._windows:
                if not window.has_place(now):
                    if not window.freed_at:
                        return None
                    moments.append(window.freed_at[0])
            return max(max(moments) - now, 0.0)

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            queue = self._queues.get(loop)
            if queue is None:
                queue = _Queue(self, loop)
                # Whoever waited in a loop that is gone is gone too. A new dict, for others may be going through it.
                known = {other: its for other, its in self._queues.items() if not other.is_closed()}
                self._queues = known | {loop: queue}
        await queue.wait()

    def _wake(self) -> None:
        for queue in self._queues.values():
            queue.wake()


class _Queue:
    """Those who wait in one event loop."""

    def __init__(self, line: _Line, loop: asyncio.AbstractEventLoop) -> None:
        self.waiting: deque[asyncio.Future[None]] = deque()
        self._line = line
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self) -> None:
        place: asyncio.Future[None] = self._loop.create_future()
        self.waiting.append(place)
        self._serve()
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                self._line.give_back()
            elif place in self.waiting:
                self.waiting.remove(place)
            raise

    def wake(self) -> None:
        """Serve again, in the loop's own thread; may be called in any."""
        if self.waiting:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._serve)

    def _serve(self) -> None:
        while self.waiting:
            if self.waiting[0].done():
                self.waiting.popleft()
            elif self._line.take():
                self.waiting.popleft().set_result(None)
            else:
                break
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        delay = self._line.delay() if self.waiting else None
        if delay is not None:
            self._timer = self._loop.call_later(delay, self._serve)
