"""The transport with the lowest CPU cost: aiohttp's connection pool under httpx's transport API; extra `aiohttp`.

Why not the package httpx-aiohttp: it reports a connection that the server dropped as one that was never made, so the
retry layer could create a log twice; it works in the first event loop only; and it lets aiohttp repeat a request on its
own, which the retry policy does not count. This transport avoids all three.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncGenerator, Awaitable
from typing import Any, Final, NoReturn

import attrs
import httpx

try:
    import aiohttp
    from yarl import URL
except ImportError:
    raise ImportError(
        "AiohttpTransport requires aiohttp. Run: pip install 'sendcloud-integrations-client[aiohttp]'"
    ) from None

from sendcloud_integrations_client.transports.network import MessageEndDetector
from sendcloud_integrations_client.transports.per_loop import PerLoopTransport

__all__ = ["AiohttpTransport"]


class AiohttpTransport(PerLoopTransport["_SessionPool"]):
    """Pooled keep-alive connections of aiohttp over HTTP/1.1.

    Args:
        verify: Certificate verification: True verifies as httpx does, False disables it, and an `ssl.SSLContext` is
            used unchanged. Defaults to True.
        max_connections: Maximum number of open connections. Further requests wait for one, first in, first out, up to
            the `pool` timeout of the request. Defaults to 100.
        keepalive_expiry: Seconds until an idle connection is closed. Defaults to 30.

    Example:
        client = SendcloudIntegrations(transport=AiohttpTransport(max_connections=20))
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
            request: The request. The extensions `timeout` (seconds for connect, read, write and pool) and
                `sni_hostname` are applied. A streamed body is read completely before it is sent.

        Returns:
            The response. Its body is not read yet; the caller must close the response.

        Raises:
            ClientClosedError: If the transport is closed, before or during the request, or is in use in another running
                event loop.
            httpx.TransportError: If the request could not be sent or no complete response arrived.
        """
        pools = await self.get_pools()
        pool = self.get_pool(request.url.scheme, pools)
        timeouts = _Timeouts.from_request(request)
        content = await request.aread()
        try:
            async with asyncio.timeout(None) as timeout:
                pools.pending_requests.add(timeout)
                try:
                    await pool.acquire(timeouts.pool)
                    try:
                        if content and timeouts.total is not None and not self._is_closed:
                            # aiohttp has no timeout for sending a body.
                            timeout.reschedule(pools.loop.time() + timeouts.total)
                        response = await pool.send(request, content, timeouts)
                    except BaseException:
                        pool.release()
                        raise
                finally:
                    pools.pending_requests.discard(timeout)
        except Exception as error:
            self.raise_as_httpx(error, request)
        version = response.version
        return httpx.Response(
            response.status,
            headers=list(response.raw_headers),
            stream=_ResponseStream(response, request, pool, self),
            extensions={
                "http_version": b"HTTP/1.0" if version and version.minor == 0 else b"HTTP/1.1",
                "reason_phrase": (response.reason or "").encode("ascii", "replace"),
            },
        )

    def open_pool(self, scheme: str) -> _SessionPool:
        """Open a session in the running event loop."""
        if scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol("Unsupported URL scheme: must be http or https.")
        return _SessionPool(
            httpx.create_ssl_context(self._verify) if scheme == "https" else True,
            self._max_connections,
            self._keepalive_expiry,
        )

    def raise_as_httpx(self, error: Exception, request: httpx.Request) -> NoReturn:
        """Raise the httpx equivalent of an error of aiohttp; raise an error without equivalent unchanged.

        Raises:
            ClientClosedError: If the transport is closed, whatever the error.
            httpx.TransportError: The equivalent from `_HTTPX_ERRORS`.
        """
        if isinstance(error, _ConnectionLostError) and isinstance(error.__cause__, Exception):
            error = error.__cause__
        self.raise_if_closed(error)
        for kinds, httpx_error in _HTTPX_ERRORS if not isinstance(error, httpx.TransportError) else ():
            if isinstance(error, kinds):
                # The text of a ClientResponseError looks like a status of the server.
                text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
                raise httpx_error(text or type(error).__name__, request=request) from error
        raise error


# The first match applies. Errors before and after the request is sent need different httpx classes: the retry layer
# decides by them whether a request that is not safe to send twice is sent again.
_HTTPX_ERRORS: Final[tuple[tuple[Any, type[httpx.TransportError]], ...]] = (
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


_LARGE_BODY_BYTES: Final = 500_000


@attrs.frozen
class _Timeouts:
    connect: float | None
    read: float | None
    pool: float | None
    total: float | None

    @classmethod
    def from_request(cls, request: httpx.Request) -> _Timeouts:
        timeouts: dict[str, float | None] = request.extensions.get("timeout", {})
        connect, read, write = timeouts.get("connect"), timeouts.get("read"), timeouts.get("write")
        total = None if connect is None or read is None or write is None else connect + write + read
        return cls(connect, read, timeouts.get("pool"), total)


# The headers that httpx prints as "[secure]". In aiohttp's stack frames they are plain text.
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization"})


class _HiddenHeader(str):
    """A header value with the repr `***`, so that tracebacks with local variables do not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


class _HeaderSplitter(asyncio.BufferedProtocol):
    """Passes received bytes to aiohttp in small pieces, the headers of a response separately.

    If aiohttp gets headers and invalid bytes after them in one piece, it discards the whole response. A body after 204
    is invalid, but the record was deleted. Small pieces keep aiohttp from blocking the event loop while it parses a
    body of tiny chunks.

    A connection is aborted if the server sends informational responses (status 1xx) without end, or bytes after the end
    of a response: aiohttp would read them as the response to the next request.

    Args:
        protocol: aiohttp's protocol of the connection.
        transport: The connection.
    """

    def __init__(self, protocol: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._protocol = protocol
        self._transport = transport
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._headers = bytearray()
        self._expects_headers = True
        self._informational_responses = 0
        self._messages = MessageEndDetector()
        self._content: aiohttp.StreamReader | None = None
        self._is_lost = False

    def expect_headers(self) -> None:
        """Prepare for the next response of the connection."""
        self._headers.clear()
        self._expects_headers = True
        self._informational_responses = 0
        self._messages.expect_response()
        self._content = None

    def end_with_connection(self, content: aiohttp.StreamReader) -> None:
        """Raise in readers of a body if the connection is lost before its end.

        aiohttp lets them wait forever if it closes the connection because the body is invalid.
        """
        self._content = content
        self._end_content()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._buffer[:nbytes])
        self._receive(data)
        self._messages.feed(data)
        if self._messages.has_surplus:
            self._transport.abort()

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)
        self._is_lost = True
        self._end_content()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def _end_content(self) -> None:
        content = self._content
        if self._is_lost and content is not None and not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("The connection was closed before the end of the body."))

    def _receive(self, data: bytes) -> None:
        while self._expects_headers and data:
            received = len(self._headers)
            self._headers += data
            end = self._headers.find(_HEADERS_END, max(received - len(_HEADERS_END) + 1, 0))
            if end < 0:
                self._expects_headers = len(self._headers) <= _MAX_HEADERS_BYTES
                break
            # The headers of informational responses precede those of the response.
            self._expects_headers = self._headers.partition(b" ")[2].startswith(b"1")
            self._informational_responses += self._expects_headers
            if self._informational_responses > _MAX_INFORMATIONAL_RESPONSES:
                self._transport.abort()
                return
            self._headers.clear()
            size = end + len(_HEADERS_END) - received
            self._protocol.data_received(data[:size])
            data = data[size:]
        if data:
            self._protocol.data_received(data)


_READ_BYTES: Final = 32_768
_HEADERS_END: Final = b"\r\n\r\n"
_MAX_HEADERS_BYTES: Final = 65_536
_MAX_INFORMATIONAL_RESPONSES: Final = 100


class _ClientResponse(aiohttp.ClientResponse):
    """A response whose headers and body arrive separately."""

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        transport = connection.transport
        protocol = None if transport is None else transport.get_protocol()
        if transport is not None and isinstance(protocol, asyncio.Protocol):
            protocol = _HeaderSplitter(protocol, transport)
            transport.set_protocol(protocol)
        if not isinstance(protocol, _HeaderSplitter):  # the connection is closed
            return await super().start(connection)
        protocol.expect_headers()
        response = await super().start(connection)
        protocol.end_with_connection(response.content)
        return response


class _ConnectionLostError(Exception):
    """Wraps an error after which aiohttp would send the request again on its own."""


async def _send_without_retry(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _ConnectionLostError from error


class _SessionPool:
    """An aiohttp session in one event loop, with a semaphore for its connections."""

    def __init__(self, context: ssl.SSLContext | bool, max_connections: int, keepalive_expiry: float) -> None:
        # aiohttp has no separate timeout for the wait for a free connection, so connections are counted here.
        self._slots = asyncio.Semaphore(max_connections)
        self.bodies: set[aiohttp.StreamReader] = set()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=context, keepalive_timeout=keepalive_expiry),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            auto_decompress=False,
            response_class=_ClientResponse,
            middlewares=(_send_without_retry,),
        )

    async def acquire(self, seconds: float | None) -> None:
        if seconds is None or not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("No connection became free within the pool timeout.") from error

    def release(self) -> None:
        self._slots.release()

    def send(self, request: httpx.Request, content: bytes, timeouts: _Timeouts) -> Awaitable[aiohttp.ClientResponse]:
        return self._session.request(
            request.method,
            URL(str(request.url), encoded=True),
            headers=[
                (name, _HiddenHeader(value) if name in _SECRET_HEADERS else value)
                for name, value in request.headers.multi_items()
                if name != "transfer-encoding"
            ],
            # aiohttp writes a file in chunks and lets other tasks run in between; it writes bytes in one piece.
            data=(io.BytesIO(content) if len(content) > _LARGE_BODY_BYTES else content) or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(sock_connect=timeouts.connect, sock_read=timeouts.read),
            server_hostname=request.extensions.get("sni_hostname"),
        )

    async def aclose(self) -> None:
        for body in self.bodies:  # aiohttp does not end pending reads when it closes the session
            body.set_exception(aiohttp.ClientConnectionError("The session was closed."))
        await self._session.close()


class _ResponseStream(httpx.AsyncByteStream):
    def __init__(
        self, response: aiohttp.ClientResponse, request: httpx.Request, pool: _SessionPool, owner: AiohttpTransport
    ) -> None:
        self._response = response
        self._request = request
        self._pool = pool
        # Keeps the transport alive: the connections of a transport that was garbage-collected are closed.
        self._owner = owner
        self._is_closed = False
        pool.bodies.add(response.content)

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        try:
            while part := await self._response.content.readany():
                yield part
        except Exception as error:
            self._owner.raise_as_httpx(error, self._request)

    async def aclose(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._pool.bodies.discard(self._response.content)
        # Neither call waits. A connection whose response was not read to its end cannot be reused.
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()
        self._pool.release()
