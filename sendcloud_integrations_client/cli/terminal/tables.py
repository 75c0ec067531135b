"""Tables that fit the terminal: text is cut first, then columns are dropped. Ids and counts are never shortened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sendcloud_integrations_client.cli.terminal.console import create_console

__all__ = ["Column", "build_blocks", "build_table", "fit_columns", "print_fields", "print_table"]

_GAP: Final = 2  # spaces between two columns
_MIN_VALUE_WIDTH: Final = 24  # of the values of a record; wide enough for any numeric id and timestamp


@attrs.frozen
class Column:
    """A column of a table.

    Attributes:
        header: Header of the column.
        is_exact: Whether values are never cut, as for ids, counts and timestamps.
        is_right_aligned: Whether values are right-aligned.
        min_width: Minimum width of a column whose values can be cut, in terminal cells. Defaults to 12.
        max_width: Maximum width of a column whose values can be cut. None means no maximum.
        drop_order: Columns with lower numbers are dropped first if the terminal is too narrow. None never drops the
            column.
    """

    header: str
    is_exact: bool = False
    is_right_aligned: bool = False
    min_width: int = 12
    max_width: int | None = None
    drop_order: int | None = None

    @classmethod
    def number(cls, header: str, *, drop_order: int | None = None) -> Column:
        """Return a column for numeric ids or counts: right-aligned and never cut."""
        return cls(header, is_exact=True, is_right_aligned=True, drop_order=drop_order)

    @classmethod
    def timestamp(cls, header: str, *, drop_order: int | None = None) -> Column:
        """Return a column for timestamps, which are dropped instead of cut."""
        return cls(header, is_exact=True, drop_order=drop_order)

    def get_width(self, values: Sequence[Text]) -> int:
        """Return the width that shows the header and all values uncut."""
        width = max((cell_len(self.header), *map(_get_width, values)))
        return width if self.max_width is None or self.is_exact else min(width, self.max_width)

    def get_min_width(self, values: Sequence[Text], width: int) -> int:
        """Return the minimum width of the column. The header can wrap between words.

        Args:
            values: Values of the column.
            width: Width that shows everything uncut.
        """
        if not self.is_exact:
            return min(width, self.min_width)
        return max((*map(cell_len, self.header.split()), *map(_get_width, values)))


def print_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Text]],
    *,
    title: str | None = None,
    console: Console | None = None,
) -> None:
    """Print a table that fits the terminal.

    If the terminal is too narrow for the columns that must not be cut or dropped, each row is printed as a block with
    one line per value.

    Args:
        columns: The columns.
        rows: The values of each row, one per column.
        title: Title above the table. Defaults to no title.
        console: The console. Defaults to a new one for stdout.
    """
    console = console or create_console()
    widths = fit_columns(columns, rows, console.width)
    if title is not None:
        console.print(Text(title, "bold"), soft_wrap=True)
    if widths is None:
        for line in build_blocks(columns, rows, console.width):
            # Exact values can be wider than the terminal, which then wraps the line.
            console.print(line, soft_wrap=True)
    else:
        console.print(build_table(columns, rows, widths))


def print_fields(fields: Mapping[str, Text]) -> None:
    """Print a record on stdout, with all values complete: one line per field, or more if a value is longer.

    If the terminal is too narrow for names and values next to each other, each value is below its name.

    Args:
        fields: The values by name. They can contain line breaks.
    """
    console = create_console()
    name_width = max(map(cell_len, fields), default=0)
    value_width = console.width - name_width - _GAP
    if value_width < _MIN_VALUE_WIDTH:
        for name, value in fields.items():
            console.print(Text(name, "bold"), soft_wrap=True)
            console.print(Padding(value, (0, 0, 0, _GAP)), overflow="fold")
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=name_width, no_wrap=True, style="bold")
    table.add_column(width=value_width, overflow="fold")
    for name, value in fields.items():
        table.add_row(name, value)
    console.print(table)


def fit_columns(columns: Sequence[Column], rows: Sequence[Sequence[Text]], max_width: int) -> list[int] | None:
    """Return the width of each column so that the table is at most `max_width` wide.

    Args:
        columns: The columns.
        rows: The values of each row, one per column.
        max_width: Width of the terminal.

    Returns:
        The widths; 0 for a dropped column. None if no such table exists.
    """
    values = [[row[index] for row in rows] for index in range(len(columns))]
    full = [column.get_width(cells) for column, cells in zip(columns, values, strict=True)]
    least = [column.get_min_width(cells, width) for column, cells, width in zip(columns, values, full, strict=True)]
    droppable = sorted(
        (column.drop_order, index) for index, column in enumerate(columns) if column.drop_order is not None
    )
    visible = set(range(len(columns)))
    for dropped in (None, *(index for _, index in droppable)):
        visible -= {dropped}
        available = max_width - _GAP * (len(visible) - 1)
        if sum(least[one] for one in visible) <= available:
            widths = [width if one in visible else 0 for one, width in enumerate(full)]
            _shrink(widths, least, [one for one in visible if not columns[one].is_exact], available)
            _shrink(widths, least, [*visible], available)
            return widths
    return None


def build_table(
    columns: Sequence[Column], rows: Sequence[Sequence[Text]], widths: Sequence[int], *, show_header: bool = True
) -> Table:
    """Build a Rich table with fixed column widths. Columns with width 0 are omitted."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=show_header)
    visible = [index for index, width in enumerate(widths) if width]
    for index in visible:
        table.add_column(
            Text(columns[index].header, no_wrap=False, overflow="fold"),
            justify="right" if columns[index].is_right_aligned else "left",
            vertical="bottom",
            overflow="ellipsis",
            no_wrap=True,
            width=widths[index],
        )
    for row in rows:
        table.add_row(*(row[index] for index in visible))
    return table


def build_blocks(columns: Sequence[Column], rows: Sequence[Sequence[Text]], max_width: int) -> list[Text]:
    """Return each row as a block of lines, one per value, for terminals that are too narrow for a table.

    Args:
        columns: The columns.
        rows: The values of each row, one per column.
        max_width: Width of the terminal. Exact values can be wider.

    Returns:
        The lines, with an empty line between two blocks.
    """
    label_width = max(cell_len(column.header) for column in columns)
    value_width = max(max_width - label_width - _GAP, 1)
    lines: list[Text] = []
    for number, row in enumerate(rows):
        if number:
            lines.append(Text())
        for column, value in zip(columns, row, strict=True):
            shown = value.copy()
            if not column.is_exact:
                shown.truncate(value_width, overflow="ellipsis")
            label = Text(column.header + " " * (label_width - cell_len(column.header) + _GAP), "bold")
            lines.append(label + shown)
    return lines


def _shrink(widths: list[int], least: Sequence[int], indexes: Sequence[int], available: int) -> None:
    """Shrink the widest columns first, until the table fits or all columns have their minimum width."""
    while sum(widths) > available:
        shrinkable = [index for index in indexes if widths[index] > least[index]]
        if not shrinkable:
            return
        widths[max(shrinkable, key=lambda index: widths[index])] -= 1


def _get_width(value: Text) -> int:
    return value.cell_len
