"""Write a generated package to a folder: as a whole or not at all.

A folder is replaced only if it is new, empty, or was generated: it contains the file `.generated`. The package is
written to a temporary folder beside it. If anything fails, the old folder is restored, and no new folders remain.
"""

from __future__ import annotations

import ctypes
import keyword
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final

from generator.documents import to_single_line

__all__ = [
    "MARKER",
    "OutputError",
    "choose_package_folder",
    "defer_signals",
    "replace_folder",
    "swap_folders",
    "write_folder",
]

MARKER: Final = ".generated"
_MARKER_TEXT: Final = "This folder is replaced by `make generate`. Do not put other files in it.\n"
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class OutputError(Exception):
    """Raised if a folder must not be replaced, or cannot be written. The message is one line."""


def choose_package_folder(out: Path, package: str | None) -> Path:
    """Return the folder of the package: `out` itself, or the folder `package` within it.

    Raises:
        OutputError: Python cannot import a package with the name of the folder.
    """
    folder = out if package is None else out / package
    name = _resolve(folder).name if package is None else package
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise OutputError(
            f"{to_single_line(name)}: Python cannot import a package with this name. "
            "Choose a name of letters, digits and underscores with PACKAGE=name (--package)."
        )
    return folder


@contextmanager
def write_folder(out: Path) -> Iterator[Path]:
    """Yield the path of a new folder that replaces `out` when the block ends without an error.

    Raises:
        OutputError: `out` contains files that were not generated, or a file cannot be written.
    """
    target = _resolve(out)
    created = _find_missing_parents(target.parent)
    try:
        _check_replaceable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".generating-") as folder:
            fresh = Path(folder) / target.name
            fresh.mkdir()
            yield fresh
            (fresh / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")
            replace_folder(fresh, target)
    except OSError as error:
        raise OutputError(f"{to_single_line(out)}: cannot be written ({error.strerror or 'failed'})") from error
    finally:
        for parent in created:
            _remove_if_empty(parent)


def replace_folder(fresh: Path, target: Path) -> None:
    """Move `fresh` to `target`, replacing it. If it fails, `target` is restored. Signals wait until it is complete.

    Raises:
        OSError: The folder cannot be moved.
    """
    with defer_signals():
        if target.exists():
            swap_folders(fresh, target)
        else:
            fresh.rename(target)
    shutil.rmtree(fresh, ignore_errors=True)


def swap_folders(one: Path, other: Path) -> None:
    """Exchange two folders: in one step on Linux, otherwise in three renames, which are undone if one fails.

    Raises:
        OSError: A folder cannot be moved.
    """
    if _exchange(one, other):
        return
    old = one.with_name(f"{one.name}.old")
    other.rename(old)
    try:
        one.rename(other)
    except OSError:
        old.rename(other)
        raise
    old.rename(one)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two paths atomically with renameat2 (Linux, glibc 2.28). Return False if the system cannot."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        return False
    result: int = rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return result == 0


@contextmanager
def defer_signals() -> Iterator[None]:
    """Delay SIGINT, SIGTERM and SIGHUP to the end of the block. Only the main thread can do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    with ExitStack() as stack:
        for number in _SIGNALS:
            previous = signal.signal(number, lambda number, frame: received.append(number))
            stack.callback(_restore, number, previous)
        yield
    for number in received:
        signal.raise_signal(number)


def _restore(number: int, handler: Callable[[int, FrameType | None], Any] | int | None) -> None:
    signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _resolve(out: Path) -> Path:
    try:
        return out.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputError(f"{to_single_line(out)}: is not a valid path") from error


def _check_replaceable(target: Path) -> None:
    if target.is_dir():
        if any(target.iterdir()) and not (target / MARKER).is_file():
            raise OutputError(
                f"{to_single_line(target)}: contains files that the generator did not make. "
                "Choose a new or an empty folder."
            )
        if not os.access(target, os.W_OK):
            raise OutputError(f"{to_single_line(target)}: cannot be written (Permission denied)")
    elif target.exists():
        raise OutputError(f"{to_single_line(target)}: is not a folder. Choose a new or an empty folder.")


def _find_missing_parents(folder: Path) -> list[Path]:
    """Return the folders that do not exist yet, the innermost first."""
    return [parent for parent in (folder, *folder.parents) if not parent.exists()]


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # it contains the generated package, or was never created
        folder.rmdir()
