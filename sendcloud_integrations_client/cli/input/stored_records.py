"""Records in the database of `logs sync`, for commands that show single ones."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final

import attrs
from sqlalchemy import select

from sendcloud_integrations_client.cli.input.stores import open_store
from sendcloud_integrations_client.runtime.lenient_json import parse_json
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import integration, log

__all__ = ["StoredLog", "find_stored_logs", "list_stored_integrations"]

_COMPLETION_TIMEOUT: Final = 3.0  # seconds
_MAX_INTEGRATIONS: Final = 10_000


@attrs.frozen
class StoredLog:
    """A log in the database.

    Attributes:
        account: Name of its account.
        record: The record, as received but redacted.
    """

    account: str
    record: dict[str, Any] = attrs.field(repr=False)


async def find_stored_logs(
    store: LogStore, log_id: int, *, account: str | None, integration_id: int | None
) -> list[StoredLog]:
    """Return the stored logs with an id, at most one per account.

    Args:
        store: The store, which is migrated.
        log_id: Id of the log.
        account: Name of the account. None searches all accounts.
        integration_id: Id of the integration of the log. None searches all integrations.

    Returns:
        The logs, by account name.

    Raises:
        StoreError: If the database cannot be used.
    """
    query = select(log.c.account, log.c.record).where(log.c.id == log_id).order_by(log.c.account)
    if account is not None:
        query = query.where(log.c.account == account)
    if integration_id is not None:
        query = query.where(log.c.integration_id == integration_id)
    async with store.reading() as connection:
        rows = (await connection.execute(query)).all()
    return [StoredLog(name, await asyncio.to_thread(parse_json, record.encode())) for name, record in rows]


def list_stored_integrations(database: str, accounts: Collection[str]) -> list[tuple[int, str | None]]:
    """Return ids and shop names of the stored integrations, by id.

    Args:
        database: URL of the database, or path of an SQLite file. It is not created.
        accounts: Names of the accounts; empty for all accounts.

    Raises:
        InputError: If the URL is invalid, or if the driver of the database is not installed.
        StoreError: If the database cannot be used.
        TimeoutError: If the database takes more than 3 seconds.
    """
    query = select(integration.c.id, integration.c.shop_name).order_by(integration.c.id).limit(_MAX_INTEGRATIONS)
    if accounts:
        query = query.where(integration.c.account.in_(accounts))

    async def read() -> list[tuple[int, str | None]]:
        async with asyncio.timeout(_COMPLETION_TIMEOUT), open_store(database) as store:
            if not await store.is_migrated():
                return []
            async with store.reading() as connection:
                return [(number, name) for number, name in (await connection.execute(query)).all()]

    return asyncio.run(read())
