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

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sendcloud_integrations_client.auth import AccessToken as AccessToken
    from sendcloud_integrations_client.auth import BasicAuth as BasicAuth
    from sendcloud_integrations_client.auth import MemoryTokenStore as MemoryTokenStore
    from sendcloud_integrations_client.auth import OAuth2ClientCredentials as OAuth2ClientCredentials
    from sendcloud_integrations_client.auth import TokenStore as TokenStore
    from sendcloud_integrations_client.client import CallReport as CallReport
    from sendcloud_integrations_client.client import SendcloudIntegrations as SendcloudIntegrations
    from sendcloud_integrations_client.client import TransportName as TransportName
    from sendcloud_integrations_client.errors import APIConnectionError as APIConnectionError
    from sendcloud_integrations_client.errors import APIError as APIError
    from sendcloud_integrations_client.errors import APIStatusError as APIStatusError
    from sendcloud_integrations_client.errors import APITimeoutError as APITimeoutError
    from sendcloud_integrations_client.errors import AuthenticationError as AuthenticationError
    from sendcloud_integrations_client.errors import BadRequestError as BadRequestError
    from sendcloud_integrations_client.errors import ClientClosedError as ClientClosedError
    from sendcloud_integrations_client.errors import ConfigurationError as ConfigurationError
    from sendcloud_integrations_client.errors import ConflictError as ConflictError
    from sendcloud_integrations_client.errors import ErrorDetail as ErrorDetail
    from sendcloud_integrations_client.errors import InvalidInputError as InvalidInputError
    from sendcloud_integrations_client.errors import NotFoundError as NotFoundError
    from sendcloud_integrations_client.errors import PermissionDeniedError as PermissionDeniedError
    from sendcloud_integrations_client.errors import RateLimitError as RateLimitError
    from sendcloud_integrations_client.errors import ResponseDecodeError as ResponseDecodeError
    from sendcloud_integrations_client.errors import SendcloudError as SendcloudError
    from sendcloud_integrations_client.errors import ServerError as ServerError
    from sendcloud_integrations_client.errors import UnprocessableEntityError as UnprocessableEntityError
    from sendcloud_integrations_client.generated import api as api
    from sendcloud_integrations_client.generated import models as models
    from sendcloud_integrations_client.generated.models import *  # noqa: F403
    from sendcloud_integrations_client.operations import Operation as Operation
    from sendcloud_integrations_client.operations import Response as Response
    from sendcloud_integrations_client.pagination import Page as Page
    from sendcloud_integrations_client.pagination import Paginator as Paginator
    from sendcloud_integrations_client.rate_limits import RateLimits as RateLimits
    from sendcloud_integrations_client.retries import RetryPolicy as RetryPolicy
    from sendcloud_integrations_client.transport import PooledTransport as PooledTransport
    from sendcloud_integrations_client.version import __version__ as __version__
    from sendcloud_integrations_client.webhooks import WebhookAction as WebhookAction
    from sendcloud_integrations_client.webhooks import WebhookError as WebhookError
    from sendcloud_integrations_client.webhooks import WebhookEvent as WebhookEvent
    from sendcloud_integrations_client.webhooks import WebhookIntegration as WebhookIntegration
    from sendcloud_integrations_client.webhooks import parse_webhook as parse_webhook
    from sendcloud_integrations_client.webhooks import verify_webhook as verify_webhook
    from sendcloud_integrations_client.wire import UNSET as UNSET
    from sendcloud_integrations_client.wire import FieldMismatchError as FieldMismatchError
    from sendcloud_integrations_client.wire import Unset as Unset

# Each name is loaded when it is first asked for: a program that imports this package to catch one error, or to show
# its version, does not wait for asyncio, httpx and every model. The models are whatever the contract gives.
_HOMES = {
    "auth": ("AccessToken", "BasicAuth", "MemoryTokenStore", "OAuth2ClientCredentials", "TokenStore"),
    "client": ("CallReport", "SendcloudIntegrations", "TransportName"),
    "errors": (
        "APIConnectionError",
        "APIError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "BadRequestError",
        "ClientClosedError",
        "ConfigurationError",
        "ConflictError",
        "ErrorDetail",
        "InvalidInputError",
        "NotFoundError",
        "PermissionDeniedError",
        "RateLimitError",
        "ResponseDecodeError",
        "SendcloudError",
        "ServerError",
        "UnprocessableEntityError",
    ),
    "generated": ("api", "models"),
    "operations": ("Operation", "Response"),
    "pagination": ("Page", "Paginator"),
    "rate_limits": ("RateLimits",),
    "retries": ("RetryPolicy",),
    "transport": ("PooledTransport",),
    "version": ("__version__",),
    "webhooks": (
        "WebhookAction",
        "WebhookError",
        "WebhookEvent",
        "WebhookIntegration",
        "parse_webhook",
        "verify_webhook",
    ),
    "wire": ("UNSET", "FieldMismatchError", "Unset"),
}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(__dir__())
    home = next((home for home, names in _HOMES.items() if name in names), "generated.models")
    if name.startswith("_") and home == "generated.models":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{home}")
    if home == "generated":
        value = import_module(f"{module.__name__}.{name}")
    elif name in getattr(module, "__all__", (name,)):
        value = getattr(module, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    models = import_module(f"{__name__}.generated.models")
    return [*(name for names in _HOMES.values() for name in names), *models.__all__]
