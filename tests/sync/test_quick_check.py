"""Tests of the check that finds what a text can contain, so that most texts need no other check."""

from __future__ import annotations

import pytest

from sendcloud_integrations_client.sync import DEFAULT_FIELDS, DEFAULT_HEADERS, DEFAULT_PATTERNS, SecretPattern
from sendcloud_integrations_client.sync.redaction.names import NameKind
from sendcloud_integrations_client.sync.redaction.quick_check import Hint, QuickCheck

CHECK = QuickCheck(DEFAULT_FIELDS | DEFAULT_HEADERS, DEFAULT_PATTERNS)


@pytest.mark.parametrize(
    ("hints", "texts"),
    [
        (Hint.NONE, [
            "", "order 5", "shipping", "apin", "api", "monkey", "straße", "xAKIA", "akia", "Atzax", "ask-x", "SGx",
            "a@b", "a:@c", "a:b @c", "a%b@c", "%", "%3A", "100 % x", "\\n", "&nbsp;", "a&b;", "a&", "a&lt",
            # Runs of letters and digits that are too short, or neither random nor base64
            "cGluPXg1WDU1N", "a8Fk29dLq0Zx81m", "abcdefghijklmnopqrst", "12345678901234567890", "A" * 14, "é" * 20,
            "cGFzc3dvcmQ9éDVY", "4c6d369d-a9d7-4a49-8c6d-369da9d74a49", f"{'a' * 196}1a1a1", "x " * 10_001 + "order",
        ]),
        (Hint.NAME, [
            "the pin", "userPin", "user_pin", "PIN", "pass", "xpass", "compass", "password", "xpasswordx", "apiKey",
            "keys", "bearer", "curl", "schlüssel", "SCHLÜSSEL", "Schlüssel", "CONTRASEÑA", "x" * 20_001 + " pin",
            "x " * 10_001 + "pin", "userPINCode", "pin\x7fx",
        ]),
        (Hint.PATTERN, ["AKIA", "AKIAX", "xapp-1", "Atza|x", "Atza", "sk-x", "nsk_live_x", "SG.x", "a SG"]),
        (Hint.USERINFO, ["a:b@c", " a:b@c", '"a:b@c', "x\na:b@c"]),
        (Hint.PERCENT, ["%41", "%2541", "%25", "%C3", "%aBc", "a%40b", "a%2540b"]),
        (Hint.USERINFO | Hint.PERCENT, ["a%3Ab@c", "a%253ab@c", "a@b %40"]),
        (Hint.ESCAPE, ["\\u0041", "\\x41", "x\\u", "&#65;", "&lt;", "&amp;lt;", "&commat;"]),
        (Hint.RUN, [
            "cGFzc3dvcmQ9eDVY", "cGluPXg1WDU1NQ", "a8Fk29dLq0Zx81mP", "YWJjZAlhYmNkCmFiYw0K",
            f"{'a' * 195}1a1a1", f"{'QUJD' * 16}/w==", "cGFzc3dvcmQ9eDVY abcdefghijklmnopqrst",
            "x abcdefghijklmnopqrst cGFzc3dvcmQ9eDVY", "abcdefghijklmnopqrst abcdefghijklmnopqrst cGluPXg1WDU1NQ",
        ]),
        (Hint.NAME | Hint.RUN, ["pin cGFzc3dvcmQ9eDVY"]),
        (Hint.NAME | Hint.PATTERN, ["key"]),
    ],
)  # fmt: skip
def test_texts_have_hints(hints: int, texts: list[str]) -> None:
    found = {text: CHECK.find_hints(text.encode()) for text in texts}
    assert found == dict.fromkeys(texts, hints)
    assert {CHECK.is_suspicious(text.encode(), lambda _: NameKind.NONE) for text in texts} == {hints != Hint.NONE}


def test_flags_can_be_combined() -> None:
    flags = [Hint.NAME, Hint.PATTERN, Hint.USERINFO, Hint.PERCENT, Hint.ESCAPE, Hint.RUN]
    assert (Hint.NONE, flags, Hint.ALL) == (0, [1, 2, 4, 8, 16, 32], sum(flags))


def test_unprintable_base64_is_no_text() -> None:
    assert CHECK.find_hints(b"QUJDQUJDAQEBAQEB") == Hint.NONE
    assert CHECK.find_hints(b"QUJDQUJDQUJDQUJD") == Hint.RUN
    # Only the first 64 characters are decoded.
    assert CHECK.find_hints(b"QUJD" * 15 + b"AQEB") == Hint.NONE
    assert CHECK.find_hints(b"QUJD" * 16 + b"AQEB") == Hint.RUN


def test_custom_names_and_patterns_are_found() -> None:
    patterns = [SecretPattern("ACME key", "acme_", "[0-9]+"), SecretPattern("code", "1AB-", "[0-9]+")]
    check = QuickCheck(["password", "colour"], patterns)
    for text, hints in (
        ("c-o.L_o[u]r", Hint.NAME),
        ("xcolours", Hint.NAME),
        ("password", Hint.NAME),
        ("acme_1", Hint.PATTERN),
        ("acme_x", Hint.PATTERN),
        ("xacme_1", Hint.NONE),
        ("AB", Hint.PATTERN),
        ("ABC", Hint.NONE),
        ("pin colo AKIA", Hint.NONE),
    ):
        assert check.find_hints(text.encode()) == hints
    # Letters that are not ASCII can have an upper case of another length, so every text is searched.
    assert QuickCheck(["ßé"], patterns).find_hints(b"order 5") == Hint.NAME
    assert QuickCheck([], patterns).find_hints(b"pin AKIA") == Hint.NONE


def test_results_are_the_same_after_many_different_words() -> None:
    check = QuickCheck(["pin"], DEFAULT_PATTERNS)
    letters = str.maketrans("0123456789", "qbcdefghij")
    for start in range(0, 24_000, 800):
        words = " ".join(f"w{number}".translate(letters) for number in range(start, start + 800))
        assert check.find_hints(words.encode()) == Hint.NONE
        assert check.find_hints(f"{words} pin".encode()) == Hint.NAME
