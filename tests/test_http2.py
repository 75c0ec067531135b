"""HTTP/2 where the server speaks it, by one option."""

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
import trustme

from sendcloud_integrations_client import ClientClosedError, PooledTransport
from sendcloud_integrations_client import client as client_module
from tests.test_connections import OK, client_for


class Speaking:
    """A server's handler: HTTP/2 or HTTP/1.1, as agreed in the TLS handshake; counts connections and requests."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.connections = 0
        self.asked: list[dict[bytes, bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
                await self.two(reader, writer)
            else:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(OK)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def two(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        state.initiate_connection()
        writer.write(state.data_to_send())
        while data := await reader.read(65536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.asked.append(dict(event.headers))  # type: ignore[arg-type]
                if isinstance(event, h2.events.StreamEnded) and self.answers:
                    state.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/json")])
                    state.send_data(event.stream_id, b'{"data": []}', end_stream=True)
            writer.write(state.data_to_send())


@asynccontextmanager
async def serving_tls(serve: Speaking, *protocols: str) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(ours)
    theirs.set_alpn_protocols(list(protocols))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=theirs)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v3", ours
    finally:
        server.close()
        await server.wait_closed()


async def test_many_calls_share_one_connection() -> None:
    serve = Speaking()
    async with serving_tls(serve, "h2", "http/1.1") as (base_url, context):
        transport = PooledTransport(verify=context, http2=True)
        async with client_for(base_url, transport=transport) as client:
            assert await client.integrations.list() == []
            assert await asyncio.gather(*(client.integrations.list() for _ in range(50))) == [[]] * 50
            answer = await client.http.get("integrations")
            assert answer.http_version == "HTTP/2"
    assert serve.connections == 1
    assert serve.asked[0][b"authorization"].startswith(b"Basic ")
    assert serve.asked[0][b":path"] == b"/api/v3/integrations"


@pytest.mark.parametrize(("http2", "protocols"), [(True, ["http/1.1"]), (False, ["h2", "http/1.1"])])
async def test_http_1_1_where_either_side_wants_it(http2: bool, protocols: list[str]) -> None:
    serve = Speaking()
    async with (
        serving_tls(serve, *protocols) as (base_url, context),
        httpx.AsyncClient(transport=PooledTransport(verify=context, http2=http2)) as http,
    ):
        assert (await http.get(base_url)).http_version == "HTTP/1.1"


async def test_given_up_and_closed_over_http_2() -> None:
    serve = Speaking(answers=False)
    async with serving_tls(serve, "h2") as (base_url, context):
        client = client_for(base_url, transport=PooledTransport(verify=context, http2=True))
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(client.integrations.list()) for _ in range(6)]
        async with asyncio.timeout(5):
            while len(serve.asked) < 6:  # noqa: ASYNC110 - sockets tell nobody
                await asyncio.sleep(0.001)
            for task in tasks[:3]:
                task.cancel()
            await asyncio.sleep(0)
            await client.aclose()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in outcomes] == [asyncio.CancelledError] * 3 + [ClientClosedError] * 3


async def test_the_client_takes_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []

    def make(http2: bool) -> PooledTransport:
        made.append(http2)
        return PooledTransport(http2=http2)

    monkeypatch.setattr(client_module, "PooledTransport", make)
    async with client_for("https://127.0.0.1:9/", http2=True), client_for("https://127.0.0.1:9/"):
        assert made == [True, False]
