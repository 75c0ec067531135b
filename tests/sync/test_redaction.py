"""Tests of the redaction of secrets."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client import ConfigurationError
from sendcloud_integrations_client.sync import DEFAULT_FIELDS, LogStore, Redaction, sync_logs
from tests.support.adversarial_texts import build_adversarial_texts
from tests.support.sync_servers import Listing, build_client

MARK = "[redacted]"
REDACTION = Redaction()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A: */*\r\nAuthorization: Basic dXNlcjpwYXNz\r\nHost: x", f"A: */*\r\nAuthorization: {MARK}\r\nHost: x"),
        ("Cookie: a=b; c=d", f"Cookie: {MARK}"),
        ("a=b&password=hunter2&c=d", f"a=b&password={MARK}&c=d"),
        ("p%61ssword=hunter2&c=d", f"p%61ssword={MARK}&c=d"),
        ("user[password]=hunter2", f"user[password]={MARK}"),
        ("GET https://x/y?api_key=hush&page=3", f"GET https://x/y?api_key={MARK}&page=3"),
        ("https://name:hush@shop.example/", f"https://{MARK}@shop.example/"),
        ("next=https%3A%2F%2Fx%3Ftoken%3Dhush%26page%3D3", f"next=https%3A%2F%2Fx%3Ftoken%3D{MARK}%26page%3D3"),
        ('{"password": "hush", "page": 3}', f'{{"password":"{MARK}","page":3}}'),
        ('{"cut": {"password": "hush", "pag', f'{{"cut": {{"password": "{MARK}", "pag'),
        (r'said "{\"api_key\": \"hush\"}"', rf'said "{{\"api_key\": \"{MARK}\"}}"'),
        ("{'Authorization': 'Bearer hush', 'a': 1}", f"{{'Authorization': '{MARK}', 'a': 1}}"),
        ("[('Cookie', 'hush'), ('a', 1)]", f"[('Cookie', '{MARK}'), ('a', 1)]"),
        ("<login><Password>hush</Password><a>1</a></login>", f"<login><Password>{MARK}</Password><a>1</a></login>"),
        ('<input name="password" value="hush">', f'<input name="password" value="{MARK}">'),
        ('name="password"\r\n\r\nhush\r\n--x--', f'name="password"\r\n\r\n{MARK}\r\n--x--'),
        ("password=****hush", f"password={MARK}"),
        ("it sent Bearer abc.DEF-123 twice", f"it sent Bearer {MARK} twice"),
    ],
)  # fmt: skip
def test_redact_text_replaces_only_the_secret(text: str, expected: str) -> None:
    redaction = Redaction()
    assert redaction.redact_text(text) == expected
    assert redaction.redact_text(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "shipping=3&page=2",
        "The API key of the shop is no longer valid",
        "https://shop.example/orders?updated_since=2023-02-28T00:00:00Z&status=paid%2Cpacked",
        "404 Client Error: no order 5",
        '{"order": {"lines": [1, 2]}, "note": "100 % wool"}',
        "Basic information is missing",
        "write to shop@example.com, see https://example.com",
        "Accept: */*\r\nAuthorization: ****\r\nX-Request-Id: 4c6d369da9d74a49",
        "password=*******&page=2",
    ],
)
def test_redact_text_keeps_text_without_secrets(text: str) -> None:
    assert Redaction().redact_text(text) == text


def test_names_match_regardless_of_case_and_separators() -> None:
    record = {
        "API-Key": "x", "apiKey": 5, "X_Shop_API_KEY": ["x"], "userPin": 1234, "csrftoken": {"a": "x"},
        "shipping": "kept", "has_password": True, "password": None, "token": "",
    }  # fmt: skip
    assert Redaction().redact_record(record)[0] == {
        "API-Key": MARK, "apiKey": MARK, "X_Shop_API_KEY": MARK, "userPin": MARK, "csrftoken": MARK,
        "shipping": "kept", "has_password": True, "password": None, "token": "",
    }  # fmt: skip


def test_redaction_uses_custom_names() -> None:
    redaction = Redaction(headers=frozenset(), fields=DEFAULT_FIELDS | {"Kundennummer", "straße"}, marker="***")
    record = {"kunden_nummer": "4711", "STRASSE": "a", "Straße": "b", "cookies": "c"}
    assert redaction.redact_record(record)[0] == {
        "kunden_nummer": "***",
        "STRASSE": "a",
        "Straße": "***",
        "cookies": "c",
    }


def test_redact_record_finds_headers_in_lists() -> None:
    record = {
        "har": [{"name": "Authorization", "value": "hush"}, {"name": "Accept", "value": "kept"}],
        "pairs": [["Cookie", "hush"], ["Accept", "kept"]],
        "flat": ["Accept", "kept", "Cookie", "hush"],
    }
    content = Redaction().redact_record(record)[1]
    assert b"hush" not in content
    assert content.count(b"kept") == 3


def test_redact_record_returns_the_same_object_without_secrets() -> None:
    record = {"id": 1, "request": {"headers": {"Accept": "*/*"}}}
    assert Redaction().redact_record(record) == (record, orjson.dumps(record))
    assert Redaction().redact_record(record)[0] is record


def test_deep_nesting_is_cut_off() -> None:
    record: Any = {"password": "hush"}
    for _ in range(500):
        record = [record]
    assert b"hush" not in Redaction().redact_record(record)[1]
    text = '{"a":' * 500 + '{"password":"hush"}' + "}" * 500
    assert "hush" not in Redaction().redact_text(text)


ADVERSARIAL = build_adversarial_texts(2000)
# In these texts, one regular expression does most of the work, which `count_calls` cannot see.
FOR_REGULAR_EXPRESSIONS = (
    "percent signs encoded many times", "one percent sign", "unclosed CDATA", "unclosed comments", "backslashes",
    "backslashes after a name", "backslashes and an entity", "brackets", "closing brackets", "dots after a scheme",
    "spaces", "nested entities", "PEM headers", "one letter", "lines before their names", "values before their names",
)  # fmt: skip


OTHERS = [name for name in FOR_REGULAR_EXPRESSIONS if name not in FOR_REGULAR_EXPRESSIONS[::6]]


# The hang guard fails for quadratic time, which takes minutes. benchmarks/redaction.py measures the time.
@pytest.mark.parametrize(
    "name", [*FOR_REGULAR_EXPRESSIONS[::6], *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS)]
)
@pytest.mark.timeout(60)
def test_redact_text_ends_for_adversarial_text(name: str) -> None:
    assert isinstance(REDACTION.redact_text(build_adversarial_texts(300_000)[name]), str)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_number_of_calls_is_linear(name: str) -> None:
    single, double = ADVERSARIAL[name], build_adversarial_texts(4000)[name]
    for text in (single, double):
        REDACTION.redact_text(text)  # fills the caches
    assert count_calls(double) <= 2.2 * count_calls(single) + 200


def count_calls(text: str) -> int:
    """Return the number of calls, those of regular expressions included, that the redaction of a text takes."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        REDACTION.redact_text(text)
    finally:
        sys.setprofile(None)
    return count


NAMES = st.sampled_from([
    "Authorization", "authorization", "COOKIE", "X-Api-Key", "password", "user_password", "apiKey", "api-key",
    "access_token", "clientSecret", "consumer_key", "user_pin", "session_id", "Proxy-Authorization",
])  # fmt: skip
HEADERS = st.sampled_from(["Authorization", "cookie", "Set-Cookie", "X-API-KEY", "X-Shopify-Access-Token"])
# Each secret contains a unique marker to search for in the file, surrounded by special characters.
SECRETS = st.tuples(
    st.text("ab1+/=. _-%&;:,\"'\\é<>{}[]()", max_size=6), st.text("ab1+/=._-%&;:,\"'\\é<>{}[]()", max_size=6)
).map(lambda affixes: f"{affixes[0]}hushHUSH{affixes[1]}")


def keep_unquoted(secret: str) -> str:
    """Return the characters of a secret that need no quotes."""
    return "".join(char for char in secret if char.isalnum() or char in "+/._-=")


@st.composite
def draw_part_with_secret(draw: st.DrawFn) -> Any:
    """Draw a part of a log that contains a secret under a secret name."""
    name, secret = draw(NAMES), draw(SECRETS)
    encoded = quote(secret, safe="")
    body: Any = {"order": 5, "login": {name: secret}, "list": [{name: secret}, 1]}
    return draw(st.sampled_from([
        body,
        {name: {"nested": [secret, {"deeper": secret}]}},
        {"name": name, "value": secret},
        [[name, secret], ["Accept", "x"]],
        json.dumps(body),
        json.dumps(body, ensure_ascii=False, indent=2),
        json.dumps(json.dumps(body)),
        json.dumps({"inner": json.dumps({"innermost": json.dumps(body)})}),
        f"failed with {json.dumps(body)[:-1]}",
        json.dumps(json.dumps(body))[:-2],
        urlencode({"a": "b", name: secret, "c": "d"}),
        urlencode({f"user[{name}]": secret}, quote_via=quote),
        urlencode({"payload": json.dumps({name: secret})}),
        f"https://shop.example/orders?page=2&{name}={encoded}&limit=5#top",
        f"Max retries exceeded with url: /orders?{name}={encoded} (Caused by timeout)",
        urlencode({"next": f"https://shop.example/?{name}={quote_plus(secret)}"}),
        f"https://user:{encoded}@shop.example/path",
        f"{draw(HEADERS)}: {secret}\r\nAccept: */*",
        f"POST / HTTP/1.1\r\nHost: x\r\n{draw(HEADERS)}: Basic {secret}\r\n\r\n",
        repr({"a": 1, name: keep_unquoted(secret)}),
        f"<soap><{name}>{keep_unquoted(secret)}</{name}></soap>",
        f'<{name} kind="x">{keep_unquoted(secret)}</{name}>',
        f"{name}: {keep_unquoted(secret)}",
        f"{name} = {keep_unquoted(secret)}",
    ]))  # fmt: skip


BUILDERS = (
    lambda part: {"request": {"headers": part, "payload": "x"}},
    lambda part: {"request": {"headers": {}, "payload": part}},
    lambda part: {"response": {"headers": {"X-Debug": part}, "body": None}},
    lambda part: {"response": {"headers": None, "body": part}},
    lambda part: {"additional_data": part},
    lambda part: {"exception": part},
    lambda part: {"full_url": part},
    lambda part: {"exception_type": part},
    lambda part: {"base_url": part},
    lambda part: {"undocumented_field": [part]},
)


PARTS = st.lists(st.tuples(st.sampled_from(BUILDERS), draw_part_with_secret()), min_size=20, max_size=40)
# Shrinking would take minutes. The failure message contains the part.
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=4, phases=WITHOUT_SHRINKING)
@given(parts=PARTS)
def test_database_contains_no_secret(tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[Any, Any]]) -> None:
    check_that_database_contains_no_secret(tmp_path_factory, parts)


@pytest.mark.long
@settings(max_examples=100, phases=WITHOUT_SHRINKING)
@given(parts=PARTS)
def test_database_contains_no_secret_of_many(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[Any, Any]]
) -> None:
    check_that_database_contains_no_secret(tmp_path_factory, parts)


def check_that_database_contains_no_secret(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[Any, Any]]
) -> None:
    # A part of the wrong type puts its record into the quarantine, which must not contain the secret either.
    logs = [{"id": number, "base_url": "https://x"} | build(part) for number, (build, part) in enumerate(parts, 1)]
    folder = tmp_path_factory.mktemp("store")

    async def run() -> None:
        async with LogStore(folder / "logs.db") as store, build_client(Listing(lambda: logs)) as client:
            summary = await sync_logs(client, store)
        assert summary.succeeded
        assert summary.new + summary.quarantined == len(logs)

    asyncio.run(run())
    for file in Path(folder).iterdir():
        content = file.read_bytes()
        assert b"hushHUSH" not in content, content[max(0, content.index(b"hushHUSH") - 300) :][:400]


def test_secret_in_a_json_key_is_replaced() -> None:
    record = {"sent": {"https://name:hush@shop.example/": "kept"}, "text": '{"Bearer abc.DEF-123": "kept"}'}
    assert Redaction().redact_record(record)[0] == {
        "sent": {f"https://{MARK}@shop.example/": "kept"},
        "text": f'{{"Bearer {MARK}":"kept"}}',
    }


TOKENS = st.one_of(
    st.text("abcdefABCDEF0123456789", min_size=10, max_size=60),
    st.text("aBcDeF0123456789-_./+=~", min_size=10, max_size=60),
    st.binary(min_size=9, max_size=40).map(lambda content: base64.b64encode(content).decode()),
    st.binary(min_size=9, max_size=40).map(lambda content: base64.urlsafe_b64encode(content).decode().rstrip("=")),
    st.sampled_from(["password=hushHUSH1", '{"password": "hushHUSH"}', "größe=1"]).map(
        lambda text: base64.b64encode(text.encode()).decode()
    ),
    st.sampled_from(
        ["", "kept", "0da3c721-34ad-8437-9f0a-0da3c72134ad", "2026-11-27T01:09:44+01:00", 'a"b', "a\\b", "é"]
    ),
)
NAMES_OF_TOKENS = st.sampled_from(
    ["X-Request-Id", "id", "value", "name", "data", "traceId", "url", 'a"b', "k\\", "x:", "0da3c72134ad8437",
     "auth", "code", "hash", "state", "session", "Sid", "nonce", "login", "api", "ticket"]
)  # fmt: skip
RECORDS = st.recursive(
    st.one_of(TOKENS, st.none(), st.integers(0, 10**17)),
    lambda items: st.one_of(st.lists(items, max_size=3), st.dictionaries(NAMES_OF_TOKENS, items, max_size=4)),
    max_leaves=8,
)


@settings(max_examples=300)
@given(record=st.dictionaries(NAMES_OF_TOKENS, RECORDS, min_size=1, max_size=3))
def test_result_does_not_depend_on_the_rest_of_the_record(record: dict[str, Any]) -> None:
    beside_a_secret = {"record": record, "sent": "Authorization: Bearer hushHUSH"}
    redacted, content = REDACTION.redact_record(record)
    assert redacted == REDACTION.redact_record(beside_a_secret)[0]["record"]
    assert orjson.loads(content) == redacted


@pytest.mark.parametrize("name", ["api", "state", "login_hash", "Session", "nonce"])
@pytest.mark.parametrize(
    "value", ["9F8X11EFa.c=-EBc", "aB3dE5fG-hI9jK1lM_nO2", "4F.c8f.e/_Y.iCg9/e6055-2-", "0da3c72134ad8437"]
)
def test_random_value_without_a_long_part_is_replaced(name: str, value: str) -> None:
    assert REDACTION.redact_record({"sent": {name: value}, "kept": 1})[0] == {"sent": {name: MARK}, "kept": 1}


def test_random_value_in_a_text_is_replaced_without_a_long_part() -> None:
    assert REDACTION.redact_text("page=2&state=aB3dE5f-hI9jK1l-nO2pQ3&x=1") == f"page=2&state={MARK}&x=1"


def test_record_with_a_random_value_under_another_name_is_not_copied() -> None:
    record = {
        "headers": {"X-Request-Id": "0da3c72134ad8437", "ETag": "9f8-11ef_ac3d.e4b1c2"},
        "again": "0da3c72134ad8437",
    }
    assert REDACTION.redact_record(record)[0] is record


def test_random_value_is_replaced_under_its_second_name() -> None:
    record = {"X-Request-Id": "0da3c72134ad8437", "state": "0da3c72134ad8437"}
    assert REDACTION.redact_record(record)[0] == {"X-Request-Id": "0da3c72134ad8437", "state": MARK}


def test_large_record_is_redacted_as_a_small_one() -> None:
    words = {f"field {number}": "kept " * 10 for number in range(500)}
    record = {**words, "X-Request-Id": "0da3c72134ad8437"}
    assert REDACTION.redact_record(record)[0] is record
    assert REDACTION.redact_record({**record, "state": "0da3c72134ad8437"})[0] == {**record, "state": MARK}


@pytest.mark.parametrize("padding", ["", "=="])
def test_shortest_base64_text_with_a_secret_is_replaced(padding: str) -> None:
    encoded = base64.b64encode(b"pin=123456").decode().rstrip("=")
    assert len(encoded) == 14
    assert REDACTION.redact_record({"X-Id": encoded + padding})[0] == {"X-Id": MARK}
    longer = {"X-Id": f"kept:{encoded}{padding}", "kept": ["0da3c72134ad8437"]}
    assert REDACTION.redact_record(longer)[0] == {**longer, "X-Id": f"kept:{MARK}"}


def test_empty_marker_is_rejected() -> None:
    with pytest.raises(ConfigurationError, match=r"^Invalid marker of Redaction: must not be empty"):
        Redaction(marker="")


@pytest.mark.parametrize("name", ["pin", "pwd", "otp", "cvc", "iban", "mdp", "sig", "key"])
@pytest.mark.parametrize("before", ["\n", "\r\n", "\t", "\f", "\b", "\v", "\x1f"])
def test_short_name_after_a_control_character_is_found_in_a_record(name: str, before: str) -> None:
    value = "x5X" if name != "key" else "a8Fk29dLq0Zx81mP"
    for text in (f"user: bob{before}{name}: {value}", orjson.dumps(f"user: bob{before}{name}: {value}").decode()):
        stored = REDACTION.redact_record({"body": text})[1]
        assert value.encode() not in stored
        assert MARK.encode() in stored


def test_only_the_given_fields_are_redacted_without_headers() -> None:
    assert Redaction(headers=[], fields=["pin"]).redact_text("pin=1&order=5") == f"pin={MARK}&order=5"
    assert Redaction(headers=[], fields=[], patterns=[]).redact_text("pin=1&order=5") == "pin=1&order=5"


@pytest.mark.parametrize("before", ["", "\n", "\r\n", "\t", "\f", "\b", "\v", "\x1f", '"', "\\"])
@pytest.mark.parametrize("secret", ["pin=123456", "pwd=aaaaaaa", "password=aaaaaaaaaa"])
def test_base64_after_a_control_character_is_found_in_a_record(before: str, secret: str) -> None:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    stored = REDACTION.redact_record({"body": f"kept{before}{encoded} kept" if before else encoded})[1]
    assert (encoded.encode() in stored, MARK.encode() in stored) == (False, True)
