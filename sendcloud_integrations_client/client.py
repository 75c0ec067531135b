"""`SendcloudIntegrations`: the client of the Integrations API v3."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sendcloud_integrations_client.base_client import BaseClient
from sendcloud_integrations_client.generated.resources import Resources
from sendcloud_integrations_client.generated.server import BASE_URL

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
        retries: How failures are retried. Defaults to `RetryPolicy()`, at most 5 attempts within 120 seconds; None
            disables retries.
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
        TypeError: If an argument is positional or unknown.

    Example:
        async with SendcloudIntegrations(auth=BasicAuth(public_key, secret_key)) as client:
            for integration in await client.integrations.list():
                print(integration.id, integration.shop_name)
    """

    default_base_url = BASE_URL
    base_url_variable = "SENDCLOUD_BASE_URL"

    @cached_property
    def logs(self) -> Logs:
        """Exception logs: `GET` and `POST /integrations/{id}/logs`, `GET /integrations/logs`."""
        from sendcloud_integrations_client.resources.logs import Logs

        return Logs(self)
