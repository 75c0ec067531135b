"""The rules for background calls: which slots they may use, and how fast.

1. **Reserve.** Background calls leave slots for interactive calls: at least `interactive_reserve` of the limit, at
   least 1.25 times the interactive calls of the last window, and at least as many as there would be in a window if
   interactive calls continued at the rate of its last sixth. The last condition detects callers that have only begun.
2. **Pacing.** A token bucket spreads background calls over the window. It refills at the highest constant rate that the
   slots known to become free sustain for one window, and holds a quarter of the share of background calls. Without
   pacing, the slots become free in the same bursts in which they were taken, and nothing is free in between.
3. **Floor.** Background calls are never starved: while they use less than a tenth of the limit, they go before
   interactive calls and are not paced.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sendcloud_integrations_client.pipeline.rate_limits import Window

__all__ = ["BackgroundShare"]

RESERVE_FACTOR: Final = 1.25
RECENT_PARTS: Final = 6  # the last sixth of a window counts as recent
RATE_STEPS: Final = 12  # points in time, within one window, at which the rate must not have used up the slots
BURST_SHARE: Final = 0.25
FLOOR_SHARE: Final = 0.1
RATE_UPDATES: Final = 200  # per window
POLLS: Final = 60  # per window: the reserve shrinks with time alone, so background waiters look again


class BackgroundShare:
    """Decides when a background call may take a slot.

    Args:
        window: The longest window.
        reserve: Share of the limit that background calls never use.
    """

    def __init__(self, window: Window, reserve: float) -> None:
        self._window = window
        # At least one slot, unless the reserve is disabled.
        self._least_reserve = math.ceil(window.limit * reserve)
        self._floor = max(1, math.floor(window.limit * FLOOR_SHARE))
        self._tokens = math.inf  # a full bucket
        self._rate = 0.0
        self._updated_at = self._rate_expires_at = -math.inf

    def may_take(self, now: float) -> bool:
        """Return whether a background call may take a free slot. The window must be up to date."""
        self._refill(now)
        return self._has_token() and self._count_available(now) >= 1

    def take(self) -> None:
        """Note that a background call took a slot."""
        self._tokens = max(self._tokens - 1, 0.0)

    def is_below_floor(self) -> bool:
        """Return whether background calls use less than the part of the limit that they always get."""
        return self._window.background_used < self._floor

    def get_next_attempt(self, now: float) -> float:
        """Return the time at which a background call that may not take a slot now should try again."""
        latest = now + self._window.seconds / POLLS
        if self._count_available(now) < 1:
            return min(max(self._window.get_next_free(), now), latest)
        if self._has_token():
            return now
        return min(now + (1 - self._tokens) / self._rate, latest) if self._rate > 0 else latest

    def _has_token(self) -> bool:
        return self._tokens >= 1 - 1e-9 or self.is_below_floor()

    def _refill(self, now: float) -> None:
        share = self._get_share(now)
        self._tokens = min(
            self._tokens + (now - self._updated_at) * self._rate if self._rate else self._tokens,
            max(1.0, share * BURST_SHARE),
        )
        self._updated_at = now
        if now >= self._rate_expires_at:
            self._rate = self._compute_rate(now, share)
            self._rate_expires_at = now + self._window.seconds / RATE_UPDATES

    def _compute_rate(self, now: float, share: int) -> float:
        """Return the highest constant rate in calls per second at which the slots never run out within one window."""
        window = self._window
        step = window.seconds / RATE_STEPS
        available = min(share - window.background_used, window.free)
        freed_at = window.background_freed_at
        counts = (available + bisect_right(freed_at, now + step * number) for number in range(1, RATE_STEPS + 1))
        rate = min(count / (step * number) for number, count in enumerate(counts, start=1))
        return max(rate, 0.0)

    def _count_available(self, now: float) -> int:
        return min(self._get_share(now) - self._window.background_used, self._window.free)

    def _get_share(self, now: float) -> int:
        """Return the number of slots that background calls may use."""
        window = self._window
        interactive = window.limit - window.free - window.background_used
        reserve = float(self._least_reserve)
        if interactive:
            reserve = max(reserve, RESERVE_FACTOR * interactive, RECENT_PARTS * self._count_recent(now, interactive))
        return max(window.limit - math.ceil(reserve), self._floor)

    def _count_recent(self, now: float, interactive: int) -> int:
        freed_at = self._window.freed_at
        since = now + self._window.seconds * (1 - 1 / RECENT_PARTS)
        return interactive - bisect_right(freed_at, since)
