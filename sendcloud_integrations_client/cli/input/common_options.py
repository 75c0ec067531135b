"""Options that are accepted before and after the subcommand: `--profile x integrations list --json`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any, Final

import attrs
import typer
from typer.core import TyperGroup

from sendcloud_integrations_client.cli.input.option_groups import expand_option_groups
from sendcloud_integrations_client.cli.input.options import (
    ColorOption,
    ConfigOption,
    JsonLinesOption,
    JsonOption,
    ProfileOption,
    VerboseOption,
)
from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode
from sendcloud_integrations_client.cli.terminal.usage_errors import print_usage_error

__all__ = ["CommonOptions", "CommonOptionsGroup", "define_common_options"]

_FLAGS: Final = ("json", "jsonl", "verbose")
_OPTIONS_WITH_VALUE: Final = ("profile", "config", "color")


@attrs.frozen
class CommonOptions:
    """Options that are accepted before and after the subcommand."""

    profile: ProfileOption = None
    config: ConfigOption = None
    json: JsonOption = False
    jsonl: JsonLinesOption = False
    color: ColorOption = "auto"
    verbose: VerboseOption = False


class CommonOptionsGroup(TyperGroup):
    """A command group that passes the options of `CommonOptions` to its subcommands.

    A subcommand receives these options before its own, so that the later one wins.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line. In standalone mode, usage errors are printed as one line, and the process exits."""
        run = functools.partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        try:
            code = run()
        except typer.TyperException as error:
            print_usage_error(error)
            code = error.exit_code
        except typer.Abort:
            print_message("error: The command was aborted, because its input ended.")
            code = ExitCode.FAILED
        sys.exit(code or ExitCode.OK)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options of the group."""
        return _hide_flag_types(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the subcommand with this name, or None."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _hide_flag_types(command.get_params(ctx))
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the subcommand, and add the common options to its arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        if ctx.resilient_parsing or command is None:
            return name, command, rest
        options = [f"--{flag}" for flag in _FLAGS if ctx.params.get(flag)]
        options += [
            f"--{option}={ctx.params[option]}"
            for option in _OPTIONS_WITH_VALUE
            # The subcommand itself reads the environment.
            if _is_on_command_line(ctx, option)
            # In `logs sync`, --profile is repeatable. The later ones replace the earlier one there, too.
            and not _has_option(ctx, name, command, rest, option)
        ]
        return name, command, [*options, *rest]


@expand_option_groups
def define_common_options(common: CommonOptions) -> None:
    """Callback of command groups. `CommonOptionsGroup` passes the options to the subcommand."""


def _hide_flag_types(parameters: list[Any]) -> list[Any]:
    """Remove the type of flags from the help. Newer versions of Typer would show `--json <bool>`."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False) and parameter.metavar is None:
            parameter.metavar = ""
    return parameters


def _has_option(ctx: Any, name: str | None, command: Any, arguments: list[str], option: str) -> bool:
    with command.make_context(name, [*arguments], parent=ctx, resilient_parsing=True) as subcontext:
        return _is_on_command_line(subcontext, option)


def _is_on_command_line(ctx: Any, option: str) -> bool:
    source = ctx.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"
