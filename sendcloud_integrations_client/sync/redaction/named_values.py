"""Replaces the values of secret names in text that no parser accepts, in one pass from left to right.

Names are recognized in headers, forms, URLs, YAML, shell options, truncated JSON, and in the dumps of programming
languages.
"""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from sendcloud_integrations_client.sync.redaction.credentials import is_user_and_password, looks_random
from sendcloud_integrations_client.sync.redaction.names import NameClassifier, NameKind
from sendcloud_integrations_client.sync.redaction.values import LINE_BREAK, LOOKAHEAD, ValueFinder

__all__ = ["NamedValueRedactor", "is_no_secret"]

_MAX_DISTANCE: Final = 300
_CHARS: Final = r"\w.\-\[\]$@"
_QUOTE: Final = r"""\\{0,100}+["'`]"""
_ASSIGNMENT_BODY: Final = rf"""
    (?P<assignment>
      (?P<option> --?[A-Za-z][\w\-]{{0,100}}+) [ ]{{1,20}}+ (?=[^\s\-]) (?<=[A-Za-z\d_\-][ ])    # --password S3CRET
    | \[(?P<pair> [\w.\-]{{1,100}}+), [ ]                                                       # [Password, S3CRET]
    | (?P<name> [{_CHARS}]{{1,200}}+)
      (?= \s{{0,40}}+ ["'`\\=:\-,;|] | \t )                                           # other words are skipped
      (?: (?P<close> {_QUOTE} \]?) | )
      (?:
        \s{{0,40}}+ (?P<sign> =>|:=|={{1,3}}|::?|->)
      | (?P<tab> \t{{1,9}}+ | [ ]{{1,40}}+\|[ ])
      | (?P<serialized> ; [ ]?(?=[sSaAOidbC]:))                                       # s:8:"password";s:6:"…"
      | (?P<item> \s{{0,40}}+[,;]\s{{0,40}}+ (?=[bBuUrR]?{_QUOTE}|\[) )               # ("Cookie", "…")
      | (?P<space> [ ]{{1,9}}+ (?={_QUOTE}) )                                         # header Authorization "…"
      )
    )
    """
# A match begins with the character before the name: the regular expression engine skips others at high speed, because
# the set contains no `\w`.
_FIRST_ASSIGNMENT: Final = re.compile(_ASSIGNMENT_BODY, re.VERBOSE)
_NEXT_ASSIGNMENT: Final = re.compile(rf"[^A-Za-z0-9_.\-\[\]$@](?<!\w){_ASSIGNMENT_BODY}", re.VERBOSE)
# Groups are faster to read by number.
_ASSIGNMENT, _NAME, _CLOSE, _SIGN = (
    _NEXT_ASSIGNMENT.groupindex[name] for name in ("assignment", "name", "close", "sign")
)
_SIGN_AFTER_NAME: Final = re.compile(r"""["'`\\=:\-,;|\t]""")  # one is within each match of the patterns above
_SERIALIZED: Final = re.compile(r"[sS]:\d{1,9}+:|[aOC]:\d{1,9}+:(?:\\*\"\w*+\\*\":\d{1,9}+:)?|[idb]:(?=[\d.\-]{1,30})")
_NAMED: Final = re.compile(
    rf"""\s{{0,40}}+ (?:string\(\d{{1,9}}+\)\s|) (?:[bBuUrR:](?={_QUOTE}|\w)|) (?:(?P<quote>{_QUOTE})|) (?::|)
    (?P<name>[\w.\-$@\[\]/]{{1,100}}+(?(quote)(?:[ ][\w.\-]{{1,30}}+){{0,3}}|)) (?(quote){_QUOTE}|)""",
    re.VERBOSE,
)
_PART: Final = re.compile(
    rf"""[^\r\n\\]{{0,{_MAX_DISTANCE}}}+ {LINE_BREAK} (?:[\w\-]{{1,60}}+:[^\r\n\\]{{0,300}}+ {LINE_BREAK}){{0,9}}
    {LINE_BREAK}""",
    re.VERBOSE,
)
_END_OF_PART: Final = re.compile(rf"{LINE_BREAK}--")
_WEAK_VALUE: Final = re.compile(rf"\s{{0,9}}+(?:[bu](?=[\"'])|)(?:{_QUOTE}|)(?P<value>[\w\-+/.~]{{16,1000}}+={{0,2}})")
_WORDS_BEFORE: Final = re.compile(r"(?:[ _'’][^\W_]{1,20}+(?![^\W_])){1,3}")  # matches reversed text
# The end of a line before one that is indented, empty, or an item of a list.
_BLOCK: Final = re.compile(r"(?:[|>][-+\d]{0,3}[ \t]{0,20})?(?=\r?\n[ \t\-\r\n])")
_STARTS_OF_BLOCKS: Final = ("\n", "\r", "|", ">")
_ENCLOSING: Final = frozenset("[({,")
# The value of `auth`: ('bob', '…'), array (0 => 'bob', …), 'bob:…'
_AUTH_VALUE: Final = re.compile(
    rf"""\s{{0,40}}+(?:(?:[Aa]rray\s{{0,9}}+)?[\[(]|(?P<quote>{_QUOTE})(?P<text>[^\s"'`\\]{{3,600}}+)(?P=quote))"""
)
_BRACKETS: Final = frozenset("{}<>")
_BRACKET: Final = re.compile(r"[{}<>]")
_START_OF_LINE_BREAK: Final = re.compile(r"[\r\n\\]")
_NO_SECRETS: Final = frozenset(
    {"", "null", "none", "nil", "true", "false", "undefined", "n/a", "na", "yes", "no", "nan", "(null)", "<null>", "-",
     "none,", "required", "missing", "empty", "unset", "string", "invalid", "expired",
     "filtered", "[filtered]", "redacted", "masked", "hidden"}
)  # fmt: skip
_STATUS_LINES: Final = frozenset(f"{status.value} {status.phrase}".lower() for status in HTTPStatus)
# Constants of this module are faster to read than attributes of a class.
_SECRET: Final = NameKind.SECRET
_LAST_WORD: Final = NameKind.LAST_WORD
_WEAK: Final = NameKind.WEAK
_PHONE: Final = NameKind.PHONE
_ANY_NAMING: Final = NameKind.NAMING | NameKind.LOOSE_NAMING
_ANY_VALUE: Final = NameKind.VALUE | NameKind.LOOSE_VALUE
_HEADER: Final = NameKind.HEADER
_SECRET_OR_HEADER: Final = NameKind.SECRET | NameKind.HEADER
_ALWAYS_HANDLED: Final = NameKind.SECRET | NameKind.PHONE | _ANY_VALUE
_AUTH: Final = ("auth", "Auth")
_BEFORE_LAST_WORD: Final = " '’"
_MAX_LENGTH_OF_NO_SECRET: Final = 12
_MAX_VALUE_NAME: Final = 50
_MAX_NAMES_BETWEEN: Final = 8
_MAX_DISTANCE_BACK: Final = 2000
_MIN_PHONE_DIGITS: Final = 6
_MIN_BASE64: Final = 14


class NamedValueRedactor:
    """Replaces the values of secret names.

    Args:
        names: Classifies the names.
        marker: Replacement for a value.
    """

    def __init__(self, names: NameClassifier, marker: str) -> None:
        self._names = names
        self._marker = marker
        self._values = ValueFinder(marker)

    def redact(self, text: str) -> str:
        """Replace the values of secret names in a text."""
        name = self._values.find_single_name(text)
        if name is not None:
            kind = self._names.classify(name)
            if kind & _SECRET_OR_HEADER == _SECRET:
                value = text[len(name) + 1 :]
                return text if value == self._marker or is_no_secret(value) else f"{name}={self._marker}"
            if not kind and ":" not in text:
                return text  # the value contains no sign that could follow another name
        elif _SIGN_AFTER_NAME.search(text) is None:
            return text
        return _Scan(text, self._names, self._values, self._marker).run()


def is_no_secret(value: str) -> bool:
    """Whether a value under a secret name reveals nothing: a placeholder such as `null` or `true`, a status of HTTP."""
    if value.isalnum() and not value.isalpha():
        return False  # no placeholder contains a digit
    if value[3:4] == " " and value.lower() in _STATUS_LINES:
        return True  # cannot fetch token: 401 Unauthorized
    if len(value) > _MAX_LENGTH_OF_NO_SECRET:
        return False
    bare = value.strip(" \t,;")
    return not bare.strip("*") or bare.lower() in _NO_SECRETS


class _Scan:
    """A single pass through one text."""

    __slots__ = (
        "_brackets", "_done", "_line_breaks", "_marker", "_names", "_parts", "_text", "_value_sign", "_values"
    )  # fmt: skip

    def __init__(self, text: str, names: NameClassifier, values: ValueFinder, marker: str) -> None:
        self._text = text
        self._names = names
        self._values = values
        self._marker = marker
        self._parts: list[str] = []
        self._done = 0  # everything before is in the parts
        self._value_sign: re.Match[str] | None = None  # the last name such as `value`
        self._brackets = _NextMatch(_BRACKET, text)
        self._line_breaks = _NextMatch(_START_OF_LINE_BREAK, text)

    def run(self) -> str:
        # The path to a plain value, which most secrets have, is as short as possible.
        text, parts, marker = self._text, self._parts, self._marker
        classify, match_simple = self._names.classify, self._values.match_simple
        search, match_named, match_weak = _NEXT_ASSIGNMENT.search, _NAMED.match, _WEAK_VALUE.match
        found = _FIRST_ASSIGNMENT.match(text) or search(text)
        while found is not None:
            name, close, sign = found.group(_NAME, _CLOSE, _SIGN)
            if name is None:
                name = found["option"] or found["pair"]
            position, named = found.end(), None
            if len(name) < _MIN_BASE64 or not _is_padded_base64(found, name):
                kind = classify(name)
                if not kind and name[0] in "nrt" and text[found.start()] == "\\":
                    # The letter of an escape is not a part of the name: \ntoken=…
                    kind = classify(name[1:])
                if close is None and sign is not None and kind & _SECRET_OR_HEADER == _SECRET:
                    simple = match_simple(text, position, sign, None)
                    if simple is None:
                        position = self._replace_value(found, close, sign, is_header=False)
                    else:
                        start, position = simple.span(1)
                        value = text[start:position]
                        if value != marker and not is_no_secret(value):
                            parts += (text[self._done : start], marker)
                            self._done = position
                elif kind and (
                    kind & _ALWAYS_HANDLED
                    or (kind & _LAST_WORD and text[found.start(_NAME) - 1] in _BEFORE_LAST_WORD)
                    or (
                        kind & _ANY_NAMING
                        and (named := match_named(text, position)) is not None
                        and classify(named["name"]) & _SECRET
                    )
                    or (kind & _WEAK and (name in _AUTH or match_weak(text, position) is not None))
                ):
                    position = self._handle(found, name, close, sign, kind, named)
            found = search(text, position - 1)
        return "".join([*parts, text[self._done :]]) if parts else text

    def _handle(
        self,
        found: re.Match[str],
        name: str,
        close: str | None,
        sign: str | None,
        kind: int,
        named: re.Match[str] | None,
    ) -> int:
        """Replace the value of one name if it is a secret. Returns the position to continue at."""
        text, position = self._text, found.end()
        if kind & _LAST_WORD and not kind & _SECRET:
            start = found.start(_NAME)
            if start > 1 and text[start - 1] in _BEFORE_LAST_WORD and text[start - 2].isalnum():
                kind = self._classify_with_words_before(start, name) or kind
        if kind & _SECRET:
            is_header = bool(kind & _HEADER)
            if sign is not None:
                if not is_header:
                    simple = self._values.match_simple(text, position, sign, close)
                else:
                    simple = self._find_simple_header(found, name, close, sign)
                if simple is not None:
                    return self._replace(*simple.span(1))
            return self._replace_value(found, close, sign, is_header=is_header)
        if kind & _ANY_NAMING:
            named = named or _NAMED.match(text, position)
            if named is not None and self._names.classify(named["name"]) & _SECRET:
                end = self._handle_naming(found, named)
                if end:
                    return end
        if kind & _ANY_VALUE:
            self._value_sign = found
        if kind & _WEAK:
            auth = _AUTH_VALUE.match(text, position) if found[_NAME] in _AUTH else None
            if auth is not None and (auth["text"] is None or is_user_and_password(auth["text"])):
                return self._replace_value(found, close, sign, is_header=False)
            weak = _WEAK_VALUE.match(text, position)
            if weak is not None and looks_random(weak["value"]):
                return self._replace(weak.start("value"), weak.end("value"))
        if kind & _PHONE:
            phone = _PHONE_VALUE.match(text, position)
            if phone and sum(map(str.isdigit, phone["value"])) >= _MIN_PHONE_DIGITS:
                return self._replace(phone.start("value"), phone.end("value"))
        return position

    def _find_simple_header(
        self, found: re.Match[str], name: str, close: str | None, sign: str
    ) -> re.Match[str] | None:
        """Return the value of a header if it needs no context to find its end, as most values; None for others."""
        start = found.start(_NAME)
        before = self._text[start - 1] if start else "\n"
        if close is not None and before in "\"'":
            return self._values.match_simple(self._text, found.end(), sign, close)
        if close is None and sign == ":" and before == "\n" and "[" not in name:
            return self._values.match_header(self._text, found.end())
        return None

    def _replace_value(self, found: re.Match[str], close: str | None, sign: str | None, *, is_header: bool) -> int:
        text, position = self._text, found.end()
        first = found.start(_ASSIGNMENT)
        option = None
        if sign is None:
            option, pair, serialized, space, item = found.group("option", "pair", "serialized", "space", "item")
            if pair:
                marker_end = position + len(self._marker)
                end = marker_end if text.startswith(self._marker, position) else text.find("]", position)
                return self._replace(position, len(text) if end < 0 else end)
            if serialized:
                type_prefix = _SERIALIZED.match(text, position)
                position = type_prefix.end() if type_prefix else position
            elif space and text[max(0, first - 11) : first].lower() == "unexpected ":
                return position  # the message of a parser: unexpected token "x"
            elif item and not _get_quote_before(text, first):
                return position  # only the end of a longer text, such as "carriers/dhl/password", "value"
        quote_before = "" if close else _get_quote_before(text, first)
        if is_header:
            start, stop = self._values.find_header(
                text,
                position,
                sign or ("option" if option else "item"),
                quote_before,
                is_enclosed=close is not None or _is_enclosed(text, first),
                is_at_line_start=first == 0 or text[first - 1] == "\n",
            )
            block = stop  # a folded header continues on the next lines
        elif sign == ":":
            start, stop = self._values.find_in_line(text, position, quote_before)
            block = start  # a value in YAML begins there
        else:
            return self._replace(*self._values.find(text, position))
        if sign == ":" and close is None and text.startswith(_STARTS_OF_BLOCKS, block):
            stop = self._find_block_end(first, block) or stop
        return self._replace(start, stop)

    def _replace(self, start: int, stop: int) -> int:
        value = self._text[start:stop]
        if value == self._marker or is_no_secret(value):
            return stop
        self._parts += [self._text[self._done : start], self._marker]
        self._done = stop
        return stop

    def _handle_naming(self, found: re.Match[str], named: re.Match[str]) -> int:
        """Replace the value beside a name such as `name="password"`. Returns the position to continue at, or 0."""
        text = self._text
        # A tag that ends after the name has neither a value nor a part after it.
        is_tag_end = text.startswith(">", named.end())
        after = None if is_tag_end else self._find_value_name(found[_NAME], named.end())
        if after is not None:
            return self._replace(*self._find_paired_value(text, after.end(), after[_SIGN]))
        body = None
        if named["quote"] and not is_tag_end and self._line_breaks.find(named.end()) <= named.end() + _MAX_DISTANCE:
            body = _PART.match(text, named.end())
        if body is not None:
            end = _END_OF_PART.search(text, body.end())
            return self._replace(body.end(), end.start() if end else len(text))
        before, self._value_sign = self._value_sign, None
        first = found.start(_ASSIGNMENT)
        if before is None or before.start(_ASSIGNMENT) < self._done or first - before.end() > _MAX_DISTANCE_BACK:
            return 0
        if not _BRACKETS.isdisjoint(text[before.end() : first]):
            return 0
        # A value that ends after the name is another one. Searching for its end only up to there keeps the time linear.
        part = text[before.end() : first + LOOKAHEAD]
        limit = None if text[first - 1] == "\\" else first - before.end()  # an escape can end after the limit
        start, stop = self._find_paired_value(part, 0, before[_SIGN], limit)
        if before.end() + stop > first:
            return 0
        self._replace(before.end() + start, before.end() + stop)
        return found.end()

    def _find_paired_value(
        self, text: str, position: int, sign: str | None, limit: int | None = None
    ) -> tuple[int, int]:
        if sign == ":":
            return self._values.find_in_line(text, position, "", limit)
        return self._values.find(text, position, limit)

    def _find_value_name(self, naming: str, position: int) -> re.Match[str] | None:
        """Return the assignment to a name such as `value` in the same object or tag."""
        text, classify, search = self._text, self._names.classify, _NEXT_ASSIGNMENT.search
        bracket = self._brackets.find(position)
        end = min(position + _MAX_DISTANCE, bracket + 1 + _MAX_VALUE_NAME)
        for _ in range(_MAX_NAMES_BETWEEN):
            found = search(text, position - 1, end)
            if found is None or found[_NAME] is None or found[_NAME] == naming:
                return None
            if bracket < found.start(_ASSIGNMENT):
                return None
            if classify(found[_NAME]) & _ANY_VALUE:
                return found
            position = found.end()
            bracket = self._brackets.find(position)
        return None

    def _classify_with_words_before(self, start: int, name: str) -> int:
        """Classify the last word of a name together with the words before it, as in `API key: …`."""
        words = _find_last_words(self._text[max(self._done, start - 45) : start])
        return self._names.classify_phrase(words, name) if words else NameKind.NONE

    def _find_block_end(self, name_start: int, line_end: int) -> int:
        """Return the end of the lines below that are indented deeper than a name, or 0 if they are missing."""
        text = self._text
        opening = _BLOCK.match(text, line_end)
        if opening is None or _is_enclosed(text, name_start):
            return 0
        line_start = max(text.rfind("\n", max(0, name_start - 200), name_start) + 1, name_start - 200, 0)
        before = text[line_start:name_start]
        if before.strip(" -\t\"'>"):
            indent = len(before) - len(before.lstrip(" \t"))  # other text precedes the name in its line
        else:
            indent = len(before) - (2 if before.endswith("- ") else 0)
        lines = _compile_block(min(max(indent, 0), 100)).match(text, opening.end())
        return lines.end() if lines is not None and lines[0].strip() else 0


@lru_cache(maxsize=2000)
def _find_last_words(text: str) -> str:
    words = _WORDS_BEFORE.match(text[::-1])
    return "" if words is None else words[0][::-1]


class _NextMatch:
    """Finds the next match of a pattern. If the positions grow, each part of the text is searched once."""

    __slots__ = ("_found", "_pattern", "_position", "_text")

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self._pattern = pattern
        self._text = text
        self._position = self._found = -1  # nothing matches from the position up to the match

    def find(self, position: int) -> int:
        """Return the position of the first match at or after a position, or the length of the text."""
        if not self._position <= position <= self._found:
            found = self._pattern.search(self._text, position)
            self._position = position
            self._found = found.start() if found else len(self._text)
        return self._found


def _is_padded_base64(found: re.Match[str], name: str) -> bool:
    """Whether a name is the base64 before its padding, so that no value follows. Base64 is a separate pass."""
    sign, end = found["sign"], found.end()
    return (
        (sign == "=" or sign == "==")
        and found.end("name") == found.start("sign")
        and name.isalnum()
        and found.string[end : end + 1].isspace()
        and looks_random(name + sign)
    )


_PHONE_VALUE: Final = re.compile(rf"\s{{0,9}}+(?:[bu](?=[\"']))?(?:{_QUOTE})?(?P<value>\+?[\d ()./\-]{{6,30}}+(?<=\d))")
_BLOCKS: dict[int, re.Pattern[str]] = {}


def _compile_block(indent: int) -> re.Pattern[str]:
    pattern = _BLOCKS.get(indent)
    if pattern is None:
        # Items of a list can have the indent of the name.
        pattern = _BLOCKS[indent] = re.compile(
            rf"(?:\r?\n(?:[ \t]{{{indent + 1}}}[^\r\n]*+|[ ]{{{indent}}}-[ ][^\r\n]*+"
            rf"|[ \t]*+(?=\r?\n[ \t]{{{indent + 1}}})))++"
        )
    return pattern


def _get_quote_before(text: str, start: int) -> str:
    """Return the quote directly before a position, with its backslashes, or an empty text."""
    if start < 1 or text[start - 1] not in "\"'`":
        return ""
    first = start - 1
    while first > 0 and start - first < 20 and text[first - 1] == "\\":
        first -= 1
    return text[first:start]


def _is_enclosed(text: str, start: int) -> bool:
    before = text[max(0, start - 4) : start].rstrip(" \t\"'`\\:")
    return before[-1:] in _ENCLOSING or text[start : start + 1] == "[" or text.startswith("map[", start)
