"""Prism, serving the contract on a loopback port."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PRISM", "prism"]

PRISM = Path(__file__).parent / "node_modules" / ".bin" / "prism"
_PATIENCE = 60.0  # seconds to start


@contextlib.contextmanager
def prism(contract: Path, log: Path) -> Iterator[str]:
    """Serve a contract while the block runs: each request is checked, and answered with one of the examples.

    Args:
        contract: The OpenAPI document.
        log: Where to write what Prism says.

    Yields:
        The base URL.

    Raises:
        RuntimeError: Prism did not start.
    """
    port = _free_port()
    command = [str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), str(contract)]
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "CI": "1"})
    try:
        _wait_until_it_listens(server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_until_it_listens(server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while "is listening" not in log.read_text():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Prism did not start:\n{log.read_text()}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
