"""Tests of the redaction: it repeats no pass without need, and shortcuts do not change the result."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client.sync import DEFAULT_FIELDS, DEFAULT_HEADERS, Redaction
from sendcloud_integrations_client.sync.redaction import encodings, text_redactor
from sendcloud_integrations_client.sync.redaction.clean_lines import CleanLines
from sendcloud_integrations_client.sync.redaction.credentials import CredentialFinder
from sendcloud_integrations_client.sync.redaction.named_values import NamedValueRedactor
from sendcloud_integrations_client.sync.redaction.names import NameClassifier, NameKind
from tests.support.adversarial_texts import build_adversarial_texts
from tests.sync.redaction_corpus import HARMLESS, SECRETS, SHAPES

MARK = "[redacted]"
FILLER = "".join(f"line {number} of a log, in which no value is a secret\n" for number in range(20))
CORPUS = [*(text for texts in (*SECRETS.values(), *HARMLESS.values()) for text in texts), *SHAPES]
REDACTION = Redaction()


@pytest.mark.parametrize(
    ("text", "expected", "calls"),
    [
        ("pin: x5X", f"pin: {MARK}", 2),  # the second call confirms the result of the first
        ("&#112;in: x5X", f"pin: {MARK}", 3),  # as text, decoded, and to confirm the result
        ("&lt;pin&gt;x5X&lt;/pin&gt;", f"<pin>{MARK}</pin>", 2),  # the decoded text needs no other confirmation
        ("pin: x5X\n&lt;pin&gt;x5X&lt;/pin&gt;", f"pin: {MARK}\n<pin>{MARK}</pin>", 2),
    ],
)
def test_pass_is_not_repeated_for_a_text_that_it_left_unchanged(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: str, calls: int
) -> None:
    texts: list[str] = []
    redact = NamedValueRedactor.redact

    def count(self: NamedValueRedactor, text: str) -> str:
        texts.append(text)
        return redact(self, text)

    monkeypatch.setattr(NamedValueRedactor, "redact", count)
    assert Redaction().redact_text(f"{text}\n{FILLER}") == f"{expected}\n{FILLER}"
    assert len(texts) == calls


LINES = st.lists(
    st.sampled_from(CORPUS) | st.sampled_from(["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "&quot;"]),
    min_size=1,
    max_size=6,
).map("\n".join)


def select_none(lines: CleanLines, text: str) -> list[str] | None:
    """Remember no lines."""
    return None


@settings(deadline=None)
@given(LINES)
def test_remembered_lines_and_texts_do_not_change_the_result(text: str) -> None:
    text = f"{text}\n{FILLER}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CleanLines, "select_others", select_none)
        patch.setattr(text_redactor, "_MIN_KNOWN_LENGTH", 10**9)
        expected = REDACTION.redact_text(text)
    assert REDACTION.redact_text(text) == expected
    assert REDACTION.redact_text(text) == expected


def test_line_within_a_private_key_is_redacted_without_it() -> None:
    redaction = Redaction()
    line = "AKIAIOSFODNN7EXAMPLE\n"
    key = f"-----BEGIN PRIVATE KEY-----\n{line}-----END PRIVATE KEY-----"
    assert redaction.redact_text(f"{FILLER}{key}") == f"{FILLER}{MARK}"
    assert redaction.redact_text(f"{FILLER}{line}") == f"{FILLER}{MARK}\n"


def test_clean_lines_passes_each_line_once() -> None:
    lines, passed = CleanLines(), list[str]()

    def redact(text: str) -> str:
        passed.append(text)
        return text.replace("x5X", MARK)

    text = f"{FILLER}x5X\nend"
    for _ in range(2):
        assert lines.redact(text, redact) == f"{FILLER}{MARK}\nend"
    assert passed == [text, "x5X"]
    assert lines.redact(FILLER, redact) == FILLER
    assert passed == [text, "x5X", ""]  # the end of the text is an empty line


def test_clean_lines_passes_the_whole_text_if_that_is_faster_or_the_marker_has_lines() -> None:
    lines, passed = CleanLines(), list[str]()

    def redact(text: str) -> str:
        passed.append(text)
        return text.replace("x5X", "a\nb")

    for text in ("short", "many\n" * 200, FILLER * 30):
        assert lines.redact(text, redact) == text
        assert lines.redact(text, redact) == text
        assert passed == [text, text]
        passed.clear()
    assert lines.redact(f"x5X\n{FILLER}", redact) == f"a\nb\n{FILLER}"


def test_clean_lines_forgets_lines() -> None:
    lines = CleanLines()
    lines.add(FILLER.split("\n"))
    assert lines.select_others(FILLER) == []
    lines.add(f"another line {number}" for number in range(1001))
    lines.add(["the last one"])
    assert lines.select_others(FILLER) == FILLER.split("\n")
    lines.add(["long " * 500])
    assert lines.select_others("long " * 500) == ["long " * 500]


@pytest.mark.parametrize("name", [name for name in build_adversarial_texts(40) if "percent" in name])
def test_single_encoded_part_is_redacted_as_one_of_many(name: str) -> None:
    text = build_adversarial_texts(1500)[name]
    texts = [text, *text[:300].split("&"), *(quote(part, safe="=") for part in CORPUS[::40])]
    expected = [REDACTION.redact_text(text) for text in texts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "_MAX_SINGLE_TOKEN", 0)
        patch.setattr(encodings, "_MIN_LONG_TEXT", 10**9)
        assert [REDACTION.redact_text(text) for text in texts] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pin: A(x) b", f"pin: {MARK} b"),
        ("pin: (  ) b", "pin: (  ) b"),
        ("pin=[x]y b", f"pin={MARK} b"),
        ("pin=[  ] b", "pin=[  ] b"),
        ("pin=[redacted]x b", f"pin={MARK} b"),
        ("`pin: x5X y` b", f"`pin: {MARK}` b"),
        ("`pin: b` c` d", f"`pin: b`{MARK}` d"),  # the type of a string
        ("'pin: x5X''y' b", f"'pin: {MARK}' b"),
        ('"pin: x5X", b', f'"pin: {MARK}", b'),
        ("'pin: [redacted]', b", f"'pin: {MARK}', b"),
        ('value=["a] \\name=pin {}', 'value=["a] \\name=pin {}'),
        ("token=new Secret('x5X') b", f"token=new {MARK} b"),
        ("value=[ name=pin ] {}", "value=[ name=pin ] {}"),
        ("value=[a [b] c] name=pin {}", f"value={MARK} name=pin {{}}"),
    ],
)
def test_values_in_brackets_and_quotes_end_where_they_are_closed(text: str, expected: str) -> None:
    assert REDACTION.redact_text(text) == expected


def test_names_are_classified_again_if_there_are_many() -> None:
    names = NameClassifier(DEFAULT_HEADERS, DEFAULT_FIELDS, phones=False)
    assert names.classify("pin") == NameKind.SECRET
    assert {names.classify(f"order{number}") for number in range(10_001)} == {NameKind.NONE}
    assert names.classify("pin") == NameKind.SECRET
    assert names.classify("pin" * 100) == NameKind.NONE


@pytest.mark.parametrize("word", ["basic", "bas\u0131c", "BAS\u0130C", "ba\u017fic"])
def test_letters_that_are_equal_without_case_are_found_in_long_texts(word: str) -> None:
    redact = CredentialFinder(MARK).redact_schemes
    for before in ("", FILLER):
        assert redact(f"{before}{word} a8Fk29dLq0Zx81mP\n") == f"{before}{word} {MARK}\n"
