"""The command line in a process with a wrong clock: `python shifted_clock.py SECONDS COMMAND…`.

The wall clock of the process is shifted before anything of the package is imported. Monotonic clocks are not changed.
"""

from __future__ import annotations

import runpy
import sys
from datetime import UTC, datetime, timedelta

import time_machine


def main() -> None:
    """Run the command line."""
    shift = timedelta(seconds=float(sys.argv.pop(1)))
    with time_machine.travel(datetime.now(UTC) + shift, tick=True):
        runpy.run_module("sendcloud_integrations_client.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
