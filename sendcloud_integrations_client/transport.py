"""The default transport: httpcore2's connection pool under httpx's API.

Why not httpx 0.28's own pool: it loses a connection slot for each request that is cancelled while its connection is
being made (httpcore issue 830), until no request gets a connection any more, and it slows down with the number of
connections. httpcore2 is the maintained continuation of httpcore and does neither; `docs/performance.md` has figures.

A pool belongs to one event loop. The transport makes one for each loop it is used in, and has it closed with that loop,
so that one client serves several `asyncio.run` calls one after the other.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import attrs
import httpx

from sendcloud_integrations_client.errors import ClientClosedError

if TYPE_CHECKING:  # costs a fifth of `import httpx`, so it is loaded with the first request
    import httpcore2

__all__ = ["PooledTransport"]


class PooledTransport(httpx.AsyncBaseTransport):
    """Connections kept open and shared, over HTTP/1.1 or HTTP/2.

    Args:
        max_connections: Connections at a time; further requests wait for one, in order, for as long as the `pool`
            timeout allows.
        max_keepalive_connections: Idle connections that are kept.
        keepalive_expiry: Seconds that an idle connection is kept.
        http2: Speak HTTP/2 where the server does; needs the package `h2`.
        ssl_context: What certificates are checked with; by default the system's trust store.
    """

    def __init__(
        self,
        *,
        max_connections: int = 200,
        max_keepalive_connections: int = 100,
        keepalive_expiry: float = 30.0,
        http2: bool = False,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._options: dict[str, Any] = {
            "max_connections": max_connections,
            "max_keepalive_connections": max_keepalive_connections,
            "keepalive_expiry": keepalive_expiry,
            "http2": http2,
            "ssl_context": ssl_context,
        }
        self._kept: _Kept | None = None
        self._is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            ClientClosedError: After `aclose()`, or in a second event loop while the first still runs.
            httpx.TransportError: The request could not be sent, or no answer came.
        """
        if self._is_closed:
            raise ClientClosedError("this client is closed: make a new one, or close it later")
        loop = asyncio.get_running_loop()
        kept = self._kept
        if kept is None or kept.loop is not loop:
            kept = await self._pool_for(loop)
        import httpcore2

        url = request.url
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer: Any = await kept.pool.handle_async_request(sent)
        except Exception as error:
            raise _as_httpx(error, request) from error
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Stream(answer.stream, request),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections. Calling it twice is fine."""
        self._is_closed = True
        kept, self._kept = self._kept, None
        if kept is not None and kept.loop is asyncio.get_running_loop():
            _keepers.get(kept.loop, set()).discard(kept.keeper)
            await kept.keeper.aclose()

    async def _pool_for(self, loop: asyncio.AbstractEventLoop) -> _Kept:
        import httpcore2

        if self._kept is not None and self._kept.loop.is_running():
            raise ClientClosedError(
                "this client is used in another event loop, which still runs: make one client for each running loop"
            )
        pool = httpcore2.AsyncConnectionPool(**self._options)
        keeper = _keep(pool)
        self._kept = _Kept(loop, pool, keeper)
        _keepers.setdefault(loop, set()).add(keeper)
        await keeper.__anext__()
        return self._kept


@attrs.frozen(eq=False)
class _Kept:
    loop: asyncio.AbstractEventLoop
    pool: httpcore2.AsyncConnectionPool
    keeper: AsyncGenerator[None, None]


async def _keep(pool: httpcore2.AsyncConnectionPool) -> AsyncGenerator[None, None]:
    # An event loop that shuts down closes the asynchronous generators that were begun in it, while it still runs: the
    # one moment at which connections that nobody closed can be closed without a word.
    try:
        yield
    finally:
        await pool.aclose()


# Held as long as the loop, for one that is collected earlier would schedule its closing from a destructor.
_keepers: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, set[AsyncGenerator[None, None]]]] = WeakKeyDictionary()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: Any, request: httpx.Request) -> None:
        self._stream: AsyncIterable[bytes] = stream
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except Exception as error:
            raise _as_httpx(error, self._request) from error

    async def aclose(self) -> None:
        close = getattr(self._stream, "aclose", None)
        if close is not None:
            await close()


def _as_httpx(error: Exception, request: httpx.Request) -> Exception:
    """The exception of httpx that has the same name, for the nearest class of httpcore2's that has one."""
    for kind in type(error).__mro__:
        twin = getattr(httpx, kind.__name__, None)
        if (
            kind.__module__.startswith("httpcore2")
            and isinstance(twin, type)
            and issubclass(twin, httpx.TransportError)
        ):
            return twin(str(error) or kind.__name__, request=request)
    return error
