"""Parses JSON: strictly with orjson, and leniently if a server sends what orjson rejects."""

from __future__ import annotations

import codecs
import json
import math
from typing import Any, Final, cast

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
        try:
            value = _DECODER.decode(_decode_text(content))
            return _replace_surrogates(value) if b"\\u" in content else value
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


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value if _is_encodable(value) else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {_replace_surrogates(name): _replace_surrogates(item) for name, item in items}
    return value


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
