"""What transports of our own share: a pool of connections for each event loop and scheme, closed with its loop.

A pool belongs to one event loop. There is one for each loop that a transport is used in, closed when that loop ends, so
that one client serves several `asyncio.run` calls one after the other.
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

__all__ = ["ConnectionsOfLoops", "Pools"]


class Pool(Protocol):
    """Connections that can be closed."""

    async def aclose(self) -> None:
        """Close them."""
        ...


PoolT = TypeVar("PoolT", bound=Pool)


@attrs.define(eq=False)
class Pools(Generic[PoolT]):
    """What a transport holds in one event loop.

    Attributes:
        loop: The event loop.
        owner: The transport.
        is_abandoned: The transport has gone over to another loop, or was closed.
        by_scheme: One pool a scheme, since http:// has no use for certificates, which take 20 ms and more to load.
        under_way: Ends each request that has no answer yet.
    """

    loop: asyncio.AbstractEventLoop
    owner: ref[ConnectionsOfLoops[PoolT]]
    is_abandoned: bool = False
    by_scheme: dict[str, PoolT] = attrs.field(factory=dict[str, Any])
    under_way: set[asyncio.Timeout] = attrs.field(factory=set[asyncio.Timeout])

    def are_forgotten(self) -> bool:
        """Whether no transport uses them any more."""
        return self.is_abandoned or self.owner() is None


class ConnectionsOfLoops(httpx.AsyncBaseTransport, Generic[PoolT]):
    """A transport whose connections live and end with the event loop that they were made in."""

    def __init__(self) -> None:
        self._pools: Pools[PoolT] | None = None
        self._is_closed = False

    async def aclose(self) -> None:
        """Close all connections, and end the requests that are under way. Calling it twice is fine."""
        self._is_closed = True
        pools, self._pools = self._pools, None
        if pools is None:
            return
        pools.is_abandoned = True
        if pools.loop is asyncio.get_running_loop():
            await _close_forgotten(pools.loop)
        else:
            # Not waited for: the other loop may itself be waiting for this one. If it does not run, it closes the
            # connections when it shuts down.
            with suppress(RuntimeError):  # it is closed
                pools.loop.call_soon_threadsafe(_start_closing_forgotten, pools.loop)

    @abstractmethod
    def open_pool(self, scheme: str) -> PoolT:
        """A new pool in the running loop.

        Args:
            scheme: `http` or `https`.
        """

    async def pools_here(self) -> Pools[PoolT]:
        """What this transport holds in the running loop.

        Raises:
            ClientClosedError: After `aclose()`; or in a second event loop while the first still runs.
        """
        pools = self._pools
        if pools is not None and pools.loop is asyncio.get_running_loop():
            return pools
        return await self._pools_in_new_loop()

    def pool_for(self, scheme: str, pools: Pools[PoolT]) -> PoolT:
        """The pool for a scheme, opened if it is the first time."""
        pool = pools.by_scheme.get(scheme)
        if pool is None:
            pool = pools.by_scheme[scheme] = self.open_pool(scheme)
        return pool

    def raise_if_closed(self, cause: Exception | None = None) -> None:
        """Raise `ClientClosedError` after `aclose()`."""
        if self._is_closed:
            raise ClientClosedError("this client is closed: make a new one, or close it later") from cause

    async def _pools_in_new_loop(self) -> Pools[PoolT]:
        self.raise_if_closed()
        loop = asyncio.get_running_loop()
        if self._pools is not None and self._pools.loop.is_running():
            raise ClientClosedError(
                "this client is used in another event loop, which still runs: make one client for each running loop"
            )
        if self._pools is not None:
            self._pools.is_abandoned = True
        self._pools = pools = Pools(loop, ref(self))
        await _close_forgotten(loop)
        await _register(pools)
        return pools


@attrs.frozen(eq=False)
class _HeldByLoop:
    pools: list[Pools[Any]]
    at_shutdown: AsyncGenerator[None, None]


# An event loop that shuts down closes the asynchronous generators that were begun in it, while it still runs: the one
# moment at which connections that nobody closed can be closed without a word. So each loop has one generator that
# closes its pools, and it is held here as long as the loop: collected earlier, it would schedule its end from a
# destructor.
_pools_of: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _HeldByLoop]] = WeakKeyDictionary()


async def _register(pools: Pools[Any]) -> None:
    if pools.loop not in _pools_of:
        held: list[Pools[Any]] = []
        at_shutdown = _close_at_shutdown(held)
        _pools_of[pools.loop] = _HeldByLoop(held, at_shutdown)
        await anext(at_shutdown)
    _pools_of[pools.loop].pools.append(pools)


async def _close_at_shutdown(held: list[Pools[Any]]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await _close(held)


async def _close_forgotten(loop: asyncio.AbstractEventLoop) -> None:
    """Close what no transport uses any more; a program that forgets its clients keeps the last one's connections."""
    for other in list(_pools_of):
        if other.is_closed():  # without its generators: its connections refer to it, and it would stay for ever
            del _pools_of[other]
    if loop in _pools_of:
        held = _pools_of[loop].pools
        forgotten = [pools for pools in held if pools.are_forgotten()]
        held[:] = [pools for pools in held if pools not in forgotten]
        await _close(forgotten)


def _start_closing_forgotten(loop: asyncio.AbstractEventLoop) -> None:
    task = loop.create_task(_close_forgotten(loop))
    _closing.add(task)
    task.add_done_callback(_closing.discard)


_closing: Final[set[asyncio.Task[None]]] = set()  # a loop holds its tasks weakly


async def _close(held: list[Pools[Any]]) -> None:
    while held:
        pools = held.pop()
        # All at once, and before the connections: a request that waits for one in a pool that is closed would wait for
        # ever, or get a new one that nobody closes.
        for until_closed in pools.under_way:
            until_closed.reschedule(pools.loop.time())
        for pool in pools.by_scheme.values():
            await pool.aclose()
