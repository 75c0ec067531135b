"""`Redaction`: replaces secrets in records and texts.

Parsed JSON is redacted by its structure, text by `text_redactor`. Both call each other for JSON within text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import attrs
import orjson

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.sync.redaction.credentials import is_user_and_password, looks_random
from sendcloud_integrations_client.sync.redaction.json_text import (
    MAX_DEPTH,
    TOO_DEEP,
    encode_json,
    has_repeated_names,
    parse_json_text,
)
from sendcloud_integrations_client.sync.redaction.named_values import is_no_secret
from sendcloud_integrations_client.sync.redaction.names import (
    DEFAULT_FIELDS,
    DEFAULT_HEADERS,
    MAX_NAME_LENGTH,
    NameClassifier,
    NameKind,
)
from sendcloud_integrations_client.sync.redaction.patterns import DEFAULT_PATTERNS, SecretPattern
from sendcloud_integrations_client.sync.redaction.quick_check import Hint, QuickCheck
from sendcloud_integrations_client.sync.redaction.tables import COLUMN_LISTS, find_secret_columns
from sendcloud_integrations_client.sync.redaction.text_redactor import TextRedactor

__all__ = ["Redaction"]

_MAX_CACHED_LENGTH: Final = 200
_NAME: Final = re.compile(r"[\w.\-\[\]$@/ ’']{1,100}")
_AUTH: Final = ("auth", "Auth")
_MAX_CACHED_RESULT: Final = 300
_MAX_REPEATED_LENGTH: Final = 20_000
_MIN_PHONE_DIGITS: Final = 6
_ANY_NAMING: Final = NameKind.NAMING | NameKind.LOOSE_NAMING
_ANY_VALUE: Final = NameKind.VALUE | NameKind.LOOSE_VALUE


def _to_frozenset(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


def _to_tuple(patterns: Iterable[SecretPattern]) -> tuple[SecretPattern, ...]:
    return tuple(patterns)


def _require_text(_instance: object, _attribute: object, marker: str) -> None:
    if not marker:
        raise ConfigurationError("Invalid marker of Redaction: must not be empty. Use a text such as [redacted].")


@attrs.frozen(kw_only=True, repr=False)
class Redaction:
    """Configuration of the redaction of secrets, which applies to stored and to quarantined records.

    Names match regardless of case and separators: `api_key` also matches `API-Key` and `apiKey`. A name also matches as
    whole words of a longer name (`pin` matches `user_pin`, but not `shipping`). A name of at least five letters matches
    any part of a longer name (`token` matches `csrftoken`). Names that mention a secret and contain none, such as
    `token_type`, do not match.

    Attributes:
        headers: Names of headers to redact. Defaults to `DEFAULT_HEADERS`.
        fields: Names of fields to redact in JSON, forms, XML and the query of URLs, with everything that they contain.
            Defaults to `DEFAULT_FIELDS`.
        marker: Replacement for a redacted value, not empty. Defaults to `[redacted]`.
        patterns: Shapes of secrets that are redacted under any name. Defaults to `DEFAULT_PATTERNS`.
        personal_data: Whether e-mail addresses and phone numbers are redacted too. Defaults to False.

    Raises:
        ConfigurationError: If the marker is empty.

    Example:
        redaction = Redaction(fields=DEFAULT_FIELDS | {"customer_email"})
    """

    headers: frozenset[str] = attrs.field(default=DEFAULT_HEADERS, converter=_to_frozenset)
    fields: frozenset[str] = attrs.field(default=DEFAULT_FIELDS, converter=_to_frozenset)
    marker: str = attrs.field(default="[redacted]", validator=_require_text)
    patterns: tuple[SecretPattern, ...] = attrs.field(default=DEFAULT_PATTERNS, converter=_to_tuple)
    personal_data: bool = False
    _names: NameClassifier = attrs.field(init=False, eq=False)
    _check: QuickCheck = attrs.field(init=False, eq=False)
    _text: TextRedactor = attrs.field(init=False, eq=False)
    _find_hints: Callable[[str], int] = attrs.field(init=False, eq=False)
    _find_hints_cached: Callable[[str], int] = attrs.field(init=False, eq=False)
    _redact_again: Callable[[str], str] = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        names = NameClassifier(self.headers, self.fields, phones=self.personal_data)
        check = QuickCheck(self.headers | self.fields, self.patterns)
        text = TextRedactor(names, check, self.patterns, self.marker, personal_data=self.personal_data)

        def find_hints(value: str) -> int:
            return check.find_hints(value.encode("utf-8", "surrogatepass"))

        def redact_again(value: str) -> str:
            return text.redact_repeatedly(value, find_hints(value))

        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_check", check)
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_find_hints", find_hints)
        # Most short texts occur many times, such as header names and content types.
        object.__setattr__(self, "_find_hints_cached", lru_cache(maxsize=10_000)(find_hints))
        object.__setattr__(self, "_redact_again", lru_cache(maxsize=2000)(redact_again))

    def __reduce__(self) -> tuple[Any, ...]:
        # The compiled matchers cannot be pickled; they are built again from the options.
        options = {name: getattr(self, name) for name in _OPTIONS}
        return _rebuild_redaction, (type(self), options)

    def __repr__(self) -> str:
        # A converter may have raised. The defaults are long, and signatures of functions show them.
        options = ((name, getattr(self, name)) for name in _OPTIONS if hasattr(self, name))
        shown = (f"{name}={value!r}" for name, value in options if value != _DEFAULTS[name])
        return f"{type(self).__name__}({', '.join(shown)})"

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
            if not self.personal_data and not self._check.is_suspicious(content, self._names.classify):
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

    def _redact_value(self, value: Any, depth: int) -> Any:
        if value.__class__ is str:
            return self._redact_nested_text(value, depth)
        if value.__class__ is dict:
            return self._redact_object(value, depth + 1) if depth < MAX_DEPTH else {TOO_DEEP: None}
        if value.__class__ is list:
            return self._redact_list(value, depth + 1) if depth < MAX_DEPTH else [TOO_DEEP]
        return value

    def _redact_object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        naming = NameKind.NONE
        kinds = NameKind.NONE
        classify = self._names.classify
        # Most names and many values are short and harmless. This check saves the call that redacts them.
        find_hints = None if self.personal_data else self._find_hints_cached
        for name, item in value.items():
            kind = classify(name)
            if kind & NameKind.SECRET:
                item = self._replace_secret(item)
            elif item.__class__ is str:
                if kind & _ANY_NAMING and len(item) <= MAX_NAME_LENGTH and self._is_secret_text(item):
                    naming |= kind
                if (
                    kind & NameKind.WEAK and (looks_random(item) or (name in _AUTH and is_user_and_password(item)))
                ) or (kind & NameKind.PHONE and _is_phone(item)):
                    item = self.marker
                elif find_hints is None or len(item) > _MAX_CACHED_LENGTH or find_hints(item):
                    item = self._redact_nested_text(item, depth)
            elif item.__class__ is list and kind & NameKind.WEAK and name in _AUTH:
                item = self._replace_secret(item)
            elif item.__class__ is dict or item.__class__ is list:
                item = self._redact_value(item, depth)
            elif kind & NameKind.PHONE and item.__class__ is int and _is_phone(str(item)):
                item = self.marker
            kinds |= kind
            if find_hints is None or len(name) > _MAX_CACHED_LENGTH or find_hints(name):
                name = self._redact_nested_text(name, depth)
            clean[name] = item
        if naming and kinds & _ANY_VALUE:
            # HTTP archives (HAR) write headers as {"name": "Authorization", "value": "..."}.
            wanted = _ANY_VALUE if naming & NameKind.NAMING else NameKind.VALUE
            secret = [name for name in value if self._names.classify(name) & wanted]
            clean.update({name: self._replace_secret(value[name]) for name in secret if name in clean})
        if not COLUMN_LISTS.isdisjoint(value):
            self._redact_columns(value, clean)
        return clean

    def _redact_columns(self, value: dict[str, Any], clean: dict[str, Any]) -> None:
        """Replace secrets in tables such as `{"columns": ["user", "password"], "rows": [["bob", "…"]]}`."""
        for name in COLUMN_LISTS & value.keys():
            columns = value[name]
            secret = find_secret_columns(columns, self._is_secret_text)
            if not secret:
                continue
            for rows in clean.values():
                if (
                    rows.__class__ is list
                    and rows
                    and all(row.__class__ is list and len(row) == len(columns) for row in rows)
                ):
                    for row in rows:
                        for index in secret:
                            row[index] = self._replace_secret(row[index])

    def _redact_list(self, value: list[Any], depth: int) -> list[Any]:
        clean: list[Any] = []
        hide = False
        for item in value:
            clean.append(self._replace_secret(item) if hide else self._redact_value(item, depth))
            # Some servers store raw headers as ["Authorization", "...", "Accept", "..."], or as pairs.
            hide = not hide and item.__class__ is str and len(item) <= MAX_NAME_LENGTH and self._is_secret_text(item)
        return clean

    def _is_secret_text(self, text: str) -> bool:
        # The classification of a text that is no name is slow, and the hints are cached.
        if not _NAME.fullmatch(text) or self.marker in text:
            return False
        return bool(self._find_hints_cached(text) & Hint.NAME) and self._names.is_secret(text)

    def _replace_secret(self, value: Any) -> Any:
        if value is None or value.__class__ is bool or (value.__class__ is str and is_no_secret(value)):
            return value
        return value if value == [] or value == {} else self.marker

    def _redact_nested_text(self, value: str, depth: int) -> str:
        hints = (self._find_hints_cached if len(value) <= _MAX_CACHED_LENGTH else self._find_hints)(value)
        if not hints and not self.personal_data:
            return value
        if depth < MAX_DEPTH:
            parsed = parse_json_text(value)
            if parsed is not None:
                clean = self._redact_value(parsed, depth + 1)
                if clean != parsed:
                    return encode_json(clean).decode()
                if not has_repeated_names(value):
                    return value
        if len(value) > _MAX_CACHED_RESULT:
            is_short = len(value) <= _MAX_REPEATED_LENGTH
            return self._text.redact_repeatedly(value, hints) if is_short else self._text.redact(value, hints)
        text = self._text.redact(value, hints)
        # Texts that differ in their secrets only are equal now.
        return text if text == value else self._redact_again(text)


_OPTIONS: Final = ("headers", "fields", "marker", "patterns", "personal_data")
_DEFAULTS: Final[Mapping[str, object]] = {
    "headers": DEFAULT_HEADERS,
    "fields": DEFAULT_FIELDS,
    "marker": "[redacted]",
    "patterns": DEFAULT_PATTERNS,
    "personal_data": False,
}


def _is_phone(text: str) -> bool:
    return sum(map(str.isdigit, text)) >= _MIN_PHONE_DIGITS


def _rebuild_redaction(kind: type[Redaction], options: dict[str, Any]) -> Redaction:
    return kind(**options)
