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
from sendcloud_integrations_client.cli.terminal.text import format_count, to_plain_text
from sendcloud_integrations_client.sync import SyncProgress

__all__ = ["ProgressDisplay", "ProgressLines", "ProgressTable", "show_progress"]

_SECONDS_BETWEEN_LINES: Final = 10.0
_MAX_ROWS: Final = 20  # with more accounts, only those in progress are shown
_BAR_WIDTH: Final = 24


class ProgressDisplay(Protocol):
    """Callback for the argument `on_progress` of a sync."""

    def __call__(self, progress: SyncProgress) -> None:
        """Show the progress of one account."""
        ...


@contextmanager
def show_progress(accounts: Iterable[str], *, is_repeated: bool = False) -> Generator[ProgressDisplay]:
    """Show the progress of a sync while the block runs.

    Args:
        accounts: Names of the accounts.
        is_repeated: Whether the sync is one of many: then only lines are printed, and none for a short sync. Defaults
            to False.

    Yields:
        The callback to pass as `on_progress`.
    """
    accounts = list(accounts)
    if is_repeated or not sys.stderr.isatty():
        yield ProgressLines(len(accounts), is_repeated=is_repeated)
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
        shown, footer = list(self._rows.values()), list[Text]()
        if len(shown) > _MAX_ROWS:
            ended = sum(row.has_ended for row in shown)
            footer = [Text(f"{ended:,} of {len(shown):,} accounts ended", "dim")]
            shown = [row for row in shown if row.progress is not None and not row.has_ended][:_MAX_ROWS]
        footer += [
            to_plain_text(f"{row.account} waits: {row.progress.fault}", "yellow")
            for row in shown
            if row.progress and row.progress.fault
        ]
        rows = [row.build_cells(seconds) for row in shown]
        width = self._console.width
        widths = fit_columns(_COLUMNS, rows, width)
        if widths is None:
            return Group(*build_blocks(_COLUMNS, rows, width), *footer)
        table = build_table(_COLUMNS, rows, widths)
        return Group(table, *footer) if footer else table


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

    @property
    def has_ended(self) -> bool:
        return self.progress is not None and self.progress.has_ended

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
    """Prints at most one line every 10 seconds: the counts of the only account, or of all accounts together.

    Args:
        accounts: Number of accounts. Defaults to 1.
        is_repeated: Print the first line after 10 seconds, not at the start. Defaults to False.
        clock: Returns the current time in seconds. Defaults to `time.monotonic`.
    """

    def __init__(
        self, accounts: int = 1, *, is_repeated: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._progress: dict[str, SyncProgress] = {}
        self._printed_at = clock() if is_repeated else -_SECONDS_BETWEEN_LINES + clock()

    def __call__(self, progress: SyncProgress) -> None:
        """Note the progress of one account, and print a line unless the last one is too recent."""
        self._progress[progress.account] = progress
        now = self._clock()
        if now - self._printed_at < _SECONDS_BETWEEN_LINES:
            return
        self._printed_at = now
        print_message(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {self._describe(progress)}")

    def _describe(self, latest: SyncProgress) -> str:
        reason = f". Waiting: {latest.fault}" if latest.fault else ""
        if self._accounts == 1:
            return (
                f"{to_plain_text(latest.account)}: {latest.completed} of {latest.integrations} integrations, "
                f"{latest.pages} pages, {latest.new} new logs{reason}"
            )
        found = self._progress.values()
        ended, waiting = sum(one.has_ended for one in found), sum(one.fault is not None for one in found)
        pages, new = sum(one.pages for one in found), sum(one.new for one in found)
        line = f"{ended} of {self._accounts} accounts, {pages} pages, {new} new logs"
        if latest.fault:
            line += f", {format_count(waiting, 'account')} waiting. {to_plain_text(latest.account)}{reason}"
        return line
