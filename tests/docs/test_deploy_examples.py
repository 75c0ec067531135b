"""The files in examples/deploy are valid, and the command line in each of them works."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from sendcloud_integrations_client.cli import application
from sendcloud_integrations_client.cli.commands import worker_run
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.cli.test_processes import TIMEOUT, start_process
from tests.support.forked_commands import get_forked_command

FOLDER = Path(__file__).parents[2] / "examples" / "deploy"
PROGRAM = "/opt/sendcloud/bin/sendcloud-integrations"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="systemd, cron and containers")


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def read_unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(read(name))
    return parser


def read_crontab() -> list[tuple[str, str]]:
    """Return the schedules and commands."""
    lines = [line for line in read("crontab").splitlines() if re.match(r"[*\d]", line)]
    return [(" ".join(line.split()[:5]), line.split(maxsplit=5)[5]) for line in lines]


def read_cronjob() -> Any:
    return yaml.safe_load(read("cronjob.yaml"))


def read_dockerfile() -> dict[str, str]:
    """Return the last value of each instruction."""
    lines = [line for line in read("Dockerfile").splitlines() if not line.startswith("#")]
    instructions = "\n".join(lines).replace("\\\n", " ").splitlines()
    return dict(line.split(maxsplit=1) for line in instructions)  # type: ignore[misc]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Environment with a profile file and a database; the working folder is empty."""
    monkeypatch.chdir(tmp_path)
    with serve_in_thread(SimulatedSendcloud(integrations=2, logs=30)) as url:
        config = tmp_path / "profiles.toml"
        config.write_text(f'[shop]\npublic_key = "public"\nsecret_key = "secret"\nbase_url = "{url}"\n')
        config.chmod(0o400)
        names = {
            "SENDCLOUD_DATABASE": str(tmp_path / "logs.db"),
            "SENDCLOUD_CONFIG": str(config),
            "SENDCLOUD_BASE_URL": url,
            "SENDCLOUD_PUBLIC_KEY": "public",
            "SENDCLOUD_SECRET_KEY": "secret",
        }
        yield os.environ | names


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    found = [environment["SENDCLOUD_CONFIG"] if one == "/etc/sendcloud/profiles.toml" else one for one in arguments]
    return subprocess.run(
        [*get_forked_command(), *found], env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


def count_logs(environment: dict[str, str]) -> int:
    with closing(sqlite3.connect(environment["SENDCLOUD_DATABASE"])) as connection:
        return int(connection.execute("SELECT count(*) FROM log").fetchone()[0])


def test_systemd_service_runs_a_sync(environment: dict[str, str]) -> None:
    service = read_unit("sendcloud-sync.service")
    program, *arguments = shlex.split(service["Service"]["ExecStart"])
    assert program == PROGRAM
    done = run(arguments, environment)
    assert (done.returncode, "Deleted" in done.stderr) == (0, True), done.stderr
    with closing(sqlite3.connect(environment["SENDCLOUD_DATABASE"])) as connection:
        assert connection.execute("SELECT name, error FROM account").fetchall() == [("shop", None)]


def test_guide_installs_what_the_systemd_service_needs(environment: dict[str, str]) -> None:
    guide = (FOLDER.parents[1] / "docs" / "sync.md").read_text(encoding="utf-8")
    _, section = guide.split("### Install the systemd service\n")
    section, _ = section.split("\n### ", 1)
    service = read_unit("sendcloud-sync.service")["Service"]
    assert re.search(rf"^useradd --system .* {service['User']}$", section, re.MULTILINE)
    assert f"python3 -m venv {PROGRAM.removesuffix('/bin/sendcloud-integrations')}\n" in section
    assert f"install -o {service['User']} -m 600 profiles.toml /etc/sendcloud/\n" in section
    assert "--config /etc/sendcloud/profiles.toml " in service["ExecStart"]
    assert f"`{service['EnvironmentFile'].removeprefix('-')}`" in section
    # The override for one account takes the keys from the environment.
    program, *arguments = shlex.split(re.findall(r"ExecStart=(.+)", section)[-1])
    assert program == PROGRAM
    done = run(arguments, {name: value for name, value in environment.items() if name != "SENDCLOUD_CONFIG"})
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(environment["SENDCLOUD_DATABASE"])) as connection:
        assert connection.execute("SELECT name, error FROM account").fetchall() == [("default", None)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    timer = read_unit("sendcloud-sync.timer")
    for name in ("sendcloud-sync.service", "sendcloud-sync.timer"):
        (tmp_path / name).write_text(read(name).replace(PROGRAM, sys.executable))
    for arguments in (
        ["verify", str(tmp_path / "sendcloud-sync.service"), str(tmp_path / "sendcloud-sync.timer")],
        ["calendar", timer["Timer"]["OnCalendar"]],
    ):
        done = subprocess.run(
            ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "sendcloud-sync" not in done.stderr


def test_crontab_lines_run_and_are_silent(environment: dict[str, str], tmp_path: Path) -> None:
    entries = read_crontab()
    assert [schedule for schedule, _ in entries] == ["*/15 * * * *", "30 3 * * *", "10 * * * *"]
    program = tmp_path / "sendcloud-integrations"
    program.write_text("#!/bin/sh\nexec " + shlex.join(get_forked_command()) + ' "$@"\n')
    program.chmod(0o700)
    for _, command in entries:
        line = command.replace(PROGRAM, shlex.quote(str(program))).replace("/var/log/", f"{tmp_path}/")
        done = subprocess.run(
            ["/bin/sh", "-c", line], env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), (tmp_path / "sendcloud-sync.log").read_text()


def test_kubernetes_cronjob_runs_a_sync(environment: dict[str, str]) -> None:
    job = read_cronjob()
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    assert job["spec"]["schedule"] == "*/15 * * * *"
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] in ("Never", "OnFailure")
    (container,) = pod["containers"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    for one in (*pod["initContainers"], container):
        assert {mount["name"] for mount in one["volumeMounts"]} <= volumes
        assert one["securityContext"]["readOnlyRootFilesystem"] is True
    assert {variable["name"] for variable in container["env"]} <= environment.keys()
    done = run(
        [argument for argument in container["args"] if "prune" not in argument and argument != "90d"], environment
    )
    assert (done.returncode, count_logs(environment)) == (0, 30), done.stderr
    # The first container copies the profiles so that `logs sync` accepts their mode.
    assert pod["initContainers"][0]["command"][:3] == ["install", "-m", "0400"]


def test_container_repeats_the_sync_until_it_is_stopped_and_is_healthy(environment: dict[str, str]) -> None:
    instructions = read_dockerfile()
    assert {"FROM", "RUN", "USER", "ENV", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"} == (
        instructions.keys()
    )
    (program,) = json.loads(instructions["ENTRYPOINT"])
    health = json.loads(instructions["HEALTHCHECK"].split("CMD", 1)[1])
    assert health[0] == program
    assert instructions["STOPSIGNAL"] == "SIGTERM"
    assert instructions["USER"] != "root"
    environment = {name: value for name, value in environment.items() if name != "SENDCLOUD_CONFIG"}
    with start_process(*json.loads(instructions["CMD"]), env=environment) as running:
        assert running.stdout is not None
        assert "1 account, 30 new logs" in running.stdout.readline()
        checked = subprocess.run(
            [*get_forked_command(), *health[1:]],
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=TIMEOUT)
    assert (checked.returncode, running.returncode) == (0, 0), checked.stderr


def read_worker_commands() -> list[list[str]]:
    """Return the commands of the files for workers, without the name of the program."""
    services = yaml.safe_load(read("compose.yaml"))["services"]
    (container,) = yaml.safe_load(read("workers.yaml"))["spec"]["template"]["spec"]["containers"]
    image = json.loads(re.findall(r"^CMD (.+)$", read("worker.Dockerfile"), re.MULTILINE)[-1])
    probes = [services["worker"]["healthcheck"]["test"][2:], container["readinessProbe"]["exec"]["command"][1:]]
    return [services["worker"]["command"], container["args"], image, *probes]


def test_files_for_workers_are_consistent() -> None:
    services = yaml.safe_load(read("compose.yaml"))["services"]
    assert services.keys() == {"postgresql", "valkey", "worker", "web"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert len({services[name]["environment"]["SENDCLOUD_REDIS_URL"] for name in ("worker", "web")}) == 1
    assert (FOLDER / services["worker"]["build"]["dockerfile"]).is_file()
    web = services["web"]["build"]
    assert (FOLDER / web["context"] / web["dockerfile"]).is_file()
    module = re.search(r"COPY (\S+) ", read("web.Dockerfile"))
    assert module is not None
    assert (FOLDER / web["context"] / module[1]).is_file()
    deployment = yaml.safe_load(read("workers.yaml"))
    pod = deployment["spec"]["template"]["spec"]
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["selector"]["matchLabels"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert "livenessProbe" not in pod["containers"][0]
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in (*pod["initContainers"], *pod["containers"]):
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_commands_for_workers_are_valid(
    environment: dict[str, str], new_postgresql_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run_worker(accounts: Any, store: Any, **options: Any) -> None:
        assert list(accounts()) == ["shop"]

    monkeypatch.setattr(worker_run, "run_worker", run_worker)
    monkeypatch.setenv("SENDCLOUD_CONFIG", environment["SENDCLOUD_CONFIG"])
    monkeypatch.setenv("SENDCLOUD_DATABASE", new_postgresql_database())
    for command in read_worker_commands():
        result = CliRunner().invoke(application.app, command)
        expected = 0 if command[1] == "run" else 1  # status: no worker has used the database
        assert result.exit_code == expected, result.output
