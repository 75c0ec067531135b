"""Strict writing: what the contract forbids is refused before a request is spent.

A `Rule` is one schema of the contract as data. `check` holds a JSON-ready value against it and raises
`InvalidInputError` at the first breach: it names the field, the rule and the type of the value, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

import attrs
import orjson

from sendcloud_integrations_client.errors import InvalidInputError

__all__ = ["Rule", "check"]


@attrs.frozen(kw_only=True)
class Rule:
    """One schema of the contract, with the keywords of JSON Schema (draft 2020-12) that OpenAPI 3.1 uses."""

    types: tuple[str, ...] = ()
    enum: tuple[Any, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    multiple_of: float | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False
    items: Rule | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    required: tuple[str, ...] = ()
    closed: bool = False
    properties: Mapping[str, Rule] = attrs.field(factory=dict[str, "Rule"])


def check(operation: str, field: str, value: object, rule: Rule) -> None:
    """Hold a JSON-ready value against a rule.

    Args:
        operation: What is called, for the message.
        field: Where the value stands, such as `page_size`; empty for a whole body.
        value: What is about to be sent.
        rule: What the contract asks for.

    Raises:
        InvalidInputError: The contract forbids it.
    """
    broken = _broken(value, rule, field)
    if broken is not None:
        at, what = broken
        raise InvalidInputError(operation, at or "the body", what)


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_NAMES: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "None",
}


def _broken(value: object, rule: Rule, at: str) -> tuple[str, str] | None:
    """Where and how `value` breaks `rule`; None if it does not."""
    if rule.types and not any(_is(value, name) for name in rule.types):
        expected = " or ".join(_NAMES[name] for name in rule.types)
        return at, f"must be {expected}, not {type(value).__name__}"
    if value is not None and rule.enum and value not in rule.enum:
        known = ", ".join(str(item) for item in rule.enum)
        return at, f"must be one of {known} (got another {type(value).__name__})"
    if isinstance(value, str):
        return _broken_text(value, rule, at)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _broken_number(value, rule, at)
    if isinstance(value, list):
        return _broken_list(cast(list[object], value), rule, at)
    if isinstance(value, dict):
        return _broken_object(cast(dict[str, object], value), rule, at)
    return None


def _is(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name])


def _broken_text(value: str, rule: Rule, at: str) -> tuple[str, str] | None:
    if rule.min_length is not None and len(value) < rule.min_length:
        return (
            at,
            f"must have at least {_count(rule.min_length, 'character')}; the str given has {len(value)}",
        )
    if rule.max_length is not None and len(value) > rule.max_length:
        return at, f"must have at most {_count(rule.max_length, 'character')}; the str given has {len(value)}"
    if rule.pattern is not None and not re.search(rule.pattern, value):
        return at, f"must match the pattern {rule.pattern}; the str given does not"
    if rule.format == "date-time" and not _is_timestamp(value):
        return at, "must be a timestamp with an offset from UTC (RFC 3339); the str given is none"
    return None


def _broken_number(value: float, rule: Rule, at: str) -> tuple[str, str] | None:
    kind = type(value).__name__
    if value != value or value in (float("inf"), float("-inf")):
        return at, f"must be finite; the {kind} given is not"
    if rule.minimum is not None and value < rule.minimum:
        return at, f"must be at least {rule.minimum}; the {kind} given is less"
    if rule.maximum is not None and value > rule.maximum:
        return at, f"must be at most {rule.maximum}; the {kind} given is more"
    if rule.exclusive_minimum is not None and value <= rule.exclusive_minimum:
        return at, f"must be more than {rule.exclusive_minimum}; the {kind} given is not"
    if rule.exclusive_maximum is not None and value >= rule.exclusive_maximum:
        return at, f"must be less than {rule.exclusive_maximum}; the {kind} given is not"
    if rule.multiple_of is not None and value % rule.multiple_of:
        return at, f"must be a multiple of {rule.multiple_of}; the {kind} given is none"
    return None


def _broken_list(value: list[object], rule: Rule, at: str) -> tuple[str, str] | None:
    if rule.min_items is not None and len(value) < rule.min_items:
        return at, f"must have at least {_count(rule.min_items, 'item')}; the list given has {len(value)}"
    if rule.max_items is not None and len(value) > rule.max_items:
        return at, f"must have at most {_count(rule.max_items, 'item')}; the list given has {len(value)}"
    if rule.items is not None:
        for index, item in enumerate(value):
            broken = _broken(item, rule.items, f"{at}[{index}]")
            if broken is not None:
                return broken
    if rule.unique_items:
        seen: dict[bytes, int] = {}
        for index, item in enumerate(value):
            first = seen.setdefault(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), index)
            if first != index:
                return at, f"must not repeat an item; items {first} and {index} of the list given are equal"
    return None


def _broken_object(value: dict[str, object], rule: Rule, at: str) -> tuple[str, str] | None:
    prefix = f"{at}." if at else ""
    for name in rule.required:
        if name not in value:
            return f"{prefix}{name}", "is required and was not given"
    if rule.min_properties is not None and len(value) < rule.min_properties:
        return (
            at,
            f"must have at least {_count(rule.min_properties, 'field')}; the one given has {len(value)}",
        )
    if rule.max_properties is not None and len(value) > rule.max_properties:
        return at, f"must have at most {_count(rule.max_properties, 'field')}; the one given has {len(value)}"
    for name, item in value.items():
        inner = rule.properties.get(name)
        if inner is not None:
            broken = _broken(item, inner, f"{prefix}{name}")
            if broken is not None:
                return broken
        elif rule.closed:
            return f"{prefix}{name}", "is not a field that the contract knows"
    return None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _is_timestamp(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
