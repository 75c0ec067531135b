"""Replaces secrets that are recognized by their shape."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sendcloud_integrations_client.sync.redaction.clean_lines import CleanLines
from sendcloud_integrations_client.sync.redaction.patterns import SecretPattern

__all__ = ["ShapeFinder"]

_ESCAPE_BEFORE: Final = r"\\[nrtbf]"
_PEM_PREFIX: Final = "-----BEGIN"
_PEM_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")


class ShapeFinder:
    """Replaces each match of the patterns.

    Args:
        patterns: The patterns.
        marker: Replacement for a secret.
    """

    def __init__(self, patterns: Iterable[SecretPattern], marker: str) -> None:
        by_prefix: dict[str, list[str]] = {}
        for pattern in patterns:
            by_prefix.setdefault(pattern.prefix, []).append(pattern.rest)
        self._marker = marker
        # The prefix comes first, so that the regular expression engine searches for it as a literal.
        self._compiled = tuple(
            (prefix, re.compile(f"{re.escape(prefix)}{_require_boundary(prefix)}(?:{'|'.join(rests)})"))
            for prefix, rests in by_prefix.items()
        )
        self._lines_without_prefixes = CleanLines()

    def redact(self, text: str) -> str:
        """Replace the secrets in a text."""
        others = self._lines_without_prefixes.select_others(text)
        searched = text if others is None else "\n".join(others)
        for prefix, pattern in self._compiled:
            if prefix in searched or "\n" in prefix:
                clean = self._redact_pem(text, pattern) if prefix == _PEM_PREFIX else pattern.sub(self._marker, text)
                if clean != text:
                    text = searched = clean
                    others = None  # a secret that was replaced can contain another prefix
                elif others:
                    others = [line for line in others if prefix not in line]
        if others:
            self._lines_without_prefixes.add(others)
        return text

    def _redact_pem(self, text: str, beginning: re.Pattern[str]) -> str:
        """Replace PEM blocks with the marker: up to the line with END, or to the end of the text if that is missing."""
        parts: list[str] = []
        position = 0
        while found := beginning.search(text, position):
            end = _PEM_END.search(text, found.end())
            parts += [text[position : found.start()], self._marker]
            position = end.end() if end else len(text)
        return "".join([*parts, text[position:]])


def _require_boundary(prefix: str) -> str:
    r"""Return an assertion that no letter or digit precedes the prefix, except that of an escape such as `\n`."""
    if not prefix[0].isalnum():
        return ""
    escaped = re.escape(prefix)
    return f"(?:(?<![0-9A-Za-z_]{escaped})|(?<={_ESCAPE_BEFORE}{escaped}))"
