"""Tests of JSON that only a lenient encoder accepts, and of JSON within text."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from sendcloud_integrations_client.sync import Redaction
from sendcloud_integrations_client.sync.redaction import encode_json
from sendcloud_integrations_client.sync.redaction.json_text import (
    MAX_DEPTH,
    TOO_DEEP,
    has_repeated_names,
    parse_json_text,
)

MARK = "[redacted]"
REDACTION = Redaction()
LARGE = 2**70  # orjson rejects integers beyond 64 bits


def nest(value: Any, levels: int, kind: type) -> Any:
    """Return a value within nested lists, or within nested objects."""
    for _ in range(levels):
        value = [value] if kind is list else {"a": value}
    return value


def measure_depth(value: Any) -> int:
    """Return the number of nested lists or objects with one item."""
    depth = 0
    while isinstance(value, (list, dict)):
        depth += 1
        value = value[0] if isinstance(value, list) else next(iter(value.values()), None)
    return depth


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1, "b": "é"}, '{"a":1,"b":"é"}'),
        ({"a": LARGE, "b": ["é", 1.5, None, True]}, '{"a":1180591620717411303424,"b":["é",1.5,null,true]}'),
        (
            {"a": LARGE, "b": [math.nan, math.inf, -math.inf, 1.5, "é", None, True, 3], "c": {"d": math.nan, "é": {}}},
            '{"a":1180591620717411303424,"b":[null,null,null,1.5,"é",null,true,3],"c":{"d":null,"é":{}}}',
        ),
        ([math.nan], "[null]"),
        ({"a": "x\ud800é\udfff"}, '{"a":"x\ufffdé\ufffd"}'),
    ],
)
def test_values_that_json_cannot_express_are_replaced(value: Any, expected: str) -> None:
    assert encode_json(value).decode() == expected


@pytest.mark.parametrize("kind", [list, dict])
def test_levels_below_the_limit_are_cut_off_if_a_value_cannot_be_encoded(kind: type) -> None:
    bottom: Any = [math.nan] if kind is list else {"a": math.nan}
    kept: Any = [None] if kind is list else {"a": None}
    cut: Any = [TOO_DEEP] if kind is list else {TOO_DEEP: None}
    for levels, expected in ((MAX_DEPTH - 2, kept), (MAX_DEPTH - 1, cut), (MAX_DEPTH, cut)):
        content = json.loads(encode_json([nest(bottom, levels, kind), LARGE]))
        assert content[1] == LARGE
        for _ in range(min(levels, MAX_DEPTH - 1)):
            content[0] = content[0][0] if kind is list else content[0]["a"]
        assert content[0] == expected


@pytest.mark.parametrize("kind", [list, dict])
def test_levels_of_a_record_below_the_limit_are_cut_off(kind: type) -> None:
    bottom: Any = ["x"] if kind is list else {"a": "x"}
    cut: Any = [TOO_DEEP] if kind is list else {TOO_DEEP: None}
    for levels, expected in ((MAX_DEPTH - 2, bottom), (MAX_DEPTH - 1, cut), (MAX_DEPTH, cut)):
        clean, content = REDACTION.redact_record([nest(bottom, levels, kind), "password=x5X"])
        assert json.loads(content) == clean
        assert clean[1] == f"password={MARK}"
        assert measure_depth(clean) == min(levels + 2, MAX_DEPTH + 1)
        for _ in range(min(levels, MAX_DEPTH - 1)):
            clean[0] = clean[0][0] if kind is list else clean[0]["a"]
        assert clean[0] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1]", [1]),
        ('"a"', "a"),
        ('\ufeff \t\r\n{"a": 1}\ufeff \t\r\n', {"a": 1}),
        (" 5", None),
        ("5", None),
        ("null", None),
        ("", None),
        ("{", None),
        ("x", None),
        ('x{"a": 1}', None),
        ("[NaN]", None),
    ],
)
def test_objects_arrays_and_strings_are_parsed(text: str, expected: Any) -> None:
    assert parse_json_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "b": 2}', False),
        ('{"a": 1, "a": 2}', True),
        ('[{"a": 1, "a": 2}, {"a": 1}]', True),
        ('\ufeff\n{"a": {"b": 1}, "b": {"b": 1}} \ufeff', False),
        ("[]", False),
        (f"[{'1' * 5000}]", True),  # Python parses integers of at most 4300 digits
        ("[" * 5000 + "]" * 5000, True),
        ("[", True),
    ],
)  # fmt: skip
def test_repeated_names_are_found(text: str, expected: bool) -> None:
    assert has_repeated_names(text) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {
            '{"a": 1, "password": "x5X", "password": null}': f'{{"a": 1, "password": "{MARK}", "password": null}}',
            '{"a":1,"a":2}': '{"a":1,"a":2}',
            '{ "token_type" : "x" }': '{ "token_type" : "x" }',
            '\ufeff{"password": "x5X"}\n': f'{{"password":"{MARK}"}}',
            '"password=x5X"': f'"password={MARK}"',
            '["Cookie", "x5X", "Accept", "x"]': f'["Cookie","{MARK}","Accept","x"]',
            f'["{"1" * 5000}", "Cookie", "x5X"]': f'["{"1" * 5000}","Cookie","{MARK}"]',
            f'{{"password": {"1" * 5000}}}': f'{{"password": {MARK}}}',
            f'{{"password": {"1" * 30}}}': f'{{"password":"{MARK}"}}',
            f'{{"a": {"1" * 5000}}}': f'{{"a": {"1" * 5000}}}',
            '{"a": "{\\"b\\": \\"{\\\\\\"password\\\\\\": 1}\\"}"}':
                f'{{"a":"{{\\"b\\":\\"{{\\\\\\"password\\\\\\":\\\\\\"{MARK}\\\\\\"}}\\"}}"}}',
        },
    ],
)  # fmt: skip
def test_json_in_text_is_redacted_by_its_structure(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes
