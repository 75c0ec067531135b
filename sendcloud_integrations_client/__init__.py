"""Asyncio client for Sendcloud's Integrations API v3.

Start with `SendcloudIntegrations`: one client a process, shared by all tasks.

    import asyncio
    from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations

    async def main() -> None:
        async with SendcloudIntegrations(auth=BasicAuth("public key", "secret key")) as client:
            for integration in await client.integrations.list():
                print(integration.id, integration.shop_name)
            async for log in client.logs.list(page_size=100):
                print(log.created_at, log.exception)

    asyncio.run(main())

What stands behind the client:

    client.integrations           list, retrieve, update, delete
    client.logs                   list, across, create
    client.shop_order_statuses    list, replace
    client.status_mapping         retrieve, replace

Every error is a `SendcloudError`. Endpoint functions, with twins that give status and headers, are in `api`.
"""

from sendcloud_integrations_client.auth import (
    AccessToken,
    BasicAuth,
    MemoryTokenStore,
    OAuth2ClientCredentials,
    TokenStore,
)
from sendcloud_integrations_client.client import CallReport, SendcloudIntegrations
from sendcloud_integrations_client.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    ErrorDetail,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    SendcloudError,
    ServerError,
    UnprocessableEntityError,
)
from sendcloud_integrations_client.generated import api, models
from sendcloud_integrations_client.generated.models import *  # noqa: F403
from sendcloud_integrations_client.operations import Operation, Response
from sendcloud_integrations_client.pagination import Page, Paginator
from sendcloud_integrations_client.rate_limits import RateLimits
from sendcloud_integrations_client.retries import RetryPolicy
from sendcloud_integrations_client.version import __version__
from sendcloud_integrations_client.wire import UNSET, FieldMismatchError, Unset

__all__ = [
    "UNSET",
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AccessToken",
    "AuthenticationError",
    "BadRequestError",
    "BasicAuth",
    "CallReport",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ErrorDetail",
    "FieldMismatchError",
    "InvalidInputError",
    "MemoryTokenStore",
    "NotFoundError",
    "OAuth2ClientCredentials",
    "Operation",
    "Page",
    "Paginator",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimits",
    "Response",
    "ResponseDecodeError",
    "RetryPolicy",
    "SendcloudError",
    "SendcloudIntegrations",
    "ServerError",
    "TokenStore",
    "UnprocessableEntityError",
    "Unset",
    "__version__",
    "api",
    "models",
]
__all__ += models.__all__
