"""Settings in `generator-config.yml`: those of openapi-python-client, and those of names."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from openapi_python_client.config import Config, ConfigFile, MetaType
from pydantic import ConfigDict

from generator.yaml_documents import load_yaml

__all__ = ["Settings", "build_project_config", "read_settings"]

_PATH: Final = Path(__file__).resolve().parent.parent / "generator-config.yml"


class Settings(ConfigFile):
    """Content of `generator-config.yml`. A setting that does not exist, or has another type, is an error.

    Attributes:
        invariable_nouns: Nouns that have one form.
        plurals: Singular to plural of irregular nouns.
        omitted_class_words: Words that class names omit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    invariable_nouns: frozenset[str]
    plurals: Mapping[str, str]
    omitted_class_words: frozenset[str]


@functools.cache
def read_settings() -> Settings:
    """Return the settings in `generator-config.yml`.

    `ConfigFile.load_from_path` is not used: it returns a `ConfigFile`, without the settings of names.
    """
    return Settings.model_validate(load_yaml(_PATH.read_bytes()))


def build_project_config(out: Path) -> Config:
    """Return the configuration of an openapi-python-client project that writes the package to an existing folder."""
    return Config.from_sources(
        read_settings(),
        MetaType.NONE,
        document_source=out,  # not read: `generator.documents` loads documents
        file_encoding="utf-8",
        overwrite=True,
        output_path=out,
    )
