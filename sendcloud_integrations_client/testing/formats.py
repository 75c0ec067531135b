"""Text formats of the contract: date-times and URIs, as the RFCs have them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["is_datetime", "is_uri", "parse_datetime", "utc_text"]

_DATETIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", flags=re.ASCII)
_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", flags=re.ASCII
)


def parse_datetime(text: str) -> datetime | None:
    """The moment that an RFC 3339 date-time names, in UTC where it has no offset; None if `text` is none."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    if match[1] is not None:
        # Past microseconds there is nothing to keep.
        text = text.replace(match[1], match[1][:7].ljust(7, "0"), 1)
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_datetime(text: str) -> bool:
    """Whether `text` is an RFC 3339 date-time; the offset may be missing, as in the contract's own examples."""
    return parse_datetime(text) is not None


def is_uri(text: str) -> bool:
    """Whether `text` is an absolute RFC 3986 URI."""
    return _URI.fullmatch(text) is not None


def utc_text(moment: datetime) -> str:
    """`moment` as the contract's examples write it: whole seconds, in UTC, with `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
