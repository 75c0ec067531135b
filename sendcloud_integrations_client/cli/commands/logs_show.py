"""Command `logs show`. The API has no operation for one log, so the command searches the database and the lists."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Annotated, Any, Final

import typer

from sendcloud_integrations_client.cli.input.completion import complete_profile
from sendcloud_integrations_client.cli.input.option_groups import AccountOptions, OutputOptions, command
from sendcloud_integrations_client.cli.input.options import (
    ACCOUNT_PANEL,
    IntegrationOption,
    format_examples,
    integer,
)
from sendcloud_integrations_client.cli.terminal.errors import CommandError, print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.records import print_record
from sendcloud_integrations_client.cli.terminal.text import format_count
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import ResponseDecodeError

__all__ = ["show_log", "SHOW_LOG_EXAMPLES"]

_PAGE_SIZE: Final = 100
_PROGRESS_INTERVAL: Final = 10_000  # logs


@command
def show_log(
    log: Annotated[int, typer.Argument(metavar="LOG", parser=integer, help="Id of the log.", show_default=False)],
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            envvar="SENDCLOUD_DATABASE",
            help="Search the database of logs sync first. If the log is not stored, search Sendcloud.",
        ),
    ] = None,
    integration: IntegrationOption = None,
    limit: Annotated[
        int,
        typer.Option("--limit", "-n", min=0, metavar="COUNT", help="Maximum number of logs to search, or 0 for all."),
    ] = 10_000,
    account_name: Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="NAME",
            help="Account in the database. Defaults to the name of the profile.",
            autocompletion=complete_profile,
            rich_help_panel=ACCOUNT_PANEL,
        ),
    ] = None,
    *,
    output: OutputOptions,
    account: AccountOptions,
) -> None:
    """Show one log, with all its fields.

    Sendcloud cannot return a single log, so the command reads the list of logs
    until it finds the log. --integration makes the search shorter. With
    --database, a stored log is shown without a request.
    """
    output_format = output.choose_format()
    record = None if database is None else _find_stored_log(database, log, account_name or account.profile, integration)
    if record is None:
        record = account.choose().run(lambda client: _find_log(client, log, integration, limit))
    if output_format is OutputFormat.TABLE:
        print_record(record)
    else:
        write_json(record, output_format)


SHOW_LOG_EXAMPLES = format_examples(
    "logs show 4711",
    "logs show 4711 --integration 7 --json",
    "logs show 4711 --database logs.db",
)


def _find_stored_log(database: str, log_id: int, profile: str | None, integration: int | None) -> dict[str, Any] | None:
    from sendcloud_integrations_client.cli.input.stored_records import find_stored_logs
    from sendcloud_integrations_client.cli.input.stores import describe_location, open_migrated_store

    async def find() -> dict[str, Any] | None:
        async with open_migrated_store(database) as store:
            found = await find_stored_logs(store, log_id, account=profile, integration_id=integration)
            if len(found) > 1:
                names = ", ".join(log.account for log in found)
                raise CommandError(
                    f"Log {log_id} exists in several accounts: {names}. Choose one with --account.", ExitCode.USAGE
                )
            if not found:
                print_message(f"Log {log_id} is not in {describe_location(store)}. Searching Sendcloud's list of logs.")
                return None
            return found[0].record

    return asyncio.run(find())


async def _find_log(
    client: SendcloudIntegrations, log_id: int, integration: int | None, max_logs: int
) -> dict[str, Any]:
    """Iterate over the logs until one has the id.

    Raises:
        CommandError: If no log has the id.
        ResponseDecodeError: If the log cannot be decoded.
    """
    errors: list[ResponseDecodeError] = []

    def keep_error(error: ResponseDecodeError) -> None:
        if error.record.__class__ is not dict or error.record.get("id") == log_id:
            errors.append(error)

    page_size = min(max_logs or _PAGE_SIZE, _PAGE_SIZE)
    logs = client.logs.list(integration_id=integration, page_size=page_size, on_decode_error=keep_error)
    searched = 0
    async with aclosing(logs.pages()) as pages:
        async for page in pages:
            candidates = page.data[: max_logs - searched] if max_logs else page.data
            for log in candidates:
                if log.id == log_id:
                    return log.get_source()
            if errors:
                raise errors[0]
            searched += len(candidates)
            if searched % _PROGRESS_INTERVAL == 0 and searched:
                print_message(f"Searched {searched:,} logs.")
            if searched == max_logs and (len(candidates) < len(page) or page.has_next):
                raise CommandError(
                    f"Log {log_id} not found in the first {format_count(searched, 'log')}. "
                    "Pass --limit 0 to search all logs, or --integration to search those of one integration.",
                    ExitCode.NOT_FOUND,
                )
    owner = "these credentials" if integration is None else f"integration {integration}"
    raise CommandError(f"Log {log_id} not found in the {format_count(searched, 'log')} of {owner}.", ExitCode.NOT_FOUND)
