"""What `Retry-After` says, in seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["parse_retry_after"]


def parse_retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110, 10.2.3); 0 for a moment that has passed.

    Args:
        headers: Headers of the answer; their look-up ignores case.
        now: Seconds since the epoch; by default the clock's.

    Returns:
        The seconds, or None where there is no such header or nobody can read it.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
            # Without a zone, as in the form of C's asctime, it means UTC, where Python would take the machine's.
            moment = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
            seconds = moment - (time.time() if now is None else now)
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
