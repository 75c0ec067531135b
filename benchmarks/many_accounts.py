"""`python -m benchmarks.many_accounts`: syncs hundreds of accounts, and prints time, memory and open files.

The simulated server runs in a separate process. Memory is the peak resident set size of the sync process, and open
files are the largest number that was seen after a page was stored.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from benchmarks.usage import count_open_files, get_peak_memory
from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore, SyncProgress, sync_accounts
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

MAX_MEMORY = 200  # megabytes
MAX_FILES = 200


def main() -> None:
    """Run the measurement; exit with status 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_accounts", description=__doc__)
    parser.add_argument("--accounts", type=int, default=300, help="number of accounts (default: 300)")
    parser.add_argument("--integrations", type=int, default=10, help="integrations per account (default: 10)")
    parser.add_argument("--logs", type=int, default=1000, help="logs per account (default: 1000)")
    parser.add_argument("--database", help="URL of an empty database (default: a temporary SQLite file)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, run_server(options) as url:
        database = options.database or str(Path(folder) / "logs.db")
        started = time.perf_counter()
        stored, failures, files = uvloop.run(_sync(options.accounts, url, database))
        seconds = time.perf_counter() - started
    memory, expected = get_peak_memory(), options.accounts * options.logs
    succeeded = stored == expected and memory <= MAX_MEMORY and files <= MAX_FILES and not failures
    if options.json:
        figures = {"stored": stored, "rate": stored / seconds, "memory": memory, "files": files, "succeeded": succeeded}
        print(json.dumps(figures))
    else:
        kind = "PostgreSQL" if database.startswith("postgres") else "SQLite"
        print(f"{options.accounts} accounts, {stored:,} of {expected:,} logs stored in {kind}")
        print(f"  {seconds:.1f} s, {stored / seconds:,.0f} logs per second")
        print(f"  {memory:.0f} MB peak memory (target: at most {MAX_MEMORY})")
        print(f"  {files} open files (target: at most {MAX_FILES})")
    for failure in failures[:3]:
        print(f"  FAILED: {failure}", file=sys.stderr)
    sys.exit(0 if succeeded else 1)


async def _sync(accounts: int, url: str, database: str) -> tuple[int, list[str], int]:
    files = 0

    def on_progress(_progress: SyncProgress) -> None:
        nonlocal files
        files = max(files, count_open_files())

    def build_client(number: int) -> SendcloudIntegrations:
        return SendcloudIntegrations(auth=BasicAuth(f"public-{number}", "secret"), base_url=url, rate_limits=None)

    async with LogStore(database) as store:
        factories = {f"account-{number}": lambda number=number: build_client(number) for number in range(accounts)}
        summaries = list((await sync_accounts(factories, store, on_progress=on_progress)).values())
    failures = [str(error) for one in summaries for error in (one.error, *one.failures.values()) if error]
    return sum(one.new for one in summaries), failures, files


@contextlib.contextmanager
def run_server(options: argparse.Namespace) -> Iterator[str]:
    """Run a simulated server with all accounts in a separate process; yields its URL."""
    parent_end, child_end = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve_in_process, args=(child_end, options.accounts, options.integrations, options.logs), daemon=True
    )
    process.start()
    try:
        yield parent_end.recv()
    finally:
        process.terminate()
        process.join()


def _serve_in_process(pipe: Connection, accounts: int, integrations: int, logs: int) -> None:
    uvloop.run(_serve(pipe, accounts, integrations, logs))


async def _serve(pipe: Connection, accounts: int, integrations: int, logs: int) -> None:
    server = SimulatedSendcloud(integrations=1, logs=0)
    for number in range(accounts):
        server.add_account(f"public-{number}", "secret", integrations=integrations, logs=logs)
    async with serve(server) as url:
        pipe.send(url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
