"""Text of docstrings for operations and parameters that their document does not describe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from generator.words import add_article

__all__ = ["describe_operation", "describe_parameter"]

_STANDARD_VERBS: Final = frozenset({"retrieve", "create", "replace", "update", "delete", "head", "options"})
_END_OF_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n\s*\n")
_MAX_SUMMARY: Final = 120
_KINDS: Final = {"path": "Path parameter", "query": "Query parameter", "header": "Header"}


def describe_operation(operation: Mapping[str, Any], path: str) -> tuple[str, str]:
    """Return summary, without a full stop, and description of an operation of a named document.

    Without a summary, the first sentence of the description is the summary. Without a description, the name of the
    operation is written out: `retrieve_label` becomes `Retrieve a label`.
    """
    summary, description = (str(operation.get(name) or "").strip() for name in ("summary", "description"))
    if not summary and description:
        first, *rest = _END_OF_SENTENCE.split(description, maxsplit=1)
        if len(first) <= _MAX_SUMMARY:
            summary, description = first, rest[0] if rest else ""
    return _to_line(summary) or _write_out(str(operation["x-name"]), path), description


def describe_parameter(parameter: Mapping[str, Any]) -> str:
    """Return a sentence that names the kind and the name of a parameter."""
    return f"{_KINDS[parameter['in']]} `{parameter['name']}`."


def _write_out(name: str, path: str) -> str:
    verb, _, noun = name.partition("_")
    words = noun.replace("_", " ").strip()
    if verb in _STANDARD_VERBS and words and path.rstrip("/").endswith("}"):
        words = add_article(words)
    return f"{verb.capitalize()} {words}".strip()


def _to_line(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")
