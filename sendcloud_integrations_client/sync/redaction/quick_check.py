"""Fast check what kinds of secrets a text can contain. Most records contain none and need no other check."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final

from sendcloud_integrations_client.sync.redaction.credentials import MIN_RANDOM_LENGTH, is_irregular, looks_random
from sendcloud_integrations_client.sync.redaction.encodings import has_base64_text
from sendcloud_integrations_client.sync.redaction.names import DEFAULT_FIELDS, DEFAULT_HEADERS, NameKind, split_words
from sendcloud_integrations_client.sync.redaction.patterns import SecretPattern
from sendcloud_integrations_client.sync.redaction.tries import build_trie

__all__ = ["Hint", "QuickCheck"]


class Hint:
    """Flags that say what a text can contain. Plain integers, because they are compared often."""

    NONE: Final = 0
    NAME: Final = 1
    """A secret name, or the name of an authentication scheme."""
    PATTERN: Final = 2
    """The prefix of a secret with a known shape."""
    USERINFO: Final = 4
    """`user:password@host`."""
    PERCENT: Final = 8
    """Percent-encoded letters."""
    ESCAPE: Final = 16
    """Escaped letters, such as `\\u0070`."""
    RUN: Final = 32
    """Base64 text, or a random text."""
    ALL: Final = 63


# Words of default names that occur in many names without secrets. The other words of the name are searched for.
_FREQUENT_WORDS: Final = frozenset(
    {"access", "account", "acces", "acceso", "accès", "amz", "app", "application", "asp", "carrier", "carte", "client",
     "code", "connect", "consumer", "d", "de", "dev", "export", "feed", "gateway", "host", "http", "id", "integration",
     "kaart", "licencia", "merchant", "module", "mot", "net", "number", "numero", "numéro", "partner", "plugin",
     "product", "public", "rest", "service", "set", "shop", "shopify", "site", "soap", "storage", "store", "system",
     "user", "vendor", "web", "webservice", "webshop", "ws", "x", "api", "proxy", "sendcloud", "sha", "hash", "admin",
     "seguridad", "securite", "sécurité", "licence", "privada", "privee", "privée", "prive", "privé", "confidentiel"}
)  # fmt: skip
_SCHEMES: Final = (
    "bearer", "basic", "apikey", "jwt", "oauth", "ssws", "geniekey", "sharedkey", "curl", "hawk", "mysql", "sshpass",
    "redis", "docker", "sqlplus", "opaque", "securestring",
)  # fmt: skip
_MAX_KNOWN_WORDS: Final = 20_000
_MAX_SPLIT_LENGTH: Final = 20_000
_MIN_SUBSTRING_LENGTH: Final = 5
_PREFIX_WORD: Final = re.compile(r"[A-Za-z_]{2,}")
# ASCII letters and `_`, and characters that are not ASCII, are kept; everything else becomes a space.
_TO_WORDS: Final = bytes(code if code >= 128 or chr(code).isalpha() or code == 95 else 32 for code in range(256))
_TO_LOWERCASE_WORDS: Final = bytes(32 if code == 95 else code for code in range(256)).lower()
_CAMEL_CASE: Final = re.compile(rb"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Characters of tokens. Those of base64 are a part of them.
_IS_RUN: Final = bytes(1 if code >= 128 or chr(code).isalnum() or chr(code) in "+/-_.~=" else 0 for code in range(256))
_TO_TOKENS: Final = bytes(code if _IS_RUN[code] else 32 for code in range(256))
_BASE64_PART: Final = re.compile(rb"[A-Za-z0-9+/]{14,}+")
_SHORTEST_RUN: Final = b"\1" * 14
# The other kinds need a secret name elsewhere in the record.
_DECISIVE: Final = NameKind.SECRET | NameKind.WEAK | NameKind.PHONE
_MAX_CACHED_RUN: Final = 200  # bytes
# No notation consists of these characters alone, except for base64 without padding.
_TOKEN: Final = bytes(code for code in range(128) if chr(code).isalnum() or chr(code) in "-_./")
_LOWERCASE: Final = bytes(range(256)).lower()
_IGNORED: Final = b"-_ .[]+$@:'\"/\\"
_PERCENT_SIGN, _AMPERSAND, _AT_SIGN, _BACKSLASH = b"%&@\\"
# A match begins with the character before the user.
_USERINFO: Final = re.compile(
    rb"[ \t\n\r\x0b\x0c\"@][^ \t\n\r\x0b\x0c\"@:%]*+(?::|%(?:25)*3[Aa])[^ \t\n\r\x0b\x0c\"@]++@"
)
_ENCODED_AT_SIGN: Final = re.compile(rb"%(?:25)*40")
_ENCODED_LETTER: Final = re.compile(rb"%(?:25|[4-7CcDd]|[0-9A-Fa-f][A-Fa-f][A-Za-z])")
_ESCAPED_LETTER: Final = re.compile(rb"&(?:#|amp;|quot;|apos;|lt;|gt;|equals;|colon;|commat;)")


class QuickCheck:
    """Finds what kinds of secrets a text can contain; it can err only on the safe side.

    A text is split into words. The result for each word is cached.

    Args:
        names: Secret names.
        patterns: Shapes of secrets.
    """

    def __init__(self, names: Iterable[str], patterns: Iterable[SecretPattern]) -> None:
        parts: set[str] = set(_SCHEMES)
        words: set[str] = {"key", "keys", "pass"}
        custom: set[str] = set()
        for name in names:
            joined = "".join(split_words(name))
            if name not in DEFAULT_FIELDS and name not in DEFAULT_HEADERS:
                custom.add(joined)
                continue
            (parts if len(joined) >= _MIN_SUBSTRING_LENGTH else words).add(joined)
            words.add(_get_rarest_word(name))
        # Only ASCII letters are compared regardless of case.
        for texts in (parts, words):
            texts |= {"".join(char if char.isascii() else char.upper() for char in text) for text in texts}
        # In JSON, the letter of an escape such as `\n` precedes a name at the beginning of a line.
        self._names = re.compile(b"%b| [nrtbf]?(?:%b) |pass " % (_build_byte_trie(parts), _build_byte_trie(words)))
        starts, whole = set[str](), set[str]()
        for pattern in patterns:
            found = _PREFIX_WORD.search(pattern.prefix)
            word = found[0] if found else ""
            (starts if found and found.end() == len(pattern.prefix) else whole).add(word)
        self._patterns = re.compile(b" [nrtbf]?(?:%b|(?:%b) )" % (_build_byte_trie(starts), _build_byte_trie(whole)))
        # Custom names can have separators anywhere, and letters in upper case that are not ASCII.
        custom.discard("")
        self._has_custom = bool(custom)
        is_ascii = all(name.isascii() for name in custom)
        self._custom = re.compile(b"|".join(re.escape(name.encode()) for name in sorted(custom))) if is_ascii else None
        self._harmless_tokens: set[bytes] = set()
        self._harmless: set[bytes] = set()
        self._suspicious: dict[bytes, int] = {}

    def find_hints(self, content: bytes) -> int:
        """Return the flags of `Hint` that apply to a text.

        Args:
            content: The text, or JSON, in UTF-8.
        """
        hints = self._find_words(content) | self._find_notations(content)
        return hints if next(_find_suspicious_runs(content), None) is None else hints | Hint.RUN

    def is_suspicious(self, record: bytes, classify: Callable[[str], int]) -> bool:
        """Whether a record can contain a secret; faster than `find_hints`.

        Random values do not count under names that mean nothing, such as `{"X-Request-Id": "0da3c72134ad8437"}`. Most
        logs have such a value.

        Args:
            record: The record, as compact JSON in UTF-8.
            classify: Returns the `NameKind` of a name.
        """
        random: Iterable[tuple[int, int]] | None
        if len(record) <= _MAX_SPLIT_LENGTH:
            random = self._find_random_tokens(record)
        else:
            random = None if self._find_words(record) else _find_suspicious_runs(record)
        if random is None or self._find_notations(record) != Hint.NONE:
            return True
        for start, end in random:
            name = _find_name_of_token(record, start, end)
            if name is None or classify(name) & _DECISIVE:
                return True
        return False

    def _find_random_tokens(self, record: bytes) -> list[tuple[int, int]] | None:
        """Return start and end of all suspicious runs; None if a word is suspicious."""
        # Each word, and each run, is a part of one token. Most tokens occur in other records, too.
        unknown = set(record.translate(_TO_TOKENS).split()) - self._harmless_tokens
        random: list[tuple[int, int]] = []
        for token in unknown:
            for word in token.translate(_TO_WORDS).split():
                if word not in self._harmless and self._classify_word(word):
                    return None
            if len(token) >= len(_SHORTEST_RUN) and _check_run(token):
                start = record.find(token)
                while start >= 0:
                    random.append((start, start + len(token)))
                    start = record.find(token, start + len(token))
            elif len(token) <= _MAX_CACHED_RUN:
                if len(self._harmless_tokens) >= _MAX_KNOWN_WORDS:
                    self._harmless_tokens.clear()
                self._harmless_tokens.add(token)
        return random

    def _find_notations(self, content: bytes) -> int:
        """Return the flags for notations, except for `RUN`."""
        hints = Hint.NONE
        # `in` with a number, and `find`, take a tenth of the time of `in` with bytes.
        if _PERCENT_SIGN in content and _ENCODED_LETTER.search(content):
            hints |= Hint.PERCENT
        if (_BACKSLASH in content and (content.find(b"\\u") >= 0 or content.find(b"\\x") >= 0)) or (
            _AMPERSAND in content and _ESCAPED_LETTER.search(content)
        ):
            hints |= Hint.ESCAPE
        if _AT_SIGN in content and (_USERINFO.search(b" " + content) or _ENCODED_AT_SIGN.search(content)):
            hints |= Hint.USERINFO
        if self._has_custom and (
            self._custom is None or self._custom.search(content.translate(_LOWERCASE, _IGNORED)) is not None
        ):
            hints |= Hint.NAME
        return hints

    def _find_words(self, content: bytes) -> int:
        spaced = content.translate(_TO_WORDS)
        if len(content) > _MAX_SPLIT_LENGTH:
            return self._find_in_words(b" %b " % b" ".join(set(spaced.split())))
        words, harmless = set(spaced.split()), self._harmless
        hints = Hint.NONE
        if words <= harmless:
            return hints
        for word in words:
            if word not in harmless:
                hints |= self._classify_word(word)
        return hints

    def _classify_word(self, word: bytes) -> int:
        known = self._suspicious.get(word)
        if known is not None:
            return known
        hints = self._find_in_words(b" %b " % word)
        if len(self._harmless) + len(self._suspicious) > _MAX_KNOWN_WORDS:
            self._harmless.clear()
            self._suspicious.clear()
        if hints:
            self._suspicious[word] = hints
        else:
            self._harmless.add(word)
        return hints

    def _find_in_words(self, words: bytes) -> int:
        hints = Hint.PATTERN if self._patterns.search(words) else Hint.NONE
        lowercase = words.translate(_TO_LOWERCASE_WORDS)
        if self._names.search(lowercase) or self._names.search(
            _CAMEL_CASE.sub(b" ", words).translate(_TO_LOWERCASE_WORDS)
        ):
            hints |= Hint.NAME
        return hints


def _find_suspicious_runs(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each text without spaces that looks random, or contains base64 that decodes to text."""
    mask = content.translate(_IS_RUN)
    start = mask.find(_SHORTEST_RUN)
    while start >= 0:
        end = mask.find(b"\0", start)
        stop = end if end >= 0 else len(content)
        run = content[start:stop]
        if _is_suspicious_run(run) if len(run) <= _MAX_CACHED_RUN else _check_run(run):
            yield start, stop
        start = mask.find(_SHORTEST_RUN, end) if end >= 0 else -1


def _check_run(run: bytes) -> bool:
    # Without separators, a part is neither a UUID nor a timestamp.
    return (
        looks_random(run.decode("utf-8", "replace"))
        or any(
            (len(part) >= MIN_RANDOM_LENGTH and is_irregular(part[:200].decode()))
            or _is_base64_text(part[:64])
            # In JSON, the letter of an escape such as `\n` precedes base64 at the beginning of a line.
            or (part[0] in b"nrtbf" and _is_base64_text(part[1:65]))
            for part in _BASE64_PART.findall(run)
        )
    )


# Class names, and parts of URLs, occur in many logs.
_is_suspicious_run: Final = lru_cache(maxsize=5_000)(_check_run)


def _find_name_of_token(record: bytes, start: int, end: int) -> str | None:
    """Return the name of a value in JSON that consists of token characters, so that only its name can make it a secret.

    Args:
        record: The record, as compact JSON.
        start: Start of a part of the value.
        end: End of that part.

    Returns:
        The name, or None if the value is an item of an array, or can contain a secret itself.
    """
    opening = record.rfind(b'"', 0, start)
    value = record[opening + 1 : record.find(b'"', end)]
    if value.translate(None, _TOKEN) or record[opening - 2 : opening] != b'":':
        return None
    name_start = record.rfind(b'"', 0, opening - 2)
    name = record[name_start + 1 : opening - 2]
    if _BACKSLASH in name or record[name_start - 1] == _BACKSLASH or has_base64_text(value.decode()):
        return None
    return name.decode()


def _is_base64_text(head: bytes) -> bool:
    try:
        decoded = binascii.a2b_base64(head[: len(head) // 4 * 4])
    except binascii.Error:
        return False
    return decoded.isascii() and decoded.translate(None, b"\t\r\n").decode().isprintable()


def _get_rarest_word(name: str) -> str:
    words = split_words(name)
    rare = [word for word in words if word not in _FREQUENT_WORDS] or list(words)
    return max(rare, key=len)


def _build_byte_trie(texts: Iterable[str]) -> bytes:
    """Return a regular expression that matches any of the texts in UTF-8."""
    return build_trie(text.encode().decode("latin-1") for text in texts).encode("latin-1")
