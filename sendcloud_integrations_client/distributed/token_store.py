"""`RedisTokenStore`: OAuth2 tokens that many processes share through Redis or Valkey."""

from __future__ import annotations

import logging
import math
import secrets
import time
from typing import Any, Final, cast

import attrs
import orjson
from redis.asyncio import Redis

from sendcloud_integrations_client.auth.tokens import AccessToken
from sendcloud_integrations_client.distributed.connections import UNAVAILABLE_ERRORS, RedisConnections
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.options import validate_number

__all__ = ["RedisTokenStore"]

_logger = logging.getLogger("sendcloud_integrations_client")

_EXPIRED: Final = -2  # result of PTTL for a key that does not exist
_UNLOCK_SCRIPT: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
"""


class RedisTokenStore:
    """Shares access tokens between processes, so that one token request serves all of them.

    A token is a secret: anyone who can read the server can use it until it expires. Restrict the access to the server,
    and use TLS. If the server is unavailable, each process requests its own token.

    Args:
        url: URL of a Redis or Valkey server: `redis://`, `rediss://` (TLS) or `unix://`.
        timeout: Seconds that an operation may take before the server counts as unavailable. Defaults to 0.5.
        lock_timeout: Seconds after which the lock of a process that died is free. Defaults to 30.
        prefix: Prefix of all keys. Defaults to `sendcloud`.

    Raises:
        ConfigurationError: If an argument is out of range, or the URL is invalid.

    Example:
        store = RedisTokenStore("rediss://user:password@redis.example:6379/0")
        auth = OAuth2ClientCredentials("client id", "client secret", token_store=store)
    """

    # Class-level default, because __init__ may have raised before the attribute was set.
    _prefix = ""

    def __init__(
        self, url: str, *, timeout: float = 0.5, lock_timeout: float = 30.0, prefix: str = "sendcloud"
    ) -> None:
        try:
            connections = RedisConnections(url, timeout=timeout)
        except ConfigurationError:
            del url  # so that a traceback with local variables does not show a password in it
            raise
        rule = "must be a number of seconds, 1 or greater"
        validate_number("lock_timeout", lock_timeout, rule, lambda seconds: 1 <= seconds < math.inf)
        self._connections = connections
        self._lock_timeout = lock_timeout
        self._prefix = prefix
        self._owners: dict[str, str] = {}

    @classmethod
    def from_connections(cls, connections: RedisConnections) -> RedisTokenStore:
        """Create a store with default options that uses existing connections."""
        store = object.__new__(cls)
        store._connections = connections
        store._lock_timeout = 30.0
        store._prefix = "sendcloud"
        store._owners = {}
        return store

    def __repr__(self) -> str:
        return f"RedisTokenStore(prefix={self._prefix!r})"

    async def load(self, key: str) -> AccessToken | None:
        """Return the token last saved under `key`; None if it is missing, or if the server is unavailable.

        Its expiry is that of the server, by the clock of this process: the clocks of processes can differ.
        """

        async def get(client: Redis) -> tuple[str | None, int]:
            async with client.pipeline(transaction=False) as pipeline:
                pipeline.get(self._get_token_key(key))
                pipeline.pttl(self._get_token_key(key))
                return cast("tuple[str | None, int]", tuple(await pipeline.execute()))

        if not self._is_available():
            return None
        loaded_at = time.time()
        try:
            value, milliseconds = await self._connections.run(get)
        except UNAVAILABLE_ERRORS:
            return None
        if value is None or milliseconds == _EXPIRED:
            return None
        token = _parse_token(value)
        if token is None or milliseconds < 0:  # without an expiry, another program saved it
            return token
        return attrs.evolve(token, expires_at=loaded_at + milliseconds / 1000)

    async def save(self, key: str, token: AccessToken) -> None:
        """Save `token` under `key` until it expires. Does nothing if the server is unavailable."""
        milliseconds = math.floor((token.expires_at - time.time()) * 1000)

        async def set_value(client: Redis) -> None:
            await client.set(self._get_token_key(key), orjson.dumps(attrs.asdict(token)), px=milliseconds)

        if milliseconds > 0 and self._is_available():
            try:
                await self._connections.run(set_value)
            except UNAVAILABLE_ERRORS:
                return

    async def lock(self, key: str) -> bool:
        """Take the lock for `key`.

        Returns:
            False if another process or task holds it. True if the server is unavailable: a token is then requested
            without the lock.
        """
        owner = secrets.token_hex(16)

        async def set_owner(client: Redis) -> bool:
            expiry = round(self._lock_timeout * 1000)
            return bool(await client.set(self._get_lock_key(key), owner, nx=True, px=expiry))

        if not self._is_available():
            return True
        try:
            is_locked = await self._connections.run(set_owner)
        except UNAVAILABLE_ERRORS:
            return True
        if is_locked:
            self._owners[key] = owner
        return is_locked

    async def unlock(self, key: str) -> None:
        """Release the lock for `key` if this store still holds it."""
        owner = self._owners.pop(key, None)

        async def delete_if_owner(client: Redis) -> Any:
            return await client.register_script(_UNLOCK_SCRIPT)([self._get_lock_key(key)], [owner or ""])

        if owner is not None and self._is_available():
            try:
                await self._connections.run(delete_if_owner)
            except UNAVAILABLE_ERRORS:
                return  # the lock expires

    async def aclose(self) -> None:
        """Close the connections of the running event loop. Optional: they are closed when the loop shuts down."""
        await self._connections.aclose()

    def _is_available(self) -> bool:
        self._connections.probe()
        return not self._connections.is_down

    def _get_token_key(self, key: str) -> str:
        return f"{self._prefix}:token:{key}"

    def _get_lock_key(self, key: str) -> str:
        return f"{self._prefix}:token-lock:{key}"


def _parse_token(value: str) -> AccessToken | None:
    try:
        fields = orjson.loads(value)
        return AccessToken(str(fields["value"]), float(fields["expires_at"]), str(fields["scope"]))
    except (ValueError, KeyError, TypeError):
        _logger.warning("Token store: the stored value is not a token. It is ignored.")
        return None
