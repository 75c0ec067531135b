"""The services of examples/deploy/compose.yaml as processes: PostgreSQL, Valkey, two workers and the web app."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.docs.test_deploy_examples import FOLDER, read
from tests.support.valkey import ValkeyServer
from tests.support.worker_processes import add_accounts, running_workers, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")


class Gate:
    """Notes which credentials request the list of all logs. These calls wait until `is_open` is True."""

    def __init__(self, server: SimulatedSendcloud) -> None:
        self._server = server
        self.credentials: set[bytes] = set()
        self.is_open = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path", "").endswith("/integrations/logs"):
            self.credentials.add(dict(scope["headers"])[b"authorization"])
            while not self.is_open:  # noqa: ASYNC110 - the test opens it in another thread
                await asyncio.sleep(0.02)
        await self._server(scope, receive, send)


@contextmanager
def running_web_app(folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the command of the image on a free port; yield its base URL and the process."""
    program, *command = json.loads(re.findall(r"^CMD (.+)$", read("web.Dockerfile"), re.MULTILINE)[-1])
    replaced = {"0.0.0.0": "127.0.0.1", "8000": "0"}
    arguments = [sys.executable, "-m", program, *(replaced.get(argument, argument) for argument in command)]
    log = folder / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, cwd=FOLDER.parent, env=os.environ | environment, stdout=output, stderr=output
        )
    try:

        def find_url() -> re.Match[str] | None:
            assert process.poll() is None, log.read_text()
            return re.search(r"running on (http://\S+)", log.read_text())

        wait_until(lambda: find_url() is not None, "the web app does not start", timeout=120)
        url = find_url()
        assert url is not None
        yield url[1], process
    finally:
        process.kill()
        process.wait()


def count_processes_per_budget(valkey: ValkeyServer) -> list[int]:
    """Return, for each set of credentials, how many processes have called within about a minute."""
    processes: dict[str, set[str]] = {}
    for key in re.findall(r"(\S+:reads):(?:interactive|background)\r", valkey.command("KEYS", "*:reads:*").decode()):
        for priority in ("interactive", "background"):
            members = valkey.command("ZRANGE", f"{key}:{priority}", "0", "-1").decode()
            processes.setdefault(key, set()).update(re.findall(r"^(\S+):\d+\r$", members, re.MULTILINE))
    return sorted(len(found) for found in processes.values())


@pytest.mark.long(minutes=1)
def test_workers_and_web_app_share_database_and_limits(
    new_postgresql_database: Callable[[], str], valkey: ValkeyServer, tmp_path: Path
) -> None:
    services = yaml.safe_load(read("compose.yaml"))["services"]
    server = SimulatedSendcloud()
    accounts = add_accounts(server, 12, logs=300)
    public, secret = accounts["shop-00"]
    gate = Gate(server)
    (_, *options) = services["worker"]["command"]
    with (
        serve_in_thread(gate) as base_url,
        running_workers(
            tmp_path, new_postgresql_database(), base_url, accounts, options[1:], SENDCLOUD_REDIS_URL=valkey.url
        ) as fleet,
    ):
        values = {
            "SENDCLOUD_REDIS_URL": valkey.url,
            "SENDCLOUD_PUBLIC_KEY": public,
            "SENDCLOUD_SECRET_KEY": secret,
        }
        assert services["web"]["environment"].keys() == values.keys()
        with running_web_app(tmp_path, values | {"SENDCLOUD_BASE_URL": base_url}) as (url, web):
            for _ in range(services["worker"]["deploy"]["replicas"]):
                fleet.start()
            health = services["worker"]["healthcheck"]["test"][1:]
            assert health[:2] == ["sendcloud-integrations", "worker"]
            # One worker has 8 slots, so both have accounts now.
            wait_until(lambda: len(gate.credentials) == 12, "not all accounts are synced at once", timeout=300)
            gate.is_open = True
            # The web app responds while the workers sync the same account.
            assert httpx.get(f"{url}/health/live", timeout=60).json() == {"status": "ok"}
            # Readiness has a time limit, which a slow machine can reach.
            wait_until(
                lambda: httpx.get(f"{url}/health/ready", timeout=60).json() == {"status": "ok"},
                "the web app is not ready",
                timeout=300,
            )

            def is_limit_shared() -> bool:
                page = httpx.get(f"{url}/integrations/1/logs", params={"size": 20}, timeout=60).json()
                assert len(page["logs"]) == 20
                return max(count_processes_per_budget(valkey)) > 1

            wait_until(is_limit_shared, "the web app and the workers do not share the limit", timeout=300)
            wait_until(lambda: fleet.run(*health[2:]).returncode == 0, "the workers are not healthy", timeout=300)
            status = json.loads(fleet.run("status", "--json").stdout)["accounts"]
            assert [one["account"] for one in status] == list(accounts)
            assert all(one["last_synced_at"] is not None and one["failures"] == 0 for one in status)
            for number in (1, 2):
                assert '"message": "Sync of account' in fleet.read_log(number)
            web.send_signal(signal.SIGTERM)
            assert web.wait(60) in (0, -signal.SIGTERM)  # uvicorn raises the signal again after its shutdown
        for process in fleet.processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in fleet.processes] == [0, 0]
        assert "Traceback" not in fleet.read_logs()
