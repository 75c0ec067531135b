"""Bring a document into one form: OpenAPI 3.1, with shared parts copied into each operation.

In the result, each operation has its own parameters, body and responses, null is a type, and each reference leads to a
schema in `components`.
"""

from __future__ import annotations

import copy
import re
from typing import Any, Final

from generator.documents import to_single_line
from generator.structure import (
    HTTP_METHODS,
    Document,
    format_location,
    iterate_objects,
    look_up,
    parse_reference,
    resolve,
    rewrite,
)

__all__ = ["LOCATION", "UnsupportedError", "get_operation_place", "is_json", "normalize"]

LOCATION: Final = "x-location"
"""Internal key of each object: its location in the document, for messages. It is removed before code is generated."""

# OpenAPI says that header parameters with these names are ignored; the client sets these headers itself.
_IGNORED_HEADERS: Final = frozenset({"accept", "content-type", "authorization"})
_GENERIC_PARTS: Final = frozenset({"components", "schemas", "properties", "$defs"})
_JSON: Final = re.compile(r"application/([\w.!#$&^+-]+\+)?json|text/json", re.IGNORECASE)


class UnsupportedError(Exception):
    """Raised for a construct that the generator does not support. The message is one line and names the place."""


def normalize(document: Document, *, skip_trace: bool = False) -> Document:
    """Return a normalized copy of a valid document.

    Args:
        document: Valid OpenAPI 3.0 or 3.1 document with the overlay applied. It is not modified.
        skip_trace: Whether operations with the method TRACE are skipped. Defaults to False: they raise an error.

    Raises:
        UnsupportedError: A path has the method TRACE.
        StructureError: A reference refers to itself.
    """
    located = _set_locations(document)
    upgraded: Document = rewrite(located, _upgrade_schema)
    upgraded.setdefault("components", {}).setdefault("schemas", {})
    upgraded.setdefault("paths", {})
    inlined = {**upgraded, "paths": _inline_shared_parts(upgraded, skip_trace=skip_trace)}
    _move_referenced_schemas(inlined, upgraded)
    return inlined


def is_json(media_type: str) -> bool:
    """Return whether a media type is JSON: with parameters and vendor suffixes too."""
    return bool(_JSON.fullmatch(media_type.partition(";")[0].strip()))


def get_operation_place(path: str, method: str) -> str:
    """Return the name of an operation for messages: `GET /tags`."""
    return to_single_line(f"{method.upper()} {path}")


def _set_locations(document: Document) -> Document:
    located: Document = rewrite(document, dict)  # no two places share an object, as aliases of YAML do
    for location, node in list(iterate_objects(located)):
        node[LOCATION] = list(location)
    return located


def _upgrade_schema(node: dict[str, Any]) -> dict[str, Any]:
    """Replace keywords of OpenAPI 3.0 schemas. Sendcloud's 3.1 documents contain them, too."""
    if node.get("nullable") is True and "in" not in node:
        node = {name: child for name, child in node.items() if name != "nullable"}
        types = node.get("type")
        if "$ref" in node:
            reference = {"$ref": node["$ref"], LOCATION: node.get(LOCATION, [])}
            node = {**{n: c for n, c in node.items() if n != "$ref"}, "anyOf": [reference, {"type": "null"}]}
        elif isinstance(types, (str, list)):
            names = [types] if isinstance(types, str) else types
            node["type"] = [*names, *([] if "null" in names else ["null"])]
        elif "allOf" in node:
            inner = {name: node.pop(name) for name in list(node) if name not in {"description", "title", LOCATION}}
            node["anyOf"] = [{**inner, LOCATION: node.get(LOCATION, [])}, {"type": "null"}]
        else:
            for keyword in ("anyOf", "oneOf"):
                if isinstance(node.get(keyword), list):
                    node[keyword] = [*node[keyword], {"type": "null"}]
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(node.get(bound), bool):
            is_exclusive = node.pop(bound)
            if is_exclusive and limit in node:
                node[bound] = node.pop(limit)
    if "const" in node and "enum" not in node and "in" not in node:
        node["enum"] = [node.pop("const")]
    return node


def _inline_shared_parts(document: Document, *, skip_trace: bool) -> dict[str, Any]:
    """Return the paths with all path items resolved, and shared parameters, responses and bodies in each operation."""
    paths: dict[str, Any] = {}
    for path in document["paths"]:
        item = resolve(document, document["paths"][path])
        operations = {method: copy.deepcopy(item[method]) for method in HTTP_METHODS if method in item}
        if "trace" in item and not skip_trace:
            raise UnsupportedError(f"{get_operation_place(path, 'trace')}: the method TRACE is not supported")
        for operation in operations.values():
            operation.pop("callbacks", None)  # requests that the API sends; the client sends none of them
            own = [resolve(document, parameter) for parameter in operation.get("parameters", [])]
            seen = {(parameter["name"], parameter["in"]) for parameter in own}
            shared = [resolve(document, parameter) for parameter in item.get("parameters", [])]
            shared = [parameter for parameter in shared if (parameter["name"], parameter["in"]) not in seen]
            if "servers" in item:
                operation.setdefault("servers", item["servers"])
            operation["parameters"] = [copy.deepcopy(one) for one in shared + own if not _is_ignored(one)]
            if "requestBody" in operation:
                operation["requestBody"] = copy.deepcopy(resolve(document, operation["requestBody"]))
            operation["responses"] = {
                str(status).upper(): copy.deepcopy(resolve(document, response))
                for status, response in operation.get("responses", {}).items()
                if isinstance(response, dict)
            }
        paths[path] = operations
    return paths


def _is_ignored(parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "header" and parameter["name"].lower() in _IGNORED_HEADERS


def _move_referenced_schemas(document: Document, source: Document) -> None:
    """Create a component in `components/schemas` for each schema that is referenced at another place.

    References lead to places in `source`, the document before shared parts were copied.
    """
    schemas: dict[str, Any] = document["components"]["schemas"]
    moved: dict[str, str] = {}
    pending: list[Any] = [document["paths"], schemas]
    while pending:
        for _, node in list(iterate_objects(pending.pop(), is_map=True)):  # the loop adds schemas
            reference = node.get("$ref")
            if not isinstance(reference, str):
                continue
            location = parse_reference(reference)
            if (len(location) == 3 and location[:2] == ("components", "schemas")) or "components" in location[3:]:
                continue
            if reference not in moved:
                words = [str(part) for part in location if part not in _GENERIC_PARTS]
                key = "-".join(words)
                while key in schemas:
                    key += "-2"
                moved[reference] = format_location(("components", "schemas", key)).replace("%", "%25")
                schemas[key] = copy.deepcopy(look_up(source, location))
                pending.append({key: schemas[key]})
            node["$ref"] = moved[reference]
