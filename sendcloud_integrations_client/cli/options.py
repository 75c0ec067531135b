"""The options that commands share, and the text of their examples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sendcloud_integrations_client.cli.accounts import known_profiles

__all__ = [
    "ConfigOption",
    "IntegrationArgument",
    "JsonLinesOption",
    "JsonOption",
    "ProfileOption",
    "ProfilesOption",
    "SinceOption",
    "StoredIntegrationsOption",
    "VerboseOption",
    "YesOption",
    "examples",
]

_ACCOUNT = "Account"
_OUTPUT = "Output"
_WHICH = "Which logs"
_MOST = 2**63 - 1  # the highest id that a database holds


def _complete_profile(ctx: typer.Context, incomplete: str) -> list[str]:
    return [name for name in known_profiles(ctx.params.get("config")) if name.startswith(incomplete)]


def _check_storable(ids: list[int] | None) -> list[int] | None:
    # As a callback, for a range of 19 digits would stand in the help.
    if ids and max(ids) > _MOST:
        raise typer.BadParameter(f"{max(ids)} is no id that a database holds")
    return ids


ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        envvar="SENDCLOUD_PROFILE",
        help="The profile whose credentials to use, in place of the environment's.",
        autocompletion=_complete_profile,
        rich_help_panel=_ACCOUNT,
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
        help="A profile whose credentials to use, in place of the environment's; may be given many times.",
        autocompletion=_complete_profile,
        rich_help_panel=_ACCOUNT,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="SENDCLOUD_CONFIG",
        help="The file of profiles, which only you may read; without it, the one in your configuration folder.",
        rich_help_panel=_ACCOUNT,
    ),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show on stderr what is sent and tried again.", rich_help_panel=_OUTPUT)
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="The records as JSON, as the API gave them.", rich_help_panel=_OUTPUT),
]
JsonLinesOption = Annotated[
    bool,
    typer.Option("--jsonl", help="The records as JSON, one a line.", rich_help_panel=_OUTPUT),
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Only logs from then on: 2026-01-31, or 30d.", rich_help_panel=_WHICH),
]
StoredIntegrationsOption = Annotated[
    list[int] | None,
    typer.Option(
        "--integration",
        "-i",
        min=1,
        metavar="ID",
        callback=_check_storable,
        help="Only this one; may be given many times.",
        rich_help_panel=_WHICH,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
IntegrationArgument = Annotated[
    int, typer.Argument(metavar="INTEGRATION", min=1, help="Id of the integration.", show_default=False)
]


def examples(*lines: str) -> str:
    """The end of a command's help: a line for each example, without the command's name."""
    return "\n".join(["Examples:", *(f"$ sendcloud-integrations {line}" for line in lines)])
