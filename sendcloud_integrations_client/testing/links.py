"""Cursors and the `Link` header, in all spellings that appear in the published examples."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import quote

from .formats import parse_datetime
from .messages import Request, build_error, build_rejection

__all__ = ["build_link", "parse_cursor"]

_CET: Final = timezone(timedelta(hours=1))


def parse_cursor(request: Request) -> datetime | None:
    """Parse the cursor of a request.

    Returns:
        The timestamp in UTC; None if the request has no cursor.

    Raises:
        RejectedRequest: With status 400, if the cursor is not a date-time.
    """
    text = request.query.get("cursor")
    if text is None:
        return None
    # Some links contain an unencoded plus. A client that follows such a link unchanged means a plus, not a space.
    timestamp = parse_datetime(text.replace(" ", "+"))
    if timestamp is None:
        raise build_rejection(
            400, build_error("400", "invalid", "Invalid", "Enter a valid date-time.", parameter="cursor")
        )
    return timestamp


def build_link(url: str, timestamp: datetime, position: int, page_size: int, relation: str) -> str:
    """Return one link of a `Link` header.

    Args:
        url: URL without its query.
        timestamp: Value of the cursor.
        position: Selects one of four spellings of the cursor: with an offset and an unencoded plus; the same, encoded;
            without an offset; in UTC, encoded.
        page_size: Records per page.
        relation: `next` or `prev`.
    """
    spelling = position % 4
    if spelling == 2:
        text = timestamp.replace(tzinfo=None).isoformat()
    elif spelling == 3:
        text = timestamp.isoformat()
    else:
        text = timestamp.astimezone(_CET).isoformat()
    if spelling in (1, 3):
        text = quote(text, safe="")
    return f'<{url}?cursor={text}&page_size={page_size}>; rel="{relation}"'
