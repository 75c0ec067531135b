"""Connections to PostgreSQL whose end does not depend on the server: a server that hangs cannot delay a cancellation.

asyncpg waits for the server without a limit when it closes a connection, and when it rolls back after a cancelled
command. Both take milliseconds on a server that works, however long the command was. Commands themselves have no limit
here, so that migrations and deletions can take hours.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

__all__ = ["BoundedConnection", "ServerHealth"]

_TIMEOUT: Final = 2.0
"""Seconds that a rollback, or the end of a connection, may take."""

_DISTRUST: Final = 10.0
"""Seconds after such a timeout during which other connections are closed without waiting."""

_errors: Any = asyncpg
_LOST_CONNECTION: Final = (
    *(_errors.PostgresError, _errors.InterfaceError, _errors.InternalClientError),
    OSError,
)
"""Errors of asyncpg on a connection that was lost; `InterfaceError` says that another operation is in progress."""

_logger = logging.getLogger("sendcloud_integrations_client")


class ServerHealth:
    """Whether the server of a store has responded in time lately; shared by its connections."""

    def __init__(self) -> None:
        self._failed_at = float("-inf")

    def get_timeout(self) -> float:
        """Return the seconds to wait for the server."""
        return 0.0 if time.monotonic() - self._failed_at < _DISTRUST else _TIMEOUT

    def note_failure(self) -> None:
        """Note that the server did not respond in time."""
        if self.get_timeout():
            _logger.info("PostgreSQL does not respond: connections are closed without waiting for it.")
        self._failed_at = time.monotonic()


class BoundedConnection(asyncpg.Connection):  # type: ignore[misc]  # pyright: ignore[reportUntypedBaseClass]
    """A connection of asyncpg whose rollbacks and whose end take a bounded time.

    Attributes:
        health: Set for all connections of a store after they were made.
    """

    health = ServerHealth()

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """Execute commands. A rollback that takes too long or fails closes the connection, which has the same effect.

        A rollback fails on a lost connection only. Its error would hide the error that caused the rollback.
        """
        parent: Any = super()
        if not query.startswith("ROLLBACK"):
            status: str = await parent.execute(query, *args, timeout=timeout)
            return status
        try:
            async with asyncio.timeout(self.health.get_timeout()):
                status = await parent.execute(query, *args, timeout=timeout)
        except TimeoutError:
            self._give_up()
        except _LOST_CONNECTION:
            self._drop()
        else:
            return status
        return "ROLLBACK"

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Close the connection; without waiting for the server if it does not respond.

        Args:
            timeout: Seconds, if shorter than the bound of this class.
        """
        parent: Any = super()
        bound = self.health.get_timeout()
        try:
            async with asyncio.timeout(bound if timeout is None else min(timeout, bound)):
                await parent.close()
        except TimeoutError:
            self._give_up()
        except _LOST_CONNECTION:
            self._drop()

    def _give_up(self) -> None:
        self.health.note_failure()
        self._drop()

    def _drop(self) -> None:
        with contextlib.suppress(*_LOST_CONNECTION):  # the server may have closed the connection in a command
            self.terminate()
