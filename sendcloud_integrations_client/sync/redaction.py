"""Redaction of secrets in records before they are stored.

Values are selected by name. Names are recognized in headers (as an object or as text), in JSON, in JSON within text, in
forms, in the query of URLs and in XML. In addition, the user and password of each URL, and the credentials after
`Bearer` and `Basic`, are redacted under any name. In text that is not JSON, the redacted part can be longer than the
secret. Secrets in prose without a name are not recognized.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

import attrs
import orjson

__all__ = ["DEFAULT_FIELDS", "DEFAULT_HEADERS", "Redaction", "encode_json"]

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
"""Names of headers whose values are redacted by default."""

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
"""Names of fields in JSON, forms and queries whose values are redacted by default."""

_MAX_DEPTH: Final = 100
"""Deeper levels are cut off, because orjson cannot encode more than 254 levels."""

_SURROGATES: Final = re.compile("[\ud800-\udfff]")

_MAX_NAME_LENGTH: Final = 200
_MIN_SUBSTRING_LENGTH: Final = 5
_MAX_CACHED_LENGTH: Final = 40
_LOWERCASE_TABLE: Final = bytes(range(256)).lower()
_SEPARATORS: Final = "-_ .[]"
_IGNORED_BYTES: Final = _SEPARATORS.encode() + b"+"
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_VALUE_FIELDS: Final = frozenset({"value", "values", "content", "data", "text"})

# Quotes and line breaks can be escaped once or more, as in JSON within JSON or a URL within a URL.
_QUOTE: Final = r"""\\*["']|&quot;|&\#34;|%(?:25)*22"""
_BREAK: Final = r"""\\*\r?\\*\n|(?:\\+r)?\\+n|\\*\r|\\+r"""
_NAME_BEFORE: Final = re.compile(r"[\w.\-\[\]%$@+]*\Z")
_NAME_AFTER: Final = re.compile(r"(?:[\w.\-\[\]$]|%(?:25)*(?:5[BbDdFf]|2[DdEe]))*")
_ASSIGNMENT: Final = re.compile(
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
_OPENING_QUOTE: Final = re.compile(_QUOTE, re.VERBOSE)
_END_OF_LINE: Final = re.compile(_BREAK)
_END_OF_PART: Final = re.compile(rf"(?:{_BREAK})--")
_END_OF_ITEM: Final = re.compile(r"[,}\]\s]")
_END_OF_PARAMETER: Final = re.compile(r"""[&\s"<>]""")
_END_OF_ENCODED_PARAMETER: Final = re.compile(r"""[&\s"<>]|%(?:25)*26""")
_ENCODED_NAME: Final = re.compile(r"[\w%.+\-\[\]$@]{1,200}?(?==|%(?:25)*3[Dd])")
_PARAMETER: Final = re.compile(r"""[^&\s"<>]+""")
_UNICODE_ESCAPE: Final = re.compile(r"\\+u00([2-7][0-9a-fA-F])")
_USERINFO: Final = re.compile(r"""((?::|%(?:25)*3[Aa])(?:\\*/|%(?:25)*2[Ff]){2})[^\s/?#"'<>\\]*(@|%(?:25)*40)""")
_AUTH_SCHEME: Final = re.compile(r"\b(Bearer|Basic)((?:\s|\+|%20)+)([\w\-.~+/=]{8,})", re.IGNORECASE)
_LOOKS_RANDOM: Final = re.compile(r"\d|=\Z|[a-z][A-Z]")


def _to_frozenset(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@attrs.frozen(kw_only=True, repr=False)
class Redaction:
    """Configuration of the redaction of secrets, which applies to stored and to quarantined records.

    Names match regardless of case and separators: `api_key` also matches `API-Key` and `apiKey`. A name also matches as
    whole words of a longer name (`pin` matches `user_pin`, but not `shipping`). A name of at least five letters matches
    any part of a longer name (`token` matches `csrftoken`).

    Attributes:
        headers: Names of headers to redact. Defaults to `DEFAULT_HEADERS`.
        fields: Names of fields to redact in JSON, forms, XML and the query of URLs, with everything that they contain.
            Defaults to `DEFAULT_FIELDS`.
        marker: Replacement for a redacted value. Defaults to `[redacted]`.

    Example:
        redaction = Redaction(fields=DEFAULT_FIELDS | {"customer_email"})
    """

    headers: frozenset[str] = attrs.field(default=DEFAULT_HEADERS, converter=_to_frozenset)
    fields: frozenset[str] = attrs.field(default=DEFAULT_FIELDS, converter=_to_frozenset)
    marker: str = "[redacted]"
    _matches_name: Callable[[str], bool] = attrs.field(init=False, eq=False)
    _is_safe_text: Callable[[str], bool] = attrs.field(init=False, eq=False)
    _name_hint: re.Pattern[bytes] = attrs.field(init=False, eq=False)
    _name_pattern: re.Pattern[str] = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        names = sorted({_remove_separators(name) for name in self.headers | self.fields} - {""})
        words = [tuple(map(str.lower, _WORD.findall(name))) for name in self.headers | self.fields]
        hints = {name for name in names if not any(other in name for other in names if other != name)}
        gap = f"(?:[{re.escape(_SEPARATORS)}]|%(?:25)*(?:2[DdEe]|5[FfBbDd]|20)|\\+)*"
        pattern = "|".join(gap.join(map(re.escape, name)) for name in sorted(hints)) or r"(?!)"
        object.__setattr__(self, "_matches_name", lru_cache(maxsize=10_000)(_build_matcher(names, words)))
        hint = "|".join(map(re.escape, sorted({*hints, "bearer", "basic"})))
        # The fast check finds only lower-case ASCII. If a name has other characters, every record is checked in full.
        object.__setattr__(self, "_name_hint", re.compile(hint.encode() if hint.isascii() else b""))

        # Most short texts occur many times, such as header names and content types.
        def is_safe_text(value: str) -> bool:
            return not self._may_hold_secrets(_encode_text(value))

        object.__setattr__(self, "_is_safe_text", lru_cache(maxsize=10_000)(is_safe_text))
        object.__setattr__(self, "_name_pattern", re.compile(pattern, re.IGNORECASE))

    def __reduce__(self) -> tuple[Any, ...]:
        # The compiled matchers cannot be pickled; they are built again from the names.
        return _rebuild_redaction, (type(self), self.headers, self.fields, self.marker)

    def __repr__(self) -> str:
        names = (name for name in ("headers", "fields", "marker") if hasattr(self, name))  # a converter may have raised
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def redact_record(self, value: Any) -> tuple[Any, bytes]:
        """Replace the secrets in a record.

        Args:
            value: The record, as parsed from JSON; it is not modified.

        Returns:
            The redacted record, and its JSON. The record is `value` itself if nothing was replaced.
        """
        try:
            content = orjson.dumps(value)
        except orjson.JSONEncodeError:
            pass  # orjson rejects deep levels, which are cut off below, integers beyond 64 bits and lone surrogates
        else:
            if not self._may_hold_secrets(content):
                return value, content
        clean = self._redact_value(value, 0)
        return clean, encode_json(clean)

    def redact_text(self, value: str) -> str:
        """Replace the secrets in a text.

        Args:
            value: JSON, a form, headers, XML, a URL, or prose that contains any of these.

        Returns:
            The redacted text.
        """
        return self._redact_nested_text(value, 0)

    def _may_hold_secrets(self, content: bytes) -> bool:
        # Escapes can hide a name. Most records contain neither escapes nor a name, and this check is fast.
        if b"%" in content or b"\\u" in content or b"&#" in content or (b"@" in content and b"://" in content):
            return True
        return self._name_hint.search(content.translate(_LOWERCASE_TABLE, _IGNORED_BYTES)) is not None

    def _redact_value(self, value: Any, depth: int) -> Any:
        if value.__class__ is str:
            return self._redact_nested_text(value, depth)
        if value.__class__ is dict:
            return self._redact_object(value, depth + 1) if depth < _MAX_DEPTH else {"[nested too deeply]": None}
        if value.__class__ is list:
            return self._redact_list(value, depth + 1) if depth < _MAX_DEPTH else ["[nested too deeply]"]
        return value

    def _redact_object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for name, item in value.items():
            if self._is_secret_name(name):
                item = self._replace_secret(item)
            elif item.__class__ is str:
                item = self._redact_nested_text(item, depth)
            elif item.__class__ is dict or item.__class__ is list:
                item = self._redact_value(item, depth)
            clean[self._redact_nested_text(name, depth)] = item
        if not _VALUE_FIELDS.isdisjoint(value):
            # HTTP archives (HAR) write headers as {"name": "Authorization", "value": "..."}.
            named = [value.get(naming) for naming in ("name", "key", "header", "field")]
            if any(isinstance(name, str) and self._is_secret_name(name) for name in named):
                clean.update({name: self._replace_secret(value[name]) for name in _VALUE_FIELDS if name in value})
        return clean

    def _redact_list(self, value: list[Any], depth: int) -> list[Any]:
        clean: list[Any] = []
        hide = False
        for item in value:
            clean.append(self._replace_secret(item) if hide else self._redact_value(item, depth))
            # Some servers store raw headers as ["Authorization", "...", "Accept", "..."], or as pairs.
            hide = not hide and item.__class__ is str and self._is_secret_name(item)
        return clean

    def _replace_secret(self, value: Any) -> Any:
        return value if value is None or value == "" or value.__class__ is bool else self.marker

    def _is_secret_name(self, name: str) -> bool:
        return len(name) <= _MAX_NAME_LENGTH and self._matches_name(unquote_plus(name) if "%" in name else name)

    def _redact_nested_text(self, value: str, depth: int) -> str:
        if len(value) <= _MAX_CACHED_LENGTH:
            if self._is_safe_text(value):
                return value
        elif not self._may_hold_secrets(_encode_text(value)):
            return value
        bare = value.strip("\ufeff \t\r\n")
        if bare[:1] in ("{", "[", '"') and depth < _MAX_DEPTH:
            try:
                parsed = orjson.loads(bare)
            except orjson.JSONDecodeError:
                pass
            else:
                clean = self._redact_value(parsed, depth + 1)
                if clean != parsed:
                    return encode_json(clean).decode()
        return self._redact_unstructured_text(value, depth)

    def _redact_unstructured_text(self, value: str, depth: int) -> str:
        if "\\u" in value:
            value = _UNICODE_ESCAPE.sub(lambda found: chr(int(found[1], 16)), value)
        if "@" in value or "%" in value:
            value = _USERINFO.sub(lambda found: f"{found[1]}{self.marker}{found[2]}", value)
        if "%" in value and depth < _MAX_DEPTH:
            value = _PARAMETER.sub(lambda found: self._redact_parameter(found[0], depth + 1), value)
        value = self._redact_named_values(value, self._name_pattern)
        if "%" in value:
            value = self._redact_named_values(value, _ENCODED_NAME)
        return _AUTH_SCHEME.sub(self._redact_credentials, value)

    def _redact_named_values(self, value: str, names: re.Pattern[str]) -> str:
        """Replace the values that follow a secret name.

        Args:
            value: The text.
            names: Pattern that finds candidates for names.

        Returns:
            The redacted text.
        """
        parts: list[str] = []
        done = position = 0
        while found := names.search(value, position):
            position = max(found.end(), position + 1)
            before = _NAME_BEFORE.search(value[max(done, found.start() - _MAX_NAME_LENGTH) : found.start()])
            end = _find_name_end(value, found.end())
            name = f"{before[0] if before else ''}{value[found.start() : end]}"
            sign = _ASSIGNMENT.match(value, end)
            if sign is None or not self._matches_name(unquote_plus(name)[-_MAX_NAME_LENGTH:]):
                continue
            start, stop = _find_value(value, sign, self.marker)
            if start < stop:
                parts += [value[done:start], self.marker]
            else:
                parts.append(value[done:stop])
            done = position = stop
        return "".join([*parts, value[done:]])

    def _redact_parameter(self, text: str, depth: int) -> str:
        """Replace the secrets in the URL-encoded value of a parameter. Other text is returned unchanged."""
        name, sign, value = text.partition("=")
        if "%" not in value:
            return text
        decoded = unquote_plus(value)
        clean = self._redact_nested_text(decoded, depth)
        if clean == decoded:
            return text
        return f"{name}{sign}{quote_plus(clean, safe=self.marker, errors='replace')}"

    def _redact_credentials(self, found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{self.marker}" if _LOOKS_RANDOM.search(found[3]) else found[0]


def encode_json(value: Any) -> bytes:
    """Encode a JSON value that orjson may reject.

    Args:
        value: The value, as parsed from JSON. Integers of any size are accepted.

    Returns:
        The JSON. Lone surrogates become U+FFFD, NaN and infinities become null. If the value has too many levels for
        Python's encoder, the levels below 100 are cut off.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        pass
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        text = json.dumps(_replace_unencodable(value, 0), ensure_ascii=False, separators=(",", ":"))
    return _SURROGATES.sub("\ufffd", text).encode()


def _replace_unencodable(value: Any, depth: int) -> Any:
    if value.__class__ is float:
        return value if math.isfinite(value) else None
    if value.__class__ is dict:
        if depth == _MAX_DEPTH:
            return {"[nested too deeply]": None}
        return {name: _replace_unencodable(item, depth + 1) for name, item in value.items()}
    if value.__class__ is list:
        return (
            [_replace_unencodable(item, depth + 1) for item in value] if depth < _MAX_DEPTH else ["[nested too deeply]"]
        )
    return value


def _encode_text(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _rebuild_redaction(
    kind: type[Redaction], headers: frozenset[str], fields: frozenset[str], marker: str
) -> Redaction:
    return kind(headers=headers, fields=fields, marker=marker)


def _find_name_end(value: str, position: int) -> int:
    found = _NAME_AFTER.match(value, position, position + _MAX_NAME_LENGTH)
    return found.end() if found else position


def _find_value(value: str, sign: re.Match[str], marker: str) -> tuple[int, int]:
    """Return the start and end position of the value that follows a secret name."""
    start = sign.end()
    if value.startswith(marker, start):
        return start + len(marker), start + len(marker)
    if sign["tag"] is not None:
        return start, _get_position(value.find("<", start), value)
    if sign["part"] is not None:
        return start, _get_start(_END_OF_PART.search(value, start), value)
    if sign["sign"] == ":" and not sign["close"]:
        return start, _get_start(_END_OF_LINE.search(value, start), value)  # a header, which ends with its line
    opening = _OPENING_QUOTE.match(value, start)
    if opening and (sign["sign"] != "=" or not opening[0].startswith("%")):
        # A quote with more backslashes than the opening one is a part of the value.
        closing = re.compile(rf"(?<!\\){re.escape(opening[0])}").search(value, opening.end())
        return opening.end(), _get_start(closing, value)
    if value.startswith(("{", "["), start):
        return start, len(value)
    if sign["sign"] == ":":
        return start, _get_start(_END_OF_ITEM.search(value, start), value)
    # An encoded `=` ends at an encoded `&`. After a plain `=`, an encoded `&` is a part of the value.
    end = _END_OF_ENCODED_PARAMETER if (sign["sign"] or "").startswith("%") else _END_OF_PARAMETER
    return start, _get_start(end.search(value, start), value)


def _get_start(found: re.Match[str] | None, value: str) -> int:
    return found.start() if found else len(value)


def _get_position(position: int, value: str) -> int:
    return len(value) if position < 0 else position


def _remove_separators(name: str) -> str:
    return "".join(char for char in name.lower() if char not in _SEPARATORS)


def _build_matcher(names: list[str], words: list[tuple[str, ...]]) -> Callable[[str], bool]:
    exact, parts = frozenset(names), [name for name in names if len(name) >= _MIN_SUBSTRING_LENGTH]

    def matches(name: str) -> bool:
        joined = _remove_separators(name)
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
