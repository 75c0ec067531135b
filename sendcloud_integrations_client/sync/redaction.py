"""Secrets out of records, before anything is stored.

A value is replaced because of the name that it stands under, wherever that is: in headers given as an object or as one
text, in JSON, in JSON written into a text, in forms, in queries of URLs, in XML. Besides, whatever the names: the user
and password of a URL, and what follows `Bearer` or `Basic`. In a text that is no JSON more may go than the secret; a
secret that stands in prose under no name is not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

import attrs
import orjson

__all__ = ["DEFAULT_FIELDS", "DEFAULT_HEADERS", "Redaction"]

DEFAULT_HEADERS: Final = frozenset(
    {
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Cookie2",
        "Set-Cookie",
        "Set-Cookie2",
        "X-Api-Key",
        "Api-Key",
        "X-Auth-Key",
        "X-Auth-Token",
        "X-Access-Token",
        "X-CSRF-Token",
        "X-XSRF-Token",
        "X-Amz-Security-Token",
        "X-Shopify-Access-Token",
        "X-Shopify-Hmac-Sha256",
        "Sendcloud-Signature",
    }
)
"""Headers whose values are secrets."""

DEFAULT_FIELDS: Final = frozenset(
    {
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "pwd",
        "secret",
        "token",
        "api_key",
        "access_key",
        "auth_key",
        "private_key",
        "public_key",
        "consumer_key",
        "credential",
        "authorization",
        "signature",
        "hmac",
        "session_id",
        "jwt",
        "otp",
        "pin",
        "iban",
        "card_number",
        "cvv",
        "cvc",
    }
)
"""Fields of JSON, forms and queries whose values are secrets."""

_DEEPEST: Final = 100
"""Nesting beyond this is cut off: a record deeper than 254 could not be written as JSON."""

_LONGEST_NAME: Final = 200
_LONG: Final = 5
_SHORT: Final = 40
_LOWER: Final = bytes(range(256)).lower()
_SEPARATORS: Final = "-_ .[]"
_DROPPED: Final = _SEPARATORS.encode() + b"+"
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_VALUES: Final = frozenset({"value", "values", "content", "data", "text"})

# Marks may be escaped, as in JSON within JSON or a URL within a URL, once or more.
_QUOTE: Final = r"""\\*["']|&quot;|&\#34;|%(?:25)*22"""
_BREAK: Final = r"""\\*\r?\\*\n|(?:\\+r)?\\+n|\\*\r|\\+r"""
_BEFORE: Final = re.compile(r"[\w.\-\[\]%$@+]*\Z")
_AFTER: Final = re.compile(r"(?:[\w.\-\[\]$]|%(?:25)*(?:5[BbDdFf]|2[DdEe]))*")
_SIGN: Final = re.compile(
    rf"""
    (?P<close> {_QUOTE} )? (?:
      \s* (?P<sign> => | [:=] | %(?:25)*3[AaDd] ) \s*
    | (?P<attribute> \s+ (?:[\w\-]+ \s*=\s* \S+ \s+)? value \s*=\s* )   # name="password" value="..."
    | (?P<tag> \s[^<>]*> | > )                              # <password>...
    | (?P<item> \s*,\s* (?= {_QUOTE} ) )                    # ("Authorization", "...")
    | (?P<part> [^\r\n\\]* (?:{_BREAK}) (?:[\w\-]+:[^\r\n\\]*(?:{_BREAK}))* (?:{_BREAK}) )   # a multipart form
    )
    """,
    re.VERBOSE,
)
_OPENING: Final = re.compile(_QUOTE, re.VERBOSE)
_END_OF_LINE: Final = re.compile(_BREAK)
_END_OF_PART: Final = re.compile(rf"(?:{_BREAK})--")
_END_OF_ITEM: Final = re.compile(r"[,}\]\s]")
_END_OF_PARAMETER: Final = re.compile(r"""[&\s"<>]""")
_END_OF_ENCODED_PARAMETER: Final = re.compile(r"""[&\s"<>]|%(?:25)*26""")
_ENCODED_NAME: Final = re.compile(r"[\w%.+\-\[\]$@]{1,200}?(?==|%(?:25)*3[Dd])")
_PARAMETER: Final = re.compile(r"""[^&\s"<>]+""")
_ESCAPE: Final = re.compile(r"\\+u00([2-7][0-9a-fA-F])")
_USERINFO: Final = re.compile(r"""((?::|%(?:25)*3[Aa])(?:\\*/|%(?:25)*2[Ff]){2})[^\s/?#"'<>\\]*(@|%(?:25)*40)""")
_SCHEME: Final = re.compile(r"\b(Bearer|Basic)((?:\s|\+|%20)+)([\w\-.~+/=]{8,})", re.IGNORECASE)
_LOOKS_MADE_UP: Final = re.compile(r"\d|=\Z|[a-z][A-Z]")


def _names(given: Iterable[str]) -> frozenset[str]:
    return frozenset(given)


@attrs.frozen(kw_only=True)
class Redaction:
    """Which values are replaced before a record is stored, in the quarantine too.

    Names match whatever their case and their separators: `api_key` is also `API-Key` and `apiKey`. A name also matches
    as whole words of a longer one (`pin` in `user_pin`, and not in `shipping`), and from five letters on as any part
    of it (`token` in `csrftoken`).

    Attributes:
        headers: Names of headers.
        fields: Names of fields, in JSON, forms, XML and the queries of URLs; whatever stands under them goes.
        marker: What stands in place of a value.

    Example:
        Redaction(fields=DEFAULT_FIELDS | {"customer_email"})
    """

    headers: frozenset[str] = attrs.field(default=DEFAULT_HEADERS, converter=_names)
    fields: frozenset[str] = attrs.field(default=DEFAULT_FIELDS, converter=_names)
    marker: str = "[redacted]"
    _is_named: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)
    _is_plain: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)
    _hint: re.Pattern[bytes] = attrs.field(init=False, repr=False, eq=False)
    _names: re.Pattern[str] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        names = sorted({_joined(name) for name in self.headers | self.fields} - {""})
        words = [tuple(map(str.lower, _WORD.findall(name))) for name in self.headers | self.fields]
        hints = {name for name in names if not any(other in name for other in names if other != name)}
        gap = f"(?:[{re.escape(_SEPARATORS)}]|%(?:25)*(?:2[DdEe]|5[FfBbDd]|20)|\\+)*"
        pattern = "|".join(gap.join(map(re.escape, name)) for name in sorted(hints)) or r"(?!)"
        object.__setattr__(self, "_is_named", lru_cache(maxsize=10_000)(_matcher(names, words)))
        hint = "|".join(map(re.escape, sorted({*hints, "bearer", "basic"})))
        # Only lower-case ASCII is found by the quick look; other names need the long one at everything.
        object.__setattr__(self, "_hint", re.compile(hint.encode() if hint.isascii() else b""))

        # Most short texts come again and again: names of headers, kinds of content.
        def is_plain(value: str) -> bool:
            return not self._may_hold_secrets(value.encode())

        object.__setattr__(self, "_is_plain", lru_cache(maxsize=10_000)(is_plain))
        object.__setattr__(self, "_names", re.compile(pattern, re.IGNORECASE))

    def record(self, value: Any) -> tuple[Any, bytes]:
        """A record without its secrets.

        Args:
            value: What was parsed from JSON; it is not changed.

        Returns:
            The record, `value` itself where nothing had to go; and its JSON.
        """
        try:
            content = orjson.dumps(value)
        except orjson.JSONEncodeError:
            pass  # nested too deeply: what follows cuts it off
        else:
            if not self._may_hold_secrets(content):
                return value, content
        clean = self._value(value, 0)
        return clean, orjson.dumps(clean)

    def text(self, value: str) -> str:
        """A text without its secrets: JSON, a form, headers, XML, a URL, or prose with such in it."""
        return self._text(value, 0)

    def _may_hold_secrets(self, content: bytes) -> bool:
        # Escapes may hide a name. A record without them, and without any name, is the common case, and costs little.
        if b"%" in content or b"\\u" in content or b"&#" in content or (b"@" in content and b"://" in content):
            return True
        return self._hint.search(content.translate(_LOWER, _DROPPED)) is not None

    def _value(self, value: Any, depth: int) -> Any:
        if value.__class__ is str:
            return self._text(value, depth)
        if value.__class__ is dict:
            return self._object(value, depth + 1) if depth < _DEEPEST else {"[nested too deeply]": None}
        if value.__class__ is list:
            return self._list(value, depth + 1) if depth < _DEEPEST else ["[nested too deeply]"]
        return value

    def _object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for name, item in value.items():
            if self._is_secret(name):
                item = self._hidden(item)
            elif item.__class__ is str:
                item = self._text(item, depth)
            elif item.__class__ is dict or item.__class__ is list:
                item = self._value(item, depth)
            clean[self._text(name, depth)] = item
        if not _VALUES.isdisjoint(value):
            # {"name": "Authorization", "value": "..."}, as archives of HTTP write headers.
            named = [value.get(naming) for naming in ("name", "key", "header", "field")]
            if any(isinstance(name, str) and self._is_secret(name) for name in named):
                clean.update({name: self._hidden(value[name]) for name in _VALUES if name in value})
        return clean

    def _list(self, value: list[Any], depth: int) -> list[Any]:
        clean: list[Any] = []
        hide = False
        for item in value:
            clean.append(self._hidden(item) if hide else self._value(item, depth))
            # ["Authorization", "...", "Accept", "..."], also in pairs, as some servers keep raw headers.
            hide = not hide and item.__class__ is str and self._is_secret(item)
        return clean

    def _hidden(self, value: Any) -> Any:
        return value if value is None or value == "" or value.__class__ is bool else self.marker

    def _is_secret(self, name: str) -> bool:
        return len(name) <= _LONGEST_NAME and self._is_named(unquote_plus(name) if "%" in name else name)

    def _text(self, value: str, depth: int) -> str:
        if len(value) <= _SHORT:
            if self._is_plain(value):
                return value
        elif not self._may_hold_secrets(value.encode()):
            return value
        bare = value.strip("\ufeff \t\r\n")
        if bare[:1] in ("{", "[", '"') and depth < _DEEPEST:
            try:
                parsed = orjson.loads(bare)
            except orjson.JSONDecodeError:
                pass
            else:
                clean = self._value(parsed, depth + 1)
                if clean != parsed:
                    return orjson.dumps(clean).decode()
        return self._loose_text(value, depth)

    def _loose_text(self, value: str, depth: int) -> str:
        if "\\u" in value:
            value = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), value)
        if "@" in value or "%" in value:
            value = _USERINFO.sub(lambda found: f"{found[1]}{self.marker}{found[2]}", value)
        if "%" in value and depth < _DEEPEST:
            value = _PARAMETER.sub(lambda found: self._parameter(found[0], depth + 1), value)
        value = self._named_values(value, self._names)
        if "%" in value:
            value = self._named_values(value, _ENCODED_NAME)
        return _SCHEME.sub(self._after_scheme, value)

    def _named_values(self, value: str, names: re.Pattern[str]) -> str:
        """`value` without what stands after a name that `names` finds and that is a secret's."""
        parts: list[str] = []
        done = position = 0
        while found := names.search(value, position):
            position = max(found.end(), position + 1)
            before = _BEFORE.search(value[max(done, found.start() - _LONGEST_NAME) : found.start()])
            end = _after(value, found.end())
            name = f"{before[0] if before else ''}{value[found.start() : end]}"
            sign = _SIGN.match(value, end)
            if sign is None or not self._is_named(unquote_plus(name)[-_LONGEST_NAME:]):
                continue
            start, stop = _value_after(value, sign, self.marker)
            if start < stop:
                parts += [value[done:start], self.marker]
            else:
                parts.append(value[done:stop])
            done = position = stop
        return "".join([*parts, value[done:]])

    def _parameter(self, text: str, depth: int) -> str:
        """`text`, where it is a name and an encoded value, without the secrets within that value."""
        name, sign, value = text.partition("=")
        if "%" not in value:
            return text
        decoded = unquote_plus(value)
        clean = self._text(decoded, depth)
        return text if clean == decoded else f"{name}{sign}{quote_plus(clean, safe=self.marker)}"

    def _after_scheme(self, found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{self.marker}" if _LOOKS_MADE_UP.search(found[3]) else found[0]


def _after(value: str, position: int) -> int:
    found = _AFTER.match(value, position, position + _LONGEST_NAME)
    return found.end() if found else position


def _value_after(value: str, sign: re.Match[str], marker: str) -> tuple[int, int]:
    """Where the value begins and ends that stands after a secret's name."""
    start = sign.end()
    if value.startswith(marker, start):
        return start + len(marker), start + len(marker)
    if sign["tag"] is not None:
        return start, _found(value.find("<", start), value)
    if sign["part"] is not None:
        return start, _start_of(_END_OF_PART.search(value, start), value)
    if sign["sign"] == ":" and not sign["close"]:
        return start, _start_of(_END_OF_LINE.search(value, start), value)  # a header, whatever it holds
    opening = _OPENING.match(value, start)
    if opening and (sign["sign"] != "=" or not opening[0].startswith("%")):
        # A quote with a backslash more in front of it does not end what this one opens.
        closing = re.compile(rf"(?<!\\){re.escape(opening[0])}").search(value, opening.end())
        return opening.end(), _start_of(closing, value)
    if value.startswith(("{", "["), start):
        return start, len(value)
    if sign["sign"] == ":":
        return start, _start_of(_END_OF_ITEM.search(value, start), value)
    # An encoded sign is ended by what is encoded as often; after a plain one that is a part of the value.
    end = _END_OF_ENCODED_PARAMETER if (sign["sign"] or "").startswith("%") else _END_OF_PARAMETER
    return start, _start_of(end.search(value, start), value)


def _start_of(found: re.Match[str] | None, value: str) -> int:
    return found.start() if found else len(value)


def _found(position: int, value: str) -> int:
    return len(value) if position < 0 else position


def _joined(name: str) -> str:
    return "".join(char for char in name.lower() if char not in _SEPARATORS)


def _matcher(names: list[str], words: list[tuple[str, ...]]) -> Callable[[str], bool]:
    exact, parts = frozenset(names), [name for name in names if len(name) >= _LONG]

    def matches(name: str) -> bool:
        joined = _joined(name)
        if joined in exact or any(part in joined for part in parts):
            return True
        own = tuple(map(str.lower, _WORD.findall(name)))
        return any(
            own[at : at + len(wanted)] == wanted
            for wanted in words
            if wanted
            for at in range(len(own) - len(wanted) + 1)
        )

    return matches
