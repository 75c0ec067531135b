"""Words of names: splitting, singular and plural, and Python names built from them.

openapi-python-client splits text into words and builds snake case and Pascal case. It keeps letters that are not ASCII,
and joins the parts of `filter[status]` and `sync/async`, so it receives ASCII text with a space in place of each other
character.
"""

from __future__ import annotations

import functools
import keyword
import re
import unicodedata
from typing import Final
from unittest.mock import patch

from openapi_python_client import strings

from generator.config import read_settings

# inflect decorates its functions with `typechecked`, which parses the whole module once per function: about 4 seconds.
with patch("typeguard.typechecked", lambda function: function):
    import inflect

__all__ = ["add_article", "get_singular", "is_plural", "pascal_case", "snake_case", "split_words", "to_identifier"]

_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z]+")
_MAX_LENGTH: Final = 100
# Letters that Unicode does not decompose into an ASCII letter and an accent.
_LATIN_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
    | {"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th"}
)


def split_words(text: str) -> list[str]:
    """Split text into its ASCII words: `shopOrder-status` is `shop`, `Order`, `status`."""
    return strings.split_words(_to_ascii(text))


def snake_case(text: str) -> str:
    """Return the words of a text in lower case with underscores."""
    return strings.snake_case(_to_ascii(text))[:_MAX_LENGTH].rstrip("_")


def pascal_case(text: str) -> str:
    """Return the words of a text with capital letters; acronyms keep theirs."""
    return strings.pascal_case(_to_ascii(text))[:_MAX_LENGTH]


def to_identifier(text: str, prefix: str) -> str:
    """Return text in snake case as an identifier. A keyword gets a trailing underscore.

    Args:
        text: Any text.
        prefix: Beginning of the name if the text has no words or begins with a digit.
    """
    name = snake_case(text)
    if not name or name[0].isdigit():
        name = f"{prefix}_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name


def get_singular(noun: str) -> str:
    """Return a noun in snake case with its last word in the singular."""
    head, separator, last = noun.rpartition("_")
    return head + separator + (_singular_of(last) or last)


def add_article(noun: str) -> str:
    """Return a noun with `a` or `an` before it."""
    return str(_engine().a(noun))


def is_plural(word: str) -> bool:
    """Return whether a lower-case word is a noun in the plural. A noun with one form only is one."""
    return _singular_of(word) is not None


def _to_ascii(text: str) -> str:
    latin = text[: 4 * _MAX_LENGTH].translate(_LATIN_LETTERS)
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    return _SEPARATORS.sub(" ", plain)


@functools.cache
def _engine() -> inflect.engine:
    engine = inflect.engine()
    for noun in sorted(read_settings().invariable_nouns):
        engine.defnoun(noun, noun)
    for singular, plural in read_settings().plurals.items():
        engine.defnoun(singular, plural)
    return engine


@functools.cache
def _singular_of(word: str) -> str | None:
    """Return the singular of a plural noun; None if the word is no plural."""
    config = read_settings()
    if word in config.invariable_nouns:
        return word
    if len(word) < 3 or not word.isalpha() or word.endswith(("ss", "us", "is")) or word in config.plurals:
        return None
    return str(_engine().singular_noun(word) or "") or None
