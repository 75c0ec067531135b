"""The server's clock: real time plus the offset by which a test has advanced it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["SimulatedClock"]


class SimulatedClock:
    """Clock for rate limits, tokens and timestamps that a test can advance.

    Args:
        seconds: Returns seconds from a clock that never goes backwards.
        now: Returns the current time, with a time zone.

    Example:
        server.clock.advance(3600)  # all access tokens issued so far have expired
    """

    def __init__(self, seconds: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._seconds = seconds
        self._now = now
        self._offset = 0.0

    def advance(self, seconds: float) -> None:
        """Advance the clock. A call that is already waiting, for example in a simulated delay, is not shortened.

        Args:
            seconds: Number of seconds to add.

        Raises:
            ValueError: If `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("Invalid seconds: must not be negative, because the clock cannot go backwards.")
        self._offset += seconds

    def seconds(self) -> float:
        """Return seconds since an arbitrary point in the past."""
        return self._seconds() + self._offset

    def now(self) -> datetime:
        """Return the current time."""
        return self._now() + timedelta(seconds=self._offset)
