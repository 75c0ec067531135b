"""Tests of the `worker` commands, in this process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.commands import worker_run
from sendcloud_integrations_client.cli.terminal.log_output import log_to_stderr
from sendcloud_integrations_client.sync import LogStore, sync_logs
from sendcloud_integrations_client.testing import SimulatedSendcloud
from sendcloud_integrations_client.worker import ProfileFile, create_app, open_app, prepare_database, sync_tasks
from sendcloud_integrations_client.worker.account_state import AccountStates
from tests.support.postgresql import PostgresqlServer
from tests.support.sync_servers import build_client

PROFILE = '[shop-nl]\npublic_key = "p"\nsecret_key = "s"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILE)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def filled_database(postgresql_server: PostgresqlServer) -> str:
    """The name of a database to copy, with two accounts: one is synced, and the job of the other one failed."""
    url = postgresql_server.create_database()

    async def prepare() -> None:
        async with LogStore(url) as store, sync_tasks([], store) as tasks, open_app(create_app(store, tasks)) as queue:
            await prepare_database(store, queue)
            states = AccountStates(store)
            await states.find_due(["shop-de", "shop-nl"], 900)
            async with build_client(SimulatedSendcloud(integrations=1, logs=3)) as client:
                await sync_logs(client, store, account="shop-de")
            await states.start("shop-nl", 1, "host:7")
            await states.fail("shop-nl", 1, "401 Unauthorized", None)
            await states.start("shop-nl", 2, "host:7")
            await states.keep_alive("shop-nl", 2, "a lost connection", 3)

    asyncio.run(prepare())
    return str(make_url(url).database)


@pytest.fixture
def database(postgresql_server: PostgresqlServer, filled_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with two accounts: one is synced, the job of the other one failed, and its next job is running."""
    url = postgresql_server.create_database(template=filled_database)
    monkeypatch.setenv("SENDCLOUD_DATABASE", url)
    return url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["worker", *arguments])


@pytest.mark.usefixtures("database")
def test_status_shows_the_age_the_job_and_the_failures_of_each_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = run("status")
    assert result.exit_code == 0, result.output
    healthy, failing = result.stdout.splitlines()[-2:]
    assert healthy.split()[0] == "shop-de"
    assert "0m" in healthy
    assert "never" in failing
    assert "host:7 since " in failing
    assert "waits: a lost connection" in failing
    assert failing.rstrip().endswith("1        3  401 Unauthorized")
    result = run("status", "--max-age", "1h", "--json")
    assert result.exit_code == 5
    assert "1 account of 2 had no successful sync within the maximum age: shop-nl." in result.stderr
    found = json.loads(result.stdout)
    assert found["healthy"] is False
    first, second = found["accounts"]
    assert (first["account"], first["late"], first["worker"], first["error"]) == ("shop-de", False, None, None)
    assert first["age_seconds"] < 600
    assert (second["late"], second["worker"], second["waits_for"]) == (True, "host:7", "a lost connection")
    assert (second["failures"], second["retries"], second["is_permanent"]) == (1, 3, True)
    assert (second["last_synced_at"], second["paused_at"]) == (None, None)


def test_an_account_with_an_age_of_zero_is_not_late(database: str) -> None:
    async def set_time() -> None:
        async with LogStore(database) as store, store.writing() as connection:
            # Runs know the clock of the database only within the time of a request.
            await connection.execute(text("UPDATE account SET last_synced_at = now() + interval '1 min'"))

    asyncio.run(set_time())
    run("pause", "shop-nl")
    result = run("status", "--max-age", "1h", "--json")
    assert (result.exit_code, json.loads(result.stdout)["healthy"]) == (0, True)


@pytest.mark.usefixtures("database")
def test_a_paused_account_is_not_late() -> None:
    assert run("status", "--max-age", "1h").exit_code == 5
    assert "Paused shop-nl" in run("pause", "shop-nl").stderr
    result = run("status", "--max-age", "1h", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["healthy"] is True
    result = run("sync", "shop-nl")
    assert result.exit_code == 2
    assert "is paused" in result.stderr
    assert "Resumed shop-nl" in run("resume", "shop-nl").stderr
    assert run("status", "--max-age", "1h").exit_code == 5


@pytest.mark.usefixtures("database")
def test_sync_queues_an_account_once() -> None:
    assert run("sync", "shop-nl").stderr == "Queued shop-nl.\n"
    assert run("sync", "shop-nl").stderr == "shop-nl is queued already.\n"
    result = run("sync", "shop-be")
    assert result.exit_code == 1
    assert "no worker has an account shop-be" in result.stderr


def test_status_of_a_database_without_workers_is_an_error(
    new_postgresql_database: Callable[[], str],
) -> None:
    result = run("status", "--database", new_postgresql_database())
    assert result.exit_code == 1
    assert "Start one with: worker run" in result.stderr


@pytest.mark.parametrize("command", [["status"], ["pause", "shop-nl"], ["resume", "shop-nl"]])
def test_command_on_a_synced_database_without_workers_is_an_error(
    new_migrated_database: Callable[[], str], command: list[str]
) -> None:
    result = run(*command, "--database", new_migrated_database())
    assert result.exit_code == 1
    assert "Start one with: worker run" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing --database: workers require PostgreSQL."),
        (["--every", "7m"], "must divide an hour or a day"),
        (["--stall-timeout", "1s"], "must be at least 3 seconds"),
        (["--no-redact", "--redact-field", "x"], "cannot be combined"),
        (["--database", "logs.db"], "workers require PostgreSQL"),
    ],
)
def test_invalid_options_of_run_are_rejected(config: Path, arguments: list[str], message: str) -> None:
    result = run("run", "--config", str(config), *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_run_needs_profiles(tmp_path: Path) -> None:
    result = run("run", "--config", str(tmp_path / "missing.toml"))
    assert result.exit_code == 3
    assert "Profile file not found" in result.stderr


def test_run_passes_its_options_to_the_worker(
    config: Path, new_migrated_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    async def run_worker(accounts: ProfileFile, store: LogStore, **options: Any) -> None:
        calls.append(options | {"accounts": list(accounts())})

    monkeypatch.setattr(worker_run, "run_worker", run_worker)
    url = new_migrated_database()
    arguments = ["--every", "90m", "--concurrency", "3", "--reads-per-minute", "500", "--redact-field", "x-key"]
    result = run("run", "--database", url, "--config", str(config), "--give-up-after", "0", *arguments)
    assert result.exit_code == 0, result.output
    (call,) = calls
    assert call["accounts"] == ["shop-nl"]
    assert (call["every"], call["concurrency"]) == (timedelta(minutes=90), 3)
    assert (call["give_up_after"], call["stall_timeout"]) == (timedelta(0), timedelta(seconds=30))
    assert call["rate_limits"].reads_per_minute == 500
    assert "x-key" in call["redaction"].fields
    assert run("run", "--database", url, "--config", str(config), "--no-redact").exit_code == 0
    assert calls[1]["redaction"] is None


@pytest.mark.skipif(sys.platform == "win32", reason="signals need POSIX")
async def test_a_second_signal_exits_at_once_and_sighup_reads_the_profiles(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exits: list[int] = []
    monkeypatch.setattr(worker_run.os, "_exit", exits.append)
    accounts = ProfileFile(config)
    before = accounts()["shop-nl"]
    loop = asyncio.get_running_loop()
    try:
        stop = worker_run._handle_signals(accounts)  # noqa: SLF001
        os.kill(os.getpid(), signal.SIGHUP)
        while accounts()["shop-nl"] is before:  # noqa: ASYNC110
            await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        assert exits == []
        for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            os.kill(os.getpid(), number)
            while not exits:  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert exits.pop() == code
    finally:
        for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(signal_number)


def test_log_lines_are_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    package, library = logging.getLogger("sendcloud_integrations_client"), logging.getLogger("procrastinate.worker")
    for as_json in (False, True):
        with log_to_stderr(as_json=as_json, hidden_errors=(LookupError,)):
            package.info("Sync of %s", "shop\nnl", extra={"fields": {"account": "shop-nl", "new": 3}})
            library.info("not shown")
            library.error("Job failed", exc_info=ValueError("why"))
            library.error("logged already", exc_info=LookupError("why"))
    first, second, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith(" INFO    Sync of shop nl")
    assert second.endswith(" ERROR   Job failed (ValueError: why)")
    found = [json.loads(line) for line in rest]
    assert [(one["level"], one["message"]) for one in found] == [("info", "Sync of shop nl"), ("error", "Job failed")]
    assert (found[0]["account"], found[0]["new"], found[1]["error"]) == ("shop-nl", 3, "ValueError: why")
    assert package.handlers == [] or not any(isinstance(one, logging.StreamHandler) for one in package.handlers)
