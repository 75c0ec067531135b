"""Options that several commands share, and the formatting of examples in help texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.accounts import list_profile_names

__all__ = [
    "ACCOUNT_PANEL",
    "OUTPUT_PANEL",
    "SELECTION_PANEL",
    "ConfigOption",
    "DatabaseOption",
    "IntegrationArgument",
    "JsonLinesOption",
    "JsonOption",
    "ProfileOption",
    "ProfilesOption",
    "SinceOption",
    "StoredIntegrationsOption",
    "VerboseOption",
    "YesOption",
    "complete_profile",
    "format_examples",
]

# Headings of option groups in help texts.
ACCOUNT_PANEL = "Account"
OUTPUT_PANEL = "Output"
SELECTION_PANEL = "Log selection"

_MAX_STORABLE_ID = 2**63 - 1  # the largest signed 64-bit integer, the limit of SQLite and PostgreSQL


def complete_profile(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the profile names that start with `incomplete`, for shell completion."""
    return [name for name in list_profile_names(ctx.params.get("config")) if name.startswith(incomplete)]


def _validate_storable_ids(ids: list[int] | None) -> list[int] | None:
    # A callback instead of `max=`, because the help text would show a range with 19 digits.
    if ids and max(ids) > _MAX_STORABLE_ID:
        raise typer.BadParameter(f"{max(ids)} is too large for an id in the database")
    return ids


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
        "--account",
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
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print JSON, with all fields of the API response.", rich_help_panel=OUTPUT_PANEL),
]
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
StoredIntegrationsOption = Annotated[
    list[int] | None,
    typer.Option(
        "--integration",
        "-i",
        min=1,
        metavar="ID",
        callback=_validate_storable_ids,
        help="Only logs of this integration. Repeatable.",
        rich_help_panel=SELECTION_PANEL,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")]
IntegrationArgument = Annotated[
    int, typer.Argument(metavar="INTEGRATION", min=1, help="Id of the integration.", show_default=False)
]


def format_examples(*lines: str) -> str:
    """Return the examples section of a command's help text.

    Args:
        lines: Examples, one per line, without the leading `sendcloud-integrations`.
    """
    return "\n".join(["Examples:", *(f"$ sendcloud-integrations {line}" for line in lines)])
