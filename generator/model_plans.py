"""The classes of a named document, as the templates render them."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import attrs

from generator.class_names import is_enum, is_literal
from generator.fields import Field, build_fields
from generator.plans import OperationPlan
from generator.rules import build_rule_code
from generator.shapes import Shape, build_shape
from generator.source import Source, Text, identifier
from generator.structure import Document
from generator.words import split_words

__all__ = ["ClassPlans", "EnumPlan", "LiteralPlan", "ModelPlan", "ModulePlan", "build_class_plans", "get_module_name"]


@attrs.frozen
class ModelPlan:
    """One model.

    Attributes:
        name: Class name.
        description: Description of the schema; empty if it has none.
        fields: Its fields.
        in_request: Whether it is sent.
        only_sent: Whether it is sent and never received.
        rule: Code of the validation rule.
    """

    name: Source
    description: Text
    fields: tuple[Field, ...]
    in_request: bool
    only_sent: bool
    rule: Source

    @property
    def classes(self) -> list[Source]:
        """Names of all classes that the fields use."""
        return sorted({name for field in self.fields for name in field.shape.classes})

    @property
    def literals(self) -> list[Source]:
        """Names of all literal types that the annotations use."""
        return sorted({name for field in self.fields for name in field.shape.literals}) if self.only_sent else []


@attrs.frozen
class ModulePlan:
    """One module of models. Models that contain each other share one, because modules cannot import each other."""

    name: Source
    models: tuple[ModelPlan, ...]


@attrs.frozen
class EnumPlan:
    """One enum: the names of its members, and their values."""

    name: Source
    module: Source
    description: Text
    members: tuple[tuple[Source, Text], ...]


@attrs.frozen
class LiteralPlan:
    """One literal type: text with known values that cannot all name members of an enum."""

    name: Source
    description: Text
    values: tuple[Text, ...]


@attrs.frozen
class ClassPlans:
    """All classes of a package.

    Attributes:
        modules: Modules of models.
        enums: Enums.
        literals: Literal types.
        module_of: Class name to the name of its module.
    """

    modules: tuple[ModulePlan, ...]
    enums: tuple[EnumPlan, ...]
    literals: tuple[LiteralPlan, ...]
    module_of: Mapping[Source, Source]


def get_module_name(class_name: str) -> Source:
    """Return the module of a class: its words in lower case."""
    name = "_".join(word.lower() for word in split_words(class_name))
    return identifier(f"{name}_" if keyword.iskeyword(name) else name)


def build_class_plans(document: Document, plans: Iterable[OperationPlan]) -> ClassPlans:
    """Return the classes that the operations use, sorted by name."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    sent, received, literals = _find_reachable_classes(document, plans)
    used = sorted(sent | received)
    enums = [name for name in used if is_enum(schemas[name])]
    graph: dict[str, set[str]] = {
        name: {other for field in _get_shapes(document, name) for other in field.classes if not is_enum(schemas[other])}
        for name in used
        if name not in enums
    }
    modules: list[ModulePlan] = []
    module_of: dict[Source, Source] = {identifier(name): get_module_name(name) for name in enums}
    for group in _find_groups(graph):
        lazy = group if len(group) > 1 or group[0] in graph[group[0]] else []
        models = tuple(_build_model(document, name, sent, received, lazy) for name in group)
        modules.append(ModulePlan(get_module_name(group[0]), models))
        module_of.update({identifier(name): get_module_name(group[0]) for name in group})
    return ClassPlans(
        modules=tuple(sorted(modules, key=lambda module: module.name)),
        enums=tuple(_build_enum(name, schemas[name]) for name in enums),
        literals=tuple(
            LiteralPlan(
                identifier(name),
                Text(str(schema.get("description") or "Known values, as text.")),
                tuple(Text(value) for value in dict.fromkeys(schema["enum"])),
            )
            for name, schema in sorted(schemas.items())
            if is_literal(schema) and name in literals
        ),
        module_of=module_of,
    )


def _build_model(
    document: Document, name: str, sent: Collection[str], received: Collection[str], lazy: Collection[str]
) -> ModelPlan:
    schema = document["components"]["schemas"][name]
    return ModelPlan(
        name=identifier(name),
        description=Text(str(schema.get("description") or name)),
        fields=tuple(build_fields(document, schema, in_request=name in sent, lazy=lazy)),
        in_request=name in sent,
        only_sent=name in sent and name not in received,
        rule=build_rule_code(document, schema, lazy=lazy),
    )


def _build_enum(name: str, schema: dict[str, Any]) -> EnumPlan:
    members: dict[str, str] = {}
    for value in dict.fromkeys(schema["enum"]):
        words = "_".join(word.upper() for word in split_words(value)) or "VALUE"
        base = f"VALUE_{words}" if words[0].isdigit() else words
        base = f"{base}_" if keyword.iskeyword(base) else base
        key = next(one for one in (base, *(f"{base}_{number}" for number in range(2, 10_000))) if one not in members)
        members[key] = value
    return EnumPlan(
        name=identifier(name),
        module=get_module_name(name),
        description=Text(str(schema.get("description") or "Known values.")),
        members=tuple((identifier(key), Text(value)) for key, value in members.items()),
    )


def _get_shapes(document: Document, name: str) -> list[Shape]:
    properties = document["components"]["schemas"][name].get("properties", {})
    return [build_shape(document, child) for child in properties.values()]


def _find_reachable_classes(document: Document, plans: Iterable[OperationPlan]) -> tuple[set[str], set[str], set[str]]:
    """Return the classes used in requests, those used in responses, and the literal types."""
    sent: set[str] = set()
    received: set[str] = set()
    literals: set[str] = set()
    for plan in plans:
        fields = (*plan.path_fields, *plan.query_fields, *plan.header_fields, *plan.body_fields)
        shapes = [field.shape for field in fields] + ([plan.body_shape] if plan.body_shape else [])
        _collect_classes(document, shapes, sent, literals)
        _collect_classes(document, [result.shape for result in plan.results if result.shape], received, set())
    return sent, received, literals


def _collect_classes(document: Document, shapes: list[Shape], found: set[str], literals: set[str]) -> None:
    pending = list(shapes)
    while pending:
        shape = pending.pop()
        literals |= shape.literals
        for name in sorted(shape.classes - found):
            found.add(name)
            if not is_enum(document["components"]["schemas"][name]):
                pending += _get_shapes(document, name)


def _find_groups(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of a graph, each sorted: models that contain each other."""
    order: list[str] = []
    visited: set[str] = set()
    for root in graph:
        stack = [(root, False)]
        while stack:
            name, is_done = stack.pop()
            if is_done:
                order.append(name)
            elif name not in visited:
                visited.add(name)
                stack += [(name, True), *((other, False) for other in sorted(graph[name]) if other not in visited)]
    reverse: dict[str, set[str]] = {name: set() for name in graph}
    for name, others in graph.items():
        for other in others:
            reverse[other].add(name)
    groups: list[list[str]] = []
    assigned: set[str] = set()
    for root in reversed(order):
        if root in assigned:
            continue
        group, pending = [], [root]
        while pending:
            name = pending.pop()
            if name not in assigned:
                assigned.add(name)
                group.append(name)
                pending += reverse[name] - assigned
        groups.append(sorted(group))
    return groups
