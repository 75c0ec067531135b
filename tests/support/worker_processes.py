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

_PYTHON = [sys.executable, "-W", "error"]
_COMMAND = [*_PYTHON, "-m", "sendcloud_integrations_client.cli", "worker"]
_SHIFTED_CLOCK = Path(__file__).with_name("shifted_clock.py")


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

    def start(
        self, *, clock_shift: float = 0, package: Path | None = None, is_forked: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start one more worker.

        Args:
            clock_shift: Seconds by which its clock is ahead.
            package: Folder that contains another version of the package. None for the version under test.
            is_forked: Start it as a fork, which is faster than a new interpreter. Not with the other options.
        """
        self._started += 1
        command = [*_PYTHON, "-P", str(_SHIFTED_CLOCK), str(clock_shift), "worker"] if clock_shift else _COMMAND
        if is_forked:
            command = [*get_forked_command(), "worker"]
        # Without PYTHONSAFEPATH, the current folder would have precedence over PYTHONPATH.
        variables = {} if package is None else {"PYTHONPATH": str(package), "PYTHONSAFEPATH": "1"}
        with (self._folder / f"worker-{self._started}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "run", *self._options], stderr=log, stdout=log, env=self._environment | variables
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

    def read_log(self, number: int) -> str:
        """Return what one worker has logged; the first one that was started has the number 1."""
        return (self._folder / f"worker-{number}.log").read_text()


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
