"""`logs list|create`; the other commands of `logs` have modules of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import typer

from sendcloud_integrations_client.cli.accounts import choose_account
from sendcloud_integrations_client.cli.bodies import FileOption, read_as, read_object
from sendcloud_integrations_client.cli.exit_codes import ExitCode
from sendcloud_integrations_client.cli.log_table import LogTable
from sendcloud_integrations_client.cli.moments import parse_moment
from sendcloud_integrations_client.cli.options import (
    ConfigOption,
    IntegrationArgument,
    JsonLinesOption,
    JsonOption,
    ProfileOption,
    VerboseOption,
    examples,
)
from sendcloud_integrations_client.cli.output import Format, JsonWriter, chosen_format, counted, write_json
from sendcloud_integrations_client.cli.reporting import reporting, say
from sendcloud_integrations_client.cli.unreadable import UnreadableRecords
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.decoding import OnUndecodable
from sendcloud_integrations_client.generated.models import IntegrationLog, IntegrationLogCreate

__all__ = ["create_log", "list_logs"]

_PAGE = 100
_SHOWN = 25


def list_logs(
    integration: Annotated[
        list[int] | None,
        typer.Option(
            "--integration", "-i", min=1, metavar="ID", help="Only logs of this integration; may be given many times."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=0,
            metavar="COUNT",
            help="How many at most, 0 for all: 25, and all as JSON.",
            show_default=False,
        ),
    ] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", metavar="CURSOR", help="Begin at this page.")] = None,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """List exception logs, in Sendcloud's order.

    As JSON they are written while they come, however many there are.
    """
    with reporting(verbose=verbose):
        form = chosen_format(json=json, jsonl=jsonl)
        most = (limit if limit is not None else _SHOWN if form is Format.TABLE else 0) or None
        account = choose_account(profile, config)
        unreadable = UnreadableRecords()
        table, writer = LogTable(), JsonWriter(form)

        async def work(client: SendcloudIntegrations) -> bool:
            ids: list[int | None] = [*dict.fromkeys(integration or [])] or [None]
            left = most
            for one in ids:
                async with aclosing(_pages(client, one, cursor, left, unreadable.note)) as pages:
                    async for logs in pages:
                        if form is Format.TABLE:
                            table.print(logs)
                        else:
                            for log in logs:
                                writer.write(log.to_dict())
                        if left is not None:
                            left -= len(logs)
                if left == 0:
                    return True
            return False

        is_cut = account.run(work)
        if form is not Format.TABLE:
            writer.close()
        else:
            hint = " There may be more: --limit 0 shows all." if is_cut else ""
            say(f"{counted(table.count, 'log')}.{hint}")
        if unreadable.count:
            raise typer.Exit(ExitCode.FAILED)


list_logs_examples = examples(
    "logs list",
    "logs list --integration 7 --limit 100",
    "logs list --jsonl | jq -r .exception_type | sort | uniq -c",
)


def create_log(
    integration: IntegrationArgument,
    base_url: Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Address of the shop.")] = None,
    full_url: Annotated[
        str | None, typer.Option("--full-url", metavar="URL", help="Address that was asked for.")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", metavar="METHOD", help="HTTP method of the request.")
    ] = None,
    response_code: Annotated[
        int | None, typer.Option("--response-code", metavar="CODE", help="HTTP status that came back.")
    ] = None,
    created_at: Annotated[
        str | None,
        typer.Option(
            "--created-at", metavar="TIME", help="When it happened, such as 2026-01-31T12:00Z; now, where left out."
        ),
    ] = None,
    exception_type: Annotated[
        str | None, typer.Option("--exception-type", metavar="NAME", help="Class of the error.")
    ] = None,
    exception: Annotated[str | None, typer.Option("--exception", metavar="TEXT", help="The error in words.")] = None,
    file: FileOption = None,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Report a failed exchange with a shop. Each call adds a log.

    Options go before what the file says. The request and the response can be
    given in a file only.
    """
    with reporting(verbose=verbose):
        form = chosen_format(json=json, jsonl=jsonl)
        options: dict[str, Any] = {
            "base_url": base_url,
            "full_url": full_url,
            "method": method,
            "response_code": response_code,
            "created_at": None if created_at is None else parse_moment("--created-at", created_at).isoformat(),
            "exception_type": exception_type,
            "exception": exception,
        }
        fields = read_object(file) | {name: value for name, value in options.items() if value is not None}
        body = read_as(IntegrationLogCreate.from_dict, fields)
        log = choose_account(profile, config).run(lambda client: client.logs.create(integration, body))
        if form is Format.TABLE:
            say(f"Log {log.id} is created.")
        else:
            write_json(log.to_dict(), form)


create_log_examples = examples(
    "logs create 7 --base-url https://shop.example --exception 'Out of stock'",
    "logs create 7 --file log.json --json",
)


async def _pages(
    client: SendcloudIntegrations,
    integration: int | None,
    cursor: str | None,
    most: int | None,
    on_undecodable: OnUndecodable,
) -> AsyncGenerator[list[IntegrationLog]]:
    """The logs page by page, `most` of them at most; no page is asked for that is not needed."""
    size = _PAGE if most is None else min(most, _PAGE)
    logs = client.logs.list(integration_id=integration, cursor=cursor, page_size=size, on_undecodable=on_undecodable)
    if most is not None and most <= size:
        yield (await logs).data
        return
    left = most
    async with aclosing(logs.pages()) as pages:
        async for page in pages:
            yield page.data[:left]
            if left is not None:
                left -= len(page.data)
                if left <= 0:
                    return
            await asyncio.sleep(0)
