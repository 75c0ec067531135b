"""Stop signal of a sync run: cancels pending waits, while writes in progress are still committed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = ["StopRequestedError", "StopSignal"]

T = TypeVar("T")


class StopRequestedError(Exception):
    """The run had to stop while it waited for a result."""


class StopSignal:
    """Stop signal of one run, set by the caller's event or by the run itself after a fatal error.

    Use it as an async context manager.

    Args:
        event: The caller's event; None if the caller cannot stop the run.
    """

    def __init__(self, event: asyncio.Event | None) -> None:
        self._event = event
        self._stopped = asyncio.Event()
        self._tasks: list[asyncio.Task[object]] = []

    async def __aenter__(self) -> Self:
        self._stopped_task = asyncio.create_task(self._stopped.wait())
        self._tasks = [self._stopped_task]
        if self._event is not None:
            self._tasks.append(asyncio.create_task(self._forward(self._event)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_requested(self) -> bool:
        """Whether the caller requested the stop."""
        return self._event is not None and self._event.is_set()

    @property
    def is_set(self) -> bool:
        """Whether the run has to stop."""
        return self.is_requested or self._stopped.is_set()

    def set(self) -> None:
        """Stop the run."""
        self._stopped.set()

    async def wait_for(self, awaitable: Awaitable[T]) -> T:
        """Await `awaitable`, and cancel it if the run has to stop before it is done.

        Returns:
            The result of `awaitable`.

        Raises:
            StopRequestedError: If the run has to stop; `awaitable` was cancelled.
        """
        task = asyncio.ensure_future(awaitable)
        try:
            if not self.is_set:
                await asyncio.wait({task, self._stopped_task}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        raise StopRequestedError

    async def limit(
        self, work: Coroutine[Any, Any, T], grace: float, on_timeout: Callable[[], None] | None = None
    ) -> T:
        """Await `work`, and cancel it if it does not end within a time after the caller requested the stop.

        Args:
            work: The work, which ends soon after the stop unless it waits for something that hangs.
            grace: Seconds between the stop and the cancellation.
            on_timeout: Called before the cancellation. Defaults to None.

        Returns:
            The result of `work`.

        Raises:
            StopRequestedError: If `work` was cancelled.
        """
        if self._event is None:
            return await work
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({task}, timeout=grace)
            if task.done():
                return task.result()
            if on_timeout is not None:
                on_timeout()
        finally:
            stopped.cancel()
            if not task.done():
                task.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)
        raise StopRequestedError

    async def _forward(self, event: asyncio.Event) -> None:
        await event.wait()
        self._stopped.set()
