"""Code of the validation rules of schemas."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from generator.class_names import get_class_name, get_final_class_name
from generator.shapes import get_types
from generator.source import Source, code, identifier, join, literal
from generator.structure import Document, Schema, resolve

__all__ = ["build_rule_code"]

_ARGUMENTS: Final = {
    "minLength": code("min_length"),
    "maxLength": code("max_length"),
    "pattern": code("pattern"),
    "format": code("format"),
    "minimum": code("minimum"),
    "maximum": code("maximum"),
    "exclusiveMinimum": code("exclusive_minimum"),
    "exclusiveMaximum": code("exclusive_maximum"),
    "multipleOf": code("multiple_of"),
    "minItems": code("min_items"),
    "maxItems": code("max_items"),
    "uniqueItems": code("unique_items"),
    "minProperties": code("min_properties"),
    "maxProperties": code("max_properties"),
}
_CHECKED_FORMATS: Final = frozenset({"date-time", "date", "uuid"})


def build_rule_code(
    document: Document,
    schema: Schema,
    *,
    lazy: Collection[str] = (),
    is_top: bool = True,
    expanded: tuple[str, ...] = (),
) -> Source:
    """Return the code of a schema's `Rule`.

    The rule of a model within another one is a reference to it, so the code stays small, and models can contain
    themselves. Another schema that contains itself allows any value within itself.

    Args:
        document: Named document.
        schema: The schema.
        lazy: Names of the classes that do not exist yet when the code runs.
        is_top: Whether the rule of a model is written out. Defaults to True.
        expanded: Names of the components that contain the schema.
    """
    if "$ref" in schema:
        name = get_class_name(schema)
        target = document["components"]["schemas"][name]
        if not is_top and target.get("properties"):
            template = "RuleReference(lambda: {}.validation_rule)" if name in lazy else "{}.validation_rule"
            return code(template, identifier(name))
        if name in expanded:
            return _format_rule({})
        return build_rule_code(document, target, lazy=lazy, is_top=is_top, expanded=(*expanded, name))
    if "anyOf" in schema:
        return _build_union_code(document, schema, lazy, expanded)
    return _format_rule(_build_arguments(document, schema, lazy, expanded))


def _build_union_code(document: Document, schema: Schema, lazy: Collection[str], expanded: tuple[str, ...]) -> Source:
    parts = [part for part in schema["anyOf"] if part.get("type") != "null"]
    nullable = len(parts) < len(schema["anyOf"])
    if len(parts) == 1 and not _is_model(document, parts[0]) and "anyOf" not in resolve(document, parts[0]):
        target = resolve(document, parts[0])
        arguments = _build_arguments(document, target, lazy, expanded)
        if nullable and get_types(target):
            arguments[code("types")] = literal((*get_types(target), "null"))
        return _format_rule(arguments)
    if len(parts) == 1 and nullable and _is_model(document, parts[0]):
        name = get_final_class_name(document, parts[0])
        if name not in lazy:
            return code("{}.validation_rule.or_none()", identifier(name))
    rules = [build_rule_code(document, part, lazy=lazy, is_top=False, expanded=expanded) for part in parts]
    if nullable:
        rules.append(code('Rule(types=("null",))'))
    return code("RuleUnion(({},))", join(", ", rules))


def _is_model(document: Document, schema: Schema) -> bool:
    return "$ref" in schema and bool(resolve(document, schema).get("properties"))


def _build_arguments(
    document: Document, schema: Schema, lazy: Collection[str], expanded: tuple[str, ...]
) -> dict[Source, Source]:
    def build(child: Schema) -> Source:
        return build_rule_code(document, child, lazy=lazy, is_top=False, expanded=expanded)

    arguments: dict[Source, Source] = {}
    properties: Mapping[str, Any] = schema.get("properties", {})
    types = get_types(schema)
    if types:
        arguments[code("types")] = literal(types)
    if "enum" in schema:
        values = tuple(value for value in schema["enum"] if value is not None)
        arguments[code("enum")] = literal(values)
        if None in schema["enum"] and "null" not in types:
            arguments[code("types")] = literal((*types, "null"))
    for keyword, name in _ARGUMENTS.items():
        value = schema.get(keyword)
        if keyword not in schema or (keyword == "format" and value not in _CHECKED_FORMATS):
            continue
        arguments[name] = literal(int(value) if isinstance(value, float) and value.is_integer() else value)
    if "items" in schema:
        arguments[code("items")] = build(schema["items"])
    # A field that the document marks as read-only is required in responses only.
    required = tuple(
        name
        for name in dict.fromkeys([*(name for name in properties if name in schema.get("required", ()))])
        if not properties[name].get("readOnly") and not resolve(document, properties[name]).get("readOnly")
    )
    required += tuple(name for name in schema.get("required", ()) if name not in properties)
    if required:
        arguments[code("required")] = literal(required)
    extra = schema.get("additionalProperties")
    if extra is False:
        arguments[code("closed")] = literal(True)
    elif isinstance(extra, dict) and extra:
        arguments[code("additional")] = build(extra)
    if properties:
        rules = [code("{}: {}", literal(name), build(child)) for name, child in properties.items()]
        arguments[code("properties")] = code("{{{}}}", join(", ", rules))
    return arguments


def _format_rule(arguments: Mapping[Source, Source]) -> Source:
    return code("Rule({})", join(", ", (code("{}={}", name, value) for name, value in arguments.items())))
