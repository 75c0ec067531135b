"""Our rules forbid what a JSON Schema validator forbids, no more and no less."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.schemas import rule_code
from sendcloud_integrations_client import InvalidInputError
from sendcloud_integrations_client.rules import Rule, check
from tests.contract_samples import document, json_values, schema_of, values_of

SENT = ["IntegrationUpdate", "IntegrationLogCreate", "ShopOrderStatusesReplace", "StatusMappingReplace"]


def rule_of(name: str) -> Rule:
    code = rule_code(document(), document()["components"]["schemas"][name])
    rule: Rule = eval(code, {"Rule": Rule})  # the code is our generator's
    return rule


def is_allowed(value: object, rule: Rule) -> bool:
    try:
        check("operation", "", value, rule)
    except InvalidInputError:
        return False
    return True


def mutated(data: st.DataObject, value: Any) -> Any:
    """`value` with one place of it replaced, dropped or repeated."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(value)))
        if data.draw(st.booleans()):
            return {key: item for key, item in value.items() if key != name}
        return {**value, name: mutated(data, value[name])}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        index = data.draw(st.integers(0, len(value) - 1))
        if data.draw(st.booleans()):
            return [*value, value[index]]
        return [*value[:index], mutated(data, value[index]), *value[index + 1 :]]
    return data.draw(json_values())


@pytest.mark.parametrize("name", SENT)
@given(data=st.data())
@settings(max_examples=60)
def test_rules_agree_with_a_schema_validator(name: str, data: st.DataObject) -> None:
    schema = schema_of(name)
    value = data.draw(values_of(schema))
    if data.draw(st.booleans()):
        value = mutated(data, value)
    validator = jsonschema.Draft202012Validator(schema)
    # Timestamps are checked for an offset besides, which a validator takes for an annotation.
    if isinstance(value, dict) and isinstance(value.get("created_at"), str):
        value["created_at"] = "2023-03-01T02:02:00+01:00"
    assert is_allowed(value, rule_of(name)) == validator.is_valid(value)


@pytest.mark.parametrize(
    ("rule", "allowed", "refused"),
    [
        (Rule(types=("integer",), minimum=1, maximum=100), [1, 100, 7.0], [0, 101, 1.5, True, "1", None]),
        (Rule(types=("number",), exclusive_minimum=0, exclusive_maximum=1), [0.5], [0, 1, float("nan"), float("inf")]),
        (Rule(types=("integer",), multiple_of=5), [0, 10], [3]),
        (Rule(types=("string",), pattern="^a+$"), ["aa"], ["b"]),
        (Rule(types=("string", "null"), enum=("a", "b")), ["a", None], ["c"]),
        (Rule(types=("array",), items=Rule(types=("string",)), unique_items=True), [["a", "b"]], [["a", "a"], [1]]),
        (Rule(types=("object",), min_properties=1, max_properties=1, closed=False), [{"a": 1}], [{}, {"a": 1, "b": 2}]),
        (Rule(types=("string",), format="date-time"), ["2023-03-01T02:02:00Z"], ["2023-03-01T02:02:00", "now"]),
    ],
)
def test_each_keyword(rule: Rule, allowed: list[Any], refused: list[Any]) -> None:
    assert [value for value in allowed if not is_allowed(value, rule)] == []
    assert [value for value in refused if is_allowed(value, rule)] == []
