"""pytest fixtures of the extra `testing`."""

from __future__ import annotations

import asyncio
import re

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
from tests.support.paths import ROOT

SCOPE = "asyncio_default_fixture_loop_scope=function"


async def test_sendcloud_client_connects_to_the_sendcloud_fixture(sendcloud, sendcloud_client):
    assert len(await sendcloud_client.integrations.list()) == 10
    assert len([log async for log in sendcloud_client.logs.list(page_size=100)]) == 1000
    assert [request.operation for request in sendcloud.requests] == ["list_integrations", *["list_logs"] * 10]


@pytest.mark.sendcloud(scenario="healthy")
async def test_sendcloud_fixture_can_be_arranged(sendcloud, sendcloud_client):
    added = sendcloud.add_integration(shop_name="Tulip Bikes", failing_since="2026-05-04T12:00:00Z")
    log_id = sendcloud.add_log(added, exception="Read timed out", response_code=504)
    failing = [one.shop_name for one in await sendcloud_client.integrations.list() if one.started_failing_at]
    assert failing == ["Tulip Bikes"]
    (log,) = await sendcloud_client.logs.list(integration_id=added)
    assert (log.id, log.exception, log.response_code) == (log_id, "Read timed out", 504)


@pytest.mark.sendcloud(scenario="expired_credentials")
async def test_expired_credentials_raise_authentication_error(sendcloud, sendcloud_client):
    with pytest.raises(AuthenticationError):
        await sendcloud_client.integrations.list()
    sendcloud.accept_credentials()
    assert len(await sendcloud_client.integrations.list()) == 10


@pytest.mark.sendcloud(integrations=2, logs=3, secret_key="of this test")
async def test_marker_sets_the_options_of_the_simulated_sendcloud(sendcloud_client):
    assert len(await sendcloud_client.integrations.list()) == 2
    assert len([log async for log in sendcloud_client.logs.list()]) == 3


async def test_sendcloud_client_retries(sendcloud, sendcloud_client):
    sendcloud.fail_next("list_integrations", status=503, count=2)
    assert len(await sendcloud_client.integrations.list()) == 10
    assert len(sendcloud.requests) == 3


def test_sendcloud_client_works_with_asyncio_run(sendcloud_client):
    assert asyncio.run(count_integrations(sendcloud_client)) == 10
    assert asyncio.run(count_integrations(sendcloud_client)) == 10


def test_sendcloud_server_responds_to_a_blocking_test(sendcloud, sendcloud_server):
    response = httpx.get(f"{sendcloud_server}/integrations", auth=("public", "secret"))
    assert len(response.json()["data"]) == 10
    sendcloud.fail_next("list_integrations", status=503)
    assert httpx.get(f"{sendcloud_server}/integrations", auth=("public", "secret")).status_code == 503
    assert [request.operation for request in sendcloud.requests] == ["list_integrations"] * 2


@pytest.mark.sendcloud(public_key="another key", secret_key="of this test", integrations=4)
async def test_sendcloud_server_sets_basic_credentials_in_the_environment(sendcloud_server, monkeypatch):
    async with SendcloudIntegrations() as client:
        assert len(await client.integrations.list()) == 4


async def test_sendcloud_server_sets_the_token_url_in_the_environment(sendcloud, sendcloud_server, monkeypatch):
    for name in ("SENDCLOUD_PUBLIC_KEY", "SENDCLOUD_SECRET_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("SENDCLOUD_CLIENT_ID", sendcloud.credentials.client_id)
    monkeypatch.setenv("SENDCLOUD_CLIENT_SECRET", sendcloud.credentials.client_secret)
    async with SendcloudIntegrations() as client:
        assert len(await client.integrations.list()) == 10
    assert [request.operation for request in sendcloud.requests] == ["token", "list_integrations"]


async def test_sendcloud_server_removes_oauth2_credentials_from_the_environment(monkeypatch, request):
    monkeypatch.setenv("SENDCLOUD_CLIENT_ID", "from the shell")
    monkeypatch.setenv("SENDCLOUD_CLIENT_SECRET", "from the shell")
    request.getfixturevalue("sendcloud_server")
    async with SendcloudIntegrations() as client:
        assert len(await client.integrations.list()) == 10


async def test_sendcloud_server_responds_while_the_event_loop_is_blocked(sendcloud_server):
    # The blocking call is intentional: a server in this event loop could not respond.
    response = httpx.get(f"{sendcloud_server}/integrations", auth=("public", "secret"), timeout=10)  # noqa: ASYNC210
    assert response.status_code == 200


async def test_advancing_the_clock_expires_tokens(sendcloud):
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


@pytest.mark.sendcloud(limits=SimulatedLimits(reads_per_minute=2))
async def test_advancing_the_clock_ends_a_rate_limit(sendcloud):
    async with SendcloudIntegrations(
        auth=BasicAuth("public", "secret"),
        base_url="https://panel.sendcloud.sc/api/v3",
        retries=None,
        rate_limits=None,
        transport=httpx.ASGITransport(sendcloud),
    ) as client:
        await client.integrations.list()
        await client.integrations.list()
        with pytest.raises(RateLimitError) as raised:
            await client.integrations.list()
        assert raised.value.retry_after == 60
        sendcloud.clock.advance(59)
        with pytest.raises(RateLimitError):
            await client.integrations.list()
        sendcloud.clock.advance(1)
        assert len(await client.integrations.list()) == 10


@pytest.mark.sendcloud(logs=0)
async def test_advancing_the_clock_advances_timestamps(sendcloud, sendcloud_client):
    before = await sendcloud_client.logs.create(1, base_url="https://shop.example")
    sendcloud.clock.advance(86_400)
    after = await sendcloud_client.logs.create(1, base_url="https://shop.example")
    assert 86_400 <= (after.created_at - before.created_at).total_seconds() < 86_460


def test_clock_cannot_go_backwards(sendcloud):
    with pytest.raises(ValueError, match="cannot go backwards"):
        sendcloud.clock.advance(-1)


def test_credentials_are_available_and_hidden_in_repr(sendcloud):
    assert sendcloud.credentials.public_key == "public"
    assert "secret" not in repr(sendcloud.credentials).replace("secret_key", "").replace("client_secret", "")


async def test_wrong_credentials_are_rejected_in_process(sendcloud):
    async with SendcloudIntegrations(
        auth=BasicAuth("public", "wrong"),
        base_url="https://panel.sendcloud.sc/api/v3",
        retries=RetryPolicy(base_delay=0.01),
        transport=httpx.ASGITransport(sendcloud),
    ) as client:
        with pytest.raises(AuthenticationError):
            await client.integrations.list()


def test_serve_in_thread_stops_at_the_end_of_its_block():
    with serve_in_thread(SimulatedSendcloud()) as base_url:
        assert httpx.get(f"{base_url}/integrations", auth=("public", "secret")).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base_url}/integrations")


def test_serve_in_thread_stops_if_its_block_raises():
    with pytest.raises(ZeroDivisionError), serve_in_thread(SimulatedSendcloud()) as base_url:
        _ = 1 / 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base_url}/integrations")


def test_serve_in_thread_raises_in_the_caller_if_the_port_is_in_use():
    with (
        serve_in_thread(SimulatedSendcloud()) as base_url,
        pytest.raises(OSError, match="in use"),
        serve_in_thread(SimulatedSendcloud(), port=httpx.URL(base_url).port or 0),
    ):
        pass


async def count_integrations(client: SendcloudIntegrations) -> int:
    return len(await client.integrations.list())


def run_pytest(pytester):
    options = ("-p", "no:cacheprovider", "-W", "error", "--strict-markers", "-o", SCOPE)
    return pytester.runpytest_subprocess(*options)


class TestUserProject:
    """Runs pytest in a separate process, without the settings of this test suite."""

    @pytest.mark.long
    def test_fixtures_are_available_without_configuration(self, pytester):
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
            async def test_with_the_anyio_plugin(sendcloud_client, anyio_backend):
                assert len(await sendcloud_client.integrations.list()) == 10
            """
        )
        pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)

    @pytest.mark.long
    def test_first_test_of_the_guide_fails_for_the_right_reason_and_then_passes(self, pytester):
        guide = (ROOT / "docs" / "testing.md").read_text()
        [code] = re.findall(r"^## Write a first test\n.*?^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
        body = code.index("    integrations = await"), code.index("\n\n\n@pytest")
        pytester.makepyfile(code[: body[0]] + "    return []" + code[body[1] :])
        result = run_pytest(pytester)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*AssertionError: assert [[]] == [[]'Tulip Bikes']"])
        assert "assert [] == ['Tulip Bikes']" in guide
        pytester.makepyfile(code)
        run_pytest(pytester).assert_outcomes(passed=1)

    @pytest.mark.long
    def test_unused_fixtures_import_nothing(self, pytester):
        pytester.makeconftest("import sys\nsys.modules['uvicorn'] = None\n")
        pytester.makepyfile(
            """
            import sys

            def test_unrelated():
                loaded = [name for name in sys.modules if name.startswith("sendcloud_integrations_client.")]
                assert loaded == ["sendcloud_integrations_client.pytest_plugin"]
            """
        )
        pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)

    @pytest.mark.long
    def test_import_error_names_the_missing_extra(self, pytester):
        pytester.makeconftest("import sys\nsys.modules['uvicorn'] = None\n")
        pytester.makepyfile("def test_something(sendcloud):\n    pass\n")
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*sendcloud-integrations-client[[]testing[]]*"])

    @pytest.mark.long
    def test_marker_is_listed(self, pytester):
        result = pytester.runpytest_subprocess("--markers", "-p", "no:cacheprovider")
        result.stdout.fnmatch_lines(["@pytest.mark.sendcloud(*)*"])
