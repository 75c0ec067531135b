"""Local variables in tracebacks, as error trackers print them, contain no credentials."""

from __future__ import annotations

import base64
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from sendcloud_integrations_client import (
    APIConnectionError,
    BasicAuth,
    ConfigurationError,
    OAuth2ClientCredentials,
    SendcloudIntegrations,
    TransportName,
)
from sendcloud_integrations_client.auth import Credentials
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

# Joined from parts, so that source lines of this file in a traceback do not contain it.
SECRET = "-".join(("not", "for", "your", "eyes"))
BASIC = base64.b64encode(f"public:{SECRET}".encode()).decode()


def format_with_locals(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def find_closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def create_basic_auth(_base_url: str) -> Credentials:
    return BasicAuth("public", SECRET)


def create_oauth2(base_url: str) -> Credentials:
    return OAuth2ClientCredentials("public", SECRET, token_url=base_url)


@pytest.mark.parametrize("transport", ["httpcore2", "aiohttp"])
@pytest.mark.parametrize("create_auth", [create_basic_auth, create_oauth2])
async def test_failed_connection_shows_no_credentials(
    transport: TransportName, create_auth: Callable[[str], Credentials]
) -> None:
    url = f"http://127.0.0.1:{find_closed_port()}/api/v3"

    async with SendcloudIntegrations(auth=create_auth(url), base_url=url, transport=transport, retries=None) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.list()

    text = format_with_locals(caught.value)
    assert "self = " in text
    assert SECRET not in text
    assert BASIC not in text


@pytest.mark.parametrize("transport", ["httpcore2", "aiohttp"])
@pytest.mark.parametrize("fault", ["cut", "reset", "late"])
async def test_broken_response_shows_no_credentials(transport: TransportName, fault: str) -> None:
    sendcloud = SimulatedSendcloud(public_key="public", secret_key=SECRET)
    {
        "cut": lambda: sendcloud.cut_next("list_integrations"),
        "reset": lambda: sendcloud.reset_next("list_integrations"),
        "late": lambda: sendcloud.delay("list_integrations", 1.0),
    }[fault]()

    async with (
        serve(sendcloud) as url,
        SendcloudIntegrations(
            auth=BasicAuth("public", SECRET), base_url=url, transport=transport, retries=None, timeout=0.2
        ) as client,
    ):
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.list()

        text = format_with_locals(caught.value)
    assert SECRET not in text
    assert BASIC not in text


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://shop.example"},
        {"base_url": "http://127.0.0.1:99999"},
        {"transport": "carrier pigeon"},
        {"auth": ("public", "a pair as in httpx")},
        {"timeout": None},
        {"timeout": "5"},
        {"retries": 5},
        {"rate_limits": 17},
    ],
)
def test_invalid_option_raises_an_error_that_names_it(options: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"auth": BasicAuth("public", SECRET), "base_url": "http://127.0.0.1:1"} | options

    with pytest.raises(ConfigurationError, match=next(iter(options))) as caught:
        SendcloudIntegrations(**arguments)

    # The partly initialized client is a local variable, so its repr must work.
    assert "self = " in format_with_locals(caught.value)
    assert SECRET not in format_with_locals(caught.value)


def test_invalid_option_of_a_view_raises_an_error_that_names_it() -> None:
    client = SendcloudIntegrations(auth=BasicAuth("public", SECRET), base_url="http://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match=r"Invalid retries: must be RetryPolicy\(…\) or None, not int"):
        client.with_options(retries=5)  # type: ignore[arg-type]
