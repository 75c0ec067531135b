"""Every wait of a call ends with its total timeout, in a typed error."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import httpx
import pytest

from sendcloud_integrations_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BasicAuth,
    OAuth2ClientCredentials,
    RateLimitError,
    RateLimits,
    RetryPolicy,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget
from sendcloud_integrations_client.runtime.operations import TOKEN_REQUEST_EXTENSION, TokenRequest
from tests.support.private_state import get_rate_limit_budget
from tests.support.token_server import RecordingTokenStore

SHORT = RetryPolicy(total_timeout=0.5, base_delay=0.01)
EMPTY = b'{"data": []}'
keys = count()


def build_client(
    handler: Callable[[httpx.Request], httpx.Response], limits: RateLimits | None = None
) -> SendcloudIntegrations:
    return SendcloudIntegrations(
        auth=BasicAuth(f"total-timeout-{next(keys)}", "secret"),  # a separate rate limit budget per client
        transport=httpx.MockTransport(handler),
        rate_limits=limits,
        retries=SHORT,
    )


class EndlessBody(httpx.AsyncByteStream):
    """Sends one byte again and again, so that no read ever times out."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)


async def test_slow_body_ends_with_the_total_timeout() -> None:
    async with build_client(lambda _: httpx.Response(200, stream=EndlessBody())) as client, asyncio.timeout(30):
        started = time.monotonic()
        with pytest.raises(APITimeoutError) as caught:
            await client.logs.list()
    assert time.monotonic() - started > 0.4
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)


async def test_wait_in_the_rate_limit_queue_ends_with_the_total_timeout() -> None:
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=EMPTY)

    async with build_client(respond, RateLimits(reads_per_minute=1)) as client, asyncio.timeout(30):
        await client.logs.list()
        started = time.monotonic()
        with pytest.raises(RateLimitError, match="no request was sent") as caught:
            await client.logs.list()
        assert time.monotonic() - started > 0.4
    assert len(requests) == 1
    assert caught.value.operation == "list_logs"
    assert caught.value.retry_after is not None
    assert 50 < caught.value.retry_after <= 60


async def test_retry_after_longer_than_the_call_raises_immediately_and_pauses_others_for_a_minute() -> None:
    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "86400"})

    async with build_client(respond, RateLimits()) as client:
        patient = client.with_options(retries=RetryPolicy(total_timeout=3600))
        with pytest.raises(RateLimitError, match="retry after 86400 s") as caught:
            await asyncio.wait_for(patient.logs.list(), 30)
        assert caught.value.retry_after == 86400
        with pytest.raises(RateLimitError, match="no request was sent") as paused:
            await client.logs.list()
    assert paused.value.retry_after is not None
    assert 50 < paused.value.retry_after <= 60


async def test_call_that_cannot_outlast_a_pause_fails_without_waiting() -> None:
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(429, headers={"retry-after": "50"})

    async with build_client(respond, RateLimits()) as client:
        patient = client.with_options(retries=RetryPolicy(max_attempts=1, total_timeout=40))
        with pytest.raises(RateLimitError, match="retry after 50 s"):
            await patient.logs.list()
        with pytest.raises(
            RateLimitError, match=r"pause for \d+ s after a 429, longer than the total timeout"
        ) as caught:
            await asyncio.wait_for(patient.logs.list(), 20)
    assert len(requests) == 1
    assert "no request was sent" in str(caught.value)
    assert caught.value.retry_after == pytest.approx(50, abs=20)


async def test_call_that_waits_when_a_long_pause_begins_fails_without_waiting_for_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sendcloud_integrations_client.pipeline.rate_limits._PAUSE_CHECK_INTERVAL", 0.01)
    async with build_client(lambda _: httpx.Response(200, content=EMPTY), RateLimits(reads_per_minute=1)) as client:
        await client.logs.list()
        patient = client.with_options(retries=RetryPolicy(total_timeout=40))
        waiting = asyncio.ensure_future(patient.logs.list())
        for _ in range(10):
            await asyncio.sleep(0)
        budget = get_rate_limit_budget(client)
        assert budget is not None
        budget.pause(55)
        with pytest.raises(RateLimitError, match=r"pause for \d+ s after a 429, longer than the total timeout"):
            await asyncio.wait_for(waiting, 20)


def test_pause_is_bounded() -> None:
    now = 100.0
    budget = LocalBudget(RateLimits(), clock=lambda: now)
    budget.pause(1e9)
    assert budget.get_delay(safe=True) == 60.0


class TokenEndpoint(httpx.AsyncBaseTransport):
    """Responds to token requests when `is_open` is set, and to calls immediately."""

    def __init__(self) -> None:
        self.times_left: list[float] = []  # seconds until the deadline of each token request
        self.requested = asyncio.Event()
        self.is_open = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "token.example":
            return httpx.Response(200, content=EMPTY)
        token_request: TokenRequest = request.extensions[TOKEN_REQUEST_EXTENSION]
        self.times_left.append(token_request.deadline - time.monotonic())
        self.requested.set()
        await self.is_open.wait()
        return httpx.Response(200, json={"access_token": "token", "expires_in": 3600})


def build_oauth2_client(transport: httpx.AsyncBaseTransport, **options: Any) -> SendcloudIntegrations:
    auth = OAuth2ClientCredentials(
        f"total-timeout-{next(keys)}", "secret", token_url="https://token.example/", **options
    )
    return SendcloudIntegrations(auth=auth, transport=transport)


TOKEN_TIMEOUT = "token request to https://token.example/: no complete response within total_timeout=0.2 seconds"


async def test_token_request_ends_with_the_total_timeout_of_its_call() -> None:
    endpoint = TokenEndpoint()
    async with build_oauth2_client(endpoint) as client:
        impatient = client.with_options(retries=RetryPolicy(total_timeout=0.2))
        with pytest.raises(APITimeoutError, match=TOKEN_TIMEOUT):
            await asyncio.wait_for(impatient.logs.list(), 20)


async def test_wait_for_the_token_request_of_another_call_ends_with_the_total_timeout() -> None:
    endpoint = TokenEndpoint()
    async with build_oauth2_client(endpoint) as client:
        patient = asyncio.ensure_future(client.logs.list())
        await endpoint.requested.wait()
        with pytest.raises(APITimeoutError, match=TOKEN_TIMEOUT):
            await asyncio.wait_for(client.with_options(retries=RetryPolicy(total_timeout=0.2)).logs.list(), 20)
        endpoint.is_open.set()
        await asyncio.wait_for(patient, 20)
    assert len(endpoint.times_left) == 1


async def test_call_with_more_time_does_not_share_the_timeout_of_a_token_request() -> None:
    endpoint = TokenEndpoint()
    async with build_oauth2_client(endpoint) as client:
        impatient = asyncio.ensure_future(client.with_options(retries=RetryPolicy(total_timeout=0.2)).logs.list())
        await endpoint.requested.wait()
        patient = asyncio.ensure_future(client.logs.list())
        with pytest.raises(APITimeoutError, match=TOKEN_TIMEOUT):
            await asyncio.wait_for(impatient, 20)
        endpoint.is_open.set()
        await asyncio.wait_for(patient, 20)
    assert len(endpoint.times_left) == 2


@pytest.mark.parametrize(("total_timeout", "longest"), [(20.0, 10.0), (120.0, 25.0)])
async def test_renewal_leaves_time_to_send_the_call_with_the_current_token(
    total_timeout: float, longest: float
) -> None:
    endpoint, store = TokenEndpoint(), RecordingTokenStore()
    endpoint.is_open.set()
    store.preset("current", seconds=50)
    async with build_oauth2_client(endpoint, token_store=store, refresh_margin=60) as client:
        limited = client.with_options(retries=RetryPolicy(total_timeout=total_timeout))
        await limited.logs.list()  # loads the token from the store
        assert endpoint.times_left == []
        await limited.logs.list()
    (seconds,) = endpoint.times_left
    assert 0 < seconds <= longest


async def test_certificate_error_is_not_retried() -> None:
    attempts: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        attempts.append(request)
        raise httpx.ConnectError("certificate verify failed", request=request) from ssl.SSLCertVerificationError()

    async with build_client(respond) as client:
        with pytest.raises(APIConnectionError):
            await client.logs.list()
    assert len(attempts) == 1


@pytest.mark.parametrize("location", ["mailto:x", "https://other.example/x", "//[", "/relative", "http://a b/"])
async def test_redirect_names_its_location(location: str) -> None:
    async with build_client(lambda _: httpx.Response(302, headers={"location": location})) as client:
        with pytest.raises(APIStatusError) as caught:
            await client.logs.list()
    assert f"redirects to {location}. Redirects are not followed. Check base_url." in str(caught.value)
    assert caught.value.status_code == 302


async def test_long_waits_are_logged_as_warnings(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendcloud_integrations_client.pipeline.rate_limits._NOTICE_AFTER", 0.05)
    async with build_client(lambda _: httpx.Response(200, content=EMPTY), RateLimits(reads_per_minute=1)) as client:
        await client.logs.list()
        with caplog.at_level(logging.WARNING), pytest.raises(RateLimitError):
            await client.logs.list()
    (message,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert message.startswith("list_logs: waiting for a free rate limit slot. Next slot in ")
    assert message.endswith("total timeout in 0 s.")
