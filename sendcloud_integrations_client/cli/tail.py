"""`logs tail`: the last logs, then each new one as it comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Final

import typer

from sendcloud_integrations_client.cli.accounts import choose_account
from sendcloud_integrations_client.cli.exit_codes import ExitCode
from sendcloud_integrations_client.cli.log_table import LogTable
from sendcloud_integrations_client.cli.options import (
    ConfigOption,
    JsonLinesOption,
    ProfileOption,
    VerboseOption,
    examples,
)
from sendcloud_integrations_client.cli.output import Format, JsonWriter
from sendcloud_integrations_client.cli.reporting import reporting, say
from sendcloud_integrations_client.cli.unreadable import UnreadableRecords
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import APIConnectionError, RateLimitError, ResponseDecodeError, ServerError
from sendcloud_integrations_client.generated.models import IntegrationLog

__all__ = ["NewLogs", "tail_logs", "tail_logs_examples"]

_PAGE: Final = 100
_REMEMBERED: Final = 10_000


def tail_logs(
    integration: Annotated[
        int | None, typer.Option("--integration", "-i", min=1, metavar="ID", help="Only logs of this integration.")
    ] = None,
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, max=_PAGE, metavar="COUNT", help="How many to begin with.")
    ] = 10,
    interval: Annotated[
        float, typer.Option("--interval", min=0.1, metavar="SECONDS", help="How often to look for new ones.")
    ] = 5.0,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show the last logs, then new ones as they come, the oldest first.

    Ctrl-C ends it, with exit code 0. What it goes by is that Sendcloud lists the
    newest logs first.
    """
    with reporting(verbose=verbose):
        account = choose_account(profile, config)
        unreadable = UnreadableRecords()
        table, writer = LogTable(), JsonWriter(Format.JSON_LINES, flush=True)

        async def work(client: SendcloudIntegrations) -> None:
            new = NewLogs(client, integration, unreadable.note)
            there = await new.look()
            show(there[-last:] if last else [])
            while True:
                await asyncio.sleep(interval)
                try:
                    show(await new.look())
                except (APIConnectionError, RateLimitError, ServerError) as error:
                    say(f"going on after: {error}")

        def show(logs: list[IntegrationLog]) -> None:
            if not jsonl:
                table.print(logs)
                return
            for log in logs:
                writer.write(log.to_dict())

        try:
            account.run(work)
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.OK) from None


tail_logs_examples = examples(
    "logs tail",
    "logs tail --integration 7 --last 50 --interval 2",
    "logs tail --jsonl | jq .exception",
)


class NewLogs:
    """Finds the logs that were not there at the last look.

    Sendcloud lists the newest first, though the contract does not promise it: a new log further down than a page on
    which all is known is not found.

    Args:
        client: What to ask.
        integration: Whose logs; None for all.
        on_undecodable: What to do with a record that cannot be read.
    """

    def __init__(
        self,
        client: SendcloudIntegrations,
        integration: int | None,
        on_undecodable: Callable[[ResponseDecodeError], None],
    ) -> None:
        self._client = client
        self._integration = integration
        self._on_undecodable = on_undecodable
        self._known: set[int] | None = None
        self._order: deque[int] = deque()

    async def look(self) -> list[IntegrationLog]:
        """Look once.

        Returns:
            At the first look a page, then what is new; the oldest first.

        Raises:
            SendcloudError: As in `client.logs.list`; the next look finds what this one did not give.
        """
        if self._known is None:
            first = await self._client.logs.list(
                integration_id=self._integration, page_size=_PAGE, on_undecodable=self._on_undecodable
            )
            self._known = set()
            return self._remember(first.data)
        # By id: while pages are read, new logs push known ones over to the next page.
        found: dict[int, IntegrationLog] = {}
        known = self._known
        async with aclosing(self._pages()) as pages:
            async for page in pages:
                found.update((log.id, log) for log in page if log.id not in known)
                if any(log.id in known for log in page):
                    break
        return self._remember([*found.values()])

    async def _pages(self) -> AsyncGenerator[list[IntegrationLog]]:
        # Awaited one by one: nearly always the first is enough, and looking ahead would double the calls.
        cursors: list[str | None] = [None]
        while True:
            page = await self._client.logs.list(
                integration_id=self._integration,
                cursor=cursors[-1],
                page_size=_PAGE,
                on_undecodable=self._on_undecodable,
            )
            yield page.data
            if page.next_cursor is None or page.next_cursor in cursors:
                return
            cursors.append(page.next_cursor)

    def _remember(self, logs: list[IntegrationLog]) -> list[IntegrationLog]:
        assert self._known is not None  # noqa: S101 - set by the first look
        oldest_first = logs[::-1]
        for log in oldest_first:
            self._known.add(log.id)
            self._order.append(log.id)
        while len(self._order) > _REMEMBERED:
            self._known.discard(self._order.popleft())
        return oldest_first
