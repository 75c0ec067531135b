"""In which order a server lists logs: the contract promises none, so a walk watches."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import attrs

__all__ = ["NewestFirstBy", "Order"]

NewestFirstBy = Literal["id", "created_at", "both", "none"]


@attrs.define(kw_only=True)
class Order:
    """What the records of one walk showed so far, from its first page on.

    Attributes:
        last_id: Id of the last record.
        last_created_at: When the last record that says so was made.
        ids_fall: No id was higher than the one before.
        times_fall: No record was made later than the one before.
        time_falls: How many were made earlier than the one before; without any, `times_fall` says nothing.
    """

    last_id: int | None = None
    last_created_at: datetime | None = None
    ids_fall: bool = True
    times_fall: bool = True
    time_falls: int = 0

    def observe(self, log_id: int, created_at: datetime | None) -> None:
        """Take in the next record.

        Args:
            log_id: Its id.
            created_at: When it was made, with a time zone, if it is known.
        """
        if self.last_id is not None and log_id > self.last_id:
            self.ids_fall = False
        self.last_id = log_id
        if created_at is None:
            return
        if self.last_created_at is not None and created_at != self.last_created_at:
            if created_at > self.last_created_at:
                self.times_fall = False
            else:
                self.time_falls += 1
        self.last_created_at = created_at

    @property
    def newest_first_by(self) -> NewestFirstBy:
        """What the records are ordered by, as far as this walk can tell."""
        if self.ids_fall:
            return "both" if self.is_by_time else "id"
        return "created_at" if self.is_by_time else "none"

    @property
    def is_by_time(self) -> bool:
        """Whether later records are older, by their `created_at`."""
        return self.times_fall and self.time_falls > 0

    def confirm(self, by: NewestFirstBy | None) -> NewestFirstBy:
        """What is left of an order that an earlier walk found, after what this one showed."""
        by_id = by in ("id", "both") and self.ids_fall
        by_time = by in ("created_at", "both") and self.times_fall
        if by_id:
            return "both" if by_time else "id"
        return "created_at" if by_time else "none"
