"""Lists and objects in the query are encoded by style and explode, as OpenAPI 3.1 shows in its table of examples."""

from __future__ import annotations

from typing import Any

import pytest

from sendcloud_integrations_client import UNSET, InvalidInputError, Operation
from sendcloud_integrations_client.runtime.query_styles import Style, build_styled_query
from sendcloud_integrations_client.runtime.validation import Rule

OPERATION = Operation("list_rows", "GET", "/rows", frozenset({200}), safe=True, idempotent=True)
COLORS = ["blue", "black", "brown"]
RGB = {"R": 100, "G": 200, "B": None}


def build(value: Any, style: Style | None = None, name: str = "color") -> str:
    styles = {} if style is None else {name: style}
    return build_styled_query(OPERATION, {name: value}, {name: Rule()}, styles)


@pytest.mark.parametrize(
    ("style", "value", "query"),
    [
        (None, "blue", "color=blue"),
        (None, "", "color="),
        (None, True, "color=true"),
        (None, COLORS, "color=blue&color=black&color=brown"),
        (None, RGB, "R=100&G=200"),
        (Style("form", explode=False), COLORS, "color=blue,black,brown"),
        (Style("form", explode=False), RGB, "color=R,100,G,200"),
        (Style("spaceDelimited", explode=False), COLORS, "color=blue%20black%20brown"),
        (Style("pipeDelimited", explode=False), COLORS, "color=blue%7Cblack%7Cbrown"),
        (Style("deepObject", explode=True), RGB, "color%5BR%5D=100&color%5BG%5D=200"),
        (Style("form", explode=False), "blue", "color=blue"),
        (Style("form", explode=True), [None, 1.5], "color=&color=1.5"),
        (Style("form", explode=True), [], ""),
        (Style("form", explode=False), [], ""),
        (Style("form", explode=False), {}, ""),
        (Style("form", explode=False), {"a": None}, ""),
        (None, "a b/c&d=e+f", "color=a%20b%2Fc%26d%3De%2Bf"),
        (Style("form", explode=False), {"a&b": "c,d"}, "color=a%26b,c%2Cd"),
        (None, {"a&b": "c"}, "a%26b=c"),
        (None, None, ""),
        (None, UNSET, ""),
    ],
)
def test_value_is_encoded_by_its_style(style: Style | None, value: Any, query: str) -> None:
    assert build(value, style) == query


def test_parameters_are_joined_in_order_without_missing_ones() -> None:
    values = {"a": 1, "b": None, "c d": [2, 3], "e": UNSET, "f": "g"}
    assert build_styled_query(OPERATION, values, dict.fromkeys(values, Rule()), {}) == "a=1&c%20d=2&c%20d=3&f=g"


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ([[1]], "must not contain lists or objects in a list or an object"),
        ([{}], "must not contain lists or objects in a list or an object"),
        ({"a": [1]}, "must not contain lists or objects in a list or an object"),
        ("\ud800", "must not contain lone surrogates"),
        (["\ud800"], "must not contain lone surrogates"),
    ],
)
def test_value_that_cannot_be_encoded_raises(value: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build(value)
    assert (caught.value.operation, caught.value.field, caught.value.rule) == ("list_rows", "color", rule)


def test_value_that_violates_its_rule_raises() -> None:
    with pytest.raises(InvalidInputError, match="Invalid argument page for list_rows: must be at least 1, got 0"):
        build_styled_query(OPERATION, {"page": 0}, {"page": Rule(minimum=1)}, {})
