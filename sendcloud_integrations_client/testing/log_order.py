"""Orders of the log lists other than newest first. The OpenAPI document does not specify an order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import ge, gt
from typing import Any, Final, Literal, get_args

from .hashing import hash_number
from .json_encoding import decode_json, encode_json
from .log_book import LogBook, LogPage
from .seeded_logs import SeededLogs

__all__ = ["LogOrder", "build_log_book"]

LogOrder = Literal[
    "newest_first", "oldest_first", "created_at", "shuffled", "equal_created_at_repeated", "equal_created_at_skipped"
]
"""`newest_first` and `oldest_first` sort by arrival; `created_at` sorts by that field, latest first; `shuffled` is a
pseudo-random order that places a new log anywhere among the others.

In the last two, seeded logs have the same `created_at` in groups of four, and cursors select by that time. If a page
ends within a group, the next page repeats the group (`repeated`), or begins after it (`skipped`), which hides logs.
"""

_GROUP_SIZE: Final = 4


Rank = tuple[float, int]


def build_log_book(seeded: SeededLogs, order: LogOrder, seed: int) -> LogBook:
    """Return the logs in the given order.

    Args:
        seeded: The logs that exist from the start.
        order: Order of the lists.
        seed: Seed of the order `shuffled`.

    Raises:
        ValueError: If `order` is unknown.
    """
    match order:
        case "newest_first":
            return LogBook(seeded)
        case "oldest_first":
            return _ReorderedLogBook(seeded, lambda _book, position: (position, 0))
        case "created_at":
            return _ReorderedLogBook(seeded, lambda book, position: (-book.read_created_at(position), -position))
        case "shuffled":
            return _ReorderedLogBook(seeded, lambda _book, position: (hash_number(seed, position), 0))
        case "equal_created_at_repeated" | "equal_created_at_skipped":
            return _EqualTimesLogBook(seeded, repeats=order == "equal_created_at_repeated")
        case _:
            raise ValueError(f"Invalid log_order: must be one of {', '.join(get_args(LogOrder))}.")


class _ReorderedLogBook(LogBook):
    """A log book in another order.

    It sorts all logs of the list for each page, so it is suitable for thousands of logs but not for a million. Its
    pages have no link to the previous page.
    """

    def __init__(self, seeded: SeededLogs, rank: Callable[[_ReorderedLogBook, int], Rank]) -> None:
        super().__init__(seeded)
        self._rank = rank
        self._ranks: dict[int, Rank] = {}

    def read_created_at(self, position: int) -> float:
        """Return the `created_at` of a log in seconds since 1970."""
        record: dict[str, Any] = decode_json(self._render(position))
        return datetime.fromisoformat(record["created_at"]).timestamp()

    def get_page(self, integration_id: int | None, below: int | None, size: int) -> LogPage:
        """Return the first page of records, or the page after the record at position `below`."""
        listed = sorted(self._iterate_older(integration_id, self._count_logs()), key=self._get_rank)
        if below is not None:
            listed = self._select_after(listed, below)
        shown = listed[:size]
        following = shown[-1] if len(listed) > size else None
        return LogPage([self._render(position) for position in shown], next=following, previous=None)

    def _select_after(self, listed: list[int], position: int) -> list[int]:
        """Return the positions of a list that come after a position."""
        after = (float("inf"), 0) if position >= self._count_logs() else self._get_rank(position)
        return [one for one in listed if self._get_rank(one) > after]

    def _get_rank(self, position: int) -> Rank:
        rank = self._ranks.get(position)
        if rank is None:
            rank = self._ranks[position] = self._rank(self, position)
        return rank


class _EqualTimesLogBook(_ReorderedLogBook):
    """A log book sorted by `created_at`, latest first, in which groups of seeded logs have the same `created_at`.

    Args:
        seeded: The logs that exist from the start.
        repeats: Whether a page begins with all logs that have the `created_at` of the last log before it; otherwise it
            begins with the next earlier `created_at`.
    """

    def __init__(self, seeded: SeededLogs, *, repeats: bool) -> None:
        super().__init__(seeded, lambda _book, position: (-self.read_created_at(position), -position))
        self._repeats = repeats

    def _render(self, position: int) -> bytes:
        content = super()._render(position)
        if position >= self._seeded.count or position % _GROUP_SIZE == 0:
            return content
        first: dict[str, Any] = decode_json(super()._render(position - position % _GROUP_SIZE))
        return encode_json(decode_json(content) | {"created_at": first["created_at"]})

    def _select_after(self, listed: list[int], position: int) -> list[int]:
        time = float("inf") if position >= self._count_logs() else self._get_rank(position)[0]
        is_after = ge if self._repeats else gt
        return [one for one in listed if is_after(self._get_rank(one)[0], time)]
