"""Tests of the end of values in text that no parser accepts: quotes, brackets, headers, long lines."""

from __future__ import annotations

import pytest

from sendcloud_integrations_client.sync import Redaction
from sendcloud_integrations_client.sync.redaction.values import ValueFinder

MARK = "[redacted]"
REDACTION = Redaction()


@pytest.mark.parametrize(
    "changes",
    [
        {
            "pin=(12345678901234567) x": f"pin={MARK} x",
            f"pin=({' ' * 17})": f"pin=({' ' * 17})",
            f"token => ({' ' * 17}) b": f"token => ({' ' * 17}) b",
            f"token => ({' ' * 18}) b": f"token => {MARK} b",
            "token => (x) b": f"token => {MARK} b",
            "pin=()x y": "pin=()x y",
            "pin=(a)x y": f"pin={MARK} y",
            "pin=((a) b": f"pin={MARK}",
            "pin=((a)) b": f"pin={MARK} b",
            "pin=[(a]) b] c": f"pin={MARK} b] c",
            "pin=['b]' c] d": f"pin={MARK} d",
            "pin=[a'b]' c] d": f"pin={MARK}' c] d",
            'pin={"a":"}"} d': f"pin={MARK} d",
            'pin={\\"a}\\"} d': f'pin={MARK}\\"}} d',
            "pin=map[a:b] y": f"pin={MARK} y",
            "pin=Foo{a} y": f"pin={MARK} y",
        },
        {
            "pin='a''b' c": f"pin='{MARK}' c",
            "pin='a\\'b' c": f"pin='{MARK}' c",
            'pin="a" b': f'pin="{MARK}" b',
            "'pin: a''b' c": f"'pin: {MARK}' c",
            '"pin: a\\"b" c': f'"pin: {MARK}" c',
            "'pin: a'": f"'pin: {MARK}'",
            "'pin: a''": f"'pin: {MARK}",
            "'pin: a'''": f"'pin: {MARK}'",
            "'pin: a": f"'pin: {MARK}",
            "'pin: a, b: c' d": f"'pin: {MARK}, b: c' d",
            "'pin: a) b' d": f"'pin: {MARK}) b' d",
            f"pin: a {MARK} b) c": f"pin: {MARK}) c",
            f"pin: {MARK} a) b": f"pin: {MARK} a) b",
            f"pin={MARK}b c": f"pin={MARK} c",
            f"pin: {MARK}b c": f"pin: {MARK} c",
            "pin: a  \t": f"pin: {MARK}  \t",
        },
        {
            "Authorization: [a] b\nc": f"Authorization: {MARK}\nc",
            "x Authorization: [a] b\nc": f"x Authorization: {MARK} b\nc",
            "Authorization: 'a' b\nc": f"Authorization: {MARK}\nc",
            "Authorization='a' b\nc": f"Authorization='{MARK}' b\nc",
            "Authorization -> 'a' b": f"Authorization -> '{MARK}' b",
            "Authorization = 'a' b": f"Authorization = '{MARK}' b",
            "(Authorization: Digest a=b, c=d, e: f": f"(Authorization: {MARK}",
            "(Authorization: x a=b, c=d, e: f": f"(Authorization: {MARK}, c=d, e: f",
            "{'Authorization: a, b: c' d": f"{{'Authorization: {MARK}, b: c' d",
            "--Authorization Bearer a1b2c3d4 x": f"--Authorization {MARK} x",
            "--Authorization abc x": f"--Authorization {MARK} x",
            "Authorization | abc d | x": f"Authorization | {MARK}",
            f"Authorization: {MARK} b": f"Authorization: {MARK} b",
            f"Authorization={MARK} b": f"Authorization={MARK} b",
            f"x Authorization: {MARK}b c": f"x Authorization: {MARK} c",
        },
    ],
)  # fmt: skip
def test_values_end_where_their_notation_ends(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


@pytest.mark.parametrize("quote", ['"', "'", "`", '\\"'])
@pytest.mark.parametrize("length", [1, 197, 198, 199, 200, 201, 398, 399, 400, 401, 1000])
def test_long_values_end_at_their_closing_quote(quote: str, length: int) -> None:
    text = f"{quote}pin: {'z' * length}{quote} y{quote} z, {quote}pin: x, a: b"
    expected = f"{quote}pin: {MARK}{quote} y{quote} z, {quote}pin: {MARK}, a: b"
    assert REDACTION.redact_text(text) == expected
    # The value ends before the quote.
    text = f"{quote}pin: {'z' * length}, a: b{'c' * 300}{quote} y"
    assert REDACTION.redact_text(text) == f"{quote}pin: {MARK}, a: b{'c' * 300}{quote} y"


@pytest.mark.parametrize("length", [1, 196, 197, 198, 199, 200, 201, 398, 399, 400, 401])
def test_two_quotes_close_nothing(length: int) -> None:
    assert REDACTION.redact_text(f"'pin: {'z' * length}''x' y") == f"'pin: {MARK}' y"


@pytest.mark.parametrize(
    ("text", "sign", "close", "value"),
    [
        ("x5X&a", "=", None, "x5X"),
        ("x5X a", "=", None, "x5X"),
        ("x5X", "=", None, "x5X"),
        (f"{MARK}&a", "=", None, MARK),
        ("x5X;a", "=", None, None),
        ("Bearer x5X", "=", None, None),
        (" x5X y \na", ":", None, "x5X y"),
        (" x5X, y", ":", None, None),
        (" x5X", "=>", None, None),
        (' "x5X, y=z" a', ":", '"', "x5X, y=z"),
        (" 'x5X' a", "=", "'", "x5X"),
        (" 'x5X'' a", "=", "'", None),
        (" x5X", ":", '"', None),
        (" `x5X`", ":", "`", None),
    ],
)
def test_simple_values_are_matched_without_their_context(
    text: str, sign: str, close: str | None, value: str | None
) -> None:
    found = ValueFinder(MARK).match_simple(text, 0, sign, close)
    assert (None if found is None else found[1]) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" a b; c=d", "a b; c=d"),
        (" a \r\nb", "a"),
        (" a\n b", None),
        (" a\n- b", None),
        (" a\n", "a"),
        (" a\n\nb", "a"),
        (" 'a'", None),
        (f" {MARK}", MARK),
    ],
)
def test_the_value_of_a_header_takes_the_whole_line(text: str, value: str | None) -> None:
    found = ValueFinder(MARK).match_header(text, 0)
    assert (None if found is None else found[1]) == value


def test_replacements_that_complete_another_notation_are_redacted_again() -> None:
    changes = {
        "Authorization=[T]=": f"Authorization={MARK}",
        "Authorization=[x] abc123": f"Authorization={MARK}",
        f"{'x ' * 200}Authorization=[T]=": f"{'x ' * 200}Authorization={MARK}",
        "passwd:R-->": f"passwd:{MARK}>",
        "a,pin\n,Cookie:|,": f"a,pin\n,{MARK}",
    }
    assert {text: REDACTION.redact_text(text) for text in changes} == changes
    assert {text: REDACTION.redact_text(text) for text in changes.values()} == {text: text for text in changes.values()}


def test_texts_beyond_20000_characters_are_redacted_once() -> None:
    end = "Authorization=[T]="
    for length, expected in ((20_000, f"Authorization={MARK}"), (20_001, f"Authorization={MARK}=")):
        assert REDACTION.redact_text(f"{'x ' * 10_000}"[: length - len(end) - 1] + f" {end}").endswith(f" {expected}")
