"""Finds where the value of a secret name ends in text that no parser accepts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sendcloud_integrations_client.sync.redaction.credentials import SCHEME_WORDS

__all__ = ["ValueFinder", "LINE_BREAK"]

# Quotes and line breaks can be escaped once or more, as in JSON within JSON.
LINE_BREAK: Final = r"(?:\\{0,40}+\r?\\{0,40}\n|\\{0,40}+\r|(?:\\+r)?\\+n|\\+r)"

_TYPE: Final = (
    r"(?:(?:string|int|integer|float|bool|boolean|array|object|binary)\(\d{1,9}+\)\s{1,5}+"
    r"|[sSbBuUrRfF@]{1,2}(?=\\*[\"'`])|&|new\s|\[\][a-z]{1,20}+(?=\{))"
)
_START: Final = re.compile(
    rf"""\s{{0,200}}+{_TYPE}?(?P<open>\\{{0,100}}+["'`]|[\[({{]|[Aa]rray\s{{0,20}}+\(|map\[|[A-Z]\w{{0,60}}+[\[({{])"""
)
_ATTACHED: Final = re.compile(r"""[^\s,;:&)\]}"'<>\\|=]*+""")
_SPACES: Final = re.compile(r"[ \t]{0,200}+")
_QUOTED: Final = {
    '"': re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL),
    "'": re.compile(r"(?:[^'\\]++|\\.|'')*+", re.DOTALL),
    "`": re.compile(r"(?:[^`\\]++|\\.)*+", re.DOTALL),
}
_BRACKETS: Final = re.compile(
    r""""(?:[^"\\]++|\\.)*+(?:"|\Z)|(?<=[\[({,:=>\s])'(?:[^'\\]++|\\.)*+(?:'|\Z)|[\[({]|[\])}]""", re.DOTALL
)
_PLAIN_BRACKETS: Final = re.compile(r"[\[({]|[\])}]")

_CLOSERS: Final = r"""[)\]}](?=[)\]}]{0,20}+(?:[\s,;"'`<&|]|\\|$))"""
_NEXT_NAME: Final = r"""[,;](?=\s{0,9}+\\{0,9}["'`:]?[\w.\-$\[\]]{1,60}+\\{0,9}["'`]?\s{0,3}+(?:=|:))"""
_NEXT_HEADER: Final = r""",(?=\s\\{0,9}["']?[\w\-]{1,60}+\\{0,9}["']?[=:])"""
_MARKUP: Final = r"</|<br|-->|&lt;/|\s\|\s|"
_REST: Final = r"(?:[ \t]{1,9}+(?=[\w\-.~+/=:]{0,60}\d)(?=[\w\-.~+/=:]{0,60}[A-Za-z])[\w\-.~+/=:]{6,}+)*+"
_PAIRS: Final = r"""(?:[\w\-]{1,60}+=\\{0,9}"[^"\\]*+\\{0,9}",?\s{0,9}+)++"""
_WORD: Final = (
    r"""(?:[^&\s"'`<>,;)\]}\\]++|[,;](?![\s,;]|$|[\w.\-$]{1,60}+\s?[=:])|\\(?![nrt"'`]|\\)"""
    r"""|[)\]}'](?![)\]}']{0,20}+(?:[\s,;&"'`<>|\\]|$)))++"""
)


class ValueFinder:
    """Finds values.

    Args:
        marker: Replacement for redacted values. It is not parsed as a list.
    """

    def __init__(self, marker: str) -> None:
        mark = re.escape(marker)
        self._marker = marker
        scheme = rf"(?:{SCHEME_WORDS}(?:[ \t+:]|%20){{1,20}}+)?"
        self._bare = re.compile(rf"(?i:{scheme})(?:{mark}|{_PAIRS}|{_WORD})(?:{_WORD})?")
        self._bare_header = re.compile(rf"(?i:{scheme})(?:{mark}|{_PAIRS}|{_WORD})(?:{_WORD})?{_REST}")
        self._line = re.compile(rf"{LINE_BREAK}|{_MARKUP}{mark}|{_CLOSERS}|{_NEXT_NAME}")
        self._after_marker = re.compile(rf"{mark}[\w.\-~+/=]*+")
        self._whole_line = re.compile(LINE_BREAK)
        self._header_line = re.compile(rf"{LINE_BREAK}|</|<br|-->|&lt;/")
        self._enclosed_line = re.compile(
            rf"{LINE_BREAK}|{_MARKUP}{mark}|{_CLOSERS}|,(?=\s\\{{0,9}}[\"']?[\w\-]{{1,60}}+\\{{0,9}}[\"']?[=:])"
        )

    def find(
        self,
        text: str,
        position: int,
        sign: str,
        quote_before: str,
        *,
        is_header: bool,
        is_enclosed: bool,
        is_at_line_start: bool,
    ) -> tuple[int, int]:
        """Return the start and end of the value.

        Args:
            text: The text.
            position: Position after the sign that separates name and value.
            sign: The sign: `=`, `:`, `=>` and so on.
            quote_before: The quote directly before the name, if the name was not closed by one: it encloses both name
                and value.
            is_header: Whether the value reaches to the end of its line.
            is_enclosed: Whether name and value are items of an object or list.
            is_at_line_start: Whether the name is at the beginning of a line, so that a header has the whole line.
        """
        start = _SPACES.match(text, position).end()  # type: ignore[union-attr]
        if not text.startswith(self._marker, start):
            opening = _START.match(text, position)
            if opening is not None:
                first, end = self._find_enclosed(text, opening)
                if is_header and is_at_line_start and sign == ":":
                    line = self._whole_line.search(text, start)
                    return min(first, start), max(end, line.start() if line else len(text))
                return first, end
        elif not is_header or sign == ":":
            found = self._after_marker.match(text, start)
            return start, found.end() if found else start
        if sign == ":" or (is_header and sign not in ("=", "option")):
            return start, self._find_line_end(
                text,
                start,
                quote_before,
                is_header=is_header,
                is_enclosed=is_enclosed,
                is_at_line_start=is_at_line_start,
            )
        found = (self._bare_header if is_header else self._bare).match(text, start)
        return start, found.end() if found else start

    def _find_enclosed(self, text: str, opening: re.Match[str]) -> tuple[int, int]:
        symbol = opening["open"]
        if symbol[-1] in "\"'`":
            return opening.end(), _find_closing_quote(text, opening.end(), symbol)
        start = opening.end() - 1
        end = _find_closing_bracket(text, start)
        inner = text[start + 1 : end - 1].strip() if end - start < 20 else "x"
        return (opening.start("open"), _ATTACHED.match(text, end).end()) if inner else (end, end)  # type: ignore[union-attr]

    def _find_line_end(
        self, text: str, start: int, quote_before: str, *, is_header: bool, is_enclosed: bool, is_at_line_start: bool
    ) -> int:
        pattern = self._line
        if is_header:
            is_list = text[start : start + 20].startswith(("Digest", "OAuth", "Hawk", "AWS4", "Signature"))
            pattern = self._enclosed_line if is_enclosed and not is_list else self._header_line
            pattern = self._whole_line if is_at_line_start else pattern
        end, position = len(text), start
        while found := pattern.search(text, position):
            if found[0] == self._marker:
                position = found.end()  # its brackets close nothing
                continue
            end = found.start()
            break
        if quote_before:
            closing = _find_closing_quote(text[start:end], 0, quote_before)
            end = start + closing
        return start + len(text[start:end].rstrip(" \t"))


def _find_closing_quote(text: str, start: int, opening: str) -> int:
    """Return the position of the closing quote, or the end of the text if that is missing."""
    if len(opening) == 1:
        found = _QUOTED[opening].match(text, start)
        return found.end() if found else len(text)
    # A quote with more backslashes than the opening one is a part of the value.
    closing = _compile_closing(opening).search(text, start)
    return closing.start() if closing else len(text)


@lru_cache(maxsize=500)
def _compile_closing(opening: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\\){re.escape(opening)}")


def _find_closing_bracket(text: str, start: int) -> int:
    """Return the position after the bracket that closes the one at `start`, or the end of the text."""
    # Escaped quotes enclose no reliable strings.
    pattern = _PLAIN_BRACKETS if text.startswith("\\", start + 1) else _BRACKETS
    depth = 0
    for found in pattern.finditer(text, start):
        symbol = found[0]
        if symbol in "[({":
            depth += 1
        elif symbol in "])}":
            depth -= 1
            if depth <= 0:
                return found.end()
    return len(text)
