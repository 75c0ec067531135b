"""Event loop with a virtual clock: minutes of waiting take milliseconds, and all durations are exact."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NonBlockingSelector(selectors.DefaultSelector):
    """Advances a virtual clock by the timeout instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.virtual_time = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self.virtual_time += timeout
        return super().select(0 if timeout is not None else None)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Event loop that never sleeps; `time()` returns virtual seconds since its creation."""

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


def now() -> float:
    """Return the time of the running loop in seconds; can be passed as a clock."""
    return asyncio.get_running_loop().time()
