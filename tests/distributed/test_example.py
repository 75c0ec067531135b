"""The FastAPI example with two workers, and the scheduled sync, on one set of credentials and a real Valkey server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sendcloud_integrations_client import BasicAuth
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.support.valkey import ValkeyServer

ROOT = Path(__file__).parents[2]


@contextmanager
def running_program(*arguments: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a module until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)


def get_slots(valkey: ValkeyServer, priority: str) -> list[str]:
    """Return the slots that calls with a priority have taken, such as `<process>:<number>`."""
    digest = BasicAuth("public", "secret").budget_key
    reply = valkey.command("ZRANGE", f"sendcloud:{{{digest}}}:reads:{priority}", "0", "-1")
    return re.findall(r"[0-9a-f]{12}-\d+:\d+", reply.decode())


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="event loops do not support signal handlers on Windows")
def test_two_workers_and_a_sync_share_the_limits(valkey: ValkeyServer, tmp_path: Path) -> None:
    sendcloud = SimulatedSendcloud(integrations=3, logs=1500)
    with serve_in_thread(sendcloud) as base_url, tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "web.sock"  # not in tmp_path, whose length can exceed that of a socket's name
        environment = {
            "SENDCLOUD_BASE_URL": base_url,
            "SENDCLOUD_PUBLIC_KEY": "public",
            "SENDCLOUD_SECRET_KEY": "secret",
            "SENDCLOUD_REDIS_URL": valkey.url,
            "SENDCLOUD_LOG": "info",
        }
        app = ["uvicorn", "--factory", "examples.fastapi_backend:create_app", "--workers", "2", "--uds", str(socket)]
        sync = ["examples.scheduled_sync", str(tmp_path / "logs.db")]
        with (
            running_program(*app, environment=environment) as web,
            running_program(*sync, environment=environment) as job,
        ):
            for _ in range(2):
                read_until(web, "Application startup complete")
            processes: set[str] = set()
            calls = 0
            deadline = time.monotonic() + 30
            while len(processes) < 2 and time.monotonic() < deadline:
                with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=120) as http:
                    response = http.get("http://backend/integrations/1/logs", params={"size": 5})
                assert response.status_code == 200
                calls += 1
                processes = {slot.partition(":")[0] for slot in get_slots(valkey, "interactive")}
            assert len(processes) == 2
            read_until(job, r"1500 new logs of 3 integrations")
            assert len(get_slots(valkey, "interactive")) == calls
            background = get_slots(valkey, "background")
            assert len({slot.partition(":")[0] for slot in background}) == 1
            assert len(background) + calls == len(sendcloud.requests)
            web.send_signal(signal.SIGTERM)
            job.send_signal(signal.SIGTERM)
            output = web.communicate(timeout=120)[0] + job.communicate(timeout=120)[0]
    assert "429" not in output
    assert "Redis" not in output
    assert "Traceback" not in output


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """Read lines of the output until one matches; return the first group, or the match."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if match := re.search(pattern, line):
            return match[match.re.groups]
    raise AssertionError("".join(lines))
