"""Reject what the generator does not support, in one line that names the place in the document.

A construct is either encoded as OpenAPI says, or rejected here. Nothing that an operation uses is ignored in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from generator.documents import to_single_line
from generator.normalization import LOCATION, UnsupportedError, get_operation_place, is_json
from generator.structure import Document, Schema, format_location, iterate_operations, parse_reference, resolve

__all__ = ["check_supported"]

_REJECTED_KEYWORDS: Final = frozenset(
    {
        "not",
        "if",
        "then",
        "else",
        "patternProperties",
        "propertyNames",
        "prefixItems",
        "contains",
        "minContains",
        "maxContains",
        "dependentSchemas",
        "dependentRequired",
        "dependencies",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
        "$id",
        "$anchor",
        "$dynamicRef",
        "$dynamicAnchor",
        "$recursiveRef",
    }
)
_SUBSCHEMAS: Final = ("items", "additionalProperties")
_SUBSCHEMA_LISTS: Final = ("allOf", "anyOf", "oneOf")
_TYPES: Final = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_STYLES: Final = {
    "path": {"simple"},
    "query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
    "header": {"simple"},
}
_RESERVED_HEADERS: Final = frozenset(
    {"host", "cookie", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"}
    | {"accept-encoding", "content-encoding", "proxy-authorization", "keep-alive"}
)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH_PARAMETER: Final = re.compile(r"\{([^{}]*)\}")
_PATH: Final = re.compile(r"/[^?#\s\x00-\x1f\x7f]*")
_MAX_PATH: Final = 1000
_MEDIA_TYPE: Final = re.compile(r"[\w.!#$&^+*-]+/[\w.!#$&^+*-]+(\s*;[\x20-\x7e]*)?", re.ASCII)


def check_supported(document: Document) -> None:
    """Check each operation of a normalized document, and the schemas that it uses.

    Raises:
        UnsupportedError: An operation uses a construct that is not supported.
        StructureError: A reference refers to itself.
    """
    for path, method, operation in iterate_operations(document):
        _check_operation(document, path, method, operation)


def _check_operation(document: Document, path: str, method: str, operation: dict[str, Any]) -> None:
    place = get_operation_place(path, method)
    if operation.get("servers", document.get("servers")) not in (None, [], document.get("servers")):
        raise UnsupportedError(f"{place}: a separate server is not supported")
    segments = path.strip("/").split("/")
    if len(path) > _MAX_PATH or not _PATH.fullmatch(path) or {"", ".", ".."} & set(segments if path != "/" else ()):
        raise UnsupportedError(f"{place}: the path is not valid")
    _check_path_parameters(place, path, operation["parameters"])
    for parameter in operation["parameters"]:
        _check_parameter(document, place, parameter)
    body = operation.get("requestBody", {}).get("content", {})
    _check_body(document, place, body)
    for status, response in operation["responses"].items():
        for media_type, media in response.get("content", {}).items() if status[0] in "2D" else ():
            if not _MEDIA_TYPE.fullmatch(media_type):
                raise UnsupportedError(f"{place}: {to_single_line(media_type)} is no media type")
            _check_schema(document, media.get("schema", {}), place, set())


def _check_path_parameters(place: str, path: str, parameters: list[dict[str, Any]]) -> None:
    names = _PATH_PARAMETER.findall(path)
    declared = [parameter["name"] for parameter in parameters if parameter["in"] == "path"]
    rest = _PATH_PARAMETER.sub("", path)
    if "{" in rest or "}" in rest or len(set(names)) < len(names) or len(set(declared)) < len(declared):
        raise UnsupportedError(f"{place}: the placeholders of the path are not valid")
    for name in sorted(set(names) ^ set(declared)):
        where = "path" if name in names else "list of parameters"
        raise UnsupportedError(f"{place}: the parameter `{to_single_line(name)}` occurs in the {where} only")


def _check_parameter(document: Document, place: str, parameter: dict[str, Any]) -> None:
    kind, name = parameter["in"], parameter["name"]
    place = f"{place}: the {kind} parameter `{to_single_line(name)}`"
    if kind not in _STYLES:
        raise UnsupportedError(f"{place} is not supported")
    if "content" in parameter:
        raise UnsupportedError(f"{place} has `content`, which is not supported")
    if parameter.get("allowReserved"):
        raise UnsupportedError(f"{place} has `allowReserved`, which is not supported")
    if kind == "header" and (not _TOKEN.fullmatch(name) or name.lower() in _RESERVED_HEADERS):
        raise UnsupportedError(f"{place} is not supported: the client sets this header itself, or it is not valid")
    style = parameter.get("style", "form" if kind == "query" else "simple")
    if style not in _STYLES[kind]:
        raise UnsupportedError(f"{place} has the style {to_single_line(style)}, which is not supported")
    parameter["style"] = style
    parameter.setdefault("explode", style == "form")
    parameter.setdefault("schema", {})
    _check_schema(document, parameter["schema"], place, set())
    _check_parameter_shape(document, place, parameter)


def _check_parameter_shape(document: Document, place: str, parameter: dict[str, Any]) -> None:
    """Reject values in values: neither OpenAPI nor RFC 6570 defines how they are encoded."""
    style = parameter["style"]
    for schema in _iterate_alternatives(document, parameter["schema"]):
        types = _get_types(schema)
        children = [schema.get("items", {})] if "array" in types or "items" in schema else []
        is_object = "object" in types or "properties" in schema or "additionalProperties" in schema
        if is_object:
            children += list(schema.get("properties", {}).values())
            extra = schema.get("additionalProperties")
            children += [extra] if isinstance(extra, dict) else []
        is_array = "array" in types or "items" in schema
        fits = {"deepObject": is_object, "spaceDelimited": is_array, "pipeDelimited": is_array}.get(style, True)
        if types and not fits:
            raise UnsupportedError(f"{place} has the style {style}, which does not fit its schema")
        for child in children:
            for inner in _iterate_alternatives(document, child):
                if {"array", "object"} & set(_get_types(inner)) or "properties" in inner or "items" in inner:
                    raise UnsupportedError(f"{place} contains lists or objects in a list or an object")


def _check_body(document: Document, place: str, content: dict[str, Any]) -> None:
    if not content:
        return
    media_types = [name for name in content if is_json(name) and _MEDIA_TYPE.fullmatch(name)]
    if not media_types:
        shown = ", ".join(to_single_line(name) for name in content)
        raise UnsupportedError(f"{place}: the body type {shown} is not supported, only JSON")
    _check_schema(document, content[media_types[0]].get("schema", {}), f"{place}: the body", set())


def _check_schema(document: Document, schema: Any, place: str, visited: set[str]) -> None:
    if isinstance(schema, bool):
        if not schema:
            raise UnsupportedError(f"{place}: the schema `false` is not supported")
        return
    if isinstance(schema.get("$ref"), str):
        reference = schema["$ref"]
        if reference in visited:
            return
        visited.add(reference)
        if parse_reference(reference)[:2] != ("components", "schemas") or len(parse_reference(reference)) != 3:
            raise UnsupportedError(f"{place}: {to_single_line(reference)} is no reference to components/schemas")
        resolve(document, schema)
        _check_schema(document, document["components"]["schemas"][parse_reference(reference)[2]], place, visited)
        return
    place_of_schema = f"{place}: {to_single_line(format_location(tuple(schema.get(LOCATION, ()))))}"
    for keyword in _REJECTED_KEYWORDS & schema.keys():
        raise UnsupportedError(f"{place_of_schema}: the keyword `{keyword}` is not supported")
    unknown = set(_get_types(schema)) - _TYPES
    if unknown:
        raise UnsupportedError(f"{place_of_schema}: the type {to_single_line(min(map(str, unknown)))} does not exist")
    if isinstance(schema.get("pattern"), str):
        _check_pattern(schema["pattern"], place_of_schema)
    for child in _iterate_subschemas(schema):
        _check_schema(document, child, place, visited)


def _check_pattern(pattern: str, place: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnsupportedError(
            f"{place}: the pattern is not a regular expression of Python ({to_single_line(error)})"
        ) from None


def _iterate_subschemas(schema: Schema) -> Iterator[Any]:
    for keyword in _SUBSCHEMAS:
        if isinstance(schema.get(keyword), dict):
            yield schema[keyword]
    if schema.get("items") is False:
        yield False
    for keyword in _SUBSCHEMA_LISTS:
        yield from schema.get(keyword, [])
    yield from schema.get("properties", {}).values()


def _iterate_alternatives(document: Document, schema: Any, depth: int = 0) -> Iterator[Schema]:
    """Yield the schema behind references and combinations, for checks of its types."""
    schema = resolve(document, schema) if isinstance(schema, dict) else {}
    parts = [part for keyword in _SUBSCHEMA_LISTS for part in schema.get(keyword, [])]
    yield schema
    if depth < 5:  # deeper combinations do not occur in parameters
        for part in parts:
            yield from _iterate_alternatives(document, part, depth + 1)


def _get_types(schema: Schema) -> tuple[str, ...]:
    types = schema.get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)
