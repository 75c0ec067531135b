"""Sample values for the schemas of a normalized document: examples that are valid, otherwise values by type."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import jsonschema_rs
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from generator.normalization import LOCATION
from generator.shapes import get_types
from generator.structure import Document, Schema, resolve

__all__ = ["NoSampleError", "SampleValues"]

_FORMATS: Final = {
    "date-time": "2024-05-06T07:08:09Z",
    "date": "2024-05-06",
    "time": "07:08:09Z",
    "uuid": "6f1fae0d-1c3b-4cc0-bf50-7f0c0f2f6f7e",
    # As the URL of a next page has one: each parameter that selects a page.
    "uri": "https://example.test/path?cursor=abc&after=abc&page=2",
    "url": "https://example.test/path?cursor=abc&after=abc&page=2",
    "email": "name@example.test",
    "ipv4": "192.0.2.1",
    "hostname": "example.test",
    "byte": "AAEC",
}
_COMBINATIONS: Final = ("anyOf", "oneOf")
_MAX_DEPTH: Final = 14
_MAX_ALTERNATIVES: Final = 12
_SEARCH: Final = settings(database=None, derandomize=True, max_examples=50, deadline=None, phases=[Phase.generate])


class NoSampleError(Exception):
    """Raised if no valid value of a schema was found."""


class SampleValues:
    """Builds values that are valid by the schemas of a document.

    Args:
        document: Document from `generator.normalization.normalize`.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        # By identity; the schemas are kept, so that no other object gets the same identity.
        self._validators: dict[int, tuple[Schema, Any]] = {}
        self._built: dict[tuple[int, str], tuple[Schema, Any]] = {}

    def build(self, schema: Schema, *, flag: str) -> Any:
        """Return a valid value of a schema with all of its properties.

        Args:
            schema: The schema.
            flag: Keyword of properties that are omitted: `readOnly` in requests, `writeOnly` in responses.

        Raises:
            NoSampleError: No valid value was found.
        """
        for value in self._iterate_values(schema, flag, ()):
            # A required read-only field is missing in requests, and a required write-only one in responses.
            if flag == "readOnly" or self.is_valid(schema, value) or self._requires(schema, flag):
                return value
        raise NoSampleError("no valid sample of a schema was found")

    def _requires(self, schema: Schema, flag: str) -> bool:
        """Return whether a property with a flag is required."""
        return any(
            resolve(self._document, child).get(flag) or child.get(flag)
            for alternative, _ in self._expand(schema, ())
            for name, child in alternative.get("properties", {}).items()
            if name in alternative.get("required", ()) and isinstance(child, dict)
        )

    def is_valid(self, schema: Schema, value: Any) -> bool:
        """Return whether a value is valid by a schema."""
        known = self._validators.get(id(schema))
        if known is None:
            rooted = {**schema, "components": self._document["components"]}
            known = self._validators[id(schema)] = (schema, jsonschema_rs.Draft202012Validator(rooted))
        return bool(known[1].is_valid(value))

    def _iterate_values(self, schema: Any, flag: str, stack: tuple[str, ...]) -> Iterator[Any]:
        """Yield candidates, the most complete ones first."""
        if not isinstance(schema, dict):
            yield None
            return
        alternatives = list(self._expand(schema, stack))
        for alternative, _ in alternatives:
            yield from (value for value in _iterate_examples(alternative) if self.is_valid(schema, value))
        for is_complete in (True, False):
            for alternative, inner in alternatives:
                for name in get_types(alternative) or ("string",):
                    yield from self._iterate_typed(name, alternative, flag, inner, is_complete=is_complete)

    def _expand(self, schema: Any, stack: tuple[str, ...]) -> Iterator[tuple[Schema, tuple[str, ...]]]:
        """Yield the schemas without references and combinations that a schema allows, with the references in them."""
        if not isinstance(schema, dict) or len(stack) > _MAX_DEPTH:
            return
        if "$ref" in schema:
            stack = (*stack, schema["$ref"])
            rest = {name: child for name, child in schema.items() if name not in {"$ref", LOCATION}}
            schema = {"allOf": [resolve(self._document, schema), rest]} if rest else resolve(self._document, schema)
        own = {name: child for name, child in schema.items() if name not in {*_COMBINATIONS, "allOf"}}
        found = [(own, stack)]
        for part in schema.get("allOf", ()):
            found = self._combine(found, [part])
        for keyword in _COMBINATIONS:
            if keyword in schema:
                found = self._combine(found, schema[keyword])
        yield from found

    def _combine(
        self, found: list[tuple[Schema, tuple[str, ...]]], options: Iterable[Any]
    ) -> list[tuple[Schema, tuple[str, ...]]]:
        combined = [
            (_merge(one, other), inner)
            for one, stack in found
            for option in options
            for other, inner in self._expand(option, stack)
        ]
        return combined[:_MAX_ALTERNATIVES]

    def _build_valid(self, schema: Schema, flag: str, stack: tuple[str, ...]) -> Any:
        known = self._built.get((id(schema), flag))
        if known is None:
            values = list(itertools.islice(self._iterate_values(schema, flag, stack), _MAX_ALTERNATIVES))
            value = next((value for value in values if self.is_valid(schema, value)), values[0] if values else None)
            known = self._built[id(schema), flag] = (schema, value)
        return copy.deepcopy(known[1])

    def _iterate_typed(
        self, name: str, schema: Schema, flag: str, stack: tuple[str, ...], *, is_complete: bool
    ) -> Iterator[Any]:
        match name:
            case "object":
                yield self._build_object(schema, flag, stack, is_complete=is_complete)
            case "array":
                yield self._build_array(schema, flag, stack)
            case "string":
                yield from _iterate_texts(schema)
            case "integer" | "number":
                yield from _iterate_numbers(schema, is_integer=name == "integer")
            case "boolean":
                yield True
            case _:
                yield None

    def _build_object(self, schema: Schema, flag: str, stack: tuple[str, ...], *, is_complete: bool) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        required = schema.get("required", ())
        built: dict[str, Any] = {}
        for name, child in properties.items():
            if not isinstance(child, dict) or resolve(self._document, child).get(flag) or child.get(flag):
                continue
            is_recursive = str(child.get("$ref", "-")) in stack or len(stack) > _MAX_DEPTH // 2
            if name in required or (is_complete and not is_recursive):
                value = self._build_valid(child, flag, stack)
                if name in required or self.is_valid(child, value):
                    built[name] = value
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and not properties:
            built["key"] = self._build_valid(extra, flag, stack)
        return built | {name: "text" for name in required if name not in properties}

    def _build_array(self, schema: Schema, flag: str, stack: tuple[str, ...]) -> list[Any]:
        items = schema.get("items", {})
        usual = 1 if schema.get("uniqueItems") else 2
        count = min(max(schema.get("minItems", usual), usual), schema.get("maxItems", 1000))
        first = self._build_valid(items, flag, stack) if isinstance(items, dict) else None
        if schema.get("uniqueItems") and count > 1 and isinstance(items, dict):
            return list(resolve(self._document, items).get("enum", [first]))[:count]
        return [first] * count


def _merge(one: Schema, other: Schema) -> Schema:
    """Return a schema that allows what both allow, as far as sample values need it."""
    merged = {**one, **other}
    types = [name for name in get_types(one) if name in get_types(other)]
    if types:
        merged["type"] = types
    if "required" in merged:
        merged["required"] = [*one.get("required", ()), *other.get("required", ())]
    properties, others = one.get("properties", {}), other.get("properties", {})
    if properties or others:
        shared = {name: {"allOf": [properties[name], others[name]]} for name in properties if name in others}
        merged["properties"] = {**properties, **others, **shared}
    return merged


def _iterate_examples(schema: Schema) -> Iterator[Any]:
    if "example" in schema:
        yield schema["example"]
    examples = schema.get("examples")
    yield from examples if isinstance(examples, list) else ()
    yield from schema.get("enum", ())
    if schema.get("default") is not None:
        yield schema["default"]


def _iterate_texts(schema: Schema) -> Iterator[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    if "pattern" in schema:
        try:
            strategy: st.SearchStrategy[str] = st.from_regex(str(schema["pattern"]))
            strategy = strategy.filter(lambda text: least <= len(text) <= most)
            yield find(strategy.filter(str.isprintable), bool, settings=_SEARCH)
        except HypothesisException:
            return
    text = _FORMATS.get(str(schema.get("format")), "text")
    text = text if len(text) >= least else text + "x" * (least - len(text))
    yield text if len(text) <= most else text[: int(most)]


def _iterate_numbers(schema: Schema, *, is_integer: bool) -> Iterator[float]:
    step = schema.get("multipleOf", 1)
    low, high = schema.get("minimum"), schema.get("maximum")
    low = schema["exclusiveMinimum"] + step if "exclusiveMinimum" in schema else low
    high = schema["exclusiveMaximum"] - step if "exclusiveMaximum" in schema else high
    for start in (low, high, step):
        if start is not None:
            value = math.ceil(start / step) * step if start != high else math.floor(start / step) * step
            yield int(value) if is_integer or value == int(value) else value
            yield start
