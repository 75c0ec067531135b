"""Arguments of endpoint functions become a path, a query and a body, or an `InvalidInputError`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import UNSET, IntegrationUpdate, InvalidInputError, Language
from sendcloud_integrations_client.runtime.arguments import (
    build_body,
    build_headers,
    build_json_body,
    build_path,
    build_query,
    to_entries,
    to_text,
)
from sendcloud_integrations_client.runtime.operations import Operation
from sendcloud_integrations_client.runtime.query_styles import build_styled_query
from sendcloud_integrations_client.runtime.validation import Rule

OPERATION = Operation("any", "POST", "/integrations/{id}/logs", frozenset({200}), safe=False, idempotent=False)
ANY = Rule()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text not in {".", ".."}))
def test_path_parameter_is_percent_encoded_into_one_segment(value: str) -> None:
    path = build_path(OPERATION, {"id": value}, {"id": ANY})
    assert path.startswith("/integrations/")
    assert path.endswith("/logs")
    segment = path.removeprefix("/integrations/").removesuffix("/logs")
    assert "/" not in segment
    assert unquote(segment) == value


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_path_parameter_that_would_change_the_path_raises(value: str) -> None:
    with pytest.raises(InvalidInputError, match="Invalid argument id for any: must not be empty"):
        build_path(OPERATION, {"id": value}, {"id": ANY})


def test_path_parameter_that_violates_its_rule_raises() -> None:
    with pytest.raises(InvalidInputError, match="Invalid argument id for any: must be at least 1, got 0"):
        build_path(OPERATION, {"id": 0}, {"id": Rule(types=("integer",), minimum=1)})


def test_errors_name_the_argument_if_its_name_differs_from_the_document() -> None:
    names, number = {"X-Id": "x_id"}, {"X-Id": Rule(types=("integer",))}
    operation = Operation("any", "POST", "/logs/{X-Id}", frozenset({200}), safe=False, idempotent=False)
    for build in (build_path, build_query, build_headers):
        with pytest.raises(InvalidInputError, match="Invalid argument x_id for any: must be an integer, not str"):
            build(operation, {"X-Id": "x"}, number, names)
        with pytest.raises(InvalidInputError, match="Invalid argument x_id for any: must "):
            build(operation, {"X-Id": "\ud800"}, {"X-Id": ANY}, names)
    with pytest.raises(InvalidInputError, match="Invalid argument x_id for any: must not be empty"):
        build_path(operation, {"X-Id": ""}, {"X-Id": ANY}, names)
    with pytest.raises(InvalidInputError, match="Invalid argument x_id for any: must not contain lists"):
        build_styled_query(operation, {"X-Id": [[1]]}, {"X-Id": ANY}, {}, names)
    items = Rule(properties={"X-Id": Rule(items=Rule(properties={"X-Id": Rule(types=("integer",))}))})
    with pytest.raises(InvalidInputError, match=r"Invalid argument x_id\[0\]\.X-Id for any: must be an integer"):
        build_body(operation, None, {"X-Id": [{"X-Id": "x"}]}, items, names)
    assert build_body(operation, None, {"X-Id": [{"X-Id": 1}]}, items, names) == {"X-Id": [{"X-Id": 1}]}
    with pytest.raises(InvalidInputError, match="Invalid argument X-Idle for any"):
        build_body(operation, None, {"X-Idle": 1}, Rule(closed=True), names)


def test_whole_float_is_the_text_of_an_integer() -> None:
    rule = Rule(types=("integer",))
    assert build_path(OPERATION, {"id": 7.0}, {"id": rule}) == "/integrations/7/logs"
    assert build_query(OPERATION, {"page": 7.0}, {"page": rule}) == {"page": "7"}
    assert build_headers(OPERATION, {"x-page": 7.0}, {"x-page": rule}) == {"x-page": "7"}
    assert build_query(OPERATION, {"weight": 7.0}, {"weight": Rule(types=("number",))}) == {"weight": "7.0"}


def test_query_contains_text_without_none_and_unset() -> None:
    values: dict[str, Any] = {
        "text": "a b",
        "number": 5,
        "flag": True,
        "list": [1, False, "x"],
        "language": Language.EN_GB,
        "since": datetime(2023, 3, 1, tzinfo=UTC),
        "none": None,
        "unset": UNSET,
    }
    assert build_query(OPERATION, values, dict.fromkeys(values, ANY)) == {
        "text": "a b",
        "number": "5",
        "flag": "true",
        "list": "1,false,x",
        "language": "en-gb",
        "since": "2023-03-01T00:00:00Z",
    }


def test_query_parameter_that_violates_its_rule_raises() -> None:
    with pytest.raises(InvalidInputError, match="Invalid argument page_size for any: must be at most 100, got 101"):
        build_query(OPERATION, {"page_size": 101}, {"page_size": Rule(maximum=100)})


def test_body_is_built_from_fields_or_from_a_model() -> None:
    fields = {"shop_name": "x", "webhook_url": None, "feedback_type": UNSET}
    expected = {"shop_name": "x", "webhook_url": None}
    assert build_body(OPERATION, None, fields, ANY) == expected
    assert build_body(OPERATION, IntegrationUpdate(shop_name="x", webhook_url=None), {}, ANY) == expected


def test_body_as_model_and_fields_raises_type_error() -> None:
    with pytest.raises(TypeError, match="as a model or as keyword arguments, not both"):
        build_body(OPERATION, IntegrationUpdate(shop_name="x"), {"shop_name": "y"}, ANY)
    with pytest.raises(TypeError, match="takes a model as its body, not dict"):
        build_body(OPERATION, {"shop_name": "x"}, {}, ANY)


def test_body_that_violates_its_rule_raises() -> None:
    with pytest.raises(InvalidInputError, match="Invalid argument body for any: must have at least 1 field, got 0"):
        build_body(OPERATION, None, {}, Rule(min_properties=1))


def test_mapping_becomes_a_list_of_entries() -> None:
    assert to_entries({Language.EN_GB: 1, "nl-nl": None}, "language", "status") == [
        {"language": "en-gb", "status": 1},
        {"language": "nl-nl", "status": None},
    ]
    assert to_entries([{"language": "en-gb"}], "language", "status") == [{"language": "en-gb"}]
    assert to_entries("text", "language", "status") == "text"


@pytest.mark.parametrize("value", ["é", "a\x00b", "a\nb", " a", "a ", "\t"])
def test_text_that_cannot_be_a_header_raises(value: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build_headers(OPERATION, {"x-name": value}, {"x-name": ANY})
    assert (caught.value.operation, caught.value.field) == ("any", "x-name")
    assert caught.value.rule == "must be printable ASCII without spaces at its ends"


def test_headers_contain_text_without_none_and_unset() -> None:
    values = {"x-none": None, "x-unset": UNSET, "x-empty": "", "x-flag": True, "x-name": "a b"}
    expected = {"x-empty": "", "x-flag": "true", "x-name": "a b"}
    assert build_headers(OPERATION, values, dict.fromkeys(values, ANY)) == expected
    with pytest.raises(InvalidInputError, match="Invalid argument x-page for any: must be at least 1, got 0"):
        build_headers(OPERATION, {"x-page": 0}, {"x-page": Rule(minimum=1)})


@pytest.mark.parametrize(
    ("value", "segment"), [("7", "7"), (7, "7"), ("٣", "%D9%A3"), ("a/b", "a%2Fb"), ("...", "..."), (False, "false")]
)
def test_path_parameter_is_one_segment(value: object, segment: str) -> None:
    assert build_path(OPERATION, {"id": value}, {"id": ANY}) == f"/integrations/{segment}/logs"


def test_lone_surrogates_raise() -> None:
    for build in (build_path, build_query):
        with pytest.raises(InvalidInputError) as caught:
            build(OPERATION, {"id": "\ud800"}, {"id": ANY})
        assert (caught.value.field, caught.value.rule) == ("id", "must not contain lone surrogates")


def test_json_body_is_any_value_except_none() -> None:
    assert build_json_body(OPERATION, UNSET, ANY) is None
    assert build_json_body(OPERATION, [Language.EN_GB, 1.5], ANY) == ["en-gb", 1.5]
    with pytest.raises(InvalidInputError) as caught:
        build_json_body(OPERATION, None, ANY)
    assert (caught.value.field, caught.value.rule) == ("body", "must not be None")
    with pytest.raises(InvalidInputError, match="Invalid argument body for any: must be text, not list"):
        build_json_body(OPERATION, [], Rule(types=("string",)))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_number_that_json_cannot_express_raises(number: float) -> None:
    for body in ([number], {"a": [1, {"b": number}]}, [{"a": number}, 1.0]):
        with pytest.raises(InvalidInputError) as caught:
            build_json_body(OPERATION, body, ANY)
        assert (caught.value.field, caught.value.rule) == ("body", "must not contain NaN or infinite numbers")
    with pytest.raises(InvalidInputError, match="must not contain NaN or infinite numbers"):
        build_body(OPERATION, None, {"a": {"b": [number]}}, ANY)


def test_body_that_contains_itself_raises() -> None:
    body: list[Any] = []
    body.append(body)
    for build in (lambda: build_json_body(OPERATION, body, ANY), lambda: build_body(OPERATION, None, {"a": body}, ANY)):
        with pytest.raises(InvalidInputError) as caught:
            build()
        assert caught.value.rule == "must not contain itself or be nested too deeply"


def test_lists_and_objects_are_joined_with_commas() -> None:
    assert to_text([1, [True, None], {"a": 2.5, "b": [False]}]) == "1,true,None,a,2.5,b,false"


def test_only_whole_floats_of_integer_parameters_are_written_as_integers() -> None:
    rule = Rule(types=("integer", "number"))
    assert build_query(OPERATION, {"a": 7.5, "b": 7.0}, {"a": rule, "b": rule}) == {"a": "7.5", "b": "7"}
    assert build_query(OPERATION, {"a": 7.0, "b": "7.0"}, {"a": ANY, "b": ANY}) == {"a": "7.0", "b": "7.0"}
