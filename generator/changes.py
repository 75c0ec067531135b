"""What a new contract changes for those who call the client, breaking changes apart from the rest.

Prose, examples and vendor extensions are no changes. A schema that several operations share is told of once, under its
own name, and judged by whether it is sent, answered, or both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from generator.naming import operations_of, resolve

__all__ = ["Change", "contract_changes", "report"]

Document = Mapping[str, Any]
Schema = Mapping[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_PROSE: Final = frozenset({"title", "description", "summary", "example", "examples", "externalDocs", "$comment"})
_VALUES: Final = frozenset({"example", "examples", "default", "enum", "const"})
# Constraint, and whether a higher number allows more.
_BOUNDS: Final = {
    **dict.fromkeys(("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"), True),
    **dict.fromkeys(("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties"), False),
}
_ZERO_IS_NONE: Final = frozenset({"minLength", "minItems", "minProperties", "uniqueItems", "deprecated", "readOnly"})
_HINTS: Final = frozenset({"deprecated", "readOnly", "writeOnly", "default"})
_NOT_CONSTRAINTS: Final = (
    _PROSE
    | {"type", "properties", "required", "allOf", "anyOf", "oneOf", "$ref"}
    | {"items", "additionalProperties", "enum", "const"}
)
_MAKES_A_CLASS: Final = frozenset({"x-class", "properties", "enum", "allOf"})
_PARSED: Final = frozenset({"date-time", "date", "uuid"})  # formats that are another type in Python
_BODY: Final = "request body"
_ANYTHING: Final[Schema] = {}


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
        The changes, breaking ones first, each once. Neither document is changed.
    """
    renames = _renamed_schemas(old, new)
    comparison = _Comparison(_with_names(old, renames), new)
    found = {*comparison.surroundings(), *comparison.operations(), *comparison.shared_schemas()}
    for name, other in renames.items():
        # A class that the overlay names keeps its name.
        classes = [_class(document, _SCHEMAS + key) for document, key in ((old, name), (new, other))]
        found.add(Change(classes[0] != classes[1], "schemas", f"schema `{name}` renamed to `{other}`"))
    return sorted(found)


def report(changes: Iterable[Change]) -> str:
    """The changes as text for a person, in the order given."""
    changes = list(changes)
    if not changes:
        return "Nothing changes for a caller."
    parts: list[str] = []
    for title, breaking in (("Breaking for callers", True), ("Other changes", False)):
        lines = [f"  {change.where}: {change.what}" for change in changes if change.breaking is breaking]
        parts.append("\n".join([f"{title} ({len(lines)})", *(lines or ["  none"])]))
    return "\n\n".join(parts)


@attrs.frozen
class _Use:
    """Where a schema stands, and which ways it travels: what breaks one way can be harmless the other way."""

    where: str
    ways: frozenset[str]
    label: str = ""
    note: str = ""
    met: frozenset[object] = frozenset()

    def change(self, what: str, *, sent: bool = False, answered: bool = False) -> Change:
        """A difference here; `sent` and `answered` tell which way of the schema's it breaks."""
        breaking = (sent and "request" in self.ways) or (answered and "response" in self.ways)
        return Change(breaking, self.where, f"{self.label}{what}{self.note}")

    def presence(
        self, thing: str, one: Any, other: Any, needed: bool, needs: bool, counts: bool = True
    ) -> list[Change]:
        """Whether a parameter, a header or a property came, went, or became required or optional."""
        kind = "required" if needs else "optional"
        if other is None:
            return [self.change(f"{thing} removed", sent=True, answered=counts)]
        if one is None:
            return [self.change(f"{kind} {thing} added", sent=needs)]
        return [self.change(f"{thing} became {kind}", sent=needs, answered=needed and counts)] * (needed != needs)

    def at(self, step: str) -> _Use:
        if self.label:
            return attrs.evolve(self, label=f"{self.label.removesuffix(': ')}{step}: ")
        return attrs.evolve(self, where=self.where + step)

    def named(self, name: str) -> _Use:
        return attrs.evolve(self, where=name, label="", note=f" ({' and '.join(sorted(self.ways))})")


@attrs.define
class _Flat:
    """A schema with its references followed and its parts merged; `bases` are the references."""

    types: set[str]
    words: dict[str, Any] = attrs.Factory(dict)
    properties: dict[str, Schema] = attrs.Factory(dict)
    required: set[str] = attrs.Factory(set)
    bases: frozenset[str] = frozenset()

    def add(self, part: _Flat) -> None:
        self.types = (self.types & part.types) or self.types or part.types
        self.words, self.properties = part.words | self.words, part.properties | self.properties
        self.required, self.bases = self.required | part.required, self.bases | part.bases


@attrs.frozen
class _Comparison:
    old: Document
    new: Document

    def surroundings(self) -> Iterator[Change]:
        before, after = _base_url(self.old), _base_url(self.new)
        if before != after:
            yield Change(True, "servers", f"base URL {before} became {after}")
        yield from _security(self.old.get("security"), self.new.get("security"), "security")
        schemes = [document.get("components", {}).get("securitySchemes", {}) for document in (self.old, self.new)]
        for name, one, other in _pairs(*schemes):
            where = f"security scheme {name}"
            if one is None or other is None:
                yield Change(other is None, where, "removed" if other is None else "added")
                continue
            for leaf, ours, theirs in _pairs(dict(_leaves(one)), dict(_leaves(other))):
                if ours != theirs:
                    is_new_scope = ours is None and ".scopes." in leaf
                    yield Change(not is_new_scope, where, f"{leaf} {_shown(ours)} became {_shown(theirs)}")

    def operations(self) -> Iterator[Change]:
        sides = [{(path, method): op for path, method, op in operations_of(dict(doc))} for doc in (self.old, self.new)]
        for (path, method), before, after in _pairs(*sides):
            where = f"{_name(before or after)} ({method.upper()} {path})"
            if before is None or after is None:
                yield Change(after is None, where, f"operation {'added' if before is None else 'removed'}")
                continue
            if _name(before) != _name(after):
                yield Change(True, where, f"operation renamed to {_name(after)}")
            if "security" in before or "security" in after:  # what all share is told of once
                demands = [
                    op.get("security", doc.get("security")) for op, doc in ((before, self.old), (after, self.new))
                ]
                yield from _security(demands[0], demands[1], where)
            ours, theirs = _inputs(self.old, path, before), _inputs(self.new, path, after)
            yield from self._fields(ours, theirs, _Use(where, frozenset({"request"})))
            yield from self._responses(before, after, where)

    def shared_schemas(self) -> Iterator[Change]:
        """What is different in the schemas that are used by reference, each told of under its own name."""
        for reference, before, after in _pairs(_reached(self.old), _reached(self.new)):
            # A way that only one of the contracts has is told of where the schema is used.
            if before and after and before & after:
                use = _Use("", frozenset(before & after)).named(_class(self.new, reference))
                yield from self._compared(_at(self.old, reference), _at(self.new, reference), use)

    def _responses(self, before: Schema, after: Schema, where: str) -> Iterator[Change]:
        for status, one, other in _pairs(_answers(self.old, before), _answers(self.new, after)):
            succeeds = status.startswith("2")
            if one is None or other is None:
                fate = "added" if one is None else "removed"
                yield Change(succeeds, where, f"{'success' if succeeds else 'error'} status {status} {fate}")
                continue
            use = _Use(f"{where} response {status}", frozenset({"response"}))
            yield from self._fields(_headers(self.old, one), _headers(self.new, other), use, succeeds)
            yield from self._contents(one, other, use, succeeds)

    def _fields(self, ours: Schema, theirs: Schema, use: _Use, counts: bool = True) -> Iterator[Change]:
        for label, one, other in _pairs(ours, theirs):
            needed, needs = (bool(side and side.get("required")) for side in (one, other))
            yield from use.presence(label, one, other, needed, needs, counts)
            if one is not None and other is not None:
                inner = use.at(" request") if label == _BODY else attrs.evolve(use, label=f"{label}: ")
                yield from self._compared(one.get("schema", {}), other.get("schema", {}), inner)
                yield from self._contents(one, other, inner)

    def _contents(self, one: Schema, other: Schema, use: _Use, counts: bool = True) -> Iterator[Change]:
        for media, ours, theirs in _pairs(one.get("content", {}), other.get("content", {})):
            if ours is None or theirs is None:
                gone = theirs is None
                yield use.change(
                    f"media type {media} {'removed' if gone else 'added'}", sent=gone, answered=gone and counts
                )
                continue
            after = theirs.get("schema", {})
            name = None if "$ref" in after else after.get("x-class") or after.get("title")
            yield from self._compared(ours.get("schema", {}), after, use.named(name) if name else use)

    def _compared(self, ours: Schema, theirs: Schema, use: _Use) -> Iterator[Change]:
        """What is different between two schemas that stand in the same place."""
        one, other = _flat(self.old, ours), _flat(self.new, theirs)
        pair = (one.bases or id(ours), other.bases or id(theirs))
        if pair in use.met:  # schemas that hold themselves
            return
        use = attrs.evolve(use, met=use.met | {pair})
        if told := one.bases & other.bases:  # what both refer to is told of under its own name
            one, other = _flat(self.old, ours, told), _flat(self.new, theirs, told)
        yield from _types(one.types, other.types, use)
        yield from _enums(one.words.get("enum"), other.words.get("enum"), use)
        yield from _constraints(one.words, other.words, use)
        extras = [flat.words.get("additionalProperties", True) for flat in (one, other)]
        before, after = (_ANYTHING if extra is True else extra for extra in extras)
        if False in (before, after) and before != after:
            yield use.change(
                f"unknown fields are {'allowed' if before is False else 'refused'} now", sent=after is False
            )
        elif before or after:
            yield from self._compared(before, after, use.at("[*]"))
        if "items" in one.words or "items" in other.words:
            yield from self._compared(
                one.words.get("items", _ANYTHING), other.words.get("items", _ANYTHING), use.at("[]")
            )
        inside = use.named(theirs["x-class"]) if "x-class" in theirs else use
        for name, before, after in _pairs(one.properties, other.properties):
            here = inside.at(f".{name}")
            yield from here.presence("property", before, after, name in one.required, name in other.required)
            if before is not None and after is not None:
                yield from self._compared(before, after, here)


def _types(one: set[str], other: set[str], use: _Use) -> Iterator[Change]:
    if one and other and one ^ other == {"null"}:
        nullable = "null" in other
        yield use.change(
            f"may {'be null now' if nullable else 'no longer be null'}", sent=not nullable, answered=nullable
        )
    elif one != other:
        before, after = (types | ({"integer"} if "number" in types else set()) for types in (one, other))
        wider, narrower = not other or bool(one and before <= after), not one or bool(other and after <= before)
        kinds = [" or ".join(sorted(types)) or "anything" for types in (one, other)]
        yield use.change(f"type {kinds[0]} became {kinds[1]}", sent=not wider, answered=not narrower)


def _enums(one: list[Any] | None, other: list[Any] | None, use: _Use) -> Iterator[Change]:
    if one is None or other is None:
        if one != other:
            what = "list of values removed" if other is None else f"values limited to {', '.join(map(_shown, other))}"
            yield use.change(what, sent=one is None)
        return
    yield from (use.change(f"value `{_shown(value)}` removed", sent=True) for value in one if value not in other)
    yield from (use.change(f"value `{_shown(value)}` added") for value in other if value not in one)


def _constraints(one: Schema, other: Schema, use: _Use) -> Iterator[Change]:
    for word, before, after in _pairs(one, other):
        if word in _NOT_CONSTRAINTS or word.startswith("x-") or _facts(before) == _facts(after):
            continue
        retyped = word == "format" and not _PARSED.isdisjoint((before, after))
        tighter = after is not None and word not in _HINTS
        if before is not None and tighter and word in _BOUNDS:
            tighter = (after < before) == _BOUNDS[word]
        elif before is not None and tighter and word == "multipleOf":
            tighter = before % after != 0
        yield use.change(f"{word} {_shown(before)} became {_shown(after)}", sent=tighter or retyped, answered=retyped)


def _flat(
    document: Document, schema: Any, told: frozenset[str] = frozenset(), met: frozenset[str] = frozenset()
) -> _Flat:
    if not isinstance(schema, Mapping):
        schema = {} if schema else {"not": {}}
    types = schema.get("type") or ("object" if "properties" in schema else "array" if "items" in schema else [])
    words = {word: value for word, value in schema.items() if value or word not in _ZERO_IS_NONE}
    if "const" in words:
        words["enum"] = [words["const"]]
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    flat = _Flat({types} if isinstance(types, str) else set(types), words, properties, required)
    parts = [*([{"$ref": schema["$ref"]}] if "$ref" in schema else []), *schema.get("allOf", [])]
    for part in parts:
        flat.add(_part(document, part, told, met, is_named=len(parts) == 1 and not properties))
    options = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    choices = [_part(document, option, told, met, is_named=True) for option in options]
    others = [choice for choice in choices if choice.types != {"null"}]
    if len(others) == 1:
        flat.add(others[0])
    for choice in choices:
        flat.types, flat.bases = flat.types | choice.types, flat.bases | choice.bases
    return flat


def _part(document: Document, part: Any, told: frozenset[str], met: frozenset[str], *, is_named: bool) -> _Flat:
    """A part of a schema; one that is a class of its own has the class's name for its type if `is_named`."""
    schema: Schema = part if isinstance(part, Mapping) else {}
    reference, name = schema.get("$ref"), schema.get("x-class")
    if reference is None:
        flat = _flat(document, part, told, met)
    else:
        schema, name = _at(document, reference), _class(document, reference)
        if reference in told or reference in met:
            return _Flat({name} if is_named else set(), bases=frozenset({reference}))
        flat = _flat(document, schema, told, met | {reference})
        flat.bases |= {reference}
    if is_named and name and not _MAKES_A_CLASS.isdisjoint(schema):
        flat.types = {name} | (flat.types & {"null"})
    return flat


def _reached(document: Document) -> dict[str, set[str]]:
    """Each reference to a schema that an operation leads to, and the ways that what it refers to travels."""
    ways: dict[str, set[str]] = {}
    todo: list[tuple[str, Any, bool]] = []
    for path, _, operation in operations_of(dict(document)):
        todo += [("request", one, False) for one in _inputs(document, path, operation).values()]
        for answer in _answers(document, operation).values():
            todo += [("response", one, False) for one in (answer.get("content"), *_headers(document, answer).values())]
    while todo:
        way, node, is_named = todo.pop()
        if isinstance(node, list):
            todo += [(way, child, False) for child in node]
        elif isinstance(node, Mapping):
            reference = node.get("$ref")
            if isinstance(reference, str) and way not in ways.setdefault(reference, set()):
                ways[reference].add(way)
                todo.append((way, _at(document, reference), False))
            children = [(name, child) for name, child in node.items() if is_named or name not in _VALUES]
            todo += [(way, child, name == "properties" and not is_named) for name, child in children]
    return ways


def _renamed_schemas(old: Document, new: Document) -> dict[str, str]:
    """Schemas gone whose place is taken, where they are referred to, by a new one that is much the same."""
    before, after = _schemas(old), _schemas(new)
    renames: dict[str, str] = {}
    met: set[tuple[str, str]] = set()
    todo: list[tuple[Any, Any]] = [(old.get("paths"), new.get("paths"))]
    while todo:
        one, other = todo.pop()
        if isinstance(one, list) and isinstance(other, list):
            todo += zip(one, other, strict=False)
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            ours, theirs = str(one.get("$ref", "")), str(other.get("$ref", ""))
            if not (ours.startswith("#/") and theirs.startswith("#/")):
                todo += [(one[key], other[key]) for key in sorted(one.keys() & other.keys(), key=str)]
            elif (ours, theirs) not in met:
                met.add((ours, theirs))
                a, b = ours.removeprefix(_SCHEMAS), theirs.removeprefix(_SCHEMAS)
                if a != b and a in before and b in after:
                    is_taken = a in after or b in before or a in renames or b in renames.values()
                    if is_taken or not _alike(before[a], after[b]):
                        continue
                    renames[a] = b
                todo.append((_at(old, ours), _at(new, theirs)))
    return renames


def _alike(one: Schema, other: Schema) -> bool:
    ours, theirs = ({*side.get("properties", ()), *map(str, side.get("enum", ()))} for side in (one, other))
    return one.get("type") == other.get("type") and 2 * len(ours & theirs) >= len(ours | theirs)


def _with_names(node: Any, renames: Mapping[str, str], key: str = "") -> Any:
    if isinstance(node, Mapping):
        names = renames if key == "schemas" else {}
        return {names.get(name, name): _with_names(child, renames, name) for name, child in node.items()}
    if isinstance(node, list):
        return [_with_names(child, renames) for child in node]
    if isinstance(node, str) and node.startswith(_SCHEMAS):
        name, slash, rest = node.removeprefix(_SCHEMAS).partition("/")
        return _SCHEMAS + renames.get(name, name) + slash + rest
    return node


def _at(document: Document, reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        step = part.replace("~1", "/").replace("~0", "~")
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node


def _inputs(document: Document, path: str, operation: Schema) -> dict[str, Schema]:
    nodes = [*document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
    found = [resolve(dict(document), node) for node in nodes]
    inputs = {f"{one['in']} parameter `{one['name']}`": one for one in found}
    body = resolve(dict(document), operation.get("requestBody"))
    return inputs if body is None else inputs | {_BODY: body}


def _answers(document: Document, operation: Schema) -> dict[str, Schema]:
    return {str(status): resolve(dict(document), one) for status, one in operation.get("responses", {}).items()}


def _headers(document: Document, answer: Schema) -> dict[str, Schema]:
    return {f"header {name.title()}": resolve(dict(document), one) for name, one in answer.get("headers", {}).items()}


def _schemas(document: Document) -> Mapping[str, Any]:
    schemas: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
    return schemas


def _base_url(document: Document) -> str:
    server = next(iter(document.get("servers") or [{}]))
    url = str(server.get("url", "/"))
    for name, variable in server.get("variables", {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default")))
    return url


def _security(old: list[Schema] | None, new: list[Schema] | None, where: str) -> Iterator[Change]:
    one, other = ({_demand(demand) for demand in side or [{}]} for side in (old, new))
    for demand in one ^ other:
        yield Change(demand in one, where, f"{demand} accepted {'no longer' if demand in one else 'now'}")


def _demand(demand: Schema) -> str:
    return " and ".join(" ".join([name, *sorted(demand[name])]) for name in sorted(demand)) or "no credentials"


def _leaves(node: Schema, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, child in node.items():
        step = f"{path}.{name}".removeprefix(".")
        if path.endswith("scopes"):
            yield step, "offered"  # its text is prose
        elif name not in _PROSE and not name.startswith("x-"):
            yield from _leaves(child, step) if isinstance(child, Mapping) else [(step, child)]


def _pairs(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    return ((key, ours.get(key), theirs.get(key)) for key in {**ours, **theirs})


def _facts(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {name: _facts(child) for name, child in node.items() if name not in _PROSE and not name.startswith("x-")}
    return [_facts(child) for child in node] if isinstance(node, list) else node


def _class(document: Document, reference: str) -> str:
    schema = _at(document, reference)
    name = schema.get("x-class") if isinstance(schema, Mapping) else None
    return str(name or reference.removeprefix(_SCHEMAS).replace("/", "."))


def _name(operation: Schema) -> str:
    return str(operation.get("x-name") or operation.get("operationId") or "operation")


def _shown(value: object) -> str:
    return "(none)" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
