"""Report what a new OpenAPI document changes for callers of the client, separating breaking changes from others.

Prose, examples and vendor extensions are ignored. A change to a schema that several operations share is reported once,
under the schema's name. Whether it is breaking depends on whether the schema is used in requests, responses or both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from generator.structure import iterate_operations, resolve

__all__ = ["Change", "compare_documents"]

Document = Mapping[str, Any]
Schema = Mapping[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_PROSE: Final = frozenset({"title", "description", "summary", "example", "examples", "externalDocs", "$comment"})
_LITERAL_VALUES: Final = frozenset({"example", "examples", "default", "enum", "const"})
# Constraint to whether a higher number allows more values.
_BOUNDS: Final = {
    **dict.fromkeys(("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"), True),
    **dict.fromkeys(("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties"), False),
}
# A false value means the same as a missing keyword.
_DEFAULT_FALSE: Final = frozenset({"minLength", "minItems", "minProperties", "uniqueItems", "deprecated", "readOnly"})
_ANNOTATIONS: Final = frozenset({"deprecated", "readOnly", "writeOnly", "default", "discriminator"})
_NOT_CONSTRAINTS: Final = (
    _PROSE
    | {"type", "properties", "required", "allOf", "anyOf", "oneOf", "$ref"}
    | {"items", "additionalProperties", "enum", "const"}
)
_CLASS_KEYWORDS: Final = frozenset(
    {"x-class", "properties", "enum", "allOf"}
)  # keywords of schemas that become classes
_PARSED_FORMATS: Final = frozenset({"date-time", "date", "uuid"})  # formats whose Python type is not str
_STYLES: Final = {"query": "form", "cookie": "form"}
_BODY: Final = "request body"
_ANY_SCHEMA: Final[Schema] = {}


@attrs.frozen(order=True)
class Change:
    """One difference between two documents.

    Attributes:
        breaking: Whether code that works with the old document can stop working.
        location: The operation, or the schema and its property.
        description: What changed.
    """

    breaking: bool = attrs.field(order=lambda breaking: not breaking)
    location: str
    description: str


def compare_documents(old: Document, new: Document) -> list[Change]:
    """Compare two parsed OpenAPI 3.1 documents from the point of view of callers.

    Args:
        old: Current document. It is not modified.
        new: New document. It is not modified.

    Returns:
        The changes without duplicates, breaking ones first.
    """
    renames = _find_renamed_schemas(old, new)
    comparison = _Comparison(_rename_schemas(old, renames), new)
    changes = {
        *comparison.compare_servers_and_security(),
        *comparison.compare_operations(),
        *comparison.compare_shared_schemas(),
    }
    for name, other in renames.items():
        # If the overlay sets the class name, renaming the schema does not rename the class.
        classes = [_get_class_name(document, _SCHEMAS + key) for document, key in ((old, name), (new, other))]
        changes.add(Change(classes[0] != classes[1], "schemas", f"schema `{name}` renamed to `{other}`"))
    return sorted(changes)


@attrs.frozen
class _SchemaUse:
    """Position of a schema and the directions in which it is used. A change can break one direction only.

    Attributes:
        location: The operation or the schema.
        directions: `request`, `response` or both.
        label: Parameter, header or body within the location, as a prefix of descriptions.
        note: Suffix of descriptions.
        visited: Pairs of schemas that are being compared; ends recursion in recursive schemas.
    """

    location: str
    directions: frozenset[str]
    label: str = ""
    note: str = ""
    visited: frozenset[object] = frozenset()

    def build_change(self, description: str, *, breaks_request: bool = False, breaks_response: bool = False) -> Change:
        """Return a change at this position, which is breaking if it breaks a direction in which the schema is used."""
        breaking = (breaks_request and "request" in self.directions) or (
            breaks_response and "response" in self.directions
        )
        return Change(breaking, self.location, f"{self.label}{description}{self.note}")

    def compare_presence(
        self, name: str, old: Any, new: Any, was_required: bool, is_required: bool, affects_callers: bool = True
    ) -> list[Change]:
        """Report that a parameter, a header or a property was added, removed, or became required or optional."""
        kind = "required" if is_required else "optional"
        if new is None:
            return [self.build_change(f"{name} removed", breaks_request=True, breaks_response=affects_callers)]
        if old is None:
            return [self.build_change(f"{kind} {name} added", breaks_request=is_required)]
        if was_required == is_required:
            return []
        breaks_response = was_required and affects_callers
        return [self.build_change(f"{name} became {kind}", breaks_request=is_required, breaks_response=breaks_response)]

    def extend(self, step: str) -> _SchemaUse:
        """Return the use of a schema inside this one."""
        if self.label:
            return attrs.evolve(self, label=f"{self.label.removesuffix(': ')}{step}: ")
        return attrs.evolve(self, location=self.location + step)

    def rename(self, name: str) -> _SchemaUse:
        """Return a use that is reported under the schema's name, followed by the directions."""
        return attrs.evolve(self, location=name, label="", note=f" ({' and '.join(sorted(self.directions))})")


@attrs.define
class _FlatSchema:
    """A schema with its references resolved and its parts merged. `bases` are the references."""

    types: set[str]
    keywords: dict[str, Any] = attrs.Factory(dict)
    properties: dict[str, Schema] = attrs.Factory(dict)
    required: set[str] = attrs.Factory(set)
    bases: frozenset[str] = frozenset()

    def merge(self, part: _FlatSchema) -> None:
        """Add the constraints of an `allOf` part."""
        self.types = (self.types & part.types) or self.types or part.types
        self.keywords, self.properties = part.keywords | self.keywords, part.properties | self.properties
        self.required, self.bases = self.required | part.required, self.bases | part.bases


@attrs.frozen
class _Comparison:
    old: Document
    new: Document

    def compare_servers_and_security(self) -> Iterator[Change]:
        """Yield the changes to the base URL and to security requirements and schemes of the whole document."""
        old_urls, new_urls = _get_urls(self.old), _get_urls(self.new)
        if old_urls[0] != new_urls[0]:
            yield Change(True, "servers", f"base URL {old_urls[0]} became {new_urls[0]}")
        for url in sorted(set(old_urls[1:]) ^ set(new_urls[1:])):
            yield Change(False, "servers", f"URL {url} {'removed' if url in old_urls else 'added'}")
        yield from _compare_security(self.old.get("security"), self.new.get("security"), "security")
        schemes = [document.get("components", {}).get("securitySchemes", {}) for document in (self.old, self.new)]
        for name, old, new in _pair_by_key(*schemes):
            location = f"security scheme {name}"
            if old is None or new is None:
                yield Change(new is None, location, "removed" if new is None else "added")
                continue
            for leaf, old_value, new_value in _pair_by_key(dict(_iterate_leaves(old)), dict(_iterate_leaves(new))):
                if old_value != new_value:
                    is_new_scope = old_value is None and ".scopes." in leaf
                    description = f"{leaf} {_format_value(old_value)} became {_format_value(new_value)}"
                    yield Change(not is_new_scope, location, description)

    def compare_operations(self) -> Iterator[Change]:
        """Yield the changes to each operation, without those inside shared schemas."""
        documents = (self.old, self.new)
        by_endpoint = [
            {(path, method): operation for path, method, operation in iterate_operations(dict(document))}
            for document in documents
        ]
        for (path, method), old, new in _pair_by_key(*by_endpoint):
            location = f"{_get_operation_name(old or new)} ({method.upper()} {path})"
            if old is None or new is None:
                change = "added" if old is None else "removed"
                yield Change(new is None, location, f"operation {change}")
                continue
            if _get_operation_name(old) != _get_operation_name(new):
                yield Change(True, location, f"operation renamed to {_get_operation_name(new)}")
            yield from _compare_flag("deprecated", old, new, location)
            if "security" in old or "security" in new:  # document-wide security is reported once, for the document
                old_security, new_security = (
                    operation.get("security", document.get("security"))
                    for operation, document in zip((old, new), documents, strict=True)
                )
                yield from _compare_security(old_security, new_security, location)
            old_inputs, new_inputs = _collect_inputs(self.old, path, old), _collect_inputs(self.new, path, new)
            yield from self._compare_inputs(old_inputs, new_inputs, _SchemaUse(location, frozenset({"request"})))
            yield from self._compare_responses(old, new, location)

    def compare_shared_schemas(self) -> Iterator[Change]:
        """Yield the changes inside schemas that are used by reference, each under the name of the schema."""
        references = (_find_reachable_references(document) for document in (self.old, self.new))
        for reference, old_directions, new_directions in _pair_by_key(*references):
            # If a direction exists in one document only, the operation that uses the schema reports the change.
            if old_directions and new_directions and old_directions & new_directions:
                use = _SchemaUse("", frozenset(old_directions & new_directions))
                use = use.rename(_get_class_name(self.new, reference))
                old, new = _get_node(self.old, reference), _get_node(self.new, reference)
                yield from self._compare_schemas(old, new, use)

    def _compare_responses(self, old_operation: Schema, new_operation: Schema, location: str) -> Iterator[Change]:
        old_responses = _collect_responses(self.old, old_operation)
        new_responses = _collect_responses(self.new, new_operation)
        for status, old, new in _pair_by_key(old_responses, new_responses):
            is_success = status.startswith("2")
            if old is None or new is None:
                kind, change = "success" if is_success else "error", "added" if old is None else "removed"
                yield Change(is_success, location, f"{kind} status {status} {change}")
                continue
            use = _SchemaUse(f"{location} response {status}", frozenset({"response"}))
            old_headers, new_headers = _collect_headers(self.old, old), _collect_headers(self.new, new)
            yield from self._compare_inputs(old_headers, new_headers, use, is_success)
            yield from self._compare_contents(old, new, use, is_success)

    def _compare_inputs(
        self, old_inputs: Schema, new_inputs: Schema, use: _SchemaUse, affects_callers: bool = True
    ) -> Iterator[Change]:
        """Compare parameters, headers and bodies by their labels."""
        for label, old, new in _pair_by_key(old_inputs, new_inputs):
            was_required, is_required = (bool(one and one.get("required")) for one in (old, new))
            yield from use.compare_presence(label, old, new, was_required, is_required, affects_callers)
            if old is not None and new is not None:
                inner = use.extend(" request") if label == _BODY else attrs.evolve(use, label=f"{label}: ")
                if "in" in new:
                    yield from _compare_encoding(old, new, inner)
                    yield from _compare_defaults(old.get("schema", {}), new.get("schema", {}), inner)
                yield from self._compare_schemas(old.get("schema", {}), new.get("schema", {}), inner)
                yield from self._compare_contents(old, new, inner)

    def _compare_contents(
        self, old_owner: Schema, new_owner: Schema, use: _SchemaUse, affects_callers: bool = True
    ) -> Iterator[Change]:
        for media_type, old, new in _pair_by_key(old_owner.get("content", {}), new_owner.get("content", {})):
            if old is None or new is None:
                removed = new is None
                yield use.build_change(
                    f"media type {media_type} {'removed' if removed else 'added'}",
                    breaks_request=removed,
                    breaks_response=removed and affects_callers,
                )
                continue
            schema = new.get("schema", {})
            name = None if "$ref" in schema else schema.get("x-class") or schema.get("title")
            yield from self._compare_schemas(old.get("schema", {}), schema, use.rename(name) if name else use)

    def _compare_schemas(self, old_schema: Schema, new_schema: Schema, use: _SchemaUse) -> Iterator[Change]:
        """Yield the changes between two schemas at the same position."""
        old, new = _flatten(self.old, old_schema), _flatten(self.new, new_schema)
        pair = (old.bases or id(old_schema), new.bases or id(new_schema))
        if pair in use.visited:  # a recursive schema
            return
        use = attrs.evolve(use, visited=use.visited | {pair})
        if shared := old.bases & new.bases:  # changes in shared bases are reported under the name of the base
            old, new = _flatten(self.old, old_schema, shared), _flatten(self.new, new_schema, shared)
        yield from _compare_types(old.types, new.types, use)
        yield from _compare_enums(old.keywords.get("enum"), new.keywords.get("enum"), use)
        yield from _compare_constraints(old.keywords, new.keywords, use)
        yield from self._compare_additional_properties(old, new, use)
        if "items" in old.keywords or "items" in new.keywords:
            old_items, new_items = (flat.keywords.get("items", _ANY_SCHEMA) for flat in (old, new))
            yield from self._compare_schemas(old_items, new_items, use.extend("[]"))
        owner = use.rename(new_schema["x-class"]) if "x-class" in new_schema else use
        for name, old_property, new_property in _pair_by_key(old.properties, new.properties):
            inner = owner.extend(f".{name}")
            was_required, is_required = name in old.required, name in new.required
            yield from inner.compare_presence("property", old_property, new_property, was_required, is_required)
            if old_property is not None and new_property is not None:
                yield from self._compare_schemas(old_property, new_property, inner)

    def _compare_additional_properties(
        self, old_flat: _FlatSchema, new_flat: _FlatSchema, use: _SchemaUse
    ) -> Iterator[Change]:
        declared = [flat.keywords.get("additionalProperties", True) for flat in (old_flat, new_flat)]
        old, new = (_ANY_SCHEMA if value is True else value for value in declared)
        if False in (old, new) and old != new:
            change = "allowed" if old is False else "rejected"
            yield use.build_change(f"unknown fields are {change} now", breaks_request=new is False)
        elif old or new:
            yield from self._compare_schemas(old, new, use.extend("[*]"))


def _compare_encoding(old: Schema, new: Schema, use: _SchemaUse) -> Iterator[Change]:
    """Compare how a parameter is written. Each change is breaking: the server reads the old form otherwise."""
    yield from _compare_flag("deprecated", old, new, use.location, use.label)
    old_style, new_style = (one.get("style") or _STYLES.get(one["in"], "simple") for one in (old, new))
    old_explode, new_explode = (
        one.get("explode", style == "form") for one, style in ((old, old_style), (new, new_style))
    )
    if old_style != new_style:
        yield use.build_change(f"style {old_style} became {new_style}", breaks_request=True)
    is_value = not {"array", "object"} & (_get_declared_types(old) | _get_declared_types(new))
    if old_explode != new_explode and old_style == new_style and not is_value:
        yield use.build_change(
            f"explode {_format_value(old_explode)} became {_format_value(new_explode)}", breaks_request=True
        )


def _get_declared_types(parameter: Schema) -> set[str]:
    schema = parameter.get("schema")
    types: Any = schema.get("type", []) if isinstance(schema, Mapping) else []
    return {types} if isinstance(types, str) else set(types)


def _compare_defaults(old: Schema, new: Schema, use: _SchemaUse) -> Iterator[Change]:
    """Compare what the server does if a parameter is omitted."""
    values = [schema.get("default") if isinstance(schema, Mapping) else None for schema in (old, new)]
    if values[0] != values[1]:
        text = f"default {_format_value(values[0])} became {_format_value(values[1])}"
        yield use.build_change(text, breaks_request=True)


def _compare_flag(name: str, old: Schema, new: Schema, location: str, label: str = "") -> Iterator[Change]:
    was, is_now = bool(old.get(name)), bool(new.get(name))
    if was != is_now:
        yield Change(False, location, f"{label}{'' if is_now else 'no longer '}{name}")


def _compare_types(old: set[str], new: set[str], use: _SchemaUse) -> Iterator[Change]:
    if old and new and old ^ new == {"null"}:
        nullable = "null" in new
        description = f"may {'be null now' if nullable else 'no longer be null'}"
        yield use.build_change(description, breaks_request=not nullable, breaks_response=nullable)
    elif old != new:
        old_types, new_types = (types | ({"integer"} if "number" in types else set()) for types in (old, new))
        is_wider = not new or bool(old and old_types <= new_types)
        is_narrower = not old or bool(new and new_types <= old_types)
        names = [" or ".join(sorted(types)) or "anything" for types in (old, new)]
        description = f"type {names[0]} became {names[1]}"
        yield use.build_change(description, breaks_request=not is_wider, breaks_response=not is_narrower)


def _compare_enums(old: list[Any] | None, new: list[Any] | None, use: _SchemaUse) -> Iterator[Change]:
    if new is None:
        if old is not None:
            yield use.build_change("list of values removed")
    elif old is None:
        values = ", ".join(map(_format_value, new))
        yield use.build_change(f"values limited to {values}", breaks_request=True)
    else:
        for value in old:
            if value not in new:
                yield use.build_change(f"value `{_format_value(value)}` removed", breaks_request=True)
        for value in new:
            if value not in old:
                yield use.build_change(f"value `{_format_value(value)}` added")


def _compare_constraints(old_keywords: Schema, new_keywords: Schema, use: _SchemaUse) -> Iterator[Change]:
    for keyword, old, new in _pair_by_key(old_keywords, new_keywords):
        if keyword in _NOT_CONSTRAINTS or keyword.startswith("x-") or _remove_prose(old) == _remove_prose(new):
            continue
        if keyword == "default" and use.label.endswith("`: "):  # of a parameter: see `_compare_defaults`
            continue
        changes_type = keyword == "format" and not _PARSED_FORMATS.isdisjoint((old, new))
        is_tighter = new is not None and keyword not in _ANNOTATIONS
        if old is not None and is_tighter and keyword in _BOUNDS:
            is_tighter = (new < old) == _BOUNDS[keyword]
        elif old is not None and is_tighter and keyword == "multipleOf":
            is_tighter = old % new != 0
        yield use.build_change(
            f"{keyword} {_format_value(old)} became {_format_value(new)}",
            breaks_request=is_tighter or changes_type,
            breaks_response=changes_type,
        )


def _flatten(
    document: Document, schema: Any, omitted: frozenset[str] = frozenset(), visited: frozenset[str] = frozenset()
) -> _FlatSchema:
    """Resolve the references of a schema and merge its parts.

    Args:
        document: The document that contains the schema.
        schema: The schema; also true, false or a missing value.
        omitted: References whose contents are not merged, because they are compared elsewhere.
        visited: References that are being resolved.
    """
    if not isinstance(schema, Mapping):
        schema = {} if schema else {"not": {}}
    types = schema.get("type") or ("object" if "properties" in schema else "array" if "items" in schema else [])
    keywords = {keyword: value for keyword, value in schema.items() if value or keyword not in _DEFAULT_FALSE}
    if "const" in keywords:
        keywords["enum"] = [keywords["const"]]
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    flat = _FlatSchema({types} if isinstance(types, str) else set(types), keywords, properties, required)
    parts = [*([{"$ref": schema["$ref"]}] if "$ref" in schema else []), *schema.get("allOf", [])]
    for part in parts:
        flat.merge(_flatten_part(document, part, omitted, visited, use_name=len(parts) == 1 and not properties))
    options = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    choices = [_flatten_part(document, option, omitted, visited, use_name=True) for option in options]
    not_null = [choice for choice in choices if choice.types != {"null"}]
    if len(not_null) == 1:
        flat.merge(not_null[0])
    for choice in choices:
        flat.types, flat.bases = flat.types | choice.types, flat.bases | choice.bases
    return flat


def _flatten_part(
    document: Document, part: Any, omitted: frozenset[str], visited: frozenset[str], *, use_name: bool
) -> _FlatSchema:
    """Flatten a part of a schema. If `use_name` is true, the type of a part that is a class is the class name."""
    schema: Schema = part if isinstance(part, Mapping) else {}
    reference, name = schema.get("$ref"), schema.get("x-class")
    if reference is None:
        flat = _flatten(document, part, omitted, visited)
    else:
        schema, name = _get_node(document, reference), _get_class_name(document, reference)
        if reference in omitted or reference in visited:
            return _FlatSchema({name} if use_name else set(), bases=frozenset({reference}))
        flat = _flatten(document, schema, omitted, visited | {reference})
        flat.bases |= {reference}
    if use_name and name and not _CLASS_KEYWORDS.isdisjoint(schema):
        flat.types = {name} | (flat.types & {"null"})
    return flat


def _find_reachable_references(document: Document) -> dict[str, set[str]]:
    """Return the references that operations use directly or indirectly, with the directions of their use."""
    directions: dict[str, set[str]] = {}
    pending: list[tuple[str, Any, bool]] = []
    for path, _, operation in iterate_operations(dict(document)):
        pending += [("request", node, False) for node in _collect_inputs(document, path, operation).values()]
        for response in _collect_responses(document, operation).values():
            nodes = (response.get("content"), *_collect_headers(document, response).values())
            pending += [("response", node, False) for node in nodes]
    while pending:
        direction, node, is_name_map = pending.pop()
        if isinstance(node, list):
            pending += [(direction, child, False) for child in node]
        elif isinstance(node, Mapping):
            reference = node.get("$ref")
            if isinstance(reference, str) and direction not in directions.setdefault(reference, set()):
                directions[reference].add(direction)
                pending.append((direction, _get_node(document, reference), False))
            children = [(key, child) for key, child in node.items() if is_name_map or key not in _LITERAL_VALUES]
            pending += [(direction, child, key == "properties" and not is_name_map) for key, child in children]
    return directions


def _find_renamed_schemas(old: Document, new: Document) -> dict[str, str]:
    """Return old to new names of removed schemas whose references now point to a similar new schema."""
    old_schemas, new_schemas = _get_schemas(old), _get_schemas(new)
    renames: dict[str, str] = {}
    visited: set[tuple[str, str]] = set()
    pending: list[tuple[Any, Any]] = [(old.get("paths"), new.get("paths"))]
    while pending:
        old_node, new_node = pending.pop()
        if isinstance(old_node, list) and isinstance(new_node, list):
            pending += zip(old_node, new_node, strict=False)
        elif isinstance(old_node, Mapping) and isinstance(new_node, Mapping):
            pair = old_reference, new_reference = str(old_node.get("$ref", "")), str(new_node.get("$ref", ""))
            if not (old_reference.startswith("#/") and new_reference.startswith("#/")):
                shared_keys = sorted(old_node.keys() & new_node.keys(), key=str)
                pending += [(old_node[key], new_node[key]) for key in shared_keys]
            elif pair not in visited:
                visited.add(pair)
                old_name, new_name = (reference.removeprefix(_SCHEMAS) for reference in pair)
                if old_name != new_name and old_name in old_schemas and new_name in new_schemas:
                    still_exists = old_name in new_schemas or new_name in old_schemas
                    is_renamed = old_name in renames or new_name in renames.values()
                    similar = _are_similar(old_schemas[old_name], new_schemas[new_name])
                    if still_exists or is_renamed or not similar:
                        continue
                    renames[old_name] = new_name
                pending.append((_get_node(old, old_reference), _get_node(new, new_reference)))
    return renames


def _are_similar(one: Schema, other: Schema) -> bool:
    """Return whether two schemas have the same type and share at least half of their properties and enum values."""
    first, second = ({*schema.get("properties", ()), *map(str, schema.get("enum", ()))} for schema in (one, other))
    return one.get("type") == other.get("type") and 2 * len(first & second) >= len(first | second)


def _rename_schemas(node: Any, renames: Mapping[str, str], key: str = "") -> Any:
    if isinstance(node, Mapping):
        names = renames if key == "schemas" else {}
        return {names.get(name, name): _rename_schemas(child, renames, name) for name, child in node.items()}
    if isinstance(node, list):
        return [_rename_schemas(child, renames) for child in node]
    if isinstance(node, str) and node.startswith(_SCHEMAS):
        name, slash, rest = node.removeprefix(_SCHEMAS).partition("/")
        return _SCHEMAS + renames.get(name, name) + slash + rest
    return node


def _get_node(document: Document, reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        step = part.replace("~1", "/").replace("~0", "~")
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node


def _collect_inputs(document: Document, path: str, operation: Schema) -> dict[str, Schema]:
    nodes = [*document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
    parameters = [resolve(dict(document), node) for node in nodes]
    inputs = {f"{parameter['in']} parameter `{parameter['name']}`": parameter for parameter in parameters}
    body = resolve(dict(document), operation.get("requestBody"))
    return inputs if body is None else inputs | {_BODY: body}


def _collect_responses(document: Document, operation: Schema) -> dict[str, Schema]:
    return {str(status): resolve(dict(document), node) for status, node in operation.get("responses", {}).items()}


def _collect_headers(document: Document, response: Schema) -> dict[str, Schema]:
    headers = response.get("headers", {})
    return {f"header {name.title()}": resolve(dict(document), node) for name, node in headers.items()}


def _get_schemas(document: Document) -> Mapping[str, Any]:
    schemas: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
    return schemas


def _get_urls(document: Document) -> list[str]:
    """Return the URLs of the servers; the first one is the base URL."""
    urls: list[str] = []
    for server in document.get("servers") or [{}]:
        url = str(server.get("url", "/"))
        for name, variable in server.get("variables", {}).items():
            url = url.replace(f"{{{name}}}", str(variable.get("default")))
        urls.append(url)
    return urls


def _compare_security(old: list[Schema] | None, new: list[Schema] | None, location: str) -> Iterator[Change]:
    old_requirements, new_requirements = (
        {_format_requirement(requirement) for requirement in requirements or [{}]} for requirements in (old, new)
    )
    for requirement in old_requirements ^ new_requirements:
        removed = requirement in old_requirements
        yield Change(removed, location, f"{requirement} accepted {'no longer' if removed else 'now'}")


def _format_requirement(requirement: Schema) -> str:
    schemes = (" ".join([name, *sorted(requirement[name])]) for name in sorted(requirement))
    return " and ".join(schemes) or "no credentials"


def _iterate_leaves(node: Schema, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, child in node.items():
        child_path = f"{path}.{name}".removeprefix(".")
        if path.endswith("scopes"):
            yield child_path, "offered"  # the value is a description of the scope
        elif name not in _PROSE and not name.startswith("x-"):
            yield from _iterate_leaves(child, child_path) if isinstance(child, Mapping) else [(child_path, child)]


def _pair_by_key(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    return ((key, old.get(key), new.get(key)) for key in {**old, **new})


def _remove_prose(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {
            name: _remove_prose(child)
            for name, child in node.items()
            if name not in _PROSE and not name.startswith("x-")
        }
    return [_remove_prose(child) for child in node] if isinstance(node, list) else node


def _get_class_name(document: Document, reference: str) -> str:
    schema = _get_node(document, reference)
    name = schema.get("x-class") if isinstance(schema, Mapping) else None
    return str(name or reference.removeprefix(_SCHEMAS).replace("/", "."))


def _get_operation_name(operation: Schema) -> str:
    return str(operation.get("x-name") or operation.get("operationId") or "operation")


def _format_value(value: object) -> str:
    return "(none)" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
