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
    "MOST_ID",
    "ProfileOption",
    "ProfilesOption",
    "VerboseOption",
    "YesOption",
    "examples",
]

MOST_ID = 2**63 - 1
"""The highest id that a database holds."""

_ACCOUNT = "Account"
_OUTPUT = "Output"


def _complete_profile(ctx: typer.Context, incomplete: str) -> list[str]:
    return [name for name in known_profiles(ctx.params.get("config")) if name.startswith(incomplete)]


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
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
IntegrationArgument = Annotated[
    int, typer.Argument(metavar="INTEGRATION", min=1, help="Id of the integration.", show_default=False)
]


def examples(*lines: str) -> str:
    """The end of a command's help: a line for each example, without the command's name."""
    return "\n".join(["Examples:", *(f"$ sendcloud-integrations {line}" for line in lines)])
