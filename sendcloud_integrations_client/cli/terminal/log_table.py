"""Table of exception logs with fixed column widths, so that rows can be printed before all logs are known."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from sendcloud_integrations_client.cli.terminal.output import (
    create_console,
    create_table,
    format_timestamp,
    to_plain_text,
)
from sendcloud_integrations_client.generated.models import IntegrationLog

__all__ = ["LogTable"]


class LogTable:
    """Prints logs in batches below one header. A narrow terminal shows fewer columns.

    Attributes:
        count: Number of logs printed so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._console: Console = create_console()
        self._is_wide = self._console.width >= _MIN_WIDTH_FOR_ALL_COLUMNS

    def print(self, logs: list[IntegrationLog]) -> None:
        """Print the next rows."""
        if not logs:
            return
        names = [name for name in _COLUMN_WIDTHS if self._is_wide or name in _NARROW_COLUMNS]
        table = create_table(*names, right=("log", "integration"))
        for column, name in zip(table.columns, names, strict=True):
            column.width = _COLUMN_WIDTHS[name]
        table.columns[-1].ratio = 1
        table.expand = True
        table.show_header = self.count == 0
        for log in logs:
            cells = _build_cells(log)
            table.add_row(*(cells[name] for name in names))
        self._console.print(table)
        self._console.file.flush()
        self.count += len(logs)


# Width of each column in characters. The last column takes the remaining width.
_COLUMN_WIDTHS: Final[dict[str, int | None]] = {
    "log": 10,
    "created (UTC)": 19,
    "integration": 11,
    "method": 6,
    "code": 4,
    "type": 16,
    "exception": None,
}
_NARROW_COLUMNS: Final = frozenset({"created (UTC)", "integration", "code", "exception"})
_MIN_WIDTH_FOR_ALL_COLUMNS: Final = 110


def _build_cells(log: IntegrationLog) -> dict[str, Text]:
    return {
        "log": to_plain_text(log.id),
        "created (UTC)": to_plain_text(format_timestamp(log.created_at)),
        "integration": to_plain_text(log.integration_id),
        "method": to_plain_text(log.method),
        "code": to_plain_text(log.response_code, _get_status_style(log.response_code)),
        "type": to_plain_text((log.exception_type or "").rpartition(".")[2]),
        "exception": to_plain_text(log.exception),
    }


def _get_status_style(status_code: int | None) -> str:
    return "red" if status_code is None or status_code >= 500 else "yellow"
