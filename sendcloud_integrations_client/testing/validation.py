"""Request bodies and query parameters against the contract; what breaks it is refused in Sendcloud's shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

import orjson

from .formats import is_datetime, is_uri
from .messages import Request, error, refusal
from .schemas import Schema

__all__ = ["integer_parameter", "json_object"]

_NAMES: Final = {str: "string", bool: "boolean", list: "array", dict: "object", type(None): "null"}
_FORMATS: Final = {"uri": is_uri, "date-time": is_datetime}


def json_object(request: Request, schema: Schema, *, status: int | str) -> dict[str, Any]:
    """The body of a request, once it is known to keep to the contract.

    Args:
        request: The request.
        schema: What the body must be.
        status: 400 as this operation's errors write it, number or text.

    Returns:
        The decoded body.

    Raises:
        Refusal: 400 with one error for each rule that is broken.
    """
    try:
        body = orjson.loads(request.content)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        detail = "Wrong request format, expected object"
        raise refusal(400, error(status, "non_field_errors", "Wrong format", detail))
    entries = [
        error(status, code, code.replace("_", " ").title(), detail, pointer=pointer)
        for code, detail, pointer in _violations(body, schema, "body")
    ]
    if entries:
        raise refusal(400, *entries)
    return cast("dict[str, Any]", body)


def integer_parameter(request: Request, name: str, *, least: int, most: int) -> int | None:
    """A query parameter that is an integer; None if it was not given.

    Raises:
        Refusal: 400 if it is no integer or out of range.
    """
    text = request.query.get(name)
    if text is None:
        return None
    digits = text.removeprefix("-")
    # Python turns at most 4,300 digits into an int; no id has as many as 20.
    value = int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if value is None:
        raise refusal(400, error("400", "invalid", "Invalid", "A valid integer is required.", parameter=name))
    if not least <= value <= most:
        code = "min_value" if value < least else "invalid"
        detail = f"Must be from {least} to {most}."
        raise refusal(400, error("400", code, code.replace("_", " ").title(), detail, parameter=name))
    return value


def _violations(value: Any, schema: Schema, pointer: str) -> Iterator[tuple[str, str, str]]:
    """Code, detail and pointer of everything in `value` that `schema` forbids."""
    types = schema.get("type", ())
    kind = _kind(value)
    if kind not in types:
        code = "not_a_list" if types == ("array",) else "invalid"
        yield code, f"Expected {' or '.join(types)}, got {kind}.", pointer
    elif "enum" in schema and value not in schema["enum"]:
        yield "invalid_choice", f"Must be one of: {', '.join(schema['enum'])}.", pointer
    elif kind == "string":
        yield from _text_violations(value, schema, pointer)
    elif kind == "array":
        yield from _array_violations(value, schema, pointer)
    elif kind == "object":
        yield from _object_violations(value, schema, pointer)
    elif kind == "integer" and value < schema.get("minimum", value):
        yield "min_value", f"Must be at least {schema['minimum']}.", pointer


def _kind(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # JSON has no integers apart: 495.0 is one.
        return "integer" if value == value // 1 else "number"
    return _NAMES[type(value)]


def _text_violations(text: str, schema: Schema, pointer: str) -> Iterator[tuple[str, str, str]]:
    if len(text) < schema.get("minLength", 0):
        yield "invalid", "Must not be empty.", pointer
    elif len(text) > schema.get("maxLength", len(text)):
        yield "invalid", f"Must have at most {schema['maxLength']} characters.", pointer
    elif "format" in schema and not _FORMATS[schema["format"]](text):
        yield "invalid", f"Must be a valid {schema['format']}.", pointer


def _array_violations(items: list[Any], schema: Schema, pointer: str) -> Iterator[tuple[str, str, str]]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", len(items))
    if not least <= len(items) <= most:
        yield "invalid", f"Must have from {least} to {most} items.", pointer
    if schema.get("uniqueItems"):
        texts = [orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in items]
        if len(set(texts)) < len(texts):
            yield "invalid", "Items must not repeat.", pointer
    for index, item in enumerate(items):
        yield from _violations(item, schema["items"], f"{pointer}/{index}")


def _object_violations(fields: dict[str, Any], schema: Schema, pointer: str) -> Iterator[tuple[str, str, str]]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in fields:
            yield "required", "This field is required.", f"{pointer}/{name}"
    for name, value in fields.items():
        if name in properties:
            yield from _violations(value, properties[name], f"{pointer}/{name}")
        elif schema.get("additionalProperties") is False:
            yield "extra_forbidden", "Extra inputs are not permitted", f"{pointer}/{name}"
