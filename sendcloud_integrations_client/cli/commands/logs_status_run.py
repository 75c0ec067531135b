"""Implementation of `logs status`: the age of each account's data, and whether it is too old."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sendcloud_integrations_client.cli.input.stores import open_migrated_store
from sendcloud_integrations_client.cli.terminal.errors import CommandError, print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import (
    format_age,
    format_count,
    format_timestamp,
    to_exact_text,
    to_plain_text,
)
from sendcloud_integrations_client.sync import StoredAccount, list_accounts

__all__ = ["run_status"]

_COLUMNS: Final = (
    Column("account", is_exact=True),
    Column.timestamp("last success (UTC)", drop_order=1),
    Column.number("age"),
    Column.number("integrations", drop_order=2),
    Column.number("logs"),
    Column.number("quarantined", drop_order=3),
    Column("last error"),
)


def run_status(database: str, max_age: timedelta | None, names: frozenset[str], *, json: bool) -> ExitCode:
    """Print the status of the accounts in a database.

    Args:
        database: URL of the database, or path of an SQLite file.
        max_age: Maximum age of the last successful sync; None for no limit.
        names: Names of the accounts. If empty, all accounts are shown.
        json: Whether to print JSON.

    Returns:
        Exit code of the process: `ExitCode.PARTIAL_FAILURE` if an account is too old, or if no account exists.

    Raises:
        CommandError: If the database does not exist, or if it has no account of a given name.
        InputError: If the URL of the database is invalid.
        StoreError: If the database cannot be used.
    """
    found, now = asyncio.run(_list_accounts(database))
    if missing := sorted(names - {account.name for account in found}):
        available = ", ".join(account.name for account in found) or "none"
        raise CommandError(f"Account not found: the database has no account {missing[0]}. Its accounts: {available}.")
    accounts = [account for account in found if not names or account.name in names]
    late = [account for account in accounts if max_age is not None and _is_older(account, max_age, now)]
    if json:
        is_healthy = None if max_age is None else bool(accounts) and not late
        rows = [_to_dict(account, now, is_late=account in late) for account in accounts]
        write_json({"healthy": is_healthy, "accounts": rows}, OutputFormat.JSON)
    else:
        _print_table(accounts, late, now)
        if not accounts:
            print_message("No accounts. Run logs sync first.")
    if late:
        print_message(
            f"{format_count(len(late), 'account')} of {len(accounts)} had no successful sync within the maximum age: "
            f"{', '.join(account.name for account in late)}."
        )
    return ExitCode.PARTIAL_FAILURE if max_age is not None and (late or not accounts) else ExitCode.OK


async def _list_accounts(database: str) -> tuple[list[StoredAccount], datetime]:
    """Return the accounts and the time of the database, whose clock wrote their times."""
    async with open_migrated_store(database) as store:
        return await list_accounts(store), await store.get_time()


def _is_older(account: StoredAccount, max_age: timedelta, now: datetime) -> bool:
    return account.last_synced_at is None or now - account.last_synced_at > max_age


def _print_table(accounts: Sequence[StoredAccount], late: Sequence[StoredAccount], now: datetime) -> None:
    rows = [
        (
            to_exact_text(account.name),
            to_plain_text(format_timestamp(account.last_synced_at)),
            to_plain_text(format_age(_get_age(account, now)), "red" if account in late else ""),
            to_plain_text(f"{account.integrations:,}"),
            to_plain_text(f"{account.logs:,}"),
            to_plain_text(f"{account.quarantined:,}", "yellow" if account.quarantined else ""),
            to_plain_text(account.error or "", "red"),
        )
        for account in accounts
    ]
    print_table(_COLUMNS, rows)


def _get_age(account: StoredAccount, now: datetime) -> float | None:
    return None if account.last_synced_at is None else (now - account.last_synced_at).total_seconds()


def _to_dict(account: StoredAccount, now: datetime, *, is_late: bool) -> dict[str, Any]:
    last, age = account.last_synced_at, _get_age(account, now)
    return {
        "account": account.name,
        "last_synced_at": None if last is None else last.isoformat(),
        "age_seconds": None if age is None else max(0, int(age)),
        "late": is_late,
        "integrations": account.integrations,
        "logs": account.logs,
        "quarantined": account.quarantined,
        "failed_at": None if account.failed_at is None else account.failed_at.isoformat(),
        "error": account.error,
    }
