"""Regular expressions that match any of many texts with few comparisons per character."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["build_trie", "match_words"]


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
    return _render(root) if root else "(?!)"


def match_words(words: Mapping[str, str]) -> str:
    """Return a regular expression that matches any of the words, in any case, that are not within other words.

    Its alternatives begin with one fixed letter each, which the regular expression engine searches for at high speed.

    Args:
        words: The words, with a regular expression for what follows each.
    """
    by_letter: dict[str, list[str]] = {}
    for word, after in words.items():
        for letter in (word[0].lower(), word[0].upper()):
            rest = rf"(?i:{re.escape(word[1:])})"
            by_letter.setdefault(letter, []).append(rf"{rest}(?<!\w{letter}{rest}){after}")
    return "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())


def _render(node: dict[str, Any]) -> str:
    if "" in node and len(node) == 1:
        return ""
    parts = [re.escape(letter) + _render(node[letter]) for letter in sorted(node) if letter]
    body = parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
    return f"(?:{body})?" if "" in node else body
