"""Cursors and the `Link` header, in all the spellings that the published examples show."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import quote

from .formats import parse_datetime
from .messages import Request, error, refusal

__all__ = ["cursor_of", "link"]

_CET: Final = timezone(timedelta(hours=1))


def cursor_of(request: Request) -> datetime | None:
    """The moment that the request's cursor names; None if it has no cursor.

    Raises:
        Refusal: 400 if it is no date-time.
    """
    text = request.query.get("cursor")
    if text is None:
        return None
    # The links have a bare plus on some pages; whoever follows one as it is means a plus, and no blank.
    moment = parse_datetime(text.replace(" ", "+"))
    if moment is None:
        raise refusal(400, error("400", "invalid", "Invalid", "Enter a valid date-time.", parameter="cursor"))
    return moment


def link(address: str, moment: datetime, position: int, page_size: int, relation: str) -> str:
    """One link of a `Link` header.

    Args:
        address: URL without its query.
        moment: What the cursor says.
        position: Which of the spellings is used: a cursor with an offset and its plus as it is; the same encoded; one
            without an offset; one in UTC, encoded.
        page_size: Records a page.
        relation: `next` or `prev`.
    """
    spelling = position % 4
    if spelling == 2:
        text = moment.replace(tzinfo=None).isoformat()
    elif spelling == 3:
        text = moment.isoformat()
    else:
        text = moment.astimezone(_CET).isoformat()
    if spelling in (1, 3):
        text = quote(text, safe="")
    return f'<{address}?cursor={text}&page_size={page_size}>; rel="{relation}"'
