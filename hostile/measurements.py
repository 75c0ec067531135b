"""What is measured of one call: outcome, seconds, the longest block of the event loop, peak memory."""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

__all__ = ["Heartbeat", "Measurement", "limit_memory", "read_peak_memory", "reset_peak_memory"]

_INTERVAL = 0.002
_STATUS_FILE = Path("/proc/self/status")
_SCHEDULER_FILE = Path("/proc/thread-self/schedstat")
_RESET_FILE = Path("/proc/self/clear_refs")


@attrs.frozen
class Measurement:
    """One call.

    Attributes:
        outcome: "data", or the class name of the error; it starts with "untyped" if the class is not a
            `SendcloudError`.
        next_outcome: Outcome of the next call of the same client to a server that behaves well.
        seconds: Duration of the call.
        longest_block: Longest time in seconds in which the event loop ran no other task.
        peak_memory: Peak resident memory of the process in bytes.
    """

    outcome: str
    next_outcome: str
    seconds: float
    longest_block: float
    peak_memory: int


class Heartbeat:
    """Measures how long the event loop does not run a task that wants to run every 2 ms.

    Time in which the operating system ran other programs instead of this one does not count, if the system reports it.

    Attributes:
        longest_block: Longest delay so far, in seconds.
    """

    def __init__(self) -> None:
        self.longest_block = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure until the end of the `with` block. The garbage of earlier calls is collected first."""
        gc.collect()
        loop = asyncio.get_running_loop()
        last = time.perf_counter()
        last_waited = _read_scheduler_wait()
        handle: asyncio.TimerHandle | None = None

        def beat(*, again: bool = True) -> None:
            nonlocal handle, last, last_waited
            now, waited = time.perf_counter(), _read_scheduler_wait()
            self.longest_block = max(self.longest_block, now - last - (waited - last_waited) - _INTERVAL)
            last, last_waited = now, waited
            if again:
                handle = loop.call_later(_INTERVAL, beat)

        first = handle = loop.call_later(_INTERVAL, beat)
        try:
            yield
        finally:
            (handle or first).cancel()
            beat(again=False)


def _read_scheduler_wait() -> float:
    """Return the seconds that this thread was ready to run and waited for a processor; 0 if that is not known."""
    try:
        return int(_SCHEDULER_FILE.read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def limit_memory(size: int) -> None:
    """Limit the virtual memory of this process; allocations beyond it raise `MemoryError`."""
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def reset_peak_memory() -> None:
    """Start the measurement of the peak memory again. Only Linux supports it."""
    with suppress(OSError):
        _RESET_FILE.write_text("5")


def read_peak_memory() -> int:
    """Return the peak resident memory of this process in bytes, since `reset_peak_memory` if that is supported."""
    with suppress(OSError):
        for line in _STATUS_FILE.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
