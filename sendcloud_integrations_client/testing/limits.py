"""Rate limits, counted in sliding windows per set of credentials."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable

import attrs

from .messages import build_error, build_rejection

__all__ = ["RateLimitCounter", "SimulatedLimits"]


@attrs.frozen
class SimulatedLimits:
    """Rate limits of the simulated Sendcloud, per set of credentials. The defaults are Sendcloud's published limits.

    Attributes:
        reads_per_minute: Maximum number of GET calls in any 60 seconds. Defaults to 1000.
        writes_per_minute: Maximum number of other calls in any 60 seconds. Defaults to 100.
        writes_per_second: Maximum number of other calls in any second. Defaults to 15.
    """

    reads_per_minute: int = attrs.field(default=1000, validator=attrs.validators.ge(1))
    writes_per_minute: int = attrs.field(default=100, validator=attrs.validators.ge(1))
    writes_per_second: int = attrs.field(default=15, validator=attrs.validators.ge(1))


class RateLimitCounter:
    """Counts calls and rejects those that exceed the limits. A rejected call is not counted.

    Args:
        limits: The limits; None disables them.
        clock: Returns seconds from a clock that never goes backwards.
    """

    def __init__(self, limits: SimulatedLimits | None, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._calls: defaultdict[tuple[str, bool], deque[float]] = defaultdict(deque)

    def count_call(self, credentials: str, *, is_read: bool) -> None:
        """Count one call.

        Args:
            credentials: Key of the credentials that the call uses.
            is_read: True for a GET call.

        Raises:
            RejectedRequest: With status 429 and `Retry-After` in whole seconds, if a limit is exceeded.
        """
        if (limits := self._limits) is None:
            return
        windows = (
            [(60.0, limits.reads_per_minute)]
            if is_read
            else [(60.0, limits.writes_per_minute), (1.0, limits.writes_per_second)]
        )
        now = self._clock()
        calls = self._calls[credentials, is_read]
        while calls and calls[0] <= now - 60.0:
            calls.popleft()
        wait = max(calls[-maximum] + window - now if len(calls) >= maximum else 0.0 for window, maximum in windows)
        if wait > 0:
            seconds = math.ceil(wait)
            detail = f"Request was throttled. Expected available in {seconds} seconds."
            raise build_rejection(
                429,
                build_error("429", "throttled", "Too Many Requests", detail),
                headers=[(b"retry-after", str(seconds).encode())],
            )
        calls.append(now)
