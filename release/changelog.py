"""Check that the version, the changelog and the tag of a release agree."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["check_changelog"]

_HEADING: Final = re.compile(r"^## (?P<version>\S+)(?: \((?P<date>[^)]*)\))?$", re.MULTILINE)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def check_changelog(changelog: str, version: str, tag: str = "") -> list[str]:
    """Return the problems of the first section of the changelog.

    Args:
        changelog: Text of CHANGELOG.md.
        version: Version of the package.
        tag: Tag of the release. Defaults to none: the section may then be unreleased.
    """
    first = _HEADING.search(changelog)
    if first is None:
        return ["CHANGELOG.md has no section. Add a heading such as `## 1.2.3 (unreleased)`."]
    problems: list[str] = []
    if first["version"] != version:
        problems.append(f"CHANGELOG.md starts with {first['version']}, the version is {version}. Make them equal.")
    if tag and tag != f"v{version}":
        problems.append(f"The tag {tag} does not match the version {version}. Tag the release v{version}.")
    if tag and not _DATE.fullmatch(first["date"] or ""):
        problems.append(f"CHANGELOG.md has no date for {first['version']}. Replace `(unreleased)` by a date.")
    return problems
