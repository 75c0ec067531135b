"""Error handling of commands: each failure becomes one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager

import typer

from sendcloud_integrations_client.cli.terminal.error_messages import describe_error
from sendcloud_integrations_client.cli.terminal.exit_codes import ExitCode, get_exit_code
from sendcloud_integrations_client.errors import SendcloudError, to_single_line

__all__ = ["CommandError", "InputError", "print_message", "report_errors"]

_LOGGER_NAME = "sendcloud_integrations_client"


class CommandError(Exception):
    """A command cannot continue.

    Args:
        message: What failed, why, and what to do, on one line.
        exit_code: Exit code of the process. Defaults to `ExitCode.FAILED`.
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class InputError(CommandError):
    """The options or the input file of a command are invalid. The exit code is `ExitCode.USAGE`.

    Args:
        message: What is invalid, why, and what to do, on one line.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.USAGE)


@contextmanager
def report_errors(*, verbose: bool = False) -> Generator[None]:
    """Run the body of a command, and turn each exception into one line on stderr and an exit code.

    Args:
        verbose: Also print the client's log and the traceback of unexpected errors on stderr. Defaults to False.

    Raises:
        typer.Exit: If the body failed or was interrupted. The error has been printed on stderr.
    """
    with _show_log(verbose):
        try:
            yield
            sys.stdout.flush()
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            _discard_output()
            raise typer.Exit(ExitCode.BROKEN_PIPE) from None
        except CommandError as error:
            print_message(f"error: {error}")
            raise typer.Exit(error.exit_code) from None
        except SendcloudError as error:
            print_message(f"error: {describe_error(error)}")
            raise typer.Exit(get_exit_code(error)) from None
        except ImportError as error:
            print_message(f"error: {error}")
            raise typer.Exit(ExitCode.FAILED) from None
        except OSError as error:
            _discard_unwritable_output()
            details = filter(None, (error.filename, error.strerror or type(error).__name__))
            print_message(f"error: {': '.join(map(str, details))}")
            raise typer.Exit(ExitCode.FAILED) from None
        except Exception as error:
            if verbose:
                traceback.print_exc()
            print_message(
                f"error: The command failed: unexpected {type(error).__name__}. "
                "Run it again with --verbose to see the traceback."
            )
            raise typer.Exit(ExitCode.FAILED) from None


def print_message(text: str) -> None:
    """Print one line for the user on stderr, because stdout is reserved for records."""
    typer.echo(to_single_line(text, max_length=2000), err=True)


@contextmanager
def _show_log(verbose: bool) -> Generator[None]:
    """Show the warnings of the package as messages, or its whole log if `verbose` is set."""
    logger = logging.getLogger(_LOGGER_NAME)
    handler: logging.Handler = _MessageHandler(logging.WARNING)
    if verbose:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    previous_level = logger.level
    logger.addHandler(handler)
    if verbose:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(previous_level)


class _MessageHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # With SENDCLOUD_LOG, the package adds a handler that prints the whole log.
        if logging.getLogger(_LOGGER_NAME).handlers == [self]:
            print_message(f"warning: {record.getMessage()}")


def _discard_unwritable_output() -> None:
    # For example, the disk is full that stdout is redirected to.
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()


def _discard_output() -> None:
    # The interpreter flushes stdout at exit. Buffered data would then raise BrokenPipeError again.
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, sys.stdout.fileno())
    os.close(null_device)
