"""The report of an update: as terminal text, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from generator.changes import Change
from generator.follow_ups import FollowUp
from generator.output import OutputError

__all__ = ["UpdateReport", "format_changes", "format_follow_ups", "write_report"]


@attrs.frozen
class UpdateReport:
    """What a new document changes.

    Attributes:
        source: Path or URL of the new document.
        changes: The changes for callers, breaking ones first.
        security: Messages about origins that could receive credentials.
        follow_ups: Hand-written places that no longer fit; None if they were not looked for.
    """

    source: str
    changes: tuple[Change, ...] = ()
    security: tuple[str, ...] = ()
    follow_ups: tuple[FollowUp, ...] | None = None

    def format_markdown(self) -> str:
        """Return the report as Markdown."""
        parts = ["# Update of the OpenAPI document", f"Source: {_code(self.source)}"]
        if self.security:
            parts += ["## Security", _list(self.security)]
        for title, breaking in (("Breaking for callers", True), ("Other changes", False)):
            found = [change for change in self.changes if change.breaking is breaking]
            lines = [f"{_code(change.location)}: {_escape(change.description)}" for change in found]
            parts += [f"## {title} ({len(lines)})", _list(lines) or "None."]
        if self.follow_ups is not None:
            lines = [f"{_code(f'{one.file}:{one.line}')}: {_escape(one.problem)}" for one in self.follow_ups]
            parts += [f"## Hand-written places to change ({len(lines)})", _list(lines) or "None."]
        return "\n\n".join(parts) + "\n"

    def format_json(self) -> str:
        """Return the report as JSON."""
        content: dict[str, Any] = {
            "source": self.source,
            "changes": [attrs.asdict(change) for change in self.changes],
            "security": list(self.security),
            "follow_ups": None if self.follow_ups is None else [attrs.asdict(one) for one in self.follow_ups],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def format_changes(changes: Iterable[Change]) -> str:
    """Format changes as text, grouped into breaking and other changes and otherwise in the given order."""
    changes = list(changes)
    if not changes:
        return "No changes for callers."
    parts: list[str] = []
    for title, breaking in (("Breaking for callers", True), ("Other changes", False)):
        lines = [f"  {change.location}: {change.description}" for change in changes if change.breaking is breaking]
        parts.append("\n".join([f"{title} ({len(lines)})", *(lines or ["  none"])]))
    return "\n\n".join(parts)


def format_follow_ups(places: Iterable[FollowUp]) -> str:
    """Format hand-written places as text, one line each; empty without changes."""
    lines = [f"  {place}" for place in places]
    return "\n".join([f"Hand-written places to change ({len(lines)})", *lines]) if lines else ""


def write_report(report: UpdateReport, path: Path) -> None:
    """Write a report to a file: as JSON if its name ends in `.json`, otherwise as Markdown.

    Raises:
        OutputError: The file cannot be written.
    """
    text = report.format_json() if path.suffix == ".json" else report.format_markdown()
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or 'failed'})") from error


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _code(text: str) -> str:
    """Return text as Markdown code; text of a document cannot end it."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def _escape(text: str) -> str:
    """Return text of a document without active Markdown or HTML."""
    plain = " ".join(text.split())
    for char in "\\*_[]<>#|":
        plain = plain.replace(char, f"\\{char}")
    return plain.replace("@", "@\u200b")
