"""HTTP Basic credentials, and what all credentials have in common: validation, budget key and repr."""

from __future__ import annotations

import base64

import httpx
import pytest

from sendcloud_integrations_client.auth import AccessToken, BasicAuth, OAuth2ClientCredentials, OriginGuard
from sendcloud_integrations_client.errors import ConfigurationError
from tests.support.error_text import get_secret_spellings, render_error
from tests.support.token_server import API_URL, TokenServer, build_client, build_oauth2


@pytest.fixture
def server() -> TokenServer:
    return TokenServer()


async def test_basic_auth_sends_public_key_and_secret_key(server: TokenServer) -> None:
    async with build_client(server, BasicAuth("public", "sécret:x")) as http:
        await http.get("/integrations")
    assert server.tokens == ["Basic " + base64.b64encode("public:sécret:x".encode()).decode()]


async def test_basic_auth_returns_a_401_response_without_a_retry(server: TokenServer) -> None:
    server.accepted_tokens = set()
    async with build_client(server, BasicAuth("public", "secret")) as http:
        assert (await http.get("/integrations")).status_code == 401
    assert len(server.api_requests) == 1


INVALID_VALUES = ["", "   ", None, 7, b"key", "key\n", "key\x00", "key\x7f", "\ufeffkey", "key\udcff"]


@pytest.mark.parametrize("invalid", INVALID_VALUES)
@pytest.mark.parametrize("credentials_class", [BasicAuth, OAuth2ClientCredentials])
@pytest.mark.parametrize("position", [0, 1])
def test_invalid_credentials_raise_an_error_that_does_not_show_them(credentials_class, position, invalid) -> None:
    values = ["good-one-1", "good-one-2"]
    values[position] = invalid
    with pytest.raises(ConfigurationError) as caught:
        credentials_class(*values)
    names = ("public_key", "secret_key") if credentials_class is BasicAuth else ("client_id", "client_secret")
    assert str(caught.value).startswith(f"Invalid {names[position]}: ")
    assert "good" not in str(caught.value)
    assert "key\n" not in str(caught.value)


def test_public_key_with_a_colon_raises_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="public_key: must not contain"):
        BasicAuth("pub:lic", "secret")


@pytest.mark.parametrize("auth", [BasicAuth("public", "secret"), build_oauth2()])
def test_sync_httpx_client_raises_configuration_error(auth) -> None:
    for credentials in (auth, OriginGuard(auth, httpx.URL(API_URL))):
        with (
            httpx.Client(auth=credentials, transport=httpx.MockTransport(lambda _: httpx.Response(200))) as http,
            pytest.raises(ConfigurationError, match=r"httpx\.AsyncClient"),
        ):
            http.get(API_URL)


def test_budget_key_is_equal_for_equal_ids_only_and_contains_no_id() -> None:
    keys = {
        BasicAuth("one", "x").budget_key,
        BasicAuth("two", "x").budget_key,
        OAuth2ClientCredentials("one", "x").budget_key,
        OAuth2ClientCredentials("two", "x").budget_key,
    }
    assert len(keys) == 4
    assert BasicAuth("one", "y").budget_key in keys
    assert build_oauth2(scope="other").budget_key == build_oauth2().budget_key
    guard = OriginGuard(build_oauth2(), httpx.URL(API_URL))
    assert guard.budget_key == build_oauth2().budget_key
    assert "client-id" not in guard.budget_key


def test_repr_and_str_contain_no_secret() -> None:
    long_id, secret = "abcdefghijkl", "top-secret-value"
    for auth in (BasicAuth(long_id, secret), OAuth2ClientCredentials(long_id, secret)):
        guard = OriginGuard(auth, httpx.URL(API_URL))
        for text in (repr(auth), str(auth), repr(guard), repr(vars(auth)), f"{auth.budget_key}"):
            assert secret not in text
            assert long_id not in text
            assert get_secret_spellings(secret, long_id)[2] not in text
        assert type(auth).__name__ in repr(auth)
        assert "abcd" in repr(auth)
    assert "value" not in repr(AccessToken("value-of-token", 1.0)).replace("AccessToken", "")


def test_error_about_one_credential_shows_neither_credential() -> None:
    secret = "top-secret-value"  # a variable, because a traceback quotes the source of the calls below
    for credentials_class in (BasicAuth, OAuth2ClientCredentials):
        with pytest.raises(ConfigurationError) as caught:
            credentials_class("public-id\n", secret)
        assert secret not in render_error(caught.value)
        with pytest.raises(ConfigurationError) as caught:
            credentials_class("public-id", f"{secret}\n")
        assert secret not in render_error(caught.value)
