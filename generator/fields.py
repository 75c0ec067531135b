"""Fields of models and arguments of operations, as the templates render them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import attrs

from generator.class_names import is_enum
from generator.descriptions import describe_parameter
from generator.reading_code import build_read, build_reader
from generator.reserved_names import ATTRIBUTES, BODY_FIELDS, PARAMETERS
from generator.rules import build_rule_code
from generator.shapes import Shape, build_shape
from generator.source import Source, Text, code, identifier, literal
from generator.structure import Document, Schema, resolve
from generator.words import snake_case, to_identifier

__all__ = ["Entries", "Field", "build_body_fields", "build_fields", "build_parameter", "choose_python_names", "rename"]


@attrs.frozen
class Entries:
    """How callers can pass a list of entries as a mapping: the keys of an entry, and the type of the second one."""

    key: Text
    value: Text
    type: Source


@attrs.frozen
class Field:
    """Property of a model, or argument of an operation.

    Attributes:
        name: Name in JSON, in the path, in the query or of the header.
        python: Name in Python.
        has_same_name: Whether both names are the same.
        shape: Python type.
        required: Whether the OpenAPI document requires the field.
        private: Whether the field can contain secrets or personal data and is hidden in the repr.
        entries: For a list that callers can also pass as a mapping.
        rule: Code of the validation rule.
        is_recursive: Whether the type contains a class that does not exist yet when the class of the model is created.
        style: For a query parameter with lists or objects: code of its `Style`.
        description: Description, constraints, default and example as one paragraph.
    """

    name: Text
    python: Source
    has_same_name: bool
    shape: Shape
    required: bool
    private: bool
    entries: Entries | None
    rule: Source
    is_recursive: bool
    style: Source | None
    description: Text

    @property
    def read(self) -> Source:
        """Expression that reads the local variable `value`."""
        return build_read(self.shape, code("value"), literal(self.name))

    @property
    def read_local(self) -> Source:
        """Expression that reads the local variable with the name of the field and an underscore."""
        return build_read(self.shape, code("{}_", self.python), literal(self.name))

    @property
    def item_reader(self) -> Source:
        """Function that reads an item of a list."""
        return build_reader(self.shape.items or self.shape)


def build_fields(document: Document, schema: Schema, *, in_request: bool, lazy: Collection[str] = ()) -> list[Field]:
    """Return the properties of an object, in the document's order.

    Args:
        document: Named document.
        schema: Schema of the object.
        in_request: Whether the model is sent. A read-only field is required in responses only.
        lazy: Names of the classes that do not exist yet when the code of the model runs.
    """
    properties: dict[str, Schema] = schema.get("properties", {})
    names = choose_python_names(properties, ATTRIBUTES)
    required = set(schema.get("required", ()))
    flag = "readOnly" if in_request else "writeOnly"
    return [
        _build_field(
            document,
            name,
            child,
            required=name in required and not _has_flag(document, child, flag),
            python=names[name],
            lazy=lazy,
        )
        for name, child in properties.items()
    ]


def build_body_fields(document: Document, schema: Schema) -> list[Field]:
    """Return the properties of a body as arguments."""
    properties: dict[str, Schema] = schema.get("properties", {})
    names = choose_python_names(properties, BODY_FIELDS)
    required = set(schema.get("required", ()))
    return [
        _build_field(
            document,
            name,
            child,
            required=name in required and not _has_flag(document, child, "readOnly"),
            python=names[name],
        )
        for name, child in properties.items()
    ]


def build_parameter(document: Document, parameter: dict[str, Any]) -> Field:
    """Return the field of an operation's parameter."""
    prose: dict[str, Any] = {name: parameter[name] for name in ("description", "example") if name in parameter}
    if not _merge_referenced_prose(document, {**parameter["schema"], **prose}).get("description"):
        prose["description"] = describe_parameter(parameter)
    schema = {**parameter["schema"], **prose}
    name = parameter["x-name"]
    python = identifier(f"{name}_" if name in PARAMETERS else name)
    field = _build_field(document, parameter["name"], schema, required=bool(parameter.get("required")), python=python)
    return attrs.evolve(field, style=_build_style(field.shape, parameter))


def choose_python_names(names: Iterable[str], reserved: Collection[str]) -> dict[str, Source]:
    """Return a Python name per name, all different.

    A name that is an identifier in snake case is kept. Keywords and reserved names get a trailing underscore, and a
    name that is taken gets a number.
    """
    listed = list(names)
    chosen: dict[str, Source] = {}
    taken: set[str] = set()
    by_rank = sorted(listed, key=lambda name: (name != snake_case(name), name != snake_case(name).strip("_")))
    exact = [name for name in listed if to_identifier(name, "field") == name and name not in reserved]
    for name in dict.fromkeys([*exact, *by_rank]):
        base = to_identifier(name, "field")
        base = name if name == f"{base}_" else base  # `id_` beside `id`
        base = f"{base}_" if base in reserved else base
        candidates = [base, *(f"{base.rstrip('_')}_{number}" for number in range(2, len(listed) + 2))]
        python = next(one for one in candidates if one not in taken and one not in reserved)
        taken.add(python)
        chosen[name] = identifier(python)
    return {name: chosen[name] for name in listed}


def rename(fields: Iterable[Field], prefix: str, taken: set[str]) -> list[Field]:
    """Return fields whose Python names are not taken: a taken name gets a prefix, then a number.

    Args:
        fields: The fields.
        prefix: The kind of the fields, such as `query`.
        taken: Names that are taken. The chosen names are added.
    """
    renamed: list[Field] = []
    for field in fields:
        base = f"{prefix}_{field.python.rstrip('_')}"
        candidates = [field.python, base, *(f"{base}_{number}" for number in range(2, len(taken) + 3))]
        python = next(name for name in candidates if name not in taken)
        taken.add(python)
        renamed.append(attrs.evolve(field, python=identifier(python), has_same_name=field.name == Text(python)))
    return renamed


def _has_flag(document: Document, schema: Schema, flag: str) -> bool:
    return bool(schema.get(flag) or resolve(document, schema).get(flag))


def _build_field(
    document: Document, name: str, schema: Schema, *, required: bool, python: Source, lazy: Collection[str] = ()
) -> Field:
    shape = build_shape(document, schema)
    return Field(
        name=Text(name),
        python=python,
        has_same_name=python == name,
        shape=shape,
        required=required,
        private=bool(schema.get("x-private")),
        entries=_build_entries(document, schema),
        rule=build_rule_code(document, schema, lazy=lazy, is_top=False),
        is_recursive=bool(shape.classes & frozenset(lazy)),
        style=None,
        description=Text(_format_description(_merge_referenced_prose(document, schema), shape)),
    )


def _build_style(shape: Shape, parameter: dict[str, Any]) -> Source | None:
    """Return the code of a style, which only lists and objects need."""
    if not {"list", "map", "object", "model"} & {one.kind for one in (shape, *shape.options)}:
        return None
    style, explode = str(parameter.get("style", "form")), bool(parameter.get("explode", True))
    return code("Style({}, {})", literal(style), literal(explode))


def _build_entries(document: Document, schema: Schema) -> Entries | None:
    keys = schema.get("x-mapping")
    if keys is None:
        return None
    value = build_shape(document, resolve(document, schema["items"])["properties"][keys["value"]])
    return Entries(Text(keys["key"]), Text(keys["value"]), value.argument_or_none)


def _merge_referenced_prose(document: Document, schema: Schema) -> Schema:
    """Return the schema merged with the schema it refers to. The fields of `schema` take precedence."""
    if "$ref" in schema:
        return {**resolve(document, schema), **schema}
    parts = [part for part in schema.get("anyOf", []) if "$ref" in part]
    if len(parts) == 1:
        return {**resolve(document, parts[0]), **{k: v for k, v in schema.items() if k != "anyOf"}}
    return schema


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
    if is_enum(schema) and shape.kind == "enum":
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
