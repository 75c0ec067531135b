"""Locals of a traceback, as error trackers print them, hold no credentials: with either transport, whatever fails."""

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

# In two parts, so that the lines of this file that a traceback shows hold none.
SECRET = "-".join(("not", "for", "your", "eyes"))
BASIC = base64.b64encode(f"public:{SECRET}".encode()).decode()


def with_locals(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def basic(_base_url: str) -> Credentials:
    return BasicAuth("public", SECRET)


def oauth2(base_url: str) -> Credentials:
    return OAuth2ClientCredentials("public", SECRET, token_url=base_url)


@pytest.mark.parametrize("transport", ["httpcore2", "aiohttp"])
@pytest.mark.parametrize("auth", [basic, oauth2])
async def test_no_connection(transport: TransportName, auth: Callable[[str], Credentials]) -> None:
    url = f"http://127.0.0.1:{closed_port()}/api/v3"

    async with SendcloudIntegrations(auth=auth(url), base_url=url, transport=transport, retries=None) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.list()

    shown = with_locals(caught.value)
    assert "self = " in shown
    assert SECRET not in shown
    assert BASIC not in shown


@pytest.mark.parametrize("transport", ["httpcore2", "aiohttp"])
@pytest.mark.parametrize("fault", ["cut", "reset", "late"])
async def test_a_broken_answer(transport: TransportName, fault: str) -> None:
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

        shown = with_locals(caught.value)
    assert SECRET not in shown
    assert BASIC not in shown


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://shop.example"},
        {"base_url": "http://127.0.0.1:99999"},
        {"transport": "carrier pigeon"},
        {"auth": ("public", "as httpx takes them")},
        {"timeout": None},
        {"timeout": "5"},
        {"retries": 5},
        {"rate_limits": 17},
    ],
)
def test_a_client_that_is_refused_is_refused_in_words(options: dict[str, Any]) -> None:
    given: dict[str, Any] = {"auth": BasicAuth("public", SECRET), "base_url": "http://127.0.0.1:1"} | options

    with pytest.raises(ConfigurationError, match=next(iter(options))) as caught:
        SendcloudIntegrations(**given)

    # The half-made client is among the locals: it has to have a repr.
    assert "self = " in with_locals(caught.value)
    assert SECRET not in with_locals(caught.value)


def test_a_view_of_a_client_is_refused_in_words_too() -> None:
    client = SendcloudIntegrations(auth=BasicAuth("public", SECRET), base_url="http://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match=r"retries must be RetryPolicy\(…\) or None, not int"):
        client.with_options(retries=5)  # type: ignore[arg-type]
