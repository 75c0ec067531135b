"""Command `logs sync`. The sync itself is tested in tests/sync."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.input.stores import describe_location
from sendcloud_integrations_client.cli.input.timestamps import parse_age, parse_timestamp
from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.testing import Fault, SimulatedSendcloud, serve_in_thread


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, ["logs", *arguments], env=env)


def query(sql: str, database: str = "sendcloud.db") -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def sync_and_get_summary(*arguments: str) -> dict[str, Any]:
    result = run("sync", "--json", *arguments)
    (account,) = json.loads(result.stdout)["accounts"]
    return account | {"exit_code": result.exit_code}


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=330)
def test_first_sync_stores_all_logs_and_later_ones_only_new_logs(tmp_path: Path) -> None:
    first = run("sync")
    assert first.exit_code == 0, first.stderr
    assert "330" in first.stdout
    assert "complete" in first.stdout
    assert first.stderr.splitlines()[-1] == "Logs stored in sendcloud.db."
    assert query("SELECT count(*), count(DISTINCT id), count(DISTINCT integration_id) FROM log") == [(330, 330, 3)]
    again = sync_and_get_summary()
    assert (again["exit_code"], again["new"], again["account"]) == (0, 0, "default")
    assert {"completed", "new", "already_stored", "quarantined"} <= again.keys()
    assert run("create", "2", "--base-url", "https://shop.example").exit_code == 0
    assert sync_and_get_summary()["new"] == 1


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=330)
def test_dry_run_stores_nothing(tmp_path: Path) -> None:
    assert sync_and_get_summary("--dry-run", "--database", "dry.db")["new"] == 330
    assert not (tmp_path / "dry.db").exists()
    assert "nothing was stored" in run("sync", "--dry-run").stderr


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=330)
def test_integration_and_since_select_the_logs_to_store() -> None:
    assert sync_and_get_summary("--database", "all.db")["new"] == 330
    [(of_integration,)] = query("SELECT count(*) FROM log WHERE integration_id = 2", "all.db")
    assert 0 < of_integration < 330
    assert sync_and_get_summary("--integration", "2", "--concurrency", "1")["new"] == of_integration
    assert query("SELECT DISTINCT integration_id FROM log") == [(2,)]
    assert sync_and_get_summary("--since", "2100-01-01", "--database", "late.db")["new"] == 0
    [(middle,)] = query("SELECT created_at_utc FROM log ORDER BY created_at_utc LIMIT 1 OFFSET 165", "all.db")
    since = f"{middle[:10]}T{middle[11:19]}Z"
    assert sync_and_get_summary("--since", since, "--database", "half.db")["new"] == 165
    assert query("SELECT min(created_at_utc) FROM log", "half.db") == [(middle,)]


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=330, now=lambda: datetime(2024, 5, 4, 12, tzinfo=UTC))
def test_pruned_logs_are_not_stored_again(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.add_log(2, created_at=datetime.now(UTC))
    result = run("sync", "--prune-older-than", "90d")
    assert result.exit_code == 0
    assert "Deleted 330 old logs from the database." in result.stderr
    assert query("SELECT count(*) FROM log") == [(1,)]
    assert sync_and_get_summary()["new"] == 0


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=1, logs=0)
@pytest.mark.parametrize(
    ("options", "stored_secrets"),
    [([], {"hunter2", "shopkey"}), (["--redact-field", "X-Shop-Colour"], {"hunter2"}), (["--no-redact"], set())],
)
def test_secrets_are_redacted_before_storing(options: list[str], stored_secrets: set[str], tmp_path: Path) -> None:
    secrets = {"Authorization": "Bearer t0ken", "X-Shop-Colour": "shopkey", "X-Other": "hunter2"}
    body = {"base_url": "https://shop.example", "request": {"headers": secrets, "payload": {"password": "pa55"}}}
    (tmp_path / "log.json").write_text(json.dumps(body))
    assert run("create", "1", "--file", "log.json").exit_code == 0
    assert run("sync", *options).exit_code == 0
    ((record,),) = query("SELECT record FROM log")
    found = {secret for secret in ("t0ken", "pa55", "hunter2", "shopkey") if secret in record}
    assert found == (stored_secrets or {"t0ken", "pa55", "hunter2", "shopkey"})
    if options != ["--no-redact"]:
        assert b"t0ken" not in b"".join(path.read_bytes() for path in tmp_path.glob("sendcloud.db*"))


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=2, logs=10)
def test_undecodable_record_is_quarantined_with_exit_code_0(sendcloud: SimulatedSendcloud) -> None:
    body = {"data": [{"id": "no number", "base_url": "x"}]}
    sendcloud.add_fault(Fault("list_integration_logs", status=200, body=body))
    summary = sync_and_get_summary("-i", "1")
    assert (summary["exit_code"], summary["quarantined"]) == (0, 1)


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=30)
def test_failure_of_one_integration_is_exit_code_5(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.fail_next("list_integration_logs", status=403)
    result = run("sync", "--source", "integrations", "--concurrency", "1")
    assert result.exit_code == 5
    assert "1 integration failed" in result.stdout
    assert "error: default, integration" in result.stderr
    assert sync_and_get_summary()["exit_code"] == 0


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=30)
def test_rejected_credentials_of_the_only_account_are_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_SECRET_KEY", "wr0ng")
    result = run("sync")
    assert result.exit_code == 3
    assert "error: default: " in result.stderr
    assert "wr0ng" not in result.output


@pytest.fixture
def three_accounts(tmp_path: Path) -> Iterator[Path]:
    """A profile file with two accounts that work and one whose credentials are rejected."""
    config = tmp_path / "accounts.toml"
    with (
        serve_in_thread(SimulatedSendcloud(seed=1, integrations=2, logs=120)) as one,
        serve_in_thread(SimulatedSendcloud(seed=2, integrations=3, logs=90)) as two,
    ):
        template = '[{}]\npublic_key = "{}"\nsecret_key = "{}"\nbase_url = "{}"\n'
        profiles = (("one", "public", "secret", one), ("bad", "bad", "wr0ng", one), ("two", "public", "secret", two))
        config.write_text("".join(template.format(*profile) for profile in profiles))
        config.chmod(0o600)
        yield config


def test_failure_of_one_account_does_not_stop_the_other_accounts(three_accounts: Path) -> None:
    result = run("sync", "--all-profiles", "--config", str(three_accounts))
    assert result.exit_code == 5
    assert "error: bad: " in result.stderr
    assert "wr0ng" not in result.output
    counts = query("SELECT account, count(*) FROM log GROUP BY account ORDER BY account")
    assert counts == [("one", 120), ("two", 90)]
    selected = run("sync", "-p", "one", "--profile", "two", "--config", str(three_accounts), "--json")
    assert selected.exit_code == 0
    assert [(account["account"], account["new"]) for account in json.loads(selected.stdout)["accounts"]] == [
        ("one", 0),
        ("two", 0),
    ]
    report = run("report", "--since", "all", "--json", "--account", "two", "--account", "three")
    assert json.loads(report.stdout)["total"] == 90
    accounts = "one, two"
    assert report.stderr == f"warning: The database has no account 'three'. Its accounts: {accounts}.\n"


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:pa55word@127.0.0.1:1/db",
        "postgresql://user@127.0.0.1:1/db?password=pa55word",
        "mysql://user:pa55word@host/db",
        "postgresql://user:pa55word@127.0.0.1:port/db",
    ],
)
@pytest.mark.parametrize("command", [["sync", "--give-up-after=0"], ["report"]])
def test_password_in_database_url_is_never_printed(url: str, command: list[str]) -> None:
    result = run(*command, "--database", url, "--verbose")
    assert result.exit_code in (1, 2)
    assert "pa55word" not in result.output
    assert "pa55word" not in run(*command, env={"SENDCLOUD_DATABASE": url}).output


def test_describe_location_omits_credentials() -> None:
    assert describe_location(LogStore("logs.db")) == "logs.db"
    assert describe_location(LogStore("postgresql://u:p@db.example:5433/logs")) == "postgresql://db.example:5433/logs"


@pytest.mark.parametrize(
    "arguments",
    [
        ["sync", "--no-redact", "--redact-field", "x"],
        ["sync", "--since", "yesterday"],
        ["sync", "--since", "999999w"],
        ["sync", "--prune-older-than", "2026-01-31"],
        ["sync", "--prune-older-than", "0d"],
        ["sync", "--concurrency", "0"],
        ["report", "--until", "never"],
    ],
)
def test_invalid_options_are_exit_code_2(arguments: list[str], tmp_path: Path) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert list(tmp_path.glob("*.db")) == []


@given(st.integers(1, 9999), st.sampled_from("mhdw"))
def test_parse_age_accepts_all_units(number: int, unit: str) -> None:
    seconds = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]
    assert parse_age("--x", f" {number}{unit} ") == timedelta(seconds=number * seconds)


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))
def test_parse_timestamp_without_offset_uses_utc(timestamp: datetime) -> None:
    assert parse_timestamp("--x", timestamp.isoformat()) == timestamp.replace(tzinfo=UTC)


@given(st.text(max_size=12))
def test_parsers_raise_only_input_error_for_any_text(text: str) -> None:
    for parse in (parse_age, parse_timestamp):
        with suppress(InputError):
            parse("--option", text)


def test_parse_timestamp_accepts_ages_dates_and_offsets() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert parse_timestamp("--x", "36h", now=now) == datetime(2026, 2, 28, 0, tzinfo=UTC)
    assert parse_timestamp("--x", "2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_timestamp("--x", "2026-01-31T12:00+01:00") == datetime(2026, 1, 31, 11, tzinfo=UTC)
