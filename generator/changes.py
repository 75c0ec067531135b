"""What a new contract changes for those who call the client, breaking changes apart from the rest.

Prose, examples and vendor extensions are no changes. A schema that several operations share is told of once, under its
own name, and judged by whether it is sent, answered, or both.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import attrs

from generator.naming import operations_of, resolve

__all__ = ["Change", "contract_changes", "report"]

Document = Mapping[str, Any]
Schema = Mapping[str, Any]
Direction = Literal["sent", "answered"]

_SCHEMAS: Final = "#/components/schemas/"
_PROSE: Final = frozenset({"title", "description", "summary", "example", "examples"})
# Constraint, and whether a higher number allows more.
_BOUNDS: Final = {
    "maxLength": True,
    "minLength": False,
    "maximum": True,
    "minimum": False,
    "exclusiveMaximum": True,
    "exclusiveMinimum": False,
    "maxItems": True,
    "minItems": False,
    "maxProperties": True,
    "minProperties": False,
}
_EXACT: Final = ("format", "pattern", "multipleOf", "uniqueItems")


@attrs.frozen(order=True)
class Change:
    """One difference.

    Attributes:
        breaking: Code that works with the old contract may stop working.
        where: The operation, or the schema and its property.
        what: What is different.
    """

    breaking: bool = attrs.field(order=lambda breaking: not breaking)
    where: str
    what: str


def contract_changes(old: Document, new: Document) -> list[Change]:
    """Compare two parsed OpenAPI 3.1 documents as a caller sees them.

    Args:
        old: The contract so far.
        new: The contract to come.

    Returns:
        The changes, breaking ones first, each once.
    """
    before = copy.deepcopy(dict(old))
    renames = list(_renamed_schemas(before, new))
    for name, other in renames:
        schemas = before["components"]["schemas"]
        before["components"]["schemas"] = {(other if key == name else key): child for key, child in schemas.items()}
        _retarget(before, _SCHEMAS + name, _SCHEMAS + other)
    changes = {Change(True, "schemas", f"schema `{name}` renamed to `{other}`") for name, other in renames}
    changes.update(_surroundings(before, new))
    changes.update(_operations(before, new))
    changes.update(_components(before, new))
    return sorted(changes)


def report(changes: list[Change]) -> str:
    """The changes as text for a person."""
    if not changes:
        return "Nothing changes for a caller."
    parts: list[str] = []
    for title, breaking in (("Breaking for callers", True), ("Other changes", False)):
        lines = [f"  {change.where}: {change.what}" for change in changes if change.breaking is breaking]
        parts.append("\n".join([f"{title} ({len(lines)})", *lines]))
    return "\n\n".join(parts)


def _renamed_schemas(old: Document, new: Document) -> Iterator[tuple[str, str]]:
    before, after = _schemas(old), _schemas(new)
    added = [name for name in after if name not in before]
    for name in before:
        if name not in after:
            twin = next((other for other in added if _shape(after[other]) == _shape(before[name])), None)
            if twin is not None:
                added.remove(twin)
                yield name, twin


def _surroundings(old: Document, new: Document) -> Iterator[Change]:
    addresses = [[server.get("url") for server in document.get("servers", [])] for document in (old, new)]
    if addresses[0] != addresses[1]:
        yield Change(True, "servers", f"{_listed(addresses[0])} became {_listed(addresses[1])}")
    before, after = (document.get("components", {}).get("securitySchemes", {}) for document in (old, new))
    for name in before.keys() | after.keys():
        where = f"security scheme {name}"
        if name not in after:
            yield Change(True, where, "removed")
        elif name not in before:
            yield Change(False, where, "added")
        elif _shape(before[name]) != _shape(after[name]):
            yield Change(True, where, "changed")


def _operations(old: Document, new: Document) -> Iterator[Change]:
    before, after = ({(path, method): op for path, method, op in operations_of(dict(doc))} for doc in (old, new))
    for key in before.keys() | after.keys():
        path, method = key
        operation = before.get(key) or after[key]
        where = f"{_name(operation)} ({method.upper()} {path})"
        if key not in after:
            yield Change(True, where, "operation removed")
        elif key not in before:
            yield Change(False, where, "operation added")
        else:
            if _name(before[key]) != _name(after[key]):
                yield Change(True, where, f"operation renamed to {_name(after[key])}")
            yield from _parameters(old, new, path, before[key], after[key], where)
            yield from _body(old, new, before[key], after[key], where)
            yield from _responses(old, new, before[key], after[key], where)
            if _shape(before[key].get("security")) != _shape(after[key].get("security")):
                yield Change(True, where, "security changed")


def _parameters(old: Document, new: Document, path: str, before: Schema, after: Schema, where: str) -> Iterator[Change]:
    ours, theirs = _parameters_of(old, path, before), _parameters_of(new, path, after)
    for place, name in ours.keys() | theirs.keys():
        key = (place, name)
        label = f"{place} parameter `{name}`"
        if key not in theirs:
            yield Change(True, where, f"{label} removed")
        elif key not in ours:
            required = theirs[key].get("required", False)
            yield Change(required, where, f"{'required' if required else 'optional'} {label} added")
        else:
            one, other = ours[key], theirs[key]
            if one.get("required", False) != other.get("required", False):
                required = other.get("required", False)
                yield Change(required, where, f"{label} became {'required' if required else 'optional'}")
            yield from _compared(old, new, one.get("schema", {}), other.get("schema", {}), "sent", where, f"{label}: ")


def _body(old: Document, new: Document, before: Schema, after: Schema, where: str) -> Iterator[Change]:
    one, other = resolve(dict(old), before.get("requestBody", {})), resolve(dict(new), after.get("requestBody", {}))
    if bool(one) != bool(other):
        yield Change(True, where, "request body removed" if one else "request body added")
        return
    if one.get("required", False) != other.get("required", False):
        required = other.get("required", False)
        yield Change(required, where, f"request body became {'required' if required else 'optional'}")
    yield from _contents(old, new, one, other, "sent", where, "request body")


def _responses(old: Document, new: Document, before: Schema, after: Schema, where: str) -> Iterator[Change]:
    ours, theirs = before.get("responses", {}), after.get("responses", {})
    for status in ours.keys() | theirs.keys():
        is_success = status.startswith("2")
        if status not in theirs or status not in ours:
            fate = "added" if status in theirs else "removed"
            yield Change(is_success, where, f"{'success' if is_success else 'error'} status {status} {fate}")
            continue
        one, other = resolve(dict(old), ours[status]), resolve(dict(new), theirs[status])
        for header in one.get("headers", {}).keys() ^ other.get("headers", {}).keys():
            gone = header in one.get("headers", {})
            yield Change(gone, where, f"header {header} of {status} {'removed' if gone else 'added'}")
        yield from _contents(old, new, one, other, "answered", where, f"answer {status}")


def _contents(
    old: Document, new: Document, one: Schema, other: Schema, direction: Direction, where: str, label: str
) -> Iterator[Change]:
    ours, theirs = one.get("content", {}), other.get("content", {})
    for media in ours.keys() | theirs.keys():
        if media not in theirs or media not in ours:
            yield Change(media in ours, where, f"{label}: media type {media} {'removed' if media in ours else 'added'}")
        else:
            schemas = ours[media].get("schema", {}), theirs[media].get("schema", {})
            yield from _compared(old, new, *schemas, direction, where, f"{label}: ")


def _components(old: Document, new: Document) -> Iterator[Change]:
    before, after = _schemas(old), _schemas(new)
    reached = [_reached(old), _reached(new)]
    for name in before.keys() & after.keys():
        for direction in sorted(reached[0].get(name, set()) | reached[1].get(name, set())):
            yield from _compared(old, new, before[name], after[name], direction, _label(name, after[name]), "")


def _compared(
    old: Document, new: Document, one: Schema, other: Schema, direction: Direction, where: str, label: str
) -> Iterator[Change]:
    """What is different between two schemas that stand in the same place."""
    if "$ref" in one and one.get("$ref") == other.get("$ref"):
        return  # told of under the component's own name
    one, other = _flat(old, one), _flat(new, other)
    sent = direction == "sent"
    yield from _types(one["types"], other["types"], sent, where, label)
    yield from _enums(one.get("enum"), other.get("enum"), sent, where, label)
    yield from _constraints(one, other, sent, where, label)
    if one.get("default") != other.get("default"):
        yield Change(False, where, f"{label}default {one.get('default')!r} became {other.get('default')!r}")
    if one["items"] is not None and other["items"] is not None:
        yield from _compared(old, new, one["items"], other["items"], direction, where, f"{label}items: ")
    yield from _properties(old, new, one, other, direction, where, label)


def _properties(
    old: Document, new: Document, one: Schema, other: Schema, direction: Direction, where: str, label: str
) -> Iterator[Change]:
    sent = direction == "sent"
    ours, theirs = one["properties"], other["properties"]
    for name in ours.keys() | theirs.keys():
        required = name in other["required"]
        here = f"{where}.{name}" if not label else where
        inner = "" if not label else f"{label}`{name}`: "
        if name not in theirs:
            yield Change(True, here, f"{inner}property removed")
        elif name not in ours:
            kind = "required" if required else "optional"
            yield Change(sent and required, here, f"{inner}{kind} property added")
        else:
            if required != (name in one["required"]):
                yield Change(required == sent, here, f"{inner}became {'required' if required else 'optional'}")
            yield from _compared(old, new, ours[name], theirs[name], direction, here, inner)


def _types(one: frozenset[str], other: frozenset[str], sent: bool, where: str, label: str) -> Iterator[Change]:
    if one == other:
        return
    narrower, wider = other < one or not one, other > one or not other
    if one ^ other == {"null"}:
        what = "may be null now" if "null" in other else "may no longer be null"
        yield Change(("null" in one) if sent else ("null" in other), where, f"{label}{what}")
    else:
        harmless = wider if sent else narrower
        yield Change(not harmless, where, f"{label}type {_listed(sorted(one))} became {_listed(sorted(other))}")


def _enums(one: list[Any] | None, other: list[Any] | None, sent: bool, where: str, label: str) -> Iterator[Change]:
    if one is None or other is None:
        if one is not other:
            yield Change(
                sent and one is None, where, f"{label}{'list of values removed' if one else 'values are limited'}"
            )
        return
    for value in one:
        if value not in other:
            yield Change(sent, where, f"{label}value `{value}` removed")
    for value in other:
        if value not in one:
            yield Change(False, where, f"{label}value `{value}` added")


def _constraints(one: Schema, other: Schema, sent: bool, where: str, label: str) -> Iterator[Change]:
    for word, higher_allows_more in _BOUNDS.items():
        before, after = one.get(word), other.get(word)
        if before != after:
            tighter = before is None or (after is not None and (after < before) == higher_allows_more)
            yield Change(sent and tighter, where, f"{label}{word} {_shown(before)} became {_shown(after)}")
    for word in _EXACT:
        before, after = one.get(word), other.get(word)
        if (before or None) != (after or None):
            yield Change(sent and bool(after), where, f"{label}{word} {_shown(before)} became {_shown(after)}")
    closed = [schema.get("additionalProperties") is False for schema in (one, other)]
    if closed[0] != closed[1]:
        yield Change(
            sent and closed[1], where, f"{label}unknown fields are {'refused' if closed[1] else 'allowed'} now"
        )


def _flat(document: Document, schema: Schema) -> dict[str, Any]:
    """The schema with its references followed, its `allOf` merged, and its types as a set."""
    schema = resolve(dict(document), schema)
    flat: dict[str, Any] = {
        **schema,
        "properties": dict(schema.get("properties", {})),
        "required": frozenset(schema.get("required", ())),
        "items": schema.get("items"),
    }
    types = schema.get("type", [])
    flat["types"] = frozenset(types if isinstance(types, list) else [types])
    for part in schema.get("allOf", []):
        inner = _flat(document, part)
        flat["properties"] = inner["properties"] | flat["properties"]
        flat["required"] |= inner["required"]
        flat["types"] |= inner["types"]
        for word in (*_BOUNDS, *_EXACT, "enum", "additionalProperties"):
            if word in inner:
                flat.setdefault(word, inner[word])
    choices = [_flat(document, part) for word in ("anyOf", "oneOf") for part in schema.get(word, [])]
    for choice in choices:
        flat["types"] |= choice["types"]
    others = [choice for choice in choices if choice["types"] != {"null"}]
    if len(others) == 1:
        flat = {**others[0], **flat, "properties": others[0]["properties"], "required": others[0]["required"]}
        flat["items"] = others[0]["items"]
    return flat


def _reached(document: Document) -> dict[str, set[Direction]]:
    reached: dict[str, set[Direction]] = {}
    for path, _, operation in operations_of(dict(document)):
        sent = [*_parameters_of(document, path, operation).values(), operation.get("requestBody", {})]
        for direction, roots in (("sent", sent), ("answered", list(operation.get("responses", {}).values()))):
            for root in roots:
                _reach(document, root, direction, reached)  # type: ignore[arg-type]  # one of the two, by the line above
    return reached


def _reach(document: Document, node: Any, direction: Direction, reached: dict[str, set[Direction]]) -> None:
    if isinstance(node, list):
        for child in node:
            _reach(document, child, direction, reached)
    elif isinstance(node, Mapping):
        reference = node.get("$ref")
        if isinstance(reference, str):
            if reference.startswith(_SCHEMAS):
                directions = reached.setdefault(reference.removeprefix(_SCHEMAS), set())
                if direction in directions:
                    return
                directions.add(direction)
            _reach(document, resolve(dict(document), node), direction, reached)
            return
        for name, child in node.items():
            if name not in {"example", "examples"}:
                _reach(document, child, direction, reached)


def _parameters_of(document: Document, path: str, operation: Schema) -> dict[tuple[str, str], Schema]:
    shared = document.get("paths", {}).get(path, {}).get("parameters", [])
    found = [resolve(dict(document), one) for one in [*shared, *operation.get("parameters", [])]]
    return {(parameter["in"], parameter["name"]): parameter for parameter in found}


def _schemas(document: Document) -> dict[str, Any]:
    return dict(document.get("components", {}).get("schemas", {}))


def _retarget(node: Any, old: str, new: str) -> None:
    if isinstance(node, dict):
        if node.get("$ref") == old:
            node["$ref"] = new
        for child in node.values():
            _retarget(child, old, new)
    elif isinstance(node, list):
        for child in node:
            _retarget(child, old, new)


def _shape(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {
            name: _shape(child)
            for name, child in node.items()
            if not (name in _PROSE and not isinstance(child, Mapping)) and not str(name).startswith("x-")
        }
    return [_shape(child) for child in node] if isinstance(node, list) else node


def _name(operation: Schema) -> str:
    return str(operation.get("x-name") or operation.get("operationId") or "operation")


def _label(name: str, schema: Schema) -> str:
    return str(schema.get("x-class") or name)


def _listed(values: list[Any]) -> str:
    return " or ".join(str(value) for value in values) or "anything"


def _shown(value: object) -> str:
    return "(none)" if value is None else str(value)
