"""Values as text for tables and messages. Control characters and markup in values have no effect."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from rich.text import Text

from sendcloud_integrations_client.errors import to_single_line

__all__ = ["format_age", "format_count", "format_timestamp", "to_exact_text", "to_plain_lines", "to_plain_text"]

_MAX_TEXT_LENGTH: Final = 500
_EMPTY: Final = "–"


def to_plain_text(value: object, style: str = "") -> Text:
    """Return `value` as one line of text for a table.

    Args:
        value: The value. None and empty text become a dash.
        style: Style of the text. Defaults to none.

    Returns:
        The text, at most 500 characters long.
    """
    return Text(_EMPTY if value in (None, "") else to_single_line(str(value), max_length=_MAX_TEXT_LENGTH), style)


def to_exact_text(value: object, style: str = "") -> Text:
    """Return an id or count as one line of text for a table, whatever its length.

    Args:
        value: The value. None and empty text become a dash.
        style: Style of the text. Defaults to none.
    """
    return Text(_EMPTY if value in (None, "") else _replace_controls(str(value)), style)


def to_plain_lines(value: object) -> Text:
    """Return `value` as text of any length, with its line breaks and indentation. None and empty text become a dash."""
    if value in (None, ""):
        return Text(_EMPTY)
    return Text("\n".join(_replace_controls(line.expandtabs(4)) for line in str(value).splitlines()))


def format_count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 log`, `2 logs`, `3 statuses`."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


def format_age(seconds: float | None) -> str:
    """Return an age as text for a table: `5m`, `3h 20m` or `12d`.

    Args:
        seconds: The age; a negative one counts as 0. None is shown as `never`.
    """
    if seconds is None:
        return "never"
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h {minutes % 60}m" if minutes < 2 * 24 * 60 else f"{minutes // (24 * 60)}d"


def format_timestamp(value: datetime | None) -> str:
    """Return a timestamp as text for a table, in UTC.

    A timestamp without an offset is not converted. One that UTC cannot represent, because it is in year 0 or 10000
    there, is shown with its own offset.
    """
    if value is None:
        return _EMPTY
    try:
        in_utc = value.astimezone(UTC) if value.tzinfo else value
    except OverflowError:
        return value.isoformat(sep=" ", timespec="seconds")
    return in_utc.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _replace_controls(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
