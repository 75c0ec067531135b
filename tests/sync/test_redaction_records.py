"""Tests of the redaction of parsed JSON by its structure, and of the options of `Redaction`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sendcloud_integrations_client.sync import DEFAULT_FIELDS, DEFAULT_HEADERS, Redaction, SecretPattern
from sendcloud_integrations_client.sync.redaction.personal_data import redact_personal_data
from sendcloud_integrations_client.sync.redaction.tables import COLUMN_LISTS

MARK = "[redacted]"
REDACTION = Redaction()
WITH_PERSONAL_DATA = Redaction(personal_data=True)
RANDOM = "a8Fk29dLq0Zx81mPs7"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"pin": 0, "pw": 1.5, "sig": True, "pass": [], "otp": {}, "cvv": "", "iban": [1], "mdp": {"a": 1},
             "jwt": "null", "psw": None},
            {"pin": MARK, "pw": MARK, "sig": True, "pass": [], "otp": {}, "cvv": "", "iban": MARK, "mdp": MARK,
             "jwt": "null", "psw": None},
        ),
        ({"name": "pin", "value": "x"}, {"name": "pin", "value": MARK}),
        ({"value": "x", "name": "pin"}, {"value": MARK, "name": "pin"}),
        ({"name": "pin", "data": "x"}, {"name": "pin", "data": MARK}),
        ({"id": "pin", "value": "x"}, {"id": "pin", "value": MARK}),
        ({"id": "pin", "data": "x"}, {"id": "pin", "data": "x"}),
        ({"id": "pin", "name": "pin", "data": "x"}, {"id": "pin", "name": "pin", "data": MARK}),
        (
            {"name": "pin", "value": None, "val": ["x"], "data": {}, "page": 5},
            {"name": "pin", "value": None, "val": MARK, "data": {}, "page": 5},
        ),
        ({"name": "age", "value": "x", "pin": 1}, {"name": "age", "value": "x", "pin": MARK}),
        ({"name": ["pin"], "value": "x"}, {"name": ["pin"], "value": "x"}),
        ({"value": "pin", "name": "x"}, {"value": "pin", "name": "x"}),
        ({"page": "pin", "value": "x"}, {"page": "pin", "value": "x"}),
        ({"name": "the, pin", "value": "x"}, {"name": "the, pin", "value": "x"}),
        ({"name": f"{'x' * 95} pin", "value": "x"}, {"name": f"{'x' * 95} pin", "value": MARK}),
        ({"name": f"{'x' * 97} pin", "value": "x"}, {"name": f"{'x' * 97} pin", "value": "x"}),
        (
            {"auth": ["bob", "x"], "login": ["bob", "x"], "a": {"auth": {"a": "bob:x"}}},
            {"auth": MARK, "login": ["bob", "x"], "a": {"auth": {"a": "bob:x"}}},
        ),
        ({"Auth": "bob:x", "login": "bob:x"}, {"Auth": MARK, "login": "bob:x"}),
        ({"auth": "Ym9iOng=", "login": "Ym9iOng="}, {"auth": MARK, "login": "Ym9iOng="}),
        ({"key": RANDOM, "sort_key": RANDOM, "state": RANDOM}, {"key": MARK, "sort_key": RANDOM, "state": MARK}),
        ({"key": RANDOM[:15], "pin": 1}, {"key": RANDOM[:15], "pin": MARK}),
        (["Cookie", "x", "Cookie"], ["Cookie", MARK, "Cookie"]),
        (["Cookie", "Cookie", "x"], ["Cookie", MARK, "x"]),
        (["Cookie", ["x"], "y"], ["Cookie", MARK, "y"]),
        (["Cookie", None, "x"], ["Cookie", None, "x"]),
        ([5, "pin", 5, {"a": ["pin", {"b": 1}]}], [5, "pin", MARK, {"a": ["pin", MARK]}]),
        (["the pin", "x", "the, pin", "x"], ["the pin", MARK, "the, pin", "x"]),
        (["pin=x", "y"], [f"pin={MARK}", "y"]),
        ([f"pin={MARK}", "y"], [f"pin={MARK}", "y"]),
        (
            {"columns": ["a", "pin"], "rows": [[1, "x"], [2, None]], "other": [[3, "y"]], "bad": [[1, "x"], [2]],
             "empty": [], "n": 5, "mixed": [[1, "x"], 5]},
            {"columns": ["a", "pin"], "rows": [[1, MARK], [2, None]], "other": [[3, MARK]], "bad": [[1, "x"], [2]],
             "empty": [], "n": 5, "mixed": [[1, "x"], 5]},
        ),
        (
            {"columns": [{"field": "pin"}, {"name": "a"}, 5, None, "pw"], "rows": [[1, 2, 3, 4, 5]]},
            {"columns": [{"field": "pin"}, {"name": "a"}, 5, None, "pw"], "rows": [[MARK, 2, 3, 4, MARK]]},
        ),
        (
            {"fields": ["a"], "header": ["pin"], "cols": ["b"], "rows": [[1]]},
            {"fields": ["a"], "header": ["pin"], "cols": ["b"], "rows": [[MARK]]},
        ),
        ({"fields": {"pin": 1}, "rows": [[1]]}, {"fields": {"pin": MARK}, "rows": [[1]]}),
        ({"columnses": ["a", "pin"], "rows": [[1, 2]]}, {"columnses": ["a", "pin"], "rows": [[1, 2]]}),
        (
            {f"{'x' * 200}&pin=x": f"{'y' * 200}&pin=x", "pin=x": "pin=x"},
            {f"{'x' * 200}&pin={MARK}": f"{'y' * 200}&pin={MARK}", f"pin={MARK}": MARK},
        ),
    ],
)  # fmt: skip
def test_secrets_are_found_by_the_structure_of_a_record(record: Any, expected: Any) -> None:
    clean, content = REDACTION.redact_record(record)
    assert clean == expected
    assert json.loads(content) == expected
    assert json.loads(REDACTION.redact_text(json.dumps(record))) == expected


@pytest.mark.parametrize("name", sorted(COLUMN_LISTS))
def test_each_list_of_columns_is_used(name: str) -> None:
    record = {key: ["a"] for key in COLUMN_LISTS} | {name: ["pin"], "rows": [["x"]]}
    assert REDACTION.redact_record(record)[0] == record | {"rows": [[MARK]]}


def test_a_name_can_be_both_a_header_and_a_field() -> None:
    redaction = Redaction(headers=["X-Shop"], fields=["X-Shop"])
    assert redaction.redact_text("X-Shop: a") == f"X-Shop: {MARK}"
    assert redaction.redact_record({"X-Shop": "a"})[0] == {"X-Shop": MARK}


def test_repr_shows_only_options_that_are_not_default() -> None:
    assert repr(Redaction()) == "Redaction()"
    assert repr(Redaction(personal_data=True, marker="*")) == "Redaction(marker='*', personal_data=True)"
    names = Redaction(fields=["a"], headers=DEFAULT_HEADERS, patterns=[])
    assert repr(names) == "Redaction(fields=frozenset({'a'}), patterns=())"


def test_options_select_names_and_shapes() -> None:
    acme = SecretPattern("ACME key", "acme_", r"[0-9]{4}")
    dashed = SecretPattern("dashed key", "-AB-", r"[0-9]{4}")
    other = SecretPattern("other ACME key", "acme_", r"[A-Z]{4}")
    redaction = Redaction(headers=["X-Shop"], fields=["colour", "ßé"], patterns=[acme, dashed, other], marker="#")
    changes = {
        "colour=red&password=x": "colour=#&password=x",
        "c-o.l_o[u]r: red": "c-o.l_o[u]r: #",
        "COLOUR=red": "COLOUR=#",
        "X-Shop: a b; c": "X-Shop: #",
        "ßÉ=a": "ßÉ=#",
        "acme_1234, acme_ABCD, acme_12, xacme_1234, x-acme_1234": "#, #, acme_12, xacme_1234, x-#",
        "x-AB-1234 \\nacme_1234 \\xacme_1234": "x# \\n# \\xacme_1234",
        "ACME_1234": "ACME_1234",
    }
    assert {text: redaction.redact_text(text) for text in changes} == changes
    assert {text: redaction.redact_record({"a": text})[0]["a"] for text in changes} == changes


@pytest.mark.parametrize(
    ("prefix", "is_valid"), [("ab", True), ("1ab-", True), ("a", False), ("a1b", False), ("", False)]
)
def test_prefixes_of_patterns_need_two_consecutive_letters(prefix: str, is_valid: bool) -> None:
    if is_valid:
        assert Redaction(patterns=[SecretPattern("x", prefix, "[0-9]{4}")]).redact_text(f"{prefix}1234") == MARK
    else:
        with pytest.raises(ValueError, match="must contain two consecutive letters"):
            SecretPattern("x", prefix, "[0-9]{4}")


def test_pem_blocks_end_at_their_last_line() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"
    certificate = "-----BEGIN CERTIFICATE-----\nabc"
    changes = {
        f"a {key}\nb {key} c": f"a {MARK}\nb {MARK} c",
        f"a {key}\n{certificate}": f"a {MARK}\n{MARK}",
        "-----BEGIN MESSAGE-----\nabc": "-----BEGIN MESSAGE-----\nabc",
    }
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


def test_personal_data_has_enough_digits() -> None:
    texts = {
        "+31612345": "#",  # 8 digits
        "+3161234": "+3161234",
        "+123456789012345": "#",
        "+1234567890123456": "+1234567890123456",
        "(+31)612345678": "#",
        "0031612345678": "#",
        "00316123456": "#",  # 11 digits
        "0031612345": "0031612345",
        "001234567890123": "#",  # 15 digits
        "0012345678901234": "0012345678901234",
        "0000316123456": "0000316123456",
        "06 1234567": "#",  # 9 digits
        "06 123456": "06 123456",
        "01-02-2023 12345": "01-02-2023 12345",
        "a@b.nl and c@d.example": "# and #",
        "a@b": "a@b",
    }
    assert {text: redact_personal_data(text, "#") for text in texts} == texts


def test_personal_data_is_found_in_records_and_in_encoded_text() -> None:
    record = {"jo@x.example": ["+31612345678", {"a": "call +31612345678"}], "phone": 1234567, "b": 1234567, "tel": True}
    assert WITH_PERSONAL_DATA.redact_record(record)[0] == {
        MARK: [MARK, {"a": f"call {MARK}"}], "phone": MARK, "b": 1234567, "tel": True,
    }  # fmt: skip
    assert WITH_PERSONAL_DATA.redact_text("a=jo%40x.example&b=c") == f"a={MARK}&b=c"
    assert WITH_PERSONAL_DATA.redact_text('{"a":"jo@x.example"}') == f'{{"a":"{MARK}"}}'
    assert WITH_PERSONAL_DATA.redact_text("jo&commat;x.example") == MARK
    assert Redaction(personal_data=True, fields=DEFAULT_FIELDS | {"b"}).redact_record({"b": 1})[0] == {"b": MARK}
