"""All exception logs of the account in one order, and access by page. Created logs come after the seeded ones."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import attrs

from .json_encoding import encode_json
from .seeded_logs import SeededLogs

__all__ = ["LogBook", "LogPage"]


@attrs.frozen
class LogPage:
    """One page of logs.

    Attributes:
        records: JSON of each record, newest first.
        next: Position below which the next (older) page starts; None on the last page.
        previous: Position below which the previous (newer) page starts; None on the first page.
    """

    records: list[bytes]
    next: int | None
    previous: int | None


class LogBook:
    """The logs by position. Position 0 is the oldest log.

    Created logs are listed in the order of their creation, whatever their `created_at` is. The logs of a deleted
    integration are kept.

    Args:
        seeded: The logs that exist from the start.
    """

    def __init__(self, seeded: SeededLogs) -> None:
        self._seeded = seeded
        self._created: list[bytes] = []
        self._created_by_integration: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, integration_id: int, fields: dict[str, Any]) -> bytes:
        """Add a log as the newest one.

        Args:
            integration_id: Integration that the log belongs to.
            fields: All fields except `id` and `integration_id`.

        Returns:
            JSON of the record, as listed later.
        """
        position = self._count_logs()
        content = encode_json({"id": position + 1, "integration_id": integration_id} | fields)
        self._created.append(content)
        self._created_by_integration[integration_id].append(position)
        return content

    def get_cursor_time(self, position: int) -> datetime:
        """Return the cursor value of a position. All older records have an earlier one."""
        return datetime.fromtimestamp(self._seeded.get_created_at(position), UTC)

    def find_position(self, cursor_time: datetime) -> int:
        """Return the position of a cursor value."""
        return min(self._count_logs(), self._seeded.find_position(cursor_time.timestamp()))

    def get_page(self, integration_id: int | None, below: int | None, size: int) -> LogPage:
        """Return a page of the newest records.

        Args:
            integration_id: Return only records of this integration; None for all integrations.
            below: Return only records at positions below this one; None for all positions.
            size: Maximum number of records.
        """
        top = self._count_logs() if below is None else below
        positions = list(islice(self._iterate_older(integration_id, top), size + 1))
        more = len(positions) > size
        del positions[size:]
        newer: list[int] = []
        if below is not None:
            newer = list(islice(self._iterate_newer(integration_id, positions[0] + 1 if positions else below), size))
        return LogPage(
            [self._render(position) for position in positions],
            next=positions[-1] if more else None,
            previous=newer[-1] + 1 if newer else None,
        )

    def _count_logs(self) -> int:
        return self._seeded.count + len(self._created)

    def _render(self, position: int) -> bytes:
        seeded = self._seeded
        return seeded.render(position) if position < seeded.count else self._created[position - seeded.count]

    def _iterate_older(self, integration_id: int | None, below: int) -> Iterator[int]:
        if integration_id is None:
            yield from range(below - 1, -1, -1)
            return
        created = self._created_by_integration[integration_id]
        for index in range(bisect_left(created, below) - 1, -1, -1):
            yield created[index]
        yield from self._seeded.iterate_older(integration_id, below)

    def _iterate_newer(self, integration_id: int | None, at_least: int) -> Iterator[int]:
        if integration_id is None:
            yield from range(at_least, self._count_logs())
            return
        yield from self._seeded.iterate_newer(integration_id, at_least)
        created = self._created_by_integration[integration_id]
        for index in range(bisect_left(created, at_least), len(created)):
            yield created[index]
