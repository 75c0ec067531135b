"""Runs the command line in processes that start fast: forks of one process that has imported everything.

`get_forked_command()` replaces `[sys.executable, "-W", "error", "-m", "sendcloud_integrations_client.cli"]`. It is the
command of a small program that sends its arguments, environment, folder and standard streams to the process that forks,
passes on signals, and ends like the fork. Only the start of the interpreter and its reading of `PYTHON...` variables
are not tested in this way; some tests of each kind run the real command.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TextIO

__all__ = ["get_forked_command"]

_ROOT = Path(__file__).parents[2]
_PRELOADED = (
    *("aiosqlite", "alembic.command", "alembic.autogenerate", "jinja2", "rich.live", "rich.progress", "rich.traceback"),
    *("sqlalchemy.dialects.sqlite.aiosqlite", "sendcloud_integrations_client.cli.application"),
    *("sendcloud_integrations_client.report", "sendcloud_integrations_client.sync"),
    "sendcloud_integrations_client.transports.pooled",
)


@cache
def get_forked_command() -> list[str]:
    """Return the command that runs the command line in a fork. The first call starts the process that forks."""
    folder = tempfile.TemporaryDirectory(prefix="forks-")
    path = f"{folder.name}/socket"
    server = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.support.forked_commands", path],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None

    def stop() -> None:
        server.stdin.close()  # type: ignore[union-attr]
        server.stdout.close()  # type: ignore[union-attr]
        server.wait(30)
        folder.cleanup()

    atexit.register(stop)
    assert server.stdout.readline() == b"ready\n"
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("forked_command_client.py")), path]


class _Forks:
    """Forks this process once per connection, until its standard input ends."""

    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(50)
        self._connections: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._wakeup = socket.socketpair()
        for end in self._wakeup:
            end.setblocking(False)

    def serve(self) -> dict[str, Any] | None:
        """Serve connections.

        Returns:
            In a fork, its request; in the process that forks, None, when its standard input ends.
        """
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakeup[1].fileno())
        for source in (sys.stdin, self._listener, self._wakeup[0]):
            self._selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    for process in self._connections:
                        os.kill(process, signal.SIGKILL)
                    self._close()
                    return None
                if key.fileobj is self._listener:
                    if (request := self._fork()) is not None:
                        return request
                elif key.fileobj is self._wakeup[0]:
                    self._wakeup[0].recv(4096)
                    self._report_ended_forks()
                elif key.data in self._connections:  # the program of the command was killed
                    os.kill(key.data, signal.SIGKILL)
                    self._selector.unregister(key.fileobj)

    def _fork(self) -> dict[str, Any] | None:
        connection, _ = self._listener.accept()
        size, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
        length = int.from_bytes(size, "big")
        with connection.makefile("rb") as stream:
            content = stream.read(length)
        if not size or len(content) < length:  # the program of the command was killed while it sent this
            for descriptor in descriptors:
                os.close(descriptor)
            connection.close()
            return None
        request: dict[str, Any] = json.loads(content)
        process = os.fork()
        if process == 0:
            connection.close()
            self._close()
            return request | {"descriptors": dict(zip(request["streams"], descriptors, strict=True))}
        for descriptor in descriptors:
            os.close(descriptor)
        self._connections[process] = connection
        self._selector.register(connection, selectors.EVENT_READ, process)
        with suppress(OSError):  # the program was killed; the selector reports that
            connection.sendall(b"%d\n" % process)
        return None

    def _close(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for one in (self._listener, *self._wakeup, *self._connections.values()):
            one.close()

    def _report_ended_forks(self) -> None:
        while self._connections:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            connection = self._connections.pop(process)
            with suppress(KeyError):
                self._selector.unregister(connection)
            with suppress(OSError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            connection.close()


def _run(request: dict[str, Any]) -> None:
    """Run the command line in this fork as in a new process."""
    descriptors: dict[int, int] = request["descriptors"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if number in descriptors:
            os.dup2(descriptors[number], number)
            os.close(descriptors[number])
            setattr(sys, name, _open_stream(number))
        else:
            os.close(number)
            setattr(sys, name, None)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv[1:] = request["arguments"]

    from sendcloud_integrations_client.cli import main as run_command_line

    run_command_line()


def _open_stream(number: int) -> TextIO:
    """Return a standard stream with the options that the interpreter sets."""
    if number == 0:
        return open(0, encoding="utf-8", closefd=False)
    errors = "strict" if number == 1 else "backslashreplace"
    stream = open(number, "w", encoding="utf-8", errors=errors, newline="\n", closefd=False)  # noqa: SIM115
    stream.reconfigure(line_buffering=number == 2 or os.isatty(1))
    return stream


def main() -> None:
    """Serve the socket whose path is the argument."""
    for name in _PRELOADED:
        __import__(name)
    forks = _Forks(sys.argv[1])
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    request = forks.serve()
    if request is not None:
        _run(request)


if __name__ == "__main__":
    main()
