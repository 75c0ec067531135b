"""`RateLimits`, priorities, and the protocol `RateLimiter` with which a client limits its rate of calls."""

from __future__ import annotations

import math
from typing import Final, Literal, Protocol

import attrs

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.options import validate_integer, validate_number, validate_type

__all__ = ["MINUTE", "SECOND", "Priority", "RateLimitBudget", "RateLimiter", "RateLimits", "validate_priority"]

Priority = Literal["interactive", "background"]
"""Priority of a call: `"interactive"` calls are served first, `"background"` calls are paced and leave a reserve."""

MINUTE: Final = 60.0
"""Length of the longer window in seconds."""

SECOND: Final = 1.0
"""Length of the shorter window in seconds."""


@attrs.frozen
class RateLimits:
    """Rate limits for one set of credentials.

    Attributes:
        reads_per_minute: Read calls (GET) per minute. Defaults to 1000.
        writes_per_minute: Other calls per minute. Defaults to 100.
        writes_per_second: Other calls per second. Defaults to 15.
        interactive_reserve: Share of the limits per minute that background calls never use, from 0 to 0.9. The reserve
            grows with the number of interactive calls. Defaults to 0.02.

    Raises:
        ConfigurationError: If a number of calls is not an integer of at least 1, or the reserve is out of range.

    Example:
        client = SendcloudIntegrations(rate_limits=RateLimits(reads_per_minute=250))
    """

    reads_per_minute: int = 1000
    writes_per_minute: int = 100
    writes_per_second: int = 15
    interactive_reserve: float = 0.02

    def __attrs_post_init__(self) -> None:
        for name in ("reads_per_minute", "writes_per_minute", "writes_per_second"):
            validate_integer(f"RateLimits.{name}", getattr(self, name))
        rule = "must be a number from 0 to 0.9"
        validate_number("RateLimits.interactive_reserve", self.interactive_reserve, rule, lambda one: 0 <= one <= 0.9)

    def divided_by(self, processes: int) -> RateLimits:
        """Return the limits of one of several processes that use the same credentials without a shared limiter.

        The limits are rounded down; each is at least 1.

        Args:
            processes: Number of processes, at least 1.

        Raises:
            ConfigurationError: If the number is not an integer of at least 1.

        Example:
            client = SendcloudIntegrations(rate_limits=RateLimits().divided_by(4))
        """
        validate_integer("processes of RateLimits.divided_by", processes)
        return attrs.evolve(
            self,
            reads_per_minute=max(1, self.reads_per_minute // processes),
            writes_per_minute=max(1, self.writes_per_minute // processes),
            writes_per_second=max(1, self.writes_per_second // processes),
        )

    def get_share(self, share: float) -> RateLimits:
        """Return these limits multiplied by a share and rounded down; each is at least 1.

        Args:
            share: Between 0 and 1.
        """
        return attrs.evolve(
            self,
            reads_per_minute=max(1, math.floor(self.reads_per_minute * share)),
            writes_per_minute=max(1, math.floor(self.writes_per_minute * share)),
            writes_per_second=max(1, math.floor(self.writes_per_second * share)),
        )


class RateLimitBudget(Protocol):
    """The free slots of one set of credentials. The client takes a slot for each attempt that it sends.

    The client ends each slot exactly once, with `complete` or `release`. Except for `acquire`, the methods must return
    immediately, because the client also calls them while a task is being cancelled. A budget that needs
    a server must not raise if that server is unavailable: it decides itself how calls continue without it.
    """

    def try_acquire(self, *, safe: bool, priority: Priority = "interactive") -> bool:
        """Take a slot if that is possible without waiting; return whether one was taken.

        Args:
            safe: Whether the call only reads.
            priority: Priority of the call.
        """
        ...

    async def acquire(self, *, safe: bool, priority: Priority = "interactive") -> float:
        """Take a slot; wait until one is free. If the wait is cancelled, no slot is taken.

        Args:
            safe: Whether the call only reads.
            priority: Priority of the call.

        Returns:
            Seconds waited.
        """
        ...

    def complete(self, *, safe: bool, priority: Priority = "interactive") -> None:
        """End a slot whose call the server may have counted until now: it is free one window from now."""
        ...

    def release(self, *, safe: bool, priority: Priority = "interactive") -> None:
        """End a slot whose call was never sent: it is free immediately."""
        ...

    def pause(self, seconds: float | None) -> None:
        """Pause all callers after a 429.

        Args:
            seconds: What the server asks for; None if it does not ask.
        """
        ...

    def get_pause(self) -> float:
        """Return the seconds for which no call gets a slot, because of a 429; 0 if no pause is known.

        A call whose total timeout ends before that fails without waiting.
        """
        ...

    def reset_pauses(self) -> None:
        """Note that a call succeeded after a pause."""
        ...

    def get_delay(self, *, safe: bool, priority: Priority = "interactive") -> float | None:
        """Return the seconds until a slot may be free; None if that is unknown. For messages only."""
        ...


class RateLimiter(Protocol):
    """Limits the rate of calls. Pass one as `rate_limiter=` to clients; several clients can share it.

    `LocalRateLimiter` limits the calls of this process, `RedisRateLimiter` those of many processes.
    """

    def get_budget(self, key: str) -> RateLimitBudget:
        """Return the budget of one set of credentials. The client calls it once, when it is created.

        Args:
            key: Digest that identifies the credentials. It contains no secret.
        """
        ...


def validate_priority(priority: object) -> None:
    """Check that a value is a `Priority`.

    Raises:
        ConfigurationError: If it is not.
    """
    rule = 'must be "interactive" or "background"'
    validate_type("priority", priority, str, rule)
    if priority not in ("interactive", "background"):
        raise ConfigurationError(f"Invalid priority: {rule}.")
