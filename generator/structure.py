"""The structure of OpenAPI documents: which keys are keywords, which are names, and which values are literal data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import unquote

__all__ = [
    "HTTP_METHODS",
    "PROSE",
    "Document",
    "Location",
    "Schema",
    "StructureError",
    "format_location",
    "iterate_objects",
    "iterate_operations",
    "look_up",
    "parse_reference",
    "resolve",
    "rewrite",
    "strip_extensions",
]

Document = dict[str, Any]
Schema = dict[str, Any]
Location = tuple[str | int, ...]

HTTP_METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options")
PROSE: Final = frozenset({"title", "description", "example", "examples", "summary", "externalDocs", "$comment", "xml"})

_LITERALS: Final = frozenset({"example", "default", "enum", "const", "value", "security", "required", "mapping"})
# Keys whose children have names that the author of the document chooses. `examples` of a schema is a list of values.
_NAME_MAPS: Final = frozenset(
    {
        "callbacks",
        "content",
        "encoding",
        "examples",
        "headers",
        "links",
        "parameters",
        "pathItems",
        "paths",
        "patternProperties",
        "properties",
        "requestBodies",
        "responses",
        "schemas",
        "securitySchemes",
        "variables",
        "webhooks",
        "dependentSchemas",
        "$defs",
    }
)


class StructureError(Exception):
    """Raised if a reference of a document cannot be followed. The message is one line."""


def rewrite(node: Any, change: Callable[[dict[str, Any]], dict[str, Any]], *, is_map: bool = False) -> Any:
    """Return a copy of a document in which `change` was applied to each object, from the inside out.

    Objects are those that OpenAPI defines. Maps from names to objects, and literal values such as examples and enum
    values, are not objects; literal values are not copied.

    Args:
        node: The document, or a part of it.
        change: Receives a copy of each object; returns the object to keep.
        is_map: Whether `node` is a map from names to objects.
    """
    if isinstance(node, dict):
        copied = {
            name: child
            if not is_map and _is_literal(name, child)
            else rewrite(child, change, is_map=not is_map and name in _NAME_MAPS)
            for name, child in node.items()
        }
        return copied if is_map else change(copied)
    if isinstance(node, list):
        return [rewrite(child, change) for child in node]
    return node


def iterate_objects(
    node: Any, location: Location = (), *, is_map: bool = False
) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Yield location and value of each object of a document, as defined for `rewrite`."""
    if isinstance(node, dict):
        if not is_map:
            yield location, node
        for name, child in node.items():
            if is_map or not _is_literal(name, child):
                yield from iterate_objects(child, (*location, name), is_map=not is_map and name in _NAME_MAPS)
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from iterate_objects(child, (*location, index))


def _is_literal(name: str, child: Any) -> bool:
    return name in _LITERALS or (name == "examples" and isinstance(child, list))


def strip_extensions(document: Document) -> Document:
    """Return a copy of a document without vendor extensions (`x-…`). Names that begin with `x-` are kept."""

    def change(node: dict[str, Any]) -> dict[str, Any]:
        return {name: child for name, child in node.items() if not name.startswith("x-")}

    stripped: Document = rewrite(document, change)
    return stripped


def iterate_operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of each operation, in the document's order."""
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in HTTP_METHODS:
                yield path, method, operation


def resolve(document: Document, node: Any) -> Any:
    """Return the target of a node's `$ref`, or the node itself if it has none.

    Raises:
        StructureError: The reference has no target, or refers to itself.
    """
    visited: set[str] = set()
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        reference = node["$ref"]
        if reference in visited:
            raise StructureError(f"the reference {reference} refers to itself")
        visited.add(reference)
        node = look_up(document, parse_reference(reference))
    return node


def parse_reference(reference: str) -> Location:
    """Return the location that a reference within the document names.

    Raises:
        StructureError: The reference leads out of the document.
    """
    if reference == "#":
        return ()
    if not reference.startswith("#/"):
        raise StructureError(f"the reference {reference} leads out of the document")
    # A JSON pointer in a URL is percent-encoded: `#/paths/~1tags~1%7Bid%7D/get`.
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in reference[2:].split("/"))


def look_up(document: Document, location: Location) -> Any:
    """Return the value at a location.

    Raises:
        StructureError: There is no such value.
    """
    node: Any = document
    for part in location:
        if isinstance(node, dict) and part in node:
            node = node[part]
        elif isinstance(node, list) and str(part).isdecimal() and int(part) < len(node):
            node = node[int(part)]
        else:
            raise StructureError(f"the reference {format_location(location)} has no target")
    return node


def format_location(location: Location) -> str:
    """Return a location as a JSON pointer: `#/paths/~1tags/get`."""
    return "#" + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)
