"""Rate limits, counted in sliding windows for each credentials."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable

import attrs

from .messages import error, refusal

__all__ = ["RateLimits", "SimulatedLimits"]


@attrs.frozen
class SimulatedLimits:
    """How many calls each credentials may make; the defaults are Sendcloud's figures.

    Attributes:
        safe_per_minute: GET calls in any 60 seconds.
        unsafe_per_minute: Other calls in any 60 seconds.
        unsafe_burst_per_second: Other calls in any one second.
    """

    safe_per_minute: int = attrs.field(default=1000, validator=attrs.validators.ge(1))
    unsafe_per_minute: int = attrs.field(default=100, validator=attrs.validators.ge(1))
    unsafe_burst_per_second: int = attrs.field(default=15, validator=attrs.validators.ge(1))


class RateLimits:
    """Counts calls and refuses those past the limits. A refused call does not count.

    Args:
        limits: The limits; None for none.
        clock: Seconds, on any clock that does not go back.
    """

    def __init__(self, limits: SimulatedLimits | None, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._calls: defaultdict[tuple[str, bool], deque[float]] = defaultdict(deque)

    def count(self, credentials: str, *, safe: bool) -> None:
        """Count one call.

        Args:
            credentials: Whose call it is.
            safe: It is a GET.

        Raises:
            Refusal: 429 with `Retry-After` in whole seconds.
        """
        if (limits := self._limits) is None:
            return
        windows = (
            [(60.0, limits.safe_per_minute)]
            if safe
            else [(60.0, limits.unsafe_per_minute), (1.0, limits.unsafe_burst_per_second)]
        )
        now = self._clock()
        calls = self._calls[credentials, safe]
        while calls and calls[0] <= now - 60.0:
            calls.popleft()
        wait = max(calls[-most] + window - now if len(calls) >= most else 0.0 for window, most in windows)
        if wait > 0:
            seconds = math.ceil(wait)
            detail = f"Request was throttled. Expected available in {seconds} seconds."
            raise refusal(
                429,
                error("429", "throttled", "Too Many Requests", detail),
                headers=[(b"retry-after", str(seconds).encode())],
            )
        calls.append(now)
