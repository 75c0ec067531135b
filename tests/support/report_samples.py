"""Stores with selected logs, for the tests of the report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.problem_keys import fill_problem_keys
from sendcloud_integrations_client.sync.schema import account, integration, log, quarantine

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def build_log_row(number: int, **fields: Any) -> dict[str, Any]:
    """Return a row of the table `log`."""
    return {
        "account": "default",
        "id": number,
        "integration_id": 1,
        "created_at_utc": NOW - timedelta(hours=number),
        "exception_type": "requests.exceptions.HTTPError",
        "exception": None,
        "response_code": 404,
        "method": None,
        "full_url": None,
        "stored_at": NOW,
        "record": "{}",
    } | fields


def build_shop_row(number: int, **fields: Any) -> dict[str, Any]:
    """Return a row of the table `integration`."""
    return {
        "account": "default",
        "id": number,
        "shop_name": f"Shop {number}",
        "shop_url": None,
        "deleted_at": None,
        "started_failing_at": None,
        "listed_at": NOW,
        "record": "{}",
    } | fields


async def fill_store(store: LogStore, logs: Iterable[dict[str, Any]], shops: Iterable[dict[str, Any]] = ()) -> None:
    """Migrate an empty store and insert rows into it."""
    await store.migrate()
    log_rows, shop_rows = list(logs), list(shops)
    names = sorted({row["account"] for row in (*log_rows, *shop_rows)} or {"default"})
    async with store.writing() as connection:
        rows = [{"name": name, "first_synced_at": NOW, "last_synced_at": NOW} for name in names]
        await connection.execute(account.insert(), rows)
        if shop_rows:
            await connection.execute(integration.insert(), shop_rows)
        if log_rows:
            await connection.execute(log.insert(), log_rows)
        while await fill_problem_keys(connection):
            pass


async def add_quarantined_records(store: LogStore, count: int) -> None:
    """Add undecodable records to the quarantine of a store."""
    rows = [
        {
            "account": "default",
            "kind": "log",
            "integration_id": 1,
            "key": f"id:{number}",
            "error": "e",
            "field": "f",
            "quarantined_at": NOW,
            "raw": "{}",
        }
        for number in range(count)
    ]
    async with store.writing() as connection:
        await connection.execute(quarantine.insert(), rows)
