"""Time spans, divided into few enough hours, days, weeks or months for a chart. All times are in UTC."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Final

import attrs

__all__ = ["Span", "Unit", "build_span"]

_MAX_LENGTH: Final = timedelta(days=10 * 366)


class Unit(enum.Enum):
    """Unit of the intervals of a time span. Weeks start on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# Maximum length of a span per unit, so that a span has about 100 intervals at most.
_UNIT_LIMITS: Final = (
    (timedelta(days=4), Unit.HOUR),
    (timedelta(days=120), Unit.DAY),
    (timedelta(days=800), Unit.WEEK),
)


@attrs.frozen
class Span:
    """A time span, divided into intervals of one unit.

    Attributes:
        unit: Unit of the intervals.
        starts: Start of each interval, the oldest first; empty if there are no logs.
    """

    unit: Unit
    starts: tuple[datetime, ...]

    @property
    def end(self) -> datetime | None:
        """End of the last interval; None if the span is empty."""
        if not self.starts:
            return None
        return _get_next_start(self.starts[-1], self.unit) or datetime.max.replace(tzinfo=UTC)

    @property
    def intervals(self) -> tuple[tuple[datetime, datetime], ...]:
        """Start and end of each interval."""
        return () if self.end is None else tuple(pairwise((*self.starts, self.end)))

    def index(self, timestamp: datetime) -> int | None:
        """Return the index of the interval that contains a timestamp; None if it is outside the span."""
        return self._index_by_start.get(_get_start(timestamp, self.unit))

    @cached_property
    def _index_by_start(self) -> dict[datetime, int]:
        return {start: index for index, start in enumerate(self.starts)}


def build_span(first: datetime | None, last: datetime | None) -> Span:
    """Return the span between two timestamps, in a suitable unit.

    Args:
        first: The oldest timestamp; None if there are no logs. The span starts at most ten years before `last`, because
            earlier timestamps are implausible.
        last: The newest timestamp; None if there are no logs.
    """
    if first is None or last is None:
        return Span(Unit.DAY, ())
    first = max(first, last - _MAX_LENGTH) if last.year > 10 else first
    unit = next((unit for limit, unit in _UNIT_LIMITS if last - first <= limit), Unit.MONTH)
    starts = [_get_start(first, unit)]
    while (following := _get_next_start(starts[-1], unit)) is not None and following <= last:
        starts.append(following)
    return Span(unit, tuple(starts))


def _get_start(timestamp: datetime, unit: Unit) -> datetime:
    day = datetime(timestamp.year, timestamp.month, timestamp.day, tzinfo=UTC)
    match unit:
        case Unit.HOUR:
            return day.replace(hour=timestamp.hour)
        case Unit.DAY:
            return day
        case Unit.WEEK:
            return day - timedelta(days=day.weekday())
        case Unit.MONTH:
            return day.replace(day=1)


def _get_next_start(start: datetime, unit: Unit) -> datetime | None:
    """Return the start of the next interval; None if it is after year 9999."""
    try:
        match unit:
            case Unit.HOUR:
                return start + timedelta(hours=1)
            case Unit.DAY:
                return start + timedelta(days=1)
            case Unit.WEEK:
                return start + timedelta(days=7)
            case Unit.MONTH:
                return (start + timedelta(days=31)).replace(day=1)
    except OverflowError:
        return None
