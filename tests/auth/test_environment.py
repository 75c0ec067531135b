"""`auth_from_environment`: credentials from environment variables."""

from __future__ import annotations

import itertools

import pytest

from sendcloud_integrations_client.auth import BasicAuth, OAuth2ClientCredentials, auth_from_environment
from sendcloud_integrations_client.errors import ConfigurationError
from tests.support.error_text import render_error
from tests.support.token_server import get_first_authorization

VARIABLES = {
    "SENDCLOUD_PUBLIC_KEY": "public-key-of-shop",
    "SENDCLOUD_SECRET_KEY": "basic-secret-value",
    "SENDCLOUD_CLIENT_ID": "client-id-of-shop",
    "SENDCLOUD_CLIENT_SECRET": "oauth-secret-value",
}
BASIC_NAMES = ("SENDCLOUD_PUBLIC_KEY", "SENDCLOUD_SECRET_KEY")
OAUTH2_NAMES = ("SENDCLOUD_CLIENT_ID", "SENDCLOUD_CLIENT_SECRET")


def select_variables(*names: str) -> dict[str, str]:
    return {name: VARIABLES[name] for name in names}


async def test_public_and_secret_key_create_basic_auth() -> None:
    auth = auth_from_environment(select_variables(*BASIC_NAMES) | {"SENDCLOUD_CLIENT_ID": ""})
    assert isinstance(auth, BasicAuth)
    assert auth.budget_key == BasicAuth(VARIABLES["SENDCLOUD_PUBLIC_KEY"], "x").budget_key
    expected = BasicAuth("public-key-of-shop", "basic-secret-value")
    assert await get_first_authorization(auth) == await get_first_authorization(expected)


async def test_client_id_and_secret_create_oauth2_credentials() -> None:
    auth = auth_from_environment(select_variables(*reversed(OAUTH2_NAMES)))
    assert isinstance(auth, OAuth2ClientCredentials)
    expected = OAuth2ClientCredentials("client-id-of-shop", "oauth-secret-value")
    assert await get_first_authorization(auth) == await get_first_authorization(expected)


def test_token_url_variable_sets_the_token_endpoint_of_oauth2_only() -> None:
    token_url = "http://127.0.0.1:8080/oauth2/token"
    auth = auth_from_environment(select_variables(*OAUTH2_NAMES) | {"SENDCLOUD_TOKEN_URL": token_url})
    assert token_url in repr(auth)
    # Basic ignores the variable, because it may be set for other programs.
    basic = auth_from_environment(select_variables(*BASIC_NAMES) | {"SENDCLOUD_TOKEN_URL": token_url})
    assert isinstance(basic, BasicAuth)
    with pytest.raises(ConfigurationError, match="SENDCLOUD_TOKEN_URL: http:"):
        auth_from_environment(select_variables(*OAUTH2_NAMES) | {"SENDCLOUD_TOKEN_URL": "http://token.example/"})


def test_token_url_variable_applies_to_credentials_in_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_TOKEN_URL", "http://127.0.0.1:8080/oauth2/token")
    assert "http://127.0.0.1:8080/oauth2/token" in repr(OAuth2ClientCredentials("client", "secret"))
    explicit = OAuth2ClientCredentials("client", "secret", token_url="https://token.example/")
    assert "https://token.example/" in repr(explicit)
    monkeypatch.setenv("SENDCLOUD_TOKEN_URL", "")
    assert "https://account.sendcloud.com/oauth2/token" in repr(OAuth2ClientCredentials("client", "secret"))
    monkeypatch.setenv("SENDCLOUD_TOKEN_URL", "http://user:top-secret@token.example/")
    with pytest.raises(ConfigurationError, match="Invalid SENDCLOUD_TOKEN_URL") as caught:
        OAuth2ClientCredentials("client", "secret")
    assert "top-secret" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="Invalid token_url: must be an absolute"):
        OAuth2ClientCredentials("client", "secret", token_url="")


def test_default_is_the_environment_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError):
        auth_from_environment()
    for name in BASIC_NAMES:
        monkeypatch.setenv(name, VARIABLES[name])
    assert isinstance(auth_from_environment(), BasicAuth)


COMPLETE_SELECTIONS = [set(BASIC_NAMES), set(OAUTH2_NAMES)]
INVALID_SELECTIONS = [
    names
    for size in range(5)
    for names in itertools.combinations(VARIABLES, size)
    if set(names) not in COMPLETE_SELECTIONS
]


@pytest.mark.parametrize("names", INVALID_SELECTIONS, ids=" ".join)
def test_missing_incomplete_and_ambiguous_credentials_raise_an_error_that_names_the_variables(
    names: tuple[str, ...],
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        auth_from_environment(select_variables(*names))
    message = str(caught.value)
    used_pairs = [pair for pair in (BASIC_NAMES, OAUTH2_NAMES) if set(pair) & set(names)] or [
        BASIC_NAMES,
        OAUTH2_NAMES,
    ]
    assert all(name in message for pair in used_pairs for name in pair)
    missing = message.partition("but ")[2]
    if missing:
        assert not any(name in missing for name in names)
    assert not any(value in render_error(caught.value) for value in VARIABLES.values())
