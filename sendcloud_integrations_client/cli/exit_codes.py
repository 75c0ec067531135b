"""What the command's exit codes mean, and which one an error comes to."""

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

__all__ = ["MEANINGS", "ExitCode", "exit_code_of"]


class ExitCode(enum.IntEnum):
    """The exit codes; a script may rely on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CREDENTIALS = 3
    NOT_FOUND = 4
    PARTLY = 5
    DECLINED = 6
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143


MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "Sendcloud, the network, a file or the database said no",
    ExitCode.USAGE: "the command line or the input is wrong; nothing was sent",
    ExitCode.CREDENTIALS: "no credentials, refused ones, or a configuration that cannot work",
    ExitCode.NOT_FOUND: "there is no such record for these credentials",
    ExitCode.PARTLY: "logs sync: some of it failed, the rest is stored",
    ExitCode.DECLINED: "asked whether to go on, you said no",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    ExitCode.READER_GONE: "whoever read the output went away, such as head",
    ExitCode.TERMINATED: "told to stop (SIGTERM)",
}


def exit_code_of(error: SendcloudError) -> ExitCode:
    """The exit code for what a call failed with."""
    match error:
        case InvalidInputError():
            return ExitCode.USAGE
        case AuthenticationError() | PermissionDeniedError() | ConfigurationError():
            return ExitCode.CREDENTIALS
        case NotFoundError():
            return ExitCode.NOT_FOUND
        case _:
            return ExitCode.FAILED
