"""Single records on the terminal: all fields, each complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.text import Text

from sendcloud_integrations_client.cli.terminal.json_output import format_json
from sendcloud_integrations_client.cli.terminal.tables import print_fields
from sendcloud_integrations_client.cli.terminal.text import to_plain_lines

__all__ = ["print_record"]

_MAX_INDENTED_SIZE: Final = 8  # relative to the value without indentation


def print_record(record: Mapping[str, Any]) -> None:
    """Print the fields of a JSON object on stdout, one per line. Nested values are shown as indented JSON.

    Args:
        record: The object.
    """
    print_fields({to_plain_lines(name).plain: _format_value(value) for name, value in record.items()})


def _format_nested(value: Any) -> str:
    # The indentation of a value with hundreds of levels is longer than the value, and not readable.
    compact, indented = format_json(value), format_json(value, indent=True)
    return (indented if len(indented) < _MAX_INDENTED_SIZE * len(compact) else compact).decode()


def _format_value(value: Any) -> Text:
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if value.__class__ is list and all(item.__class__ in (str, int) for item in value):
        return to_plain_lines(", ".join(map(str, value)))
    if value.__class__ in (dict, list):
        return to_plain_lines(_format_nested(value) if value else "")
    return to_plain_lines(value)
