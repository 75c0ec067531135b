"""Parses JSON: strictly with orjson, and leniently if a server sends what orjson rejects."""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any, Final

import orjson

__all__ = ["parse_json"]

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is a prefix of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def parse_json(content: bytes) -> Any:
    """Parse a JSON document.

    If orjson rejects the document, a lenient parser reads it: a byte order mark is dropped, invalid bytes and lone
    surrogates become U+FFFD, `NaN` and infinite numbers become None, and control characters in strings are accepted.

    Args:
        content: The document, UTF-8 unless it has a byte order mark.

    Returns:
        The parsed value.

    Raises:
        ValueError: If the document is not JSON, or if it is nested too deeply for Python's parser (about 1,000 levels).
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        text = _decode_text(content)
        if "\\u" in text:
            text = _replace_lone_surrogates(text)
        try:
            # orjson again, because it is several times as fast as the lenient parser.
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return _parse_leniently(text)


def _parse_leniently(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _decode_text(content: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    return content.decode("utf-8", errors="replace")


def _parse_float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


_DECODER: Final = json.JSONDecoder(strict=False, parse_constant=lambda _: None, parse_float=_parse_float)

# A high surrogate without a low one after it, or a low surrogate without a high one before it. The text has no escaped
# backslashes, so each backslash begins an escape.
_LONE_SURROGATE: Final = re.compile(
    r"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)


def _replace_lone_surrogates(text: str) -> str:
    # No function as replacement: it would be called for each of what can be 150,000 escapes per megabyte.
    return _LONE_SURROGATE.sub(r"\\ufffd", text.replace(r"\\", r"\u005c"))
