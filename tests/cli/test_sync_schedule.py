"""Tests of `logs sync` as a scheduled job: intervals, overlapping runs, shares of the limits, and faults that pass."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.commands import logs_sync_run
from sendcloud_integrations_client.cli.commands.logs_sync_run import SyncOptions
from sendcloud_integrations_client.cli.terminal.progress import ProgressLines, ProgressTable
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits
from sendcloud_integrations_client.pipeline.retries import RetryPolicy
from sendcloud_integrations_client.sync import LogStore, SyncProgress, SyncSummary
from sendcloud_integrations_client.sync.run_lock import AccountLock
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.cli.test_processes import TIMEOUT, start_process


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["logs", *arguments])


@pytest.fixture
def locked_account(tmp_path: Path) -> Iterator[None]:
    """The account `default` of `sendcloud.db`, as if another run were syncing it."""
    with asyncio.Runner() as runner:
        lock = AccountLock(LogStore("sendcloud.db"), "default", "another run")
        assert runner.run(lock.acquire(take_over=False))
        yield
        runner.run(lock.release())


@pytest.mark.usefixtures("sendcloud_server", "locked_account")
@pytest.mark.sendcloud(integrations=2, logs=30)
def test_overlapping_run_is_skipped_with_a_notice_and_exit_code_0(sendcloud: SimulatedSendcloud) -> None:
    result = run("sync")
    assert result.exit_code == 0
    assert re.search(r"default +0 of 0 .* skipped\n", result.stdout)
    assert result.stderr.splitlines()[-1] == (
        "Skipped default: another run is syncing it. Pass --if-running wait to wait for that run."
    )
    assert "Logs stored" not in result.stderr
    assert json.loads(run("sync", "--json").stdout)["accounts"][0]["skipped"] is True
    assert len(sendcloud.requests) == 0
    assert run("sync", "--if-running", "take-over").exit_code == 0
    assert len(sendcloud.requests) > 0


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=330)
@pytest.mark.parametrize("output", ["text", pytest.param("json", marks=pytest.mark.long)])
def test_every_repeats_the_sync_and_prints_one_line_per_run(sendcloud: SimulatedSendcloud, output: str) -> None:
    options = ["--json"] if output == "json" else []
    with start_process("logs", "sync", "--every", "1s", *options) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline()]
        sendcloud.add_log(1)
        lines += [running.stdout.readline(), running.stdout.readline()]
        running.send_signal(signal.SIGTERM)
        rest, messages = running.communicate(timeout=TIMEOUT)
    assert running.returncode == 0
    assert messages == "Stopping after the pages in progress are stored. Interrupt again to stop immediately.\n"
    if output == "json":
        found = [json.loads(line)["accounts"][0]["new"] for line in [*lines, *rest.splitlines()]]
    else:
        pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 1 account, (\d+) new logs, 0 updated, 0 quarantined, \d+\.\d s\n"
        matches = [re.fullmatch(pattern, line) for line in lines]
        found = [int(match[1]) for match in matches if match]
    assert found[0] == 330
    assert sum(found) == 331
    with closing(sqlite3.connect("sendcloud.db")) as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchall() == [(331,)]


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=1, logs=5)
def test_failed_run_does_not_end_the_schedule(sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch) -> None:
    sendcloud.reject_credentials()
    runs: list[int] = []
    sync_accounts = logs_sync_run.sync_accounts

    async def counted(*arguments: Any, **options: Any) -> Any:
        if runs:
            sendcloud.accept_credentials()
            options["stop"].set()
        runs.append(1)
        stop = options.pop("stop")
        try:
            return await sync_accounts(*arguments, **options)
        finally:
            assert stop.is_set() is (len(runs) == 2)

    monkeypatch.setattr(logs_sync_run, "sync_accounts", counted)
    monkeypatch.setattr(logs_sync_run, "_JITTER", (0.001, 0.001))
    result = run("sync", "--every", "1s", "--prune-older-than", "90000d")
    assert result.exit_code == 0, result.output
    first, second = result.stdout.splitlines()
    assert first.endswith("s, 1 failed, 0 pruned")
    assert ", 5 new logs, " in second
    assert "error: default: " in result.stderr


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=1, logs=5)
def test_outage_is_retried_and_its_end_completes_the_run(
    sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendcloud_integrations_client.sync.faults._FIRST_DELAY", 0.01)
    monkeypatch.setattr(
        "sendcloud_integrations_client.profiles.SendcloudIntegrations",
        lambda **options: SendcloudIntegrations(retries=RetryPolicy(max_attempts=2, base_delay=0), **options),
    )
    sendcloud.fail_next("list_logs", count=5, status=503)
    result = run("sync")
    assert result.exit_code == 0, result.output
    assert "503" in result.stderr
    assert re.search(r"giving up in (900|8\d\d) s", result.stderr)
    assert result.stderr.count("giving up") == 1  # one line per outage
    sendcloud.fail_next("list_logs", count=5, status=503)
    assert run("sync", "--give-up-after", "0").exit_code == 1


def build_options(**options: Any) -> SyncOptions:
    defaults: dict[str, Any] = dict.fromkeys(field.name for field in attrs.fields(SyncOptions))
    return SyncOptions(**defaults | {"processes": 1} | options)


def test_share_and_reads_per_minute_limit_each_client() -> None:
    assert build_options().rate_limits == RateLimits()
    assert build_options(reads_per_minute=240).rate_limits == RateLimits(reads_per_minute=240)
    assert build_options(reads_per_minute=242, processes=4).rate_limits == RateLimits(60, 25, 3)


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=1, logs=5)
def test_options_reach_the_clients_and_the_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    async def capture(factories: dict[str, Callable[[], SendcloudIntegrations]], _store: Any, **options: Any) -> Any:
        seen.update(options)
        (seen["client"],) = [create() for create in factories.values()]
        await seen["client"].aclose()
        return {"default": SyncSummary(account="default")}

    created: list[Any] = []
    monkeypatch.setattr(logs_sync_run, "sync_accounts", capture)
    monkeypatch.setattr(
        "sendcloud_integrations_client.profiles.SendcloudIntegrations",
        lambda **options: created.append(options) or SendcloudIntegrations(**options),
    )
    arguments = ["--share", "1/4", "--reads-per-minute", "400", "--give-up-after", "90s", "--max-accounts", "3"]
    assert run("sync", *arguments, "--if-running", "wait").exit_code == 0
    assert created[0]["rate_limits"] == RateLimits(100, 25, 3)
    assert (seen["max_accounts"], seen["give_up_after"]) == (3, timedelta(seconds=90))
    assert seen["if_running"] == "wait"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--every", "0"],
        ["--every", "often"],
        ["--share", "4"],
        ["--share", "0/4"],
        ["--share", "1/0"],
        ["--give-up-after", "-1s"],
        ["--reads-per-minute", "0"],
        ["--max-accounts", "0"],
        ["--if-running", "both"],
    ],
)
def test_invalid_options_are_exit_code_2(arguments: list[str], tmp_path: Path) -> None:
    result = run("sync", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert list(tmp_path.glob("*.db")) == []


def test_two_profiles_with_the_same_credentials_are_rejected(tmp_path: Path) -> None:
    config = tmp_path / "accounts.toml"
    config.write_text("".join(f'[{name}]\npublic_key = "public"\nsecret_key = "secret"\n' for name in ("one", "two")))
    config.chmod(0o600)
    result = run("sync", "--all-profiles", "--config", str(config))
    assert result.exit_code == 2
    assert "one and two have the same credentials" in result.stderr
    assert list(tmp_path.glob("*.db")) == []


def build_progress(account: str, **fields: Any) -> SyncProgress:
    defaults = dict.fromkeys(
        ("integrations", "completed", "pages", "new", "updated", "already_stored", "quarantined"), 0
    )
    return SyncProgress(account=account, integration_id=None, **defaults | fields)


def test_progress_lines_of_many_accounts_are_10_seconds_apart(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    lines = ProgressLines(300, clock=lambda: now)
    for step in range(40):
        now = 100.0 + step
        lines(build_progress(f"account-{step}", pages=2, new=10, has_ended=step % 2 == 1))
    printed = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert printed == [
        "0 of 300 accounts, 2 pages, 10 new logs",
        "5 of 300 accounts, 22 pages, 110 new logs",
        "10 of 300 accounts, 42 pages, 210 new logs",
        "15 of 300 accounts, 62 pages, 310 new logs",
    ]
    now += 60
    lines(build_progress("account-1", fault="the network is down"))
    assert "1 account waiting. account-1. Waiting: the network is down" in capsys.readouterr().err


def test_progress_lines_of_a_short_repeated_run_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    lines = ProgressLines(is_repeated=True, clock=lambda: now)
    lines(build_progress("default", pages=1))
    assert capsys.readouterr().err == ""
    now += 10
    lines(build_progress("default", pages=2, fault="down"))
    assert capsys.readouterr().err.endswith("default: 0 of 0 integrations, 2 pages, 0 new logs. Waiting: down\n")


def test_terminal_shows_only_accounts_in_progress_of_many() -> None:
    console = Console(width=100, record=True)
    table = ProgressTable(console, [f"account-{number:03}" for number in range(300)])
    for number in range(20):
        table(build_progress(f"account-{number:03}", integrations=1, completed=1, has_ended=True))
    for number in range(20, 36):
        table(build_progress(f"account-{number:03}", integrations=1, fault="down" if number == 20 else None))
    console.print(table.render())
    shown = console.export_text()
    assert re.findall(r"^account-(\d+) +[ ━]", shown, re.MULTILINE)[:16] == [f"{number:03}" for number in range(20, 36)]
    assert "20 of 300 accounts ended" in shown
    assert "account-020 waits: down" in shown
    assert "account-036" not in shown
