"""Credentials of other APIs than Sendcloud's: bearer tokens, API keys, and none."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final

import httpx

from sendcloud_integrations_client.auth.credentials import Credentials, Secret, build_digest, validate_credentials
from sendcloud_integrations_client.auth.security_schemes import SecurityScheme
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.runtime.operations import SECRETS_EXTENSION

__all__ = ["APIKeyAuth", "BearerAuth", "NoAuth"]

_KEY_EXTENSION: Final = "sendcloud_api_key"


class BearerAuth(Credentials):
    """A bearer token that the caller obtained, such as a personal access token. It is not renewed.

    Args:
        token: The token, sent as `Authorization: Bearer …`.

    Raises:
        ConfigurationError: If the token is not text, is empty, or contains a character that a header cannot carry.

    Example:
        client = ReturnsClient(auth=BearerAuth(token))
    """

    kind = "bearer"

    def __init__(self, token: str) -> None:
        self._secret = Secret(token)
        del token  # so that a traceback with local variables does not show it
        _validate_key("token", self._secret)
        self.budget_key = self.account_key = build_digest("bearer", self._secret.reveal())

    def __repr__(self) -> str:
        return "BearerAuth(…)"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the `Authorization` header to the request."""
        request.headers["Authorization"] = f"Bearer {self._secret.reveal()}"
        yield request


class APIKeyAuth(Credentials):
    """An API key in a header or in the query. The OpenAPI document of the client says in which one.

    The key is added below httpx, so neither httpx's log nor an event hook contains it.

    Args:
        key: The key.
        name: Name of the header or query parameter, if the document declares several. Defaults to the first one. If
            the document declares no security scheme at all, the name of the header.

    Raises:
        ConfigurationError: If the key is not text, is empty, or contains a character that a header cannot carry.

    Example:
        client = ParcelsClient(auth=APIKeyAuth(key))
    """

    kind = "api_key"

    def __init__(self, key: str, *, name: str | None = None) -> None:
        self._secret = Secret(key)
        del key  # so that a traceback with local variables does not show it
        _validate_key("key", self._secret)
        self.budget_key = self.account_key = build_digest("api key", self._secret.reveal())
        self._name = name

    def __repr__(self) -> str:
        return "APIKeyAuth(…)"

    def bind(self, schemes: Sequence[SecurityScheme]) -> Credentials:
        """Return these credentials with the place of the key in a request.

        Raises:
            ConfigurationError: If the document declares no API key, or none with this name.
        """
        for scheme in schemes:
            if scheme.kind == self.kind and self._name in {None, scheme.name}:
                return _BoundKey(self._secret, self.budget_key, scheme)
        if self._name and not schemes:
            return _BoundKey(self._secret, self.budget_key, SecurityScheme("api_key", self._name))
        raise ConfigurationError(
            f"Invalid auth: the API has no API key named {self._name}."
            if self._name
            else "Invalid auth: the OpenAPI document declares no API key. Pass the name of the header as name=."
        )


class NoAuth(Credentials):
    """No credentials, for an API without authentication. Clients share one rate limit budget per process."""

    def __init__(self) -> None:
        self.budget_key = build_digest("none")

    def __repr__(self) -> str:
        return "NoAuth()"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send the request unchanged."""
        yield request


class _BoundKey(Credentials):
    """An API key whose header or query parameter is known."""

    def __init__(self, secret: Secret, budget_key: str, scheme: SecurityScheme) -> None:
        self.budget_key = self.account_key = budget_key
        self._secret = secret
        self._scheme = scheme

    def __repr__(self) -> str:
        return "APIKeyAuth(…)"

    def wrap_transport(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """Return a transport that adds the key to the requests that passed the auth flow."""
        return _KeyTransport(transport, self._secret, self._scheme)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Mark the request: only marked ones get the key, so it is never sent to another origin."""
        request.extensions[_KEY_EXTENSION] = True
        request.extensions[SECRETS_EXTENSION] = (self._secret.reveal,)
        yield request


class _KeyTransport(httpx.AsyncBaseTransport):
    def __init__(self, transport: httpx.AsyncBaseTransport, secret: Secret, scheme: SecurityScheme) -> None:
        self._transport = transport
        self._secret = secret
        self._scheme = scheme

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if _KEY_EXTENSION not in request.extensions:
            return await self._transport.handle_async_request(request)
        headers, url = request.headers, request.url
        if self._scheme.place == "query":
            url = url.copy_merge_params({self._scheme.name: self._secret.reveal()})
        else:
            headers = httpx.Headers(headers)
            headers[self._scheme.name] = self._secret.reveal()
        keyed = httpx.Request(
            request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
        )
        return await self._transport.handle_async_request(keyed)

    async def aclose(self) -> None:
        await self._transport.aclose()


def _validate_key(name: str, secret: Secret) -> None:
    validate_credentials(**{name: secret})
    text = secret.reveal()
    if not text.isascii() or text != text.strip():
        raise ConfigurationError(f"Invalid {name}: must be ASCII text without spaces at its ends.")
