"""Tests of examples/scheduled_sync.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(os.name != "posix", reason="event loops do not support signal handlers on Windows")
def test_scheduled_sync_stores_logs_and_stops_on_sigterm(tmp_path: Path) -> None:
    server = SimulatedSendcloud(integrations=3, logs=70)
    with serve_in_thread(server) as base_url:
        settings = {"SENDCLOUD_BASE_URL": base_url, "SENDCLOUD_PUBLIC_KEY": "public", "SENDCLOUD_SECRET_KEY": "secret"}
        with subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "examples.scheduled_sync", str(tmp_path / "logs.db")],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("70 new logs of 3 integrations in ")
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
