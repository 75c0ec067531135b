"""Command `simulate`."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from typing import Any, get_args

import httpx
import pytest
from typer.testing import CliRunner

from sendcloud_integrations_client import SendcloudIntegrations
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.commands.simulate import ScenarioName
from sendcloud_integrations_client.testing import Scenario, SimulatedSendcloud, serve_in_thread
from tests.support.forked_commands import get_forked_command


def start_command(*options: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
    return subprocess.Popen(
        [*get_forked_command(), "simulate", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def read_environment(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    lines = [shlex.split(process.stdout.readline()) for _ in range(4)]
    assert {words[0] for words in lines} == {"export"}
    return dict(words[1].split("=", 1) for words in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_printed_lines_configure_the_client(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with start_command("--scenario", "one_shop_failing", "--logs", "30") as process:
        for name, value in read_environment(process).items():
            monkeypatch.setenv(name, value)
        for name in ("SENDCLOUD_CLIENT_ID", "SENDCLOUD_CLIENT_SECRET"):
            monkeypatch.delenv(name, raising=False)
        async with SendcloudIntegrations() as client:
            integrations = await client.integrations.list()
            assert len([one for one in integrations if one.started_failing_at]) == 1
            assert len([log async for log in client.logs.list()]) == 30
        process.send_signal(number)
        output, messages = process.communicate(timeout=120)
    assert (process.returncode, output) == (0, "")
    assert re.fullmatch(
        r"Simulated Sendcloud on http://127\.0\.0\.1:\d+/api/v3, scenario one_shop_failing\. Press Ctrl-C to stop\.\n"
        r"Run these lines in another shell:\n",
        messages,
    )


def test_options_set_port_and_limits() -> None:
    with start_command("--integrations", "2", "--seed", "3", "--limits") as process:
        environment = read_environment(process)
        with httpx.Client(base_url=environment["SENDCLOUD_BASE_URL"], auth=("public", "secret")) as client:
            assert len(client.get("/integrations").json()["data"]) == 2
            assert 429 in [client.patch("/integrations/1", json={}).status_code for _ in range(40)]
        process.terminate()
        process.communicate(timeout=120)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["simulate", *arguments])


def test_port_in_use_is_exit_code_1() -> None:
    with serve_in_thread(SimulatedSendcloud()) as base_url:
        port = httpx.URL(base_url).port
        result = run("--port", str(port))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: Cannot listen on port {port}: ")
    assert result.stderr.endswith("Choose another port with --port.\n")


@pytest.mark.parametrize(
    ("arguments", "quoted"),
    [(("--scenario", "sunny"), "'sunny'"), (("--port", "70000"), "70000"), (("--logs", "-1"), "-1")],
)
def test_invalid_option_is_exit_code_2_and_quoted(arguments: tuple[str, ...], quoted: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert quoted in result.stderr


def test_scenario_names_are_those_of_the_simulated_sendcloud() -> None:
    assert get_args(ScenarioName) == get_args(Scenario)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for name in [name for name in sys.modules if name.startswith("sendcloud_integrations_client.testing")]:
        monkeypatch.delitem(sys.modules, name)
    result = run()
    assert result.exit_code == 1
    assert "sendcloud-integrations-client[testing]" in result.stderr
