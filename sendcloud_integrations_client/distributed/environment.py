"""The limiter and the token store that `SENDCLOUD_REDIS_URL` selects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final
from weakref import WeakValueDictionary

from sendcloud_integrations_client.auth.credentials import build_digest
from sendcloud_integrations_client.distributed.rate_limiter import RedisRateLimiter
from sendcloud_integrations_client.distributed.token_store import RedisTokenStore
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits

__all__ = ["REDIS_URL_NAME", "get_rate_limiter", "get_token_store"]

REDIS_URL_NAME: Final = "SENDCLOUD_REDIS_URL"


def get_rate_limiter(limits: RateLimits, environ: Mapping[str, str] = os.environ) -> RedisRateLimiter:
    """Return the limiter for the server that `SENDCLOUD_REDIS_URL` names. All clients of a process share it.

    Args:
        limits: The limits of each set of credentials.
        environ: Contains `SENDCLOUD_REDIS_URL`.

    Raises:
        ConfigurationError: If the URL is invalid.
    """
    key = build_digest(environ[REDIS_URL_NAME], repr(limits))
    limiter = _limiters.get(key)
    if limiter is None:
        try:
            limiter = _limiters[key] = RedisRateLimiter(environ[REDIS_URL_NAME], limits=limits)
        except ConfigurationError as error:
            del environ  # so that a traceback with local variables does not show it
            raise ConfigurationError(f"Invalid {REDIS_URL_NAME}. {error}") from None
    return limiter


def get_token_store(limiter: RedisRateLimiter) -> RedisTokenStore:
    """Return a token store that uses the connections of a limiter."""
    return RedisTokenStore.from_connections(limiter.connections)


# One pool of connections per process, however many accounts it serves.
_limiters: Final[WeakValueDictionary[str, RedisRateLimiter]] = WeakValueDictionary()
