"""`python -m benchmarks.sync_ratio COMMIT`: compares the speed of a sync with that of an earlier commit.

Runs of both versions alternate, against the same simulated servers, so that the speed of the machine cancels out. Each
run fills a new database.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.databases import DATABASES, get_database
from benchmarks.sync import ACCOUNTS, run_servers

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print the figures of each run, and the ratios of their medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync_ratio", description=__doc__)
    parser.add_argument("commit", help="commit to compare with")
    parser.add_argument("--database", choices=DATABASES, default="SQLite")
    parser.add_argument("--logs", type=int, default=100_000, help="logs per run (default: 100,000)")
    parser.add_argument("--rounds", type=int, default=4, help="runs of each version (default: 4)")
    options = parser.parse_args()
    archive = subprocess.run(["git", "archive", options.commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder, run_servers(options.logs // ACCOUNTS, None) as urls:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        versions = {options.commit[:12]: Path(folder), "this version": ROOT}
        results: dict[str, list[dict[str, float]]] = {name: [] for name in versions}
        for _ in range(options.rounds):
            for name, root in versions.items():
                with get_database(options.database) as url:
                    result = run_sync(root, url, urls)
                results[name].append(result)
                rate, cpu = result["logs"] / result["seconds"], result["cpu"] / result["logs"]
                print(f"{options.database}, {name}: {rate:,.0f} logs/s, {cpu * 1e6:.0f} µs CPU per log", flush=True)
    for figure in ("seconds", "cpu"):
        before, after = (median(result[figure] for result in runs) for runs in results.values())
        print(f"{figure} of this version / of {options.commit[:12]}: {after / before:.2f}")


def run_sync(root: Path, database: str, urls: list[str]) -> dict[str, float]:
    """Run a sync with the version of the package in a folder."""
    script = ROOT / "benchmarks" / "sync_once.py"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-P", str(script), database, *urls]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    result: dict[str, float] = json.loads(run.stdout)
    return result


if __name__ == "__main__":
    main()
