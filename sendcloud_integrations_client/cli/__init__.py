"""The command `sendcloud-integrations`: integrations, logs, statuses and mappings from a shell. Needs the extra `cli`.

`main` is the console script; `python -m sendcloud_integrations_client.cli` is the same. What each command does stands
in a module of its name; docs/cli.md describes them all.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_EXTRA = "sendcloud-integrations needs its extra: pip install 'sendcloud-integrations-client[cli]'"


def main() -> None:
    """Run the command line of this process, and leave with the exit code that it comes to.

    Raises:
        SystemExit: Always; its code is one of `exit_codes.ExitCode`.
    """
    try:
        from sendcloud_integrations_client.cli.application import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich", "platformdirs"}:
            raise
        print(_EXTRA, file=sys.stderr)
        sys.exit(1)
    app(prog_name="sendcloud-integrations")
