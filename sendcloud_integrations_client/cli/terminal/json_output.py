"""JSON on stdout, safe to display: no character in it controls a terminal."""

from __future__ import annotations

import contextlib
import enum
import json as json_library
import re
import sys
from collections.abc import Generator
from typing import Any, Final

import orjson

from sendcloud_integrations_client.cli.terminal.errors import InputError

__all__ = ["JsonWriter", "OutputFormat", "choose_format", "format_json", "write_json"]


class OutputFormat(enum.Enum):
    """Formats in which a command prints records."""

    TABLE = "table"
    JSON = "json"
    JSON_LINES = "jsonl"


def choose_format(*, json: bool, jsonl: bool) -> OutputFormat:
    """Return the output format for the options `--json` and `--jsonl`.

    Args:
        json: Whether `--json` is set.
        jsonl: Whether `--jsonl` is set.

    Returns:
        The output format; a table if neither option is set.

    Raises:
        InputError: If both options are set.
    """
    if json and jsonl:
        raise InputError("Invalid options: --json and --jsonl cannot be combined. Choose one.")
    return OutputFormat.JSON if json else OutputFormat.JSON_LINES if jsonl else OutputFormat.TABLE


class JsonWriter:
    """Writes records to stdout as they arrive, as one JSON array or as JSON Lines. `close()` ends the array.

    Args:
        output_format: `OutputFormat.JSON` or `OutputFormat.JSON_LINES`.
        flush: Flush stdout after each record, for readers that process records immediately. Defaults to False.
    """

    def __init__(self, output_format: OutputFormat, *, flush: bool = False) -> None:
        self._is_array = output_format is OutputFormat.JSON
        self._flush = flush
        self._is_first = True

    def write(self, record: Any) -> None:
        """Write one JSON-serializable record.

        Raises:
            BrokenPipeError: If the reader closed the pipe.
        """
        prefix = b"" if not self._is_array else b"[\n" if self._is_first else b",\n"
        self._is_first = False
        sys.stdout.buffer.write(prefix + format_json(record) + (b"" if self._is_array else b"\n"))
        if self._flush:
            sys.stdout.buffer.flush()

    def close(self) -> None:
        """Write the end of the array, if the format is JSON, and flush stdout."""
        if self._is_array:
            sys.stdout.buffer.write(b"[]\n" if self._is_first else b"\n]\n")
        sys.stdout.buffer.flush()


def write_json(record: Any, output_format: OutputFormat) -> None:
    """Write a single record to stdout: indented for JSON, on one line for JSON Lines."""
    sys.stdout.buffer.write(format_json(record, indent=output_format is OutputFormat.JSON) + b"\n")
    sys.stdout.buffer.flush()


def format_json(value: Any, *, indent: bool = False) -> bytes:
    r"""Encode a JSON value as UTF-8, whatever its depth and the size of its numbers.

    Args:
        value: The value.
        indent: Indent the JSON by two spaces per level. Defaults to False.

    Returns:
        The JSON. Characters that control terminals or the direction of text are escaped, such as `\u009b`.
    """
    try:
        encoded = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0)
    except orjson.JSONEncodeError:
        # orjson encodes at most 254 levels and integers of 64 bits. Responses have at most 1,024 levels.
        with _raise_recursion_limit():
            text = json_library.dumps(value, ensure_ascii=False, indent=2 if indent else None)
        encoded = text.encode("utf-8", "replace")
    return _TERMINAL_CONTROLS.sub(_escape, encoded)


# In UTF-8: DEL, C1 controls, U+061C, U+200E, U+200F, U+2028 to U+202E, and U+2066 to U+2069. JSON escapes C0 controls.
_TERMINAL_CONTROLS: Final = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)
_RECURSION_LIMIT: Final = 10_000


def _escape(match: re.Match[bytes]) -> bytes:
    # These characters occur in JSON only within strings, where an escape means the same.
    return f"\\u{ord(match[0].decode()):04x}".encode()


@contextlib.contextmanager
def _raise_recursion_limit() -> Generator[None]:
    previous = sys.getrecursionlimit()
    sys.setrecursionlimit(max(previous, _RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(previous)
