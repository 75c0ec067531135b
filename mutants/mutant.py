"""A mutant: one changed source file."""

from __future__ import annotations

import difflib

import attrs

from mutants.targets import PACKAGE

__all__ = ["Mutant"]


@attrs.frozen
class Mutant:
    """One changed source file.

    Attributes:
        file: The file within the package.
        description: The operator, or the behaviour that the change breaks.
        source: The unchanged source.
        mutated: The changed source.
        is_known: Whether the mutant is listed in `mutants/known.py`.
    """

    file: str
    description: str
    source: str = attrs.field(repr=False)
    mutated: str = attrs.field(repr=False)
    is_known: bool = False

    @property
    def line(self) -> int:
        """Number of the first changed line."""
        pairs = zip(self.source.splitlines(), self.mutated.splitlines(), strict=False)
        return next((number for number, (old, new) in enumerate(pairs, 1) if old != new), 1)

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        lines = difflib.unified_diff(
            self.source.splitlines(),
            self.mutated.splitlines(),
            fromfile=f"a/{PACKAGE}/{self.file}",
            tofile=f"b/{PACKAGE}/{self.file}",
            lineterm="",
        )
        return "\n".join(lines)

    @property
    def changed_lines(self) -> tuple[str, str]:
        """The removed and the added text, each with runs of white space replaced by one space."""
        removed: list[str] = []
        added: list[str] = []
        for line in difflib.ndiff(self.source.splitlines(), self.mutated.splitlines()):
            if line.startswith("- "):
                removed += line[2:].split()
            elif line.startswith("+ "):
                added += line[2:].split()
        return " ".join(removed), " ".join(added)
