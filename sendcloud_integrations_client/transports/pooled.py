"""The default transport: httpcore2's connection pool under httpx's transport API.

Why not httpx 0.28's own pool: it loses a connection slot for each request that is cancelled between getting a
connection and using it (httpcore issue 830). Measured with 60 rounds of 50 calls on 20 connections, each call cancelled
at a random time within 30 ms: of 100 later calls, all 100 fail permanently with `PoolTimeout`; here all 100 succeed.
Its cost per call also grows with the number of connections.

The pool runs on `network.AsyncioBackend`. It belongs to one event loop, so there is one pool per loop.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast

import httpx

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.transports.log_masking import MASKED_LOGGERS, mask_in_logs
from sendcloud_integrations_client.transports.per_loop import PerLoopTransport

if TYPE_CHECKING:  # imported with the first request: it takes a fifth of the time of `import httpx`
    import httpcore2

__all__ = ["PooledTransport"]

_MAX_BLOCK: Final = 0.005  # seconds


class PooledTransport(PerLoopTransport["httpcore2.AsyncConnectionPool"]):
    """The default transport: pooled keep-alive connections over HTTP/1.1 or HTTP/2.

    Args:
        verify: Certificate verification: True verifies as httpx does, False disables it, and an `ssl.SSLContext` is
            used unchanged. Defaults to True.
        max_connections: Maximum number of open connections. Further requests wait for one, first in, first out, up to
            the `pool` timeout of the request. Defaults to 100.
        max_keepalive_connections: Maximum number of idle connections. Defaults to None, which keeps all.
        keepalive_expiry: Seconds until an idle connection is closed. Defaults to 30.
        http2: Use HTTP/2 if the server supports it. Requires the extra `http2`. Defaults to False.

    Raises:
        ConfigurationError: If `http2` is True and the extra is not installed.

    Example:
        client = SendcloudIntegrations(transport=PooledTransport(max_connections=20))
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
            raise ConfigurationError(
                'http2=True requires an extra. Run: pip install "sendcloud-integrations-client[http2]"'
            )
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
            request: The request. The extensions `timeout` (seconds for connect, read, write and pool), `trace` and
                `sni_hostname` are applied.

        Returns:
            The response. Its body is not read yet; the caller must close the response.

        Raises:
            ClientClosedError: If the transport is closed, before or during the request, or is in use in another running
                event loop.
            httpx.TransportError: If the request could not be sent or no complete response arrived.
        """
        pools = self._pools
        if pools is None or pools.loop is not asyncio.get_running_loop():
            pools = await self.get_pools()
        pool = pools.by_scheme.get(request.url.scheme) or self.get_pool(request.url.scheme, pools)
        import httpcore2

        for logger in MASKED_LOGGERS:
            if logger.isEnabledFor(logging.DEBUG):
                mask_in_logs(request)
        url = request.url
        pool_request = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast(httpx.AsyncByteStream, request.stream),
            extensions=request.extensions,
        )
        try:
            async with asyncio.timeout(None) as timeout:
                pools.pending_requests.add(timeout)
                try:
                    response: Any = await pool.handle_async_request(pool_request)
                finally:
                    pools.pending_requests.discard(timeout)
        except Exception as error:
            self.raise_as_httpx(error, request)
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_ResponseStream(response.stream, request, self),
            extensions=response.extensions,
        )

    def raise_as_httpx(self, error: Exception, request: httpx.Request) -> None:
        """Raise the httpx equivalent of an error of httpcore2; return if the error has no equivalent.

        Raises:
            ClientClosedError: If the transport is closed, whatever the error.
            httpx.RequestError: The httpx error with the name of the error's class or of its nearest base class.
        """
        self.raise_if_closed(error)
        for kind in type(error).__mro__:
            httpx_error = getattr(httpx, kind.__name__, None)
            if (
                kind.__module__.startswith("httpcore2")
                and isinstance(httpx_error, type)
                and issubclass(httpx_error, httpx.RequestError)
            ):
                raise httpx_error(str(error) or kind.__name__, request=request) from error

    def open_pool(self, scheme: str) -> httpcore2.AsyncConnectionPool:
        """Open a pool in the running event loop."""
        import httpcore2

        from sendcloud_integrations_client.transports.network import AsyncioBackend

        # Loaded once per pool: httpcore2 would load the certificates again for each connection.
        context = httpx.create_ssl_context(self._verify) if scheme == "https" else None
        return httpcore2.AsyncConnectionPool(ssl_context=context, network_backend=AsyncioBackend(), **self._options)


class _ResponseStream(httpx.AsyncByteStream):
    def __init__(self, stream: Any, request: httpx.Request, owner: PooledTransport) -> None:
        self._stream = stream
        self._request = request
        # Keeps the transport alive: the connections of a transport that was garbage-collected are closed.
        self._owner = owner

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        try:
            suspended_at = time.monotonic()
            async with aclosing(aiter(self._stream)) as parts:
                async for part in parts:
                    yield part
                    # A body can consist of tiny chunks, and reading buffered chunks does not suspend.
                    if time.monotonic() - suspended_at > _MAX_BLOCK:
                        await asyncio.sleep(0)
                        suspended_at = time.monotonic()
        except Exception as error:
            self._owner.raise_as_httpx(error, self._request)
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()
