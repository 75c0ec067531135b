"""Credentials from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from sendcloud_integrations_client.auth.credentials import BasicAuth, Secret
from sendcloud_integrations_client.auth.oauth2 import TOKEN_URL, TOKEN_URL_VARIABLE, OAuth2ClientCredentials
from sendcloud_integrations_client.auth.origin import validate_base_url
from sendcloud_integrations_client.errors import ConfigurationError

__all__ = ["auth_from_environment"]

_BASIC_NAMES: Final = ("SENDCLOUD_PUBLIC_KEY", "SENDCLOUD_SECRET_KEY")
_OAUTH2_NAMES: Final = ("SENDCLOUD_CLIENT_ID", "SENDCLOUD_CLIENT_SECRET")


def auth_from_environment(environ: Mapping[str, str] = os.environ) -> BasicAuth | OAuth2ClientCredentials:
    """Create credentials from environment variables. An empty variable counts as missing.

    Args:
        environ: Contains `SENDCLOUD_PUBLIC_KEY` and `SENDCLOUD_SECRET_KEY`, or `SENDCLOUD_CLIENT_ID` and
            `SENDCLOUD_CLIENT_SECRET`. With the second pair, `SENDCLOUD_TOKEN_URL` can name a token endpoint other
            than Sendcloud's.

    Returns:
        The credentials.

    Raises:
        ConfigurationError: If no pair, half a pair or both pairs are set, or if the token endpoint is not a valid URL.
            The error names the variables.
    """
    values = {name: Secret(environ[name]) for name in (*_BASIC_NAMES, *_OAUTH2_NAMES) if environ.get(name)}
    token_url = environ.get(TOKEN_URL_VARIABLE) or TOKEN_URL
    del environ  # so that a traceback with local variables does not show it
    if not values:
        pairs = ", or ".join(" and ".join(names) for names in (_BASIC_NAMES, _OAUTH2_NAMES))
        raise ConfigurationError(f"No credentials found. Pass auth=, or set {pairs}.")
    started = [names for names in (_BASIC_NAMES, _OAUTH2_NAMES) if values.keys() & set(names)]
    missing = [name for names in started for name in names if name not in values]
    if missing:
        raise ConfigurationError(
            f"Incomplete credentials: {', '.join(values)} is set, but {', '.join(missing)} is missing."
        )
    if len(started) > 1:
        raise ConfigurationError(f"Ambiguous credentials: set one pair, not both: {', '.join(values)}.")
    if started == [_BASIC_NAMES]:
        return BasicAuth(*(secret.reveal() for secret in values.values()))
    try:
        validate_base_url(token_url, name=TOKEN_URL_VARIABLE)
    except ConfigurationError:
        del token_url  # as environ
        raise
    return OAuth2ClientCredentials(*(secret.reveal() for secret in values.values()), token_url=token_url)
