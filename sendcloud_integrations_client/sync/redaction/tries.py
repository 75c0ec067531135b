"""Regular expressions that match any of many texts in one comparison per character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["build_trie"]


def build_trie(texts: Iterable[str]) -> str:
    """Return a regular expression that matches any of the texts. Alternatives with a common prefix share it.

    Args:
        texts: The texts; empty ones are ignored. Without texts, the expression matches nothing.
    """
    root: dict[str, Any] = {}
    for text in set(texts) - {""}:
        node = root
        for letter in text:
            node = node.setdefault(letter, {})
        node[""] = {}
    return _render(root) or "(?!)"


def _render(node: dict[str, Any]) -> str:
    if "" in node and len(node) == 1:
        return ""
    parts = [re.escape(letter) + _render(node[letter]) for letter in sorted(node) if letter]
    body = parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
    return f"(?:{body})?" if "" in node else body
