"""All exception logs of the account in one order, and a page of them: seeded ones below, created ones on top."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import attrs
import orjson

from .seeded_logs import SeededLogs

__all__ = ["LogBook", "LogPage"]


@attrs.frozen
class LogPage:
    """One page.

    Attributes:
        records: The JSON of each record, newest first.
        next: The position that the next, older page lies below; None on the last page.
        previous: The position that the page before lies below; None on the first page.
    """

    records: list[bytes]
    next: int | None
    previous: int | None


class LogBook:
    """The logs by position, 0 being the oldest.

    Created logs are listed in the order they came, whatever their `created_at` says. Logs outlive their integration.

    Args:
        seeded: The logs that are there from the start.
    """

    def __init__(self, seeded: SeededLogs) -> None:
        self._seeded = seeded
        self._created: list[bytes] = []
        self._created_of: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, integration_id: int, fields: dict[str, Any]) -> bytes:
        """Add a log on top.

        Args:
            integration_id: The integration it belongs to.
            fields: Everything but `id` and `integration_id`.

        Returns:
            The JSON of the record as it will be listed.
        """
        position = self._count()
        content = orjson.dumps({"id": position + 1, "integration_id": integration_id} | fields)
        self._created.append(content)
        self._created_of[integration_id].append(position)
        return content

    def moment(self, position: int) -> datetime:
        """The moment that stands for a position in cursors: all older records lie before it."""
        return datetime.fromtimestamp(self._seeded.moment(position), UTC)

    def position_at(self, moment: datetime) -> int:
        """The position that a cursor's moment stands for."""
        return min(self._count(), self._seeded.position_at(moment.timestamp()))

    def page(self, integration_id: int | None, below: int | None, size: int) -> LogPage:
        """The newest records.

        Args:
            integration_id: Only the records of this integration; None for all.
            below: Only records at positions below this one; None for all.
            size: How many records at most.
        """
        top = self._count() if below is None else below
        positions = list(islice(self._downwards(integration_id, top), size + 1))
        more = len(positions) > size
        del positions[size:]
        newer: list[int] = []
        if below is not None:
            newer = list(islice(self._upwards(integration_id, positions[0] + 1 if positions else below), size))
        return LogPage(
            [self._render(position) for position in positions],
            next=positions[-1] if more else None,
            previous=newer[-1] + 1 if newer else None,
        )

    def _count(self) -> int:
        return self._seeded.count + len(self._created)

    def _render(self, position: int) -> bytes:
        seeded = self._seeded
        return seeded.render(position) if position < seeded.count else self._created[position - seeded.count]

    def _downwards(self, integration_id: int | None, below: int) -> Iterator[int]:
        if integration_id is None:
            yield from range(below - 1, -1, -1)
            return
        created = self._created_of[integration_id]
        for index in range(bisect_left(created, below) - 1, -1, -1):
            yield created[index]
        position = self._seeded.last_of(integration_id, below)
        while position is not None:
            yield position
            position = self._seeded.last_of(integration_id, position)

    def _upwards(self, integration_id: int | None, at_least: int) -> Iterator[int]:
        if integration_id is None:
            yield from range(at_least, self._count())
            return
        position = self._seeded.first_of(integration_id, at_least)
        while position is not None:
            yield position
            position = self._seeded.first_of(integration_id, position + 1)
        created = self._created_of[integration_id]
        for index in range(bisect_left(created, at_least), len(created)):
            yield created[index]
