"""An event loop whose clock jumps to the next thing to do: minutes of waiting pass in milliseconds, exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Never sleeps; `time()` is virtual seconds since the loop was made."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0
        selector: Any = self._selector  # type: ignore[attr-defined]
        really_select = selector.select

        def select(timeout: float | None = None) -> Any:
            if timeout is not None and timeout > 0:
                self._virtual += timeout
            return really_select(0 if timeout is not None else None)

        selector.select = select

    def time(self) -> float:
        return self._virtual


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Virtual seconds, for whoever wants a clock."""
    return asyncio.get_running_loop().time()
