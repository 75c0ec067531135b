"""Moments and ages as a person types them: `2026-01-31`, `2026-01-31T12:00+01:00`, `90d`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from sendcloud_integrations_client.cli.reporting import InputError

__all__ = ["parse_age", "parse_moment"]

_AGE: Final = re.compile(r"(\d{1,6})\s*([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_age(option: str, text: str) -> timedelta:
    """An age such as `90d`, `36h`, `15m` or `2w`.

    Args:
        option: The option that it was given to, for the error.
        text: What was typed.

    Raises:
        InputError: It is none, or is nothing.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise InputError(f"{option} takes an age such as 90d, 36h, 15m or 2w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def parse_moment(option: str, text: str, *, now: datetime | None = None) -> datetime:
    """A moment, or an age before now. A date is its first moment, and what names no offset is in UTC.

    Args:
        option: The option that it was given to, for the error.
        text: What was typed.
        now: The time of day with its time zone; None for the clock's.

    Raises:
        InputError: It is neither.
    """
    if _AGE.fullmatch(text.strip()):
        try:
            return (now or datetime.now(UTC)) - parse_age(option, text)
        except OverflowError:
            raise InputError(f"{option} reaches back too far") from None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"{option} takes a moment such as 2026-01-31 or 2026-01-31T12:00Z, or an age such as 30d"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
