"""Records that cannot be decoded: each is reported once on stderr and skipped."""

from __future__ import annotations

import orjson

from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.errors import ResponseDecodeError

__all__ = ["UndecodableRecords"]


class UndecodableRecords:
    """Reports undecodable records on stderr and counts them. A record that occurs repeatedly counts once."""

    def __init__(self) -> None:
        self._reported: set[int] = set()

    @property
    def count(self) -> int:
        """Number of different undecodable records reported so far."""
        return len(self._reported)

    def report(self, error: ResponseDecodeError) -> None:
        """Report one record. Pass this method as `on_decode_error`.

        Args:
            error: The error with the record.
        """
        key = hash(orjson.dumps(error.record))
        if key not in self._reported:
            self._reported.add(key)
            print_message(f"warning: {error.operation}: {error.reason}. The record was skipped.")
