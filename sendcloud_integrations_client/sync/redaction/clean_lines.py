"""Lines in which a pass finds nothing. A text is redacted repeatedly, and most of its lines stay the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

__all__ = ["CleanLines"]

_MIN_LENGTH: Final = 500
_MAX_LENGTH: Final = 20_000
"""Longer texts are redacted once."""

_MIN_AVERAGE: Final = 20
_MAX_LINE: Final = 2000
_MAX_LINES: Final = 1000


class CleanLines:
    """The lines that one pass leaves unchanged, whatever the lines around them are."""

    def __init__(self) -> None:
        self._lines: set[str] = set()

    def select_others(self, text: str) -> list[str] | None:
        """Return the lines of a text that are not known; None if the text is short or long, or its lines are short."""
        length = len(text)
        if not _MIN_LENGTH <= length <= _MAX_LENGTH or text.count("\n") * _MIN_AVERAGE > length:
            return None
        known = self._lines
        return [line for line in text.split("\n") if line not in known]

    def add(self, lines: Iterable[str]) -> None:
        """Remember lines as unchanged."""
        if len(self._lines) > _MAX_LINES:
            self._lines.clear()
        self._lines.update([line for line in lines if len(line) <= _MAX_LINE])

    def redact(self, text: str, redact: Callable[[str], str]) -> str:
        """Redact the lines of a text that are not known.

        Args:
            text: The text.
            redact: Redacts a text, each line of it by itself.
        """
        others = self.select_others(text)
        if others is None:
            return redact(text)
        clean = redact("\n".join(others)).split("\n") if others else others
        if clean == others:
            self.add(others)
            return text
        if len(clean) != len(others):
            return redact(text)  # the marker contains a line break
        unchanged = [line for line, other in zip(clean, others, strict=True) if line == other]
        replaced = {other: line for line, other in zip(clean, others, strict=True) if line != other}
        self.add(unchanged)
        return "\n".join([replaced.get(line, line) for line in text.split("\n")])
