"""JSON that orjson rejects, and JSON within text."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

import orjson

__all__ = ["MAX_DEPTH", "TOO_DEEP", "encode_json", "parse_json_text", "has_repeated_names"]

MAX_DEPTH: Final = 100
"""Deeper levels are cut off, because orjson cannot encode more than 254 levels."""

TOO_DEEP: Final = "[nested too deeply]"
"""Replaces the levels that are cut off."""

_OPENING: Final = frozenset('{["')
_FIRST_CHARACTERS: Final = _OPENING | frozenset("\ufeff \t\r\n")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def encode_json(value: Any) -> bytes:
    """Encode a JSON value that orjson may reject.

    Args:
        value: The value, as parsed from JSON. Integers of any size are accepted.

    Returns:
        The JSON. Lone surrogates become U+FFFD, NaN and infinities become null. If the value has too many levels for
        Python's encoder, the levels below 100 are cut off.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        pass
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        text = json.dumps(_replace_unencodable(value, 0), ensure_ascii=False, separators=(",", ":"))
    return _SURROGATES.sub("\ufffd", text).encode()


def parse_json_text(text: str) -> Any:
    """Parse a text that is a JSON object, array or string.

    Args:
        text: The text. A byte order mark and white space around the JSON are ignored.

    Returns:
        The value, or None if the text is anything else.
    """
    if text[:1] not in _FIRST_CHARACTERS:
        return None
    bare = text.strip("\ufeff \t\r\n")
    if bare[:1] not in _OPENING:
        return None
    try:
        return orjson.loads(bare)
    except orjson.JSONDecodeError:
        return None


def has_repeated_names(text: str) -> bool:
    """Whether an object in a JSON text repeats a name, so that a parser drops all but its last value."""
    found = False

    def check(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len(pairs) != len({name for name, _ in pairs})

    try:
        json.loads(text.strip("\ufeff \t\r\n"), object_pairs_hook=check)
    except (RecursionError, ValueError):
        return True
    return found


def _replace_unencodable(value: Any, depth: int) -> Any:
    if value.__class__ is float:
        return value if math.isfinite(value) else None
    if value.__class__ is dict:
        if depth == MAX_DEPTH:
            return {TOO_DEEP: None}
        return {name: _replace_unencodable(item, depth + 1) for name, item in value.items()}
    if value.__class__ is list:
        return [_replace_unencodable(item, depth + 1) for item in value] if depth < MAX_DEPTH else [TOO_DEEP]
    return value
