"""Values of the options of `logs report`."""

from __future__ import annotations

import enum

__all__ = ["FailOn", "ReportFormat"]


class FailOn(enum.Enum):
    """Conditions under which `logs report` exits with an error code."""

    NEW = "new"
    FAILING = "failing"
    STALE = "stale"


class ReportFormat(enum.Enum):
    """Formats in which `logs report` prints the report."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
