"""Equivalent mutants: changes that no test can detect. They are not drawn, and do not count in the kill rate."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["EQUIVALENTS", "Equivalent"]


@attrs.frozen
class Equivalent:
    """One mutant, identified by its file and the changed line.

    Attributes:
        file: The file within the package.
        original: The removed line or lines. White space is not significant.
        mutated: The added line or lines; empty if a line was only removed.
        reason: Why the behaviour is the same.
    """

    file: str
    original: str
    mutated: str
    reason: str


EQUIVALENTS: Final[tuple[Equivalent, ...]] = ()
