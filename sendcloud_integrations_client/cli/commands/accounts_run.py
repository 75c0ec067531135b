"""Implementation of the commands on the accounts in a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from sendcloud_integrations_client.cli.input.accounts import Account
from sendcloud_integrations_client.cli.input.prompts import confirm
from sendcloud_integrations_client.cli.input.stores import open_migrated_store
from sendcloud_integrations_client.cli.terminal.errors import CommandError, print_message
from sendcloud_integrations_client.cli.terminal.json_output import JsonWriter, OutputFormat
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import (
    format_count,
    format_timestamp,
    to_exact_text,
    to_plain_text,
)
from sendcloud_integrations_client.sync import (
    LogStore,
    StoredAccount,
    list_accounts,
    rebind_account,
    remove_account,
    rename_account,
)

__all__ = ["run_list", "run_rebind", "run_remove", "run_rename"]

T = TypeVar("T")

_COLUMNS: Final = (
    Column("account", is_exact=True),
    Column.number("integrations"),
    Column.number("logs"),
    Column.number("quarantined"),
    Column.timestamp("first sync (UTC)", drop_order=1),
    Column.timestamp("last sync (UTC)", drop_order=2),
)


def run_list(database: str, output_format: OutputFormat) -> None:
    """Print the accounts in a database.

    Args:
        database: URL of the database, or path of an SQLite file.
        output_format: Format of the output.

    Raises:
        CommandError: If the database does not exist.
        InputError: If the URL of the database is invalid, or if its driver is not installed.
        SendcloudError: If the database cannot be used.
    """
    accounts = _run(database, list_accounts)
    if output_format is OutputFormat.TABLE:
        _print_table(accounts)
        return
    writer = JsonWriter(output_format)
    for account in accounts:
        writer.write(_to_dict(account))
    writer.close()


def run_rename(database: str, name: str, new_name: str) -> None:
    """Rename an account.

    Args:
        database: URL of the database, or path of an SQLite file.
        name: Name of the account.
        new_name: The new name.

    Raises:
        CommandError: If the database or the account does not exist.
        SendcloudError: If the new name is invalid or in use, or if the database cannot be used.
    """

    async def rename(store: LogStore) -> None:
        await _find(store, name)
        await rename_account(store, name, new_name)

    _run(database, rename)
    print_message(f"Account {name} renamed to {new_name}.")


def run_rebind(database: str, name: str, account: Account) -> None:
    """Bind an account to other credentials, after Sendcloud has accepted them.

    Args:
        database: URL of the database, or path of an SQLite file.
        name: Name of the account in the database.
        account: Account with the new credentials.

    Raises:
        CommandError: If the database or the account does not exist.
        SendcloudError: If Sendcloud rejects the credentials, or if the database cannot be used.
    """

    async def rebind(store: LogStore) -> None:
        await _find(store, name)
        async with account.create_client() as client:
            await client.integrations.list()  # wrong credentials would make the account unusable
            await rebind_account(store, name, client.identity)

    _run(database, rebind)
    print_message(f"Account {name} is bound to the new credentials.")


def run_remove(database: str, name: str, *, is_confirmed: bool) -> None:
    """Delete an account with all of its logs.

    Args:
        database: URL of the database, or path of an SQLite file.
        name: Name of the account.
        is_confirmed: Whether no question is asked.

    Raises:
        CommandError: If the database or the account does not exist, or if the user declines.
        SendcloudError: If the database cannot be used.
    """
    found = _run(database, lambda store: _find(store, name))
    if not is_confirmed:
        confirm(f"Delete account {name} with {format_count(found.logs, 'log')} from the database?")
    deleted = _run(database, lambda store: remove_account(store, name))
    print_message(f"Account {name} deleted with {format_count(deleted, 'log')}.")


def _run(database: str, call: Callable[[LogStore], Awaitable[T]]) -> T:
    async def run_with_store() -> T:
        async with open_migrated_store(database) as store:
            return await call(store)

    return asyncio.run(run_with_store())


async def _find(store: LogStore, name: str) -> StoredAccount:
    accounts = {account.name: account for account in await list_accounts(store)}
    if name not in accounts:
        available = f"It has: {', '.join(accounts)}" if accounts else "It has no accounts"
        raise CommandError(f"Account not found: the database has no account {name}. {available}.")
    return accounts[name]


def _print_table(accounts: list[StoredAccount]) -> None:
    rows = [
        (
            to_exact_text(account.name),
            to_plain_text(f"{account.integrations:,}"),
            to_plain_text(f"{account.logs:,}"),
            to_plain_text(f"{account.quarantined:,}"),
            to_plain_text(format_timestamp(account.first_synced_at)),
            to_plain_text(format_timestamp(account.last_synced_at)),
        )
        for account in accounts
    ]
    print_table(_COLUMNS, rows)


def _to_dict(account: StoredAccount) -> dict[str, Any]:
    return {
        "account": account.name,
        "integrations": account.integrations,
        "logs": account.logs,
        "quarantined": account.quarantined,
        "first_synced_at": account.first_synced_at.isoformat(),
        "last_synced_at": None if account.last_synced_at is None else account.last_synced_at.isoformat(),
        "pruned_before": None if account.pruned_before is None else account.pruned_before.isoformat(),
    }
