"""Groups of options that commands share, and the decorator that makes a function a command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import attrs

from sendcloud_integrations_client.cli.input.accounts import Account, choose_account
from sendcloud_integrations_client.cli.input.options import (
    ColorOption,
    ConfigOption,
    JsonLinesOption,
    JsonOption,
    ProfileOption,
    VerboseOption,
)
from sendcloud_integrations_client.cli.terminal.console import use_color
from sendcloud_integrations_client.cli.terminal.errors import report_errors
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, choose_format

__all__ = ["AccountOptions", "OutputOptions", "TerminalOptions", "command", "expand_option_groups"]


@attrs.frozen
class AccountOptions:
    """Options that select one account: `--profile` and `--config`."""

    profile: ProfileOption = None
    config: ConfigOption = None

    def choose(self) -> Account:
        """Return the account. See `choose_account` for the errors."""
        return choose_account(self.profile, self.config)


@attrs.frozen
class OutputOptions:
    """Options for the format of records: `--json` and `--jsonl`."""

    json: JsonOption = False
    jsonl: JsonLinesOption = False

    def choose_format(self) -> OutputFormat:
        """Return the output format.

        Raises:
            InputError: If both options are set.
        """
        return choose_format(json=self.json, jsonl=self.jsonl)


@attrs.frozen
class TerminalOptions:
    """Options of every command: `--color` and `--verbose`."""

    color: ColorOption = "auto"
    verbose: VerboseOption = False


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make `function` a command: expand its option groups, add `TerminalOptions`, and report its errors.

    Args:
        function: The function. Pass its result to `Typer.command`.

    Returns:
        The function to register.
    """

    def run(terminal: TerminalOptions, **arguments: Any) -> None:
        with use_color(terminal.color), report_errors(verbose=terminal.verbose):
            function(**arguments)

    parameters = [
        *_get_parameters(function),
        inspect.Parameter("terminal", inspect.Parameter.KEYWORD_ONLY, annotation=TerminalOptions),
    ]
    functools.update_wrapper(run, function, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    return _expand(run, parameters)


def expand_option_groups(function: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter that is annotated with an option group by the options of the group.

    An option group is an attrs class whose attributes are annotated with Typer options.

    Args:
        function: The function, which receives an instance of each group.

    Returns:
        A function that receives each option as an argument.
    """
    return _expand(function, _get_parameters(function))


def _expand(function: Callable[..., None], parameters: list[inspect.Parameter]) -> Callable[..., None]:
    groups = {
        parameter.name: parameter.annotation for parameter in parameters if attrs.has(_get_class(parameter.annotation))
    }

    @functools.wraps(function)
    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in attrs.fields(group)})
        function(**values)

    expanded: list[inspect.Parameter] = []
    for parameter in parameters:
        if parameter.name not in groups:
            expanded.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        group = groups[parameter.name]
        hints = get_type_hints(group, include_extras=True)
        expanded += [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
            )
            for field in attrs.fields(group)
        ]
    # Typer reads both.
    vars(run)["__signature__"] = inspect.Signature(expanded)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in expanded}
    return run


def _get_parameters(function: Callable[..., None]) -> list[inspect.Parameter]:
    return [*inspect.signature(function, eval_str=True).parameters.values()]


def _get_class(annotation: Any) -> type:
    return annotation if isinstance(annotation, type) else object
