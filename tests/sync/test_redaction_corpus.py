"""Tests of the redaction against a corpus: which texts must lose their secret, and which must stay as they are."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.sync import (
    DEFAULT_FIELDS,
    DEFAULT_HEADERS,
    DEFAULT_PATTERNS,
    Redaction,
    SecretPattern,
)
from sendcloud_integrations_client.sync.redaction.named_values import NamedValueRedactor
from sendcloud_integrations_client.sync.redaction.names import NameClassifier
from sendcloud_integrations_client.sync.redaction.values import ValueFinder
from tests.sync.redaction_corpus import ATTACKS, HARMLESS, PERSONAL_DATA, SECRETS, SHAPES

MARK = "[redacted]"
REDACTION = Redaction()
WITH_PERSONAL_DATA = Redaction(personal_data=True)
NAMED_VALUES = NamedValueRedactor(NameClassifier(DEFAULT_HEADERS, DEFAULT_FIELDS, phones=False), MARK)
ALL_SECRETS = [text for texts in (*SECRETS.values(), *ATTACKS.values()) for text in texts]
ALL_HARMLESS = [text for texts in HARMLESS.values() for text in texts]
# What remains of each text. If a rule changes on purpose, the file shows what that means for the corpus.
REDACTED: dict[str, str] = json.loads((Path(__file__).parent / "redacted_corpus.json").read_text(encoding="utf-8"))
# Texts that end within the secret, so that everything after it can belong to it.
UNFINISHED = frozenset({
    "<password>S3CRET",
    "<login><password>S3CR",
    '{"a": {"value": "S3CRET", "name": "password", "or',
    "REPLACE INTO config (token, id) VALUES ('S3CRET",
})  # fmt: skip
# One test per kind and not per text, because a test takes longer than the redaction of a text.
with_secrets = pytest.mark.parametrize("texts", [*SECRETS.values(), *ATTACKS.values()], ids=[*SECRETS, *ATTACKS])
with_harmless_texts = pytest.mark.parametrize("texts", HARMLESS.values(), ids=HARMLESS)


def test_corpus_is_large() -> None:
    assert len(set(ALL_SECRETS)) + len(SHAPES) >= 400
    assert len(set(ALL_HARMLESS)) >= 150
    assert REDACTED.keys() == {*ALL_SECRETS, *PERSONAL_DATA}


@with_secrets
def test_secret_is_replaced(texts: list[str]) -> None:
    for text in texts:
        clean = REDACTION.redact_text(text)
        assert "S3" not in clean
        assert "UzNDUkVU" not in clean  # the secret in base64
        assert MARK in clean
        assert REDACTION.redact_text(clean) == clean


@with_secrets
def test_secret_in_a_record_is_replaced_and_the_record_stays_valid(texts: list[str]) -> None:
    for text in texts:
        record = {"id": 5, "response": {"body": text, "headers": {"X-Debug": [text]}}, "exception": f"failed: {text}"}
        clean, content = REDACTION.redact_record(record)
        assert b"S3" not in content
        assert orjson.loads(content) == clean
        assert clean["id"] == 5
        assert clean["response"] == {"body": REDACTED[text], "headers": {"X-Debug": [REDACTED[text]]}}
        assert REDACTION.redact_record(clean)[0] == clean


@with_secrets
def test_only_the_documented_part_of_a_text_is_replaced(texts: list[str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in texts} == {text: REDACTED[text] for text in texts}


@with_secrets
def test_lines_around_the_secret_stay(texts: list[str]) -> None:
    for text in texts:
        if text not in UNFINISHED:
            clean = REDACTION.redact_text(f"first line of 5\n{text}\nlast line of 7").split("\n")
            assert (clean[0], clean[-1]) == ("first line of 5", "last line of 7")


@with_harmless_texts
def test_harmless_text_stays(texts: list[str]) -> None:
    for text in texts:
        assert REDACTION.redact_text(text) == text
        record = {"body": text, "nested": json.dumps({"text": text})}
        assert REDACTION.redact_record(record)[0] == record


@pytest.mark.parametrize("secret", SHAPES)
def test_secret_with_a_known_shape_is_replaced_under_any_name(secret: str) -> None:
    for frame in ("{}", "failed for {}.", 'x: "{}", y', "\\n{}", "https://x/?q={}&p=2", "a={}; b=c"):
        clean = REDACTION.redact_text(frame.format(secret))
        assert secret not in clean
        assert secret[8:20] not in clean
        assert REDACTION.redact_text(clean) == clean
        record = {"note": frame.format(secret)}
        assert secret[8:20] not in REDACTION.redact_record(record)[1].decode()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"columns": ["user", "password"], "rows": [["bob", "x"], ["jo", None]]}, [["bob", MARK], ["jo", None]]),
        ({"fields": [{"name": "api_key"}, {"name": "id"}], "rows": [["x", 5], [7, 6]]}, [[MARK, 5], [MARK, 6]]),
        ({"headers": ["id", "pin"], "rows": [[1, 2], [3]]}, [[1, 2], [3]]),
        ({"columns": ["id", "price"], "rows": [[1, 2]]}, [[1, 2]]),
        ({"columns": "password", "rows": [["x"]]}, [["x"]]),
        ({"columns": ["password"], "rows": "x"}, "x"),
    ],
)
def test_secret_columns_of_json_are_replaced(record: dict[str, Any], expected: Any) -> None:
    clean, content = REDACTION.redact_record({"result": record})
    assert clean["result"]["rows"] == expected
    assert REDACTION.redact_record(clean)[1] == content
    assert json.loads(REDACTION.redact_text(json.dumps(record)))["rows"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{Authorization=Bearer x5X, Accept=*/*}", f"{{Authorization={MARK}, Accept=*/*}}"),
        ("[user] => bob [password] => x5X", f"[user] => bob [password] => {MARK}"),
        ("<a><password><v>x5X</v></password><b>1</b></a>", f"<a><password>{MARK}</password><b>1</b></a>"),
        ("curl -u user:x5X https://x", f"curl -u user:{MARK} https://x"),
        ('s:8:"password";s:6:"x5X";s:1:"a";', f's:8:"password";s:6:"{MARK}";s:1:"a";'),
        ('{"name": "password", "value": "x5X"}', f'{{"name":"password","value":"{MARK}"}}'),
        ("Server=x;Password=x5X;Encrypt=true", f"Server=x;Password={MARK};Encrypt=true"),
        ("user: bob\npassword: x5X\nhost: x", f"user: bob\npassword: {MARK}\nhost: x"),
        ("paid with AKIAIOSFODNN7EXAMPLE today", f"paid with {MARK} today"),
        ('{"price": 1.50, "password": "x5X", "or', f'{{"price": 1.50, "password": "{MARK}", "or'),
        ("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\nafter", f"{MARK}\nafter"),
        ("id;pin;city\n1;x5X;Delft\n", f"id;pin;city\n1;{MARK};Delft\n"),
        ("| id | pin |\n|----|-----|\n| 5  | x5X |", f"| id | pin |\n|----|-----|\n| 5  | {MARK} |"),
        ("INSERT INTO u (pin, id) VALUES ('x5X', 5)", f"INSERT INTO u (pin, id) VALUES ('{MARK}', 5)"),
        ("jdbc:oracle:thin:bob/x5X@db", f"jdbc:oracle:thin:bob/{MARK}@db"),
        ("Basic ééééééé=", "Basic ééééééé="),
        ("<input value='x5X' name='password'> a\r\n\r\nb", f"<input value='{MARK}' name='password'> a\r\n\r\nb"),
        ("Opaque: User:bob:x5X Host:x", f"Opaque: User:bob:{MARK} Host:x"),
        ("bob:x5X@tcp(db:3306)/shop", f"bob:{MARK}@tcp(db:3306)/shop"),
        ("curl -u x5Xx5Xx5Xx5Xx5Xx5X: https://x", f"curl -u {MARK}: https://x"),
        ("Authorization: Bearer x5X\r\n folded x5X\r\nHost: x", f"Authorization: {MARK}\r\nHost: x"),
        ("Authorization: Bearer x5X\r\n\r\nbody", f"Authorization: {MARK}\r\n\r\nbody"),
        ("token: a1 b2  \nuser: bob", f"token: {MARK}  \nuser: bob"),
        ("'token': 'a1 b2', 'user': 'bob'", f"'token': '{MARK}', 'user': 'bob'"),
        ("{ auth: 'bob:x5X', path: '/' }", f"{{ auth: '{MARK}', path: '/' }}"),
        ("map[Token:[x5X] Accept:[*/*]]", f"map[Token:{MARK} Accept:[*/*]]"),
        ("value=[x5X] name=pin {}", f"value={MARK} name=pin {{}}"),
        ("value: x5X, name: pin <b>", f"value: {MARK}, name: pin <b>"),
        ("value='x5X, name=pin' {}", "value='x5X, name=pin' {}"),  # the value contains the name
        ("value=[x5X name=pin {}", "value=[x5X name=pin {}"),
        ("user: bob\xa0|\xa0b password: x5X\xa0| b", f"user: bob\xa0|\xa0b password: {MARK}\xa0| b"),
        ("Die clé api: x5X", f"Die clé api: {MARK}"),
        ("Der Preis der Ware key: x5X", "Der Preis der Ware key: x5X"),
        ("order=5:pin=x5X", f"order=5:pin={MARK}"),
        ("xpassword password is x5Xx5X", f"xpassword password is {MARK}"),
        ("xcurl -b x5X, curl -b x5X", f"xcurl -b x5X, curl -b {MARK}"),
        ("pin={a(x5X)b} c", f"pin={MARK} c"),
        ("a=b&pin%3Dx5X", f"a=b&pin%3D{MARK}"),
    ],
)  # fmt: skip
def test_text_around_the_secret_stays(text: str, expected: str) -> None:
    assert REDACTION.redact_text(text) == expected


PIECES = st.lists(
    st.sampled_from([
        "password", "token", "Authorization", "Cookie", "pin", "order", "a", "x5X", "=", ": ", ":", "=>", " => ", '"',
        "'", "\n", "\r\n", " ", "\t", "&", ";", ", ", "{", "}", "[", "]", "<", ">", "\\", "%20", "Bearer ", "null",
        "- ", "| ", "@", MARK, "5", "(", ")", "A(", "`", "b'", "new ",
    ]),
    max_size=14,
).map("".join)  # fmt: skip


@given(PIECES)
def test_simple_values_end_where_any_value_ends(text: str) -> None:
    redact = NAMED_VALUES.redact
    with pytest.MonkeyPatch.context() as patch:
        for shortcut in ("find_single_name", "match_simple", "match_enclosed", "match_header"):
            patch.setattr(ValueFinder, shortcut, lambda *arguments: None)
        expected = redact(text)
    assert redact(text) == expected


@pytest.mark.parametrize("text", PERSONAL_DATA)
def test_personal_data_is_replaced_only_on_request(text: str) -> None:
    clean = WITH_PERSONAL_DATA.redact_text(text)
    assert MARK in clean
    assert not any(part in clean for part in ("jo.doe", "jo%2Edoe", "12345678", "345 678", "34-56"))
    assert clean == REDACTED[text]
    assert WITH_PERSONAL_DATA.redact_text(clean) == clean
    assert REDACTION.redact_text(text) == text


@with_harmless_texts
def test_order_numbers_and_prices_are_no_personal_data(texts: list[str]) -> None:
    for text in texts:
        if "@" not in text and "phone" not in text:
            assert WITH_PERSONAL_DATA.redact_text(text) == text


def test_phone_numbers_in_records_are_replaced_under_their_names() -> None:
    record = {"phone": 612345678, "mobile": "0612345678", "has_phone": True, "id": 612345678, "tel": "n/a"}
    assert WITH_PERSONAL_DATA.redact_record(record)[0] == {
        "phone": MARK, "mobile": MARK, "has_phone": True, "id": 612345678, "tel": "n/a",
    }  # fmt: skip


def test_patterns_can_be_added() -> None:
    acme = SecretPattern("ACME key", "acme_", r"[0-9a-f]{8}")
    redaction = Redaction(patterns=[*DEFAULT_PATTERNS, acme])
    assert redaction.redact_text("used acme_0123abcd, not acme_x") == f"used {MARK}, not acme_x"
    assert redaction.redact_record({"note": "acme_0123abcd"})[0] == {"note": MARK}
    assert REDACTION.redact_text("used acme_0123abcd") == "used acme_0123abcd"
    assert Redaction(patterns=[]).redact_text("shpat_" + "0" * 32) == "shpat_" + "0" * 32


@pytest.mark.parametrize(("prefix", "rest"), [("", "x"), ("a1-", "x"), ("acme_", "(")])
def test_invalid_pattern_is_rejected(prefix: str, rest: str) -> None:
    with pytest.raises(ValueError, match="Invalid SecretPattern"):
        SecretPattern("x", prefix, rest)


def test_redaction_with_all_options_can_be_pickled_and_copied() -> None:
    acme = SecretPattern("ACME key", "acme_", r"[0-9a-f]{8}")
    redaction = Redaction(fields=DEFAULT_FIELDS | {"colour"}, marker="***", patterns=[acme], personal_data=True)
    for other in (pickle.loads(pickle.dumps(redaction)), copy.deepcopy(redaction)):
        assert other == redaction
        assert other.redact_text("colour=red&a=acme_0123abcd") == "colour=***&a=***"
        assert "personal_data=True" in repr(other)


TEXTS = st.lists(
    st.sampled_from(ALL_SECRETS + ALL_HARMLESS + SHAPES)
    | st.text(st.characters(codec=None) | st.sampled_from("%=&:;,\"'{}[]()<>\\/ \r\n|@-+S3\ud800"), max_size=12)
    | st.sampled_from(["password", "token=", "Authorization: ", "name=", "value=", MARK, "%25", "&quot;", "<pin>"]),
    max_size=5,
).map("".join)  # fmt: skip


@given(TEXTS)
def test_redaction_of_any_text_is_idempotent(text: str) -> None:
    clean = REDACTION.redact_text(text)
    assert REDACTION.redact_text(clean) == clean


@given(TEXTS)
def test_redaction_with_personal_data_accepts_any_text(text: str) -> None:
    assert isinstance(WITH_PERSONAL_DATA.redact_text(text), str)


JSON_VALUES = st.one_of(
    TEXTS, st.integers(), st.floats(), st.none(), st.booleans(),
    st.lists(TEXTS, max_size=3),
    st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=2) | st.integers(), max_size=3),
)  # fmt: skip


@given(JSON_VALUES, st.integers(0, 3))
def test_redaction_of_any_record_is_idempotent_and_valid_json(value: Any, levels: int) -> None:
    for level in range(levels):
        value = {"body": json.dumps(value)} if level % 2 else [value]
    clean, content = REDACTION.redact_record(value)
    json.loads(content)
    again, content_again = REDACTION.redact_record(json.loads(content))
    assert content_again == content
    assert clean is value or again == json.loads(content)


@pytest.mark.parametrize("depth", [99, 100, 101, 300, 2000])
@pytest.mark.parametrize("kind", [list, dict])
def test_any_depth_is_accepted(depth: int, kind: type) -> None:
    record: Any = {"password": "S3CRET"}
    text = '{"password":"S3CRET"}'
    for _ in range(depth):
        record = [record] if kind is list else {"a": record}
        text = f"[{text}]" if kind is list else f'{{"a":{text}}}'
    clean, content = REDACTION.redact_record(record)
    assert b"S3CRET" not in content
    json.loads(content)
    assert REDACTION.redact_record(clean)[1] == content
    clean_text = REDACTION.redact_text(text)
    assert "S3CRET" not in clean_text
    assert REDACTION.redact_text(clean_text) == clean_text


@pytest.mark.parametrize("before", ["\n", "\r\n", "\t", "\f", "\b", "\v", '"', "\\", "é", "<"])
def test_record_with_a_text_is_redacted_as_the_text(before: str) -> None:
    redaction = Redaction()
    texts = [f"x{before}{secret}" for secrets in SECRETS.values() for secret in secrets]
    in_records = [redaction.redact_record({"body": text})[0]["body"] for text in texts]
    assert in_records == [redaction.redact_text(text) for text in texts]
