"""Selects the transport that the client's `transport=` names."""

from __future__ import annotations

from typing import Literal

import httpx

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.options import validate_type
from sendcloud_integrations_client.transports.pooled import PooledTransport

__all__ = ["TransportName", "build_transport"]

TransportName = Literal["httpcore2", "aiohttp"]
"""Names of the built-in transports: the default, and the one of the extra `aiohttp`."""


def build_transport(transport: httpx.AsyncBaseTransport | TransportName, *, http2: bool) -> httpx.AsyncBaseTransport:
    """Return the transport for an option of the client.

    Args:
        transport: Name of a built-in transport, or a transport object, which is returned as it is.
        http2: Use HTTP/2 if the server supports it. Requires `"httpcore2"`.

    Raises:
        ConfigurationError: If the name is unknown, its extra is not installed, or `http2` does not apply to it.
    """
    if transport == "httpcore2":
        return PooledTransport(http2=http2)
    if http2:
        raise ConfigurationError('Invalid http2: http2=True requires transport="httpcore2".')
    if transport == "aiohttp":
        try:
            from sendcloud_integrations_client.transports.aiohttp import AiohttpTransport
        except ImportError as error:
            raise ConfigurationError(
                'transport="aiohttp" requires an extra. Run: pip install "sendcloud-integrations-client[aiohttp]"'
            ) from error
        return AiohttpTransport()
    if not isinstance(transport, httpx.AsyncBaseTransport):  # pyright: ignore[reportUnnecessaryIsInstance]
        rule = 'must be "httpcore2", "aiohttp" or an httpx.AsyncBaseTransport'
        validate_type("transport", transport, str, rule)
        raise ConfigurationError(f"Invalid transport: {rule}.")
    if type(transport).__module__.partition(".")[0] == "httpx_aiohttp":
        from sendcloud_integrations_client.transports.httpx_aiohttp import ErrorCorrectingTransport

        return ErrorCorrectingTransport(transport)
    return transport
