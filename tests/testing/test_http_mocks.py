"""Libraries that replace HTTP traffic in tests: which transport they see. Recipes are in docs/testing.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
import vcr
from pytest_httpx import HTTPXMock

from sendcloud_integrations_client import APIConnectionError, BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

# Nothing listens on the discard port, so a request that is not replaced fails.
BASE_URL = "http://127.0.0.1:9/api/v3"
BODY = {"data": [{"id": 7, "shop_name": "Tulip Bikes"}]}


def build_client(base_url: str = BASE_URL, **options: Any) -> SendcloudIntegrations:
    return SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url, retries=None, **options)


async def list_shop_names(client: SendcloudIntegrations) -> list[str]:
    async with client:
        return [integration.shop_name for integration in await client.integrations.list()]


async def test_pytest_httpx_sees_the_transport_of_httpx(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=f"{BASE_URL}/integrations", json=BODY)
    assert await list_shop_names(build_client(transport=httpx.AsyncHTTPTransport())) == ["Tulip Bikes"]
    (request,) = httpx_mock.get_requests()
    assert request.headers["Authorization"].startswith("Basic ")


@pytest.mark.httpx_mock(assert_all_responses_were_requested=False)
async def test_pytest_httpx_does_not_see_the_default_transport(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=BODY)
    with pytest.raises(APIConnectionError):
        await list_shop_names(build_client())
    assert httpx_mock.get_requests() == []


async def test_respx_sees_the_transport_of_httpx() -> None:
    with respx.mock:
        route = respx.get(f"{BASE_URL}/integrations").respond(json=BODY)
        assert await list_shop_names(build_client(transport=httpx.AsyncHTTPTransport())) == ["Tulip Bikes"]
    assert route.call_count == 1


async def test_respx_does_not_see_the_default_transport() -> None:
    with respx.mock(assert_all_called=False):
        route = respx.get(f"{BASE_URL}/integrations").respond(json=BODY)
        with pytest.raises(APIConnectionError):
            await list_shop_names(build_client())
    assert route.call_count == 0


async def test_respx_router_is_a_transport() -> None:
    router = respx.Router()
    route = router.get(f"{BASE_URL}/integrations").respond(json=BODY)
    client = build_client(transport=httpx.MockTransport(router.async_handler))
    assert await list_shop_names(client) == ["Tulip Bikes"]
    assert route.call_count == 1


async def test_vcrpy_records_and_replays_the_transport_of_httpx(tmp_path: Path) -> None:
    cassette = tmp_path / "integrations.yaml"
    server = SimulatedSendcloud(integrations=3, logs=0)
    async with serve(server) as base_url:
        with vcr.use_cassette(str(cassette), filter_headers=["authorization"]):
            recorded = await list_shop_names(build_client(base_url, transport=httpx.AsyncHTTPTransport()))
    assert len(server.requests) == 1
    assert len(recorded) == 3
    assert "authorization" not in cassette.read_text().lower()
    with vcr.use_cassette(str(cassette), record_mode="none"):
        # The server has stopped.
        assert await list_shop_names(build_client(base_url, transport=httpx.AsyncHTTPTransport())) == recorded


async def test_vcrpy_does_not_see_the_default_transport(tmp_path: Path) -> None:
    cassette = tmp_path / "integrations.yaml"
    async with serve(SimulatedSendcloud(integrations=3, logs=0)) as base_url:
        with vcr.use_cassette(str(cassette)):
            assert len(await list_shop_names(build_client(base_url))) == 3
    assert not cassette.exists()
