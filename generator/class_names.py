"""Name each object and each enum of a document, and move it to `components`.

Extension used here:
    x-class: class name of a schema.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

import attrs

from generator.clashes import Clash, format_query
from generator.config import read_settings
from generator.documents import to_single_line
from generator.normalization import LOCATION, UnsupportedError
from generator.reserved_names import get_reserved_class_names
from generator.schema_merging import merge_schemas, remove_annotations
from generator.structure import (
    PROSE,
    Document,
    Schema,
    format_location,
    iterate_objects,
    iterate_operations,
    parse_reference,
    rewrite,
)
from generator.words import get_singular, pascal_case, snake_case, split_words

__all__ = ["get_class_name", "get_final_class_name", "is_enum", "is_literal", "name_classes"]

_SCHEMAS: Final = "#/components/schemas/"
_NOT_MERGED: Final = frozenset({"x-class", LOCATION})
_MAX_ALTERNATIVES: Final = 64
_MAX_CLASSES: Final = 5000


def name_classes(document: Document, clashes: list[Clash]) -> None:
    """Name all schemas that operations use, and replace each use by a reference to the component.

    In the result, no schema contains `allOf`, unions have no other keywords than their parts, and each object with
    named properties and each enum of texts is a component under its class name.

    Args:
        document: Normalized document whose operations are named. It is modified.
        clashes: Receives the names that were taken.

    Raises:
        ValueError: The overlay sets a class name that is invalid, taken, or the same for different schemas.
        UnsupportedError: A schema contains itself without end, or parts of it exclude each other.
    """
    _ClassNamer(document, clashes).run()


def get_class_name(schema: Schema) -> str:
    """Return the name of the component that a reference names."""
    return str(parse_reference(schema["$ref"])[2])


def get_final_class_name(document: Document, schema: Schema) -> str:
    """Return the name of the component that a reference leads to, if that component is a reference itself."""
    name = get_class_name(schema)
    while "$ref" in (target := document["components"]["schemas"][name]):
        name = get_class_name(target)
    return name


def is_enum(schema: Schema) -> bool:
    """Return whether a schema of a named document is an enum class."""
    return _has_text_values(schema) and not is_literal(schema)


def is_literal(schema: Schema) -> bool:
    """Return whether a schema becomes a literal type: text with known values that cannot all name enum members."""
    return _has_text_values(schema) and any(not _starts_with_letter(value) for value in schema["enum"])


def _has_text_values(schema: Schema) -> bool:
    values = schema.get("enum")
    return schema.get("type") == "string" and bool(values) and all(isinstance(value, str) for value in values or ())


def _starts_with_letter(value: str) -> bool:
    return value[:1].isalpha() and bool(split_words(value[:1]))


@attrs.define(eq=False)
class _Wanted:
    """The name that a schema should have, and longer ones with more context."""

    name: str
    longer: tuple[str, ...] = ()

    def extend(self, part: str) -> _Wanted:
        return _Wanted(f"{self.name}_{part}", tuple(f"{name}_{part}" for name in self.longer))

    def get_singular(self) -> _Wanted:
        return _Wanted(get_singular(self.name), tuple(get_singular(name) for name in self.longer))


class _ClassNamer:
    def __init__(self, document: Document, clashes: list[Clash]) -> None:
        self.document = document
        self.clashes = clashes
        self.sources: dict[str, Schema] = document["components"]["schemas"]
        self.reserved = get_reserved_class_names()
        self.names: dict[str, str] = {}  # key of a component in the document: class name
        self.taken: dict[str, str] = {}  # class name: what it names
        self.modules: set[str] = set()
        self.finished: dict[str, Schema] = {}  # class name: schema
        self.in_progress: set[str] = set()
        self.implicit: dict[str, list[str]] = {}  # name by rule: class names of the different schemas that wanted it

    def run(self) -> None:
        for _, _, operation in iterate_operations(self.document):
            resource = pascal_case(operation["x-resource"])
            for name in (f"{resource}Resource", f"{resource}WithResponse"):
                self.taken[name] = "a class of a resource"
        used = self._find_used_components()
        self._name_components(used)
        for key in used:
            self._finish_component(key)
        for path, method, operation in iterate_operations(self.document):
            self._read_operation(path, method, operation)
        order = [self.names[key] for key in self.sources if key in self.names]
        rest = [name for name in self.finished if name not in order]
        components = {name: self.finished[name] for name in (*order, *rest) if name in self.finished}
        self.document["components"] = {"schemas": rewrite(components, _remove_location, is_map=True)}
        self.document["paths"] = rewrite(self.document["paths"], _remove_location, is_map=True)

    # Which schemas are named

    def _find_used_components(self) -> list[str]:
        found: set[str] = set()
        pending: list[Any] = [
            [operation["parameters"], list(_iterate_media(operation))]
            for _, _, operation in iterate_operations(self.document)
        ]
        while pending:
            for _, node in iterate_objects(pending.pop()):
                key = str(parse_reference(node["$ref"])[-1]) if isinstance(node.get("$ref"), str) else None
                if key is not None and key not in found and key in self.sources:
                    found.add(key)
                    pending.append(self.sources[key])
        return [key for key in self.sources if key in found]

    def _name_components(self, keys: list[str]) -> None:
        for key in keys:
            name = self.sources[key].get("x-class")
            if name is None:
                continue
            if name in self.names.values():
                other = next(old for old, new in self.names.items() if new == name)
                raise ValueError(
                    f"The schemas `{other}` and `{key}` would both be the class {name}. Set x-class for one."
                )
            self._check_explicit(name, f"the schema `{to_single_line(key)}`")
            self._take(name, self.sources[key])
            self.names[key] = name
        for key in sorted(set(keys) - set(self.names)):
            wanted = _Wanted(_omit_generic_words(key), (snake_case(key),))
            self.names[key] = self._choose(wanted, self.sources[key], ("components", "schemas", key))

    def _check_explicit(self, name: object, place: str) -> None:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
            raise ValueError(f"x-class of {place} in the overlay is not a class name")
        if name in self.reserved:
            raise ValueError(f"{place} would be the class {name}, which is a name of the package. Change its x-class.")

    # Which names are free

    def _is_free(self, name: str, schema: Schema) -> bool:
        names = [name, f"{name}Value"] if _has_text_values(schema) or "enum" in schema else [name]
        return (
            not any(one in self.reserved or one in self.taken for one in names)
            and snake_case(name) not in self.modules
            and not (name.endswith("Value") and name.removesuffix("Value") in self.finished)
        )

    def _take(self, name: str, schema: Schema) -> None:
        place = f"the name of {format_query(tuple(schema.get(LOCATION, ())))}"
        self.taken[name] = place
        if "enum" in schema:
            self.taken[f"{name}Value"] = place
        self.modules.add(snake_case(name))

    def _choose(self, wanted: _Wanted, schema: Schema, location: tuple[str | int, ...]) -> str:
        """Return the first free name, and record a clash if it is not the wanted one."""
        kind = "Enum" if "enum" in schema else "Model"
        names = [_to_class_name(name) for name in (wanted.name, *wanted.longer)]
        names += [f"{names[0]}{kind}", *(f"{names[0]}{kind}{number}" for number in range(2, 1000))]
        chosen = next((name for name in names if self._is_free(name, schema)), None)
        if chosen is None or len(self.taken) > _MAX_CLASSES:
            raise UnsupportedError(f"{to_single_line(format_location(location))}: too many classes have its name")
        if chosen != names[0]:
            reason = self.taken.get(names[0]) or (
                "a name of Python or of the package" if names[0] in self.reserved else "taken in another spelling"
            )
            target = format_query(tuple(schema.get(LOCATION, location)))
            self.clashes.append(Clash(names[0], chosen, reason, "x-class", target))
        self._take(chosen, schema)
        return chosen

    # Components

    def _finish_component(self, key: str) -> Schema:
        """Return the schema of a component with all classes in it moved out."""
        name = self.names[key]
        if name in self.finished:
            return self.finished[name]
        if name in self.in_progress:
            raise UnsupportedError(f"{format_location(('components', 'schemas', key))} contains itself without end")
        self.in_progress.add(name)
        schema = self._read_body(self.sources[key], _Wanted(name, (snake_case(key),)))
        nullable = _split_null(schema)
        self.finished[name] = nullable if nullable is not None and _is_class(nullable) else schema
        self.in_progress.discard(name)
        self.implicit.setdefault(name, []).append(name)
        return self.finished[name]

    def _read_operation(self, path: str, method: str, operation: dict[str, Any]) -> None:
        verb, _, noun = operation["x-name"].partition("_")
        full = operation["x-name"]
        noun = get_singular(noun or verb)
        for parameter in operation["parameters"]:
            wanted = _Wanted(f"{noun}_{parameter['name']}", (f"{full}_{parameter['name']}",))
            parameter["schema"] = self._read(parameter.get("schema", {}), wanted)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = self._read(media.get("schema", {}), _Wanted(f"{noun}_{verb}", (f"{full}_body",)))
        for status, response in operation["responses"].items():
            for media in response.get("content", {}).values():
                if status[0] in "2D":
                    longer = (f"{full}_result", f"{full}_{status.lower()}_result")
                    media["schema"] = self._read(media.get("schema", {}), _Wanted(noun, longer))
                else:
                    media.pop("schema", None)

    # Schemas

    def _read(self, schema: Any, wanted: _Wanted) -> Schema:
        """Return a schema, or a reference if it is a class or a component."""
        if isinstance(schema, bool):
            return {}
        if set(remove_annotations(schema)) == {"$ref"}:
            return self._keep_null(schema, self._rename_reference(schema))
        body = self._read_body(schema, wanted)
        if "$ref" in body:
            return body
        inner = _split_null(body)
        if inner is not None and _is_class(inner):
            reference = self._move(inner, wanted)
            return {"anyOf": [{"$ref": reference["$ref"]}, {"type": "null"}], **_get_prose(schema)}
        return self._move(body, wanted) if _is_class(body) else body

    def _rename_reference(self, schema: Schema) -> Schema:
        key = str(parse_reference(schema["$ref"])[2])
        if key in self.finished and key not in self.sources:
            return schema  # read before
        name = self.names.get(key, key)
        return {"$ref": f"{_SCHEMAS}{name}", **_get_prose(schema)}

    def _keep_null(self, source: Schema, renamed: Schema) -> Schema:
        """Return a reference, with null as an option if its component allows null, which a class does not."""
        key = str(parse_reference(source["$ref"])[2])
        visited: set[str] = set()
        while key in self.sources and key not in visited:
            visited.add(key)
            target = self.sources[key]
            if set(remove_annotations(target)) == {"$ref"}:
                key = str(parse_reference(target["$ref"])[2])
                continue
            inner = _split_null(target)
            if inner is None or not (_is_class(inner) or "allOf" in inner):
                break
            return {**_get_prose(renamed), "anyOf": [{"$ref": renamed["$ref"]}, {"type": "null"}]}
        return renamed

    def _move(self, schema: Schema, wanted: _Wanted) -> Schema:
        """Make a class of a schema, or use the class of an equal schema with the same name."""
        explicit = schema.get("x-class")
        if explicit is not None and explicit not in self.finished:
            self._check_explicit(explicit, format_query(tuple(schema.get(LOCATION, ()))))
        own_name = explicit or _to_class_name(wanted.name)
        compared = _remove_prose(schema)
        for name in self.implicit.get(own_name, ()):
            if _remove_prose(self.finished[name]) == compared:
                return {"$ref": f"{_SCHEMAS}{name}", **_get_prose(schema)}
        if explicit is None:
            name = self._choose(wanted, schema, ())
        elif explicit in self.taken:
            raise ValueError(f"Two different schemas would be the class {explicit}. Set x-class for one.")
        else:
            name = explicit
            self._take(name, schema)
        self.finished[name] = schema
        self.implicit.setdefault(own_name, []).append(name)
        return {"$ref": f"{_SCHEMAS}{name}", **_get_prose(schema)}

    def _read_body(self, schema: Schema, wanted: _Wanted) -> Schema:
        """Return a schema without `allOf` whose parts are references or no classes."""
        if set(remove_annotations(schema)) == {"$ref"}:
            return self._rename_reference(schema)
        if "$ref" in schema:
            own = {name: child for name, child in schema.items() if name != "$ref"}
            schema = {**_get_prose(schema), "allOf": [{"$ref": schema["$ref"]}, own]}
        body = dict(schema)
        explicit = body.get("x-class")
        if isinstance(explicit, str) and _to_class_name(wanted.name) != explicit:
            wanted = _Wanted(explicit)
        if "properties" in body:
            body["properties"] = {
                key: {**self._read(child, wanted.extend(key)), **_get_extensions(child)}
                for key, child in body["properties"].items()
            }
        if "items" in body:
            body["items"] = self._read(body["items"], wanted.get_singular())
        if isinstance(body.get("additionalProperties"), dict):
            body["additionalProperties"] = self._read(body["additionalProperties"], wanted.extend("value"))
        parts = body.pop("allOf", None)
        if parts is not None:
            return self._merge(body, [part for part in parts if isinstance(part, dict)], wanted)
        return self._read_union(body, wanted)

    def _merge(self, base: Schema, parts: list[Schema], wanted: _Wanted) -> Schema:
        """Return the schema that allows what `base` and all parts allow."""
        parts = [part for part in parts if remove_annotations(part)]
        prose = _get_prose(base)
        rest = {name: child for name, child in remove_annotations(base).items() if name not in _NOT_MERGED}
        if len(parts) == 1 and "$ref" in parts[0] and self._adds_nothing(rest, parts[0]):
            renamed = self._keep_null(parts[0], self._rename_reference(parts[0]))
            return {**renamed, **prose, **_get_extensions(base)}
        merged: Schema = {}
        for part in [*parts, rest]:
            body = self._read_body(part, wanted)
            merged = merge_schemas(merged, self._get_target(body), self._get_place(base, parts))
        for name in ("x-class", LOCATION):
            if name in base:
                merged[name] = base[name]
        merged = {**merged, **prose, **_get_extensions(base)}
        if any("allOf" in child for child in merged.get("properties", {}).values()):
            merged["properties"] = {
                key: self._read(child, wanted.extend(key)) if "allOf" in child else child
                for key, child in merged["properties"].items()
            }
        if "allOf" in merged.get("items", {}):
            merged["items"] = self._read(merged["items"], wanted.get_singular())
        return self._read_union(merged, wanted)

    def _adds_nothing(self, rest: Schema, part: Schema) -> bool:
        """Return whether the keywords beside a reference say what its target says anyway."""
        if not rest:
            return True
        target = self._get_target(self._rename_reference(part))
        own_required = set(rest.get("required", ()))
        return (
            set(rest) <= {"type", "required"}
            and rest.get("type", target.get("type", "object")) == target.get("type", "object")
            and own_required <= set(target.get("required", ()))
        )

    def _get_target(self, schema: Schema) -> Schema:
        """Return the finished schema behind a reference."""
        visited: set[str] = set()
        schema = _get_reference(schema) or schema
        while "$ref" in schema:
            name = get_class_name(schema)
            if name in visited:
                raise UnsupportedError(f"the schema `{to_single_line(name)}` contains itself without end")
            visited.add(name)
            key = next((key for key, known in self.names.items() if known == name), None)
            schema = self._finish_component(key) if key is not None else self.finished[name]
        return schema

    def _get_place(self, base: Schema, parts: list[Schema]) -> str:
        location = next((node[LOCATION] for node in (base, *parts) if LOCATION in node), ())
        return to_single_line(format_location(tuple(location)))

    def _read_union(self, body: Schema, wanted: _Wanted) -> Schema:
        """Return a union whose options are complete: keywords beside `oneOf` and `anyOf` move into each option."""
        keywords = [keyword for keyword in ("anyOf", "oneOf") if keyword in body]
        if not keywords:
            return _split_types(body, wanted, self)
        base = {name: child for name, child in body.items() if name not in {"anyOf", "oneOf", "discriminator"}}
        rest = {name: child for name, child in remove_annotations(base).items() if name not in _NOT_MERGED}
        options: list[Schema] = [{}]
        for keyword in keywords:
            found = [option for option in body[keyword] if isinstance(option, dict)]
            options = [_combine(one, other) for one in options for other in found]
            if len(options) > _MAX_ALTERNATIVES:
                raise UnsupportedError(f"{self._get_place(body, [])}: more than {_MAX_ALTERNATIVES} alternatives")
        read: list[Schema] = []
        for number, option in enumerate(options, 1):
            name = wanted.extend(_name_option(option, number))
            if rest and option.get("type") != "null":
                option = {"allOf": [option, rest], **_get_prose(option), LOCATION: option.get(LOCATION, [])}
            read.append(self._read(option, name))
        if len(read) == 1 and len(keywords) == 1:
            return {**read[0], **_get_prose(body), **_get_extensions(body)}
        union: Schema = {"anyOf": read, **_get_prose(body), **_get_extensions(body)}
        if "discriminator" in body:
            union["discriminator"] = self._read_discriminator(body["discriminator"])
        if LOCATION in body:
            union[LOCATION] = body[LOCATION]
        return union

    def _read_discriminator(self, discriminator: dict[str, Any]) -> dict[str, Any]:
        """Return the discriminator with class names in place of references."""
        mapping: dict[str, str] = {}
        for value, target in discriminator.get("mapping", {}).items():
            key = str(parse_reference(target)[-1]) if str(target).startswith("#/") else str(target)
            if key in self.names:
                mapping[str(value)] = self.names[key]
        keys = {name: key for key, name in self.names.items()}
        return {"propertyName": discriminator.get("propertyName"), "mapping": mapping, "keys": keys}


def _split_types(body: Schema, wanted: _Wanted, namer: _ClassNamer) -> Schema:
    """Return a union in place of a list of types, if one of the types is a class or a list."""
    types = body.get("type")
    if not isinstance(types, list):
        return body
    names = [name for name in types if name != "null"]
    if len(names) < 2:
        return body
    if not ({"properties", "items", "additionalProperties", "enum"} & body.keys()):
        return body
    options = []
    for name in names:
        option = {key: child for key, child in body.items() if key not in PROSE and key != "x-class"}
        option["type"] = name
        for keyword, kind in (("properties", "object"), ("additionalProperties", "object"), ("items", "array")):
            if name != kind:
                option.pop(keyword, None)
        if "enum" in option:
            option["enum"] = [value for value in option["enum"] if _get_json_type(value) == name]
            if not option["enum"]:
                continue
        options.append(namer._read(option, wanted))  # noqa: SLF001  # part of this class
    if "null" in types:
        options.append({"type": "null"})
    return {"anyOf": options, **_get_prose(body), **_get_extensions(body)}


def _get_json_type(value: object) -> str:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _combine(one: Schema, other: Schema) -> Schema:
    return other if not one else {"allOf": [one, other]}


def _name_option(option: Schema, number: int) -> str:
    """Return the part of the name that an option of a union has: its title, a value that it requires, or its number."""
    title = option.get("title")
    if isinstance(title, str) and split_words(title) and len(title) < 40:
        return title
    for child in option.get("properties", {}).values():
        values = child.get("enum", []) if isinstance(child, dict) else []
        if len(values) == 1 and isinstance(values[0], str) and split_words(values[0]):
            return values[0]
    return str(number)


def _omit_generic_words(key: str) -> str:
    words = snake_case(key).split("_")
    omitted = read_settings().omitted_class_words
    return "_".join([word for word in words if word not in omitted] or words)


def _to_class_name(name: str) -> str:
    pascal = pascal_case(name)
    return pascal if pascal[:1].isalpha() else f"Model{pascal}"


def _split_null(schema: Schema) -> Schema | None:
    """Return the schema without null if it allows null beside one other type; None otherwise."""
    types = schema.get("type")
    values = schema.get("enum", [])
    if isinstance(types, list) and "null" in types:
        names = [name for name in types if name != "null"]
        if len(names) == 1:
            inner = {**schema, "type": names[0]}
            return {**inner, "enum": [value for value in values if value is not None]} if values else inner
    if None in values and types == "string":
        return {**schema, "enum": [value for value in values if value is not None]}
    return None


def _get_reference(schema: Schema) -> Schema | None:
    """Return the reference of a union of a reference and null: a part of `allOf` beside others, which excludes null."""
    options: list[Schema] = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    return options[0] if len(options) == 1 and set(options[0]) == {"$ref"} else None


def _is_class(schema: Schema) -> bool:
    if "enum" in schema:
        return _has_text_values(schema)
    return bool(schema.get("properties")) and schema.get("type", "object") == "object" and "anyOf" not in schema


def _iterate_media(operation: dict[str, Any]) -> Iterator[Any]:
    """Yield the media types whose schemas become classes."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for status, response in operation["responses"].items():
        if status[0] in "2D":
            yield from response.get("content", {}).values()


def _get_prose(schema: Schema) -> Schema:
    return {name: schema[name] for name in ("description", "example") if name in schema}


def _get_extensions(schema: Any) -> Schema:
    if not isinstance(schema, dict):
        return {}
    return {name: value for name, value in schema.items() if name.startswith("x-") and name not in _NOT_MERGED}


def _remove_prose(schema: Schema) -> Any:
    def change(node: dict[str, Any]) -> dict[str, Any]:
        return {name: child for name, child in node.items() if name not in PROSE and name != LOCATION}

    return rewrite(copy.copy(schema), change)


def _remove_location(node: dict[str, Any]) -> dict[str, Any]:
    return {name: child for name, child in node.items() if name != LOCATION}
