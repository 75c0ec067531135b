"""Credentials are sent to the API's origin only, and base URLs are validated."""

from __future__ import annotations

import httpx
import pytest

from sendcloud_integrations_client.auth import BasicAuth, OriginGuard, validate_base_url
from sendcloud_integrations_client.errors import ConfigurationError
from tests.support.token_server import API_URL, TOKEN_URL, TokenServer, build_client, build_oauth2


@pytest.fixture
def server() -> TokenServer:
    return TokenServer()


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/api/v3",
        "http://panel.sendcloud.sc/api/v3",
        "https://panel.sendcloud.sc:8443/api/v3",
        "https://panel.sendcloud.sc.evil.example/",
        "https://panel.sendcloud.sc@evil.example/",
        TOKEN_URL,
    ],
)
@pytest.mark.parametrize("auth", [BasicAuth("public", "secret"), build_oauth2()])
async def test_request_to_another_origin_raises_before_anything_is_sent(auth, url, server: TokenServer) -> None:
    async with build_client(server, auth) as http:
        with pytest.raises(ConfigurationError, match="rejected"):
            await http.get(url)
    assert server.api_requests == []
    assert server.token_requests == []


@pytest.mark.parametrize("url", ["/integrations", API_URL, "https://PANEL.sendcloud.sc:443/elsewhere"])
async def test_request_to_the_origin_of_the_base_url_is_sent(server: TokenServer, url: str) -> None:
    async with build_client(server, build_oauth2()) as http:
        assert (await http.get(url)).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://panel.sendcloud.sc/api/v3",
        "https://panel.sendcloud.sc/api/v3/",
        "https://example.com:8443",
        "http://localhost:8000/x",
        "http://127.0.0.1:1",
        "http://127.9.8.7",
        "http://[::1]:8000/api",
    ],
)
def test_validate_base_url_returns_valid_urls_unchanged(url: str) -> None:
    assert str(validate_base_url(url)) == str(validate_base_url(httpx.URL(url))) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://panel.sendcloud.sc/api/v3",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "http://127.1",
    ],
)
def test_http_url_beyond_loopback_requires_allow_insecure_http(url: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_insecure_http=True"):
        validate_base_url(url)
    assert str(validate_base_url(url, allow_insecure_http=True)) == url
    with pytest.raises(ConfigurationError, match="token_url"):
        build_oauth2(token_url=url)
    assert url in repr(build_oauth2(token_url=url, allow_insecure_http=True))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "panel.sendcloud.sc",
        "/api/v3",
        "//panel.sendcloud.sc",
        "https://",
        "https:///api",
        "ftp://panel.sendcloud.sc",
        "file:///etc/passwd",
        "https://user:hunter2@panel.sendcloud.sc",
        "https://user@panel.sendcloud.sc",
        "https://u:hunter2:x@[panel",
        "https://host:hunter2",
        "https://panel.sendcloud.sc?key=hunter2",
        "https://panel.sendcloud.sc/?",
        "https://panel.sendcloud.sc/#hunter2",
        "https://hunter2\n",
        "https://\udcffhunter2",
        7,
        None,
        b"https://panel.sendcloud.sc",
    ],
)
def test_invalid_base_url_raises_an_error_that_does_not_show_it(url) -> None:
    for allow_insecure_http in (False, True):
        with pytest.raises(ConfigurationError, match=r"^Invalid base_url: must") as caught:
            validate_base_url(url, allow_insecure_http=allow_insecure_http)
        assert "hunter2" not in str(caught.value)


async def test_redirect_does_not_send_credentials_to_another_origin(httpx_mock) -> None:
    httpx_mock.add_response(
        url=f"{API_URL}/integrations", status_code=302, headers={"Location": "https://evil.example/"}
    )
    async with httpx.AsyncClient(auth=OriginGuard(BasicAuth("public", "secret"), httpx.URL(API_URL))) as http:
        assert (await http.get(f"{API_URL}/integrations")).status_code == 302
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://x.example", "Invalid base_url: must be an absolute https:// URL."),
        ("https://x.example:65536", "Invalid base_url: port 65536 is above the maximum of 65535."),
        ("https://x.example/?", "Invalid base_url: must not contain a user name, password, query or fragment."),
        ("https://u@x.example", "Invalid base_url: must not contain a user name, password, query or fragment."),
        ("https://x.example/#a", "Invalid base_url: must not contain a user name, password, query or fragment."),
        (
            "http://x.example",
            "Invalid base_url: http://x.example would send credentials unencrypted. Use https://, or pass "
            "allow_insecure_http=True.",
        ),
    ],
)
def test_error_about_a_base_url_names_the_problem(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        validate_base_url(url)
    assert str(caught.value) == message


def test_highest_port_is_accepted() -> None:
    assert validate_base_url("https://x.example:65535").port == 65535


async def test_error_about_another_origin_names_both() -> None:
    guard = OriginGuard(BasicAuth("public", "secret"), httpx.URL("https://x.example:444/api"))
    with pytest.raises(ConfigurationError) as caught:
        guard.async_auth_flow(httpx.Request("GET", "https://y.example/api"))
    assert str(caught.value) == (
        "Request to https://y.example rejected: credentials are sent to https://x.example:444 only. No request was "
        "sent."
    )
    assert repr(guard) == "OriginGuard(BasicAuth(public_key='publ…'), 'https://x.example:444')"
