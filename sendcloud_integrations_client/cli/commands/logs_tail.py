"""Command `logs tail`: the newest logs, then each new log as it appears."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Final

import typer

from sendcloud_integrations_client.cli.input.option_groups import AccountOptions, command
from sendcloud_integrations_client.cli.input.options import IntegrationOption, JsonLinesOption, format_examples
from sendcloud_integrations_client.cli.terminal.error_messages import describe_error
from sendcloud_integrations_client.cli.terminal.errors import InputError, print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode
from sendcloud_integrations_client.cli.terminal.json_output import JsonWriter, OutputFormat
from sendcloud_integrations_client.cli.terminal.log_table import LogTable
from sendcloud_integrations_client.cli.terminal.undecodable_records import UndecodableRecords
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import APIConnectionError, RateLimitError, ResponseDecodeError, ServerError
from sendcloud_integrations_client.generated.models import IntegrationLog

__all__ = ["NewLogFinder", "tail_logs", "TAIL_LOGS_EXAMPLES"]

_PAGE_SIZE: Final = 100
_MAX_REMEMBERED_IDS: Final = 10_000


@command
def tail_logs(
    integration: IntegrationOption = None,
    last: Annotated[
        int,
        typer.Option(
            "--last", "-n", min=0, max=_PAGE_SIZE, metavar="COUNT", help="Number of existing logs to show first."
        ),
    ] = 10,
    interval: Annotated[
        float, typer.Option("--interval", min=0.1, metavar="SECONDS", help="Seconds between two checks for new logs.")
    ] = 5.0,
    jsonl: JsonLinesOption = False,
    *,
    account: AccountOptions,
) -> None:
    """Show the newest logs, then each new log as it appears, oldest first.

    Press Ctrl-C to stop; the exit code is then 0. The command relies on Sendcloud
    listing the newest logs first.
    """
    if not math.isfinite(interval):
        raise InputError(f"Invalid value '{interval}' for --interval: must be a number of seconds.")
    undecodable_records = UndecodableRecords()
    table, writer = LogTable(), JsonWriter(OutputFormat.JSON_LINES, flush=True)

    async def follow_logs(client: SendcloudIntegrations) -> None:
        finder = NewLogFinder(client, integration, undecodable_records.report)
        existing = await finder.find_new()
        print_logs(existing[-last:] if last else [])
        while True:
            await asyncio.sleep(interval)
            try:
                print_logs(await finder.find_new())
            except (APIConnectionError, RateLimitError, ServerError) as error:
                print_message(
                    f"warning: Checking for new logs failed; retrying in {interval:g} s: {describe_error(error)}"
                )

    def print_logs(logs: list[IntegrationLog]) -> None:
        if not jsonl:
            table.print(logs)
            return
        for log in logs:
            writer.write(log.get_source())

    try:
        account.choose().run(follow_logs)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.OK) from None


TAIL_LOGS_EXAMPLES = format_examples(
    "logs tail",
    "logs tail --integration 7 --last 50 --interval 2",
    "logs tail --jsonl | jq .exception",
)


class NewLogFinder:
    """Finds logs that appeared since the previous check.

    Relies on Sendcloud listing the newest logs first, which the OpenAPI document does not guarantee. Reading stops at
    the first page that contains a known log, so new logs on later pages are not found.

    Args:
        client: The client.
        integration: Id of the integration whose logs to find. None finds the logs of all integrations.
        on_decode_error: Callback for records that cannot be decoded.
    """

    def __init__(
        self,
        client: SendcloudIntegrations,
        integration: int | None,
        on_decode_error: Callable[[ResponseDecodeError], None],
    ) -> None:
        self._client = client
        self._integration = integration
        self._on_decode_error = on_decode_error
        self._known: set[int] | None = None
        self._order: deque[int] = deque()

    async def find_new(self) -> list[IntegrationLog]:
        """Check for new logs once.

        Returns:
            The newest page on the first call, then only new logs; oldest first.

        Raises:
            SendcloudError: As in `client.logs.list`. The next call also finds the logs that this call missed.
        """
        if self._known is None:
            first_page = await self._client.logs.list(
                integration_id=self._integration, page_size=_PAGE_SIZE, on_decode_error=self._on_decode_error
            )
            self._known = set()
            return self._remember(first_page.data)
        # Keyed by id, because logs created during pagination move known logs to the next page.
        found: dict[int, IntegrationLog] = {}
        known = self._known
        async with aclosing(self._iterate_pages()) as pages:
            async for page in pages:
                found.update((log.id, log) for log in page if log.id not in known)
                if any(log.id in known for log in page):
                    break
        return self._remember([*found.values()])

    async def _iterate_pages(self) -> AsyncGenerator[list[IntegrationLog]]:
        # Pages are awaited one by one. The first one is usually enough, and prefetching would double the calls.
        cursors: list[str | None] = [None]
        while True:
            page = await self._client.logs.list(
                integration_id=self._integration,
                cursor=cursors[-1],
                page_size=_PAGE_SIZE,
                on_decode_error=self._on_decode_error,
            )
            yield page.data
            if page.next_cursor is None or page.next_cursor in cursors:
                return
            cursors.append(page.next_cursor)

    def _remember(self, logs: list[IntegrationLog]) -> list[IntegrationLog]:
        assert self._known is not None  # noqa: S101 - set by the first call
        oldest_first = logs[::-1]
        for log in oldest_first:
            self._known.add(log.id)
            self._order.append(log.id)
        while len(self._order) > _MAX_REMEMBERED_IDS:
            self._known.discard(self._order.popleft())
        return oldest_first
