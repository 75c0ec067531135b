"""Options that several commands share, each defined once, and the formatting of examples in help texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.completion import complete_integration, complete_profile
from sendcloud_integrations_client.cli.terminal.console import ColorMode

__all__ = [
    "ACCOUNT_PANEL",
    "OUTPUT_PANEL",
    "SELECTION_PANEL",
    "ColorOption",
    "ConfigOption",
    "DatabaseOption",
    "FileOption",
    "IntegrationArgument",
    "IntegrationOption",
    "IntegrationsOption",
    "JsonLinesOption",
    "JsonOption",
    "ProfileOption",
    "ProfilesOption",
    "SinceOption",
    "VerboseOption",
    "YesOption",
    "format_examples",
    "validate_id",
]

# Headings of option groups in help texts.
ACCOUNT_PANEL = "Account"
OUTPUT_PANEL = "Output"
SELECTION_PANEL = "Log selection"

_MAX_ID = 2**63 - 1  # the largest signed 64-bit integer, the limit of SQLite and PostgreSQL


def validate_id(value: int | None) -> int | None:
    """Reject ids that no database column can hold. Pass it as `callback`.

    Args:
        value: The id; None if the option is not set.

    Returns:
        The id.

    Raises:
        typer.BadParameter: If the id has more than 64 bits.
    """
    # A callback instead of `max=`, because the help text would show a range with 19 digits.
    if value is not None and value > _MAX_ID:
        raise typer.BadParameter(f"{value} is too large for an id")
    return value


def _validate_ids(values: list[int] | None) -> list[int] | None:
    for value in values or ():
        validate_id(value)
    return values


ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        envvar="SENDCLOUD_PROFILE",
        help="Profile with the credentials, instead of the environment.",
        autocompletion=complete_profile,
        rich_help_panel=ACCOUNT_PANEL,
    ),
]
ProfilesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        envvar="SENDCLOUD_PROFILE",
        help="Profile with the credentials, instead of the environment. Repeatable.",
        autocompletion=complete_profile,
        rich_help_panel=ACCOUNT_PANEL,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="SENDCLOUD_CONFIG",
        help="Profile file, readable by you only. Defaults to profiles.toml in your configuration folder.",
        rich_help_panel=ACCOUNT_PANEL,
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Log requests and retries on stderr.", rich_help_panel=OUTPUT_PANEL),
]
ColorOption = Annotated[
    ColorMode,
    typer.Option(
        "--color",
        help="Colors in tables and progress; auto: on a terminal, unless NO_COLOR is set.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel=OUTPUT_PANEL)]
JsonLinesOption = Annotated[
    bool,
    typer.Option("--jsonl", help="Print JSON Lines, one record per line.", rich_help_panel=OUTPUT_PANEL),
]
DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="SENDCLOUD_DATABASE",
        help="Database: a file path (SQLite) or postgresql://user:password@host/database.",
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only logs created at or after this time: 2026-01-31, or 30d for the last 30 days.",
        rich_help_panel=SELECTION_PANEL,
    ),
]
IntegrationOption = Annotated[
    int | None,
    typer.Option(
        "--integration",
        "-i",
        min=1,
        metavar="ID",
        callback=validate_id,
        autocompletion=complete_integration,
        help="Only logs of this integration.",
        rich_help_panel=SELECTION_PANEL,
    ),
]
IntegrationsOption = Annotated[
    list[int] | None,
    typer.Option(
        "--integration",
        "-i",
        min=1,
        metavar="ID",
        callback=_validate_ids,
        autocompletion=complete_integration,
        help="Only logs of this integration. Repeatable.",
        rich_help_panel=SELECTION_PANEL,
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="JSON file with the request body, or - for stdin."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")]
IntegrationArgument = Annotated[
    int,
    typer.Argument(
        metavar="INTEGRATION",
        min=1,
        callback=validate_id,
        autocompletion=complete_integration,
        help="Id of the integration.",
        show_default=False,
    ),
]


def format_examples(*lines: str) -> str:
    """Return the examples section of a command's help text.

    Args:
        lines: Examples, one per line, without the leading `sendcloud-integrations`.
    """
    return "\n".join(["Examples:", *(f"$ sendcloud-integrations {line}" for line in lines)])
