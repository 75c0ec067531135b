"""Merge the parts of `allOf` into one schema."""

from __future__ import annotations

import math
from typing import Any, Final

from generator.normalization import LOCATION, UnsupportedError
from generator.structure import PROSE, Schema

__all__ = ["merge_schemas", "remove_annotations"]

_ANNOTATIONS: Final = PROSE | {"default", "deprecated", "discriminator", "readOnly", "writeOnly", LOCATION}
_HIGHEST: Final = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_LOWEST: Final = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_COMBINATIONS: Final = ("anyOf", "oneOf")


def remove_annotations(schema: Schema) -> Schema:
    """Return the keywords of a schema that restrict values."""
    return {name: child for name, child in schema.items() if name not in _ANNOTATIONS}


def merge_schemas(one: Schema, other: Schema, place: str) -> Schema:
    """Return a schema that allows the values that both schemas allow.

    Args:
        one: The first schema. It is not modified.
        other: The second schema, whose annotations take precedence. It is not modified.
        place: Location of the combination, for messages.

    Raises:
        UnsupportedError: The schemas exclude each other, or have different values of a keyword that cannot be merged.
    """
    merged = dict(one)
    for name, child in other.items():
        if name not in merged or name in _ANNOTATIONS or name.startswith("x-") or merged[name] == child:
            merged[name] = child
        elif name == "properties":
            merged[name] = _merge_properties(merged[name], child)
        elif name == "required":
            merged[name] = list(dict.fromkeys([*merged[name], *child]))
        elif name == "type":
            merged[name] = _merge_types(merged[name], child, place)
        elif name == "enum":
            merged[name] = [value for value in merged[name] if value in child]
            if not merged[name]:
                raise UnsupportedError(f"{place}: the parts of allOf exclude each other")
        elif name == "items":
            merged[name] = {"allOf": [merged[name], child]}
        elif name == "additionalProperties":
            merged[name] = _merge_additional(merged[name], child, place)
        elif name in _HIGHEST:
            merged[name] = max(merged[name], child)
        elif name in _LOWEST:
            merged[name] = min(merged[name], child)
        elif name == "multipleOf" and isinstance(child, int) and isinstance(merged[name], int):
            merged[name] = math.lcm(merged[name], child)
        elif name == "uniqueItems":
            merged[name] = merged[name] or child
        elif name in _COMBINATIONS:
            merged = _merge_combinations(merged, name, child, place)
        else:
            raise UnsupportedError(f"{place}: the parts of allOf have different values of `{name}`")
    return merged


def _merge_properties(one: dict[str, Schema], other: dict[str, Schema]) -> dict[str, Schema]:
    merged = dict(one)
    for name, child in other.items():
        known = merged.get(name)
        if known is None or remove_annotations(known) == remove_annotations(child) or not remove_annotations(known):
            merged[name] = {**(known or {}), **child}
        elif remove_annotations(child):
            merged[name] = {"allOf": [known, child]}
    return merged


def _merge_types(one: Any, other: Any, place: str) -> Any:
    first, second = ([types] if isinstance(types, str) else list(types) for types in (one, other))
    common = [name for name in first if name in second]
    if not common and "integer" in first + second and "number" in first + second:
        common = ["integer"]
    if not common:
        raise UnsupportedError(f"{place}: the parts of allOf have different types")
    return common[0] if len(common) == 1 else common


def _merge_additional(one: Any, other: Any, place: str) -> Any:
    if one is True or other is True:
        return other if one is True else one
    if one is False or other is False:
        return False
    raise UnsupportedError(f"{place}: the parts of allOf have different values of `additionalProperties`")


def _merge_combinations(merged: Schema, name: str, child: Any, place: str) -> Schema:
    free = next((keyword for keyword in _COMBINATIONS if keyword not in merged), None)
    if free is None:
        raise UnsupportedError(f"{place}: more than two unions in allOf are not supported")
    return {**merged, free: child}
