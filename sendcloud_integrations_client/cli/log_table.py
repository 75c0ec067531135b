"""Exception logs as a table that is printed while they come: its columns do not depend on what is in them."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from sendcloud_integrations_client.cli.output import console, moment, new_table, plain
from sendcloud_integrations_client.generated.models import IntegrationLog

__all__ = ["LogTable"]


class LogTable:
    """Prints logs, a few at a time, below one head.

    Attributes:
        count: How many were printed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._console: Console = console()

    def print(self, logs: list[IntegrationLog]) -> None:
        """Print the next rows."""
        if not logs:
            return
        table = self._empty(show_header=self.count == 0)
        for log in logs:
            table.add_row(
                plain(log.id),
                plain(moment(log.created_at)),
                plain(log.integration_id),
                plain(log.method),
                plain(log.response_code, _style(log.response_code)),
                plain((log.exception_type or "").rpartition(".")[2]),
                plain(log.exception),
            )
        self._console.print(table)
        self._console.file.flush()
        self.count += len(logs)

    def _empty(self, *, show_header: bool) -> Table:
        names = ("log", "created (UTC)", "integration", "method", "code", "type", "exception")
        table = new_table(*names, right=("log", "integration"))
        for column, width in zip(table.columns, (10, 19, 11, 6, 4, 16), strict=False):
            column.width = width
        table.columns[-1].ratio = 1
        table.expand = True
        table.show_header = show_header
        return table


def _style(code: int | None) -> str:
    return "red" if code is None or code >= 500 else "yellow"
