"""Timestamps and ages in options: `2026-01-31`, `2026-01-31T12:00+01:00`, `90d`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.cli.terminal.secrets import quote_value

__all__ = ["parse_age", "parse_age_or_timestamp", "parse_duration", "parse_timestamp"]

_DURATION_PATTERN: Final = re.compile(r"(\d{1,6})\s*([smhdw])")
_AGE_PATTERN: Final = re.compile(r"(\d{1,6})\s*([mhdw])")
_AGE_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_age(option: str, text: str) -> timedelta:
    """Parse an age such as `90d`, `36h`, `15m` or `2w`.

    Args:
        option: Name of the option, for the error message.
        text: Value of the option.

    Returns:
        The age.

    Raises:
        InputError: If the text is not an age, if the age is zero, or if it reaches back before year 1.
    """
    match = _AGE_PATTERN.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise InputError(f"{_describe(option, text)}: must be an age such as 90d, 36h, 15m or 2w.")
    age = timedelta(**{_AGE_UNITS[match[2]]: int(match[1])})
    try:
        _ = datetime.now(UTC) - age
    except OverflowError:
        raise InputError(f"{_describe(option, text)}: the age is too large. Use a smaller one.") from None
    return age


def parse_duration(option: str, text: str) -> timedelta:
    """Parse a duration such as `30s`, `15m` or `2h`, or `0`.

    Args:
        option: Name of the option, for the error message.
        text: Value of the option.

    Returns:
        The duration.

    Raises:
        InputError: If the text is not a duration.
    """
    match = _DURATION_PATTERN.fullmatch(text.strip())
    if text.strip() == "0":
        return timedelta(0)
    if match is None:
        raise InputError(f"{_describe(option, text)}: must be a duration such as 30s, 15m or 2h.")
    return timedelta(**{_AGE_UNITS[match[2]]: int(match[1])})


def parse_age_or_timestamp(option: str, text: str) -> timedelta | datetime:
    """Parse an age, or a timestamp in ISO 8601. Unlike `parse_timestamp`, it does not use the clock of this machine.

    Args:
        option: Name of the option, for the error message.
        text: Value of the option.

    Returns:
        The age, or the timestamp with a time zone.

    Raises:
        InputError: If the text is neither a timestamp nor an age, or if the age reaches back before year 1.
    """
    timestamp = parse_timestamp(option, text)
    return parse_age(option, text) if _AGE_PATTERN.fullmatch(text.strip()) else timestamp


def parse_timestamp(option: str, text: str, *, now: datetime | None = None) -> datetime:
    """Parse a timestamp in ISO 8601, or an age before now. A date means its start.

    Args:
        option: Name of the option, for the error message.
        text: Value of the option.
        now: Current time, with a time zone. Defaults to the system clock.

    Returns:
        The timestamp, with a time zone: UTC if the text has no offset.

    Raises:
        InputError: If the text is neither a timestamp nor an age, or if the time is not between the years 1 and 9999
            in UTC.
    """
    if _AGE_PATTERN.fullmatch(text.strip()):
        try:
            return (now or datetime.now(UTC)) - parse_age(option, text)
        except OverflowError:
            raise InputError(f"{_describe(option, text)}: the age is too large. Use a smaller one.") from None
    try:
        timestamp = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"{_describe(option, text)}: must be a timestamp such as 2026-01-31 or 2026-01-31T12:00Z, "
            "or an age such as 30d."
        ) from None
    if timestamp.tzinfo is None:
        return timestamp.replace(tzinfo=UTC)
    try:
        timestamp.astimezone(UTC)
    except OverflowError:
        raise InputError(f"{_describe(option, text)}: must be between the years 1 and 9999 in UTC.") from None
    return timestamp


def _describe(option: str, text: str) -> str:
    return f"Invalid value {quote_value(text)} for {option}"
