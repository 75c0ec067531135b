"""Text formats of the OpenAPI document: date-times (RFC 3339) and URIs (RFC 3986)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["is_datetime", "is_uri", "parse_datetime", "format_utc"]

_DATETIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", flags=re.ASCII)
_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", flags=re.ASCII
)


def parse_datetime(text: str) -> datetime | None:
    """Parse an RFC 3339 date-time.

    Args:
        text: The date-time. Its offset is optional and defaults to UTC.

    Returns:
        The timestamp in UTC; None if `text` is not a valid date-time.
    """
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    if match[1] is not None:
        # datetime has a resolution of one microsecond, so further digits are dropped.
        text = text.replace(match[1], match[1][:7].ljust(7, "0"), 1)
    try:
        timestamp = datetime.fromisoformat(text.upper())
        return (timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_datetime(text: str) -> bool:
    """Return whether `text` is an RFC 3339 date-time. The offset is optional, as in the examples of the document."""
    return parse_datetime(text) is not None


def is_uri(text: str) -> bool:
    """Return whether `text` is an absolute RFC 3986 URI."""
    return _URI.fullmatch(text) is not None


def format_utc(timestamp: datetime) -> str:
    """Format a timestamp like the examples of the OpenAPI document: whole seconds, in UTC, with `Z`."""
    return timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
