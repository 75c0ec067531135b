"""Credentials of other APIs: bearer tokens, API keys in a header or the query, and none."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sendcloud_integrations_client.auth.api_keys import APIKeyAuth, BearerAuth, NoAuth
from sendcloud_integrations_client.auth.credentials import Credentials
from sendcloud_integrations_client.auth.security_schemes import SecurityScheme
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.runtime.operations import SECRETS_EXTENSION

KEY = "s3cret key"
HEADER = SecurityScheme("api_key", "X-Key")
QUERY = SecurityScheme("api_key", "api key", "query")
BEARER = SecurityScheme("bearer", "X-Key")


class RecordingTransport(httpx.AsyncBaseTransport):
    """Responds with 200 and records the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return httpx.Response(200)

    async def aclose(self) -> None:
        self.is_closed = True


async def send(auth: Credentials, *, with_auth: bool = True) -> tuple[httpx.Request, httpx.Request]:
    """Send a request; return it as httpx knows it, and as the server receives it."""
    transport = RecordingTransport()
    async with httpx.AsyncClient(transport=auth.wrap_transport(transport), auth=auth) as http:
        options: Any = {} if with_auth else {"auth": None}
        response = await http.post("https://x.example/a?b=c", content=b"body", headers={"X-Other": "d"}, **options)
    assert transport.is_closed
    (received,) = transport.requests
    assert (received.method, received.content, received.headers["X-Other"]) == ("POST", b"body", "d")
    return response.request, received


async def test_bearer_token_is_sent_in_the_authorization_header() -> None:
    auth = BearerAuth("token")
    _, received = await send(auth)
    assert received.headers["Authorization"] == "Bearer token"
    assert auth.budget_key == BearerAuth("token").budget_key != BearerAuth("other").budget_key
    assert repr(auth) == "BearerAuth(…)"


async def test_no_credentials_send_the_request_unchanged() -> None:
    _, received = await send(NoAuth())
    assert "Authorization" not in received.headers
    assert NoAuth().budget_key == NoAuth().budget_key
    assert repr(NoAuth()) == "NoAuth()"


async def test_key_is_added_to_a_header_below_httpx() -> None:
    auth = APIKeyAuth(KEY).bind([BEARER, HEADER, QUERY])
    sent, received = await send(auth)
    assert received.headers["X-Key"] == KEY
    assert str(received.url) == "https://x.example/a?b=c"
    assert "X-Key" not in sent.headers
    assert [reveal() for reveal in sent.extensions[SECRETS_EXTENSION]] == [KEY]
    assert repr(auth) == repr(APIKeyAuth(KEY)) == "APIKeyAuth(…)"
    assert auth.budget_key == APIKeyAuth(KEY).budget_key != APIKeyAuth("other").budget_key


async def test_key_is_added_to_the_query_below_httpx() -> None:
    sent, received = await send(APIKeyAuth(KEY).bind([QUERY, HEADER]))
    assert dict(received.url.params) == {"b": "c", "api key": KEY}
    assert "X-Key" not in received.headers
    assert str(sent.url) == "https://x.example/a?b=c"


async def test_request_that_did_not_pass_the_credentials_gets_no_key() -> None:
    _, received = await send(APIKeyAuth(KEY).bind([HEADER]), with_auth=False)
    assert "X-Key" not in received.headers


async def test_name_selects_one_of_several_keys() -> None:
    _, received = await send(APIKeyAuth(KEY, name="api key").bind([HEADER, QUERY]))
    assert received.url.params["api key"] == KEY
    _, received = await send(APIKeyAuth(KEY, name="X-Own").bind([]))
    assert received.headers["X-Own"] == KEY


@pytest.mark.parametrize(
    ("name", "schemes", "message"),
    [
        ("X-Other", [HEADER, QUERY], "Invalid auth: the API has no API key named X-Other."),
        ("X-Key", [BEARER], "Invalid auth: the API has no API key named X-Key."),
        (
            None,
            [BEARER],
            "Invalid auth: the OpenAPI document declares no API key. Pass the name of the header as name=.",
        ),
        (None, [], "Invalid auth: the OpenAPI document declares no API key. Pass the name of the header as name=."),
    ],
)
def test_key_that_fits_no_scheme_raises(name: str | None, schemes: list[SecurityScheme], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        APIKeyAuth(KEY, name=name).bind(schemes)
    assert str(caught.value) == message


@pytest.mark.parametrize("key", [" key", "key ", "kéy"])
def test_key_that_a_header_cannot_carry_raises(key: str) -> None:
    with pytest.raises(ConfigurationError, match="Invalid key: must be ASCII text without spaces at its ends"):
        APIKeyAuth(key)
    with pytest.raises(ConfigurationError, match="Invalid token: must be ASCII text without spaces at its ends"):
        BearerAuth(key)
