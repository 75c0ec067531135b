"""Implementation of `logs redact`: redacts the stored records and prints how many were changed."""

from __future__ import annotations

import asyncio

import attrs

from sendcloud_integrations_client.cli.input.redaction import build_redaction
from sendcloud_integrations_client.cli.input.stores import describe_location, open_migrated_store
from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.text import format_count
from sendcloud_integrations_client.sync import Redaction, StoredRedactionSummary, redact_store

__all__ = ["run_redact"]


def run_redact(
    database: str, names: frozenset[str], *, personal_data: bool, batch_size: int, dry_run: bool, json: bool
) -> None:
    """Redact the stored records, and print the counts.

    Args:
        database: URL of the database, or path of an SQLite file.
        names: Names of headers and fields to redact, in addition to the default ones.
        personal_data: Whether to redact e-mail addresses and phone numbers.
        batch_size: Number of records per transaction.
        dry_run: Whether to change nothing.
        json: Whether to print JSON.

    Raises:
        CommandError: If the database does not exist or has no tables.
        InputError: If the URL of the database is invalid.
        StoreError: If the database cannot be used.
    """
    redaction = build_redaction(names, personal_data=personal_data)
    summary, location = asyncio.run(_redact(database, redaction, batch_size=batch_size, dry_run=dry_run))
    if json:
        write_json(attrs.asdict(summary), OutputFormat.JSON)
        return
    records = format_count(summary.checked, "record")
    if dry_run:
        print_message(f"Checked {records} in {location}: {summary.changed:,} would be changed. Nothing was changed.")
    else:
        print_message(f"Checked {records} in {location}: {summary.changed:,} changed.")


async def _redact(
    database: str, redaction: Redaction, *, batch_size: int, dry_run: bool
) -> tuple[StoredRedactionSummary, str]:
    async with open_migrated_store(database) as store:
        location = describe_location(store)
        return await redact_store(store, redaction, batch_size=batch_size, dry_run=dry_run), location
