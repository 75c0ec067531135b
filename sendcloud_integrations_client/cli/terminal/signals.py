"""Handling of SIGINT and SIGTERM: the first signal stops a job gracefully, the second cancels it, the third exits."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress

from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode

__all__ = ["StopRequest", "stop_on_signals"]

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Records whether a signal requested a job to stop, and the resulting exit code.

    Attributes:
        event: Set by the first signal.
        exit_code: Exit code of the process after a signal; None before the first one.
    """

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.exit_code: ExitCode | None = None
        self._signal_count = 0

    def handle_signal(self, number: int, job: asyncio.Task[object]) -> None:
        """Set `event` for the first signal, cancel `job` for the second, and exit the process for the third.

        Args:
            number: Number of the signal.
            job: The task to cancel.
        """
        self._signal_count += 1
        self.exit_code = ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED
        match self._signal_count:
            case 1:
                self.event.set()
                print_message("Stopping after the pages in progress are stored. Interrupt again to stop immediately.")
            case 2:
                job.cancel()
            case _:
                # The cancelled job does not end. Exiting here loses no stored data: each page is one transaction.
                os._exit(self.exit_code)


@contextmanager
def stop_on_signals() -> Generator[StopRequest]:
    """Handle SIGINT and SIGTERM as stop requests for the current task while the block runs.

    Yields:
        The stop request, which the signals update.
    """
    loop, job, stop = asyncio.get_running_loop(), asyncio.current_task(), StopRequest()
    assert job is not None  # noqa: S101 - a coroutine always runs in a task
    with suppress(NotImplementedError):  # Windows: Ctrl-C stops the process immediately
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, stop.handle_signal, number, job)
    try:
        yield stop
    finally:
        with suppress(NotImplementedError):
            for number in _STOP_SIGNALS:
                loop.remove_signal_handler(number)
