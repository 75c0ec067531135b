"""Corrects the errors of the third-party transport `httpx_aiohttp.AiohttpTransport`."""

from __future__ import annotations

import aiohttp
import httpx

__all__ = ["ErrorCorrectingTransport"]


class ErrorCorrectingTransport(httpx.AsyncBaseTransport):
    """Reports a connection lost after the request was sent as `httpx.ReadError`.

    httpx-aiohttp 0.2 reports it as `httpx.ConnectTimeout`, the error for a connection that was never made. The retry
    layer would then send a request again that is not safe to send twice.

    Args:
        transport: The third-party transport; closed together with this one.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request."""
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            cause = error.__cause__
            never_connected = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
            if isinstance(cause, aiohttp.ClientError) and not isinstance(cause, never_connected):
                raise httpx.ReadError(str(error), request=request) from cause
            raise

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._transport.aclose()
