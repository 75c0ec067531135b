"""pytest fixtures that provide a simulated Sendcloud per test. Installing the package makes them available.

    async def test_my_code_handles_an_outage(sendcloud, sendcloud_client):
        sendcloud.fail_next("list_logs", status=503)
        await my_code(sendcloud_client)
        assert sendcloud.requests[-1].operation == "list_logs"

The marker `sendcloud` takes the options of `SimulatedSendcloud`: `@pytest.mark.sendcloud(integrations=3, logs=50)`.
The fixtures require the extra `testing`. If no test uses them, nothing else is imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sendcloud_integrations_client import SendcloudIntegrations
    from sendcloud_integrations_client.testing import SimulatedSendcloud

__all__ = ["pytest_configure", "sendcloud", "sendcloud_client", "sendcloud_server"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker `sendcloud`."""
    config.addinivalue_line(
        "markers", "sendcloud(**options): options of the simulated Sendcloud of a test, such as logs=50"
    )


@pytest.fixture
def sendcloud(request: pytest.FixtureRequest) -> SimulatedSendcloud:
    """The simulated Sendcloud of this test: 10 integrations and 1,000 logs, unless the marker sets other options.

    Use it to arrange data (`set_integration`, `add_integration`, `add_log`, `add_account`), simulate faults
    (`fail_next`, `delay`, `cut_next`, `reset_next`), advance the clock (`clock.advance`), and inspect received requests
    (`requests`). `sendcloud_client` and `sendcloud_server` connect to it.
    """
    from sendcloud_integrations_client.testing import SimulatedSendcloud

    marker = request.node.get_closest_marker("sendcloud")
    return SimulatedSendcloud(**marker.kwargs) if marker else SimulatedSendcloud()


@pytest.fixture
def sendcloud_server(sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Base URL of an HTTP server on a loopback port that serves `sendcloud`.

    The server runs in a separate thread, so the test can block its event loop. During the test, environment variables
    configure `SendcloudIntegrations()` to connect to this server.
    """
    from sendcloud_integrations_client.testing import serve_in_thread

    with serve_in_thread(sendcloud) as base_url:
        for name, value in sendcloud.get_environment(base_url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("SENDCLOUD_CLIENT_ID", raising=False)
        monkeypatch.delenv("SENDCLOUD_CLIENT_SECRET", raising=False)
        yield base_url


@pytest.fixture
def sendcloud_client(sendcloud: SimulatedSendcloud) -> Iterator[SendcloudIntegrations]:
    """A client that is connected to `sendcloud` in process, without a socket. It is closed after the test.

    It retries with short delays and has no client-side rate limits. It works in any event loop: with pytest-asyncio,
    with the anyio plugin, and in tests that call `asyncio.run`.
    """
    import httpx

    from sendcloud_integrations_client import BasicAuth, RetryPolicy, SendcloudIntegrations

    client = SendcloudIntegrations(
        auth=BasicAuth(sendcloud.credentials.public_key, sendcloud.credentials.secret_key),
        base_url="https://panel.sendcloud.sc/api/v3",
        retries=RetryPolicy(base_delay=0.01),
        rate_limits=None,
        transport=httpx.ASGITransport(sendcloud),
    )
    yield client
    # A separate event loop, because the loop of the test may be closed, and asyncio.run would reset the current loop.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(client.aclose())
    finally:
        loop.close()
