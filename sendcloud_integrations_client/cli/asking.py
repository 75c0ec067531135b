"""Asking before something is lost."""

from __future__ import annotations

import sys

import typer

from sendcloud_integrations_client.cli.exit_codes import ExitCode
from sendcloud_integrations_client.cli.reporting import CommandError, InputError

__all__ = ["ask", "check_can_ask"]


def check_can_ask(*, yes: bool, uses_stdin: bool = False) -> None:
    """Refuse to start what would have to be asked for and cannot be.

    Args:
        yes: `--yes` was given.
        uses_stdin: The input of the command comes from stdin, so that an answer cannot.

    Raises:
        InputError: There is nobody to ask.
    """
    if yes:
        return
    if uses_stdin:
        raise InputError("this asks before it goes on, and stdin is taken by --file -: pass --yes")
    if not sys.stdin.isatty():
        raise InputError("this asks before it goes on, and there is no terminal to ask on: pass --yes")


def ask(question: str) -> None:
    """Ask on the terminal.

    Raises:
        CommandError: The answer is no, or none.
    """
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        typer.echo(err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if not agreed:
        raise CommandError("nothing was changed", ExitCode.DECLINED)
