"""Runs Prism, a mock server for the OpenAPI document, on a loopback port."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PRISM", "serve_with_prism"]

PRISM = Path(__file__).parent / "node_modules" / ".bin" / "prism"
_START_TIMEOUT = 60.0  # seconds


@contextlib.contextmanager
def serve_with_prism(document: Path, log: Path) -> Iterator[str]:
    """Serve an OpenAPI document for the duration of the `with` block.

    Prism validates each request and responds with an example of the document.

    Args:
        document: Path of the OpenAPI document.
        log: Path of the file for the output of Prism.

    Yields:
        The base URL.

    Raises:
        RuntimeError: If Prism did not start within 60 seconds.
    """
    port = _find_free_port()
    command = [str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), str(document)]
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "CI": "1"})
    try:
        _wait_until_listening(server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_until_listening(server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while "is listening" not in log.read_text():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Prism did not start. Its output was:\n{log.read_text()}")
        time.sleep(0.1)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
