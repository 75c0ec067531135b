"""How far a sync is: bars on a terminal, a line now and then elsewhere. All of it goes to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from sendcloud_integrations_client.cli.output import plain
from sendcloud_integrations_client.cli.reporting import say
from sendcloud_integrations_client.sync import SyncProgress

__all__ = ["Display", "showing_progress"]

_EVERY: Final = 5.0  # seconds between two lines of one account


class Display(Protocol):
    """What `on_progress` of a sync takes."""

    def __call__(self, progress: SyncProgress) -> None:
        """Show how far one account came."""
        ...


@contextmanager
def showing_progress(accounts: Iterable[str]) -> Generator[Display]:
    """Show progress while the block runs.

    Args:
        accounts: Names of the accounts.
    """
    if not sys.stderr.isatty():
        yield Lines()
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
        yield Bars(bars, accounts)


class Bars:
    """A bar for each account.

    Args:
        bars: What draws them.
        accounts: Names of the accounts.
    """

    def __init__(self, bars: Progress, accounts: Iterable[str]) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {
            name: bars.add_task(plain(name).plain, total=None, new=0, rate="") for name in accounts
        }
        self._started = time.monotonic()

    def __call__(self, progress: SyncProgress) -> None:
        """Move one account's bar."""
        seconds = max(time.monotonic() - self._started, 0.001)
        self._bars.update(
            self._tasks[progress.account],
            # Rich shows a total of 0 as finished only if it was updated to it.
            total=progress.integrations,
            completed=progress.walked,
            new=progress.new,
            rate=f"{progress.new / seconds:,.0f}/s",
        )


class Lines:
    """A line for each account at its start, and then every few seconds."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def __call__(self, progress: SyncProgress) -> None:
        """Tell, if it is time to."""
        now = time.monotonic()
        last = self._told.get(progress.account)
        if last is not None and now - last < _EVERY:
            return
        self._told[progress.account] = now
        say(
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {progress.account}: {progress.walked} of {progress.integrations} "
            f"integrations, {progress.pages} pages, {progress.new} new logs"
        )
