"""Test data from the OpenAPI document: its examples, and Hypothesis strategies for its schemas."""

from __future__ import annotations

from datetime import timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import strategies as st

from generator.build import OPENAPI_DOCUMENT, prepare_document
from generator.structure import iterate_operations, resolve

Document = dict[str, Any]


@cache
def load_document() -> Document:
    """Return the OpenAPI document with the overlay and the names of the generator."""
    return prepare_document(OPENAPI_DOCUMENT)


@cache
def build_model_schema(name: str) -> dict[str, Any]:
    """Return the schema of a model as one JSON schema without references. It allows unknown fields."""
    return _inline_references(load_document()["components"]["schemas"][name])


@cache
def model_values(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Strategy for valid JSON objects of a model, with and without unknown fields."""
    return schema_values(build_model_schema(name))


def schema_values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Strategy for values that match a schema. Supports the JSON Schema keywords that the document uses."""
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return st.one_of([schema_values(choice) for choice in choices])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    types = schema.get("type", "object" if "properties" in schema else "anything")
    return st.one_of([_values_of_type(kind, schema) for kind in (types if isinstance(types, list) else [types])])


@cache
def json_values() -> st.SearchStrategy[Any]:
    """Strategy for any JSON value."""
    leaves = st.none() | st.booleans() | st.integers(-5, 200) | st.floats(-1e6, 1e6) | st.text(max_size=5)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    )


def _values_of_type(kind: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum", -(2**40)), schema.get("maximum", 2**40))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case "string" if schema.get("format") == "date-time":
            return _timestamps()
        case "string":
            return st.text(min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 20))
        case "array":
            return st.lists(
                schema_values(schema.get("items", {})),
                min_size=schema.get("minItems", 0),
                max_size=schema.get("maxItems", 3),
                unique_by=repr if schema.get("uniqueItems") else None,
            )
        case "object":
            return _objects(schema)
        case _:
            return json_values()


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    # Built once and not per drawn value, because building a strategy takes longer than drawing from it.
    properties = {name: schema_values(child) for name, child in schema.get("properties", {}).items()}
    required = {name: properties[name] for name in schema.get("required", ()) if name in properties}
    optional = {name: values for name, values in properties.items() if name not in required}
    declared = st.fixed_dictionaries(required, optional=optional)
    names = st.text(max_size=4).filter(lambda name: name not in properties)
    is_open = schema.get("additionalProperties") is not False
    unknown = st.dictionaries(names, json_values(), max_size=2) if is_open else st.just({})

    @st.composite
    def draw_object(draw: st.DrawFn) -> dict[str, Any]:
        drawn: dict[str, Any] = {**draw(declared), **draw(unknown)}
        while len(drawn) < schema.get("minProperties", 0):
            name = draw(st.sampled_from(sorted(properties)))
            drawn[name] = draw(properties[name])
        return drawn

    return draw_object()


_OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_TIMES = st.datetimes(timezones=_OFFSETS)
_PRECISIONS = st.sampled_from(["seconds", "milliseconds", "microseconds"])


@st.composite
def _timestamps(draw: st.DrawFn) -> str:
    text = draw(_TIMES).isoformat(timespec=draw(_PRECISIONS))
    return text.replace("+00:00", "Z") if draw(st.booleans()) else text


def list_examples() -> list[tuple[str, str, Any]]:
    """Return operation name, source (`request` or a response status) and value of every example."""
    found: list[tuple[str, str, Any]] = []
    for _, _, one in iterate_operations(load_document()):
        contents = [("request", one.get("requestBody", {})), *one["responses"].items()]
        for source, holder in contents:
            for media in holder.get("content", {}).values():
                found += [(one["x-name"], source, example["value"]) for example in media.get("examples", {}).values()]
    return found


def _inline_references(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_inline_references(child) for child in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline_references(resolve(load_document(), schema))
    kept = {name: child for name, child in schema.items() if not name.startswith("x-") and name != "example"}
    if "allOf" in kept:
        parts = [_inline_references(part) for part in kept.pop("allOf")]
        merged = {"type": "object", "properties": {}, **{k: v for k, v in kept.items() if k != "properties"}}
        for part in parts:
            merged["properties"] |= part.get("properties", {})
        return merged
    return {
        name: {key: _inline_references(child) for key, child in value.items()}
        if name == "properties"
        else _inline_references(value)
        for name, value in kept.items()
    }
