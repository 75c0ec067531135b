"""Table of exception logs, printed in batches before all logs are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from sendcloud_integrations_client.cli.terminal.console import create_console
from sendcloud_integrations_client.cli.terminal.tables import Column, build_table, fit_columns, print_table
from sendcloud_integrations_client.cli.terminal.text import format_timestamp, to_exact_text, to_plain_text
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
        is_wide = self._console.width >= _MIN_WIDTH_FOR_ALL_COLUMNS
        self._columns = [column for column in _COLUMNS if is_wide or column.header not in _WIDE_ONLY]
        self._widest_row = tuple(Text("") for _ in self._columns)
        self._widths: list[int] | None = None

    def print(self, logs: list[IntegrationLog]) -> None:
        """Print the next rows."""
        if not logs:
            return
        rows = [_build_row(log, self._columns) for log in logs]
        # Columns never get narrower, so that all batches line up.
        self._widest_row = tuple(
            max(values, key=lambda value: value.cell_len) for values in zip(self._widest_row, *rows, strict=True)
        )
        widths = fit_columns(self._columns, [self._widest_row], self._console.width)
        if widths is None:
            print_table(self._columns, rows, console=self._console)
        else:
            has_new_columns = self._widths is None or [*map(bool, widths)] != [*map(bool, self._widths)]
            self._console.print(build_table(self._columns, rows, widths, show_header=has_new_columns))
        self._widths = widths
        self._console.file.flush()
        self.count += len(logs)


_COLUMNS: Final = (
    Column.number("log"),
    Column.timestamp("created (UTC)", drop_order=3),
    Column.number("integration"),
    Column("method", min_width=6, drop_order=1),
    Column.number("code", drop_order=4),
    Column("type", max_width=16, drop_order=2),
    Column("exception"),
)
_WIDE_ONLY: Final = frozenset({"method", "type"})
_MIN_WIDTH_FOR_ALL_COLUMNS: Final = 110


def _build_row(log: IntegrationLog, columns: Sequence[Column]) -> tuple[Text, ...]:
    cells = {
        "log": to_exact_text(log.id),
        "created (UTC)": to_plain_text(format_timestamp(log.created_at)),
        "integration": to_exact_text(log.integration_id),
        "method": to_plain_text(log.method),
        "code": to_plain_text(log.response_code, _get_status_style(log.response_code)),
        "type": to_plain_text((log.exception_type or "").rpartition(".")[2]),
        "exception": to_plain_text(log.exception),
    }
    return tuple(cells[column.header] for column in columns)


def _get_status_style(status_code: int | None) -> str:
    return "red" if status_code is None or status_code >= 500 else "yellow"
