"""Parses the `Retry-After` header."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["parse_retry_after"]


def parse_retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that a response asks to wait (RFC 9110, section 10.2.3); 0 for a date in the past.

    Args:
        headers: Response headers; look-up must ignore case.
        now: Seconds since the epoch. Defaults to the current time.

    Returns:
        Seconds; None if the header is missing or cannot be parsed.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
            # A date without a zone, as in the asctime format, is UTC; Python would assume local time.
            timestamp = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
            seconds = timestamp - (time.time() if now is None else now)
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
