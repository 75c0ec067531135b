"""Finds where the value of a secret name ends in text that no parser accepts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sendcloud_integrations_client.sync.redaction.credentials import SCHEME_WORDS

__all__ = ["LINE_BREAK", "LOOKAHEAD", "ValueFinder"]

# Patterns that are searched for in long texts consist of alternatives that begin with one fixed character each. The
# regular expression engine finds these characters at high speed, so conditions for what precedes them come second.

# Quotes and line breaks can be escaped once or more, as in JSON within JSON. The lookbehind makes a match start at the
# first of several backslashes, so that each is read once.
_LINE_BREAK: Final = r"\n(?<!\\\n)|\r(?<!\\\r)(?:\\{0,40}+\n)?|\\(?<!\\\\)\\*+(?:\n|\r(?:\\{0,40}+\n)?|n|r(?:\\++n)?)"
LINE_BREAK: Final = f"(?:{_LINE_BREAK})"
"""Regular expression for one line break."""

_TYPE: Final = (
    r"(?:(?:string|int|integer|float|bool|boolean|array|object|binary)\(\d{1,9}+\)\s{1,5}+"
    r"|[sSbBuUrRfF@]{1,2}(?=\\*[\"'`])|&|new\s|\[\][a-z]{1,20}+(?=\{))"
)
_FLAT: Final = r"""[^\[\](){}"']*+[\])}]"""
"""Rest of brackets that contain neither others nor quotes, as most."""

_ATTACHED: Final = r"""[^\s,;:&)\]}"'<>\\|=]*+"""
_AFTER_BRACKETS: Final = re.compile(_ATTACHED)
# Most values begin with a word without a quote or bracket directly after it.
_START: Final = re.compile(
    rf"""\s{{0,200}}+(?=[\w@&]{{0,70}}+[\\"'`\[({{\s])(?:{_TYPE}|)(?:(?P<quote>\\{{0,100}}+["'`])"""
    rf"""|(?P<open>[\[({{]|[Aa]rray\s{{0,20}}+\(|map\[|[A-Z]\w{{0,60}}+[\[({{])(?P<flat>{_FLAT}|))"""
)
_BLANKS: Final = (" ", "\t")
_SPACES: Final = re.compile(r"[ \t]{0,200}+")
_QUOTED: Final = {
    '"': re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL),
    "'": re.compile(r"(?:[^'\\]++|\\.|'')*+", re.DOTALL),
    "`": re.compile(r"(?:[^`\\]++|\\.)*+", re.DOTALL),
}
_BRACKETS: Final = re.compile(
    r""""(?:[^"\\]++|\\.)*+(?:"|\Z)|'(?<=[\[({,:=>\s]')(?:[^'\\]++|\\.)*+(?:'|\Z)|\[|\(|\{|\]|\)|\}""", re.DOTALL
)
_PLAIN_BRACKETS: Final = re.compile(r"[\[({\])}]")

_AFTER_CLOSER: Final = r"""(?=[)\]}]{0,20}+(?:[\s,;"'`<&|]|\\|$))"""
_CLOSERS: Final = rf"\){_AFTER_CLOSER}|\]{_AFTER_CLOSER}|\}}{_AFTER_CLOSER}"
_BEFORE_NAME: Final = r"""(?=\s{0,9}+\\{0,9}["'`:]?[\w.\-$\[\]]{1,60}+\\{0,9}["'`]?\s{0,3}+(?:=|:))"""
_NEXT_NAME: Final = rf",{_BEFORE_NAME}|;{_BEFORE_NAME}"
_NEXT_HEADER: Final = r""",(?=\s\\{0,9}["']?[\w\-]{1,60}+\\{0,9}["']?[=:])"""
_MARKUP: Final = r"</|<br|-->|&lt;/"
_CELL_BORDER: Final = r" \|\s|\t\|\s|\xa0\|\s"
_REST: Final = r"(?:[ \t]{1,9}+(?=[\w\-.~+/=:]{0,60}\d)(?=[\w\-.~+/=:]{0,60}[A-Za-z])[\w\-.~+/=:]{6,}+)*+"
_SIMPLE_CHARACTER: Final = r"[\w.+\-%/~!*:]"
_SIMPLE: Final = f"{_SIMPLE_CHARACTER}++"
_WORDS: Final = rf"{_SIMPLE}(?:[ \t]++{_SIMPLE})*+"
_HEADER_WORD: Final = r"[\w.+\-%/~!*:=;,@]++"
# No line follows that continues the header: such lines are indented, and items of a list in YAML begin with a dash.
_END_OF_HEADER: Final = r"(?=[ \t]*+(?:\Z|\r?\n(?:\Z|[^\s\-]|\r?\n(?:\Z|[^\s]))))"
_PAIRS: Final = r"""(?:[\w\-]{1,60}+=\\{0,9}"[^"\\]*+\\{0,9}",?\s{0,9}+)++"""
_WORD: Final = (
    r"""(?:[^&\s"'`<>,;)\]}\\]++|[,;](?![\s,;]|$|[\w.\-$]{1,60}+\s?[=:])|\\(?![nrt"'`]|\\)"""
    r"""|[)\]}'](?![)\]}']{0,20}+(?:[\s,;&"'`<>|\\]|$)))++"""
)

_LISTS: Final = ("Digest", "OAuth", "Hawk", "AWS4", "Signature")
"""Authentication schemes whose credentials are lists with commas."""
_MAX_EMPTY_BRACKETS: Final = 20
_FIRST_SEARCH: Final = 200
LOOKAHEAD: Final = 100
"""Number of characters that a pattern can look ahead at most."""


class ValueFinder:
    """Finds values.

    Args:
        marker: Replacement for redacted values. It is not parsed as a list.
    """

    def __init__(self, marker: str) -> None:
        mark = re.escape(marker)
        self._marker = marker
        flat = rf"""(?!{mark})[\[({{](?=[^\s\[\](){{}}"']){_FLAT}{_ATTACHED}"""
        self._simple = {
            "=": re.compile(
                rf"((?:{mark}|{_SIMPLE})(?=[& \r\n]|$)(?<!earer)(?<!asic)(?<!oken)(?<!igest)(?<!new)|{flat})"
            ),
            ":": re.compile(rf"[ \t]{{0,9}}+((?:{mark}|{_WORDS})(?=[ \t]*+(?:\r?\n|\Z))|(?:[A-Z]\w{{0,60}}+|){flat})"),
        }
        self._simple_enclosed = {
            # One or two letters can be the type of a string: b"…"
            quote: re.compile(rf"[ \t]{{0,9}}+((?!{mark})(?={_SIMPLE_CHARACTER}{{3}}){_WORDS})(?={quote}(?!'))")
            for quote in "\"'`"
        }
        self._single = re.compile(
            rf"([\w.\-\[\]$@]{{1,200}}+)=(?:{mark}|{_SIMPLE})(?<!earer)(?<!asic)(?<!oken)(?<!igest)"
        )
        self._simple_quoted = {
            '"': re.compile(rf'[ \t]{{0,9}}+"({mark}|[\w.+\-%/~!*:=;,@ ]*+)"'),
            "'": re.compile(rf"[ \t]{{0,9}}+'({mark}|[\w.+\-%/~!*:=;,@ ]*+)'(?!')"),
        }
        self._simple_header = re.compile(
            rf"[ \t]{{0,9}}+({mark}|{_HEADER_WORD}(?:[ \t]++{_HEADER_WORD})*+){_END_OF_HEADER}"
        )
        scheme = rf"(?:(?=[\w\-]{{3,100}}+[ \t+:%]){SCHEME_WORDS}(?:[ \t+:]|%20){{1,20}}+)?"  # MAC, HMAC-SHA256, …
        self._bare = re.compile(rf"(?i:{scheme})(?:{mark}|{_PAIRS}|{_WORD})(?:{_WORD})?")
        self._bare_header = re.compile(rf"(?i:{scheme})(?:{mark}|{_PAIRS}|{_WORD})(?:{_WORD})?{_REST}")
        self._after_marker = re.compile(rf"{mark}[\w.\-~+/=]*+")
        self._whole_line = re.compile(_LINE_BREAK)
        self._header_line = re.compile(f"{_LINE_BREAK}|{_MARKUP}")
        # The marker is found as a whole, because its brackets close nothing.
        ends = "|".join(filter(None, (_LINE_BREAK, _MARKUP, _CELL_BORDER, mark, _CLOSERS)))
        self._line = re.compile(f"{ends}|{_NEXT_NAME}")
        self._enclosed_line = re.compile(f"{ends}|{_NEXT_HEADER}")

    def find_single_name(self, text: str) -> str | None:
        """Return the name if a text is a single `name=value` with a value of harmless characters.

        Most decoded texts, and most texts with a secret in JSON, are such.
        """
        found = self._single.fullmatch(text)
        return None if found is None else found[1]

    def match_simple(self, text: str, position: int, sign: str, close: str | None) -> re.Match[str] | None:
        """Match a value of harmless characters, as group 1, if it ends where any value would end.

        This is a faster way to the result of `find` for most values in URLs, forms, lines and dumps. Values of headers
        without quotes need `match_header` or `find`.

        Args:
            text: The text.
            position: Position after the sign.
            sign: The sign that separates name and value.
            close: The quote that closes the name, or None.
        """
        pattern = self._simple.get(sign) if close is None else self._simple_quoted.get(close)
        return None if pattern is None else pattern.match(text, position)

    def match_enclosed(self, text: str, position: int, quote: str) -> re.Match[str] | None:
        """Match a value of harmless characters after `:`, as group 1, if the quote before the name ends it."""
        pattern = self._simple_enclosed.get(quote)
        return None if pattern is None else pattern.match(text, position)

    def match_header(self, text: str, position: int) -> re.Match[str] | None:
        """Match the value of a header that has the whole line, as group 1, if it consists of harmless characters."""
        return self._simple_header.match(text, position)

    def find(self, text: str, position: int, limit: int | None = None) -> tuple[int, int]:
        """Return the start and end of a value that contains no spaces, unless it is quoted or in brackets.

        Args:
            text: The text.
            position: Position after the sign that separates name and value.
            limit: Position up to which a closing bracket is searched for. If none is found, the value ends with the
                text. Defaults to the end of the text.
        """
        start, end = self._find_delimited(text, position, limit)
        if end < 0:
            found = self._bare.match(text, start)
            end = found.end() if found else start
        return start, end

    def find_in_line(self, text: str, position: int, quote_before: str, limit: int | None = None) -> tuple[int, int]:
        """Return the start and end of a value after `:`, which can contain spaces.

        Args:
            text: The text.
            position: Position after the sign that separates name and value.
            quote_before: The quote directly before the name, if the name was not closed by one: it encloses both name
                and value.
            limit: See `find`.
        """
        simple = self.match_enclosed(text, position, quote_before) if quote_before else None
        if simple is not None:
            return simple.span(1)
        start, end = self._find_delimited(text, position, limit)
        return start, self._find_line_end(text, start, quote_before, self._line) if end < 0 else end

    def find_header(
        self, text: str, position: int, sign: str, quote_before: str, *, is_enclosed: bool, is_at_line_start: bool
    ) -> tuple[int, int]:
        """Return the start and end of the value of a header.

        Args:
            text: The text.
            position: Position after the sign that separates name and value.
            sign: The sign: `=`, `:`, `=>` and so on.
            quote_before: See `find_in_line`.
            is_enclosed: Whether name and value are items of an object or list.
            is_at_line_start: Whether the name is at the beginning of a line, so that the value has the whole line.
        """
        start = _skip_spaces(text, position)
        if not text.startswith(self._marker, start):
            opening = _START.match(text, position)
            if opening is not None:
                first, end = self._find_enclosed(text, opening)
                if is_at_line_start and sign == ":":
                    line = self._whole_line.search(text, start)
                    return min(first, start), max(end, line.start() if line else len(text))
                return first, end
        elif sign == ":":
            return start, self._after_marker.match(text, start).end()  # type: ignore[union-attr]
        if sign in ("=", "option"):
            found = self._bare_header.match(text, start)
            return start, found.end() if found else start
        if is_at_line_start:
            pattern = self._whole_line
        elif is_enclosed and not text.startswith(_LISTS, start):
            pattern = self._enclosed_line
        else:
            pattern = self._header_line
        return start, self._find_line_end(text, start, quote_before, pattern)

    def _find_delimited(self, text: str, position: int, limit: int | None) -> tuple[int, int]:
        """Return the start of a value, and its end if it is quoted, in brackets or redacted already; otherwise -1."""
        start = _skip_spaces(text, position)
        if text.startswith(self._marker, start):
            return start, self._after_marker.match(text, start).end()  # type: ignore[union-attr]
        opening = _START.match(text, position)
        return (start, -1) if opening is None else self._find_enclosed(text, opening, limit)

    def _find_enclosed(self, text: str, opening: re.Match[str], limit: int | None = None) -> tuple[int, int]:
        quote, end = opening["quote"], opening.end()
        if quote is not None:
            closing = _find_closing_quote(text, end, quote, len(text))
            return end, len(text) if closing is None else closing
        first, start = opening.start("open"), opening.end("open") - 1
        if not opening["flat"]:
            end = _find_closing_bracket(text, start, len(text) if limit is None else limit)
        if end - start < _MAX_EMPTY_BRACKETS and not text[start + 1 : end - 1].strip():
            return end, end
        return first, _AFTER_BRACKETS.match(text, end).end()  # type: ignore[union-attr]

    def _find_line_end(self, text: str, start: int, quote_before: str, pattern: re.Pattern[str]) -> int:
        if quote_before:
            end = self._find_end_within_quotes(text, start, quote_before, pattern)
        else:
            end = self._search(pattern, text, start, len(text))
        return start + len(text[start:end].rstrip(" \t"))

    def _find_end_within_quotes(self, text: str, start: int, quote: str, pattern: re.Pattern[str]) -> int:
        """Return the position of the closing quote or of the end of the line, whichever is first.

        The part that is searched doubles, so the time is linear even if many values end early in one long line.
        """
        size = _FIRST_SEARCH
        while True:
            limit = min(start + size, len(text))
            closing = _find_closing_quote(text, start, quote, limit)
            end = self._search(pattern, text, start, limit if closing is None else closing)
            if closing is not None or end < limit or limit == len(text):
                return end
            size *= 2

    def _search(self, pattern: re.Pattern[str], text: str, start: int, limit: int) -> int:
        """Return the position of the first match before a limit, or the limit."""
        position = start
        while found := pattern.search(text, position, limit + LOOKAHEAD):
            if found.start() >= limit:
                break
            if found[0] != self._marker:
                return found.start()
            position = found.end()  # its brackets close nothing
        return limit


def _skip_spaces(text: str, position: int) -> int:
    if text.startswith(_BLANKS, position):
        return _SPACES.match(text, position).end()  # type: ignore[union-attr]
    return position


def _find_closing_quote(text: str, start: int, opening: str, limit: int) -> int | None:
    """Return the position of the closing quote before a limit; None if it is missing there."""
    if len(opening) == 1:
        found = _QUOTED[opening].match(text, start, limit)
        end = found.end() if found else limit
        # At the limit, a quote can be the first of two, which close nothing.
        return end if end < limit - 1 or (end < limit == len(text)) else None
    # A quote with more backslashes than the opening one is a part of the value.
    closing = _compile_closing(opening).search(text, start, limit)
    return closing.start() if closing else None


@lru_cache(maxsize=500)
def _compile_closing(opening: str) -> re.Pattern[str]:
    mark = re.escape(opening)
    return re.compile(rf"{mark}(?<!\\{mark})")


def _find_closing_bracket(text: str, start: int, limit: int) -> int:
    """Return the position after the bracket that closes the one at `start` before a limit, or the end of the text."""
    # Escaped quotes enclose no reliable strings.
    pattern = _PLAIN_BRACKETS if text.startswith("\\", start + 1) else _BRACKETS
    depth = 0
    for found in pattern.finditer(text, start, limit):
        symbol = found[0]
        if symbol in "[({":
            depth += 1
        elif symbol in "])}":
            depth -= 1
            if depth <= 0:
                return found.end()
    return len(text)
