"""Worker processes for tests: the command `worker run` on profiles of a simulated Sendcloud."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.forked_commands import get_forked_command

__all__ = ["WorkerFleet", "add_accounts", "running_workers", "wait_until"]

_COMMAND = [sys.executable, "-W", "error", "-m", "sendcloud_integrations_client.cli", "worker"]


class WorkerFleet:
    """Worker processes on one database.

    Args:
        folder: Folder of their log files.
        environment: Environment of the processes.
        options: Options of `worker run`.
    """

    def __init__(self, folder: Path, environment: dict[str, str], options: list[str]) -> None:
        self._folder = folder
        self._environment = environment
        self._options = options
        self.processes: list[subprocess.Popen[bytes]] = []
        self._started = 0

    def start(self, *, wrapper: list[str] | None = None, is_forked: bool = False) -> subprocess.Popen[bytes]:
        """Start one more worker: a new interpreter, or with `is_forked` a fork, which starts faster."""
        self._started += 1
        command = [*get_forked_command(), "worker"] if is_forked else _COMMAND
        with (self._folder / f"worker-{self._started}.log").open("wb") as log:
            process = subprocess.Popen(
                [*(wrapper or []), *command, "run", *self._options], stderr=log, stdout=log, env=self._environment
            )
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a worker, as in a crash."""
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        self.processes.remove(process)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `worker` command."""
        return subprocess.run(
            [*_COMMAND, *arguments], env=self._environment, capture_output=True, text=True, timeout=60, check=False
        )

    def read_logs(self) -> str:
        """Return what all workers have logged."""
        return "\n".join(path.read_text() for path in sorted(self._folder.glob("worker-*.log")))


def add_accounts(
    server: SimulatedSendcloud, count: int, *, logs: int, integrations: int = 2
) -> dict[str, tuple[str, str]]:
    """Add accounts to a server; return their keys by name."""
    accounts = {f"shop-{number:02}": (f"public-{number}", f"secret-{number}") for number in range(count)}
    for keys in accounts.values():
        server.add_account(*keys, integrations=integrations, logs=logs)
    return accounts


@contextmanager
def running_workers(
    folder: Path,
    database: str,
    base_url: str,
    accounts: dict[str, tuple[str, str]],
    options: list[str],
    **variables: str,
) -> Iterator[WorkerFleet]:
    """Prepare a fleet without workers; kill those that it has started at the end."""
    config = folder / "profiles.toml"
    tables = [
        f'[{name}]\npublic_key = "{public}"\nsecret_key = "{secret}"\nbase_url = "{base_url}"\n'
        for name, (public, secret) in accounts.items()
    ]
    config.write_text("\n".join(tables))
    config.chmod(0o600)
    names = {"SENDCLOUD_DATABASE": database, "SENDCLOUD_CONFIG": str(config), "PYTHONFAULTHANDLER": "1"}
    fleet = WorkerFleet(folder, os.environ | names | variables, options)
    try:
        yield fleet
    except BaseException:
        print(fleet.read_logs()[-20_000:])
        raise
    finally:
        for process in [*fleet.processes]:
            fleet.kill(process)


def wait_until(condition: Callable[[], bool], failure: str, *, timeout: float = 60) -> None:
    """Wait until a condition holds. The time limit only ends a test that would fail anyway."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, failure
        time.sleep(0.1)
