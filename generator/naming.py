"""Name each schema and operation of a document, and flatten the document.

Names come from the extensions in the overlay. Schemas and operations without an extension are named by rule, so that a
new endpoint becomes a well-named method without an overlay entry. In the resulting document, each object and each enum
is a component under its class name, success bodies have no envelope, and the operations carry their names.

Extensions used here:
    x-class: class name of a schema.
    x-name: name of an operation, or the Python name of a parameter.
    x-resource, x-method: resource and method name of an operation on the client, such as `logs` and `list`.
    x-unwrap: key of the success body whose value is returned to the caller.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

from openapi_python_client.strings import pascal_case, snake_case

__all__ = ["HTTP_METHODS", "NamingError", "iterate_operations", "name_document", "resolve"]

Document = dict[str, Any]
Schema = dict[str, Any]

HTTP_METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options")

_SCHEMAS: Final = "#/components/schemas/"
_PROSE: Final = frozenset({"title", "description", "example", "examples", "summary"})
_OMITTED_WORDS: Final = frozenset({"object", "model", "response", "request", "item", "dto", "schema"})
_VERBS: Final = {"get": "retrieve", "post": "create", "put": "replace", "patch": "update", "delete": "delete"}
_STANDARD_VERBS: Final = frozenset({*HTTP_METHODS, *_VERBS.values(), "list", "sc", "public"})


class NamingError(Exception):
    """Raised if two schemas or two operations would have the same name. The message names both."""


def name_document(document: Document) -> Document:
    """Return a flattened copy of the document in which all schemas and operations are named.

    Args:
        document: Valid OpenAPI document with the overlay applied. It is not modified.

    Raises:
        NamingError: Two different schemas, or two operations, would have the same name.
    """
    named = copy.deepcopy(document)
    named.setdefault("components", {}).setdefault("schemas", {})
    _inline_shared_parts(named)
    _name_components(named)
    for path, method, operation in iterate_operations(named):
        _name_operation(path, method, operation)
        _unwrap(named, operation)
    _check_unique_operations(named)
    _hoist_inline_schemas(named)
    return named


def iterate_operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of each operation, in the document's order."""
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in HTTP_METHODS:
                yield path, method, operation


def resolve(document: Document, node: Any) -> Any:
    """Return the target of a node's `$ref`, or the node itself if it has none."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for part in node["$ref"][2:].split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def _inline_shared_parts(document: Document) -> None:
    """Copy shared parameters, responses and bodies, and the parameters of the path, into each operation."""
    for path, _, operation in iterate_operations(document):
        own = [resolve(document, parameter) for parameter in operation.get("parameters", [])]
        seen = {(parameter["name"], parameter["in"]) for parameter in own}
        shared = [resolve(document, parameter) for parameter in document["paths"][path].get("parameters", [])]
        shared = [parameter for parameter in shared if (parameter["name"], parameter["in"]) not in seen]
        operation["parameters"] = copy.deepcopy(shared + own)
        if "requestBody" in operation:
            operation["requestBody"] = copy.deepcopy(resolve(document, operation["requestBody"]))
        operation["responses"] = {
            status: copy.deepcopy(resolve(document, response)) for status, response in operation["responses"].items()
        }
    for item in document["paths"].values():
        item.pop("parameters", None)


def _name_components(document: Document) -> None:
    schemas: dict[str, Schema] = document["components"]["schemas"]
    names: dict[str, str] = {}
    for key, schema in schemas.items():
        name = schema.get("x-class") or _choose_class_name(key)
        if name in names.values():
            other = next(old for old, new in names.items() if new == name)
            raise NamingError(f"The schemas `{other}` and `{key}` would both be the class {name}. Set x-class for one.")
        names[key] = name
    document["components"]["schemas"] = {names[key]: schema for key, schema in schemas.items()}
    _rename_references(document, {f"{_SCHEMAS}{key}": f"{_SCHEMAS}{name}" for key, name in names.items()})


def _choose_class_name(key: str) -> str:
    words = snake_case(key).split("_")
    kept = [word for word in words if word not in _OMITTED_WORDS] or words
    return str(pascal_case("_".join(kept)))


def _rename_references(node: Any, names: dict[str, str]) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            node["$ref"] = names.get(node["$ref"], node["$ref"])
        for child in node.values():
            _rename_references(child, names)
    elif isinstance(node, list):
        for child in node:
            _rename_references(child, names)


def _name_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    segments = [snake_case(segment) for segment in path.split("/") if segment and not segment.startswith("{")]
    verb, noun = _choose_verb_and_noun(path, method, segments, operation.get("operationId", ""))
    name = operation.get("x-name") or f"{verb}_{noun}"
    matching_segments = [segment for segment in segments if noun in {segment, _get_singular(segment)}]
    operation["x-name"] = operation["operationId"] = name
    operation["x-resource"] = operation.get("x-resource") or next(iter(matching_segments or segments[-1:]), "api")
    operation["x-method-is-explicit"] = "x-method" in operation
    operation["x-method"] = operation.get("x-method") or verb
    operation["tags"] = [operation["x-resource"]]
    for parameter in operation["parameters"]:
        parameter.setdefault("x-name", _choose_parameter_name(path, parameter["name"]))


def _choose_verb_and_noun(path: str, method: str, segments: list[str], operation_id: str) -> tuple[str, str]:
    """Derive verb and noun from the path, or from an operation ID with a custom verb, such as `refresh_integration`."""
    words = snake_case(re.sub(rf"^.*-({'|'.join(HTTP_METHODS)})-", "", operation_id)).split("_")
    if method == "post" and len(words) > 1 and words[0] not in _STANDARD_VERBS:
        return words[0], "_".join(words[1:])
    ends_with_parameter = path.rstrip("/").endswith("}")
    is_singular = ends_with_parameter or method == "post"
    verb = "list" if method == "get" and not ends_with_parameter else _VERBS.get(method, method)
    noun = segments[-1] if segments else "root"
    owners = re.findall(r"([^/{}]+)/\{[^/]+\}/", path)
    owner = f"{_get_singular(snake_case(owners[-1]))}_" if owners and snake_case(owners[-1]) != noun else ""
    return verb, owner + (_get_singular(noun) if is_singular else noun)


def _choose_parameter_name(path: str, name: str) -> str:
    """Return `integration_id` for `id` in `/integrations/{id}`, and any other name in snake case."""
    owner = re.search(rf"([^/{{}}]+)/\{{{re.escape(name)}\}}", path)
    return f"{_get_singular(snake_case(owner[1]))}_id" if owner and name == "id" else snake_case(name)


def _get_singular(noun: str) -> str:
    for plural, single in (
        ("ies", "y"),
        ("sses", "ss"),
        ("uses", "us"),
        ("xes", "x"),
        ("ss", "ss"),
        ("us", "us"),
    ):
        if noun.endswith(plural):
            return noun.removesuffix(plural) + single
    return noun.removesuffix("s")


def _unwrap(document: Document, operation: dict[str, Any]) -> None:
    """Replace each success schema by the schema inside its envelope, and store the key in `x-unwrap`."""
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json")
        if not status.startswith("2") or content is None:
            continue
        envelope = resolve(document, content.get("schema", {}))
        properties = envelope.get("properties", {})
        key = operation.get("x-unwrap") or ("data" if set(properties) == {"data"} else None)
        if key is None:
            continue
        if key not in properties:
            raise NamingError(f"Cannot unwrap {operation['x-name']}: its success body has no `{key}`. Change x-unwrap.")
        operation["x-unwrap"] = key
        content["schema"] = copy.deepcopy(properties[key])


def _check_unique_operations(document: Document) -> None:
    operations: dict[str, str] = {}
    methods: dict[tuple[str, str], dict[str, Any]] = {}
    for path, method, operation in iterate_operations(document):
        endpoint = f"{method.upper()} {path}"
        other = operations.setdefault(operation["x-name"], endpoint)
        if other != endpoint:
            raise NamingError(f"{other} and {endpoint} would both be {operation['x-name']}. Set x-name for one.")
        first = methods.setdefault((operation["x-resource"], operation["x-method"]), operation)
        both_explicit = first["x-method-is-explicit"] and operation["x-method-is-explicit"]
        # Two operations become one client method only if the overlay sets x-method for both.
        if first is not operation and not both_explicit:
            renamed = first if operation["x-method-is-explicit"] else operation
            renamed["x-method"] = renamed["x-name"]


def _hoist_inline_schemas(document: Document) -> None:
    components: dict[str, Schema] = document["components"]["schemas"]
    for name in list(components):
        if not _is_class(components[name]):
            continue
        components[name] = _hoist_parts(components, components[name], name)
    for _, _, operation in iterate_operations(document):
        verb, _, noun = operation["x-name"].partition("_")
        noun = _get_singular(noun)
        for parameter in operation["parameters"]:
            parameter["schema"] = _hoist(components, parameter.get("schema", {}), f"{noun}_{parameter['name']}")
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = _hoist(components, media.get("schema", {}), f"{noun}_{verb}")
        for response in operation["responses"].values():
            for media in response.get("content", {}).values():
                media["schema"] = _hoist(components, media.get("schema", {}), noun)


def _hoist(components: dict[str, Schema], schema: Schema, name: str) -> Schema:
    """Move all classes in a schema to `components`. Return the schema, or a reference if it is a class itself."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    nullable = isinstance(schema.get("type"), list) and "null" in schema["type"]
    kinds = [kind for kind in schema["type"] if kind != "null"] if isinstance(schema.get("type"), list) else None
    if kinds is not None and len(kinds) == 1 and _is_class({**schema, "type": kinds[0]}):
        hoisted = _hoist(components, {**schema, "type": kinds[0]}, name)
        return {"anyOf": [hoisted, {"type": "null"}], **_get_prose(schema)} if nullable else hoisted
    if not _is_class(schema):
        return _hoist_parts(components, schema, name)
    class_name = schema.get("x-class") or str(pascal_case(name))
    component = _hoist_parts(components, schema, class_name)
    existing = components.setdefault(class_name, component)
    if _remove_prose(existing) != _remove_prose(component):
        raise NamingError(f"Two different schemas would be the class {class_name}. Set x-class for one.")
    return {"$ref": f"{_SCHEMAS}{class_name}", **_get_prose(schema)}


def _hoist_parts(components: dict[str, Schema], schema: Schema, name: str) -> Schema:
    parts = dict(schema)
    if "properties" in parts:
        parts["properties"] = {
            key: {**_hoist(components, child, f"{name}_{key}"), **_get_extensions(child)}
            for key, child in parts["properties"].items()
        }
    if "items" in parts:
        parts["items"] = _hoist(components, parts["items"], _get_singular(name))
    if "allOf" in parts:
        parts["allOf"] = [
            {"$ref": child["$ref"]} if "$ref" in child else _hoist_parts(components, child, name)
            for child in parts["allOf"]
        ]
    for keyword in ("anyOf", "oneOf"):
        if keyword in parts:
            parts[keyword] = [
                _hoist(components, child, f"{name}_{number}") for number, child in enumerate(parts[keyword], 1)
            ]
    return parts


def _is_class(schema: Schema) -> bool:
    if "enum" in schema:
        return schema.get("type") == "string"
    return bool(schema.get("properties")) or "allOf" in schema


def _get_prose(schema: Schema) -> Schema:
    return {name: schema[name] for name in ("description", "example") if name in schema}


def _get_extensions(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name.startswith("x-") and name != "x-class"}


def _remove_prose(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _remove_prose(child) for name, child in schema.items() if name not in _PROSE}
    return [_remove_prose(child) for child in schema] if isinstance(schema, list) else schema
