"""JSON of responses: as fast as orjson, and with lone surrogates, which shops send and orjson rejects."""

from __future__ import annotations

import json
from typing import Any

import orjson

__all__ = ["decode_json", "encode_json"]


def encode_json(value: object) -> bytes:
    """Encode a value as JSON. Lone surrogates are escaped: a shop may have cut text in the middle of an emoji."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def decode_json(content: bytes) -> Any:
    """Decode what `encode_json` returned."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content)
