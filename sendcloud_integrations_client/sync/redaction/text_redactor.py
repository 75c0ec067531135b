"""Redacts text that is not JSON: each kind of secret in one pass of linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from sendcloud_integrations_client.sync.redaction.clean_lines import CleanLines
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

_MIN_KNOWN_LENGTH: Final = 500
"""Shorter texts are redacted again sooner than they are compared."""

_Known: TypeAlias = dict[Callable[[str], str], str]
"""The last text that each function left unchanged. A text with escapes is redacted decoded and, after that, as text."""

_Pass: TypeAlias = Callable[[str, int, _Known], str]
"""Replaces one kind of secret. The arguments are the text, the layer of encoding, and the texts known to be clean."""


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

        self._find_hints_once = find_hints
        # Long decoded text is checked more than once.
        self._find_hints = lru_cache(maxsize=10)(find_hints)
        credentials, xml = CredentialFinder(marker), XmlRedactor(names, marker)
        self._named_values = NamedValueRedactor(names, marker)
        self._shapes = _build_pass(ShapeFinder(patterns, marker).redact)
        self._urls = _build_pass(credentials.redact_urls)
        self._xml = _build_pass(lambda text: xml.redact(text) if "<" in text and ">" in text else text)
        self._tables = _build_pass(TableRedactor(names, names.secret_names, marker).redact)
        self._names = _build_pass(self._named_values.redact)
        self._schemes = _build_pass(credentials.redact_schemes)
        self._shell = _build_pass(credentials.redact_shell)
        self._personal = _build_pass(lambda text: redact_personal_data(text, marker))
        self._lines_without_base64 = CleanLines()
        self._passes: dict[int, tuple[_Pass, ...]] = {}

    def redact(self, text: str, hints: int) -> str:
        """Replace the secrets in a text, each kind once.

        Args:
            text: The text.
            hints: What the text can contain, as found by the check.
        """
        return self._redact_layer(text, hints, 0, {})

    def redact_repeatedly(self, text: str, hints: int) -> str:
        """Replace the secrets in a text until no pass changes it, because a replacement can complete another notation.

        Args:
            text: The text.
            hints: What the text can contain, as found by the check.
        """
        checked = text  # the hints belong to this text
        unchanged = 0  # number of consecutive passes that left the text as it is
        known: _Known = {}
        for _ in range(_MAX_ROUNDS):
            passes = self._select_passes(hints)
            for apply in passes:
                clean = apply(text, 0, known)
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

    def _redact_layer(self, text: str, hints: int, layer: int, known: _Known) -> str:
        if (
            (hints == Hint.NAME or hints == Hint.NAME | Hint.PERCENT)
            and not self._personal_data
            and len(text) < _MAX_PLAIN_LENGTH
            and not _SPECIAL.search(text)
        ):
            text = self._named_values.redact(text)
            return self._redact_percent_encoded(text, layer, known) if "%" in text else text
        for apply in self._select_passes(hints):
            text = apply(text, layer, known)
        return text

    def _select_passes(self, hints: int) -> tuple[_Pass, ...]:
        """Return the passes that can find something, in their order."""
        passes = self._passes.get(hints)
        if passes is None:
            has_names = bool(hints & (Hint.NAME | Hint.RUN)) or self._personal_data
            candidates: tuple[tuple[_Pass, bool], ...] = (
                (self._shapes, bool(hints & Hint.PATTERN)),
                (self._urls, bool(hints & Hint.USERINFO)),
                (self._xml, has_names),
                (self._tables, has_names),
                (self._names, has_names),
                (self._schemes, has_names),
                (self._shell, True),
                (self._personal, self._personal_data),
                (self._redact_percent_encoded, bool(hints & ~Hint.USERINFO) or self._personal_data),
                (self._redact_escaped, bool(hints & Hint.ESCAPE)),
                (self._redact_base64, bool(hints & Hint.RUN)),
            )
            passes = self._passes[hints] = tuple(apply for apply, is_needed in candidates if is_needed)
        return passes

    def _redact_percent_encoded(self, text: str, layer: int, known: _Known) -> str:
        if layer >= _MAX_LAYERS or "%" not in text:
            return text
        # Each layer decodes once, so that encoded delimiters stay inside of values; the last one decodes the rest.
        return redact_percent_encoded(
            text,
            self._get_find_redactor(layer, known),
            self._is_secret,
            self._marker,
            all_levels=layer == _MAX_LAYERS - 1,
        )

    def _redact_escaped(self, text: str, layer: int, known: _Known) -> str:
        if layer >= _MAX_LAYERS or not has_escapes(text):
            return text
        decoded = decode_escapes(text)
        redact = self._get_find_redactor(layer, known)(decoded) if decoded != text else None
        clean = decoded if redact is None else redact(decoded)
        return text if clean == decoded else clean

    def _redact_base64(self, text: str, layer: int, known: _Known) -> str:
        return (
            text
            if layer >= _MAX_LAYERS
            else redact_base64(text, self._get_find_redactor(layer, known), self._marker, self._lines_without_base64)
        )

    def _get_find_redactor(self, layer: int, known: _Known) -> FindRedactor:
        """Return a function that returns the redaction of text that was decoded in a layer."""

        def find_redactor(decoded: str) -> Callable[[str], str] | None:
            find = self._find_hints if len(decoded) > _MAX_PLAIN_LENGTH else self._find_hints_once
            hints = find(decoded)
            if not hints and not self._personal_data:
                return None
            return lambda part: self._redact_layer(part, hints, layer + 1, known)

        return find_redactor


def _build_pass(redact: Callable[[str], str]) -> _Pass:
    """Return a pass that skips a long text which it is known to leave unchanged."""

    def apply(text: str, layer: int, known: _Known) -> str:
        if len(text) < _MIN_KNOWN_LENGTH:
            return redact(text)
        if known.get(redact) == text:
            return text
        clean = redact(text)
        if clean == text:
            known[redact] = text
        return clean

    return apply
