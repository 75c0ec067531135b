"""How a command ends: failures become one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager

import typer

from sendcloud_integrations_client.cli.exit_codes import ExitCode, exit_code_of
from sendcloud_integrations_client.errors import SendcloudError, one_line

__all__ = ["CommandError", "InputError", "reporting", "say"]

_LOGGER = "sendcloud_integrations_client"


class CommandError(Exception):
    """A command cannot go on.

    Args:
        message: What happened and what to do, on one line.
        code: What the process ends with.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code


class InputError(CommandError):
    """The options of a command, or the input that it reads, make no sense."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.USAGE)


@contextmanager
def reporting(*, verbose: bool = False) -> Generator[None]:
    """Run the body of a command.

    Args:
        verbose: Show the client's log on stderr, and the traceback of an error that nobody foresaw.

    Raises:
        typer.Exit: The body failed, or was interrupted; what happened was said on stderr.
    """
    with _logging(verbose):
        try:
            yield
            sys.stdout.flush()
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            _discard_output()
            raise typer.Exit(ExitCode.READER_GONE) from None
        except CommandError as error:
            say(f"error: {error}")
            raise typer.Exit(error.code) from None
        except SendcloudError as error:
            say(f"error: {error}")
            raise typer.Exit(exit_code_of(error)) from None
        except ImportError as error:
            say(f"error: {error}")
            raise typer.Exit(ExitCode.FAILED) from None
        except OSError as error:
            say(f"error: {': '.join(filter(None, (error.filename, error.strerror or type(error).__name__)))}")
            raise typer.Exit(ExitCode.FAILED) from None
        except Exception as error:
            if verbose:
                traceback.print_exc()
            say(f"error: {type(error).__name__}, which should not happen; --verbose shows where")
            raise typer.Exit(ExitCode.FAILED) from None


def say(text: str) -> None:
    """Tell a person something that is no output: one line on stderr."""
    typer.echo(one_line(text, longest=2000), err=True)


@contextmanager
def _logging(verbose: bool) -> Generator[None]:
    if not verbose:
        yield
        return
    logger = logging.getLogger(_LOGGER)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def _discard_output() -> None:
    # What is still buffered would fail again, loudly, when the interpreter flushes it at exit.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
