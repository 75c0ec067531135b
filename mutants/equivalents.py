"""Equivalent mutants: changes that no test can detect. They are not drawn, so they do not count in the kill rate."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["EQUIVALENTS", "Equivalent"]


@attrs.frozen
class Equivalent:
    """One change, identified by its file and the changed text. It can occur in several lines of the file.

    Attributes:
        file: The file within the package.
        original: The replaced text: a line, or the part of it that makes the change unambiguous. White space is not
            significant.
        mutated: The replacement; empty if the text is removed.
        reason: Why the behaviour is the same.
    """

    file: str
    original: str
    mutated: str
    reason: str


_SHIELD: Final = "`asyncio.shield` retrieves the exception of a task whose caller was cancelled."
_STOPS: Final = "At a position beyond the end of the header, the parser finds no further link."
_NEVER_ABOVE: Final = "The left side is never greater than the right side."

EQUIVALENTS: Final = (
    Equivalent("auth/origin.py", "(url.port or 0)", "(url.port or 1)", "Both are below the highest port."),
    Equivalent("auth/origin.py", "(url.port or 0)", "(url.port or -1)", "Both are below the highest port."),
    Equivalent(
        "pagination.py", "len(prefetched) < _PREFETCH_PAGES", "len(prefetched) != _PREFETCH_PAGES", _NEVER_ABOVE
    ),
    Equivalent("pagination.py", "index < len(self._hashes)", "index != len(self._hashes)", _NEVER_ABOVE),
    Equivalent("runtime/link_header.py", "while position < length:", "while position != length:", _STOPS),
    Equivalent("sync/account_writer.py", "if not task.cancelled():", "if task.cancelled():", _SHIELD),
    Equivalent("sync/account_writer.py", "if not task.cancelled():", "if not not task.cancelled():", _SHIELD),
)
