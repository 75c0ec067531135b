"""Hand-written places that no longer fit a new document: actions of the overlay, and code that mypy rejects."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs

from generator.documents import to_single_line
from generator.overlay import UnmatchedAction
from generator.yaml_documents import find_item_lines

__all__ = ["FollowUp", "TypeCheckError", "find_code_places", "find_overlay_places"]

_MYPY: Final = ("-m", "mypy", "--strict", "--no-incremental", "--config-file", os.devnull, "--no-error-summary")
_ERROR: Final = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+): error: (?P<text>[^\n]*)$", re.MULTILINE)


@attrs.frozen(order=True)
class FollowUp:
    """A hand-written place to change after an update.

    Attributes:
        file: Path in the project.
        line: Line number, from 1.
        problem: What no longer fits.
    """

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


class TypeCheckError(Exception):
    """Raised if the generated package itself does not pass the type check, which is a bug of the generator."""


def find_overlay_places(overlay: Path, unmatched: Iterable[UnmatchedAction], name: str) -> list[FollowUp]:
    """Return the place of each action that matches nothing.

    Args:
        overlay: Path of the overlay.
        unmatched: The actions.
        name: Path of the overlay in the project.
    """
    lines = find_item_lines(overlay.read_bytes(), "actions")
    return [
        FollowUp(name, lines[action.number - 1], f"the target {to_single_line(action.target)} matches nothing")
        for action in unmatched
    ]


def find_code_places(package: Path, generated: str) -> list[FollowUp]:
    """Type-check a package, and return the hand-written places that mypy rejects.

    Args:
        package: Folder of the package, with the new generated code in it.
        generated: Name of the folder of the generated code.

    Raises:
        TypeCheckError: The generated code does not pass.
    """
    done = subprocess.run(
        [sys.executable, *_MYPY, package.name], cwd=package.parent, capture_output=True, text=True, check=False
    )
    found = [_read_error(match) for match in _ERROR.finditer(done.stdout)]
    in_generated = [one for one in found if one.file.startswith(f"{package.name}/{generated}/")]
    if in_generated or (done.returncode and not found):
        raise TypeCheckError(
            "The client generated from the new document does not pass mypy --strict. "
            "This is a bug of the generator: report it."
        )
    return sorted(set(found))


def _read_error(match: re.Match[str]) -> FollowUp:
    text = re.sub(r"\s+\[[\w-]+\]$", "", match["text"])
    return FollowUp(match["file"].replace(os.sep, "/"), int(match["line"]), to_single_line(text))
