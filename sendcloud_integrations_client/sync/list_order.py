"""Order in which the server lists logs. The API documents no order, so the sync observes it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

import attrs

__all__ = ["ListOrder", "NewestFirstBy"]

NewestFirstBy = Literal["id", "created_at", "both", "none"]


@attrs.define(kw_only=True)
class ListOrder:
    """Order of the records that one pass has read so far, from the first page on.

    The attributes have the names of their columns in the table `sync_state`.

    Attributes:
        last_id: Id of the last record.
        last_created_at: `created_at` of the last record that has one.
        ids_descending: No id was higher than the previous one.
        times_descending: No `created_at` was later than the previous one.
        time_decreases: Number of records with an earlier `created_at` than the previous one. If it is 0, the order by
            time is unknown.
    """

    last_id: int | None = None
    last_created_at: datetime | None = None
    ids_descending: bool = True
    times_descending: bool = True
    time_decreases: int = 0

    @classmethod
    def resume_after(cls, newest_first_by: NewestFirstBy | None) -> Self:
        """Return the order of a list of which the first pages were read earlier.

        Args:
            newest_first_by: The order that was found earlier; None if it is unknown.

        Returns:
            An order that the remaining pages can only contradict.
        """
        by_time = newest_first_by in ("created_at", "both", None)
        return cls(
            ids_descending=newest_first_by in ("id", "both", None),
            times_descending=by_time,
            time_decreases=int(by_time and newest_first_by is not None),
        )

    def observe(self, log_id: int, created_at: datetime | None) -> None:
        """Update the order with the next record.

        Args:
            log_id: Id of the record.
            created_at: Time when the record was created, with a time zone; None if unknown.
        """
        if self.last_id is not None and log_id > self.last_id:
            self.ids_descending = False
        self.last_id = log_id
        if created_at is None:
            return
        if self.last_created_at is not None and created_at != self.last_created_at:
            if created_at > self.last_created_at:
                self.times_descending = False
            else:
                self.time_decreases += 1
        self.last_created_at = created_at

    @property
    def newest_first_by(self) -> NewestFirstBy:
        """The fields by which the records of this pass are sorted in descending order."""
        if self.ids_descending:
            return "both" if self.is_by_time else "id"
        return "created_at" if self.is_by_time else "none"

    @property
    def is_by_time(self) -> bool:
        """Whether the records are sorted by `created_at` in descending order."""
        return self.times_descending and self.time_decreases > 0

    def confirm(self, expected: NewestFirstBy | None) -> NewestFirstBy:
        """Return the part of an expected order that the records of this pass do not contradict.

        Args:
            expected: The order that an earlier pass found; None if there was no earlier pass.

        Returns:
            `expected`, without the fields that are not in descending order in this pass.
        """
        by_id = expected in ("id", "both") and self.ids_descending
        by_time = expected in ("created_at", "both") and self.times_descending
        if by_id:
            return "both" if by_time else "id"
        return "created_at" if by_time else "none"
