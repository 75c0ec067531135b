"""Progress of a sync on stderr: a table with bars on a terminal, periodic lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import attrs
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from sendcloud_integrations_client.cli.terminal.console import create_console
from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.tables import Column, build_blocks, build_table, fit_columns
from sendcloud_integrations_client.cli.terminal.text import to_plain_text
from sendcloud_integrations_client.sync import SyncProgress

__all__ = ["ProgressDisplay", "ProgressLines", "ProgressTable", "show_progress"]

_SECONDS_BETWEEN_LINES: Final = 5.0  # per account
_BAR_WIDTH: Final = 24


class ProgressDisplay(Protocol):
    """Callback for the argument `on_progress` of a sync."""

    def __call__(self, progress: SyncProgress) -> None:
        """Show the progress of one account."""
        ...


@contextmanager
def show_progress(accounts: Iterable[str]) -> Generator[ProgressDisplay]:
    """Show the progress of a sync while the block runs.

    Args:
        accounts: Names of the accounts.

    Yields:
        The callback to pass as `on_progress`.
    """
    if not sys.stderr.isatty():
        yield ProgressLines()
        return
    console = create_console(stderr=True)
    table = ProgressTable(console, accounts)
    with Live(console=console, get_renderable=table.render, refresh_per_second=8):
        yield table


class ProgressTable:
    """Shows one line per account. Counts are complete at any width: names are cut first, then columns are dropped.

    Args:
        console: The console, whose width applies.
        accounts: Names of the accounts.
        clock: Returns the current time in seconds. Defaults to `time.monotonic`.
    """

    def __init__(self, console: Console, accounts: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._rows = {name: _Row(name) for name in accounts}
        self._clock = clock
        self._started_at = clock()

    def __call__(self, progress: SyncProgress) -> None:
        """Update the line of one account."""
        row = self._rows[progress.account]
        row.progress = progress
        row.seconds = self._clock() - self._started_at

    def render(self) -> RenderableType:
        """Return the table for the current width of the terminal."""
        seconds = self._clock() - self._started_at
        rows = [row.build_cells(seconds) for row in self._rows.values()]
        width = self._console.width
        widths = fit_columns(_COLUMNS, rows, width)
        if widths is None:
            return Group(*build_blocks(_COLUMNS, rows, width))
        return build_table(_COLUMNS, rows, widths)


_COLUMNS: Final = (
    Column("account", min_width=6),
    Column("progress", is_exact=True, drop_order=3),
    Column.number("integrations"),
    Column.number("new logs"),
    Column.number("per second", drop_order=1),
    Column.number("time", drop_order=2),
)


@attrs.define
class _Row:
    """One line: the newest progress of an account, and when it was reported, in seconds since the start of the sync."""

    account: str
    progress: SyncProgress | None = None
    seconds: float = 0.0

    def build_cells(self, now: float) -> Sequence[Text]:
        completed, total, new = 0, 0, 0
        if self.progress is not None:
            completed, total, new = self.progress.completed, self.progress.integrations, self.progress.new
        seconds = self.seconds if total and completed == total else now
        return (
            to_plain_text(self.account),
            _draw_bar(completed, total),
            Text(f"{completed:,}/{total:,}" if self.progress is not None else "–"),
            Text(f"{new:,}", "bold"),
            Text(f"{new / seconds:,.0f}" if seconds >= 1 else "–", "dim"),
            Text(str(timedelta(seconds=int(seconds)))),
        )


def _draw_bar(completed: int, total: int) -> Text:
    filled = _BAR_WIDTH * completed // total if total else 0
    return Text("━" * filled + " " * (_BAR_WIDTH - filled), "green" if filled == _BAR_WIDTH else "cyan")


class ProgressLines:
    """Prints one line per account at its start, and then at most one line per account every 5 seconds."""

    def __init__(self) -> None:
        self._printed_at: dict[str, float] = {}

    def __call__(self, progress: SyncProgress) -> None:
        """Print the progress of one account, unless its last line is too recent."""
        now = time.monotonic()
        last = self._printed_at.get(progress.account)
        if last is not None and now - last < _SECONDS_BETWEEN_LINES:
            return
        self._printed_at[progress.account] = now
        print_message(
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {to_plain_text(progress.account)}: {progress.completed} of "
            f"{progress.integrations} integrations, {progress.pages} pages, {progress.new} new logs"
        )
