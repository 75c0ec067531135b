"""Logs in other orders than newest first: the contract promises none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import orjson

from .log_book import LogBook, LogPage
from .mixing import mix
from .seeded_logs import SeededLogs

__all__ = ["LogOrder", "log_book"]

LogOrder = Literal["newest_first", "oldest_first", "created_at", "shuffled"]
"""`newest_first` and `oldest_first` go by when a log came; `created_at` by what it says of itself, latest first;
`shuffled` by chance, a new log anywhere among the others."""


Rank = tuple[float, int]


def log_book(seeded: SeededLogs, order: LogOrder, seed: int) -> LogBook:
    """The logs in an order.

    Args:
        seeded: The logs that are there from the start.
        order: The order.
        seed: Decides what `shuffled` is.

    Raises:
        ValueError: There is no such order.
    """
    match order:
        case "newest_first":
            return LogBook(seeded)
        case "oldest_first":
            return _ReorderedLogBook(seeded, lambda _book, position: (position, 0))
        case "created_at":
            return _ReorderedLogBook(seeded, lambda book, position: (-book.created_at(position), -position))
        case "shuffled":
            return _ReorderedLogBook(seeded, lambda _book, position: (mix(seed, position), 0))
        case _:
            raise ValueError("log_order must be newest_first, oldest_first, created_at or shuffled")


class _ReorderedLogBook(LogBook):
    """Sorts all logs of an integration for each page, so it is for thousands of them rather than for a million.

    Its pages have no link to the page before.
    """

    def __init__(self, seeded: SeededLogs, rank: Callable[[_ReorderedLogBook, int], Rank]) -> None:
        super().__init__(seeded)
        self._rank = rank
        self._ranks: dict[int, Rank] = {}

    def created_at(self, position: int) -> float:
        """What a log says of when it was made, in seconds since 1970."""
        record: dict[str, Any] = orjson.loads(self._render(position))
        return datetime.fromisoformat(record["created_at"]).timestamp()

    def page(self, integration_id: int | None, below: int | None, size: int) -> LogPage:
        """The first records, or those after the one at position `below`."""
        listed = sorted(self._downwards(integration_id, self._count()), key=self._place)
        if below is not None:
            after = (float("inf"), 0) if below >= self._count() else self._place(below)
            listed = [position for position in listed if self._place(position) > after]
        shown = listed[:size]
        following = shown[-1] if len(listed) > size else None
        return LogPage([self._render(position) for position in shown], next=following, previous=None)

    def _place(self, position: int) -> Rank:
        place = self._ranks.get(position)
        if place is None:
            place = self._ranks[position] = self._rank(self, position)
        return place
