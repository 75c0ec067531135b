"""Commands `logs list` and `logs create`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import typer

from sendcloud_integrations_client.cli.input.option_groups import AccountOptions, OutputOptions, command
from sendcloud_integrations_client.cli.input.options import (
    FileOption,
    IntegrationArgument,
    IntegrationsOption,
    format_examples,
)
from sendcloud_integrations_client.cli.input.request_bodies import build_model, describe_fields, read_json_object
from sendcloud_integrations_client.cli.input.timestamps import parse_timestamp
from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode
from sendcloud_integrations_client.cli.terminal.json_output import JsonWriter, OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.log_table import LogTable
from sendcloud_integrations_client.cli.terminal.text import format_count
from sendcloud_integrations_client.cli.terminal.undecodable_records import UndecodableRecords
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.generated.models import IntegrationLog, IntegrationLogCreate
from sendcloud_integrations_client.runtime.decoding import OnDecodeError

__all__ = ["create_log", "list_logs"]

_PAGE_SIZE = 100
_DEFAULT_TABLE_ROWS = 25


@command
def list_logs(
    integration: IntegrationsOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=0,
            metavar="COUNT",
            help="Maximum number of logs, or 0 for all. Defaults to 25 in a table and to all as JSON.",
            show_default=False,
        ),
    ] = None,
    cursor: Annotated[
        str | None, typer.Option("--cursor", metavar="CURSOR", help="Start at the page with this cursor.")
    ] = None,
    *,
    output: OutputOptions,
    account: AccountOptions,
) -> None:
    """List exception logs, in the order in which Sendcloud returns them.

    JSON output starts before all logs are loaded. More than one page is read at
    background priority, so that other programs on the same limits do not wait.
    """
    output_format = output.choose_format()
    default_limit = _DEFAULT_TABLE_ROWS if output_format is OutputFormat.TABLE else 0
    max_logs = (default_limit if limit is None else limit) or None
    undecodable_records = UndecodableRecords()
    table, writer = LogTable(), JsonWriter(output_format)

    async def print_logs(client: SendcloudIntegrations) -> bool:
        if max_logs is None or max_logs > _PAGE_SIZE:
            client = client.with_options(priority="background")
        ids: list[int | None] = [*dict.fromkeys(integration or [])] or [None]
        remaining = max_logs
        for integration_id in ids:
            pages_of_integration = _iterate_pages(client, integration_id, cursor, remaining, undecodable_records.report)
            async with aclosing(pages_of_integration) as pages:
                async for logs in pages:
                    if output_format is OutputFormat.TABLE:
                        table.print(logs)
                    else:
                        for log in logs:
                            writer.write(log.get_source())
                    if remaining is not None:
                        remaining -= len(logs)
            if remaining == 0:
                return True
        return False

    is_truncated = account.choose().run(print_logs)
    if output_format is not OutputFormat.TABLE:
        writer.close()
    else:
        hint = " There may be more. Pass --limit 0 to show all." if is_truncated else ""
        print_message(f"{format_count(table.count, 'log')}.{hint}")
    if undecodable_records.count:
        raise typer.Exit(ExitCode.FAILED)


LIST_LOGS_EXAMPLES = format_examples(
    "logs list",
    "logs list --integration 7 --limit 100",
    "logs list --jsonl | jq -r .exception_type | sort | uniq -c",
)


@command
def create_log(
    integration: IntegrationArgument,
    base_url: Annotated[str | None, typer.Option("--base-url", metavar="URL", help="URL of the shop.")] = None,
    full_url: Annotated[
        str | None, typer.Option("--full-url", metavar="URL", help="Full URL of the failed request.")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", metavar="METHOD", help="HTTP method of the failed request.")
    ] = None,
    response_code: Annotated[
        int | None, typer.Option("--response-code", metavar="CODE", help="HTTP status code of the response.")
    ] = None,
    created_at: Annotated[
        str | None,
        typer.Option(
            "--created-at", metavar="TIME", help="Time of the failure, such as 2026-01-31T12:00Z. Defaults to now."
        ),
    ] = None,
    exception_type: Annotated[
        str | None, typer.Option("--exception-type", metavar="NAME", help="Type of the exception.")
    ] = None,
    exception: Annotated[
        str | None, typer.Option("--exception", metavar="TEXT", help="Message of the exception.")
    ] = None,
    file: FileOption = None,
    *,
    output: OutputOptions,
    account: AccountOptions,
) -> None:
    """Create an exception log for a failed request. Each run creates another log.

    An option overrides the same field of the file. The request and the response
    can only be set in the file.
    """
    output_format = output.choose_format()
    options: dict[str, Any] = {
        "base_url": base_url,
        "full_url": full_url,
        "method": method,
        "response_code": response_code,
        "created_at": None if created_at is None else parse_timestamp("--created-at", created_at).isoformat(),
        "exception_type": exception_type,
        "exception": exception,
    }
    passed = {name: value for name, value in options.items() if value is not None}
    body = build_model(IntegrationLogCreate, read_json_object(file) | passed)
    # A field that is missing in a file is named as in the file.
    with describe_fields({name: f"--{name.replace('_', '-')}" for name in (options if file is None else passed)}):
        log = account.choose().run(lambda client: client.logs.create(integration, body))
    if output_format is OutputFormat.TABLE:
        print_message(f"Created log {log.id}.")
    else:
        write_json(log.get_source(), output_format)


CREATE_LOG_EXAMPLES = format_examples(
    "logs create 7 --base-url https://shop.example --exception 'Out of stock'",
    "logs create 7 --file log.json --json",
)


async def _iterate_pages(
    client: SendcloudIntegrations,
    integration: int | None,
    cursor: str | None,
    max_logs: int | None,
    on_decode_error: OnDecodeError,
) -> AsyncGenerator[list[IntegrationLog]]:
    """Yield at most `max_logs` logs, one page at a time, without requesting more pages than necessary."""
    page_size = _PAGE_SIZE if max_logs is None else min(max_logs, _PAGE_SIZE)
    logs = client.logs.list(
        integration_id=integration, cursor=cursor, page_size=page_size, on_decode_error=on_decode_error
    )
    if max_logs is not None and max_logs <= page_size:
        yield (await logs).data
        return
    remaining = max_logs
    async with aclosing(logs.pages()) as pages:
        async for page in pages:
            yield page.data[:remaining]
            if remaining is not None:
                remaining -= len(page.data)
                if remaining <= 0:
                    return
            await asyncio.sleep(0)
