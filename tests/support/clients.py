"""Clients with the options that most tests of a layer need."""

from __future__ import annotations

from typing import Any

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations


def build_client(base_url: str, **options: Any) -> SendcloudIntegrations:
    """Return a client without retries and rate limits; `options` override that."""
    defaults: dict[str, Any] = {"auth": BasicAuth("p", "s"), "rate_limits": None, "retries": None}
    return SendcloudIntegrations(base_url=base_url, **{**defaults, **options})
