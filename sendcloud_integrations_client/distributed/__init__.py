"""Rate limits and tokens that many processes share through Redis or Valkey. Requires the extra `redis`.

    from sendcloud_integrations_client.distributed import RedisRateLimiter

    limiter = RedisRateLimiter("redis://localhost:6379/0")
    async with SendcloudIntegrations(rate_limiter=limiter) as client: ...

The environment variable `SENDCLOUD_REDIS_URL` does the same for every client of a process, and shares OAuth2 tokens.
"""

from __future__ import annotations

from importlib.util import find_spec

from sendcloud_integrations_client.errors import ConfigurationError

if find_spec("redis") is None:  # pragma: no cover - the tests run with the extra
    raise ConfigurationError(
        "Missing extra `redis`: shared rate limits and tokens require it. "
        'Install it with: pip install "sendcloud-integrations-client[redis]"'
    )

from sendcloud_integrations_client.distributed.rate_limiter import RedisRateLimiter
from sendcloud_integrations_client.distributed.token_store import RedisTokenStore

__all__ = ["RedisRateLimiter", "RedisTokenStore"]
