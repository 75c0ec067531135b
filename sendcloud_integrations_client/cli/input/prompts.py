"""Confirmation prompts before a command deletes or replaces records."""

from __future__ import annotations

import sys

import typer

from sendcloud_integrations_client.cli.terminal.errors import CommandError, InputError
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode

__all__ = ["check_can_confirm", "confirm"]


def check_can_confirm(*, yes: bool, uses_stdin: bool = False) -> None:
    """Check that the command can ask for confirmation. Call it before any request is sent.

    Args:
        yes: Whether `--yes` is set, so that no confirmation is needed.
        uses_stdin: Whether the command reads its input from stdin, so that a prompt cannot. Defaults to False.

    Raises:
        InputError: If confirmation is needed and stdin is not available for it.
    """
    if yes:
        return
    if uses_stdin:
        raise InputError("Cannot ask for confirmation: --file - reads the input from stdin. Pass --yes to confirm.")
    if not sys.stdin.isatty():
        raise InputError("Cannot ask for confirmation: stdin is not a terminal. Pass --yes to confirm.")


def confirm(question: str) -> None:
    """Ask a yes-or-no question on the terminal, and return if the user confirms.

    Args:
        question: The question.

    Raises:
        CommandError: If the user declines.
        typer.Exit: If the user interrupts the prompt.
    """
    try:
        is_confirmed = typer.confirm(question, err=True)
    except typer.Abort:
        typer.echo(err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if not is_confirmed:
        raise CommandError("Cancelled: you declined the confirmation. Nothing was changed.", ExitCode.DECLINED)
