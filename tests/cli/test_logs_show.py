"""Command `logs show`: finds one log in the database or in the list of logs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.testing import Fault, SimulatedSendcloud

pytestmark = [pytest.mark.usefixtures("sendcloud_server"), pytest.mark.sendcloud(integrations=3, logs=330)]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, ["logs", *arguments], env=env)


def read_log(log_id: int) -> dict[str, object]:
    lines = run("list", "--jsonl").stdout.splitlines()
    return next(log for log in map(json.loads, lines) if log["id"] == log_id)


def test_log_is_found_on_any_page_of_the_list(sendcloud: SimulatedSendcloud) -> None:
    expected = read_log(5)
    assert json.loads(run("show", "5", "--json").stdout) == expected
    assert run("show", "5", "--jsonl").stdout.count("\n") == 1
    integration = str(expected["integration_id"])
    assert json.loads(run("show", "5", "-i", integration, "--json").stdout) == expected
    assert sendcloud.requests[-1].operation == "list_integration_logs"


def test_search_stops_at_the_page_with_the_log(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.delay("list_logs", 0.5)  # prefetching would otherwise reach the last of the four pages
    assert run("show", "330").exit_code == 0
    assert len(sendcloud.requests) < 4


def test_log_that_does_not_exist_is_exit_code_4_and_quoted() -> None:
    result = run("show", "4711")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == "error: Log 4711 not found in the 330 logs of these credentials.\n"
    of_integration = run("show", "4711", "--integration", "2")
    assert (of_integration.exit_code, "logs of integration 2" in of_integration.stderr) == (4, True)


def test_limit_bounds_the_search() -> None:
    for limit in (1, 10, 100, 150, 325):  # log 5 is the last but four of 330
        result = run("show", "5", "--limit", str(limit))
        noun = "log" if limit == 1 else "logs"
        assert result.exit_code == 4
        assert result.stderr.startswith(f"error: Log 5 not found in the first {limit} {noun}. Pass --limit 0")
    assert run("show", "5", "--limit", "326").exit_code == 0
    assert run("show", "5", "--limit", "0").exit_code == 0
    everything = run("show", "4711", "--limit", "330")
    assert everything.stderr == "error: Log 4711 not found in the 330 logs of these credentials.\n"


def test_long_search_reports_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sendcloud_integrations_client.cli.commands.logs_show._PROGRESS_INTERVAL", 100)
    assert run("show", "5").stderr == "Searched 100 logs.\nSearched 200 logs.\nSearched 300 logs.\n"


def test_log_that_cannot_be_decoded_is_reported(sendcloud: SimulatedSendcloud) -> None:
    body = {"data": [{"id": 1, "base_url": {}}, {"id": 2, "base_url": {}}, {"id": 3, "base_url": "x"}]}
    sendcloud.add_fault(Fault("list_logs", status=200, body=body))
    result = run("show", "2")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "record 1" in result.stderr
    assert run("show", "3").exit_code == 0


def test_stored_log_is_shown_without_a_request(sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read_log(5)
    assert run("sync", "--database", "x.db").exit_code == 0
    already_sent = len(sendcloud.requests)
    for name in ("SENDCLOUD_PUBLIC_KEY", "SENDCLOUD_SECRET_KEY"):
        monkeypatch.delenv(name)
    stored = run("show", "5", "--database", "x.db", "--json")
    assert (stored.exit_code, json.loads(stored.stdout)["exception"]) == (0, expected["exception"])
    integration = str(expected["integration_id"])
    assert run("show", "5", "-i", integration, env={"SENDCLOUD_DATABASE": "x.db"}).exit_code == 0
    assert len(sendcloud.requests) == already_sent
    missing = run("show", "4711", "--database", "x.db")
    assert missing.exit_code == 3
    assert missing.stderr.startswith("Log 4711 is not in x.db. Searching Sendcloud's list of logs.\nerror: No cred")


def test_log_that_is_not_stored_yet_is_found_in_the_list(sendcloud: SimulatedSendcloud) -> None:
    assert run("sync", "--database", "x.db").exit_code == 0
    sendcloud.add_log(2, exception="new")
    result = run("show", "331", "--database", "x.db", "--json")
    assert (result.exit_code, json.loads(result.stdout)["exception"]) == (0, "new")


def test_database_that_does_not_exist_is_not_created(tmp_path: Path) -> None:
    result = run("show", "5", "--database", "typo.db")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: The database typo.db does not exist. Check --database, or run logs sync first.\n",
    )
    assert [*tmp_path.iterdir()] == []


def test_id_that_several_accounts_have_requires_a_profile() -> None:
    assert run("sync", "--database", "x.db").exit_code == 0
    with closing(sqlite3.connect("x.db")) as connection, connection:
        connection.execute("UPDATE log SET account = 'other' WHERE id = 7")
        connection.execute("CREATE TEMP TABLE copied AS SELECT * FROM log WHERE id = 5")
        connection.execute('UPDATE copied SET account = \'other\', record = \'{"id": 5, "of": "other"}\'')
        connection.execute("INSERT INTO log SELECT * FROM copied")
    result = run("show", "5", "--database", "x.db")
    assert result.exit_code == 2
    assert "several accounts: default, other. Choose one with --account" in result.stderr
    for option in ("--profile", "--account"):
        chosen = run("show", "5", "--database", "x.db", option, "other", "--json")
        assert json.loads(chosen.stdout) == {"id": 5, "of": "other"}
    assert run("show", "7", "--database", "x.db").exit_code == 0
