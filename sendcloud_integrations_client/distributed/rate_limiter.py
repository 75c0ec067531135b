"""`RedisRateLimiter`: rate limits that many processes share through Redis or Valkey.

Callers wait in a queue of their process. Per event loop and kind of call (reads, writes) one task exchanges slots for
all of them with the server, so a busy process needs less than one round trip per call, and a cancelled caller
interrupts nothing.

Each slot that the server grants is also counted in a `LocalBudget` with the fallback share of the limits. If the server
is unavailable, that budget alone decides, and it knows the calls of the last window from its start on.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import math
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, Literal, cast
from weakref import WeakValueDictionary

import attrs
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from sendcloud_integrations_client.distributed.connections import (
    UNAVAILABLE_ERRORS,
    ConnectionListener,
    RedisConnections,
)
from sendcloud_integrations_client.distributed.slot_script import KEY_NAMES, MAX_PAUSE, SLOT_SCRIPT
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.options import validate_number
from sendcloud_integrations_client.pipeline.rate_limiter import MINUTE, SECOND, Priority, RateLimitBudget, RateLimits
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget

__all__ = ["RedisBudget", "RedisRateLimiter"]

_logger = logging.getLogger("sendcloud_integrations_client")

_PRIORITIES: Final[tuple[Priority, Priority]] = ("interactive", "background")
_FLUSH_DELAY: Final = 0.2  # seconds within which ended calls are reported if no new call takes a slot
_MAX_UPDATES: Final = 2000  # per exchange
_DOWN_INTERVAL: Final = 0.25  # seconds between two looks at a server that is down
_SHORT_WINDOW_RESERVE: Final = 0.25


class RedisRateLimiter:
    """Limits the calls of all processes that use the same server and key prefix.

    If the server is slow or down, no call fails because of it: the process continues with its fallback share of the
    limits, logs one warning, and returns to the shared limits when the server is back.

    Args:
        url: URL of a Redis or Valkey server: `redis://`, `rediss://` (TLS) or `unix://`.
        limits: The limits of each set of credentials, for all processes together.
        fallback_share: Share of the limits that this process uses while the server is unavailable. With N processes,
            1/N cannot exceed the limits. Defaults to 0.25.
        timeout: Seconds that an exchange with the server may take before it counts as unavailable. Defaults to 0.5.
        lease: Seconds after which the slot of a call is free if its process never reports the end of the call, for
            example because the process was killed. At least two minutes. Defaults to 120.
        prefix: Prefix of all keys. Defaults to `sendcloud`.

    Raises:
        ConfigurationError: If an argument is out of range, or the URL is invalid.

    Example:
        limiter = RedisRateLimiter("redis://localhost:6379/0")
        async with SendcloudIntegrations(rate_limiter=limiter) as client:
            await client.integrations.list()
    """

    # Class-level defaults, because __init__ may have raised before the attributes were set.
    _limits = RateLimits()
    _fallback_share = 0.0

    def __init__(
        self,
        url: str,
        *,
        limits: RateLimits = RateLimits(),
        fallback_share: float = 0.25,
        timeout: float = 0.5,
        lease: float = 120.0,
        prefix: str = "sendcloud",
    ) -> None:
        try:
            connections = RedisConnections(url, timeout=timeout)
        except ConfigurationError:
            del url  # so that a traceback with local variables does not show a password in it
            raise
        if not isinstance(limits, RateLimits):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"Invalid limits: must be RateLimits(…), not {type(limits).__name__}.")
        rule = "must be a number greater than 0 and at most 1"
        validate_number("fallback_share", fallback_share, rule, lambda share: 0 < share <= 1)
        rule = "must be a number of seconds, 120 or greater"
        validate_number("lease", lease, rule, lambda seconds: 2 * MINUTE <= seconds < math.inf)
        self.connections = connections
        self._limits = limits
        self._fallback_share = fallback_share
        self._lease = lease
        self._prefix = prefix
        self._budgets: WeakValueDictionary[str, RedisBudget] = WeakValueDictionary()

    def __repr__(self) -> str:
        return f"RedisRateLimiter(limits={self._limits!r}, fallback_share={self._fallback_share})"

    def get_budget(self, key: str) -> RateLimitBudget:
        """Return the budget of one set of credentials.

        Args:
            key: Digest that identifies the credentials.
        """
        budget = self._budgets.get(key)
        if budget is None:
            budget = self._budgets[key] = RedisBudget(
                self.connections,
                f"{self._prefix}:{{{key}}}",
                self._limits,
                fallback_share=self._fallback_share,
                lease=self._lease,
                owner=self,
            )
        return budget

    async def aclose(self) -> None:
        """Report ended calls and close the connections of the running event loop. Optional: the loop does it, too."""
        await self.connections.aclose()

    async def __aenter__(self) -> RedisRateLimiter:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class RedisBudget(ConnectionListener):
    """The slots of one set of credentials, shared by many processes.

    Args:
        connections: Connections to the server.
        key: First part of all keys. Must not contain a secret.
        limits: The limits for all processes together.
        fallback_share: Share of the limits that this process uses while the server is unavailable.
        lease: Seconds after which the slot of a call that never ended is free.
        minute: Length of the longer window in seconds.
        second: Length of the shorter window in seconds.
        owner: The limiter that the budget belongs to.
    """

    def __init__(
        self,
        connections: RedisConnections,
        key: str,
        limits: RateLimits,
        *,
        fallback_share: float = 0.25,
        lease: float = 120.0,
        minute: float = MINUTE,
        second: float = SECOND,
        owner: RedisRateLimiter | None = None,
    ) -> None:
        self._owner = owner  # while a client uses the budget, clients that are created later get the same one
        self.connections = connections
        self.fallback = LocalBudget(limits.get_share(fallback_share), minute=minute, second=second)
        self.pause_to_send = 0.0
        reserve = limits.interactive_reserve
        windows = (
            (True, "reads", limits.reads_per_minute, 0),
            (False, "writes", limits.writes_per_minute, limits.writes_per_second),
        )
        self._slots = {
            safe: _SharedSlots(
                self,
                safe=safe,
                keys=[*(f"{key}:{name}:{part}" for part in KEY_NAMES), f"{key}:pause"],
                limits={
                    "limit": limit,
                    "window": round(minute * 1000),
                    "short_limit": short_limit,
                    "short_window": round(second * 1000),
                    "least_reserve": math.ceil(limit * reserve),
                    "short_reserve": int(short_limit * _SHORT_WINDOW_RESERVE),
                    "lease": round(lease * 1000),
                },
                window=minute,
            )
            for safe, name, limit, short_limit in windows
        }
        connections.add_listener(self)

    def try_acquire(self, *, safe: bool, priority: Priority = "interactive") -> bool:
        """Return False: a slot needs an exchange with the server, see `acquire`."""
        return False

    async def acquire(self, *, safe: bool, priority: Priority = "interactive") -> float:
        """Take a slot; wait until one is free.

        Args:
            safe: Whether the call only reads.
            priority: Priority of the call.

        Returns:
            Seconds waited, the exchange with the server included.
        """
        started = time.monotonic()
        await self._slots[safe].acquire(priority)
        return time.monotonic() - started

    def complete(self, *, safe: bool, priority: Priority = "interactive") -> None:
        """End a slot whose call the server may have counted until now: it is free one window from now."""
        self._slots[safe].complete(priority)

    def release(self, *, safe: bool, priority: Priority = "interactive") -> None:
        """End a slot whose call was never sent: it is free as soon as the server learns of it."""
        self._slots[safe].release(priority)

    def pause(self, seconds: float | None) -> None:
        """Pause the callers of all processes after a 429.

        Args:
            seconds: How long, at most 60 seconds; None pauses for 1, 2, 4, … up to 30 seconds on consecutive pauses.
        """
        is_paused = self.fallback.get_pause() > 0  # calls in flight together receive their 429 together
        self.fallback.pause(seconds)
        remaining = min(self.fallback.get_pause(), MAX_PAUSE)
        if not is_paused:
            _logger.warning(
                "Sendcloud responded with 429: other programs use the same credentials, or the limits are too high. "
                "All processes that share these limits pause for %.0f s.",
                remaining,
            )
        self.pause_to_send = max(self.pause_to_send, remaining)
        for slots in self._slots.values():
            slots.wake()

    def get_pause(self) -> float:
        """Return the seconds until the pause ends that this process has caused; 0 if it has caused none."""
        return self.fallback.get_pause()

    def reset_pauses(self) -> None:
        """Start the series of pauses without `Retry-After` again at 1 second; called after a success."""
        self.fallback.reset_pauses()

    def get_delay(self, *, safe: bool, priority: Priority = "interactive") -> float | None:
        """Return the seconds until a slot may be free; None if that is unknown."""
        if self.connections.is_down:
            return self.fallback.get_delay(safe=safe, priority=priority)
        return None

    def on_return(self) -> None:
        """Report the calls of the last window to a server that was unavailable, and take slots from it again."""
        for slots in self._slots.values():
            slots.report_all()
            slots.wake()

    async def flush(self, client: Redis) -> None:
        """Report ended calls, because the connections are closed."""
        for slots in self._slots.values():
            await slots.flush(client)


_Action = Literal["completed", "released", "in-flight"]


@attrs.frozen
class _Update:
    """A change of one slot that the server has to learn."""

    priority: Priority
    action: _Action
    slot: str
    time: float  # time.monotonic()


class _SharedSlots:
    """The slots for reads or for writes. Thread-safe."""

    def __init__(
        self, budget: RedisBudget, *, safe: bool, keys: list[str], limits: dict[str, int], window: float
    ) -> None:
        self.budget = budget
        self.safe = safe
        self._keys = keys
        self._limits = limits
        self._window = window
        self._held: dict[Priority, deque[str]] = {priority: deque() for priority in _PRIORITIES}
        self._completed: deque[_Update] = deque()  # of the last window
        self._updates: deque[_Update] = deque()
        self._epoch: str | None = None
        self._script: AsyncScript | None = None
        self._loops: dict[asyncio.AbstractEventLoop, _LoopRequests] = {}
        # Reentrant, because a garbage-collected coroutine can end its slot anywhere.
        self._lock = threading.RLock()

    @property
    def has_updates(self) -> bool:
        return bool(self._updates) or self.budget.pause_to_send > 0

    async def acquire(self, priority: Priority) -> None:
        loop = asyncio.get_running_loop()
        requests = self._loops.get(loop)
        if requests is None:
            requests = _LoopRequests(self, loop)
            with self._lock:
                # Callers of a closed loop are gone. A new dict, because another thread may be iterating over the old.
                open_loops = {other: its for other, its in self._loops.items() if not other.is_closed()}
                self._loops = open_loops | {loop: requests}
        await requests.acquire(priority)

    def hold(self, priority: Priority, slot: str, *, is_counted: bool) -> None:
        """Note that a call got a slot.

        Args:
            priority: Priority of the call.
            slot: Identifies the slot.
            is_counted: Whether the fallback budget has counted it.
        """
        with self._lock:
            self._held[priority].append(slot)
            if not is_counted:
                self.budget.fallback.acquire_unchecked(safe=self.safe, priority=priority)

    def complete(self, priority: Priority) -> None:
        with self._lock:
            update = _Update(priority, "completed", self._held[priority].popleft(), time.monotonic())
            self._forget_expired()
            self._completed.append(update)
            self._updates.append(update)
            self.budget.fallback.complete(safe=self.safe, priority=priority)
        self._schedule_flush()

    def release(self, priority: Priority) -> None:
        with self._lock:
            # The newest one: the others have been in flight for longer.
            slot = self._held[priority].pop()
            self._updates.append(_Update(priority, "released", slot, time.monotonic()))
            self.budget.fallback.release(safe=self.safe, priority=priority)
        self._schedule_flush()

    def release_unused(self, priority: Priority, slots: Iterable[str]) -> None:
        """Return slots that were granted, or may have been granted, and that no caller uses."""
        with self._lock:
            self._updates.extend(_Update(priority, "released", slot, time.monotonic()) for slot in slots)

    def report_all(self) -> None:
        """Report all calls in flight and of the last window again, for a server that may have lost its data."""
        with self._lock:
            self._forget_expired()
            released = [update for update in self._updates if update.action == "released"]
            in_flight = [
                _Update(priority, "in-flight", slot, time.monotonic())
                for priority, slots in self._held.items()
                for slot in slots
            ]
            self._updates = deque([*released, *self._completed, *in_flight])

    def wake(self) -> None:
        for requests in self._loops.values():
            requests.wake()

    async def exchange(
        self, client: Redis, process: str, number: int, wanted: int, background_wanted: int
    ) -> tuple[int, int, float, float]:
        """Report changes and take slots.

        Args:
            client: Client of the running event loop.
            process: Identifies the waiting callers of this event loop.
            number: Number of the next slot.
            wanted: Number of slots for interactive calls.
            background_wanted: Number of slots for background calls.

        Returns:
            Slots granted for interactive and for background calls; seconds after which callers of each priority that
            got none should ask again.
        """
        with self._lock:
            self._forget_expired()
            updates = [self._updates.popleft() for _ in range(min(len(self._updates), _MAX_UPDATES))]
            pause, self.budget.pause_to_send = self.budget.pause_to_send, 0.0
        now = time.monotonic()
        # One argument, because redis-py encodes each argument in several steps.
        request = {
            **self._limits,
            "process": process,
            "number": number,
            "wanted": wanted,
            "background_wanted": background_wanted,
            "pause_for": math.ceil(pause * 1000),
            "known_epoch": self._epoch or "",
            "updates": [
                (update.priority, update.action, update.slot, math.floor((now - update.time) * 1000))
                for update in updates
            ],
        }
        if self._script is None:
            self._script = client.register_script(SLOT_SCRIPT)
        try:
            reply = await self._script(self._keys, [json.dumps(request)], client=client)
        except BaseException:
            with self._lock:
                self._updates.extendleft(reversed(updates))
                self.budget.pause_to_send = max(self.budget.pause_to_send, pause)
            raise
        epoch, granted, background_granted, delay, background_delay = cast("list[Any]", reply)
        if self._epoch not in (None, epoch):
            self.report_all()
        self._epoch = epoch
        return int(granted), int(background_granted), delay / 1000, background_delay / 1000

    async def flush(self, client: Redis) -> None:
        """Report changes and take no slots."""
        if self.has_updates:
            await self.exchange(client, "", 0, 0, 0)

    def _forget_expired(self) -> None:
        since = time.monotonic() - self._window
        for updates in (self._completed, self._updates):
            while updates and updates[0].time < since:
                updates.popleft()

    def _schedule_flush(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # the next exchange reports it
        requests = self._loops.get(loop)
        if requests is not None:
            requests.schedule_flush()


class _LoopRequests:
    """The waiting callers of one event loop, and the task that takes slots for them.

    The task runs while there are callers or something to report; it ends by itself.
    """

    def __init__(self, slots: _SharedSlots, loop: asyncio.AbstractEventLoop) -> None:
        self._slots = slots
        self._loop = loop
        self._waiters: dict[Priority, deque[asyncio.Future[None]]] = {priority: deque() for priority in _PRIORITIES}
        self._task: asyncio.Task[None] | None = None
        self._wake_up = asyncio.Event()
        self._process = f"{secrets.token_hex(6)}-{os.getpid()}"
        self._numbers: Iterator[int] = itertools.count(1)
        self._is_queued = False  # whether the server has this loop in a queue of waiting callers

    async def acquire(self, priority: Priority) -> None:
        slot: asyncio.Future[None] = self._loop.create_future()
        waiters = self._waiters[priority]
        waiters.append(slot)
        if priority == "interactive" or len(waiters) == 1:
            self._wake_up.set()
        self._ensure_task()
        try:
            await slot
        except BaseException:
            if slot.done() and not slot.cancelled():
                self._slots.release(priority)
            elif slot in waiters:
                waiters.remove(slot)
                self._wake_up.set()  # the server must learn that there are no waiters
            raise

    def wake(self) -> None:
        """Ask again immediately. Thread-safe."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._wake)

    def schedule_flush(self) -> None:
        """Report ended calls soon."""
        self._ensure_task()

    def _wake(self) -> None:
        self._wake_up.set()
        if self._has_waiters() or self._slots.has_updates:
            self._ensure_task()

    def _ensure_task(self) -> None:
        if self._task is None:
            self._task = self._loop.create_task(self._run())
            self._task.add_done_callback(self._on_end)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("The shared rate limiter failed (%s). It is restarted.", type(error).__name__, exc_info=error)
        # Callers must not wait for a task that was cancelled. If the loop shuts down, they are cancelled as well.
        if self._task is None and self._has_waiters() and not self._loop.is_closed():
            self._loop.call_later(_DOWN_INTERVAL, self._wake)

    async def _run(self) -> None:
        try:
            await self._serve_until_idle()
        except asyncio.CancelledError:
            await self._flush_at_shutdown()
            raise
        finally:
            self._task = None  # here, because a caller that arrives before `_on_end` runs needs a new task

    async def _flush_at_shutdown(self) -> None:
        """Report ended calls: this task is cancelled when its event loop shuts down."""
        await asyncio.sleep(0)  # the calls in flight are cancelled at the same time, and end now
        connections = self._slots.budget.connections
        if not connections.is_down:
            with suppress(*UNAVAILABLE_ERRORS):
                await connections.run(self._slots.flush)

    async def _serve_until_idle(self) -> None:
        while self._has_waiters() or self._slots.has_updates or self._is_queued:
            if not self._has_waiters() and not self._is_queued and self._slots.budget.pause_to_send <= 0:
                await self._sleep(_FLUSH_DELAY)
            self._wake_up.clear()
            connections = self._slots.budget.connections
            if connections.is_down:
                connections.probe()
                delay = self._serve_locally()
                if not self._has_waiters():
                    return  # what there is to report is reported when the server is back
            else:
                delay = await self._serve_from_server()
            if self._has_waiters():
                await self._sleep(delay)

    async def _serve_from_server(self) -> float:
        """Take slots from the server for the callers that wait; return the seconds after which to ask again."""
        wanted, background_wanted = self._count_waiters("interactive"), self._count_waiters("background")
        first = next(self._numbers)
        numbers = [first + number for number in range(wanted + background_wanted)]
        self._numbers = itertools.count(first + len(numbers))
        names = [f"{self._process}:{number}" for number in numbers]

        async def exchange(client: Redis) -> tuple[int, int, float, float]:
            return await self._slots.exchange(client, self._process, first, wanted, background_wanted)

        try:
            granted, background_granted, delay, background_delay = await self._slots.budget.connections.run(exchange)
        except BaseException as error:
            # The server may have granted them before the connection was lost.
            self._slots.release_unused("interactive", names[:wanted])
            self._slots.release_unused("background", names)
            self._is_queued = False
            if isinstance(error, UNAVAILABLE_ERRORS):
                return 0.0
            raise
        self._is_queued = wanted > granted or background_wanted > background_granted
        self._deliver("interactive", names[:granted])
        self._deliver("background", names[granted : granted + background_granted])
        delays = [
            seconds
            for priority, seconds, is_unmet in (
                ("interactive", delay, wanted > granted),
                ("background", background_delay, background_wanted > background_granted),
            )
            if is_unmet and self._waiters[cast(Priority, priority)]
        ]
        return min(delays, default=0.0)

    def _serve_locally(self) -> float:
        """Serve callers with the fallback share of the limits; return the seconds after which to try again."""
        fallback, safe = self._slots.budget.fallback, self._slots.safe
        while self._has_waiters():
            if self._waiters["background"] and fallback.try_acquire_floor(safe=safe):
                self._deliver_local("background")
            elif self._waiters["interactive"]:
                if not fallback.try_acquire(safe=safe):
                    break
                self._deliver_local("interactive")
            elif fallback.try_acquire(safe=safe, priority="background"):
                self._deliver_local("background")
            else:
                break
        delays = [
            fallback.get_delay(safe=safe, priority=priority) for priority in _PRIORITIES if self._waiters[priority]
        ]
        return min([_DOWN_INTERVAL, *(max(delay, 0.01) for delay in delays if delay is not None)])

    def _deliver(self, priority: Priority, names: list[str]) -> None:
        """Pass slots to the callers that wait; return to the server those for which there is no caller any longer."""
        waiters = self._waiters[priority]
        while names and self._count_waiters(priority):
            self._slots.hold(priority, names.pop(0), is_counted=False)
            waiters.popleft().set_result(None)
        self._slots.release_unused(priority, names)

    def _deliver_local(self, priority: Priority) -> None:
        self._slots.hold(priority, f"{self._process}:{next(self._numbers)}", is_counted=True)
        self._waiters[priority].popleft().set_result(None)

    def _has_waiters(self) -> bool:
        return any(self._count_waiters(priority) for priority in _PRIORITIES)

    def _count_waiters(self, priority: Priority) -> int:
        waiters = self._waiters[priority]
        while waiters and waiters[0].done():
            waiters.popleft()
        return len(waiters)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake_up.wait()
