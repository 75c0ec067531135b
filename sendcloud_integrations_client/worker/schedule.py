"""When accounts are due: each account has one slot per interval, spread over the interval by a hash of its name.

Slots are counted from midnight UTC, so they are at the same times on each day and in each worker. That is why an
interval must divide a day, which each divisor of an hour does.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from sendcloud_integrations_client.errors import ConfigurationError

__all__ = ["build_cron", "find_last_slot", "validate_interval", "validate_stall_timeout"]

_DAY: Final = 86_400  # seconds
_MIN_INTERVAL: Final = 10  # seconds
_MIN_STALL_TIMEOUT: Final = 3  # seconds
_STEPS: Final = (60, 30, 20, 10, 5, 2, 1)  # seconds; each divides a minute
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def validate_interval(every: timedelta) -> int:
    """Return an interval in seconds.

    Args:
        every: The interval.

    Raises:
        ConfigurationError: If it is not a whole number of seconds that divides a day, or is less than 10 seconds.
    """
    seconds = int(every.total_seconds())
    if timedelta(seconds=seconds) != every or seconds < _MIN_INTERVAL or _DAY % seconds:
        raise ConfigurationError(
            f"Invalid interval {every}: must divide an hour or a day, and be at least {_MIN_INTERVAL} seconds. "
            "Use for example 5m, 15m, 30m, 1h, 90m, 6h or 1d."
        )
    return seconds


def find_last_slot(account: str, interval: int, now: datetime) -> datetime:
    """Return the start of the last slot of an account.

    Args:
        account: Name of the account.
        interval: Interval in seconds, from `validate_interval`.
        now: Current time, with a time zone.

    Returns:
        The latest time at or before `now` at which the account was due, in UTC.
    """
    digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest()
    offset = int.from_bytes(digest[:8], "big") % interval
    seconds = int((now - _EPOCH).total_seconds()) - offset
    return _EPOCH + timedelta(seconds=seconds - seconds % interval + offset)


def validate_stall_timeout(timeout: timedelta) -> float:
    """Return a stall timeout in seconds.

    Args:
        timeout: The timeout.

    Raises:
        ConfigurationError: If it is less than 3 seconds.
    """
    if timeout.total_seconds() < _MIN_STALL_TIMEOUT:
        raise ConfigurationError(f"Invalid stall timeout {timeout}: must be at least {_MIN_STALL_TIMEOUT} seconds.")
    return timeout.total_seconds()


def build_cron(seconds: float) -> str:
    """Return a cron expression of procrastinate, with seconds as the last field, for at most one minute.

    Args:
        seconds: Longest time between two runs. The next shorter divisor of a minute is used, at least one second.
    """
    step = next((step for step in _STEPS if step <= seconds), 1)
    return "* * * * *" if step == 60 else f"* * * * * */{step}"
