"""The server's clock: real time, and what a test puts it forward by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["SimulatedClock"]


class SimulatedClock:
    """Tells the seconds for limits and tokens, and the time of day for timestamps.

    Args:
        seconds: Seconds, on any clock that does not go back.
        now: The time of day, with a time zone.

    Example:
        server.clock.advance(3600)  # every access token given out so far has expired
    """

    def __init__(self, seconds: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._seconds = seconds
        self._now = now
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        """Put the clock forward; whoever waits already goes on waiting.

        Args:
            seconds: By how many seconds.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("the clock cannot be put back")
        self._ahead += seconds

    def seconds(self) -> float:
        """Seconds since some moment in the past."""
        return self._seconds() + self._ahead

    def now(self) -> datetime:
        """The time of day."""
        return self._now() + timedelta(seconds=self._ahead)
