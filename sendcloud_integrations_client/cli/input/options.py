"""Options that several commands share, each defined once, and the formatting of examples in help texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.completion import complete_integration, complete_profile
from sendcloud_integrations_client.cli.terminal.console import ColorMode
from sendcloud_integrations_client.cli.terminal.secrets import quote_value

__all__ = [
    "ACCOUNT_PANEL",
    "OUTPUT_PANEL",
    "SCHEDULE_PANEL",
    "SELECTION_PANEL",
    "STORAGE_PANEL",
    "ColorOption",
    "ConfigOption",
    "DatabaseOption",
    "FileOption",
    "GiveUpAfterOption",
    "IntegrationArgument",
    "IntegrationOption",
    "IntegrationsOption",
    "JsonLinesOption",
    "JsonOption",
    "MaxAgeOption",
    "PostgresqlOption",
    "ProfileOption",
    "ProfilesOption",
    "ReadsPerMinuteOption",
    "RedactFieldOption",
    "RedactOption",
    "SinceOption",
    "VerboseOption",
    "YesOption",
    "format_examples",
    "integer",
]

# Headings of option groups in help texts.
ACCOUNT_PANEL = "Account"
OUTPUT_PANEL = "Output"
SCHEDULE_PANEL = "Schedule and limits"
SELECTION_PANEL = "Log selection"
STORAGE_PANEL = "Storage"

_MAX_ID = 2**63 - 1  # the largest signed 64-bit integer, the limit of SQLite and PostgreSQL


def integer(value: str | int) -> int:
    """Parse an id. Pass it as `parser`: help texts show the name of this function as the type of the argument.

    Args:
        value: The id as text.

    Returns:
        The id.

    Raises:
        typer.BadParameter: If the value is not an integer, is less than 1, or has more than 64 bits.
    """
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise typer.BadParameter(f"must be an integer of at least 1, not {quote_value(str(value))}.")
    if number > _MAX_ID:
        raise typer.BadParameter(f"{number} is too large for an id.")
    return number


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
        metavar="WHEN",
        help="Color tables and progress: always, never, or auto (on a terminal, unless NO_COLOR is set).",
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
PostgresqlOption = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="SENDCLOUD_DATABASE",
        help="PostgreSQL database: postgresql://user:password@host/database.",
        show_default=False,
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
        parser=integer,
        metavar="ID",
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
        parser=integer,
        metavar="ID",
        autocompletion=complete_integration,
        help="Only logs of this integration. Repeatable.",
        rich_help_panel=SELECTION_PANEL,
    ),
]
RedactOption = Annotated[
    bool,
    typer.Option(
        "--redact/--no-redact",
        help="Redact secrets, such as Authorization and Cookie headers, before logs are stored.",
        rich_help_panel=STORAGE_PANEL,
    ),
]
RedactFieldOption = Annotated[
    list[str] | None,
    typer.Option(
        "--redact-field",
        metavar="NAME",
        help="Additional header or field to redact. Repeatable.",
        rich_help_panel=STORAGE_PANEL,
    ),
]
GiveUpAfterOption = Annotated[
    str,
    typer.Option(
        "--give-up-after",
        metavar="TIME",
        help="Retry network and database failures until an account had no success for this long: 15m, or 0.",
        rich_help_panel=SCHEDULE_PANEL,
    ),
]
ReadsPerMinuteOption = Annotated[
    int | None,
    typer.Option(
        "--reads-per-minute",
        min=1,
        metavar="COUNT",
        help="Reads per minute and account. Defaults to Sendcloud's limit, 1000.",
        show_default=False,
        rich_help_panel=SCHEDULE_PANEL,
    ),
]
MaxAgeOption = Annotated[
    str | None,
    typer.Option(
        "--max-age",
        metavar="AGE",
        help="Exit with 5 if the last successful sync of an account is older: 2h.",
        show_default=False,
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
        metavar="ID",
        parser=integer,
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
