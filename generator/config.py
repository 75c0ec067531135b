"""Settings of the generator in `generator-config.yml`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from generator.yaml_documents import load_yaml

__all__ = ["Config", "read_config"]

_PATH: Final = Path(__file__).resolve().parent.parent / "generator-config.yml"


@attrs.frozen
class Config:
    """Settings of the generator.

    Attributes:
        invariable_nouns: Nouns that have one form.
        plurals: Singular to plural of irregular nouns.
        omitted_class_words: Words that class names omit.
    """

    invariable_nouns: frozenset[str]
    plurals: Mapping[str, str]
    omitted_class_words: frozenset[str]


@functools.cache
def read_config() -> Config:
    """Return the settings in `generator-config.yml`."""
    content = load_yaml(_PATH.read_bytes())
    return Config(
        invariable_nouns=frozenset(content["invariable_nouns"]),
        plurals=content["plurals"],
        omitted_class_words=frozenset(content["omitted_class_words"]),
    )
