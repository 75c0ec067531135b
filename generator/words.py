"""Words of names: splitting, singular and plural, and Python names built from them."""

from __future__ import annotations

import functools
import keyword
import re
import unicodedata
from typing import Final

import inflect

from generator.config import read_config

__all__ = ["get_singular", "is_plural", "pascal_case", "snake_case", "split_words", "to_identifier"]

# An acronym, a word with an optional capital letter, or a number.
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+|[0-9]+")
_MAX_LENGTH: Final = 100


def split_words(text: str) -> list[str]:
    """Split text into its ASCII words: `shopOrder-status` is `shop`, `Order`, `status`."""
    plain = unicodedata.normalize("NFKD", text[: 4 * _MAX_LENGTH]).encode("ascii", "ignore").decode()
    return _WORD.findall(plain)


def snake_case(text: str) -> str:
    """Return the words of a text in lower case with underscores."""
    return "_".join(word.lower() for word in split_words(text))[:_MAX_LENGTH].rstrip("_")


def pascal_case(text: str) -> str:
    """Return the words of a text with capital letters; acronyms keep theirs."""
    words = split_words(text)
    return "".join(word if word.isupper() else word.capitalize() for word in words)[:_MAX_LENGTH]


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


def is_plural(word: str) -> bool:
    """Return whether a lower-case word is a noun in the plural. A noun with one form only is one."""
    return _singular_of(word) is not None


@functools.cache
def _engine() -> inflect.engine:
    engine = inflect.engine()
    for noun in sorted(read_config().invariable_nouns):
        engine.defnoun(noun, noun)
    for singular, plural in read_config().plurals.items():
        engine.defnoun(singular, plural)
    return engine


@functools.cache
def _singular_of(word: str) -> str | None:
    """Return the singular of a plural noun; None if the word is no plural."""
    config = read_config()
    if word in config.invariable_nouns:
        return word
    if len(word) < 3 or not word.isalpha() or word.endswith(("ss", "us", "is")) or word in config.plurals:
        return None
    return str(_engine().singular_noun(word) or "") or None
