"""What the current process uses: peak memory and open files."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path


def get_peak_memory() -> float:
    """Return the peak resident set size of this process in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux, getrusage also counts the process that was forked to start this one.
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def count_open_files() -> int:
    """Return the number of open file descriptors of this process; 0 if the system does not list them."""
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return 0
