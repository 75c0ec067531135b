"""`python -m benchmarks.kills`: kills a sync of a million logs five times, into SQLite and into PostgreSQL.

The sixth run completes. Then the ids of all logs, and the content of some pages, must be those of the server.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.databases import DATABASES, get_database
from tests.support.killed_syncs import count_after_kills


def main() -> None:
    """Print the figures of both databases; raises AssertionError if a log is missing or stored twice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--logs", type=int, default=1_000_000, help="number of logs (default: one million)")
    logs = parser.parse_args().logs
    for database in DATABASES:
        with get_database(database) as url:
            print(measure(database, url, logs), flush=True)


def measure(database: str, url: str, logs: int) -> str:
    """Return a description of the result."""
    started = time.perf_counter()
    before, stored = count_after_kills(url, logs)
    seconds = time.perf_counter() - started
    return f"{database}: {stored:,} logs, exact, after 5 kills ({before:,} before the last run); {seconds:.0f} s"


if __name__ == "__main__":
    main()
