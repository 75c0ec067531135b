"""The default transport: httpcore2's connection pool under httpx's API.

Why not httpx 0.28's own pool: it loses a slot for each request that is cancelled between getting a connection and using
it (httpcore issue 830). Measured with 60 rounds of 50 calls on 20 connections, each call given up at a moment of its
own within 30 ms: of 100 calls afterwards, all 100 fail with `PoolTimeout`, for good; here all 100 succeed. It also
slows down with the number of connections.

Two things are added to httpcore2. Closing a connection never waits: httpcore2 shields it from anyio's cancellation,
which asyncio's own goes through, and a request cancelled while its connection was closed would stay in the pool, with
those that wait for its place. And a pool belongs to one event loop: there is one for each loop that the transport is
used in, closed with that loop, so that one client serves several `asyncio.run` calls one after the other.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakKeyDictionary, ref

import attrs
import httpx

from sendcloud_integrations_client.errors import ClientClosedError

if TYPE_CHECKING:  # costs a fifth of `import httpx`, so it is loaded with the first request
    import httpcore2

__all__ = ["PooledTransport"]


class PooledTransport(httpx.AsyncBaseTransport):
    """Connections kept open and shared, over HTTP/1.1 or HTTP/2.

    Args:
        verify: True checks certificates as httpx does; an `ssl.SSLContext` checks them its own way; False does not
            check them at all.
        max_connections: Connections at a time; further requests wait for one, in order, for as long as the `pool`
            timeout of the request allows.
        max_keepalive_connections: Idle connections that are kept.
        keepalive_expiry: Seconds that an idle connection is kept.
        http2: Speak HTTP/2 where the server does; needs the package `h2`.
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | bool = True,
        max_connections: int = 200,
        max_keepalive_connections: int = 100,
        keepalive_expiry: float = 30.0,
        http2: bool = False,
    ) -> None:
        self._verify = verify
        self._options: dict[str, Any] = {
            "max_connections": max_connections,
            "max_keepalive_connections": max_keepalive_connections,
            "keepalive_expiry": keepalive_expiry,
            "http2": http2,
        }
        self._pools: _Pools | None = None
        self._is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Args:
            request: The request; its extensions `timeout` (seconds for connect, read, write and pool), `trace` and
                `sni_hostname` are obeyed.

        Returns:
            The answer, its body not read yet: whoever takes it has to close it.

        Raises:
            ClientClosedError: After `aclose()`, also if that comes while the request is under way; or in a second event
                loop while the first still runs.
            httpx.TransportError: The request could not be sent, or no answer came.
        """
        pools = await self._pools_here()
        pool = self._pool_for(request.url.scheme, pools)
        import httpcore2

        url = request.url
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast(httpx.AsyncByteStream, request.stream),
            extensions=request.extensions,
        )
        try:
            async with asyncio.timeout(None) as until_closed:
                pools.under_way.add(until_closed)
                try:
                    answer: Any = await pool.handle_async_request(sent)
                finally:
                    pools.under_way.discard(until_closed)
        except Exception as error:
            self.raise_as_httpx(error, request)
            raise
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream, request, self),
            extensions=answer.extensions,
        )

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

    def raise_as_httpx(self, error: Exception, request: httpx.Request) -> None:
        """Raise what stands for one of httpcore2's errors; returns if it is none, and this transport is not closed.

        Raises:
            ClientClosedError: This transport is closed, which is what ended the request.
            httpx.RequestError: The one with the name of the error, or of its nearest class that has such a twin.
        """
        if self._is_closed:
            raise ClientClosedError(_CLOSED) from error
        for kind in type(error).__mro__:
            twin = getattr(httpx, kind.__name__, None)
            if (
                kind.__module__.startswith("httpcore2")
                and isinstance(twin, type)
                and issubclass(twin, httpx.RequestError)
            ):
                raise twin(str(error) or kind.__name__, request=request) from error

    async def _pools_here(self) -> _Pools:
        if self._is_closed:
            raise ClientClosedError(_CLOSED)
        loop = asyncio.get_running_loop()
        if self._pools is None or self._pools.loop is not loop:
            if self._pools is not None and self._pools.loop.is_running():
                raise ClientClosedError(
                    "this client is used in another event loop, which still runs: make one client for each running loop"
                )
            if self._pools is not None:
                self._pools.is_abandoned = True
            self._pools = _Pools(loop, ref(self))
            await _close_forgotten(loop)
            await _register(self._pools)
        return self._pools

    def _pool_for(self, scheme: str, pools: _Pools) -> httpcore2.AsyncConnectionPool:
        pool = pools.by_scheme.get(scheme)
        if pool is None:
            import httpcore2

            # One pool a scheme, since http:// has no use for certificates, which take 20 ms and more to load; and once
            # here, since httpcore2 would load them again for each connection.
            context = httpx.create_ssl_context(self._verify) if scheme == "https" else None
            pool = httpcore2.AsyncConnectionPool(
                ssl_context=context, network_backend=cast(Any, _Network()), **self._options
            )
            pools.by_scheme[scheme] = pool
        return pool


_CLOSED: Final = "this client is closed: make a new one, or close it later"


@attrs.define(eq=False)
class _Pools:
    loop: asyncio.AbstractEventLoop
    owner: ref[PooledTransport]
    is_abandoned: bool = False
    by_scheme: dict[str, httpcore2.AsyncConnectionPool] = attrs.field(factory=dict[str, Any])
    under_way: set[asyncio.Timeout] = attrs.field(factory=set[asyncio.Timeout])

    def are_forgotten(self) -> bool:
        return self.is_abandoned or self.owner() is None


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any, request: httpx.Request, owner: PooledTransport) -> None:
        self._stream = stream
        self._request = request
        self._owner = owner  # a transport that is collected has its connections closed, this one included

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        try:
            async with aclosing(aiter(self._stream)) as parts:
                async for part in parts:
                    yield part
        except Exception as error:
            self._owner.raise_as_httpx(error, self._request)
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Network:
    """httpcore2's own asyncio network, with connections that close at once. It stands for an `AsyncNetworkBackend`."""

    def __init__(self) -> None:
        import httpcore2

        self._network: Any = httpcore2.AnyIOBackend()

    async def connect_tcp(self, *args: Any, **options: Any) -> _Connection:
        return _Connection(await self._network.connect_tcp(*args, **options))


class _Connection:
    """Stands for an `AsyncNetworkStream`."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self.read = stream.read
        self.write = stream.write
        self.get_extra_info = stream.get_extra_info

    async def start_tls(self, *args: Any, **options: Any) -> _Connection:
        try:
            return _Connection(await self._stream.start_tls(*args, **options))
        except BaseException:
            await self.aclose()  # httpcore2 leaves it open when the handshake is cancelled
            raise

    async def aclose(self) -> None:
        # anyio aborts the connection first, and then only lets the loop go round once. Where nothing waits, nothing can
        # be cancelled half-way.
        closing = self._stream.aclose()
        try:
            closing.send(None)
        except StopIteration:
            pass
        finally:
            closing.close()


@attrs.frozen(eq=False)
class _HeldByLoop:
    pools: list[_Pools]
    at_shutdown: AsyncGenerator[None, None]


# An event loop that shuts down closes the asynchronous generators that were begun in it, while it still runs: the one
# moment at which connections that nobody closed can be closed without a word. So each loop has one generator that
# closes its pools, and it is held here as long as the loop: collected earlier, it would schedule its end from a
# destructor.
_pools_of: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _HeldByLoop]] = WeakKeyDictionary()


async def _register(pools: _Pools) -> None:
    if pools.loop not in _pools_of:
        held: list[_Pools] = []
        at_shutdown = _close_at_shutdown(held)
        _pools_of[pools.loop] = _HeldByLoop(held, at_shutdown)
        await anext(at_shutdown)
    _pools_of[pools.loop].pools.append(pools)


async def _close_at_shutdown(held: list[_Pools]) -> AsyncGenerator[None, None]:
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


async def _close(held: list[_Pools]) -> None:
    while held:
        pools = held.pop()
        # All at once, and before the connections: a request that waits for one in a pool that is closed would wait for
        # ever, or get a new one that nobody closes.
        for until_closed in pools.under_way:
            until_closed.reschedule(pools.loop.time())
        for pool in pools.by_scheme.values():
            await pool.aclose()
