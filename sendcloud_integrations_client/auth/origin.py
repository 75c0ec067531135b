"""The origin that credentials are bound to: URL validation, and the guard that checks every request."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncGenerator
from typing import Final

import httpx

from sendcloud_integrations_client.auth.credentials import Credentials
from sendcloud_integrations_client.errors import ConfigurationError

__all__ = ["OriginGuard", "validate_base_url"]

_HIGHEST_PORT: Final = 65535


class OriginGuard(Credentials):
    """Wraps credentials so that they are sent to one origin only.

    Args:
        auth: The credentials. Their token requests go to their own token endpoint.
        base_url: The API's base URL. Its scheme, host and port are the origin.

    Attributes:
        wrapped: The credentials.
    """

    def __init__(self, auth: Credentials, base_url: httpx.URL) -> None:
        self.budget_key = auth.budget_key
        self.account_key = auth.account_key
        self.wrapped = auth
        self._base_url = base_url
        self._parts = (base_url.scheme, base_url.netloc)

    def __repr__(self) -> str:
        return f"OriginGuard({self.wrapped!r}, {_format_origin(self._base_url)!r})"

    def wrap_transport(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """Return the transport of the wrapped credentials."""
        return self.wrapped.wrap_transport(transport)

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Return the flow of the wrapped credentials.

        Raises:
            ConfigurationError: If the request goes to another origin. No request was sent.
        """
        if (request.url.scheme, request.url.netloc) != self._parts:
            target, allowed = _format_origin(request.url), _format_origin(self._base_url)
            raise ConfigurationError(
                f"Request to {target} rejected: credentials are sent to {allowed} only. No request was sent."
            )
        return self.wrapped.async_auth_flow(request)


def validate_base_url(url: str | httpx.URL, *, allow_insecure_http: bool = False, name: str = "base_url") -> httpx.URL:
    """Validate a URL that credentials will be sent to.

    Args:
        url: The URL.
        allow_insecure_http: Accept `http://` on hosts other than loopback. Defaults to False.
        name: Name of the parameter, for the error message.

    Returns:
        The parsed URL with its path unchanged.

    Raises:
        ConfigurationError: If it is not an absolute `https://` URL (or `http://` on loopback), if its port is out of
            range, or if it contains a user name, a password, a query or a fragment. The error never shows the URL,
            which could contain a password.
    """
    if not isinstance(url, (str, httpx.URL)):  # pyright: ignore[reportUnnecessaryIsInstance]
        kind = type(url).__name__
        del url  # as below
        raise ConfigurationError(f"Invalid {name}: must be text or an httpx.URL, not {kind}.")
    parsed = _parse_url(url)
    del url  # so that a traceback with local variables does not show a password in it
    problem = _find_problem(parsed, allow_insecure_http=allow_insecure_http)
    if problem:
        del parsed
        raise ConfigurationError(f"Invalid {name}: {problem}")
    return parsed


def _parse_url(url: str | httpx.URL) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        return httpx.URL()


def _find_problem(url: httpx.URL, *, allow_insecure_http: bool) -> str | None:
    if url.scheme not in {"http", "https"} or not url.host or any(char.isspace() for char in url.host):
        return "must be an absolute https:// URL."
    if (url.port or 0) > _HIGHEST_PORT:
        return f"port {url.port} is above the maximum of {_HIGHEST_PORT}."
    if url.userinfo or b"?" in url.raw_path or url.fragment:
        return "must not contain a user name, password, query or fragment."
    if url.scheme == "http" and not allow_insecure_http and not _is_loopback(url.host):
        return f"http://{url.host} would send credentials unencrypted. Use https://, or pass allow_insecure_http=True."
    return None


def _format_origin(url: httpx.URL) -> str:
    # httpx omits the default port of a scheme, so equal origins have equal texts.
    return f"{url.scheme}://{url.netloc.decode()}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
