"""Encodings that hide secrets in text: percent-encoding, entities and escapes, base64.

Each function decodes all levels of an encoding in one pass, so that text that is encoded many times takes linear time.
The decoded parts of a text are checked together, so that a text without secrets takes a single check.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final, TypeAlias
from urllib.parse import quote_plus

from sendcloud_integrations_client.sync.redaction.clean_lines import CleanLines

__all__ = [
    "FindRedactor",
    "decode_escapes",
    "decode_percent",
    "has_base64_text",
    "has_escapes",
    "redact_base64",
    "redact_percent_encoded",
]

FindRedactor: TypeAlias = Callable[[str], "Callable[[str], str] | None"]
"""Returns what replaces the secrets in decoded text; None if that text contains none. Decoded parts are its lines."""

# %41, and %2541, %252541 and so on for text that was encoded more than once.
_PERCENT_RUN: Final = re.compile(r"(?:%(?:25)*[0-9A-Fa-f]{2})+")
_PERCENT_LEVEL: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PERCENT: Final = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})")
# A match begins with the character before a part, so that each part is searched once, and others are skipped at high
# speed.
_ENCODED_TOKEN: Final = re.compile(r"""[&\s"'<>%]([^&\s"'<>%]*+%[0-9A-Fa-f]{2}[^&\s"'<>]*+)""")
_SINGLE_TOKEN: Final = re.compile(r"""[^&\s"'<>%]*+%[0-9A-Fa-f]{2}[^&\s"'<>]*+""")
_MAX_SINGLE_TOKEN: Final = 200
_ESCAPE: Final = re.compile(
    r"&(?:amp;)*+(?:(?P<entity>quot|apos|lt|gt|amp|equals|colon|commat);|\#0{0,6}(?P<decimal>\d{1,5});|\#[xX]0{0,6}(?P<hex>[0-9A-Fa-f]{1,4});)"
    r"|\\(?<!\\\\)\\*+(?:u00(?P<unicode>[2-7][0-9a-fA-F])|x(?P<byte>[2-7][0-9a-fA-F])|u\{(?P<braced>[2-7][0-9a-fA-F])\})"
)
_ENTITIES: Final = {
    "quot": '"', "apos": "'", "lt": "<", "gt": ">", "amp": "&", "equals": "=", "colon": ":", "commat": "@",
}  # fmt: skip
_MIN_LONG_TEXT: Final = 500
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\-](?<![\w+/\-].)[A-Za-z0-9+/_\-]{13,}+(?:\\{0,9}/[A-Za-z0-9+/]*)*+={0,2}")
_ENCODED: Final = {safe: {code: quote_plus(chr(code), safe=safe) for code in range(128)} for safe in ("", "/")}
"""ASCII characters and their percent-encoding, by the character that stays. `quote_plus` takes ten times as long."""
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_URL_SAFE: Final = str.maketrans("-_", "+/", "\\")


def decode_percent(text: str, *, all_levels: bool) -> str:
    """Decode percent-encoding. `+` stays.

    Args:
        text: The text.
        all_levels: Whether text that was encoded more than once is decoded completely, otherwise once.
    """
    if all_levels:
        return _PERCENT_RUN.sub(_decode_all_levels, text)
    return _decode_once(text)


def redact_percent_encoded(
    text: str, find_redactor: FindRedactor, is_secret: Callable[[str], bool], marker: str, *, all_levels: bool
) -> str:
    """Replace the secrets in each part of a text that is percent-encoded.

    Args:
        text: The text.
        find_redactor: Returns what replaces the secrets in decoded text.
        is_secret: Whether a decoded name is that of a secret.
        marker: Replacement for a secret, which is not encoded in the result.
        all_levels: See `decode_percent`.

    Returns:
        The text. Parts without secrets are unchanged; parts with secrets are encoded once.
    """
    decode = partial(decode_percent, all_levels=True) if all_levels else _decode_once
    if len(text) <= _MAX_SINGLE_TOKEN and _SINGLE_TOKEN.fullmatch(text):
        plain = decode(text.replace("+", " ") if "=" in text else text)
        redact = find_redactor(plain)
        return text if redact is None else _redact_token(text, plain, redact, is_secret, marker, all_levels=all_levels)
    tokens = _find_encoded_tokens(text)
    decoded = [decode(token.replace("+", " ") if "=" in token else token) for token in tokens]
    redact = find_redactor("\n".join(decoded)) if tokens else None
    if redact is None:
        return text
    parts: list[str] = []
    done = position = 0
    results: dict[str, str] = {}
    for token, plain in zip(tokens, decoded, strict=True):
        start = text.index(token, position)
        position = start + len(token)
        clean = results.get(token)
        if clean is None:
            clean = results[token] = _redact_token(token, plain, redact, is_secret, marker, all_levels=all_levels)
        if clean != token:
            parts += [text[done:start], clean]
            done = position
    return "".join([*parts, text[done:]]) if parts else text


def has_escapes(text: str) -> bool:
    """Whether a text can contain entities, or escapes of ASCII characters."""
    return ("&" in text and ";" in text) or "\\u" in text or "\\x" in text


def decode_escapes(text: str) -> str:
    r"""Decode entities, and escapes of printable ASCII characters such as `\u0022`, at all levels."""
    return _ESCAPE.sub(_decode_escape, text)


def has_base64_text(text: str) -> bool:
    """Whether a text contains base64 that decodes to text."""
    return any(_decode_base64(run) is not None for run in _BASE64.findall(text))


def redact_base64(text: str, find_redactor: FindRedactor, marker: str, clean_lines: CleanLines) -> str:
    """Replace each base64 text that contains a secret.

    Args:
        text: The text.
        find_redactor: Returns what replaces the secrets in decoded text.
        marker: Replacement for the whole base64 text.
        clean_lines: Lines without base64 that contains text.

    Returns:
        The text.
    """
    others = clean_lines.select_others(text)
    decoded = {run: _decode_base64(run) for run in _BASE64.findall(text if others is None else "\n".join(others))}
    plain = [content for content in decoded.values() if content is not None]
    if others and not plain:
        clean_lines.add(others)
    redact = find_redactor("\n".join(plain)) if plain else None
    if redact is None:
        return text

    secret = {run for run, content in decoded.items() if content is not None and redact(content) != content}
    return _BASE64.sub(lambda found: marker if found[0] in secret else found[0], text) if secret else text


def _find_encoded_tokens(text: str) -> list[str]:
    if len(text) > _MIN_LONG_TEXT:
        # Most lines of a long text have no percent sign, and no part reaches beyond its line.
        text = "\n".join([line for line in text.split("\n") if "%" in line])
    return _ENCODED_TOKEN.findall(f" {text}")


def _redact_token(
    token: str,
    plain: str,
    redact: Callable[[str], str],
    is_secret: Callable[[str], bool],
    marker: str,
    *,
    all_levels: bool,
) -> str:
    name, sign, value = token.partition("=")
    if sign and "%" in name:
        if is_secret(decode_percent(name, all_levels=True).replace("+", " ")):
            return f"{name}={marker}" if value else token
    elif sign and "%" in value:
        decoded_value = decode_percent(value.replace("+", " "), all_levels=all_levels)
        clean = redact(decoded_value)
        if clean != decoded_value:
            return f"{name}={_encode(clean, marker, safe='')}"
        # The value can be the rest of a longer text, such as `a=b%26password=c`.
    clean = redact(plain)
    return token if clean == plain else _encode(clean, marker, safe="/")


def _decode_once(text: str) -> str:
    return _PERCENT_LEVEL.sub(_decode_level, text)


@lru_cache(maxsize=1000)
def _decode_run(run: str) -> str:
    return bytes.fromhex(run.replace("%", "")).decode("utf-8", "replace")


def _decode_level(found: re.Match[str]) -> str:
    return _decode_run(found[0])


def _decode_all_levels(found: re.Match[str]) -> str:
    if "%25" not in found[0]:
        return _decode_run(found[0])  # encoded once, as most text
    return bytes(int(pair, 16) for pair in _PERCENT.findall(found[0])).decode("utf-8", "replace")


@lru_cache(maxsize=1000)
def _encode(text: str, marker: str, *, safe: str) -> str:
    if text.isascii():
        encoded = _ENCODED[safe]
        return marker.join([part.translate(encoded) if part else "" for part in text.split(marker)])
    return marker.join([quote_plus(part, safe=safe, errors="replace") for part in text.split(marker)])


def _decode_escape(found: re.Match[str]) -> str:
    group = found.lastgroup or ""
    value = found[group]
    if group == "entity":
        return _ENTITIES[value]
    code = int(value, 10 if group == "decimal" else 16)
    return chr(code) if 9 <= code < 0xD800 else found[0]


def _decode_base64(text: str) -> str | None:
    """Decode base64 that contains text. Returns None for any other text; a truncated end is ignored."""
    # `isalnum` takes a tenth of the time of `translate`.
    plain = text.rstrip("=")
    plain = plain if plain.isalnum() else plain.translate(_URL_SAFE)
    plain = plain[: len(plain) - (1 if len(plain) % 4 == 1 else 0)]
    try:
        decoded = binascii.a2b_base64(plain + "=" * (-len(plain) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return None if not decoded.isprintable() and _UNPRINTABLE.search(decoded) else decoded
