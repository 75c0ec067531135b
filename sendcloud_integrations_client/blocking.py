"""`run_sync`: call the client from synchronous code, such as a Django view, a Celery task or a script."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncIterator, Awaitable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["run_sync"]

T = TypeVar("T")


def run_sync(awaitable: Awaitable[T], *, timeout: float | None = None) -> T:
    """Wait for an awaitable in synchronous code, and return its result.

    All calls of a process share one event loop in a background thread, which starts with the first call. One client
    can therefore serve all threads, with one connection pool and one rate limit budget. A forked process gets its own
    event loop.

    Args:
        awaitable: A coroutine, or a `Paginator`.
        timeout: Maximum number of seconds to wait. Defaults to None: no limit.

    Returns:
        The result of the awaitable.

    Raises:
        TimeoutError: If the timeout is exceeded. The awaitable is cancelled.
        TypeError: If it is an asynchronous iterator, such as `client.logs.list().pages()`.
        RuntimeError: If an event loop is running in the current thread. Use `await` there.

    Example:
        client = SendcloudIntegrations()
        for integration in run_sync(client.integrations.list()):
            print(integration.id, integration.shop_name)
    """
    if _is_loop_running():
        if asyncio.iscoroutine(awaitable):
            awaitable.close()
        raise RuntimeError("run_sync() was called while an event loop is running in this thread. Use `await` instead.")
    if isinstance(awaitable, AsyncIterator):
        raise TypeError(
            "run_sync() takes an awaitable, not an asynchronous iterator. Collect the items in a coroutine: "
            "run_sync(collect()), with `async def collect(): return [item async for item in iterator]`."
        )
    future = asyncio.run_coroutine_threadsafe(_wait_for(awaitable, timeout), _background.get_loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()  # no effect unless this thread was interrupted while it was waiting, for example by Ctrl-C
        raise


class _BackgroundLoop:
    """The event loop of this process, in a daemon thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop. Start it if it is not running."""
        with self._lock:
            if self._loop is None:
                started: Future[asyncio.AbstractEventLoop] = Future()
                self._thread = threading.Thread(
                    target=self._run, args=(started,), name="sendcloud-run-sync", daemon=True
                )
                self._thread.start()
                self._loop = started.result()
            return self._loop

    def stop(self) -> None:
        """Cancel what is running, close the event loop and wait for its thread."""
        with self._lock:
            loop, thread, stop = self._loop, self._thread, self._stop
            self._loop = self._thread = self._stop = None
        if loop is not None and thread is not None and stop is not None:
            loop.call_soon_threadsafe(stop.set)
            thread.join(timeout=5)

    def _run(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        async def wait_until_stopped() -> None:
            self._stop = stop = asyncio.Event()
            started.set_result(asyncio.get_running_loop())
            await stop.wait()

        try:
            asyncio.run(wait_until_stopped())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)


async def _wait_for(awaitable: Awaitable[T], seconds: float | None) -> T:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await awaitable
    except TimeoutError:
        if not limit.expired():
            raise
        raise TimeoutError(f"run_sync() was cancelled after timeout={seconds} seconds.") from None


def _is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _forget_after_fork() -> None:
    global _background
    _background = _BackgroundLoop()  # threads do not survive a fork


_background = _BackgroundLoop()
atexit.register(lambda: _background.stop())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
