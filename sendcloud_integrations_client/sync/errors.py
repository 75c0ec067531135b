"""Errors of the sync, in addition to the client's own errors."""

from __future__ import annotations

from sendcloud_integrations_client.errors import SendcloudError

__all__ = ["StoreError", "SyncSupersededError"]


class StoreError(SendcloudError):
    """The database cannot be used: it is unreachable, an operation failed, or its schema version is unknown."""


class SyncSupersededError(StoreError):
    """A newer sync of the same account took over the same store. It continues from here, and no data is lost."""
