"""The fastest transport: aiohttp's connections under httpx's API; needs the extra `aiohttp`.

Why not the package httpx-aiohttp, which does the same: it reports a connection that the server drops as one that was
never made, so that a log whose answer was lost would be created a second time; its sessions belong to the first event
loop for good; and aiohttp by itself repeats a request where nobody counts it. None of that is so here.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncGenerator, Awaitable
from typing import Any, Final, NoReturn

import aiohttp
import attrs
import httpx
from yarl import URL

from sendcloud_integrations_client.connections import ConnectionsOfLoops

__all__ = ["AiohttpTransport"]


class AiohttpTransport(ConnectionsOfLoops["_Session"]):
    """Connections kept open and shared, over HTTP/1.1.

    Args:
        verify: True checks certificates as httpx does; an `ssl.SSLContext` checks them its own way; False does not
            check them at all.
        max_connections: Connections at a time; further requests wait for one, in order, for as long as the `pool`
            timeout of the request allows.
        keepalive_expiry: Seconds that an idle connection is kept.
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | bool = True,
        max_connections: int = 100,
        keepalive_expiry: float = 30.0,
    ) -> None:
        super().__init__()
        self._verify = verify
        self._max_connections = max_connections
        self._keepalive_expiry = keepalive_expiry

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Args:
            request: The request; its extensions `timeout` (seconds for connect, read, write and pool) and
                `sni_hostname` are obeyed. A body that comes in parts is put together before it is sent.

        Returns:
            The answer, its body not read yet: whoever takes it has to close it.

        Raises:
            ClientClosedError: After `aclose()`, also if that comes while the request is under way; or in a second event
                loop while the first still runs.
            httpx.TransportError: The request could not be sent, or no answer came.
        """
        pools = await self.pools_here()
        pool = self.pool_for(request.url.scheme, pools)
        limits = _Limits.of(request)
        content = await request.aread()
        try:
            async with asyncio.timeout(None) as until_closed:
                pools.under_way.add(until_closed)
                try:
                    await pool.take(limits.pool)
                    try:
                        if content and limits.whole is not None and not self._is_closed:
                            # aiohttp has no limit of its own for sending.
                            until_closed.reschedule(pools.loop.time() + limits.whole)
                        answer = await pool.send(request, content, limits)
                    except BaseException:
                        pool.give_back()
                        raise
                finally:
                    pools.under_way.discard(until_closed)
        except Exception as error:
            self.raise_as_httpx(error, request)
        version = answer.version
        return httpx.Response(
            answer.status,
            headers=list(answer.raw_headers),
            stream=_Body(answer, request, pool, self),
            extensions={
                "http_version": b"HTTP/1.0" if version and version.minor == 0 else b"HTTP/1.1",
                "reason_phrase": (answer.reason or "").encode("ascii", "replace"),
            },
        )

    def open_pool(self, scheme: str) -> _Session:
        """A new session in the running loop."""
        if scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol(f"this client speaks http:// and https://, not {scheme or 'nothing'}://")
        return _Session(
            httpx.create_ssl_context(self._verify) if scheme == "https" else True,
            self._max_connections,
            self._keepalive_expiry,
        )

    def raise_as_httpx(self, error: Exception, request: httpx.Request) -> NoReturn:
        """Raise what stands for one of aiohttp's errors; any other error as it is.

        Raises:
            ClientClosedError: This transport is closed, which is what ended the request.
            httpx.TransportError: The nearest one to the error.
        """
        if isinstance(error, _LostError) and isinstance(error.__cause__, Exception):
            error = error.__cause__
        self.raise_if_closed(error)
        for kinds, twin in _TWINS if not isinstance(error, httpx.TransportError) else ():
            if isinstance(error, kinds):
                raise twin(str(error) or type(error).__name__, request=request) from error
        raise error


# The first that fits. What is raised before a request is sent must be told from what is raised after, for that is what
# decides whether a request that is not safe to repeat is sent again.
_TWINS: Final[tuple[tuple[Any, type[httpx.TransportError]], ...]] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ServerFingerprintMismatch, httpx.ConnectError),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientConnectionError, httpx.ReadError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError), httpx.UnsupportedProtocol),
    (aiohttp.ClientError, httpx.ReadError),
    (TimeoutError, httpx.WriteTimeout),
    (ConnectionError, httpx.ReadError),
)


_LONG: Final = 500_000  # bytes


@attrs.frozen
class _Limits:
    connect: float | None
    read: float | None
    pool: float | None
    whole: float | None

    @classmethod
    def of(cls, request: httpx.Request) -> _Limits:
        asked: dict[str, float | None] = request.extensions.get("timeout", {})
        connect, read, write = asked.get("connect"), asked.get("read"), asked.get("write")
        whole = None if connect is None or read is None or write is None else connect + write + read
        return cls(connect, read, asked.get("pool"), whole)


# The headers that httpx shows as "[secure]". aiohttp's frames hold them as they are.
_SECRET: Final = frozenset({"authorization", "proxy-authorization"})


class _Unshown(str):
    """A header's value that prints as `***`, in the locals of a traceback too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


class _LostError(Exception):
    """Stands for an error that aiohttp would answer by sending the request again, uncounted."""


async def _send_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _LostError from error


class _Session:
    """aiohttp's session in one event loop, and who may have a connection of it."""

    def __init__(self, context: ssl.SSLContext | bool, max_connections: int, keepalive_expiry: float) -> None:
        # aiohttp's own line has no limit for the time in it alone, so the places are counted here.
        self._places = asyncio.Semaphore(max_connections)
        self.bodies: set[aiohttp.StreamReader] = set()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=context, keepalive_timeout=keepalive_expiry),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            auto_decompress=False,
            middlewares=(_send_once,),
        )

    async def take(self, limit: float | None) -> None:
        if limit is None or not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(limit):
                await self._places.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection became free in time") from error

    def give_back(self) -> None:
        self._places.release()

    def send(self, request: httpx.Request, content: bytes, limits: _Limits) -> Awaitable[aiohttp.ClientResponse]:
        return self._session.request(
            request.method,
            URL(str(request.url), encoded=True),
            headers=[
                (name, _Unshown(value) if name in _SECRET else value)
                for name, value in request.headers.multi_items()
                if name != "transfer-encoding"
            ],
            # aiohttp gives a long body to the network in pieces, between which others run, if it comes as a file.
            data=(io.BytesIO(content) if len(content) > _LONG else content) or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(sock_connect=limits.connect, sock_read=limits.read),
            server_hostname=request.extensions.get("sni_hostname"),
        )

    async def aclose(self) -> None:
        for body in self.bodies:  # aiohttp tells whoever reads one nothing
            body.set_exception(aiohttp.ClientConnectionError("the connections were closed"))
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(
        self, answer: aiohttp.ClientResponse, request: httpx.Request, pool: _Session, owner: AiohttpTransport
    ) -> None:
        self._answer = answer
        self._request = request
        self._pool = pool
        self._owner = owner  # a transport that is collected has its connections closed, this one included
        self._is_closed = False
        pool.bodies.add(answer.content)

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        try:
            while part := await self._answer.content.readany():
                yield part
        except Exception as error:
            self._owner.raise_as_httpx(error, self._request)

    async def aclose(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._pool.bodies.discard(self._answer.content)
        # Neither waits; one that was not read to its end is no good for another request.
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()
        self._pool.give_back()
