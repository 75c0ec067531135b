"""OAuth2 access tokens and the stores that keep them."""

from __future__ import annotations

from typing import Protocol

import attrs

__all__ = ["AccessToken", "MemoryTokenStore", "TokenStore"]


@attrs.frozen
class AccessToken:
    """An OAuth2 access token. `attrs.asdict` returns its fields for a store, the secret value included.

    Attributes:
        value: The token itself. This is a secret; the repr leaves it out.
        expires_at: Expiry in seconds since the epoch, so that processes can share the token.
        scope: The scope that the token was issued for.
    """

    value: str = attrs.field(repr=False)
    expires_at: float
    scope: str = ""


class TokenStore(Protocol):
    """Storage for access tokens. Processes share tokens through stores that use the same Redis, file or table.

    If a store raises, the client requests a new token and logs a warning; no call fails because of it. The client
    awaits the store without a timeout, so an implementation must bound its own time.
    """

    async def load(self, key: str) -> AccessToken | None:
        """Return the token last saved under `key`, expired or not; None if nothing was saved."""
        ...

    async def save(self, key: str, token: AccessToken) -> None:
        """Save `token`. `key` identifies the token endpoint, client and scope, and contains no secret."""
        ...


class MemoryTokenStore:
    """Keeps tokens in the memory of this process. The default of `OAuth2ClientCredentials`."""

    def __init__(self) -> None:
        self._tokens: dict[str, AccessToken] = {}

    async def load(self, key: str) -> AccessToken | None:
        """Return the token last saved under `key`; None if nothing was saved."""
        return self._tokens.get(key)

    async def save(self, key: str, token: AccessToken) -> None:
        """Save `token` under `key`."""
        self._tokens[key] = token
