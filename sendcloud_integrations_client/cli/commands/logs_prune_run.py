"""Implementation of `logs prune`: deletes old logs, handles signals, and prints what was deleted."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import attrs

from sendcloud_integrations_client.cli.input.stores import describe_location, open_migrated_store
from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.signals import stop_on_signals
from sendcloud_integrations_client.cli.terminal.text import format_count
from sendcloud_integrations_client.sync import PruneSummary, prune_store

__all__ = ["run_prune"]


def run_prune(database: str, age: timedelta, *, rewrite_file: bool, json: bool) -> ExitCode:
    """Delete old logs from a database.

    Args:
        database: URL of the database, or path of an SQLite file.
        age: Delete logs created before this age.
        rewrite_file: Whether to rewrite an SQLite file that cannot shrink yet.
        json: Whether to print JSON.

    Returns:
        Exit code of the process.

    Raises:
        CommandError: If the database does not exist.
        InputError: If the URL of the database is invalid.
        StoreError: If the database cannot be used.
    """
    return asyncio.run(_run(database, age, rewrite_file=rewrite_file, json=json))


async def _run(database: str, age: timedelta, *, rewrite_file: bool, json: bool) -> ExitCode:
    async with open_migrated_store(database) as store:
        location = describe_location(store)
        with stop_on_signals() as stop:
            try:
                summary = await prune_store(store, age, rewrite_file=rewrite_file, stop=stop.event)
            except asyncio.CancelledError:
                if stop.exit_code is None:
                    raise
                print_message("Stopped immediately. Run the command again to continue.")
                return stop.exit_code
    if json:
        write_json(attrs.asdict(summary), OutputFormat.JSON)
    else:
        print_message(f"{_describe_pruned(summary)} Database: {location}.")
    return stop.exit_code or ExitCode.OK


def _describe_pruned(summary: PruneSummary) -> str:
    """Return what was deleted, in one or two sentences."""
    text = f"Deleted {format_count(summary.deleted, 'old log')} from the database."
    if summary.released_bytes:
        text += f" The file is {summary.released_bytes / 1e6:,.1f} MB smaller."
    elif summary.keeps_size and summary.deleted:
        text += " The file keeps its size, and new logs use the free space. To shrink it once, pass --rewrite-file."
    if summary.stopped:
        text += " Stopped early. Run the command again to continue."
    return text
