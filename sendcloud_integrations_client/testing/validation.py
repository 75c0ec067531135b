"""Validates request bodies and query parameters. Invalid ones are rejected in Sendcloud's error format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

import orjson

from .formats import is_datetime, is_uri
from .messages import Request, build_error, build_rejection
from .schemas import Schema

__all__ = ["find_violations", "parse_integer_parameter", "parse_json_object"]

_NAMES: Final = {str: "string", bool: "boolean", list: "array", dict: "object", type(None): "null"}
_FORMATS: Final = {"uri": is_uri, "date-time": is_datetime}


def parse_json_object(request: Request, schema: Schema, *, status: int | str) -> dict[str, Any]:
    """Decode and validate the body of a request.

    Args:
        request: The request.
        schema: JSON schema of the body.
        status: Status 400 as a number or text, whichever the errors of this operation use.

    Returns:
        The decoded body.

    Raises:
        RejectedRequest: With status 400 and one error per violated rule, if the body is invalid.
    """
    try:
        body = orjson.loads(request.content)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        detail = "Wrong request format, expected object"
        raise build_rejection(400, build_error(status, "non_field_errors", "Wrong format", detail))
    entries = [
        build_error(status, code, code.replace("_", " ").title(), detail, pointer=pointer)
        for code, detail, pointer in find_violations(body, schema, "body")
    ]
    if entries:
        raise build_rejection(400, *entries)
    return cast("dict[str, Any]", body)


def parse_integer_parameter(request: Request, name: str, *, minimum: int, maximum: int) -> int | None:
    """Parse an integer query parameter.

    Args:
        request: The request.
        name: Name of the parameter.
        minimum: Smallest valid value.
        maximum: Largest valid value.

    Returns:
        The value; None if the request does not have the parameter.

    Raises:
        RejectedRequest: With status 400, if the value is not an integer or out of range.
    """
    text = request.query.get(name)
    if text is None:
        return None
    digits = text.removeprefix("-")
    # int() rejects more than 4,300 digits. No id has 20 digits or more.
    value = int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if value is None:
        raise build_rejection(
            400, build_error("400", "invalid", "Invalid", "A valid integer is required.", parameter=name)
        )
    if not minimum <= value <= maximum:
        code = "min_value" if value < minimum else "invalid"
        detail = f"Must be from {minimum} to {maximum}."
        raise build_rejection(400, build_error("400", code, code.replace("_", " ").title(), detail, parameter=name))
    return value


def find_violations(value: Any, schema: Schema, pointer: str) -> Iterator[tuple[str, str, str]]:
    """Yield code, detail and pointer of each violation of a schema.

    Args:
        value: Decoded JSON.
        schema: The schema.
        pointer: Location of the value, such as `body`.
    """
    types = schema.get("type", ())
    kind = _get_type_name(value)
    if kind not in types:
        code = "not_a_list" if types == ("array",) else "invalid"
        yield code, f"Expected {' or '.join(types)}, got {kind}.", pointer
    elif "enum" in schema and value not in schema["enum"]:
        yield "invalid_choice", f"Must be one of: {', '.join(schema['enum'])}.", pointer
    elif kind == "string":
        yield from _find_text_violations(value, schema, pointer)
    elif kind == "array":
        yield from _find_array_violations(value, schema, pointer)
    elif kind == "object":
        yield from _find_object_violations(value, schema, pointer)
    elif kind == "integer" and value < schema.get("minimum", value):
        yield "min_value", f"Must be at least {schema['minimum']}.", pointer


def _get_type_name(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # JSON does not distinguish integers from other numbers, so 495.0 is an integer.
        return "integer" if value == value // 1 else "number"
    return _NAMES[type(value)]


def _find_text_violations(text: str, schema: Schema, pointer: str) -> Iterator[tuple[str, str, str]]:
    if len(text) < schema.get("minLength", 0):
        yield "invalid", "Must not be empty.", pointer
    elif len(text) > schema.get("maxLength", len(text)):
        yield "invalid", f"Must have at most {schema['maxLength']} characters.", pointer
    elif "format" in schema and not _FORMATS[schema["format"]](text):
        yield "invalid", f"Must be a valid {schema['format']}.", pointer


def _find_array_violations(items: list[Any], schema: Schema, pointer: str) -> Iterator[tuple[str, str, str]]:
    minimum, maximum = schema.get("minItems", 0), schema.get("maxItems", len(items))
    if not minimum <= len(items) <= maximum:
        yield "invalid", f"Must have from {minimum} to {maximum} items.", pointer
    if schema.get("uniqueItems"):
        texts = [orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in items]
        if len(set(texts)) < len(texts):
            yield "invalid", "Items must not repeat.", pointer
    for index, item in enumerate(items):
        yield from find_violations(item, schema["items"], f"{pointer}/{index}")


def _find_object_violations(fields: dict[str, Any], schema: Schema, pointer: str) -> Iterator[tuple[str, str, str]]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in fields:
            yield "required", "This field is required.", f"{pointer}/{name}"
    for name, value in fields.items():
        if name in properties:
            yield from find_violations(value, properties[name], f"{pointer}/{name}")
        elif schema.get("additionalProperties") is False:
            yield "extra_forbidden", "Extra inputs are not permitted", f"{pointer}/{name}"
