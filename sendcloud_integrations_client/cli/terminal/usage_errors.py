"""Usage errors, such as an unknown option, as one line on stderr without secrets."""

from __future__ import annotations

import re
from typing import Any, Final

import typer

from sendcloud_integrations_client.cli.terminal.errors import print_message
from sendcloud_integrations_client.cli.terminal.secrets import hide_secrets

__all__ = ["print_usage_error"]

# The library names its own types (`int range`) and describes ranges as formulas (`x>=1`).
_INVALID_NUMBER: Final = re.compile(r" is (?:not a valid (?:int|float)(?: range)?|not in the range .*)\.")


def print_usage_error(error: typer.TyperException) -> None:
    """Print a usage error on stderr. Nothing is printed if the library has already printed the help text.

    Args:
        error: The error.
    """
    _rewrite_number_error(error)
    message = hide_secrets(error.format_message())
    if not message:
        return
    context: Any = getattr(error, "ctx", None)
    hint = "" if context is None else f" Run {context.command_path} --help to see how it is used."
    print_message(f"error: {message.rstrip('.')}.{hint}")


def _rewrite_number_error(error: typer.TyperException) -> None:
    parameter: Any = getattr(error, "param", None)
    match = _INVALID_NUMBER.search(error.message)
    if parameter is not None and match is not None and match.end() == len(error.message):
        error.message = f"must be {_describe_number(parameter.type)}, not {error.message[: match.start()]}."


def _describe_number(number_type: Any) -> str:
    noun = "an integer" if number_type.name.startswith("int") else "a number"
    lowest, highest = getattr(number_type, "min", None), getattr(number_type, "max", None)
    if lowest is None:
        return noun
    return f"{noun} of at least {lowest}" if highest is None else f"{noun} from {lowest} to {highest}"
