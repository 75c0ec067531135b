"""HTTP/2 with servers that support it, enabled by one option."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import h2.config
import h2.connection
import h2.events
import httpx
import pytest

from sendcloud_integrations_client import ClientClosedError, PooledTransport
from sendcloud_integrations_client.transports import selection
from tests.support.certificates import create_tls_contexts
from tests.support.clients import build_client
from tests.support.raw_server import OK_RESPONSE, run_raw_server


class HTTP2Handler:
    """Serves HTTP/2 or HTTP/1.1 as negotiated in the TLS handshake.

    Args:
        responds: False reads requests and never responds.

    Attributes:
        connections: Number of connections so far.
        requests: Headers of the HTTP/2 requests so far.
    """

    def __init__(self, *, responds: bool = True) -> None:
        self._responds = responds
        self.connections = 0
        self.requests: list[dict[bytes, bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
            await self._serve_http2(reader, writer)
        else:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK_RESPONSE)

    async def _serve_http2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.requests.append(dict(event.headers))  # type: ignore[arg-type]
                if isinstance(event, h2.events.StreamEnded) and self._responds:
                    headers = [(":status", "200"), ("content-type", "application/json")]
                    connection.send_headers(event.stream_id, headers)
                    connection.send_data(event.stream_id, b'{"data": []}', end_stream=True)
            writer.write(connection.data_to_send())


@asynccontextmanager
async def run_http2_server(handler: HTTP2Handler, *protocols: str) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """Run a TLS server that offers `protocols`; yield its base URL and the TLS context for clients."""
    server_context, client_context = create_tls_contexts()
    server_context.set_alpn_protocols(list(protocols))
    async with run_raw_server(handler, ssl_context=server_context) as base_url:
        yield base_url, client_context


async def test_concurrent_calls_share_one_http2_connection() -> None:
    handler = HTTP2Handler()
    async with run_http2_server(handler, "h2", "http/1.1") as (base_url, context):
        transport = PooledTransport(verify=context, http2=True)
        async with build_client(base_url, transport=transport) as client:
            assert (await client.integrations.list()).data == []
            pages = await asyncio.gather(*(client.integrations.list() for _ in range(50)))
            assert [page.data for page in pages] == [[]] * 50
            response = await client.http.get("integrations")
            assert response.http_version == "HTTP/2"
    assert handler.connections == 1
    assert handler.requests[0][b"authorization"].startswith(b"Basic ")
    assert handler.requests[0][b":path"] == b"/api/v3/integrations"


@pytest.mark.parametrize(("http2", "protocols"), [(True, ["http/1.1"]), (False, ["h2", "http/1.1"])])
async def test_http1_is_used_unless_both_sides_support_http2(http2: bool, protocols: list[str]) -> None:
    async with (
        run_http2_server(HTTP2Handler(), *protocols) as (base_url, context),
        httpx.AsyncClient(transport=PooledTransport(verify=context, http2=http2)) as http,
    ):
        assert (await http.get(base_url)).http_version == "HTTP/1.1"


async def test_cancellation_and_closing_end_calls_over_http2() -> None:
    handler = HTTP2Handler(responds=False)
    async with run_http2_server(handler, "h2") as (base_url, context):
        client = build_client(base_url, transport=PooledTransport(verify=context, http2=True))
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(client.integrations.list()) for _ in range(6)]
        async with asyncio.timeout(30):
            while len(handler.requests) < 6:  # noqa: ASYNC110 - sockets offer no event for it
                await asyncio.sleep(0.001)
            for task in tasks[:3]:
                task.cancel()
            await asyncio.sleep(0)
            await client.aclose()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 3 + [ClientClosedError] * 3


async def test_client_passes_http2_option_to_the_default_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[bool] = []

    def build_transport(http2: bool) -> PooledTransport:
        options.append(http2)
        return PooledTransport(http2=http2)

    monkeypatch.setattr(selection, "PooledTransport", build_transport)
    async with build_client("https://127.0.0.1:9/", http2=True), build_client("https://127.0.0.1:9/"):
        assert options == [True, False]
