"""`validate_value` rejects the same values as a JSON Schema validator."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sendcloud_integrations_client as sendcloud
from sendcloud_integrations_client import InvalidInputError
from sendcloud_integrations_client.runtime.validation import Rule, validate_value
from tests.support.contract_samples import build_model_schema, json_values, model_values

REQUEST_MODELS = ["IntegrationUpdate", "IntegrationLogCreate", "ShopOrderStatusesReplace", "StatusMappingReplace"]


def build_rule(name: str) -> Rule:
    rule: Rule = getattr(sendcloud.models, name).validation_rule
    return rule


def is_allowed(value: object, rule: Rule) -> bool:
    try:
        validate_value("operation", "", value, rule)
    except InvalidInputError:
        return False
    return True


def mutate(data: st.DataObject, value: Any) -> Any:
    """Return a copy in which one part is replaced, removed or repeated."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(value)))
        if data.draw(st.booleans()):
            return {key: item for key, item in value.items() if key != name}
        return {**value, name: mutate(data, value[name])}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        index = data.draw(st.integers(0, len(value) - 1))
        if data.draw(st.booleans()):
            return [*value, value[index]]
        return [*value[:index], mutate(data, value[index]), *value[index + 1 :]]
    return data.draw(json_values())


@pytest.mark.parametrize("name", REQUEST_MODELS)
@given(data=st.data())
@settings(max_examples=2 * settings().max_examples)
def test_rules_and_a_json_schema_validator_accept_the_same_values(name: str, data: st.DataObject) -> None:
    schema = build_model_schema(name)
    value = data.draw(model_values(name))
    if data.draw(st.booleans()):
        value = mutate(data, value)
    validator = jsonschema.Draft202012Validator(schema)
    # Rules also require an offset in timestamps; a JSON Schema validator does not check formats.
    if isinstance(value, dict) and isinstance(value.get("created_at"), str):
        value["created_at"] = "2023-03-01T02:02:00+01:00"
    assert is_allowed(value, build_rule(name)) == validator.is_valid(value)


@pytest.mark.parametrize(
    ("rule", "allowed", "rejected"),
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
def test_keyword_accepts_and_rejects_values(rule: Rule, allowed: list[Any], rejected: list[Any]) -> None:
    assert [value for value in allowed if not is_allowed(value, rule)] == []
    assert [value for value in rejected if is_allowed(value, rule)] == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-(2**64), str(-(2**64))),
        (-(2**64) - 1, "a longer number"),
        (-(10**5000), "a longer number"),
        (-1.5e300, "-1.5e+300"),
    ],
    ids=["zero", "65 bits", "above 65 bits", "5000 digits", "float"],
)
def test_number_in_an_error_message_is_shown_unless_it_has_more_than_64_bits(value: float, shown: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(f"must be at least 1, got {shown}.")):
        validate_value("operation", "page", value, Rule(types=("number",), minimum=1))


def test_integer_that_is_too_large_for_a_float_is_finite() -> None:
    validate_value("operation", "page", 10**400, Rule(types=("integer",), minimum=1))
