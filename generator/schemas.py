"""Read the schemas of a named document as what the templates render: fields, Python types, rules."""

from __future__ import annotations

import keyword
import textwrap
from typing import Any, Final

import attrs
from openapi_python_client.strings import PythonIdentifier

from generator.naming import resolve

__all__ = ["Field", "Shape", "docstring", "fields_of", "is_enum", "parameter_of", "rule_code", "shape_of"]

Document = dict[str, Any]
Schema = dict[str, Any]

_JSON_KINDS: Final = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "object": "object",
    "array": "list",
}
_FORMATS: Final = {"date-time": "datetime", "date": "date", "uuid": "uuid"}
_PYTHON_TYPES: Final = {
    "text": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "object": "dict[str, Any]",
    "datetime": "datetime",
    "date": "date",
    "uuid": "UUID",
    "any": "Any",
}
_RUNTIME_TYPES: Final = {
    "text": ("str",),
    "integer": ("int",),
    "number": ("float", "int"),
    "boolean": ("bool",),
    "object": ("dict",),
}
_WORDS: Final = {
    "text": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
}
_TAKEN_BY_MODELS: Final = frozenset({"additional_properties", "from_dict", "to_dict", "validate", "self"})
_TAKEN_BY_FUNCTIONS: Final = frozenset({"self", "client", "body", "on_headers", "on_undecodable"})
_RULE_WORDS: Final = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "format": "format",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "multipleOf": "multiple_of",
    "minItems": "min_items",
    "maxItems": "max_items",
    "uniqueItems": "unique_items",
    "minProperties": "min_properties",
    "maxProperties": "max_properties",
}


@attrs.frozen
class Shape:
    """What a schema is in Python.

    Attributes:
        kinds: `text`, `integer`, `number`, `boolean`, `object`, `list`, `datetime`, `date`, `uuid`, `enum`, `model`
            or `any`; several for a union.
        nullable: Null is one of its values.
        class_name: The class of an enum or a model.
        items: What a list holds.
    """

    kinds: tuple[str, ...]
    nullable: bool = False
    class_name: str = ""
    items: Shape | None = None

    @property
    def kind(self) -> str:
        """The one kind, or `union`."""
        return self.kinds[0] if len(self.kinds) == 1 else "union"

    @property
    def classes(self) -> frozenset[str]:
        """Every generated class in it."""
        inner = self.items.classes if self.items else frozenset()
        return inner | ({self.class_name} if self.class_name else frozenset())

    @property
    def python(self) -> str:
        """The type of an attribute, without None."""
        return " | ".join(self._python_of(kind) for kind in self.kinds)

    @property
    def argument(self) -> str:
        """The type of an argument, without None: a wider choice than that of an attribute."""
        if self.kind == "enum":
            return f"{self.class_name} | {self.class_name}Value"
        if self.kind == "list" and self.items is not None:
            return f"Sequence[{self.items.argument}]"
        if self.kind == "model":
            return f"{self.class_name} | Mapping[str, Any]"
        return self.python.replace("dict[str, Any]", "Mapping[str, Any]")

    @property
    def runtime_types(self) -> tuple[str, ...]:
        """The classes of the values of a union, as code."""
        return tuple(name for kind in self.kinds for name in _RUNTIME_TYPES[kind])

    @property
    def expected(self) -> str:
        """The kinds of a union in words."""
        return " or ".join(_WORDS[kind] for kind in self.kinds)

    def _python_of(self, kind: str) -> str:
        if kind in {"enum", "model"}:
            return self.class_name
        if kind == "list":
            return f"list[{self.items.python if self.items else 'Any'}]"
        return _PYTHON_TYPES[kind]


@attrs.frozen
class Field:
    """One property of a model, or one parameter of an operation.

    Attributes:
        name: Its name on the wire.
        python: Its name in Python.
        shape: What it is.
        required: The contract requires it.
        private: It may hold secrets or personal data, and stays out of the repr.
        entries: Where a mapping may be given for a list: the two keys of an entry, and the Python type of the second.
        schema: The schema, for its rule and its description.
    """

    name: str
    python: str
    shape: Shape
    required: bool
    private: bool
    entries: tuple[str, str, str] | None
    schema: Schema

    @property
    def description(self) -> str:
        """Description, constraints, default and example, as one paragraph."""
        return _description(self.schema, self.shape)


def shape_of(document: Document, schema: Schema) -> Shape:
    """What a schema of a named document is in Python. What cannot be told apart is `any`, and is read as it comes."""
    if "$ref" in schema:
        target = resolve(document, schema)
        name = schema["$ref"].rsplit("/", 1)[-1]
        if is_enum(target):
            return Shape(("enum",), class_name=name)
        if target.get("properties") or "allOf" in target:
            return Shape(("model",), class_name=name)
        return shape_of(document, target)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            shapes = [shape_of(document, child) for child in schema[word] if child.get("type") != "null"]
            nullable = len(shapes) < len(schema[word]) or any(shape.nullable for shape in shapes)
            if len(shapes) == 1:
                return attrs.evolve(shapes[0], nullable=nullable)
            kinds = tuple(dict.fromkeys(kind for shape in shapes for kind in shape.kinds))
            simple = set(kinds) <= {"text", "integer", "number", "boolean", "object"}
            return Shape(kinds if simple else ("any",), nullable=nullable)
    types = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else None)
    names = types if isinstance(types, list) else [types]
    nullable = "null" in names
    kinds = tuple(_JSON_KINDS.get(str(name), "any") for name in names if name != "null") or ("any",)
    if kinds == ("text",):
        kinds = (_FORMATS.get(schema.get("format", ""), "text"),)
    items = shape_of(document, schema.get("items", {})) if "list" in kinds else None
    return Shape(kinds, nullable=nullable, items=items)


def is_enum(schema: Schema) -> bool:
    """Whether the schema becomes an enum class."""
    return "enum" in schema and schema.get("type") == "string"


def fields_of(document: Document, schema: Schema, *, as_arguments: bool = False) -> list[Field]:
    """The properties of an object, those of its `allOf` parts included, in the document's order.

    Args:
        document: The named document.
        schema: The object.
        as_arguments: Name them for the signature of a function, which other names are taken in than in a model.
    """
    properties, required = _members(document, schema)
    taken = _TAKEN_BY_FUNCTIONS if as_arguments else _TAKEN_BY_MODELS
    return [_field(document, name, child, name in required, _free(name, taken)) for name, child in properties.items()]


def parameter_of(document: Document, parameter: Schema) -> Field:
    """A parameter of an operation."""
    words = {name: parameter[name] for name in ("description", "example") if name in parameter}
    schema = {**parameter["schema"], **words}
    python = _free(parameter["x-name"], _TAKEN_BY_FUNCTIONS)
    return _field(document, parameter["name"], schema, parameter.get("required", False), python)


def rule_code(document: Document, schema: Schema) -> str:
    """The Python code of a schema's `Rule`."""
    return f"Rule({', '.join(f'{name}={code}' for name, code in _rule_words(document, schema).items())})"


def docstring(text: str, indent: int, width: int = 104) -> str:
    """`text` wrapped for a docstring, its paragraphs kept."""
    wrapped = [
        textwrap.fill(" ".join(part.split()), width - indent, break_on_hyphens=False)
        for part in text.strip().split("\n\n")
    ]
    joined = "\n\n".join(wrapped).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return textwrap.indent(joined, " " * indent).strip()


def _field(document: Document, name: str, schema: Schema, required: bool, python: str) -> Field:
    return Field(
        name=name,
        python=python,
        shape=shape_of(document, schema),
        required=required,
        private=bool(schema.get("x-private")),
        entries=_entries(document, schema),
        schema=_described(document, schema),
    )


def _free(name: str, taken: frozenset[str]) -> str:
    """The name in Python. The generator dodges every builtin, where only keywords are in the way."""
    identifier = str(PythonIdentifier(name, "field_")).rstrip("_")
    return f"{identifier}_" if keyword.iskeyword(identifier) or identifier in taken else identifier


def _entries(document: Document, schema: Schema) -> tuple[str, str, str] | None:
    keys = schema.get("x-mapping")
    if keys is None:
        return None
    properties, _ = _members(document, resolve(document, schema["items"]))
    value = shape_of(document, properties[keys["value"]])
    return keys["key"], keys["value"], value.argument + (" | None" if value.nullable else "")


def _members(document: Document, schema: Schema) -> tuple[dict[str, Schema], set[str]]:
    properties: dict[str, Schema] = {}
    required: set[str] = set()
    for part in schema.get("allOf", []):
        inner, names = _members(document, resolve(document, part))
        properties.update(inner)
        required |= names
    properties.update(schema.get("properties", {}))
    return properties, required | set(schema.get("required", []))


def _described(document: Document, schema: Schema) -> Schema:
    """The schema with its reference's words below its own."""
    if "$ref" in schema:
        return {**resolve(document, schema), **schema}
    for word in ("anyOf", "oneOf"):
        parts = [part for part in schema.get(word, []) if "$ref" in part]
        if len(parts) == 1:
            return {**resolve(document, parts[0]), **{k: v for k, v in schema.items() if k != word}}
    return schema


def _rule_words(document: Document, schema: Schema) -> dict[str, str]:
    if "$ref" in schema:
        return _rule_words(document, resolve(document, schema))
    for word in ("anyOf", "oneOf"):
        if word in schema:
            parts = [part for part in schema[word] if part.get("type") != "null"]
            if len(parts) != 1:
                return {}
            inner = _rule_words(document, parts[0])
            if len(parts) < len(schema[word]):
                inner["types"] = repr((*_types(resolve(document, parts[0])), "null"))
            return inner
    words: dict[str, str] = {}
    properties, required = _members(document, schema)
    if _types(schema):
        words["types"] = repr(_types(schema))
    if "enum" in schema:
        words["enum"] = repr(tuple(value for value in schema["enum"] if value is not None))
    for word, name in _RULE_WORDS.items():
        inherited = [part[word] for part in _parts(document, schema) if word in part]
        if inherited and not (word == "format" and inherited[-1] != "date-time"):
            value = inherited[-1]
            words[name] = repr(int(value) if isinstance(value, float) and value.is_integer() else value)
    if "items" in schema:
        words["items"] = rule_code(document, schema["items"])
    if required:
        words["required"] = repr(tuple(name for name in properties if name in required))
    if schema.get("additionalProperties") is False:
        words["closed"] = "True"
    if properties:
        rules = ", ".join(f"{name!r}: {rule_code(document, child)}" for name, child in properties.items())
        words["properties"] = f"{{{rules}}}"
    return words


def _types(schema: Schema) -> tuple[str, ...]:
    types = schema.get("type", "object" if schema.get("properties") or "allOf" in schema else [])
    return tuple(types) if isinstance(types, list) else (types,)


def _parts(document: Document, schema: Schema) -> list[Schema]:
    parts = [inner for part in schema.get("allOf", []) for inner in _parts(document, resolve(document, part))]
    return [*parts, schema]


def _description(schema: Schema, shape: Shape) -> str:
    text = " ".join(str(schema.get("description", "")).split())
    if text and not text.endswith((".", "!", "?", ":")):
        text += "."
    facts = [
        *_bounds(schema, "minLength", "maxLength", "characters"),
        *_bounds(schema, "minItems", "maxItems", "items"),
    ]
    facts += _bounds(schema, "minimum", "maximum", "")
    if schema.get("uniqueItems"):
        facts.append("no item twice")
    if "enum" in schema and shape.kind == "enum":
        facts.append("one of " + ", ".join(f"`{value}`" for value in schema["enum"]))
    if schema.get("default") not in (None, ""):
        facts.append(f"default {schema['default']}")
    if facts:
        text += f" {facts[0][0].upper()}{facts[0][1:]}" + "".join(f"; {fact}" for fact in facts[1:]) + "."
    example = schema.get("example")
    if isinstance(example, (str, int)) and not isinstance(example, bool):
        text += f" Example: `{example}`."
    return text.strip()


def _bounds(schema: Schema, low: str, high: str, unit: str) -> list[str]:
    least, most = schema.get(low), schema.get(high)
    suffix = f" {unit}" if unit else ""
    if least is not None and least == most:
        return [f"exactly {least}{suffix}"]
    if least is not None and most is not None:
        return [f"{least} to {most}{suffix}"]
    if least == 1 and unit:
        return ["not empty"]
    if least:
        return [f"at least {least}{suffix}"]
    return [f"at most {most}{suffix}"] if most is not None else []
