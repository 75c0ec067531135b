"""Output on stdout: JSON for pipes, tables for terminals."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.errors import to_single_line

__all__ = [
    "JsonWriter",
    "OutputFormat",
    "choose_format",
    "create_console",
    "create_table",
    "format_count",
    "format_timestamp",
    "to_plain_text",
    "write_json",
]


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
        sys.stdout.buffer.write(prefix + orjson.dumps(record) + (b"" if self._is_array else b"\n"))
        if self._flush:
            sys.stdout.buffer.flush()

    def close(self) -> None:
        """Write the end of the array, if the format is JSON, and flush stdout."""
        if self._is_array:
            sys.stdout.buffer.write(b"[]\n" if self._is_first else b"\n]\n")
        sys.stdout.buffer.flush()


def write_json(record: Any, output_format: OutputFormat) -> None:
    """Write a single record to stdout: indented for JSON, on one line for JSON Lines."""
    option = orjson.OPT_INDENT_2 if output_format is OutputFormat.JSON else 0
    sys.stdout.buffer.write(orjson.dumps(record, option=option) + b"\n")
    sys.stdout.buffer.flush()


def create_console() -> Console:
    """Create the console for tables. It is as wide as the terminal, or 160 columns if stdout is not a terminal."""
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 160
    return _PipeableConsole(width=width, highlight=False, markup=False, emoji=False)


class _PipeableConsole(Console):
    """A console that raises BrokenPipeError instead of exiting, so that `report_errors` handles it."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def create_table(*columns: str, title: str | None = None, right: Iterable[str] = ()) -> Table:
    """Create an empty table.

    Args:
        columns: Headers of the columns.
        title: Title above the table. Defaults to no title.
        right: Headers of the right-aligned columns. Defaults to none.

    Returns:
        The table, without rows.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", title=title, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="ellipsis", no_wrap=True)
    return table


def to_plain_text(value: object, style: str = "") -> Text:
    """Return `value` as one line of text for a table. Escape sequences and markup in `value` have no effect.

    Args:
        value: The value. None and empty text become a dash.
        style: Style of the text. Defaults to none.

    Returns:
        The text, at most 500 characters long.
    """
    return Text("–" if value in (None, "") else to_single_line(str(value), max_length=500), style=style)


def format_count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 log`, `2 logs`, `3 statuses`."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


def format_timestamp(value: datetime | None) -> str:
    """Return a timestamp as text for a table, in UTC. A timestamp without an offset is not converted."""
    if value is None:
        return "–"
    return f"{value.astimezone(UTC) if value.tzinfo else value:%Y-%m-%d %H:%M:%S}"
