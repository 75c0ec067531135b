"""OAuth2 access tokens and the stores that keep them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import attrs

__all__ = ["AccessToken", "LockingTokenStore", "MemoryTokenStore", "TokenStore"]


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


@runtime_checkable
class LockingTokenStore(TokenStore, Protocol):
    """A token store with a lock, so that only one of many processes requests a token.

    A process that does not get the lock waits until the other one has saved a token or has released the lock, for at
    most 10 seconds; then it requests a token itself. A lock must therefore expire.
    """

    async def lock(self, key: str) -> bool:
        """Return True if the caller now holds the lock for `key`; False if another process or task holds it."""
        ...

    async def unlock(self, key: str) -> None:
        """Release the lock for `key`, if this store still holds it."""
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
