"""Exit codes of the command line, and the mapping from errors to exit codes."""

from __future__ import annotations

import enum

from sendcloud_integrations_client.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    SendcloudError,
)

__all__ = ["EXIT_CODE_MEANINGS", "ExitCode", "get_exit_code"]


class ExitCode(enum.IntEnum):
    """Exit codes of all commands. They are stable, so that scripts can rely on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CREDENTIALS = 3
    NOT_FOUND = 4
    PARTIAL_FAILURE = 5
    DECLINED = 6
    STALE_DATA = 7
    SHOP_FAILING = 8
    NEW_PROBLEM = 9
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


EXIT_CODE_MEANINGS = {
    ExitCode.OK: "success",
    ExitCode.FAILED: "error from Sendcloud, the network, a file or the database",
    ExitCode.USAGE: "invalid options or input; nothing was changed",
    ExitCode.CREDENTIALS: "missing, rejected or insufficient credentials, or invalid configuration",
    ExitCode.NOT_FOUND: "record not found for these credentials",
    ExitCode.PARTIAL_FAILURE: "logs sync: partial failure; logs/worker status --max-age: data is late",
    ExitCode.DECLINED: "confirmation declined; nothing was changed",
    ExitCode.STALE_DATA: "logs report --fail-on stale: data is late",
    ExitCode.SHOP_FAILING: "logs report --fail-on failing: a shop fails",
    ExitCode.NEW_PROBLEM: "logs report --fail-on new: a problem is new",
    ExitCode.INTERRUPTED: "interrupted (SIGINT, Ctrl-C)",
    ExitCode.BROKEN_PIPE: "output pipe closed by its reader, such as head",
    ExitCode.TERMINATED: "terminated (SIGTERM)",
}


def get_exit_code(error: SendcloudError) -> ExitCode:
    """Return the exit code of a command that failed with `error`."""
    match error:
        case InvalidInputError():
            return ExitCode.USAGE
        case AuthenticationError() | PermissionDeniedError() | ConfigurationError():
            return ExitCode.CREDENTIALS
        case NotFoundError():
            return ExitCode.NOT_FOUND
        case _:
            return ExitCode.FAILED
