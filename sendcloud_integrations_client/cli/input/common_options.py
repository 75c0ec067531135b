"""Options that are accepted before and after the subcommand: `--profile x integrations list --json`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from sendcloud_integrations_client.cli.input.options import complete_profile

__all__ = [
    "CommonJsonLinesOption",
    "CommonJsonOption",
    "CommonOptionsGroup",
    "CommonProfileOption",
    "CommonVerboseOption",
    "define_common_options",
]

_FLAGS: Final = ("json", "jsonl", "verbose")


CommonProfileOption = Annotated[
    str | None,
    # Without an environment variable: the subcommand reads it, and an option before the subcommand overrides it.
    typer.Option(
        "--profile", "-p", metavar="NAME", help="Profile with the credentials.", autocompletion=complete_profile
    ),
]
CommonJsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CommonJsonLinesOption = Annotated[bool, typer.Option("--jsonl", help="Print JSON Lines.")]
CommonVerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log requests and retries on stderr.")]


class CommonOptionsGroup(TyperGroup):
    """A command group that passes the options of `define_common_options` to its subcommands.

    A subcommand receives these options before its own, so that the later one wins.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the subcommand, and add the common options to its arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        if ctx.resilient_parsing or command is None:
            return name, command, rest
        options = [f"--{flag}" for flag in _FLAGS if ctx.params.get(flag)]
        profile: str | None = ctx.params.get("profile")
        # In `logs sync`, the option is repeatable. The later ones replace the earlier one there, too.
        if profile is not None and not _has_profile(ctx, name, command, rest):
            options.append(f"--profile={profile}")
        return name, command, [*options, *rest]


def define_common_options(
    profile: CommonProfileOption = None,
    json: CommonJsonOption = False,
    jsonl: CommonJsonLinesOption = False,
    verbose: CommonVerboseOption = False,
) -> None:
    """Callback of command groups. `CommonOptionsGroup` passes the options to the subcommand."""


def _has_profile(ctx: Any, name: str | None, command: Any, arguments: list[str]) -> bool:
    with command.make_context(name, [*arguments], parent=ctx, resilient_parsing=True) as subcontext:
        source = subcontext.get_parameter_source("profile")
    return source is not None and source.name == "COMMANDLINE"
