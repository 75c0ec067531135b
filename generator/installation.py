"""Replace the OpenAPI document and the generated package together, whatever interrupts the process.

Both are staged in a folder that one rename turns into `.updating`. From then on, the update is decided: the process, or
the next command of the generator after a crash, completes it. Each step is one rename, and can be repeated.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from generator.output import defer_signals, swap_folders

__all__ = ["complete_interrupted_update", "install", "stage"]

_PENDING: Final = ".updating"
_DOCUMENT: Final = "document.yml"
_PACKAGE: Final = "generated"
_DIGEST: Final = "digest"


def stage(folder: Path, text: str, generated: Path) -> Path:
    """Prepare the new state in a folder, and return the path of the staged state.

    Args:
        folder: Temporary folder on the file system of the project.
        text: The new document.
        generated: Folder of the new package. It is moved.
    """
    staged = folder / "staged"
    staged.mkdir()
    (staged / _DOCUMENT).write_text(text, encoding="utf-8")
    (staged / _DIGEST).write_text(_build_digest(generated), encoding="utf-8")
    generated.rename(staged / _PACKAGE)
    return staged


def install(staged: Path, document_path: Path, generated: Path) -> None:
    """Replace the document and the package by the staged ones. Signals wait until it is complete.

    Raises:
        OSError: A file cannot be replaced. Document and package are unchanged.
    """
    pending = _get_pending(document_path)
    with defer_signals():
        staged.rename(pending)
        try:
            _complete(pending, document_path, generated)
        except OSError:
            if _build_digest(generated) == (pending / _DIGEST).read_text(encoding="utf-8"):
                swap_folders(pending / _PACKAGE, generated)
            _discard(pending)
            raise


def complete_interrupted_update(document_path: Path, generated: Path) -> bool:
    """Complete an update whose process ended before it was complete.

    Returns:
        Whether there was one.

    Raises:
        OSError: A file cannot be replaced.
    """
    pending = _get_pending(document_path)
    if not (pending / _DIGEST).is_file():
        return False
    with defer_signals():
        _complete(pending, document_path, generated)
    return True


def _complete(pending: Path, document_path: Path, generated: Path) -> None:
    if not generated.exists():  # killed between two renames of a swap
        (pending / _PACKAGE).rename(generated)
    elif _build_digest(generated) != (pending / _DIGEST).read_text(encoding="utf-8"):
        swap_folders(pending / _PACKAGE, generated)
    if (pending / _DOCUMENT).exists():
        os.replace(pending / _DOCUMENT, document_path)
    _discard(pending)


def _discard(pending: Path) -> None:
    # Renamed before it is deleted: a folder that is deleted half must not look like a pending update.
    trash = Path(tempfile.mkdtemp(dir=pending.parent, prefix=".generating-"))
    pending.rename(trash / pending.name)
    shutil.rmtree(trash, ignore_errors=True)


def _get_pending(document_path: Path) -> Path:
    return document_path.resolve().parent.parent / _PENDING


def _build_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and "__pycache__" not in path.parts:
            for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
                digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
