"""Generate the package from an OpenAPI document, for `make generate` and `make check-generated`."""

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
    "GENERATED",
    "OPENAPI_DOCUMENT",
    "OVERLAY",
    "apply_project_overlay",
    "find_differences",
    "generate",
    "prepare_document",
    "replace_folder",
]

_ROOT: Final = Path(__file__).resolve().parent.parent
OPENAPI_DOCUMENT: Final = _ROOT / "openapi" / "sendcloud-v3-integrations.yml"
GENERATED: Final = _ROOT / "sendcloud_integrations_client" / "generated"
OVERLAY: Final = _ROOT / "openapi" / "overlay.yml"
_TEMPLATES: Final = _ROOT / "openapi" / "templates"
_CONFIG: Final = _ROOT / "generator-config.yml"


def generate(source: str | Path, out: Path) -> None:
    """Generate the package for an OpenAPI document.

    Args:
        source: Path or URL of the document.
        out: Folder of the package. It is replaced only if the generation succeeds.

    Raises:
        DocumentError: The document cannot be read or is not valid OpenAPI 3.1.
        OverlayError: An action of the overlay does not match the document.
        NamingError: Two schemas or two operations would have the same name.
        GenerationError: The document contains a construct that is not supported.
    """
    document = prepare_document(source)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".generating-") as folder:
        fresh = Path(folder) / out.name
        render(document, config_file=_CONFIG, templates=_TEMPLATES, out=fresh)
        replace_folder(fresh, out)


def prepare_document(source: str | Path) -> dict[str, Any]:
    """Return the document at a path or URL, with the overlay applied and all schemas and operations named."""
    return name_document(apply_project_overlay(read_document(source)))


def apply_project_overlay(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `document` with `openapi/overlay.yml` applied."""
    return apply_overlay(document, parse_yaml(OVERLAY.read_bytes(), OVERLAY.name))


def replace_folder(fresh: Path, target: Path) -> None:
    """Move `fresh` to `target`, replacing it. If that fails, `target` is restored."""
    old = fresh.with_name(f"{fresh.name}.old")
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def find_differences(one: Path, other: Path) -> list[str]:
    """Return the relative paths of files whose bytes differ between two folders, without `__pycache__`."""
    names = sorted(set(_iterate_files(one)) | set(_iterate_files(other)))
    return [
        name
        for name in names
        if not (one / name).is_file()
        or not (other / name).is_file()
        or not filecmp.cmp(one / name, other / name, shallow=False)
    ]


def _iterate_files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()
