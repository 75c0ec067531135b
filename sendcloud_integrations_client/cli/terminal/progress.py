"""Progress of a sync on stderr: bars on a terminal, periodic lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.output import to_plain_text
from sendcloud_integrations_client.sync import SyncProgress

__all__ = ["ProgressDisplay", "show_progress"]

_SECONDS_BETWEEN_LINES: Final = 5.0  # per account


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
    bars = Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("integrations"),
        TextColumn("{task.fields[new]:>9,} new logs", style="bold", markup=False),
        TextColumn("{task.fields[rate]}", style="dim", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with bars:
        yield ProgressBars(bars, accounts)


class ProgressBars:
    """Shows one progress bar per account.

    Args:
        bars: The Rich display that draws the bars.
        accounts: Names of the accounts.
    """

    def __init__(self, bars: Progress, accounts: Iterable[str]) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {
            name: bars.add_task(to_plain_text(name).plain, total=None, new=0, rate="") for name in accounts
        }
        self._started_at = time.monotonic()

    def __call__(self, progress: SyncProgress) -> None:
        """Update the bar of one account."""
        seconds = max(time.monotonic() - self._started_at, 0.001)
        self._bars.update(
            self._tasks[progress.account],
            # Rich shows a task with a total of 0 as finished only after an update.
            total=progress.integrations,
            completed=progress.completed,
            new=progress.new,
            rate=f"{progress.new / seconds:,.0f}/s",
        )


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
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {progress.account}: {progress.completed} of "
            f"{progress.integrations} integrations, {progress.pages} pages, {progress.new} new logs"
        )
