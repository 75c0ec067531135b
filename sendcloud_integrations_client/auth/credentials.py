"""`Credentials`, the base class of what the client's `auth=` accepts, `BasicAuth`, and how both keep secrets."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import ClassVar, NoReturn

import httpx
import orjson

from sendcloud_integrations_client.auth.security_schemes import SecurityScheme
from sendcloud_integrations_client.errors import ConfigurationError

__all__ = ["BasicAuth", "Credentials", "Secret", "build_basic_header", "build_digest", "validate_credentials"]


class Credentials(httpx.Auth):
    """Base class of all credentials, such as `BasicAuth`. Works with `httpx.AsyncClient` only.

    Attributes:
        budget_key: Digest that identifies the credentials. Clients whose credentials have the same key share one
            rate limit budget. It contains no secret.
        account_key: Digest of the public key or client id, which identifies the account. Empty if the credentials have
            neither.
        kind: Kind of the security scheme that the credentials serve; empty if they fit any API.
    """

    kind: ClassVar[str] = ""
    budget_key: str
    account_key: str = ""
    # Class-level default, because __init__ may have raised before the attribute was set.
    _id_prefix = ""

    def __reduce__(self) -> NoReturn:
        """Raise, because a pickle would contain the secret.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            f"{type(self).__name__} cannot be pickled or copied: it contains a secret. Create it in each process."
        )

    def bind(self, schemes: Sequence[SecurityScheme]) -> Credentials:
        """Return the credentials for an API that accepts some security schemes; `self` by default."""
        return self

    def wrap_transport(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """Return the transport that the client uses with these credentials; `transport` itself by default."""
        return transport

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Raise, because only asynchronous clients are supported.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(f"{type(self).__name__} works with httpx.AsyncClient, not with httpx.Client.")


class BasicAuth(Credentials):
    """HTTP Basic authentication with an integration's key pair.

    Args:
        public_key: The integration's public key, sent as the user name.
        secret_key: The integration's secret key, sent as the password.

    Raises:
        ConfigurationError: If a key is not text, is empty, or contains a character that HTTP Basic cannot carry.

    Example:
        client = SendcloudIntegrations(auth=BasicAuth("public key", "secret key"))
    """

    kind = "basic"

    def __init__(self, public_key: str, secret_key: str) -> None:
        secret = Secret(secret_key)
        del secret_key  # so that a traceback with local variables does not show it
        validate_credentials(public_key=Secret(public_key), secret_key=secret)
        if ":" in public_key:
            raise ConfigurationError(
                'Invalid public_key: must not contain ":", which ends the user name in HTTP Basic.'
            )
        self.budget_key = self.account_key = build_digest("basic", public_key)
        self._id_prefix = public_key[:4]
        self._header = build_basic_header(public_key, secret)

    def __repr__(self) -> str:
        return f"BasicAuth(public_key='{self._id_prefix}…')"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the `Authorization` header to the request."""
        request.headers["Authorization"] = self._header.reveal()
        yield request


class Secret:
    """Text whose repr is `***`, so that tracebacks with local variables do not show it.

    Args:
        text: The secret.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        """Return the secret as text."""
        return self._text


def validate_credentials(**credentials: Secret) -> None:
    """Check that each credential is printable, non-empty text.

    Args:
        **credentials: Parameter name to value.

    Raises:
        ConfigurationError: If a value is not text, is empty or contains a control character. The error names the
            parameter and never shows the value.
    """
    for name, secret in credentials.items():
        problem = _find_problem(secret.reveal())
        if problem:
            raise ConfigurationError(f"Invalid {name}: {problem}.")


def build_basic_header(user: str, secret: Secret) -> Secret:
    """Build the value of an HTTP Basic `Authorization` header (RFC 7617)."""
    return Secret("Basic " + base64.b64encode(f"{user}:{secret.reveal()}".encode()).decode())


def build_digest(*parts: str) -> str:
    """Return a SHA-256 hex digest of some texts; equal texts have equal digests."""
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _find_problem(value: object) -> str:
    if not isinstance(value, str):
        return f"must be str, not {type(value).__name__}"
    if not value.strip():
        return "must not be empty"
    return "" if value.isprintable() else "must not contain line breaks or other control characters"
