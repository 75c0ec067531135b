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
from sendcloud_integrations_client.runtime.validation import Rule, RuleReference, RuleUnion, validate_value
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


TEXT = Rule(types=("string",))
CARD = Rule(
    types=("object",), required=("kind",), properties={"kind": Rule(enum=("card",)), "number": Rule(types=("integer",))}
)
BANK = Rule(
    types=("object",), properties={"kind": Rule(enum=("bank",)), "iban": TEXT, "country": Rule(enum=("NL", "DE"))}
)
TREE = Rule(types=("object",), properties={"children": Rule(types=("array",), items=RuleReference(lambda: TREE))})


@pytest.mark.parametrize(
    ("rule", "value", "field", "message"),
    [
        (Rule(types=("integer",)), True, "x", "must be an integer, not bool"),
        (Rule(types=("integer",)), 1.5, "x", "must be an integer, not float"),
        (Rule(types=("boolean",)), 1, "x", "must be true or false, not int"),
        (Rule(types=("number", "null")), [], "x", "must be a number or None, not list"),
        (Rule(types=("array",)), {}, "x", "must be a list, not dict"),
        (Rule(types=("object",)), [], "x", "must be an object, not list"),
        (TEXT, None, "x", "must be text, not NoneType"),
        (Rule(enum=("a", "b")), "c", "x", "must be one of a, b"),
        (Rule(enum=("a",)), "b", "x", "must be a"),
        (Rule(min_length=1), "", "x", "must have at least 1 character, got 0"),
        (Rule(min_length=2), "a", "x", "must have at least 2 characters, got 1"),
        (Rule(max_length=1), "ab", "x", "must have at most 1 character, got 2"),
        (Rule(max_length=0), "a", "x", "must have at most 0 characters, got 1"),
        (Rule(pattern="^a+$"), "b", "x", "must match the pattern ^a+$"),
        (Rule(format="date-time"), "2023-03-01", "x", "must be a timestamp with a UTC offset (RFC 3339)"),
        (Rule(format="date"), "20230301", "x", "must be a date (RFC 3339)"),
        (Rule(format="date"), "2023-02-30", "x", "must be a date (RFC 3339)"),
        (Rule(format="uuid"), "12345678123456781234567812345678", "x", "must be a UUID"),
        (Rule(format="uuid"), "soon", "x", "must be a UUID"),
        (Rule(), float("nan"), "x", "must be finite, got nan"),
        (Rule(), float("-inf"), "x", "must be finite, got -inf"),
        (Rule(minimum=0), -1, "x", "must be at least 0, got -1"),
        (Rule(maximum=0), 1, "x", "must be at most 0, got 1"),
        (Rule(exclusive_minimum=0), 0, "x", "must be greater than 0, got 0"),
        (Rule(exclusive_maximum=0), 0, "x", "must be less than 0, got 0"),
        (Rule(multiple_of=5), 7, "x", "must be a multiple of 5, got 7"),
        (Rule(min_items=1), [], "x", "must have at least 1 item, got 0"),
        (Rule(max_items=2), [1, 2, 3], "x", "must have at most 2 items, got 3"),
        (Rule(items=TEXT), ["a", 1, 2], "x[1]", "must be text, not int"),
        (Rule(unique_items=True), [1, 2, 1, 2], "x", "must not repeat an item, but items 0 and 2 are equal"),
        (
            Rule(unique_items=True),
            [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
            "x",
            "must not repeat an item, but items 0 and 1 are equal",
        ),
        (Rule(required=("a", "b")), {"a": 1}, "x.b", "is required"),
        (Rule(min_properties=2), {"a": 1}, "x", "must have at least 2 fields, got 1"),
        (Rule(max_properties=1), {"a": 1, "b": 1}, "x", "must have at most 1 field, got 2"),
        (Rule(properties={"a": TEXT, "b": TEXT}), {"c": 1, "a": "", "b": 1}, "x.b", "must be text, not int"),
        (Rule(properties={"a": Rule()}, additional=TEXT), {"a": 1, "b": "", "c": 1}, "x.c", "must be text, not int"),
        (
            Rule(properties={"a": Rule()}, closed=True),
            {"a": 1, "b": 1},
            "x.b",
            "is not a field of the OpenAPI document",
        ),
        (RuleUnion(options=()), 1, "x", "has no allowed type"),
        (RuleUnion(options=(TEXT, Rule(types=("integer",)))), [], "x", "must be text, not list"),
        (RuleUnion(options=(TEXT, Rule(types=("array",), items=TEXT))), ["a", 1], "x[1]", "must be text, not int"),
        (RuleUnion(options=(BANK, CARD)), {"kind": "card", "number": "a"}, "x.number", "must be an integer, not str"),
        (RuleUnion(options=(CARD, BANK)), {"kind": "bank", "iban": 7}, "x.iban", "must be text, not int"),
        (RuleUnion(options=(CARD, BANK)), {"kind": "bank", "country": "FR"}, "x.country", "must be one of NL, DE"),
        (RuleUnion(options=(CARD, BANK)), {"kind": "cash"}, "x.kind", "must be card"),
        (RuleUnion(options=(CARD, BANK)), {"iban": 7}, "x.kind", "is required"),
        (
            RuleUnion(options=(TEXT, RuleReference(lambda: CARD))),
            {"kind": "card", "number": ""},
            "x.number",
            "must be an integer, not str",
        ),
        (
            RuleReference(lambda: TREE),
            {"children": [{}, {"children": [{"children": 1}]}]},
            "x.children[1].children[0].children",
            "must be a list, not int",
        ),
    ],
)
def test_error_names_the_field_and_the_rule(rule: Rule, value: object, field: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        validate_value("operation", "x", value, rule)
    assert (caught.value.operation, caught.value.field, caught.value.rule) == ("operation", field, message)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (Rule(types=("boolean",)), False),
        (Rule(types=("integer",)), -7.0),
        (Rule(types=("number",)), 7),
        (Rule(types=("array", "object")), {}),
        (Rule(enum=("a",)), None),  # the type says whether null is allowed
        (Rule(enum=(1, 2)), 2),
        (Rule(minimum=2, multiple_of=3), True),  # keywords of numbers do not apply to true and false
        (Rule(min_length=2, max_length=2), "ab"),
        (Rule(pattern="b"), "abc"),
        (Rule(format="date"), "2023-02-28"),
        (Rule(format="uuid"), "ABCDEF78-1234-5678-1234-567812345678"),
        (Rule(format="date-time"), "2023-03-01T02:02:00+01:00"),
        (Rule(minimum=-1, maximum=-1), -1),
        (Rule(exclusive_minimum=0, exclusive_maximum=2), 1),
        (Rule(multiple_of=0.5), 1.5),
        (Rule(min_items=2, max_items=2, items=TEXT), ["a", "b"]),
        (Rule(unique_items=True), [1, "1", [1]]),
        (Rule(), [1, 1]),
        (Rule(min_properties=1, max_properties=1, required=("a",)), {"a": None}),
        (Rule(properties={"a": TEXT}), {"a": "", "b": 1}),
        (Rule(properties={"a": TEXT}, additional=Rule(), closed=True), {"a": "", "b": 1}),
        (RuleUnion(options=(TEXT, Rule(types=("integer",)))), 1),
        (RuleUnion(options=(BANK, CARD)), {"kind": "card", "number": 7}),
        (RuleReference(lambda: TREE), {"children": [{"children": []}]}),
        (TEXT.or_none(), None),
        (TEXT.or_none(), ""),
    ],
)
def test_value_at_the_limits_of_a_rule_is_valid(rule: Rule, value: object) -> None:
    validate_value("operation", "x", value, rule)


@pytest.mark.parametrize(
    ("value", "field"), [([], "body"), ({}, "a"), ({"a": 1}, "b"), ({"a": 1, "b": 1, "c": 1}, "c")]
)
def test_field_of_a_whole_body_has_no_prefix(value: object, field: str) -> None:
    rule = Rule(types=("object",), required=("a", "b"), properties={"a": Rule(), "b": Rule()}, closed=True)
    with pytest.raises(InvalidInputError) as caught:
        validate_value("operation", "", value, rule)
    assert caught.value.field == field
