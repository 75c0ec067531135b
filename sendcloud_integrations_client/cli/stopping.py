"""SIGINT and SIGTERM: the first asks a job to stop in good order, the second ends it at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress

from sendcloud_integrations_client.cli.exit_codes import ExitCode
from sendcloud_integrations_client.cli.reporting import say

__all__ = ["Stop", "stop_on_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether a job was asked to stop, and by what.

    Attributes:
        event: Set once it was.
        exit_code: What the process ends with then; None before.
    """

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.exit_code: ExitCode | None = None
        self._count = 0

    def ask(self, number: int, job: asyncio.Task[object]) -> None:
        """Note a signal, and cancel `job` if it is not the first one."""
        self._count += 1
        self.exit_code = ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED
        match self._count:
            case 1:
                self.event.set()
                say("Stopping when the pages in hand are stored; once more stops at once.")
            case 2:
                job.cancel()
            case _:
                # What was cancelled does not end. The store is as after any crash: nothing is lost.
                os._exit(self.exit_code)


@contextmanager
def stop_on_signals() -> Generator[Stop]:
    """Let SIGINT and SIGTERM ask the current task to stop, while the block runs."""
    loop, job, stop = asyncio.get_running_loop(), asyncio.current_task(), Stop()
    assert job is not None  # noqa: S101 - there is one in every coroutine
    with suppress(NotImplementedError):  # as on Windows, where Ctrl-C stops at once
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop.ask, number, job)
    try:
        yield stop
    finally:
        with suppress(NotImplementedError):
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
