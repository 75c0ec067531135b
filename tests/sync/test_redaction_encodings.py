"""Tests of secrets in percent-encoding, entities, escapes and base64."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from sendcloud_integrations_client.sync import Redaction
from sendcloud_integrations_client.sync.redaction.encodings import decode_escapes, decode_percent, has_escapes

MARK = "[redacted]"
REDACTION = Redaction()


def encode_percent(text: str, levels: int) -> str:
    for _ in range(levels):
        text = quote(text, safe="")
    return text


def encode_base64(text: str, levels: int) -> str:
    for _ in range(levels):
        text = base64.b64encode(text.encode()).decode()
    return text


@pytest.mark.parametrize("levels", range(9))
def test_text_that_was_percent_encoded_many_times_is_redacted(levels: int) -> None:
    # The fourth level and all below it are decoded at once, and encoded once.
    sign = encode_percent("=", min(levels, 4))
    assert REDACTION.redact_text(f"q={encode_percent('password=x5X', levels)}") == f"q=password{sign}{MARK}"
    text = f"a b?q={encode_percent('&password=x5X&é', levels)}&p=1"
    ends = [encode_percent(end, min(levels, 4)) for end in ("&", "&é")]
    assert REDACTION.redact_text(text) == f"a b?q={ends[0]}password{sign}{MARK}{ends[1]}&p=1"


@pytest.mark.parametrize("levels", range(1, 7))
def test_text_that_was_encoded_in_base64_many_times_is_redacted(levels: int) -> None:
    text = f"see {encode_base64('password=x5X5', levels)}, x"
    assert REDACTION.redact_text(text) == (f"see {MARK}, x" if levels <= 4 else text)
    text = f"{'x ' * 200}{text}"
    assert REDACTION.redact_text(text) == (f"{'x ' * 200}see {MARK}, x" if levels <= 4 else text)


@pytest.mark.parametrize("levels", range(1, 6))
def test_escapes_within_base64_count_as_one_more_level(levels: int) -> None:
    text = encode_base64("&lt;pin&gt;x5X&lt;/pin&gt;", levels)
    assert REDACTION.redact_text(text) == (MARK if levels <= 3 else text)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "p%61ssword=x5X": f"p%61ssword={MARK}",
            "p%2561ssword=x5X": f"p%2561ssword={MARK}",
            "p%252561ssword=x5X&a=b": f"p%252561ssword={MARK}&a=b",
            "p%61ssword=": "p%61ssword=",
            "p%61ssword=null": f"p%61ssword={MARK}",
            "p%61ge=password%3Dx": f"page%3Dpassword%3D{MARK}",
            "my+%70assword=x5X": f"my+%70assword={MARK}",
            "a+b+password%3Dx5X": f"a%2Bb%2Bpassword%3D{MARK}",
            "a=x+y%2Cpassword:+x5X": f"a=x+y%2Cpassword:{MARK}",
            "a=b%26password=x5X": f"a=b%26password={MARK}",
            "a=/b%2Fc?password%3Dx5X": f"a=%2Fb%2Fc%3Fpassword%3D{MARK}",
            "/b/c%3Fpassword%3Dx5X": f"/b/c%3Fpassword%3D{MARK}",
            "a=%7Ex%21~%7F%22password%22:%22x5X%22": f"a=~x%21~%7F%22password%22%3A%22{MARK}%22",
            "a=%C3%A9%26password%3Dx5X": f"a=%C3%A9%26password%3D{MARK}",
            "a=%C3%28%26password%3Dx5X": f"a=%EF%BF%BD%28%26password%3D{MARK}",
            "a=é%26password%3Dx5X": f"a=%C3%A9%26password%3D{MARK}",
            f"a=b%26password%3D{MARK}": f"a=b%26password%3D{MARK}",
            "x%3Dpassword%3Dx5X x%3Dpassword%3Dx5X": f"x%3Dpassword%3D{MARK} x%3Dpassword%3D{MARK}",
            "a%20b%20c=d%20e": "a%20b%20c=d%20e",
            "100 % of password%": "100 % of password%",
        },
        {
            "&lt;pin&gt;x5X&lt;/pin&gt;": f"<pin>{MARK}</pin>",
            "&amp;lt;pin&amp;gt;x5X": f"<pin>{MARK}",
            "pin&equals;x5X, b&lt;c": f"pin={MARK}, b<c",
            "pin&colon;&quot;x5X&quot;": f'pin:"{MARK}"',
            "pin&apos;&#58;&#x3a;x5X": f"pin'::{MARK}",
            "&#112;in&#0000061;x5X": f"pin={MARK}",
            "&#x70;in&#X000003D;x5X": f"pin={MARK}",
            "bob&colon;x5X&commat;host.example": f"bob:{MARK}@host.example",
            "\\u0070in\\u003dx5X": f"pin={MARK}",
            "\\\\u0070in\\\\\\x3dx5X": f"pin={MARK}",
            "\\u{70}in\\u{3d}x5X": f"pin={MARK}",
            "\\u0070age=1 &lt;b&gt;": "\\u0070age=1 &lt;b&gt;",
            "pin=x5X &lt;b&gt;": f"pin={MARK} &lt;b&gt;",
            "pin=x5X \\u00e9": f"pin={MARK} \\u00e9",
        },
        {
            "cGFzc3dvcmQ9eDVYNQ==": MARK,
            "cGFzc3dvcmQ9eDVYNQ": MARK,
            "a=cGFzc3dvcmQ9eDVYNQ==&b=c": f"a={MARK}&b=c",
            "cGFzc3dvcmQ9eDVYN": MARK,  # the last character is incomplete
            "cGFzc3dvcmQ9eDVY": MARK,
            "cGlu5PXg1WDU1NTU": "cGlu5PXg1WDU1NTU",  # no text
            "cGluPXg1WDU1NQ==": MARK,
            "cGluPXg1WDU1": "cGluPXg1WDU1",  # 12 characters are too short
            "cGluPXg1WDU1NQ": MARK,  # 14
            "cGFzc3dvcmQ9eDVYPj4-Pz8_": MARK,  # in the URL-safe alphabet
            "cGFzc3dvcmQ9eDVYPj4+Pz8/": MARK,
            "cGFzc3dvcmQ9eDVYPj4+Pz8\\/Pg": MARK,
            "cGluPXg1WDUK": "cGluPXg1WDUK",
            "bXktYWdlIHBpbj15": MARK,  # the value is in the last character
            "bXktYWdlIHBpbj15X": MARK,
            "cGluPXg1WDU1DQo5": MARK,  # with a line break
            "cGluPXg1WDU1AAA5": "cGluPXg1WDU1AAA5",  # with a control character
            "b3JkZXI9NSZwYWdlPTI1": "b3JkZXI9NSZwYWdlPTI1",
            "b3JkZXI9NSZwYWdlPTI1 cGFzc3dvcmQ9eDVYNQ": f"b3JkZXI9NSZwYWdlPTI1 {MARK}",
        },
    ],
)  # fmt: skip
def test_encoded_secrets_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


def test_percent_encoding_is_decoded_once_or_at_all_levels() -> None:
    for text, once, completely in (
        ("%41", "A", "A"),
        ("%2541", "%41", "A"),
        ("%25252541", "%252541", "A"),
        ("%C3%A9", "é", "é"),
        ("%25C3%25A9", "%C3%A9", "é"),
        ("%C3", "\ufffd", "\ufffd"),
        ("+%2B+", "+++", "+++"),
        ("%4", "%4", "%4"),
    ):
        assert (decode_percent(text, all_levels=False), decode_percent(text, all_levels=True)) == (once, completely)


def test_entities_and_escapes_of_printable_characters_are_decoded() -> None:
    for text, decoded in (
        ("&quot;&apos;&lt;&gt;&equals;&colon;&commat;", "\"'<>=:@"),
        ("&amp;amp;quot;", '"'),
        ("&#9;&#10;&#8;&#0;", "\t\n&#8;&#0;"),
        ("&#65;&#x41;&#X41;&#055295;&#55296;&#xD7FF;&#xD800;", "AAA\ud7ff&#55296;\ud7ff&#xD800;"),
        ("&#99999;", "&#99999;"),
        ("\\u0041\\x41\\u{41}\\\\\\u0041", "AAAA"),
        ("\\u0019\\x19\\u00e9\\u2028", "\\u0019\\x19\\u00e9\\u2028"),
        ("&nbsp;&quot", "&nbsp;&quot"),
    ):
        assert decode_escapes(text) == decoded
    assert [has_escapes(text) for text in ("&;", "\\u", "\\x", "&", ";", "\\n", "")] == [True] * 3 + [False] * 4
