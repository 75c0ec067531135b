"""Errors of the sync, in addition to the client's own errors."""

from __future__ import annotations

from sendcloud_integrations_client.errors import SendcloudError

__all__ = ["AccountMismatchError", "NewerStoreError", "StoreError", "SyncSupersededError"]


class StoreError(SendcloudError):
    """The database cannot be used: it is unreachable, an operation failed, or its schema version is unknown.

    Args:
        message: What failed, and what to do.
        is_temporary: Whether a reconnect can cure it: the server is not reachable or restarts, or the file is locked.
            Defaults to False.
    """

    def __init__(self, message: str, *, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary


class NewerStoreError(StoreError):
    """A newer version of this package has created or migrated the store. This version must not write to it."""

    def __init__(self) -> None:
        super().__init__(
            "The store cannot be used: it was created or migrated by a newer version of sendcloud-integrations-client. "
            "Upgrade this package."
        )


class SyncSupersededError(StoreError):
    """A newer sync of the same account took over the same store. It continues from here, and no data is lost."""


class AccountMismatchError(StoreError):
    """The account in the store belongs to other credentials or another base URL. No log was read or stored.

    Args:
        account: Name of the account in the store.
        store: The database as the caller named it, without its password.
    """

    def __init__(self, account: str, store: str) -> None:
        super().__init__(
            f"The sync of account {account} was rejected: {store} contains it with other credentials or another base "
            "URL. If this is another Sendcloud account, pass another name with --account NAME or account=. If the "
            f"keys of the same account were rotated, run: sendcloud-integrations accounts rebind {account}, with the "
            "same --database."
        )
        self.account = account
