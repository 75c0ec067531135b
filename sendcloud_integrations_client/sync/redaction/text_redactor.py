"""Redacts text that is not JSON: each kind of secret in one pass of linear time."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sendcloud_integrations_client.sync.redaction.credentials import CredentialFinder
from sendcloud_integrations_client.sync.redaction.encodings import (
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

    def redact(self, text: str, hints: int) -> str:
        """Replace the secrets in a text.

        Args:
            text: The text.
            hints: What the text can contain, as found by the check.
        """
        return self._redact_layer(text, hints, 0)

    def _redact_layer(self, text: str, hints: int, layer: int) -> str:
        text = self._redact_plain(text, hints)
        if layer >= _MAX_LAYERS:
            return text

        def redact(decoded: str) -> str:
            hints = self._find_hints(decoded)
            return self._redact_layer(decoded, hints, layer + 1) if hints or self._personal_data else decoded

        if "%" in text and (hints & ~Hint.USERINFO or self._personal_data):
            # Each layer decodes once, so that encoded delimiters stay inside of values; the last one decodes the rest.
            text = redact_percent_encoded(
                text,
                redact,
                self._is_suspicious,
                self._is_secret,
                self._marker,
                all_levels=layer == _MAX_LAYERS - 1,
            )
        if hints & Hint.ESCAPE and has_escapes(text):
            decoded = decode_escapes(text)
            if decoded != text:
                clean = redact(decoded)
                text = text if clean == decoded else clean
        return redact_base64(text, redact, self._marker) if hints & Hint.RUN else text

    def _is_suspicious(self, text: str) -> bool:
        return self._personal_data or self._find_hints(text) != Hint.NONE

    def _redact_plain(self, text: str, hints: int) -> str:
        if hints & Hint.PATTERN:
            text = self._shapes.redact(text)
        if hints & Hint.USERINFO:
            text = self._credentials.redact_urls(text)
        if hints & (Hint.NAME | Hint.RUN) or self._personal_data:
            if "<" in text and ">" in text:
                text = self._xml.redact(text)
            text = self._tables.redact(text)
            text = self._named_values.redact(text)
            text = self._credentials.redact_schemes(text)
            text = self._credentials.redact_shell(text)
        elif hints & Hint.USERINFO or ":" in text:
            text = self._credentials.redact_shell(text)
        return redact_personal_data(text, self._marker) if self._personal_data else text
