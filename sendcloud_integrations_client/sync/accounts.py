"""Accounts in a store: list, rename, bind to other credentials, and remove them."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.sync.errors import StoreError
from sendcloud_integrations_client.sync.records import to_storable_text
from sendcloud_integrations_client.sync.schema import account, integration, lease, log, problem, quarantine, sync_state
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["StoredAccount", "list_accounts", "rebind_account", "remove_account", "rename_account"]

_TABLES = (integration, log, problem, quarantine, sync_state)
_BATCH_ROWS = 10_000


@attrs.frozen(kw_only=True)
class StoredAccount:
    """An account in a store.

    Attributes:
        name: Name of the account.
        identity: Digest of base URL and public key or client id; None if the account accepts the next credentials.
        first_synced_at: Start of the first run.
        last_synced_at: End of the last successful run; None if there was none.
        failed_at: End of the last run if it failed; None if it succeeded.
        error: Why the last run failed; None if it succeeded.
        pruned_before: Logs before this time were pruned; None if nothing was pruned.
        integrations: Number of integrations, without the deleted ones.
        logs: Number of logs.
        quarantined: Number of records and pages in the quarantine.
    """

    name: str
    identity: str | None
    first_synced_at: datetime
    last_synced_at: datetime | None
    failed_at: datetime | None
    error: str | None
    pruned_before: datetime | None
    integrations: int
    logs: int
    quarantined: int


async def list_accounts(store: LogStore) -> list[StoredAccount]:
    """List the accounts in a store, by name. The list is empty if the store does not exist.

    Args:
        store: The store.

    Raises:
        StoreError: If the database cannot be used.

    Example:
        for stored in await list_accounts(store):
            print(stored.name, stored.logs)
    """
    if not await store.is_migrated():
        return []
    existing = integration.c.deleted_at.is_(None)
    counts = {
        "integrations": select(func.count()).where(integration.c.account == account.c.name, existing),
        "logs": select(func.count()).where(log.c.account == account.c.name),
        "quarantined": select(func.count()).where(quarantine.c.account == account.c.name),
    }
    columns = [count.scalar_subquery().label(name) for name, count in counts.items()]
    async with store.reading() as connection:
        rows = await connection.execute(select(account, *columns).order_by(account.c.name))
        return [StoredAccount(**row) for row in rows.mappings()]


async def rename_account(store: LogStore, name: str, new_name: str) -> None:
    """Rename an account, with all of its logs. A run that is in progress stops with `SyncSupersededError`.

    Args:
        store: The store.
        name: Name of the account.
        new_name: The new name.

    Raises:
        InvalidInputError: If the new name cannot be stored.
        StoreError: If the account does not exist, if the new name is in use, or if the database cannot be used.
    """
    if not new_name or to_storable_text(new_name) != new_name:
        rule = "must be text without NUL characters and lone surrogates, and not empty"
        raise InvalidInputError("rename_account", "new_name", rule)
    await store.migrate()
    async with store.writing() as connection:
        await _require_account(connection, store, name)
        if await connection.scalar(select(account.c.name).where(account.c.name == new_name)) is not None:
            raise StoreError(
                f"Account {name} cannot be renamed: {store!r} has an account {new_name}. Use another name."
            )
        await connection.execute(update(account).where(account.c.name == name).values(name=new_name))
        # The run that holds the lease cannot continue under the new name.
        await connection.execute(delete(lease).where(lease.c.account == name))
        for table in _TABLES:
            await connection.execute(update(table).where(table.c.account == name).values(account=new_name))


async def rebind_account(store: LogStore, name: str, identity: str | None) -> None:
    """Bind an account to other credentials or another base URL, for example after its keys were rotated.

    Args:
        store: The store.
        name: Name of the account.
        identity: Identity of the account with the new credentials, as in `client.identity`. None accepts the
            credentials of the next run.

    Raises:
        StoreError: If the account does not exist, or if the database cannot be used.
    """
    await store.migrate()
    async with store.writing() as connection:
        await _require_account(connection, store, name)
        await connection.execute(update(account).where(account.c.name == name).values(identity=identity))


async def remove_account(store: LogStore, name: str) -> int:
    """Delete an account with all of its data, in batches. A run that is in progress stops with `SyncSupersededError`.

    Args:
        store: The store.
        name: Name of the account.

    Returns:
        Number of deleted logs.

    Raises:
        StoreError: If the account does not exist, or if the database cannot be used. Call the function again to delete
            the remaining data.
    """
    await store.migrate()
    async with store.writing() as connection:
        await _require_account(connection, store, name)
        # Deleted first, so that a run in progress can no longer write, and an interrupted removal leads to a full pass.
        await connection.execute(delete(sync_state).where(sync_state.c.account == name))
    deleted = 0
    while True:
        async with store.writing() as connection:
            batch = select(log.c.id).where(log.c.account == name).order_by(log.c.id).limit(_BATCH_ROWS)
            ids = list(await connection.scalars(batch))
            if not ids:
                break
            is_in_batch = log.c.id.between(ids[0], ids[-1])
            deleted += (await connection.execute(delete(log).where(log.c.account == name, is_in_batch))).rowcount
    async with store.writing() as connection:
        for table in (*_TABLES, lease):
            await connection.execute(delete(table).where(table.c.account == name))
        await connection.execute(delete(account).where(account.c.name == name))
    return deleted


async def _require_account(connection: AsyncConnection, store: LogStore, name: str) -> None:
    if await connection.scalar(select(account.c.name).where(account.c.name == name)) is None:
        names = list(await connection.scalars(select(account.c.name).order_by(account.c.name)))
        available = f"It has: {', '.join(names)}" if names else "It has no accounts"
        raise StoreError(f"Account not found: {store!r} has no account {name}. {available}.")
