"""Writes that a cancellation or a stop interrupts: they may finish, for a bounded time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

__all__ = ["GRACE", "finish_write"]

T = TypeVar("T")

GRACE: Final = 3.0
"""Seconds that a write in progress may take after a cancellation or a stop; a page takes milliseconds."""

_logger = logging.getLogger("sendcloud_integrations_client")


async def finish_write(write: Coroutine[Any, Any, T], account: str, get_grace: Callable[[], float | None]) -> T:
    """Return the result of a write. If the caller is cancelled, the write may finish before the cancellation continues.

    Args:
        write: The write: one transaction.
        account: Name of the account, for the log.
        get_grace: Returns the seconds that the write may take after the cancellation; then it is rolled back. None is
            no limit.

    Raises:
        asyncio.CancelledError: If the caller was cancelled, after the write has ended.
    """
    task = asyncio.ensure_future(write)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _wait_until_done(task, get_grace())
        if not task.done():
            _logger.warning(
                "Sync of account %s: the database does not respond. The write in progress is rolled back; the next run "
                "resumes after the last stored page.",
                account,
            )
            task.cancel()
            await _wait_until_done(task, None)
        if not task.cancelled():
            task.exception()
        raise


async def _wait_until_done(task: asyncio.Future[Any], longest: float | None) -> None:
    """Wait until a task is done, or for a number of seconds, although the caller is cancelled again."""
    loop = asyncio.get_running_loop()
    end = None if longest is None else loop.time() + longest
    while not task.done() and (end is None or loop.time() < end):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({task}, timeout=None if end is None else end - loop.time())
