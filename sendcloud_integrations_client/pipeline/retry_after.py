"""Parses the `Retry-After` header."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["parse_retry_after"]


_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_MAX_SECONDS: Final = 366 * 86400.0


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response asks to wait (RFC 9110, section 10.2.3).

    A date is measured against the `Date` header of the same response, so that a wrong clock on either side does not
    matter; without `Date`, against the local clock.

    Args:
        headers: Response headers; look-up must ignore case.

    Returns:
        Seconds; None if the header is missing or invalid, if its date is in the past, or if it asks for more than a
        year.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        date = _parse_date(value)
        if date is None:
            return None
        seconds = date - (_parse_date(headers.get("date", "")) or time.time())
        if seconds <= 0:
            return None
    return seconds if seconds <= _MAX_SECONDS else None


def _parse_date(value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value)
        # A date without a zone, as in the asctime format, is UTC; Python would assume local time.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
