"""Code that reads JSON values as the Python types of their schemas."""

from __future__ import annotations

from typing import Final

from generator.shapes import Shape, Variant
from generator.source import Source, code, join, literal

__all__ = ["build_read", "build_reader"]

_READERS: Final = {
    "text": code("read_text"),
    "integer": code("read_integer"),
    "number": code("read_number"),
    "boolean": code("read_boolean"),
    "object": code("read_object"),
    "datetime": code("read_datetime"),
    "date": code("read_date"),
    "uuid": code("read_uuid"),
}


def build_read(shape: Shape, value: Source, path: Source) -> Source:
    """Return the expression that reads a value.

    Args:
        shape: Type of the value.
        value: Expression of the value.
        path: Expression of the path of the field, for error messages.
    """
    if shape.kind == "any":
        return value
    if shape.kind == "enum" and shape.class_name:
        return code("read_enum({}, {}, {})", value, path, shape.class_name)
    if shape.kind == "model" and shape.class_name:
        return code("read_model({}, {}, {})", value, path, shape.class_name)
    if shape.kind == "list" and shape.items:
        name = code("read_optional_list") if shape.nullable else code("read_list")
        return code("{}({}, {}, {})", name, value, path, build_reader(shape.items))
    if shape.kind == "map" and shape.items:
        return code("read_map({}, {}, {})", value, path, build_reader(shape.items))
    if shape.kind == "union":
        return _build_read_union(shape, value, path)
    return code("{}({}, {})", _READERS[shape.kind], value, path)


def build_reader(shape: Shape) -> Source:
    """Return the expression of a function that reads a value and receives the path of its field."""
    if shape.kind in _READERS:
        return _READERS[shape.kind]
    return code("lambda item, path: {}", build_read(shape, code("item"), code("path")))


def _build_read_union(shape: Shape, value: Source, path: Source) -> Source:
    if shape.is_simple_union:
        types = join(", ", shape.json_classes)
        return code("read_union({}, {}, ({},), {})", value, path, types, shape.expected)
    options = [option for option in shape.options if not (shape.variants and option.kind == "model")]
    readers = [code("(({},), {})", join(", ", option.json_classes), build_reader(option)) for option in options]
    if shape.variants:
        variants = join(", ", (_build_variant(variant) for variant in shape.variants))
        readers.insert(0, code("((dict,), lambda item, path: read_variant(item, path, ({},)))", variants))
    return code("read_any_of({}, {}, ({},), {})", value, path, join(", ", readers), shape.expected)


def _build_variant(variant: Variant) -> Source:
    return code("Variant({}, {}, {})", variant.class_name, literal(variant.required), literal(variant.constants))
