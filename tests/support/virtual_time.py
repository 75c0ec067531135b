"""Event loop with a virtual clock: minutes of waiting take milliseconds, and all durations are exact."""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import pytest

T = TypeVar("T")

_MAX_STEPS: Final = 50_000  # iterations of the loop without a change of the time
_THREAD_TIMEOUT: Final = 30.0  # seconds until another thread must have woken a loop in which nothing is scheduled


class _NonBlockingSelector(selectors.DefaultSelector):
    """Advances a virtual clock by the timeout instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.virtual_time = 0.0
        self._steps = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            events = super().select(0 if threading.active_count() == 1 else _THREAD_TIMEOUT)
            if not events:
                raise RuntimeError("All tasks wait forever: nothing is scheduled that could wake one of them.")
            return events
        self._steps += 1
        if timeout > 0:
            self.virtual_time += timeout
            self._steps = 0
        elif self._steps > _MAX_STEPS:
            self._steps = 0
            raise RuntimeError(f"The loop is busy forever: the time did not change in {_MAX_STEPS} iterations.")
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Event loop that never sleeps; `time()` returns virtual seconds since its creation.

    A test whose tasks can never continue, or never let the time pass, fails with RuntimeError instead of hanging.
    """

    def __init__(self) -> None:
        self._clock = _NonBlockingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._clock.virtual_time


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time and return its result."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def run_with_clock(main: Coroutine[Any, Any, T], monkeypatch: pytest.MonkeyPatch) -> T:
    """Run a coroutine in virtual time, which `time.monotonic` returns as well."""
    loop = VirtualTimeLoop()
    with monkeypatch.context() as patch, asyncio.Runner(loop_factory=lambda: loop) as runner:
        patch.setattr(time, "monotonic", loop.time)
        return runner.run(main)


def now() -> float:
    """Return the time of the running loop in seconds; can be passed as a clock."""
    return asyncio.get_running_loop().time()
