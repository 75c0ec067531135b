"""Convert the schemas of a named document to what the templates render: fields, Python types and validation rules."""

from __future__ import annotations

import keyword
import textwrap
from typing import Any, Final

import attrs
from openapi_python_client.strings import PythonIdentifier

from generator.naming import resolve

__all__ = [
    "Field",
    "Shape",
    "build_fields",
    "build_parameter",
    "build_rule_code",
    "build_shape",
    "format_docstring",
    "is_enum",
    "is_literal",
]

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
_KIND_NAMES: Final = {
    "text": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
}
_RESERVED_BY_MODELS: Final = frozenset(
    {
        "additional_properties",
        "decode_object",
        "from_dict",
        "get_source",
        "self",
        "to_dict",
        "validate",
        "validation_rule",
        "wire_names",
    }
)
_RESERVED_BY_FUNCTIONS: Final = frozenset({"self", "client", "body", "on_headers", "on_decode_error"})
_RULE_ARGUMENTS: Final = {
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
    """Python type of a schema.

    Attributes:
        kinds: `text`, `integer`, `number`, `boolean`, `object`, `list`, `datetime`, `date`, `uuid`, `enum`, `model`
            or `any`; several for a union.
        nullable: Whether the schema allows null.
        class_name: Class name of an enum or a model, else empty.
        items: Shape of the items of a list.
        literal: For text with known values that has no enum class: name of the literal type of the values, else empty.
    """

    kinds: tuple[str, ...]
    nullable: bool = False
    class_name: str = ""
    items: Shape | None = None
    literal: str = ""

    @property
    def kind(self) -> str:
        """The only kind, or `union` if there are several."""
        return self.kinds[0] if len(self.kinds) == 1 else "union"

    @property
    def classes(self) -> frozenset[str]:
        """Names of all generated classes in this shape."""
        inner = self.items.classes if self.items else frozenset()
        return inner | ({self.class_name} if self.class_name else frozenset())

    @property
    def literals(self) -> frozenset[str]:
        """Names of all literal types in this shape."""
        inner = self.items.literals if self.items else frozenset()
        return inner | ({self.literal} if self.literal else frozenset())

    @property
    def python(self) -> str:
        """Annotation of a model attribute, without None."""
        return " | ".join(self._get_annotation(kind) for kind in self.kinds)

    @property
    def argument(self) -> str:
        """Annotation of an argument, without None. Arguments accept more types than attributes have."""
        if self.kind == "enum":
            return f"{self.class_name} | {self.class_name}Value"
        if self.literal:
            return self.literal
        if self.kind == "list" and self.items is not None:
            return f"Sequence[{self.items.argument}]"
        if self.kind == "model":
            return f"{self.class_name} | Mapping[str, Any]"
        return self.python.replace("dict[str, Any]", "Mapping[str, Any]")

    @property
    def runtime_types(self) -> tuple[str, ...]:
        """Runtime classes of the values of a union, as code."""
        return tuple(name for kind in self.kinds for name in _RUNTIME_TYPES[kind])

    @property
    def expected(self) -> str:
        """Description of the kinds of a union for error messages."""
        return " or ".join(_KIND_NAMES[kind] for kind in self.kinds)

    def _get_annotation(self, kind: str) -> str:
        if kind in {"enum", "model"}:
            return self.class_name
        if kind == "list":
            return f"list[{self.items.python if self.items else 'Any'}]"
        return _PYTHON_TYPES[kind]


@attrs.frozen
class Field:
    """Property of a model, or parameter of an operation.

    Attributes:
        name: Name in JSON.
        python: Name in Python.
        shape: Python type.
        required: Whether the OpenAPI document requires the field.
        private: Whether the field can contain secrets or personal data and is hidden in the repr.
        entries: For a list that callers can also pass as a mapping: the two keys of an entry, and the Python type of
            the second one.
        schema: The schema, which provides the rule and the description.
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
        """Description, constraints, default and example as one paragraph."""
        return _format_description(self.schema, self.shape)


def build_shape(document: Document, schema: Schema) -> Shape:
    """Return the Python type of a schema. A union that cannot be decoded by type is `any` and stays plain JSON data."""
    if "$ref" in schema:
        target = resolve(document, schema)
        name = schema["$ref"].rsplit("/", 1)[-1]
        if is_literal(target):
            return Shape(("text",), literal=name)
        if is_enum(target):
            return Shape(("enum",), class_name=name)
        if target.get("properties") or "allOf" in target:
            return Shape(("model",), class_name=name)
        return build_shape(document, target)
    for keyword_name in ("anyOf", "oneOf"):
        if keyword_name in schema:
            options = schema[keyword_name]
            shapes = [build_shape(document, option) for option in options if option.get("type") != "null"]
            nullable = len(shapes) < len(options) or any(shape.nullable for shape in shapes)
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
    items = build_shape(document, schema.get("items", {})) if "list" in kinds else None
    return Shape(kinds, nullable=nullable, items=items)


def is_enum(schema: Schema) -> bool:
    """Return whether the schema becomes an enum class."""
    return "enum" in schema and schema.get("type") == "string" and not is_literal(schema)


def is_literal(schema: Schema) -> bool:
    """Return whether the schema becomes a literal type: text with known values that cannot all name enum members."""
    return schema.get("type") == "string" and any(not str(value)[:1].isalpha() for value in schema.get("enum", ()))


def build_fields(document: Document, schema: Schema, *, as_arguments: bool = False) -> list[Field]:
    """Return the properties of an object, including those of its `allOf` parts, in the document's order.

    Args:
        document: Named document.
        schema: Schema of the object.
        as_arguments: Whether the fields become function arguments. Functions and models reserve different names.
    """
    properties, required = _collect_properties(document, schema)
    reserved = _RESERVED_BY_FUNCTIONS if as_arguments else _RESERVED_BY_MODELS
    return [
        _build_field(document, name, child, name in required, _choose_python_name(name, reserved))
        for name, child in properties.items()
    ]


def build_parameter(document: Document, parameter: Schema) -> Field:
    """Return the field of an operation's parameter."""
    prose = {name: parameter[name] for name in ("description", "example") if name in parameter}
    schema = {**parameter["schema"], **prose}
    python = _choose_python_name(parameter["x-name"], _RESERVED_BY_FUNCTIONS)
    return _build_field(document, parameter["name"], schema, parameter.get("required", False), python)


def build_rule_code(document: Document, schema: Schema) -> str:
    """Return the Python code of a schema's `Rule`."""
    return f"Rule({', '.join(f'{name}={code}' for name, code in _build_rule_arguments(document, schema).items())})"


def format_docstring(text: str, indent: int, width: int = 104) -> str:
    """Wrap and escape `text` for a docstring, paragraph by paragraph.

    Args:
        text: Paragraphs separated by empty lines.
        indent: Number of spaces before each line except the first.
        width: Maximum line length, including the indent. Defaults to 104.
    """
    wrapped = [
        textwrap.fill(" ".join(part.split()), width - indent, break_on_hyphens=False)
        for part in text.strip().split("\n\n")
    ]
    joined = "\n\n".join(wrapped).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return textwrap.indent(joined, " " * indent).strip()


def _build_field(document: Document, name: str, schema: Schema, required: bool, python: str) -> Field:
    return Field(
        name=name,
        python=python,
        shape=build_shape(document, schema),
        required=required,
        private=bool(schema.get("x-private")),
        entries=_build_entries(document, schema),
        schema=_merge_referenced_prose(document, schema),
    )


def _choose_python_name(name: str, reserved: frozenset[str]) -> str:
    """Return the Python name of a field. Only keywords and reserved names get a trailing underscore.

    `PythonIdentifier` also appends one to builtins, which are valid as attributes and arguments.
    """
    identifier = str(PythonIdentifier(name, "field_")).rstrip("_")
    return f"{identifier}_" if keyword.iskeyword(identifier) or identifier in reserved else identifier


def _build_entries(document: Document, schema: Schema) -> tuple[str, str, str] | None:
    keys = schema.get("x-mapping")
    if keys is None:
        return None
    properties, _ = _collect_properties(document, resolve(document, schema["items"]))
    value = build_shape(document, properties[keys["value"]])
    return keys["key"], keys["value"], value.argument + (" | None" if value.nullable else "")


def _collect_properties(document: Document, schema: Schema) -> tuple[dict[str, Schema], set[str]]:
    properties: dict[str, Schema] = {}
    required: set[str] = set()
    for part in schema.get("allOf", []):
        inner, names = _collect_properties(document, resolve(document, part))
        properties.update(inner)
        required |= names
    properties.update(schema.get("properties", {}))
    return properties, required | set(schema.get("required", []))


def _merge_referenced_prose(document: Document, schema: Schema) -> Schema:
    """Return the schema merged with the schema it refers to. The fields of `schema` take precedence."""
    if "$ref" in schema:
        return {**resolve(document, schema), **schema}
    for keyword_name in ("anyOf", "oneOf"):
        parts = [part for part in schema.get(keyword_name, []) if "$ref" in part]
        if len(parts) == 1:
            return {**resolve(document, parts[0]), **{k: v for k, v in schema.items() if k != keyword_name}}
    return schema


def _build_rule_arguments(document: Document, schema: Schema) -> dict[str, str]:
    if "$ref" in schema:
        return _build_rule_arguments(document, resolve(document, schema))
    for keyword_name in ("anyOf", "oneOf"):
        if keyword_name in schema:
            parts = [part for part in schema[keyword_name] if part.get("type") != "null"]
            if len(parts) != 1:
                return {}
            inner = _build_rule_arguments(document, parts[0])
            if len(parts) < len(schema[keyword_name]):
                inner["types"] = repr((*_get_types(resolve(document, parts[0])), "null"))
            return inner
    arguments: dict[str, str] = {}
    properties, required = _collect_properties(document, schema)
    if _get_types(schema):
        arguments["types"] = repr(_get_types(schema))
    if "enum" in schema:
        arguments["enum"] = repr(tuple(value for value in schema["enum"] if value is not None))
    for constraint, name in _RULE_ARGUMENTS.items():
        inherited = [part[constraint] for part in _flatten_all_of(document, schema) if constraint in part]
        if inherited and not (constraint == "format" and inherited[-1] != "date-time"):
            value = inherited[-1]
            arguments[name] = repr(int(value) if isinstance(value, float) and value.is_integer() else value)
    if "items" in schema:
        arguments["items"] = build_rule_code(document, schema["items"])
    if required:
        arguments["required"] = repr(tuple(name for name in properties if name in required))
    if schema.get("additionalProperties") is False:
        arguments["closed"] = "True"
    if properties:
        rules = ", ".join(f"{name!r}: {build_rule_code(document, child)}" for name, child in properties.items())
        arguments["properties"] = f"{{{rules}}}"
    return arguments


def _get_types(schema: Schema) -> tuple[str, ...]:
    types = schema.get("type", "object" if schema.get("properties") or "allOf" in schema else [])
    return tuple(types) if isinstance(types, list) else (types,)


def _flatten_all_of(document: Document, schema: Schema) -> list[Schema]:
    parts = [inner for part in schema.get("allOf", []) for inner in _flatten_all_of(document, resolve(document, part))]
    return [*parts, schema]


def _format_description(schema: Schema, shape: Shape) -> str:
    text = " ".join(str(schema.get("description", "")).split())
    if text and not text.endswith((".", "!", "?", ":")):
        text += "."
    constraints = [
        *_format_bounds(schema, "minLength", "maxLength", "characters"),
        *_format_bounds(schema, "minItems", "maxItems", "items"),
    ]
    constraints += _format_bounds(schema, "minimum", "maximum", "")
    if schema.get("uniqueItems"):
        constraints.append("unique items")
    if "enum" in schema and shape.kind == "enum":
        constraints.append("one of " + ", ".join(f"`{value}`" for value in schema["enum"]))
    if schema.get("default") not in (None, ""):
        constraints.append(f"default {schema['default']}")
    if constraints:
        first, *others = constraints
        text += f" {first[0].upper()}{first[1:]}" + "".join(f"; {constraint}" for constraint in others) + "."
    example = schema.get("example")
    if isinstance(example, (str, int)) and not isinstance(example, bool):
        text += f" Example: `{example}`."
    return text.strip()


def _format_bounds(schema: Schema, low: str, high: str, unit: str) -> list[str]:
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
