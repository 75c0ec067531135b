"""Strict validation: values that the OpenAPI document does not allow are rejected before a request is sent.

A `Rule` is one schema of the document as data. `validate_value` checks a JSON-ready value against it and raises
`InvalidInputError` for the first violation. The error names the field and the rule; it shows numbers but no text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

import attrs
import orjson

from sendcloud_integrations_client.errors import InvalidInputError

__all__ = ["Rule", "RuleReference", "RuleUnion", "validate_value"]


@attrs.frozen(kw_only=True)
class Rule:
    """One schema of the document, with the keywords of JSON Schema (draft 2020-12) that OpenAPI 3.1 uses."""

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
    additional: Rule | None = None
    properties: Mapping[str, Rule] = attrs.field(factory=dict[str, "Rule"])

    def or_none(self) -> Rule:
        """Return this rule for a schema that also allows null."""
        return attrs.evolve(self, types=(*self.types, "null"))


@attrs.frozen
class RuleUnion(Rule):
    """A schema that allows what at least one of several schemas allows.

    Args:
        options: The rules of these schemas.
    """

    options: tuple[Rule, ...]


@attrs.frozen
class RuleReference(Rule):
    """The rule of a model that contains itself.

    Args:
        get_rule: Returns the rule; called when a value is validated, because the model does not exist earlier.
    """

    get_rule: Callable[[], Rule]


def validate_value(operation: str, field: str, value: object, rule: Rule) -> None:
    """Check a JSON-ready value against a rule.

    Args:
        operation: Name of the operation or model, for the error message.
        field: Path of the value, such as `page_size`; empty for a whole body.
        value: The value to be sent.
        rule: The rule.

    Raises:
        InvalidInputError: If the value violates the rule.
    """
    violation = _find_violation(value, rule, field)
    if violation is not None:
        path, rule_text = violation
        raise InvalidInputError(operation, path or "body", rule_text)


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_TYPE_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "None",
}
_MAX_SHOWN_NUMBER: Final = 2**64


def _find_violation(value: object, rule: Rule, path: str) -> tuple[str, str] | None:
    """Return the path and the text of the first violation; None if the value is valid."""
    if rule.__class__ is not Rule:
        return _find_indirect_violation(value, rule, path)
    if rule.types and not _has_any_type(value, rule.types):
        expected = " or ".join(_TYPE_DESCRIPTIONS[name] for name in rule.types)
        return path, f"must be {expected}, not {type(value).__name__}"
    if value is not None and rule.enum and value not in rule.enum:
        known = ", ".join(str(item) for item in rule.enum)
        return path, f"must be one of {known}" if len(rule.enum) > 1 else f"must be {known}"
    if isinstance(value, str):
        return _check_text(value, rule, path)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _check_number(value, rule, path)
    if isinstance(value, list):
        return _check_list(cast(list[object], value), rule, path)
    if isinstance(value, dict):
        return _check_object(cast(dict[str, object], value), rule, path)
    return None


def _has_any_type(value: object, names: tuple[str, ...]) -> bool:
    for name in names:  # noqa: SIM110 - the generator of any(…) costs more than the check
        if _has_type(value, name):
            return True
    return False


def _find_indirect_violation(value: object, rule: Rule, path: str) -> tuple[str, str] | None:
    if isinstance(rule, RuleReference):
        return _find_violation(value, rule.get_rule(), path)
    violations: list[tuple[bool, tuple[str, str]]] = []
    for option in rule.options if isinstance(rule, RuleUnion) else ():
        violation = _find_violation(value, option, path)
        if violation is None:
            return None
        # A violation inside the value says more than one of its type, unless the value is meant for another option.
        violations.append((violation[0] != path and _has_constants(value, option), violation))
    return max(violations, key=lambda pair: pair[0])[1] if violations else (path, "has no allowed type")


def _has_constants(value: object, rule: Rule) -> bool:
    """Return whether the fields with one allowed value, which identify an option of a union, have it."""
    option = rule.get_rule() if isinstance(rule, RuleReference) else rule
    if not isinstance(value, dict):
        return True
    fields = cast(dict[str, object], value)
    constants = ((name, inner.enum) for name, inner in option.properties.items() if len(inner.enum) == 1)
    return all(name in fields and fields[name] in allowed for name, allowed in constants)


def _has_type(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name])


def _check_text(value: str, rule: Rule, path: str) -> tuple[str, str] | None:
    if rule.min_length is not None and len(value) < rule.min_length:
        return path, f"must have at least {_format_count(rule.min_length, 'character')}, got {len(value)}"
    if rule.max_length is not None and len(value) > rule.max_length:
        return path, f"must have at most {_format_count(rule.max_length, 'character')}, got {len(value)}"
    if rule.pattern is not None and not re.search(rule.pattern, value):
        return path, f"must match the pattern {rule.pattern}"
    if rule.format is not None and not _FORMATS[rule.format][0](value):
        return path, f"must be {_FORMATS[rule.format][1]}"
    return None


def _check_number(value: float, rule: Rule, path: str) -> tuple[str, str] | None:
    if isinstance(value, float) and not math.isfinite(value):
        return path, f"must be finite, got {_format_number(value)}"
    if rule.minimum is not None and value < rule.minimum:
        return path, f"must be at least {rule.minimum}, got {_format_number(value)}"
    if rule.maximum is not None and value > rule.maximum:
        return path, f"must be at most {rule.maximum}, got {_format_number(value)}"
    if rule.exclusive_minimum is not None and value <= rule.exclusive_minimum:
        return path, f"must be greater than {rule.exclusive_minimum}, got {_format_number(value)}"
    if rule.exclusive_maximum is not None and value >= rule.exclusive_maximum:
        return path, f"must be less than {rule.exclusive_maximum}, got {_format_number(value)}"
    if rule.multiple_of is not None and value % rule.multiple_of:
        return path, f"must be a multiple of {rule.multiple_of}, got {_format_number(value)}"
    return None


def _check_list(value: list[object], rule: Rule, path: str) -> tuple[str, str] | None:
    if rule.min_items is not None and len(value) < rule.min_items:
        return path, f"must have at least {_format_count(rule.min_items, 'item')}, got {len(value)}"
    if rule.max_items is not None and len(value) > rule.max_items:
        return path, f"must have at most {_format_count(rule.max_items, 'item')}, got {len(value)}"
    if rule.items is not None:
        for index, item in enumerate(value):
            violation = _find_violation(item, rule.items, f"{path}[{index}]")
            if violation is not None:
                return violation
    if rule.unique_items:
        first_indexes: dict[bytes, int] = {}
        for index, item in enumerate(value):
            first = first_indexes.setdefault(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), index)
            if first != index:
                return path, f"must not repeat an item, but items {first} and {index} are equal"
    return None


def _check_object(value: dict[str, object], rule: Rule, path: str) -> tuple[str, str] | None:
    prefix = f"{path}." if path else ""
    for name in rule.required:
        if name not in value:
            return f"{prefix}{name}", "is required"
    if rule.min_properties is not None and len(value) < rule.min_properties:
        return path, f"must have at least {_format_count(rule.min_properties, 'field')}, got {len(value)}"
    if rule.max_properties is not None and len(value) > rule.max_properties:
        return path, f"must have at most {_format_count(rule.max_properties, 'field')}, got {len(value)}"
    for name, item in value.items():
        inner = rule.properties.get(name)
        if inner is not None:
            violation = _find_violation(item, inner, f"{prefix}{name}")
            if violation is not None:
                return violation
        elif rule.additional is not None:
            violation = _find_violation(item, rule.additional, f"{prefix}{name}")
            if violation is not None:
                return violation
        elif rule.closed:
            return f"{prefix}{name}", "is not a field of the OpenAPI document"
    return None


def _format_count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _format_number(value: float) -> str:
    # Python raises ValueError when it converts an integer of thousands of digits to text.
    return "a longer number" if isinstance(value, int) and abs(value) > _MAX_SHOWN_NUMBER else str(value)


def _is_datetime_with_offset(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


_FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "date-time": (_is_datetime_with_offset, "a timestamp with a UTC offset (RFC 3339)"),
    "date": (_is_date, "a date (RFC 3339)"),
    "uuid": (_is_uuid, "a UUID"),
}
