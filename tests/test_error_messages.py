"""The messages of failed calls name the limit, the endpoint or the setting to check."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import httpx
import pytest

from sendcloud_integrations_client import (
    APIConnectionError,
    APITimeoutError,
    BasicAuth,
    OAuth2ClientCredentials,
    ResponseDecodeError,
    RetryPolicy,
    SendcloudIntegrations,
)

TOKEN_URL = "https://account.example/oauth2/token"


def build_client(handler: Callable[[httpx.Request], httpx.Response], **options: object) -> SendcloudIntegrations:
    settings: dict[str, object] = {"auth": BasicAuth("public", "secret"), "rate_limits": None, "retries": None}
    return SendcloudIntegrations(transport=httpx.MockTransport(handler), **settings | options)  # type: ignore[arg-type]


def fail_with(error: type[httpx.TransportError], text: str = "") -> Callable[[httpx.Request], httpx.Response]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error(text, request=request)

    return fail


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectTimeout, "no connection within timeout=3 seconds"),
        (httpx.ReadTimeout, "no data received within timeout=3 seconds"),
        (httpx.WriteTimeout, "no data accepted by the server within timeout=3 seconds"),
        (httpx.PoolTimeout, "no free connection in the pool in time"),
    ],
)
async def test_timeout_names_the_limit_and_its_value(error: type[httpx.TransportError], reason: str) -> None:
    async with build_client(fail_with(error), timeout=3) as client:
        with pytest.raises(APITimeoutError, match=re.escape(f"failed: {reason}. Increase this limit")):
            await client.integrations.retrieve(7)


async def test_timeout_of_the_whole_call_names_total_timeout() -> None:
    class SlowTransport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(60)
            raise AssertionError

    retries = RetryPolicy(max_attempts=1, total_timeout=0.05)
    async with SendcloudIntegrations(
        auth=BasicAuth("public", "secret"), transport=SlowTransport(), retries=retries, rate_limits=None
    ) as client:
        with pytest.raises(APITimeoutError, match=r"no complete response within total_timeout=0\.05 seconds"):
            await client.integrations.retrieve(7)


@pytest.mark.parametrize(
    ("error", "may_have_acted"),
    [(httpx.ReadTimeout, True), (httpx.ReadError, True), (httpx.ConnectError, False), (httpx.ConnectTimeout, False)],
)
async def test_lost_response_of_a_create_warns_that_it_may_have_been_processed(
    error: type[httpx.TransportError], may_have_acted: bool
) -> None:
    async with build_client(fail_with(error, "broken")) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.logs.create(7, base_url="https://shop.example", exception="x")
        assert ("The server may have processed the request." in str(caught.value)) is may_have_acted
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.retrieve(7)
        assert "may have processed" not in str(caught.value)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
async def test_unreachable_token_endpoint_is_named(error: type[httpx.TransportError]) -> None:
    auth = OAuth2ClientCredentials("id", "s3cret", token_url=TOKEN_URL)
    async with build_client(fail_with(error, "refused"), auth=auth) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.retrieve(7)
    assert f"retrieve_integration (GET /api/v3/integrations/7) failed: token request to {TOKEN_URL}: no" in str(
        caught.value
    )
    assert isinstance(caught.value.__cause__, error)


@pytest.mark.parametrize(
    ("response", "advice"),
    [
        (httpx.Response(200, content=b"x" * 2000), "increase max_response_bytes="),
        (httpx.Response(200, headers={"content-encoding": "zstd"}, stream=httpx.ByteStream(b"x")), "Check base_url"),
        (httpx.Response(200, html="<html>"), "Check base_url"),
    ],
)
async def test_advice_about_an_unreadable_body_names_the_setting(response: httpx.Response, advice: str) -> None:
    async with build_client(lambda _: response, max_response_bytes=1000) as client:
        with pytest.raises(ResponseDecodeError, match=re.escape(advice)):
            await client.integrations.retrieve(7)
