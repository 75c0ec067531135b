"""The schema of the JSON body of a success, and its properties, in a normalized document."""

from __future__ import annotations

from typing import Any

from generator.normalization import is_json
from generator.structure import Document, Schema, resolve

__all__ = ["get_names_of_types", "get_properties", "get_success_schema"]


def get_success_schema(document: Document, operation: dict[str, Any]) -> Schema:
    """Return the schema of the first success with a JSON body; an empty schema if it has none."""
    for status in sorted(operation["responses"]):
        for media_type, media in operation["responses"][status].get("content", {}).items():
            if status[0] in "2D" and is_json(media_type):
                schema = resolve(document, media.get("schema", {}))
                return schema if isinstance(schema, dict) else {}
    return {}


def get_properties(document: Document, schema: Any, depth: int = 0) -> dict[str, Schema]:
    """Return the properties of an object, those in its `allOf` included."""
    schema = resolve(document, schema)
    if not isinstance(schema, dict) or depth > 10:
        return {}
    properties: dict[str, Schema] = {}
    for part in schema.get("allOf", []):
        properties |= get_properties(document, part, depth + 1)
    return {**properties, **schema.get("properties", {})}


def get_names_of_types(schema: Any) -> tuple[str, ...]:
    """Return the values of `type`; none if the schema has no `type`."""
    types = schema.get("type", ()) if isinstance(schema, dict) else ()
    return (types,) if isinstance(types, str) else tuple(types)
