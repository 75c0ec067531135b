"""The default transport: httpcore2's connection pool under httpx's API.

Why not httpx 0.28's own pool: it loses a slot for each request that is cancelled between getting a connection and using
it (httpcore issue 830). Measured with 60 rounds of 50 calls on 20 connections, each call given up at a moment of its
own within 30 ms: of 100 calls afterwards, all 100 fail with `PoolTimeout`, for good; here all 100 succeed. It also
slows down with the number of connections.

Three things are changed in httpcore2. Closing a connection never waits: httpcore2 shields it from anyio's cancellation,
which asyncio's own goes through, and a request cancelled while its connection was closed would stay in the pool, with
those that wait for its place. Reading, writing and the look whether an idle connection was closed by the server go past
anyio, which took as long as all the rest of them. And a pool belongs to one event loop: there is one for each loop
that the transport is used in, closed with that loop, so that one client serves several `asyncio.run` calls one after
the other.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

import httpx

from sendcloud_integrations_client.connections import ConnectionsOfLoops
from sendcloud_integrations_client.errors import ConfigurationError

if TYPE_CHECKING:  # costs a fifth of `import httpx`, so it is loaded with the first request
    import httpcore2

__all__ = ["PooledTransport"]


class PooledTransport(ConnectionsOfLoops["httpcore2.AsyncConnectionPool"]):
    """Connections kept open and shared, over HTTP/1.1 or HTTP/2.

    Args:
        verify: True checks certificates as httpx does; an `ssl.SSLContext` checks them its own way; False does not
            check them at all.
        max_connections: Connections at a time; further requests wait for one, in order, for as long as the `pool`
            timeout of the request allows.
        max_keepalive_connections: Idle connections that are kept; None keeps all.
        keepalive_expiry: Seconds that an idle connection is kept.
        http2: Speak HTTP/2 where the server does; needs the extra `http2`.

    Raises:
        ConfigurationError: HTTP/2 is asked for, and the extra is not installed.
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | bool = True,
        max_connections: int = 100,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float = 30.0,
        http2: bool = False,
    ) -> None:
        super().__init__()
        if http2 and find_spec("h2") is None:
            raise ConfigurationError('http2=True needs the extra: pip install "sendcloud-integrations-client[http2]"')
        self._verify = verify
        self._options: dict[str, Any] = {
            "max_connections": max_connections,
            "max_keepalive_connections": max_keepalive_connections,
            "keepalive_expiry": keepalive_expiry,
            "http2": http2,
        }

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
        pools = await self.pools_here()
        pool = self.pool_for(request.url.scheme, pools)
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

    def raise_as_httpx(self, error: Exception, request: httpx.Request) -> None:
        """Raise what stands for one of httpcore2's errors; returns if it is none, and this transport is not closed.

        Raises:
            ClientClosedError: This transport is closed, which is what ended the request.
            httpx.RequestError: The one with the name of the error, or of its nearest class that has such a twin.
        """
        self.raise_if_closed(error)
        for kind in type(error).__mro__:
            twin = getattr(httpx, kind.__name__, None)
            if (
                kind.__module__.startswith("httpcore2")
                and isinstance(twin, type)
                and issubclass(twin, httpx.RequestError)
            ):
                raise twin(str(error) or kind.__name__, request=request) from error

    def open_pool(self, scheme: str) -> httpcore2.AsyncConnectionPool:
        """A new pool in the running loop."""
        import httpcore2

        # Once here, since httpcore2 would load the certificates again for each connection.
        context = httpx.create_ssl_context(self._verify) if scheme == "https" else None
        return httpcore2.AsyncConnectionPool(
            ssl_context=context, network_backend=cast(Any, _Network()), **self._options
        )


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
        self._bytes: Any = getattr(stream, "_stream", None)  # anyio's own
        self._socket: Any = stream.get_extra_info("socket")
        self._poll: Callable[[int], list[Any]] | None = None
        if self._socket is not None and hasattr(select, "poll"):
            poller = select.poll()
            poller.register(self._socket.fileno(), select.POLLIN)
            self._poll = poller.poll

    # As httpcore2 reads and writes, but for what bounds the time: anyio's cancel scopes, which do more than is asked of
    # them here, take as long as all that is inside of them.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        import anyio
        import httpcore2

        if self._bytes is None:
            return await self._stream.read(max_bytes, timeout)
        try:
            async with asyncio.timeout(timeout):
                received: bytes = await self._bytes.receive(max_bytes)
                return received
        except anyio.EndOfStream:
            return b""
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(error) from error
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise httpcore2.ReadError(error) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        import anyio
        import httpcore2

        if self._bytes is None:
            return await self._stream.write(buffer, timeout)
        if not buffer:
            return None
        try:
            async with asyncio.timeout(timeout):
                await self._bytes.send(buffer)
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(error) from error
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise httpcore2.WriteError(error) from error

    def get_extra_info(self, info: str) -> Any:
        # Asked of each idle connection for each request, and one with something to read is one that the server closed.
        # anyio finds its socket anew each time, by way of two more system calls.
        if info == "is_readable" and self._poll is not None:
            return self._socket.fileno() < 0 or bool(self._poll(0))
        return self._stream.get_extra_info(info)

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
