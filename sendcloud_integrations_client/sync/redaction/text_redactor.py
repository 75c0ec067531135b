"""Redacts text that is not JSON: each kind of secret in one pass of linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from sendcloud_integrations_client.sync.redaction.credentials import CredentialFinder
from sendcloud_integrations_client.sync.redaction.encodings import (
    FindRedactor,
    decode_escapes,
    has_escapes,
    redact_base64,
    redact_percent_encoded,
)
from sendcloud_integrations_client.sync.redaction.named_values import NamedValueRedactor
from sendcloud_integrations_client.sync.redaction.names import NameClassifier
from sendcloud_integrations_client.sync.redaction.patterns import SecretPattern
from sendcloud_integrations_client.sync.redaction.personal_data import redact_personal_data
from sendcloud_integrations_client.sync.redaction.quick_check import Hint, QuickCheck
from sendcloud_integrations_client.sync.redaction.shapes import ShapeFinder
from sendcloud_integrations_client.sync.redaction.tables import TableRedactor
from sendcloud_integrations_client.sync.redaction.xml_values import XmlRedactor

__all__ = ["TextRedactor"]

_MAX_LAYERS: Final = 4
"""Encodings within encodings, such as base64 in a URL, are decoded up to this depth."""

_MAX_ROUNDS: Final = 10

_MAX_PLAIN_LENGTH: Final = 200
_SPECIAL: Final = re.compile(r"[<)\s+\-\\]|%20")
"""The passes other than those of named values and of percent-encoding find names only in a text with one of these."""

_Pass: TypeAlias = Callable[[str, int, int], str]
"""Replaces one kind of secret. The arguments are the text, its hints and the layer of encoding."""


class TextRedactor:
    """Replaces the secrets in text.

    Args:
        names: Classifies names.
        check: Finds what a text can contain, so that other passes are skipped.
        patterns: Shapes of secrets.
        marker: Replacement for a secret.
        personal_data: Whether e-mail addresses and phone numbers are replaced.
    """

    def __init__(
        self,
        names: NameClassifier,
        check: QuickCheck,
        patterns: Iterable[SecretPattern],
        marker: str,
        *,
        personal_data: bool,
    ) -> None:
        self._is_secret = names.is_secret
        self._marker = marker
        self._personal_data = personal_data

        def find_hints(text: str) -> int:
            return check.find_hints(text.encode("utf-8", "surrogatepass"))

        # Decoded text is checked more than once.
        self._find_hints = lru_cache(maxsize=10)(find_hints)
        self._shapes = ShapeFinder(patterns, marker)
        self._credentials = CredentialFinder(marker)
        self._named_values = NamedValueRedactor(names, marker)
        self._tables = TableRedactor(names, names.secret_names, marker)
        self._xml = XmlRedactor(names, marker)
        self._passes: dict[int, tuple[_Pass, ...]] = {}

    def redact(self, text: str, hints: int) -> str:
        """Replace the secrets in a text, each kind once.

        Args:
            text: The text.
            hints: What the text can contain, as found by the check.
        """
        return self._redact_layer(text, hints, 0)

    def redact_repeatedly(self, text: str, hints: int) -> str:
        """Replace the secrets in a text until no pass changes it, because a replacement can complete another notation.

        Args:
            text: The text.
            hints: What the text can contain, as found by the check.
        """
        checked = text  # the hints belong to this text
        unchanged = 0  # number of consecutive passes that left the text as it is
        for _ in range(_MAX_ROUNDS):
            passes = self._select_passes(hints)
            for apply in passes:
                clean = apply(text, hints, 0)
                unchanged = unchanged + 1 if clean == text else 0
                text = clean
                if unchanged == len(passes):
                    break
            if unchanged == len(passes):
                found = hints if text == checked else hints | self._find_hints(text)
                if found == hints:
                    break
                hints, checked, unchanged = found, text, 0  # decoded text can contain more
        return text

    def _redact_layer(self, text: str, hints: int, layer: int) -> str:
        if (
            (hints == Hint.NAME or hints == Hint.NAME | Hint.PERCENT)
            and not self._personal_data
            and len(text) < _MAX_PLAIN_LENGTH
            and not _SPECIAL.search(text)
        ):
            return self._redact_percent_encoded(self._named_values.redact(text), hints, layer)
        for apply in self._select_passes(hints):
            text = apply(text, hints, layer)
        return text

    def _select_passes(self, hints: int) -> tuple[_Pass, ...]:
        """Return the passes that can find something, in their order."""
        passes = self._passes.get(hints)
        if passes is None:
            has_names = bool(hints & (Hint.NAME | Hint.RUN)) or self._personal_data
            candidates: tuple[tuple[_Pass, bool], ...] = (
                (self._redact_shapes, bool(hints & Hint.PATTERN)),
                (self._redact_urls, bool(hints & Hint.USERINFO)),
                (self._redact_xml, has_names),
                (self._redact_tables, has_names),
                (self._redact_named_values, has_names),
                (self._redact_schemes, has_names),
                (self._redact_shell, True),
                (self._redact_personal_data, self._personal_data),
                (self._redact_percent_encoded, bool(hints & ~Hint.USERINFO) or self._personal_data),
                (self._redact_escaped, bool(hints & Hint.ESCAPE)),
                (self._redact_base64, bool(hints & Hint.RUN)),
            )
            passes = self._passes[hints] = tuple(apply for apply, is_needed in candidates if is_needed)
        return passes

    def _redact_shapes(self, text: str, hints: int, layer: int) -> str:
        return self._shapes.redact(text)

    def _redact_urls(self, text: str, hints: int, layer: int) -> str:
        return self._credentials.redact_urls(text)

    def _redact_xml(self, text: str, hints: int, layer: int) -> str:
        return self._xml.redact(text) if "<" in text and ">" in text else text

    def _redact_tables(self, text: str, hints: int, layer: int) -> str:
        return self._tables.redact(text)

    def _redact_named_values(self, text: str, hints: int, layer: int) -> str:
        return self._named_values.redact(text)

    def _redact_schemes(self, text: str, hints: int, layer: int) -> str:
        return self._credentials.redact_schemes(text)

    def _redact_shell(self, text: str, hints: int, layer: int) -> str:
        return self._credentials.redact_shell(text)

    def _redact_personal_data(self, text: str, hints: int, layer: int) -> str:
        return redact_personal_data(text, self._marker)

    def _redact_percent_encoded(self, text: str, hints: int, layer: int) -> str:
        if layer >= _MAX_LAYERS or "%" not in text:
            return text
        # Each layer decodes once, so that encoded delimiters stay inside of values; the last one decodes the rest.
        return redact_percent_encoded(
            text, self._get_find_redactor(layer), self._is_secret, self._marker, all_levels=layer == _MAX_LAYERS - 1
        )

    def _redact_escaped(self, text: str, hints: int, layer: int) -> str:
        if layer >= _MAX_LAYERS or not has_escapes(text):
            return text
        decoded = decode_escapes(text)
        redact = self._get_find_redactor(layer)(decoded) if decoded != text else None
        clean = decoded if redact is None else redact(decoded)
        return text if clean == decoded else clean

    def _redact_base64(self, text: str, hints: int, layer: int) -> str:
        return text if layer >= _MAX_LAYERS else redact_base64(text, self._get_find_redactor(layer), self._marker)

    def _get_find_redactor(self, layer: int) -> FindRedactor:
        """Return a function that returns the redaction of text that was decoded in a layer."""

        def find_redactor(decoded: str) -> Callable[[str], str] | None:
            hints = self._find_hints(decoded)
            if not hints and not self._personal_data:
                return None
            return lambda part: self._redact_layer(part, hints, layer + 1)

        return find_redactor
