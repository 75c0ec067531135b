"""Connections to Redis or Valkey: one pool per event loop, bounded in time, closed when the loop shuts down."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar, cast
from weakref import WeakKeyDictionary, WeakSet

import attrs
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sendcloud_integrations_client.auth.credentials import Secret
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.options import validate_number

__all__ = ["UNAVAILABLE_ERRORS", "RedisConnections"]

T = TypeVar("T")

_logger = logging.getLogger("sendcloud_integrations_client")

UNAVAILABLE_ERRORS: Final = (RedisError, OSError, TimeoutError)
"""What an operation raises if the server cannot be used now."""

_MAX_CONNECTIONS: Final = 16  # per event loop; an operation occupies a connection for less than a millisecond
_PROBE_INTERVAL: Final = 1.0  # seconds between two attempts to reach a server that is down
_WARNING_INTERVAL: Final = 60.0  # seconds between two warnings about a server that fails again and again
_CLOSE_TIMEOUT: Final = 2.0  # seconds


class RedisConnections:
    """Runs operations with a time limit and tracks whether the server is available.

    After a failure the server counts as down, with one warning. While it is down, no operation is tried; a probe per
    second finds out when the server is back.

    Args:
        url: URL of the server, such as `redis://`, `rediss://` (TLS) or `unix://`.
        timeout: Seconds that an operation may take.

    Raises:
        ConfigurationError: If the URL is invalid. The error does not show it, because it can contain a password.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = Secret(url)
        del url  # so that a traceback with local variables does not show it
        rule = "must be a number of seconds greater than 0"
        validate_number("timeout", timeout, rule, lambda seconds: seconds > 0)
        self._timeout = timeout
        try:
            self._create_pool()
        except Exception as error:
            kind = type(error).__name__
            raise ConfigurationError(
                f"Invalid Redis URL ({kind}): must be a URL such as redis://host:6379/0, rediss://host:6379/0 (TLS) or "
                "unix:///path/to/socket."
            ) from None
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopConnections] = WeakKeyDictionary()
        self._listeners: WeakSet[Any] = WeakSet()
        self._probes: set[asyncio.Task[None]] = set()
        self._probed_at = 0.0
        self._warned_at = -math.inf
        self.is_down = False

    def add_listener(self, listener: ConnectionListener) -> None:
        """Register an object whose `on_return` is called when the server is back, and `flush` in `aclose`."""
        self._listeners.add(listener)

    async def run(self, operation: Callable[[Redis], Awaitable[T]]) -> T:
        """Run an operation within the time limit.

        Args:
            operation: Receives the client of the running event loop.

        Returns:
            The result of the operation.

        Raises:
            RedisError: If the operation fails; also `OSError` and `TimeoutError`. The server then counts as down.
        """
        connections = await self._get_connections()
        started = time.monotonic()
        try:
            try:
                async with asyncio.timeout(self._timeout):
                    return await operation(connections.client)
            except TimeoutError:
                if time.monotonic() - started < 1.5 * self._timeout:
                    raise
            # The event loop was blocked; the server may have responded in time.
            async with asyncio.timeout(self._timeout):
                return await operation(connections.client)
        except UNAVAILABLE_ERRORS as error:
            self._mark_down(error)
            raise

    def probe(self) -> None:
        """Check in the background whether a server that is down is back; at most once per second."""
        now = time.monotonic()
        if self.is_down and now >= self._probed_at + _PROBE_INTERVAL and not self._probes:
            self._probed_at = now
            task = asyncio.ensure_future(self._probe())
            self._probes.add(task)
            task.add_done_callback(self._probes.discard)

    async def aclose(self) -> None:
        """Send what is still to be sent, and close the connections of the running event loop."""
        connections = self._loops.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            if not self.is_down:
                with suppress(*UNAVAILABLE_ERRORS):
                    async with asyncio.timeout(self._timeout):
                        for listener in list(self._listeners):
                            await listener.flush(connections.client)
            await connections.shutdown_generator.aclose()

    async def _probe(self) -> None:
        with suppress(*UNAVAILABLE_ERRORS):
            connections = await self._get_connections()
            async with asyncio.timeout(self._timeout):
                await cast("Awaitable[Any]", cast(Any, connections.client).ping())
            self.is_down = False
            _logger.info("Redis is available again. Rate limits and tokens are shared again.")
            for listener in list(self._listeners):
                listener.on_return()

    def _mark_down(self, error: Exception) -> None:
        if self.is_down:
            return
        self.is_down = True
        self._probed_at = now = time.monotonic()
        is_due = now >= self._warned_at + _WARNING_INTERVAL
        if is_due:
            self._warned_at = now
        # The text of the error could show the URL.
        _logger.log(
            logging.WARNING if is_due else logging.INFO,
            "Redis is unavailable (%s). This process continues alone, with its fallback share of the rate limits, "
            "until Redis is available again.",
            type(error).__name__,
        )

    async def _get_connections(self) -> _LoopConnections:
        loop = asyncio.get_running_loop()
        connections = self._loops.get(loop)
        if connections is None:
            for other in list(self._loops):
                # A loop that was closed without `shutdown_asyncgens()` is referenced by its connections.
                if other.is_closed():
                    del self._loops[other]
            pool = self._create_pool()
            shutdown_generator = self._close_at_shutdown(pool)
            connections = self._loops[loop] = _LoopConnections(Redis(connection_pool=pool), shutdown_generator)
            await anext(shutdown_generator)
        return connections

    def _create_pool(self) -> BlockingConnectionPool:
        # Its keyword arguments have no type annotations.
        pool: BlockingConnectionPool = cast(Any, BlockingConnectionPool).from_url(
            self._url.reveal(),
            max_connections=_MAX_CONNECTIONS,
            # `run` bounds each operation as a whole; redis-py would start a task and two timers more per operation.
            timeout=None,
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 1),  # for a connection that was closed while it was idle
            protocol=2,
            decode_responses=True,
        )
        return pool

    async def _close_at_shutdown(self, pool: BlockingConnectionPool) -> AsyncGenerator[None, None]:
        # asyncio closes the asynchronous generators of a loop during its shutdown, while the loop still runs.
        try:
            yield
        finally:
            with suppress(*UNAVAILABLE_ERRORS):
                async with asyncio.timeout(_CLOSE_TIMEOUT):
                    await pool.disconnect(inuse_connections=True)


class ConnectionListener:
    """Base class of objects that use the connections."""

    def on_return(self) -> None:
        """Called when the server is available again."""

    async def flush(self, client: Redis) -> None:
        """Send what is still to be sent, because the connections are closed."""


@attrs.frozen(eq=False)
class _LoopConnections:
    """The connections of one event loop."""

    client: Redis
    shutdown_generator: AsyncGenerator[None, None]
