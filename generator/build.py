"""The whole way from a contract to a generated package: what `make generate` and `make check-generated` run."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from generator.documents import parse_yaml, read_document
from generator.naming import name_document
from generator.overlay import apply_overlay
from generator.project import render

__all__ = [
    "CONTRACT",
    "GENERATED",
    "OVERLAY",
    "differences",
    "generate",
    "overlaid",
    "prepared",
    "replace_folder",
]

_ROOT: Final = Path(__file__).resolve().parent.parent
CONTRACT: Final = _ROOT / "openapi" / "sendcloud-v3-integrations.yml"
GENERATED: Final = _ROOT / "sendcloud_integrations_client" / "generated"
OVERLAY: Final = _ROOT / "openapi" / "overlay.yml"
_TEMPLATES: Final = _ROOT / "openapi" / "templates"
_CONFIG: Final = _ROOT / "generator-config.yml"


def generate(source: str | Path, out: Path) -> None:
    """Generate the package for the contract at a path or an address into `out`, which is replaced only on success.

    Raises:
        DocumentError: The contract cannot be used.
        OverlayError: The overlay does not fit it.
        NamingError: Two things would share a name.
        GenerationError: It holds what cannot be expressed.
    """
    document = prepared(source)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".generating-") as folder:
        fresh = Path(folder) / out.name
        render(document, config_file=_CONFIG, templates=_TEMPLATES, out=fresh)
        replace_folder(fresh, out)


def prepared(source: str | Path) -> dict[str, Any]:
    """The document at a path or an address, with the overlay applied and everything named."""
    return name_document(overlaid(read_document(source)))


def overlaid(document: dict[str, Any]) -> dict[str, Any]:
    """A document with our overlay applied."""
    return apply_overlay(document, parse_yaml(OVERLAY.read_bytes(), OVERLAY.name))


def replace_folder(fresh: Path, place: Path) -> None:
    """Put `fresh` where `place` is; `place` stays as it was if that fails."""
    old = fresh.with_name(f"{fresh.name}.old")
    if place.exists():
        place.rename(old)
    try:
        fresh.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def differences(one: Path, other: Path) -> list[str]:
    """Files that are not the same to the byte in two folders, compiled ones aside."""
    names = sorted(set(_files(one)) | set(_files(other)))
    return [
        name
        for name in names
        if not (one / name).is_file()
        or not (other / name).is_file()
        or not filecmp.cmp(one / name, other / name, shallow=False)
    ]


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()
