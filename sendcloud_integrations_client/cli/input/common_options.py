"""Options that are accepted before and after the subcommand: `--profile x integrations list --json`."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, Final

import attrs
import typer
from typer.core import TyperGroup

from sendcloud_integrations_client.cli.input.option_groups import expand_option_groups
from sendcloud_integrations_client.cli.input.options import (
    ColorOption,
    JsonLinesOption,
    JsonOption,
    ProfileOption,
    VerboseOption,
)
from sendcloud_integrations_client.cli.terminal.secrets import hide_secrets

__all__ = ["CommonOptions", "CommonOptionsGroup", "define_common_options"]

_FLAGS: Final = ("json", "jsonl", "verbose")
_TYPE_NAMES: Final = {"int": "an integer", "int range": "an integer", "float range": "a number"}


@attrs.frozen
class CommonOptions:
    """Options that are accepted before and after the subcommand."""

    profile: ProfileOption = None
    json: JsonOption = False
    jsonl: JsonLinesOption = False
    color: ColorOption = "auto"
    verbose: VerboseOption = False


class CommonOptionsGroup(TyperGroup):
    """A command group that passes the options of `CommonOptions` to its subcommands.

    A subcommand receives these options before its own, so that the later one wins.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options of the group. Usage errors quote no secret."""
        with _rewrite_usage_errors():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand. Usage errors quote no secret."""
        with _rewrite_usage_errors():
            return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the subcommand, and add the common options to its arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        if ctx.resilient_parsing or command is None:
            return name, command, rest
        options = [f"--{flag}" for flag in _FLAGS if ctx.params.get(flag)]
        options += [
            f"--{option}={ctx.params[option]}"
            for option in ("profile", "color")
            # The subcommand itself reads the environment.
            if _is_on_command_line(ctx, option)
            # In `logs sync`, --profile is repeatable. The later ones replace the earlier one there, too.
            and not _has_option(ctx, name, command, rest, option)
        ]
        return name, command, [*options, *rest]


@expand_option_groups
def define_common_options(common: CommonOptions) -> None:
    """Callback of command groups. `CommonOptionsGroup` passes the options to the subcommand."""


@contextlib.contextmanager
def _rewrite_usage_errors() -> Generator[None]:
    try:
        yield
    except typer.TyperException as error:
        message = hide_secrets(error.message)
        # The name of the library's own type is no help for users.
        for name, plain_name in _TYPE_NAMES.items():
            message = message.replace(f"is not a valid {name}.", f"is not {plain_name}.")
        error.message = message
        raise


def _has_option(ctx: Any, name: str | None, command: Any, arguments: list[str], option: str) -> bool:
    with command.make_context(name, [*arguments], parent=ctx, resilient_parsing=True) as subcontext:
        return _is_on_command_line(subcontext, option)


def _is_on_command_line(ctx: Any, option: str) -> bool:
    source = ctx.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"
