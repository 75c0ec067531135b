"""Exception logs as a table that is printed while they come: its columns do not depend on what is in them."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from sendcloud_integrations_client.cli.output import console, moment, new_table, plain
from sendcloud_integrations_client.generated.models import IntegrationLog

__all__ = ["LogTable"]


class LogTable:
    """Prints logs, a few at a time, below one head. On a narrow terminal some columns are left out.

    Attributes:
        count: How many were printed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._console: Console = console()
        self._is_wide = self._console.width >= _ENOUGH

    def print(self, logs: list[IntegrationLog]) -> None:
        """Print the next rows."""
        if not logs:
            return
        names = [name for name in _WIDTHS if self._is_wide or name in _ALWAYS]
        table = new_table(*names, right=("log", "integration"))
        for column, name in zip(table.columns, names, strict=True):
            column.width = _WIDTHS[name]
        table.columns[-1].ratio = 1
        table.expand = True
        table.show_header = self.count == 0
        for log in logs:
            cells = _cells(log)
            table.add_row(*(cells[name] for name in names))
        self._console.print(table)
        self._console.file.flush()
        self.count += len(logs)


_WIDTHS: Final[dict[str, int | None]] = {
    "log": 10,
    "created (UTC)": 19,
    "integration": 11,
    "method": 6,
    "code": 4,
    "type": 16,
    "exception": None,
}
_ALWAYS: Final = frozenset({"created (UTC)", "integration", "code", "exception"})
_ENOUGH: Final = 110


def _cells(log: IntegrationLog) -> dict[str, Text]:
    return {
        "log": plain(log.id),
        "created (UTC)": plain(moment(log.created_at)),
        "integration": plain(log.integration_id),
        "method": plain(log.method),
        "code": plain(log.response_code, _style(log.response_code)),
        "type": plain((log.exception_type or "").rpartition(".")[2]),
        "exception": plain(log.exception),
    }


def _style(code: int | None) -> str:
    return "red" if code is None or code >= 500 else "yellow"
