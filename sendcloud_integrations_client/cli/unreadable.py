"""Records that came and cannot be read: each is told of once, and ends nothing."""

from __future__ import annotations

import orjson

from sendcloud_integrations_client.cli.reporting import say
from sendcloud_integrations_client.errors import ResponseDecodeError

__all__ = ["UnreadableRecords"]


class UnreadableRecords:
    """Tells of them, and knows whether there were any."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self._told)

    def note(self, error: ResponseDecodeError) -> None:
        """Tell of one on stderr; what `on_undecodable` takes."""
        key = hash(orjson.dumps(error.record))
        if key not in self._told:
            self._told.add(key)
            say(f"left out: {error.operation}: {error.reason}")
