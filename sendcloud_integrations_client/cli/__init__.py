"""Command line `sendcloud-integrations`: integrations, logs, order statuses and status mappings. Needs the extra `cli`.

`main` is the console script; `python -m sendcloud_integrations_client.cli` does the same. Each command or command group
has its own module in `commands`. See docs/cli.md for a description of all commands.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_MISSING_EXTRA = (
    "error: sendcloud-integrations cannot start: the extra `cli` is not installed. "
    "Run: pip install 'sendcloud-integrations-client[cli]'"
)


def main() -> None:
    """Run the command line with the arguments of this process, then exit.

    Raises:
        SystemExit: Always. Its code is one of `exit_codes.ExitCode`.
    """
    from sendcloud_integrations_client.cli.terminal.streams import prepare_streams

    prepare_streams()
    try:
        from sendcloud_integrations_client.cli.application import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich", "platformdirs"}:
            raise
        print(_MISSING_EXTRA, file=sys.stderr)
        sys.exit(1)
    app(prog_name="sendcloud-integrations")
