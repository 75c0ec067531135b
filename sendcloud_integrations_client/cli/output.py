"""What goes to stdout: records as JSON for pipes, tables for people."""

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

from sendcloud_integrations_client.cli.reporting import InputError
from sendcloud_integrations_client.errors import one_line

__all__ = ["Format", "JsonWriter", "chosen_format", "console", "counted", "moment", "new_table", "plain", "write_json"]


class Format(enum.Enum):
    """How records are shown."""

    TABLE = "table"
    JSON = "json"
    JSON_LINES = "jsonl"


def chosen_format(*, json: bool, jsonl: bool) -> Format:
    """The format that the options ask for.

    Raises:
        InputError: They ask for two.
    """
    if json and jsonl:
        raise InputError("choose one of --json and --jsonl")
    return Format.JSON if json else Format.JSON_LINES if jsonl else Format.TABLE


class JsonWriter:
    """Writes records as they come, as one array or one a line; `close()` ends the array.

    Args:
        form: `Format.JSON` or `Format.JSON_LINES`.
        flush: Hand on each record at once, for a reader that waits for it.
    """

    def __init__(self, form: Format, *, flush: bool = False) -> None:
        self._is_array = form is Format.JSON
        self._flush = flush
        self._is_first = True

    def write(self, record: Any) -> None:
        """Write one JSON-ready record.

        Raises:
            BrokenPipeError: The reader went away.
        """
        lead = b"" if not self._is_array else b"[\n" if self._is_first else b",\n"
        self._is_first = False
        sys.stdout.buffer.write(lead + orjson.dumps(record) + (b"" if self._is_array else b"\n"))
        if self._flush:
            sys.stdout.buffer.flush()

    def close(self) -> None:
        """Write what ends the output."""
        if self._is_array:
            sys.stdout.buffer.write(b"[]\n" if self._is_first else b"\n]\n")
        sys.stdout.buffer.flush()


def write_json(record: Any, form: Format) -> None:
    """Write one record alone: indented as JSON, on its line as JSON lines."""
    option = orjson.OPT_INDENT_2 if form is Format.JSON else 0
    sys.stdout.buffer.write(orjson.dumps(record, option=option) + b"\n")
    sys.stdout.buffer.flush()


def console() -> Console:
    """Where tables go: as wide as the terminal; where there is none, wide enough to cut little."""
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 160
    return _PipeableConsole(width=width, highlight=False, markup=False, emoji=False)


class _PipeableConsole(Console):
    """A console that leaves it to `reporting` what happens when its reader goes away."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def new_table(*columns: str, title: str | None = None, right: Iterable[str] = ()) -> Table:
    """An empty table.

    Args:
        columns: The heads of its columns.
        title: What stands above it.
        right: The columns that are aligned to the right.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", title=title, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="ellipsis", no_wrap=True)
    return table


def plain(value: object, style: str = "") -> Text:
    """`value` for a table, on one line; what a shop sent can neither colour nor steer the terminal."""
    return Text("–" if value in (None, "") else one_line(str(value), longest=500), style=style)


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 log`, `2 logs`, `3 statuses`."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


def moment(value: datetime | None) -> str:
    """A moment for a table, in UTC; one without an offset is shown as it is."""
    if value is None:
        return "–"
    return f"{value.astimezone(UTC) if value.tzinfo else value:%Y-%m-%d %H:%M:%S}"
