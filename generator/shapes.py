"""Python types of the schemas of a named document."""

from __future__ import annotations

from typing import Any, Final

import attrs

from generator.class_names import get_class_name, get_final_class_name, is_enum, is_literal
from generator.normalization import UnsupportedError
from generator.source import Source, code, identifier, join, literal
from generator.structure import Document, Schema, resolve

__all__ = ["Shape", "Variant", "build_shape", "get_types"]

_JSON_KINDS: Final = {
    "string": code("text"),
    "integer": code("integer"),
    "number": code("number"),
    "boolean": code("boolean"),
    "object": code("object"),
    "array": code("list"),
}
_FORMATS: Final = {"date-time": code("datetime"), "date": code("date"), "uuid": code("uuid")}
_ANY: Final = code("any")
_UNION: Final = code("union")
_PYTHON_TYPES: Final = {
    "text": code("str"),
    "integer": code("int"),
    "number": code("float"),
    "boolean": code("bool"),
    "object": code("dict[str, Any]"),
    "datetime": code("datetime"),
    "date": code("date"),
    "uuid": code("UUID"),
    "any": code("Any"),
}
# Kind to the classes of its JSON values.
_JSON_CLASSES: Final = {
    **dict.fromkeys(("text", "enum", "datetime", "date", "uuid"), (code("str"),)),
    **dict.fromkeys(("object", "model", "map"), (code("dict"),)),
    "integer": (code("int"),),
    "number": (code("float"), code("int")),
    "boolean": (code("bool"),),
    "list": (code("list"),),
}
_NAMES: Final = {
    **dict.fromkeys(("text", "enum"), "text"),
    **dict.fromkeys(("object", "model", "map"), "an object"),
    "datetime": "a timestamp (ISO 8601)",
    "date": "a date (ISO 8601)",
    "uuid": "a UUID",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
}
_SIMPLE: Final = frozenset({"text", "integer", "number", "boolean", "object"})
_MAX_DEPTH: Final = 30


@attrs.frozen
class Variant:
    """One model of a union of models.

    Attributes:
        class_name: Class of the model.
        required: Names of the required fields.
        constants: Names of the fields that can have certain values only, and these values.
    """

    class_name: Source
    required: tuple[str, ...] = attrs.field(metadata={"internal": True})
    constants: dict[str, tuple[Any, ...]] = attrs.field(metadata={"internal": True})


@attrs.frozen
class Shape:
    """Python type of a schema.

    Attributes:
        kind: `text`, `integer`, `number`, `boolean`, `object`, `list`, `map`, `datetime`, `date`, `uuid`, `enum`,
            `model`, `union` or `any`.
        nullable: Whether the schema allows null.
        class_name: Class of an enum or a model.
        items: Shape of the items of a list, or of the values of a map.
        options: Shapes of the options of a union, without null.
        variants: The models among the options of a union.
        literal: Text with known values that has no enum class: name of the literal type of the values.
        values: The values of an enum that is not text, as code of a literal type.
    """

    kind: Source
    nullable: bool = False
    class_name: Source | None = None
    items: Shape | None = None
    options: tuple[Shape, ...] = ()
    variants: tuple[Variant, ...] = ()
    literal: Source | None = None
    values: Source | None = None

    @property
    def classes(self) -> frozenset[Source]:
        """Names of all generated classes in this shape."""
        inner = frozenset(name for shape in self._parts for name in shape.classes)
        return inner | ({self.class_name} if self.class_name else frozenset())

    @property
    def literals(self) -> frozenset[Source]:
        """Names of all literal types in this shape."""
        inner = frozenset(name for shape in self._parts for name in shape.literals)
        return inner | ({self.literal} if self.literal else frozenset())

    @property
    def python(self) -> Source:
        """Annotation of a model attribute, without None."""
        if self.class_name:
            return self.class_name
        if self.kind == "list":
            return code("list[{}]", _get_items(self).python_or_none)
        if self.kind == "map":
            return code("dict[str, {}]", _get_items(self).python_or_none)
        if self.kind == "union":
            names = [shape.python for shape in self.options]
            names += [_PYTHON_TYPES["object"]] if self.variants else []  # an unknown variant stays plain data
            return join(" | ", dict.fromkeys(names))
        return _PYTHON_TYPES[self.kind]

    @property
    def python_or_none(self) -> Source:
        """Annotation of a value, with None if it can be null."""
        return code("{} | None", self.python) if self.nullable and self.kind != "any" else self.python

    @property
    def argument(self) -> Source:
        """Annotation of an argument, without None. Arguments accept more types than attributes have."""
        if self.kind == "enum" and self.class_name:
            return code("{} | {}Value", self.class_name, self.class_name)
        if self.literal:
            return self.literal
        if self.values:
            return self.values
        if self.kind == "list":
            return code("Sequence[{}]", _get_items(self).argument_or_none)
        if self.kind == "map":
            return code("Mapping[str, {}]", _get_items(self).argument_or_none)
        if self.kind == "model" and self.class_name:
            return code("{} | Mapping[str, Any]", self.class_name)
        if self.kind == "union":
            models = [shape.class_name for shape in self.options if shape.kind == "model" and shape.class_name]
            others = [shape.argument for shape in self.options if shape.kind != "model"]
            mapping = [code("Mapping[str, Any]")] if models else []
            return join(" | ", dict.fromkeys([*models, *mapping, *others]))
        return code("Mapping[str, Any]") if self.kind == "object" else self.python

    @property
    def argument_or_none(self) -> Source:
        """Annotation of an argument, with None if it can be null."""
        return code("{} | None", self.argument) if self.nullable and self.kind != "any" else self.argument

    @property
    def json_classes(self) -> tuple[Source, ...]:
        """Classes of the JSON values of this shape."""
        return tuple(dict.fromkeys(name for one in self.options for name in one.json_classes)) or _JSON_CLASSES.get(
            self.kind, ()
        )

    @property
    def expected(self) -> Source:
        """Description of the type for error messages, as a literal."""
        return literal(" or ".join(dict.fromkeys(_NAMES[shape.kind] for shape in self.options or (self,))))

    @property
    def is_plain(self) -> bool:
        """Whether the JSON value is the Python value."""
        if self.kind in {"list", "map"}:
            return _get_items(self).is_plain
        if self.kind == "union":
            return not self.variants and all(option.is_plain for option in self.options)
        return self.kind in _SIMPLE or self.kind == "any"

    @property
    def is_simple_union(self) -> bool:
        """Whether the class of the JSON value decides, and the JSON value is the Python value."""
        return self.kind == "union" and all(option.kind in _SIMPLE for option in self.options)

    @property
    def _parts(self) -> tuple[Shape, ...]:
        return (*self.options, *((self.items,) if self.items else ()))


def build_shape(document: Document, schema: Schema, expanded: tuple[str, ...] = (), depth: int = 0) -> Shape:
    """Return the Python type of a schema of a named document.

    A schema that is no model and contains itself, such as that of any JSON value, is `Any` within itself.

    Args:
        document: Named document.
        schema: The schema.
        expanded: Names of the components that contain the schema.
        depth: Number of schemas that contain the schema.

    Raises:
        UnsupportedError: The schema is nested too deeply.
    """
    if depth > _MAX_DEPTH:
        raise UnsupportedError("a schema is nested too deeply")
    if "$ref" in schema:
        return _build_referenced_shape(document, schema, expanded, depth)
    if "anyOf" in schema:
        return _build_union(document, schema, expanded, depth)
    types = get_types(schema)
    names = [name for name in types if name != "null"]
    nullable = "null" in types or None in schema.get("enum", ())
    if len(names) > 1:
        options = tuple(build_shape(document, {**schema, "type": name}, expanded, depth + 1) for name in names)
        return _make_union(options, nullable=nullable)
    if not names:
        return Shape(_ANY, nullable=nullable)
    kind = _JSON_KINDS.get(names[0], _ANY)
    if kind == "text":
        kind = _FORMATS.get(str(schema.get("format", "")), kind) if "enum" not in schema else kind
    if kind == "list":
        items = build_shape(document, schema.get("items", {}), expanded, depth + 1)
        return Shape(kind, nullable=nullable, items=items)
    extra = schema.get("additionalProperties")
    if kind == "object" and isinstance(extra, dict) and extra and not schema.get("properties"):
        return Shape(code("map"), nullable=nullable, items=build_shape(document, extra, expanded, depth + 1))
    return Shape(kind, nullable=nullable, values=_build_values(schema))


def get_types(schema: Schema) -> tuple[str, ...]:
    """Return the JSON types of a schema, derived from its other keywords if it has no `type`."""
    types = schema.get("type")
    if isinstance(types, str):
        return (types,)
    if types is not None:
        return tuple(types)
    if "properties" in schema or "additionalProperties" in schema:
        return ("object",)
    if "items" in schema:
        return ("array",)
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", type(None): "null"}
    return tuple(dict.fromkeys(kinds.get(type(value), "object") for value in schema.get("enum", ())))


def _build_referenced_shape(document: Document, schema: Schema, expanded: tuple[str, ...], depth: int) -> Shape:
    target = resolve(document, schema)
    if is_literal(target) or is_enum(target) or target.get("properties"):
        class_name = identifier(get_final_class_name(document, schema))
        if is_literal(target):
            return Shape(code("text"), literal=class_name)
        return Shape(code("enum") if is_enum(target) else code("model"), class_name=class_name)
    name = get_class_name(schema)
    if name in expanded:
        return Shape(_ANY)
    return build_shape(document, target, (*expanded, name), depth + 1)


def _build_union(document: Document, schema: Schema, expanded: tuple[str, ...], depth: int) -> Shape:
    parts = [option for option in schema["anyOf"] if option.get("type") != "null"]
    shapes = [build_shape(document, option, expanded, depth + 1) for option in parts]
    nullable = len(parts) < len(schema["anyOf"]) or any(shape.nullable for shape in shapes)
    if any(shape.kind == "any" for shape in shapes) or not shapes:
        return Shape(_ANY, nullable=nullable)
    flat = [option for shape in shapes for option in (shape.options or (attrs.evolve(shape, nullable=False),))]
    models = [
        _build_variant(document, option, schema.get("discriminator"))
        for part in parts
        for option in _find_models(document, part)
    ]
    return _make_union(tuple(flat), nullable=nullable, variants=tuple(models))


def _make_union(options: tuple[Shape, ...], *, nullable: bool, variants: tuple[Variant, ...] = ()) -> Shape:
    distinct = tuple(dict.fromkeys(options))
    if len(distinct) == 1:
        return attrs.evolve(distinct[0], nullable=nullable)
    if any(option.kind == "number" for option in distinct):
        distinct = tuple(option for option in distinct if option.kind != "integer")
        if len(distinct) == 1:
            return attrs.evolve(distinct[0], nullable=nullable)
    known = {option.class_name for option in distinct}
    unique = {variant.class_name: variant for variant in variants if variant.class_name in known}
    several = tuple(unique.values()) if len(unique) > 1 else ()
    return Shape(_UNION, nullable=nullable, options=distinct, variants=several)


def _find_models(document: Document, schema: Schema, expanded: tuple[str, ...] = ()) -> list[Schema]:
    """Return the references to models among the options of a union, nested unions included."""
    if "$ref" in schema:
        name = get_class_name(schema)
        target = document["components"]["schemas"][name]
        if target.get("properties"):
            return [schema]
        return [] if name in expanded else _find_models(document, target, (*expanded, name))
    return [model for option in schema.get("anyOf", []) for model in _find_models(document, option, expanded)]


def _build_variant(document: Document, reference: Schema, discriminator: dict[str, Any] | None) -> Variant:
    target = resolve(document, reference)
    name = get_class_name(reference)
    constants = {
        key: tuple(values)
        for key, child in target["properties"].items()
        if (values := resolve(document, child).get("enum")) and len(values) == 1
    }
    if discriminator and discriminator.get("propertyName"):
        values = [value for value, mapped in discriminator.get("mapping", {}).items() if mapped == name]
        implicit = discriminator.get("keys", {}).get(name, name)
        constants = {discriminator["propertyName"]: tuple(values or [implicit])}
    return Variant(identifier(name), tuple(target.get("required", ())), constants)


def _build_values(schema: Schema) -> Source | None:
    """Return the literal type of the values of an enum that is no enum class; None if it needs another type."""
    values = [value for value in schema.get("enum", ()) if value is not None]
    if not values or any(isinstance(value, float) or not isinstance(value, (str, int)) for value in values):
        return None
    return code("Literal[{}]", join(", ", (literal(value) for value in values)))


def _get_items(shape: Shape) -> Shape:
    return shape.items if shape.items is not None else Shape(_ANY)
