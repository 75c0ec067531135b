"""Tests of `logs status` and `logs prune`."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.commands import logs_prune_run
from sendcloud_integrations_client.testing import SimulatedSendcloud


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["logs", *arguments])


def execute(sql: str) -> list[Any]:
    with closing(sqlite3.connect("sendcloud.db")) as connection, connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def synced(sendcloud_server: Any) -> None:
    assert run("sync").exit_code == 0


@pytest.mark.usefixtures("synced")
@pytest.mark.sendcloud(integrations=3, logs=33)
def test_status_shows_the_age_and_the_last_error_of_each_account(sendcloud: SimulatedSendcloud) -> None:
    result = run("status", "--max-age", "2h")
    assert result.exit_code == 0, result.output
    assert re.search(r"^default +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +0m +3 +33 +0 +– *$", result.stdout, re.MULTILINE)
    sendcloud.reject_credentials()
    assert run("sync").exit_code == 3
    result = run("status", "--json", "--max-age", "2h")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["healthy"] is True
    (account,) = found["accounts"]
    assert "401" in account["error"]
    assert (account["integrations"], account["logs"], account["quarantined"], account["late"]) == (3, 33, 0, False)
    assert 0 <= account["age_seconds"] < 600
    assert account["failed_at"] > account["last_synced_at"]
    assert "401" in run("status").stdout


@pytest.mark.usefixtures("synced")
@pytest.mark.sendcloud(integrations=1, logs=3)
@pytest.mark.parametrize(
    ("last_synced_at", "age"),
    [
        ("'2020-01-01 00:00:00.000000'", r"\d+d"),
        ("datetime('now', '-3 hours', '-5 minutes')", "3h 5m"),
        ("NULL", "never"),
    ],
)
def test_account_that_is_too_old_is_exit_code_5(last_synced_at: str, age: str) -> None:
    columns = "first_synced_at, last_synced_at"
    execute(f"INSERT INTO account (name, {columns}) SELECT 'fresh', {columns} FROM account")
    execute(f"UPDATE account SET last_synced_at = {last_synced_at} WHERE name = 'default'")
    result = run("status", "--max-age", "2h")
    assert result.exit_code == 5
    assert re.search(rf"^default .* {age} ", result.stdout, re.MULTILINE), result.stdout
    assert result.stderr == "1 account of 2 had no successful sync within the maximum age: default.\n"
    assert json.loads(run("status", "--max-age", "2h", "--json").stdout)["healthy"] is False
    assert json.loads(run("status", "--json").stdout)["healthy"] is None
    assert run("status").exit_code == 0
    assert run("status", "--max-age", "2h", "--account", "fresh").exit_code == 0
    assert run("status", "--max-age", "2h", "--account", "default").exit_code == 5


@pytest.mark.usefixtures("synced")
@pytest.mark.sendcloud(integrations=1, logs=3)
def test_no_accounts_and_unknown_accounts_are_failures() -> None:
    assert run("status", "--account", "shop-nl").exit_code == 1
    execute("DELETE FROM account")
    result = run("status", "--max-age", "2h")
    assert (result.exit_code, result.stderr) == (5, "No accounts. Run logs sync first.\n")
    assert run("status", "--database", "missing.db", "--max-age", "2h").exit_code == 1
    assert run("status", "--max-age", "soon").exit_code == 2


@pytest.mark.usefixtures("synced")
@pytest.mark.sendcloud(integrations=1, logs=900, now=lambda: datetime(2024, 5, 4, 12, tzinfo=UTC))
def test_prune_deletes_old_logs_and_shrinks_the_file(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.add_log(1, created_at=datetime.now(UTC))
    assert run("sync").exit_code == 0
    execute("PRAGMA wal_checkpoint(TRUNCATE)")
    result = run("prune", "--older-than", "90d")
    assert result.exit_code == 0, result.output
    message = r"Deleted 900 old logs from the database\. The file is \d\.\d MB smaller\. Database: sendcloud\.db\.\n"
    assert re.fullmatch(message, result.stderr)
    assert execute("SELECT count(*) FROM log") == [(1,)]
    assert run("sync").exit_code == 0
    assert execute("SELECT count(*) FROM log") == [(1,)]
    again = json.loads(run("prune", "--older-than", "90d", "--json").stdout)
    assert (again["deleted"], again["keeps_size"], again["stopped"]) == (0, False, False)


@pytest.mark.usefixtures("synced")
@pytest.mark.sendcloud(integrations=1, logs=300, now=lambda: datetime(2024, 5, 4, 12, tzinfo=UTC))
def test_file_of_version_0_1_0_shrinks_after_it_was_rewritten() -> None:
    with closing(sqlite3.connect("sendcloud.db", isolation_level=None)) as connection:
        connection.executescript("PRAGMA auto_vacuum=NONE; VACUUM")
    assert "The file keeps its size" in run("prune", "--older-than", "90d").stderr
    assert "MB smaller" in run("prune", "--older-than", "90d", "--rewrite-file").stderr


@pytest.mark.usefixtures("synced")
@pytest.mark.sendcloud(integrations=1, logs=900, now=lambda: datetime(2024, 5, 4, 12, tzinfo=UTC))
def test_signal_ends_prune_after_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    prune_store = logs_prune_run.prune_store

    async def interrupted(*arguments: Any, **options: Any) -> Any:
        signal.raise_signal(signal.SIGTERM)
        while not options["stop"].is_set():
            await logs_prune_run.asyncio.sleep(0)
        return await prune_store(*arguments, **options)

    monkeypatch.setattr(logs_prune_run, "prune_store", interrupted)
    result = run("prune", "--older-than", "90d")
    assert result.exit_code == 143
    assert "Stopped early. Run the command again to continue." in result.stderr


def test_prune_needs_a_database_and_an_age() -> None:
    assert run("prune").exit_code == 2
    assert run("prune", "--older-than", "yesterday").exit_code == 2
    assert run("prune", "--older-than", "90d").exit_code == 1
