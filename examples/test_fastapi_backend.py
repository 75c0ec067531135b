"""How to test such a backend: the fixtures `sendcloud` and `sendcloud_client` come with the package."""

import httpx
import pytest

from examples.fastapi_backend import create_app
from examples.fastapi_backend import sendcloud as get_sendcloud


@pytest.mark.sendcloud(integrations=2, logs=120)
async def test_a_page_of_logs_survives_an_outage(sendcloud, sendcloud_client):
    app = create_app()
    app.dependency_overrides[get_sendcloud] = lambda: sendcloud_client
    sendcloud.fail_next("list_integration_logs", status=503)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://backend") as browser:
        answer = await browser.get("/integrations/1/logs", params={"size": 10})
    assert len(answer.json()["logs"]) == 10
    assert [one.operation for one in sendcloud.requests] == ["list_integration_logs"] * 2
