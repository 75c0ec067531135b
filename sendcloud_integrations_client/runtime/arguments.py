"""Turns the arguments of an endpoint function into path, query and body, validated against the document's schemas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast
from urllib.parse import quote

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.runtime.models import UNSET, Model, encode
from sendcloud_integrations_client.runtime.operations import Operation
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

__all__ = ["build_body", "build_headers", "build_json_body", "build_path", "build_query", "to_entries", "to_text"]


_SAME_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


def build_path(
    operation: Operation,
    values: Mapping[str, object],
    rules: Mapping[str, Rule],
    arguments: Mapping[str, str] = _SAME_NAMES,
) -> str:
    """Fill in the operation's path with validated, percent-encoded parameters.

    Args:
        operation: The operation.
        values: Parameter name in the document to value.
        rules: Parameter name in the document to rule.
        arguments: Parameter name in the document to name of the argument, if both differ. Errors name the argument.

    Returns:
        The path below the base URL.

    Raises:
        InvalidInputError: If a value violates its rule, or if it would change the path (`.`, `..` or empty text).
    """
    path = operation.path
    for name, value in values.items():
        argument = arguments.get(name, name)
        plain = encode(value)
        validate_value(operation.name, argument, plain, rules[name])
        text = to_text(_to_integer(plain, rules[name]))
        if text.isdecimal() and text.isascii():  # nothing to escape
            segment = text
        else:
            _check_encodable(operation, argument, text)
            segment = quote(text, safe="")
        if segment in {"", ".", ".."}:
            raise InvalidInputError(operation.name, argument, 'must not be empty, "." or ".."')
        path = path.replace(f"{{{name}}}", segment)
    return path


def build_query(
    operation: Operation,
    values: Mapping[str, object],
    rules: Mapping[str, Rule],
    arguments: Mapping[str, str] = _SAME_NAMES,
) -> dict[str, str]:
    """Build the query parameters from validated values.

    Args:
        operation: The operation.
        values: Parameter name in the document to value; None and `UNSET` are omitted.
        rules: Parameter name in the document to rule.
        arguments: Parameter name in the document to name of the argument, if both differ. Errors name the argument.

    Returns:
        Parameter name to text.

    Raises:
        InvalidInputError: If a value violates its rule.
    """
    query: dict[str, str] = {}
    for name, value in values.items():
        if value is None or value is UNSET:
            continue
        argument = arguments.get(name, name)
        plain = encode(value)
        validate_value(operation.name, argument, plain, rules[name])
        query[name] = to_text(_to_integer(plain, rules[name]))
        _check_encodable(operation, argument, query[name])
    return query


def build_headers(
    operation: Operation,
    values: Mapping[str, object],
    rules: Mapping[str, Rule],
    arguments: Mapping[str, str] = _SAME_NAMES,
) -> dict[str, str]:
    """Build the header parameters from validated values. Lists and objects have the style `simple`.

    Args:
        operation: The operation.
        values: Header name to value; None and `UNSET` are omitted.
        rules: Header name to rule.
        arguments: Header name to name of the argument, if both differ. Errors name the argument.

    Returns:
        Header name to text.

    Raises:
        InvalidInputError: If a value violates its rule, or cannot be the value of a header.
    """
    headers: dict[str, str] = {}
    for name, value in values.items():
        if value is None or value is UNSET:
            continue
        argument = arguments.get(name, name)
        plain = encode(value)
        validate_value(operation.name, argument, plain, rules[name])
        text = to_text(_to_integer(plain, rules[name]))
        if not text.isascii() or not text.isprintable() or text != text.strip():
            raise InvalidInputError(operation.name, argument, "must be printable ASCII without spaces at its ends")
        headers[name] = text
    return headers


def build_json_body(operation: Operation, body: object, rule: Rule) -> Any:
    """Build the validated, JSON-ready body from a value other than an object with named fields.

    Args:
        operation: The operation.
        body: The value; `UNSET` sends no body.
        rule: The rule of the body.

    Returns:
        The body as JSON-ready data; None sends no body.

    Raises:
        InvalidInputError: If the value violates its rule.
    """
    if body is UNSET:
        return None
    try:
        content = encode(body)
        validate_value(operation.name, "", content, rule)
    except RecursionError:
        raise InvalidInputError(operation.name, "body", "must not contain itself or be nested too deeply") from None
    if content is None:
        raise InvalidInputError(operation.name, "body", "must not be None")
    _check_numbers(operation, content)
    return content


def build_body(
    operation: Operation,
    body: object,
    fields: Mapping[str, object],
    rule: Rule,
    arguments: Mapping[str, str] = _SAME_NAMES,
) -> Any:
    """Build the validated, JSON-ready body from a model or from keyword arguments.

    Args:
        operation: The operation.
        body: The model, if the caller passed one; otherwise None.
        fields: Field name in the document to value; `UNSET` is omitted.
        rule: The rule of the body.
        arguments: Field name in the document to name of the argument, if both differ. Errors name the argument.

    Returns:
        The body as JSON-ready data.

    Raises:
        InvalidInputError: If a value violates its rule.
        TypeError: If both a model and fields are passed, or if `body` is not a model.
    """
    passed = {name: value for name, value in fields.items() if value is not UNSET}
    if body is not None:
        if passed:
            raise TypeError(f"{operation.name}() takes the body as a model or as keyword arguments, not both.")
        if not isinstance(body, Model):
            raise TypeError(f"{operation.name}() takes a model as its body, not {type(body).__name__}.")
    try:
        content = encode(passed) if body is None else encode(body)
        validate_value(operation.name, "", content, rule)
    except InvalidInputError as error:
        if body is None:
            error.field = _rename_field(error.field, arguments)
        raise
    except RecursionError:
        raise InvalidInputError(operation.name, "body", "must not contain itself or be nested too deeply") from None
    _check_numbers(operation, content)
    return content


def to_entries(value: Any, key: str, item: str) -> object:
    """Convert a mapping to a list of entries: `{"a": 1}` becomes `[{key: "a", item: 1}]`; keep any other value."""
    entries = encode(value)
    return [{key: name, item: entries[name]} for name in entries] if entries.__class__ is dict else value


def to_text(value: Any) -> str:
    """Return a JSON value as the text of a parameter: lists and objects with commas, as the style `simple` says."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value.__class__ is list:
        return ",".join(to_text(item) for item in value)
    if value.__class__ is dict:
        return ",".join(f"{name},{to_text(item)}" for name, item in value.items())
    return str(value)


def _rename_field(path: str, arguments: Mapping[str, str]) -> str:
    """Return the path of a field that begins with the name of the argument."""
    for name, argument in arguments.items():
        if path == name or path.startswith((f"{name}.", f"{name}[")):
            return argument + path.removeprefix(name)
    return path


def _to_integer(value: Any, rule: Rule) -> Any:
    """Return 7 for 7.0, which JSON Schema allows as an integer, and which would be the text `7.0`."""
    return int(value) if isinstance(value, float) and "integer" in rule.types and value.is_integer() else value


def _check_encodable(operation: Operation, name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInputError(operation.name, name, "must not contain lone surrogates") from None


def _check_numbers(operation: Operation, content: object) -> None:
    """Reject NaN and infinities, which JSON cannot express."""
    pending: list[object] = [content]
    while pending:
        value = pending.pop()
        if isinstance(value, float):
            if not math.isfinite(value):
                raise InvalidInputError(operation.name, "body", "must not contain NaN or infinite numbers")
        elif isinstance(value, dict):
            pending.extend(cast("dict[object, object]", value).values())
        elif isinstance(value, list):
            pending.extend(cast("list[object]", value))
