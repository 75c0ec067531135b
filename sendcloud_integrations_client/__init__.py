"""Asyncio client for Sendcloud's Integrations API v3.

Start with `SendcloudIntegrations`. Create one client per process and share it between tasks.

    import asyncio
    from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations

    async def main() -> None:
        async with SendcloudIntegrations(auth=BasicAuth("public key", "secret key")) as client:
            for integration in await client.integrations.list():
                print(integration.id, integration.shop_name)
            async for log in client.logs.list(page_size=100):
                print(log.created_at, log.exception)

    asyncio.run(main())

Resources of the client and their methods:

    client.integrations           list, retrieve, update, delete
    client.logs                   list, list_for_integrations, create
    client.shop_order_statuses    list, replace
    client.status_mapping         retrieve, replace

Every `list` method returns a `Paginator`: `await` it for a `Page`, or iterate over it with `async for`. `with_response`
of a resource, as in `client.logs.with_response.list()`, also returns the status code and headers. Every error is a
`SendcloudError`. `api` contains the endpoint functions, and `types` the literal types of arguments.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sendcloud_integrations_client.auth.api_keys import APIKeyAuth as APIKeyAuth
    from sendcloud_integrations_client.auth.api_keys import BearerAuth as BearerAuth
    from sendcloud_integrations_client.auth.api_keys import NoAuth as NoAuth
    from sendcloud_integrations_client.auth.credentials import BasicAuth as BasicAuth
    from sendcloud_integrations_client.auth.oauth2 import OAuth2ClientCredentials as OAuth2ClientCredentials
    from sendcloud_integrations_client.auth.tokens import AccessToken as AccessToken
    from sendcloud_integrations_client.auth.tokens import LockingTokenStore as LockingTokenStore
    from sendcloud_integrations_client.auth.tokens import MemoryTokenStore as MemoryTokenStore
    from sendcloud_integrations_client.auth.tokens import TokenStore as TokenStore
    from sendcloud_integrations_client.base_client import CallReport as CallReport
    from sendcloud_integrations_client.blocking import run_sync as run_sync
    from sendcloud_integrations_client.client import SendcloudIntegrations as SendcloudIntegrations
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
    from sendcloud_integrations_client.errors import FieldMismatchError as FieldMismatchError
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
    from sendcloud_integrations_client.generated import types as types
    from sendcloud_integrations_client.generated.models import *  # noqa: F403
    from sendcloud_integrations_client.pagination import Page as Page
    from sendcloud_integrations_client.pagination import Paginator as Paginator
    from sendcloud_integrations_client.pipeline.rate_limiter import Priority as Priority
    from sendcloud_integrations_client.pipeline.rate_limiter import RateLimitBudget as RateLimitBudget
    from sendcloud_integrations_client.pipeline.rate_limiter import RateLimiter as RateLimiter
    from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits as RateLimits
    from sendcloud_integrations_client.pipeline.rate_limits import LocalRateLimiter as LocalRateLimiter
    from sendcloud_integrations_client.pipeline.retries import RetryPolicy as RetryPolicy
    from sendcloud_integrations_client.profiles import Account as Account
    from sendcloud_integrations_client.profiles import accounts_from_profiles as accounts_from_profiles
    from sendcloud_integrations_client.runtime.models import UNSET as UNSET
    from sendcloud_integrations_client.runtime.models import Unset as Unset
    from sendcloud_integrations_client.runtime.operations import Operation as Operation
    from sendcloud_integrations_client.runtime.operations import Response as Response
    from sendcloud_integrations_client.transports.pooled import PooledTransport as PooledTransport
    from sendcloud_integrations_client.transports.selection import TransportName as TransportName
    from sendcloud_integrations_client.version import __version__ as __version__
    from sendcloud_integrations_client.webhooks import WebhookAction as WebhookAction
    from sendcloud_integrations_client.webhooks import WebhookError as WebhookError
    from sendcloud_integrations_client.webhooks import WebhookEvent as WebhookEvent
    from sendcloud_integrations_client.webhooks import WebhookIntegration as WebhookIntegration
    from sendcloud_integrations_client.webhooks import parse_webhook as parse_webhook
    from sendcloud_integrations_client.webhooks import verify_webhook as verify_webhook

# Names are imported on first access, so that a program that needs one error class or the version does not wait for
# asyncio, httpx and all models. The names of the models are not listed here, because they are generated.
_NAMES_BY_MODULE = {
    "auth.api_keys": ("APIKeyAuth", "BearerAuth", "NoAuth"),
    "auth.credentials": ("BasicAuth",),
    "auth.oauth2": ("OAuth2ClientCredentials",),
    "auth.tokens": ("AccessToken", "LockingTokenStore", "MemoryTokenStore", "TokenStore"),
    "base_client": ("CallReport",),
    "blocking": ("run_sync",),
    "client": ("SendcloudIntegrations",),
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
        "FieldMismatchError",
        "InvalidInputError",
        "NotFoundError",
        "PermissionDeniedError",
        "RateLimitError",
        "ResponseDecodeError",
        "SendcloudError",
        "ServerError",
        "UnprocessableEntityError",
    ),
    "generated": ("api", "models", "types"),
    "pagination": ("Page", "Paginator"),
    "pipeline.rate_limiter": ("Priority", "RateLimitBudget", "RateLimiter", "RateLimits"),
    "pipeline.rate_limits": ("LocalRateLimiter",),
    "pipeline.retries": ("RetryPolicy",),
    "profiles": ("Account", "accounts_from_profiles"),
    "runtime.models": ("UNSET", "Unset"),
    "runtime.operations": ("Operation", "Response"),
    "transports.pooled": ("PooledTransport",),
    "transports.selection": ("TransportName",),
    "version": ("__version__",),
    "webhooks": (
        "WebhookAction",
        "WebhookError",
        "WebhookEvent",
        "WebhookIntegration",
        "parse_webhook",
        "verify_webhook",
    ),
}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(__dir__())
    module_name = next(
        (module_name for module_name, names in _NAMES_BY_MODULE.items() if name in names), "generated.models"
    )
    if name.startswith("_") and module_name == "generated.models":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{module_name}")
    if module_name == "generated":
        value = import_module(f"{module.__name__}.{name}")
    elif name in getattr(module, "__all__", (name,)):
        value = getattr(module, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    models = import_module(f"{__name__}.generated.models")
    return [*(name for names in _NAMES_BY_MODULE.values() for name in names), *models.__all__]
