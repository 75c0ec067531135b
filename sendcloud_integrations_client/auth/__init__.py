"""Authentication: HTTP Basic, OAuth2 client credentials, and the origin that credentials are bound to."""

from __future__ import annotations

from sendcloud_integrations_client.auth.api_keys import APIKeyAuth, BearerAuth, NoAuth
from sendcloud_integrations_client.auth.credentials import BasicAuth, Credentials
from sendcloud_integrations_client.auth.environment import auth_from_environment
from sendcloud_integrations_client.auth.oauth2 import OAuth2ClientCredentials, TokenErrorTransport
from sendcloud_integrations_client.auth.origin import OriginGuard, validate_base_url
from sendcloud_integrations_client.auth.security_schemes import SecurityScheme
from sendcloud_integrations_client.auth.tokens import AccessToken, MemoryTokenStore, TokenStore

__all__ = [
    "APIKeyAuth",
    "AccessToken",
    "BasicAuth",
    "BearerAuth",
    "Credentials",
    "MemoryTokenStore",
    "NoAuth",
    "OAuth2ClientCredentials",
    "OriginGuard",
    "SecurityScheme",
    "TokenErrorTransport",
    "TokenStore",
    "auth_from_environment",
    "validate_base_url",
]
