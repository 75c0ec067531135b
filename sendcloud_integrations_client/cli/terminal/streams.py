"""Standard streams that cannot fail a command: closed ones are replaced, and text that they cannot encode is shown."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from typing import Final, Literal, TextIO

__all__ = ["prepare_streams", "replace_unencodable"]

_HANDLER_NAME: Final = "sendcloud_integrations_cli"

# One character per character of the tables, so that columns stay aligned.
_REPLACEMENTS: Final = {
    "–": "-",
    "’": "'",
    "…": "~",
    "━": "=",
    **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*#@", strict=True)),
}


def prepare_streams() -> None:
    """Make stdin, stdout and stderr usable for any text. Call it before anything else is opened or printed.

    A stream that the caller of the process closed is replaced by the null device. Its file descriptor would otherwise
    be used for the next file, and output would be written into that file. Characters that the encoding of stdout or
    stderr does not have are replaced, unless PYTHONIOENCODING selects another error handler.
    """
    codecs.register_error(_HANDLER_NAME, replace_unencodable)
    # In this order, the null device gets the file descriptor of the closed stream.
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - None if the stream is closed
        sys.stdin = _open_null_device("r")
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdout = _open_null_device("w")
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = _open_null_device("w")
    for stream, default_handler in ((sys.stdout, "strict"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == default_handler:
            stream.reconfigure(errors=_HANDLER_NAME)


def _open_null_device(mode: Literal["r", "w"]) -> TextIO:
    # The stream does not own the descriptor, like Python's own standard streams: it stays open until the process ends.
    return open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False)


def replace_unencodable(error: UnicodeError) -> tuple[str, int]:
    """Error handler of `codecs`: replace each character by text of the same width in terminal cells.

    Args:
        error: The encoding error.

    Returns:
        The replacement, and the position at which to continue.

    Raises:
        UnicodeError: If `error` is not an encoding error.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_REPLACEMENTS.get(char) or "?" * _get_width(char) for char in text), error.end


def _get_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
