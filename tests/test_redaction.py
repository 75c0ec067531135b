"""Secrets do not reach the store: by name, wherever the name stands."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client.sync import DEFAULT_FIELDS, LogStore, Redaction, sync_logs
from tests.test_sync import Listing, client_of

MARK = "[redacted]"


@pytest.mark.parametrize(
    ("given", "left"),
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
        ("it sent Bearer abc.DEF-123 twice", f"it sent Bearer {MARK} twice"),
    ],
)  # fmt: skip
def test_a_secret_goes_from_a_text_and_the_rest_stays(given: str, left: str) -> None:
    redaction = Redaction()
    assert redaction.text(given) == left
    assert redaction.text(left) == left


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
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert Redaction().text(text) == text


def test_names_match_whatever_their_case_and_separators() -> None:
    record = {
        "API-Key": "x", "apiKey": 5, "X_Shop_API_KEY": ["x"], "userPin": 1234, "csrftoken": {"a": "x"},
        "shipping": "kept", "has_password": True, "password": None, "token": "",
    }  # fmt: skip
    assert Redaction().record(record)[0] == {
        "API-Key": MARK, "apiKey": MARK, "X_Shop_API_KEY": MARK, "userPin": MARK, "csrftoken": MARK,
        "shipping": "kept", "has_password": True, "password": None, "token": "",
    }  # fmt: skip


def test_names_can_be_added_and_left_out() -> None:
    redaction = Redaction(headers=frozenset(), fields=DEFAULT_FIELDS | {"Kundennummer", "straße"}, marker="***")
    record = {"kunden_nummer": "4711", "STRASSE": "a", "Straße": "b", "cookies": "c"}
    assert redaction.record(record)[0] == {"kunden_nummer": "***", "STRASSE": "a", "Straße": "***", "cookies": "c"}


def test_headers_written_as_lists_are_found() -> None:
    record = {
        "har": [{"name": "Authorization", "value": "hush"}, {"name": "Accept", "value": "kept"}],
        "pairs": [["Cookie", "hush"], ["Accept", "kept"]],
        "flat": ["Accept", "kept", "Cookie", "hush"],
    }
    content = Redaction().record(record)[1]
    assert b"hush" not in content
    assert content.count(b"kept") == 3


def test_a_record_without_secrets_is_not_copied() -> None:
    record = {"id": 1, "request": {"headers": {"Accept": "*/*"}}}
    assert Redaction().record(record) == (record, orjson.dumps(record))
    assert Redaction().record(record)[0] is record


def test_nesting_without_end_is_cut_off() -> None:
    record: Any = {"password": "hush"}
    for _ in range(500):
        record = [record]
    assert b"hush" not in Redaction().record(record)[1]
    text = '{"a":' * 500 + '{"password":"hush"}' + "}" * 500
    assert "hush" not in Redaction().text(text)


@pytest.mark.parametrize(
    "text",
    ["<br>" * 20_000 + "password=x", '"' * 50_000 + "password", "%41" * 30_000 + "=", "token=" * 20_000,
     "\\" * 50_000 + "pin:",
     "password" + " " * 50_000, "://" * 30_000 + "@", "a-" * 40_000 + "pin=1", "bearer " * 20_000,
     "=" * 50_000 + "%41", "a=%3D" * 20_000, "%25" * 30_000 + "token=%2541"],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_a_text_made_to_be_slow_is_not(text: str) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(5):
            await asyncio.to_thread(Redaction().text, text)

    asyncio.run(bounded())


NAMES = st.sampled_from([
    "Authorization", "authorization", "COOKIE", "X-Api-Key", "password", "user_password", "apiKey", "api-key",
    "access_token", "clientSecret", "consumer_key", "user_pin", "session_id", "Proxy-Authorization",
])  # fmt: skip
HEADERS = st.sampled_from(["Authorization", "cookie", "Set-Cookie", "X-API-KEY", "X-Shopify-Access-Token"])
# Marked, so that what is found in the file can only be it; around it whatever a secret may hold.
SECRETS = st.tuples(
    st.text("ab1+/=. _-%&;:,\"'\\é<>{}[]()", max_size=6), st.text("ab1+/=._-%&;:,\"'\\é<>{}[]()", max_size=6)
).map(lambda around: f"{around[0]}hushHUSH{around[1]}")


def loose(secret: str) -> str:
    """A secret as it can stand in a text that quotes nothing."""
    return "".join(char for char in secret if char.isalnum() or char in "+/._-=")


@st.composite
def planted(draw: st.DrawFn) -> Any:
    """A part of a log with a secret in it, under a name that says so."""
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
        repr({"a": 1, name: loose(secret)}),
        f"<soap><{name}>{loose(secret)}</{name}></soap>",
        f'<{name} kind="x">{loose(secret)}</{name}>',
        f"{name}: {loose(secret)}",
        f"{name} = {loose(secret)}",
    ]))  # fmt: skip


PLACES = (
    lambda part: {"request": {"headers": part, "payload": "x"}},
    lambda part: {"request": {"headers": {}, "payload": part}},
    lambda part: {"response": {"headers": {"X-Debug": part}, "body": None}},
    lambda part: {"response": {"headers": None, "body": part}},
    lambda part: {"additional_data": part},
    lambda part: {"exception": part},
    lambda part: {"full_url": part},
    lambda part: {"exception_type": part},
    lambda part: {"base_url": part},
    lambda part: {"not_in_the_contract": [part]},
)


# To shrink would take minutes; the part that failed is in the message.
@settings(max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(parts=st.lists(st.tuples(st.sampled_from(PLACES), planted()), min_size=20, max_size=40))
def test_no_planted_secret_is_anywhere_in_the_database(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[Any, Any]]
) -> None:
    # A part of the wrong kind makes its record one for the quarantine, where it must not show either.
    logs = [{"id": number, "base_url": "https://x"} | place(part) for number, (place, part) in enumerate(parts, 1)]
    folder = tmp_path_factory.mktemp("store")

    async def run() -> None:
        async with LogStore(folder / "logs.db") as store, client_of(Listing(lambda: logs)) as client:
            summary = await sync_logs(client, store)
        assert summary.succeeded
        assert summary.new + summary.quarantined == len(logs)

    asyncio.run(run())
    for file in Path(folder).iterdir():
        content = file.read_bytes()
        assert b"hushHUSH" not in content, content[max(0, content.index(b"hushHUSH") - 300) :][:400]
