"""A stretch of time cut into hours, days, weeks or months, few enough for a chart. All of it is in UTC."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

import attrs

__all__ = ["Span", "Unit", "span_of"]

_LONGEST: Final = timedelta(days=10 * 366)


class Unit(enum.Enum):
    """What a stretch of time is cut into. Weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# Up to how long a stretch is cut into which unit: about a hundred parts at most.
_CHOICE: Final = ((timedelta(days=4), Unit.HOUR), (timedelta(days=120), Unit.DAY), (timedelta(days=800), Unit.WEEK))


@attrs.frozen
class Span:
    """A stretch of time in parts of one unit.

    Attributes:
        unit: The unit.
        starts: Where each part begins, the oldest first; none where there is nothing to show.
    """

    unit: Unit
    starts: tuple[datetime, ...]

    @property
    def end(self) -> datetime | None:
        """Where the last part ends; None where there is none."""
        return _next(self.starts[-1], self.unit) if self.starts else None

    def index(self, moment: datetime) -> int | None:
        """Which part a moment is in; None for a moment outside of all of them."""
        return self._places.get(_start(moment, self.unit))

    @cached_property
    def _places(self) -> dict[datetime, int]:
        return {start: place for place, start in enumerate(self.starts)}


def span_of(first: datetime | None, last: datetime | None) -> Span:
    """The span from one moment to another, in the unit that fits.

    Args:
        first: The oldest moment; what is more than ten years before the last is left out, for it is no real one.
        last: The newest moment; None where there is nothing to show.
    """
    if first is None or last is None:
        return Span(Unit.DAY, ())
    first = max(first, last - _LONGEST) if last.year > 10 else first
    unit = next((unit for longest, unit in _CHOICE if last - first <= longest), Unit.MONTH)
    starts = [_start(first, unit)]
    while (following := _next(starts[-1], unit)) <= last:
        starts.append(following)
    return Span(unit, tuple(starts))


def _start(moment: datetime, unit: Unit) -> datetime:
    day = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    match unit:
        case Unit.HOUR:
            return day.replace(hour=moment.hour)
        case Unit.DAY:
            return day
        case Unit.WEEK:
            return day - timedelta(days=day.weekday())
        case Unit.MONTH:
            return day.replace(day=1)


def _next(start: datetime, unit: Unit) -> datetime:
    match unit:
        case Unit.HOUR:
            return start + timedelta(hours=1)
        case Unit.DAY:
            return start + timedelta(days=1)
        case Unit.WEEK:
            return start + timedelta(days=7)
        case Unit.MONTH:
            return (start + timedelta(days=31)).replace(day=1)
