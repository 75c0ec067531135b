"""`python -m benchmarks.sync_at_size`: a table of what a sync of a large company must withstand, with the targets.

Each row is one situation. All rows take about half an hour; `--only WORD` selects rows by their name.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import kills, pruning, sync_situations
from benchmarks.databases import get_database
from benchmarks.sync_situations import Result

ROOT = Path(__file__).parents[1]
OPEN_FILES = 256  # ulimit -n
FREE_SPACE = 20e6  # bytes
LONGEST_LOCK = 1.0  # seconds


def main() -> None:
    """Print one line per row; exit with status 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync_at_size", description=__doc__)
    parser.add_argument("--only", default="", help="measure only the rows whose name contains this word")
    parser.add_argument("--accounts-logs", type=int, default=1_000, help="logs per account (default: 1,000)")
    parser.add_argument(
        "--killed-logs", type=int, default=1_000_000, help="logs of killed syncs (default: one million)"
    )
    options = parser.parse_args()
    measurements: dict[str, Callable[[], Result]] = {
        "accounts-postgresql": lambda: measure_many_accounts("PostgreSQL", options.accounts_logs),
        "accounts-sqlite": lambda: measure_many_accounts("SQLite", options.accounts_logs),
        "nothing-new": lambda: asyncio.run(sync_situations.measure_nothing_new()),
        "credentials": lambda: asyncio.run(sync_situations.measure_other_credentials()),
        "late-logs": lambda: asyncio.run(sync_situations.measure_late_logs()),
        "outage": lambda: asyncio.run(sync_situations.measure_network_outage()),
        "restart": lambda: asyncio.run(sync_situations.measure_postgresql_restart()),
        "locked": lambda: asyncio.run(sync_situations.measure_locked_file()),
        "overlapping": lambda: asyncio.run(sync_situations.measure_overlapping_runs()),
        "deleted": lambda: asyncio.run(sync_situations.measure_deleted_integration()),
        "prune-sqlite": lambda: measure_pruning("SQLite"),
        "prune-postgresql": lambda: measure_pruning("PostgreSQL"),
        "web": lambda: asyncio.run(sync_situations.measure_web_process()),
        "kills-sqlite": lambda: measure_kills("SQLite", options.killed_logs),
        "kills-postgresql": lambda: measure_kills("PostgreSQL", options.killed_logs),
    }
    if not any(options.only in name for name in measurements):
        parser.error(f"--only must be part of one of: {', '.join(measurements)}")
    print(f"{'situation':72} {'target':52} measured")
    missed = 0
    for name, measure in measurements.items():
        if options.only in name:
            result = measure()
            missed += not result.succeeded
            verdict = "" if result.succeeded else "  MISSED"
            print(f"{result.situation:72} {result.target:52} {result.measured}{verdict}", flush=True)
    sys.exit(1 if missed else 0)


def measure_many_accounts(database: str, logs: int) -> Result:
    """Sync 300 accounts with at most 256 open files, and compare the speed with that of 30 accounts."""
    few = run_many_accounts(database, 30, logs)
    many = run_many_accounts(database, 300, logs)
    usage = f"{many['memory']:.0f} MB, {many['files']} files"
    return Result(
        situation=f"300 accounts, 10 integrations each, {300 * logs:,} logs into {database}",
        target="all stored, ≤ 200 MB, ≤ 200 files, ulimit -n 256",
        measured=f"{many['stored']:,} stored, {usage}, {many['rate']:,.0f} logs/s; 30 accounts: {few['rate']:,.0f}",
        succeeded=many["succeeded"],
    )


def run_many_accounts(database: str, accounts: int, logs: int) -> dict[str, Any]:
    """Run `benchmarks.many_accounts` in a process with few open files; return its figures."""
    command = [sys.executable, "-m", "benchmarks.many_accounts", f"--accounts={accounts}", f"--logs={logs}", "--json"]
    with get_database(database) as url:
        run = subprocess.run(
            [*command, f"--database={url}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES)),
        )
    figures: dict[str, Any] = json.loads(run.stdout)
    return figures


def measure_pruning(database: str) -> Result:
    """Prune 460,000 of 600,000 logs."""
    with get_database(database) as url:
        measured = asyncio.run(pruning.measure_pruning(url, 460_000, 140_000))
    is_sqlite = database == "SQLite"
    space = f", {measured.additional / 1e6:.0f} MB of free space needed" if is_sqlite else ""
    return Result(
        situation=f"prune of 460,000 of 600,000 logs in {database}",
        target="locks ≤ 1 s" + (", space returned, works with 20 MB free" if is_sqlite else ""),
        measured=f"{measured}{space}",
        succeeded=measured.summary.deleted == 460_000
        and measured.longest_wait <= LONGEST_LOCK
        and measured.additional <= FREE_SPACE
        and (not is_sqlite or measured.size_after < measured.size_before / 2),
    )


def measure_kills(database: str, logs: int) -> Result:
    """Kill a sync five times."""
    with get_database(database) as url:
        measured = kills.measure(database, url, logs)
    return Result(
        situation=f"{logs:,} logs, kill -9 five times, into {database}",
        target="exact",
        measured=measured,
        succeeded=True,  # otherwise, it raises
    )


if __name__ == "__main__":
    main()
