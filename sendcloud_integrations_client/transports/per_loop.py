"""Base class of the built-in transports: separate connection pools per event loop and URL scheme.

A connection can be used only in the event loop that opened it. A transport therefore opens new pools for each loop it
is used in, and they are closed when that loop shuts down. One client can serve several consecutive `asyncio.run` calls.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Final, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary, ref

import attrs
import httpx

from sendcloud_integrations_client.errors import ClientClosedError

__all__ = ["LoopPools", "PerLoopTransport"]


class Pool(Protocol):
    """A connection pool that can be closed."""

    async def aclose(self) -> None:
        """Close all connections of the pool."""
        ...


PoolT = TypeVar("PoolT", bound=Pool)


@attrs.define(eq=False)
class LoopPools(Generic[PoolT]):
    """The connection pools of one transport in one event loop.

    Attributes:
        loop: The event loop.
        owner: The transport, weakly referenced.
        is_abandoned: True after the transport was closed or used in another event loop.
        by_scheme: One pool per URL scheme, so that `http://` does not load certificates, which takes 20 ms or more.
        pending_requests: The timeout of each request that waits for response headers. Closing the pools expires it.
    """

    loop: asyncio.AbstractEventLoop
    owner: ref[PerLoopTransport[PoolT]]
    is_abandoned: bool = False
    by_scheme: dict[str, PoolT] = attrs.field(factory=dict[str, Any])
    pending_requests: set[asyncio.Timeout] = attrs.field(factory=set[asyncio.Timeout])

    def is_unused(self) -> bool:
        """Return whether no transport uses these pools any longer."""
        return self.is_abandoned or self.owner() is None


class PerLoopTransport(httpx.AsyncBaseTransport, Generic[PoolT]):
    """A transport that opens its connections per event loop and closes them when that loop shuts down."""

    def __init__(self) -> None:
        self._pools: LoopPools[PoolT] | None = None
        self._is_closed = False

    async def aclose(self) -> None:
        """Close all connections and end the requests in flight. Repeated calls have no effect."""
        self._is_closed = True
        pools, self._pools = self._pools, None
        if pools is None:
            return
        pools.is_abandoned = True
        if pools.loop is asyncio.get_running_loop():
            await _close_unused(pools.loop)
        else:
            # Not awaited, because the other loop may itself wait for this one. A loop that is not running closes the
            # connections when it shuts down.
            with suppress(RuntimeError):  # the loop is closed
                pools.loop.call_soon_threadsafe(_schedule_close_unused, pools.loop)

    @abstractmethod
    def open_pool(self, scheme: str) -> PoolT:
        """Open a pool in the running event loop.

        Args:
            scheme: URL scheme, `http` or `https`.
        """

    async def get_pools(self) -> LoopPools[PoolT]:
        """Return the pools of the running event loop.

        Raises:
            ClientClosedError: If the transport is closed, or is in use in another running event loop.
        """
        pools = self._pools
        if pools is not None and pools.loop is asyncio.get_running_loop():
            return pools
        return await self._switch_loop()

    def get_pool(self, scheme: str, pools: LoopPools[PoolT]) -> PoolT:
        """Return the pool for a URL scheme; the first request with that scheme opens it."""
        pool = pools.by_scheme.get(scheme)
        if pool is None:
            pool = pools.by_scheme[scheme] = self.open_pool(scheme)
        return pool

    def raise_if_closed(self, cause: Exception | None = None) -> None:
        """Raise `ClientClosedError` if the transport is closed.

        Args:
            cause: The error that the closing caused; set as `__cause__`.
        """
        if self._is_closed:
            raise ClientClosedError("The client is closed. Create a new client, or close this one later.") from cause

    async def _switch_loop(self) -> LoopPools[PoolT]:
        self.raise_if_closed()
        loop = asyncio.get_running_loop()
        if self._pools is not None and self._pools.loop.is_running():
            raise ClientClosedError(
                "The client is in use in another running event loop. Create one client per running loop."
            )
        if self._pools is not None:
            self._pools.is_abandoned = True
        self._pools = pools = LoopPools(loop, ref(self))
        await _close_unused(loop)
        await _register_pools(pools)
        return pools


@attrs.frozen(eq=False)
class _LoopEntry:
    pools: list[LoopPools[Any]]
    shutdown_generator: AsyncGenerator[None, None]


# asyncio has no public hook for the shutdown of a loop, but a loop closes its asynchronous generators during
# `shutdown_asyncgens()`, while it still runs. Each loop therefore gets one suspended generator that closes the loop's
# pools. It is referenced here for the lifetime of the loop: garbage collection would close it too early.
_loop_entries: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopEntry]] = WeakKeyDictionary()


async def _register_pools(pools: LoopPools[Any]) -> None:
    if pools.loop not in _loop_entries:
        pools_of_loop: list[LoopPools[Any]] = []
        shutdown_generator = _close_at_shutdown(pools_of_loop)
        _loop_entries[pools.loop] = _LoopEntry(pools_of_loop, shutdown_generator)
        await anext(shutdown_generator)
    _loop_entries[pools.loop].pools.append(pools)


async def _close_at_shutdown(pools_of_loop: list[LoopPools[Any]]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await _close(pools_of_loop)


async def _close_unused(loop: asyncio.AbstractEventLoop) -> None:
    """Close the pools in `loop` that no transport uses any longer; forget event loops that are closed."""
    for other in list(_loop_entries):
        # A loop that was closed without `shutdown_asyncgens()` is referenced by its connections and would leak.
        if other.is_closed():
            del _loop_entries[other]
    if loop in _loop_entries:
        pools_of_loop = _loop_entries[loop].pools
        unused = [pools for pools in pools_of_loop if pools.is_unused()]
        pools_of_loop[:] = [pools for pools in pools_of_loop if pools not in unused]
        await _close(unused)


def _schedule_close_unused(loop: asyncio.AbstractEventLoop) -> None:
    task = loop.create_task(_close_unused(loop))
    _close_tasks.add(task)
    task.add_done_callback(_close_tasks.discard)


_close_tasks: Final[set[asyncio.Task[None]]] = set()  # an event loop references its tasks weakly


async def _close(pools_of_loop: list[LoopPools[Any]]) -> None:
    while pools_of_loop:
        pools = pools_of_loop.pop()
        # All requests end before the first connection is closed: a request in the queue of a closed pool would wait
        # forever, or would open a connection that is never closed.
        for timeout in pools.pending_requests:
            timeout.reschedule(pools.loop.time())
        for pool in pools.by_scheme.values():
            await pool.aclose()
