"""How to test a backend: the package provides the fixtures `sendcloud` and `sendcloud_client`."""

import httpx
import pytest

from examples.fastapi_backend import create_app, get_sendcloud
from sendcloud_integrations_client import SendcloudIntegrations
from sendcloud_integrations_client.testing import SimulatedSendcloud


@pytest.mark.sendcloud(integrations=2, logs=120)
async def test_list_logs_retries_after_503(
    sendcloud: SimulatedSendcloud, sendcloud_client: SendcloudIntegrations
) -> None:
    app = create_app()
    app.dependency_overrides[get_sendcloud] = lambda: sendcloud_client
    sendcloud.fail_next("list_integration_logs", status=503)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://backend") as http:
        response = await http.get("/integrations/1/logs", params={"size": 10})
    assert len(response.json()["logs"]) == 10
    assert [request.operation for request in sendcloud.requests] == ["list_integration_logs"] * 2
