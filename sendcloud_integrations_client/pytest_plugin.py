"""Fixtures for pytest: a simulated Sendcloud for each test. They are there as soon as the package is installed.

    async def test_what_my_code_does(sendcloud, sendcloud_client):
        sendcloud.fail_next("list_logs", status=503)
        await my_code(sendcloud_client)
        assert sendcloud.requests[-1].operation == "list_logs"

The marker `sendcloud` takes the options of `SimulatedSendcloud`: `@pytest.mark.sendcloud(integrations=3, logs=50)`.
Needs the extra `testing`; a project that uses none of the fixtures needs nothing and loads nothing.
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
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "sendcloud(**options): what the simulated Sendcloud of a test is made with, such as logs=50"
    )


@pytest.fixture
def sendcloud(request: pytest.FixtureRequest) -> SimulatedSendcloud:
    """The simulated Sendcloud of this test: 10 integrations and 1,000 logs, unless the marker says otherwise.

    Ask it for faults (`fail_next`, `delay`, `cut_next`, `reset_next`), put its clock forward (`clock.advance`), and
    look at the requests that it got (`requests`). It answers through `sendcloud_client` and `sendcloud_server`.
    """
    from sendcloud_integrations_client.testing import SimulatedSendcloud

    marker = request.node.get_closest_marker("sendcloud")
    return SimulatedSendcloud(**marker.kwargs) if marker else SimulatedSendcloud()


@pytest.fixture
def sendcloud_server(sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The base URL of a real server on a loopback port that answers as `sendcloud`.

    It runs in a thread of its own, so that a test may block. While the test runs the environment leads to it:
    `SendcloudIntegrations()` connects there.
    """
    from sendcloud_integrations_client.testing import serve_in_thread

    with serve_in_thread(sendcloud) as base_url:
        monkeypatch.setenv("SENDCLOUD_BASE_URL", base_url)
        monkeypatch.setenv("SENDCLOUD_PUBLIC_KEY", sendcloud.credentials.public_key)
        monkeypatch.setenv("SENDCLOUD_SECRET_KEY", sendcloud.credentials.secret_key)
        monkeypatch.setenv("SENDCLOUD_TOKEN_URL", base_url.removesuffix("/api/v3") + "/oauth2/token")
        monkeypatch.delenv("SENDCLOUD_CLIENT_ID", raising=False)
        monkeypatch.delenv("SENDCLOUD_CLIENT_SECRET", raising=False)
        yield base_url


@pytest.fixture
def sendcloud_client(sendcloud: SimulatedSendcloud) -> Iterator[SendcloudIntegrations]:
    """A client of `sendcloud`, in process and without a socket, closed after the test.

    It retries without waiting long, and keeps to no limits of its own. It can be used in any event loop, so that this
    works with pytest-asyncio, with anyio's plugin, and in a test that calls `asyncio.run`.
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
    # A loop of its own, which is nobody's current one: the test's may be closed, and asyncio.run would take it away.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(client.aclose())
    finally:
        loop.close()
