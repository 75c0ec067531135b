"""How a run ends before it is done: it waits for nothing more, and what is in hand is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

__all__ = ["StoppedError", "Stopping"]

T = TypeVar("T")


class StoppedError(Exception):
    """The run was asked to stop while something was waited for."""


class Stopping:
    """Whether a run is to stop, because it was asked to or because it cannot go on.

    Args:
        asked: The caller's event, if there is one.
    """

    def __init__(self, asked: asyncio.Event | None) -> None:
        self._asked = asked
        self._now = asyncio.Event()
        self._tasks: list[asyncio.Task[object]] = []

    async def __aenter__(self) -> Self:
        self._is_now = asyncio.create_task(self._now.wait())
        self._tasks = [self._is_now]
        if self._asked is not None:
            self._tasks.append(asyncio.create_task(self._watch(self._asked)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_asked(self) -> bool:
        """Whether the caller asked for it."""
        return self._asked is not None and self._asked.is_set()

    @property
    def is_now(self) -> bool:
        """Whether the run is to stop."""
        return self.is_asked or self._now.is_set()

    def stop(self) -> None:
        """Let the run stop."""
        self._now.set()

    async def unless(self, awaitable: Awaitable[T]) -> T:
        """What `awaitable` gives, unless the run is to stop before it does.

        Raises:
            StoppedError: The run is to stop; `awaitable` was cancelled.
        """
        task = asyncio.ensure_future(awaitable)
        try:
            if not self.is_now:
                await asyncio.wait({task, self._is_now}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        raise StoppedError

    async def _watch(self, asked: asyncio.Event) -> None:
        await asked.wait()
        self._now.set()
