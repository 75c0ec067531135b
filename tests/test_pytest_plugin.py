"""The fixtures that a project gets by installing the extra `testing`."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from sendcloud_integrations_client import (
    AuthenticationError,
    BasicAuth,
    OAuth2ClientCredentials,
    RateLimitError,
    RetryPolicy,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.testing import SimulatedLimits, SimulatedSendcloud, serve_in_thread


async def test_the_client_talks_to_the_simulated_sendcloud_of_its_test(sendcloud, sendcloud_client):
    assert len(await sendcloud_client.integrations.list()) == 10
    assert len([log async for log in sendcloud_client.logs.list(page_size=100)]) == 1000
    assert [request.operation for request in sendcloud.requests] == ["list_integrations", *["list_logs"] * 10]


@pytest.mark.sendcloud(integrations=2, logs=3, secret_key="of this test")
async def test_the_marker_says_what_the_simulated_sendcloud_is_made_with(sendcloud_client):
    assert len(await sendcloud_client.integrations.list()) == 2
    assert len([log async for log in sendcloud_client.logs.list()]) == 3


async def test_the_client_retries(sendcloud, sendcloud_client):
    sendcloud.fail_next("list_integrations", status=503, count=2)
    assert len(await sendcloud_client.integrations.list()) == 10
    assert len(sendcloud.requests) == 3


def test_the_client_can_be_used_in_a_loop_of_the_test_s_own(sendcloud_client):
    assert asyncio.run(_count(sendcloud_client)) == 10
    assert asyncio.run(_count(sendcloud_client)) == 10


def test_the_server_answers_a_test_that_blocks(sendcloud, sendcloud_server):
    answer = httpx.get(f"{sendcloud_server}/integrations", auth=("public", "secret"))
    assert len(answer.json()["data"]) == 10
    sendcloud.fail_next("list_integrations", status=503)
    assert httpx.get(f"{sendcloud_server}/integrations", auth=("public", "secret")).status_code == 503
    assert [request.operation for request in sendcloud.requests] == ["list_integrations"] * 2


@pytest.mark.sendcloud(public_key="somebody", secret_key="of this test", integrations=4)
async def test_the_environment_leads_to_the_server(sendcloud_server, monkeypatch):
    async with SendcloudIntegrations() as client:
        assert len(await client.integrations.list()) == 4


async def test_the_environment_leads_to_the_server_s_tokens(sendcloud, sendcloud_server, monkeypatch):
    for name in ("SENDCLOUD_PUBLIC_KEY", "SENDCLOUD_SECRET_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("SENDCLOUD_CLIENT_ID", sendcloud.credentials.client_id)
    monkeypatch.setenv("SENDCLOUD_CLIENT_SECRET", sendcloud.credentials.client_secret)
    async with SendcloudIntegrations() as client:
        assert len(await client.integrations.list()) == 10
    assert [request.operation for request in sendcloud.requests] == ["token", "list_integrations"]


async def test_the_environment_leads_nowhere_else(monkeypatch, request):
    monkeypatch.setenv("SENDCLOUD_CLIENT_ID", "of the developer's shell")
    monkeypatch.setenv("SENDCLOUD_CLIENT_SECRET", "of the developer's shell")
    request.getfixturevalue("sendcloud_server")
    async with SendcloudIntegrations() as client:
        assert len(await client.integrations.list()) == 10


async def test_a_blocking_call_does_not_stop_the_server(sendcloud_server):
    # On purpose: a server in this loop could not answer.
    answer = httpx.get(f"{sendcloud_server}/integrations", auth=("public", "secret"), timeout=10)  # noqa: ASYNC210
    assert answer.status_code == 200


async def test_a_clock_put_forward_expires_tokens(sendcloud):
    auth = OAuth2ClientCredentials("client", "client-secret")
    async with SendcloudIntegrations(
        auth=auth, base_url="https://panel.sendcloud.sc/api/v3", transport=httpx.ASGITransport(sendcloud)
    ) as client:
        await client.integrations.list()
        sendcloud.clock.advance(3600)
        await client.integrations.list()
    assert [request.operation for request in sendcloud.requests] == [
        "token",
        "list_integrations",
        "list_integrations",
        "token",
        "list_integrations",
    ]


@pytest.mark.sendcloud(limits=SimulatedLimits(safe_per_minute=2))
async def test_a_clock_put_forward_ends_a_limit(sendcloud):
    async with SendcloudIntegrations(
        auth=BasicAuth("public", "secret"),
        base_url="https://panel.sendcloud.sc/api/v3",
        retries=None,
        rate_limits=None,
        transport=httpx.ASGITransport(sendcloud),
    ) as client:
        await client.integrations.list()
        await client.integrations.list()
        with pytest.raises(RateLimitError) as caught:
            await client.integrations.list()
        assert caught.value.retry_after == 60
        sendcloud.clock.advance(59)
        with pytest.raises(RateLimitError):
            await client.integrations.list()
        sendcloud.clock.advance(1)
        assert len(await client.integrations.list()) == 10


@pytest.mark.sendcloud(logs=0)
async def test_the_time_of_day_goes_with_the_clock(sendcloud, sendcloud_client):
    before = await sendcloud_client.logs.create(1, base_url="https://shop.example")
    sendcloud.clock.advance(86_400)
    after = await sendcloud_client.logs.create(1, base_url="https://shop.example")
    assert 86_400 <= (after.created_at - before.created_at).total_seconds() < 86_460


def test_a_clock_is_never_put_back(sendcloud):
    with pytest.raises(ValueError, match="cannot be put back"):
        sendcloud.clock.advance(-1)


def test_the_credentials_are_told(sendcloud):
    assert sendcloud.credentials.public_key == "public"
    assert "secret" not in repr(sendcloud.credentials).replace("secret_key", "").replace("client_secret", "")


async def test_wrong_credentials_are_refused_in_process_too(sendcloud):
    async with SendcloudIntegrations(
        auth=BasicAuth("public", "wrong"),
        base_url="https://panel.sendcloud.sc/api/v3",
        retries=RetryPolicy(base_delay=0.01),
        transport=httpx.ASGITransport(sendcloud),
    ) as client:
        with pytest.raises(AuthenticationError):
            await client.integrations.list()


def test_a_server_in_a_thread_ends_with_its_block():
    with serve_in_thread(SimulatedSendcloud()) as base_url:
        assert httpx.get(f"{base_url}/integrations", auth=("public", "secret")).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base_url}/integrations")


def test_a_server_in_a_thread_ends_when_its_block_fails():
    with pytest.raises(ZeroDivisionError), serve_in_thread(SimulatedSendcloud()) as base_url:
        _ = 1 / 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base_url}/integrations")


def test_a_port_that_is_taken_fails_where_the_server_was_asked_for():
    with (
        serve_in_thread(SimulatedSendcloud()) as base_url,
        pytest.raises(OSError, match="in use"),
        serve_in_thread(SimulatedSendcloud(), port=httpx.URL(base_url).port or 0),
    ):
        pass


async def _count(client: SendcloudIntegrations) -> int:
    return len(await client.integrations.list())


class TestInAProjectOfAUser:
    """In a process of its own, with nothing of this suite's settings."""

    def test_the_fixtures_are_there_without_being_asked_for(self, pytester):
        pytester.makeini(
            """
            [pytest]
            asyncio_mode = auto
            asyncio_default_fixture_loop_scope = function
            filterwarnings = error
            addopts = --strict-markers
            """
        )
        pytester.makepyfile(
            """
            import pytest
            from sendcloud_integrations_client import NotFoundError

            @pytest.mark.sendcloud(integrations=1)
            async def test_async(sendcloud, sendcloud_client):
                with pytest.raises(NotFoundError):
                    await sendcloud_client.integrations.retrieve(2)
                assert [request.path for request in sendcloud.requests] == ["/api/v3/integrations/2"]

            def test_blocking(sendcloud_server):
                assert sendcloud_server.startswith("http://127.0.0.1:")

            @pytest.mark.anyio
            @pytest.mark.parametrize("anyio_backend", ["asyncio"])
            async def test_with_the_plugin_of_anyio(sendcloud_client, anyio_backend):
                assert len(await sendcloud_client.integrations.list()) == 10
            """
        )
        pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)

    def test_a_project_that_uses_none_of_them_loads_nothing(self, pytester):
        pytester.makeconftest("import sys\nsys.modules['uvicorn'] = None\n")
        pytester.makepyfile(
            """
            import sys

            def test_of_something_else():
                loaded = [name for name in sys.modules if name.startswith("sendcloud_integrations_client.")]
                assert loaded == ["sendcloud_integrations_client.pytest_plugin"]
            """
        )
        pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)

    def test_without_the_extra_the_error_names_it(self, pytester):
        pytester.makeconftest("import sys\nsys.modules['uvicorn'] = None\n")
        pytester.makepyfile("def test_something(sendcloud):\n    pass\n")
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*sendcloud-integrations-client[[]testing[]]*"])

    def test_the_marker_is_told_of(self, pytester):
        result = pytester.runpytest_subprocess("--markers", "-p", "no:cacheprovider")
        result.stdout.fnmatch_lines(["@pytest.mark.sendcloud(*)*"])
