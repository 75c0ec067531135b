"""What a sync raises, or reports, besides the client's own errors."""

from __future__ import annotations

from sendcloud_integrations_client.errors import SendcloudError

__all__ = ["StoreError", "TakenOverError"]


class StoreError(SendcloudError):
    """The database cannot be used: it is not there, refuses, or is of a version that this package does not know."""


class TakenOverError(StoreError):
    """Another sync of the same account began over the same store, and goes on from here; nothing is lost."""
