"""`SendcloudIntegrations`: the client of the Integrations API v3."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from sendcloud_integrations_client.auth.credentials import Credentials
from sendcloud_integrations_client.auth.environment import auth_from_environment
from sendcloud_integrations_client.auth.oauth2 import OAuth2ClientCredentials
from sendcloud_integrations_client.base_client import BaseClient, CallReport
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.generated.resources import Resources
from sendcloud_integrations_client.generated.server import BASE_URL
from sendcloud_integrations_client.logging_setup import set_up_logging_from_environment
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimiter, RateLimits
from sendcloud_integrations_client.pipeline.retries import RetryPolicy
from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.transports.selection import TransportName

if TYPE_CHECKING:
    from sendcloud_integrations_client.resources.logs import Logs

__all__ = ["SendcloudIntegrations"]


class SendcloudIntegrations(BaseClient, Resources):
    """Client for Sendcloud's Integrations API v3. Create one client per process and share it between tasks.

    The client connects on the first call. It can be used in several event loops, one after the other.

    Args:
        auth: `BasicAuth` or `OAuth2ClientCredentials`. Defaults to credentials from the environment:
            `SENDCLOUD_PUBLIC_KEY` and `SENDCLOUD_SECRET_KEY`, or `SENDCLOUD_CLIENT_ID` and
            `SENDCLOUD_CLIENT_SECRET`.
        base_url: Base URL of the API. Defaults to `SENDCLOUD_BASE_URL`, then to Sendcloud's production API.
        timeout: Seconds for each of connecting, sending and waiting for the response, per attempt; or an
            `httpx.Timeout`. A number does not limit the wait for a free connection. Defaults to 30.
        retries: How failures are retried; None disables retries.
        rate_limits: The limits, shared by all clients of this process with the same credentials. Defaults to
            `RateLimits()`; None disables client-side rate limiting.
        rate_limiter: Limits the rate of calls in place of `rate_limits`, such as a `RedisRateLimiter`, which shares
            the limits between processes. Cannot be combined with `rate_limits`: pass the limits to the limiter.
        transport: `"httpcore2"`, the default; `"aiohttp"`, which costs less CPU per call and requires the extra
            `aiohttp`; or any `httpx.AsyncBaseTransport`, such as a configured `PooledTransport`. It is closed together
            with the client.
        http2: Use HTTP/2 if the server supports it. Requires the extra `http2` and the transport `"httpcore2"`.
            Defaults to False.
        max_response_bytes: Maximum size of a decompressed response body in bytes; a larger one raises
            `ResponseDecodeError`. Defaults to 64 MiB.
        event_hooks: httpx event hooks: `{"request": [...], "response": [...]}` with async callables.
        on_call: Called with a `CallReport` at the end of each call, for metrics. It must not block. An exception that
            it raises is logged and does not affect the call.
        allow_insecure_http: Accept an `http://` `base_url` on hosts other than loopback, which sends the credentials
            unencrypted. Defaults to False.

    Raises:
        ConfigurationError: If an option is invalid: no credentials, an insecure or malformed URL, an extra that is not
            installed.

    Example:
        async with SendcloudIntegrations(auth=BasicAuth(public_key, secret_key)) as client:
            for integration in await client.integrations.list():
                print(integration.id, integration.shop_name)
    """

    def __init__(
        self,
        *,
        auth: Credentials | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout = 30.0,
        retries: RetryPolicy | None = RetryPolicy(),
        rate_limits: RateLimits | Unset | None = UNSET,
        rate_limiter: RateLimiter | None = None,
        transport: httpx.AsyncBaseTransport | TransportName = "httpcore2",
        http2: bool = False,
        max_response_bytes: int = 64 * 1024 * 1024,
        event_hooks: Mapping[str, list[Callable[..., Any]]] | None = None,
        on_call: Callable[[CallReport], None] | None = None,
        allow_insecure_http: bool = False,
    ) -> None:
        try:
            set_up_logging_from_environment()
            if rate_limiter is None and rate_limits is not None and os.environ.get("SENDCLOUD_REDIS_URL"):
                auth = auth_from_environment() if auth is None else auth
                rate_limiter = _share_through_redis(auth, rate_limits)
                rate_limits = UNSET
            super().__init__(
                auth=auth,
                base_url=base_url or os.environ.get("SENDCLOUD_BASE_URL") or BASE_URL,
                timeout=timeout,
                retries=retries,
                rate_limits=rate_limits,
                rate_limiter=rate_limiter,
                transport=transport,
                http2=http2,
                max_response_bytes=max_response_bytes,
                event_hooks=event_hooks,
                on_call=on_call,
                allow_insecure_http=allow_insecure_http,
            )
        except ConfigurationError:
            del auth, base_url  # so that a traceback with local variables does not show a secret in them
            raise

    @cached_property
    def logs(self) -> Logs:
        """Exception logs: `GET` and `POST /integrations/{id}/logs`, `GET /integrations/logs`."""
        from sendcloud_integrations_client.resources.logs import Logs

        return Logs(self)


def _share_through_redis(auth: Credentials, limits: RateLimits | Unset) -> RateLimiter:
    """Return the rate limiter that `SENDCLOUD_REDIS_URL` selects, and let OAuth2 credentials share their tokens."""
    from sendcloud_integrations_client.distributed.environment import get_rate_limiter, get_token_store

    limiter = get_rate_limiter(RateLimits() if isinstance(limits, Unset) else limits)
    if isinstance(auth, OAuth2ClientCredentials):
        auth.set_default_store(get_token_store(limiter))
    return limiter
