"""Give every schema and operation of a document the name that a person would choose.

Names come from the overlay's extensions; what has none gets one by rule, so that a new endpoint in the contract still
becomes a well-named method. What comes out is a flat document: each object and each enum is a component under its
class name, envelopes are taken off, and the operations carry their names.

Extensions read here:
    x-class: class name of a schema.
    x-name: name of an operation, or of a parameter in Python.
    x-resource, x-method: where the operation stands on the client, such as `logs` and `list`.
    x-unwrap: the key of the success body that is handed to the caller.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

from openapi_python_client.strings import pascal_case, snake_case

__all__ = ["HTTP_METHODS", "NamingError", "name_document", "operations_of", "resolve"]

Document = dict[str, Any]
Schema = dict[str, Any]

HTTP_METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options")

_SCHEMAS: Final = "#/components/schemas/"
_PROSE: Final = frozenset({"title", "description", "example", "examples", "summary"})
_NOISE: Final = frozenset({"object", "model", "response", "request", "item", "dto", "schema"})
_VERBS: Final = {"get": "retrieve", "post": "create", "put": "replace", "patch": "update", "delete": "delete"}
_PLAIN_WORDS: Final = frozenset({*HTTP_METHODS, *_VERBS.values(), "list", "sc", "public"})


class NamingError(Exception):
    """Two things would get one name; its text says which."""


def name_document(document: Document) -> Document:
    """The document flattened and named; the one given is not changed.

    Args:
        document: A valid OpenAPI document with the overlay applied.

    Raises:
        NamingError: Two different schemas, or two operations, would share a name.
    """
    named = copy.deepcopy(document)
    named.setdefault("components", {}).setdefault("schemas", {})
    _inline_shared_parts(named)
    _name_components(named)
    for path, method, operation in operations_of(named):
        _name_operation(path, method, operation)
        _unwrap(named, operation)
    _check_unique_operations(named)
    _hoist_inline_schemas(named)
    return named


def operations_of(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of everything in the document, in its order."""
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in HTTP_METHODS:
                yield path, method, operation


def resolve(document: Document, node: Any) -> Any:
    """What a node stands for: itself, or what its `$ref` leads to."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for part in node["$ref"][2:].split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def _inline_shared_parts(document: Document) -> None:
    """Parameters, responses and bodies that operations share by `$ref`, and path-wide parameters, go into each one."""
    for path, _, operation in operations_of(document):
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
        name = schema.get("x-class") or _class_name(key)
        if name in names.values():
            other = next(old for old, new in names.items() if new == name)
            raise NamingError(f"the schemas `{other}` and `{key}` would both be the class {name}; name one by x-class")
        names[key] = name
    document["components"]["schemas"] = {names[key]: schema for key, schema in schemas.items()}
    _rename_references(document, {f"{_SCHEMAS}{key}": f"{_SCHEMAS}{name}" for key, name in names.items()})


def _class_name(key: str) -> str:
    words = snake_case(key).split("_")
    kept = [word for word in words if word not in _NOISE] or words
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
    verb, noun = _verb_and_noun(path, method, segments, operation.get("operationId", ""))
    name = operation.get("x-name") or f"{verb}_{noun}"
    named_after = [segment for segment in segments if noun in {segment, _singular(segment)}]
    operation["x-name"] = operation["operationId"] = name
    operation["x-resource"] = operation.get("x-resource") or next(iter(named_after or segments[-1:]), "api")
    operation["x-method-is-given"] = "x-method" in operation
    operation["x-method"] = operation.get("x-method") or verb
    operation["tags"] = [operation["x-resource"]]
    for parameter in operation["parameters"]:
        parameter.setdefault("x-name", _parameter_name(path, parameter["name"]))


def _verb_and_noun(path: str, method: str, segments: list[str], operation_id: str) -> tuple[str, str]:
    """From the path; from the operation id where that starts with a verb of its own, such as `refresh_integration`."""
    words = snake_case(re.sub(rf"^.*-({'|'.join(HTTP_METHODS)})-", "", operation_id)).split("_")
    if method == "post" and len(words) > 1 and words[0] not in _PLAIN_WORDS:
        return words[0], "_".join(words[1:])
    at_one = path.rstrip("/").endswith("}")
    of_one = at_one or method == "post"
    verb = "list" if method == "get" and not at_one else _VERBS.get(method, method)
    noun = segments[-1] if segments else "root"
    owners = re.findall(r"([^/{}]+)/\{[^/]+\}/", path)
    owner = f"{_singular(snake_case(owners[-1]))}_" if owners and snake_case(owners[-1]) != noun else ""
    return verb, owner + (_singular(noun) if of_one else noun)


def _parameter_name(path: str, name: str) -> str:
    """`id` in `/integrations/{id}` is `integration_id`; any other name is its own, in snake case."""
    owner = re.search(rf"([^/{{}}]+)/\{{{re.escape(name)}\}}", path)
    return f"{_singular(snake_case(owner[1]))}_id" if owner and name == "id" else snake_case(name)


def _singular(noun: str) -> str:
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
    """Take the envelope off each success, and note its key."""
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
            raise NamingError(f"{operation['x-name']} is to be unwrapped by `{key}`, which its success does not hold")
        operation["x-unwrap"] = key
        content["schema"] = copy.deepcopy(properties[key])


def _check_unique_operations(document: Document) -> None:
    operations: dict[str, str] = {}
    methods: dict[tuple[str, str], dict[str, Any]] = {}
    for path, method, operation in operations_of(document):
        place = f"{method.upper()} {path}"
        other = operations.setdefault(operation["x-name"], place)
        if other != place:
            raise NamingError(f"{other} and {place} would both be {operation['x-name']}; name one by x-name")
        first = methods.setdefault((operation["x-resource"], operation["x-method"]), operation)
        both_given = first["x-method-is-given"] and operation["x-method-is-given"]
        # Two operations are one method of the client only where the overlay says so of both.
        if first is not operation and not both_given:
            later = first if operation["x-method-is-given"] else operation
            later["x-method"] = later["x-name"]


def _hoist_inline_schemas(document: Document) -> None:
    components: dict[str, Schema] = document["components"]["schemas"]
    for name in list(components):
        if not _is_class(components[name]):
            continue
        components[name] = _hoisted_parts(components, components[name], name)
    for _, _, operation in operations_of(document):
        verb, _, noun = operation["x-name"].partition("_")
        noun = _singular(noun)
        for parameter in operation["parameters"]:
            parameter["schema"] = _hoisted(components, parameter.get("schema", {}), f"{noun}_{parameter['name']}")
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = _hoisted(components, media.get("schema", {}), f"{noun}_{verb}")
        for response in operation["responses"].values():
            for media in response.get("content", {}).values():
                media["schema"] = _hoisted(components, media.get("schema", {}), noun)


def _hoisted(components: dict[str, Schema], schema: Schema, name: str) -> Schema:
    """The schema with every class in it made a component; a reference where it is a class itself."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    nullable = isinstance(schema.get("type"), list) and "null" in schema["type"]
    kinds = [kind for kind in schema["type"] if kind != "null"] if isinstance(schema.get("type"), list) else None
    if kinds is not None and len(kinds) == 1 and _is_class({**schema, "type": kinds[0]}):
        hoisted = _hoisted(components, {**schema, "type": kinds[0]}, name)
        return {"anyOf": [hoisted, {"type": "null"}], **_prose_of(schema)} if nullable else hoisted
    if not _is_class(schema):
        return _hoisted_parts(components, schema, name)
    class_name = schema.get("x-class") or str(pascal_case(name))
    component = _hoisted_parts(components, schema, class_name)
    present = components.setdefault(class_name, component)
    if _shape(present) != _shape(component):
        raise NamingError(f"two different schemas would be the class {class_name}; name one by x-class")
    return {"$ref": f"{_SCHEMAS}{class_name}", **_prose_of(schema)}


def _hoisted_parts(components: dict[str, Schema], schema: Schema, name: str) -> Schema:
    parts = dict(schema)
    if "properties" in parts:
        parts["properties"] = {
            key: {**_hoisted(components, child, f"{name}_{key}"), **_marks_of(child)}
            for key, child in parts["properties"].items()
        }
    if "items" in parts:
        parts["items"] = _hoisted(components, parts["items"], _singular(name))
    if "allOf" in parts:
        parts["allOf"] = [
            {"$ref": child["$ref"]} if "$ref" in child else _hoisted_parts(components, child, name)
            for child in parts["allOf"]
        ]
    for word in ("anyOf", "oneOf"):
        if word in parts:
            parts[word] = [
                _hoisted(components, child, f"{name}_{number}") for number, child in enumerate(parts[word], 1)
            ]
    return parts


def _is_class(schema: Schema) -> bool:
    if "enum" in schema:
        return schema.get("type") == "string"
    return bool(schema.get("properties")) or "allOf" in schema


def _prose_of(schema: Schema) -> Schema:
    return {name: schema[name] for name in ("description", "example") if name in schema}


def _marks_of(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name.startswith("x-") and name != "x-class"}


def _shape(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _shape(child) for name, child in schema.items() if name not in _PROSE}
    return [_shape(child) for child in schema] if isinstance(schema, list) else schema
