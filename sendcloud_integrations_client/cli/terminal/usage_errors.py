"""Usage errors, such as an unknown option, as one line on stderr without secrets."""

from __future__ import annotations

import re
from typing import Any, Final

import typer

from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.secrets import hide_secrets

__all__ = ["print_usage_error"]

# The library names its own types (`int range`) and describes ranges as formulas (`x>=1`).
_INVALID_NUMBER: Final = re.compile(
    r"(.*) is (?:not a valid (?:int|float)(?: range)?|not in the range .*)\.", re.DOTALL
)
# Newer versions of Typer check values with pydantic, whose messages do not contain the value.
_INVALID_PYDANTIC_NUMBER: Final = re.compile(
    r"Input should be (?:a valid (?:integer|number)|(?:greater|less) than or equal to )"
)
_PYDANTIC_PREFIX: Final = "Value error, "


def print_usage_error(error: typer.TyperException) -> None:
    """Print a usage error on stderr. Nothing is printed if the library has already printed the help text.

    Args:
        error: The error.
    """
    _rewrite_value_error(error)
    message = hide_secrets(error.format_message())
    if not message:
        return
    context: Any = getattr(error, "ctx", None)
    hint = "" if context is None else f" Run {context.command_path} --help to see how it is used."
    end = "" if message.endswith((".", "?")) else "."
    print_message(f"error: {message}{end}{hint}")


def _rewrite_value_error(error: typer.TyperException) -> None:
    parameter: Any = getattr(error, "param", None)
    if parameter is None:
        return
    error.message = error.message.removeprefix(_PYDANTIC_PREFIX)
    if (match := _INVALID_NUMBER.fullmatch(error.message)) is not None:
        is_integer = parameter.type.name.startswith("int")
        error.message = f"must be {_describe_number(parameter.type, is_integer=is_integer)}, not {match[1]}."
    elif _INVALID_PYDANTIC_NUMBER.match(error.message):
        is_integer = "valid integer" in error.message or isinstance(parameter.min, int)
        value = _find_value(error.__cause__, int if is_integer else float)
        error.message = f"must be {_describe_number(parameter, is_integer=is_integer)}{value}."


def _describe_number(limits: Any, *, is_integer: bool) -> str:
    lowest, highest = getattr(limits, "min", None), getattr(limits, "max", None)
    noun = "an integer" if is_integer else "a number"
    if lowest is None:
        return noun
    return f"{noun} of at least {lowest}" if highest is None else f"{noun} from {lowest} to {highest}"


def _find_value(validation_error: Any, kind: type[int] | type[float]) -> str:
    get_details: Any = getattr(validation_error, "errors", None)
    if get_details is None:
        return ""
    value: Any = get_details()[0]["input"]
    try:
        return f", not {kind(value)}"
    except ValueError:
        return f", not {value!r}"
