"""Commands on the accounts in a database, and the option `--account` of `logs sync`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.testing import SimulatedSendcloud

pytestmark = [pytest.mark.usefixtures("sendcloud_server"), pytest.mark.sendcloud(integrations=2, logs=30)]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, arguments, env=env)


def list_accounts() -> dict[str, Any]:
    return {one["account"]: one for one in json.loads(run("accounts", "list", "--json").stdout)}


OTHER_KEY = {"SENDCLOUD_PUBLIC_KEY": "other"}


@pytest.fixture(autouse=True)
def other_account(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.add_account("other", "secret", integrations=1, logs=20)


def test_credentials_of_another_account_are_an_error_with_the_way_out() -> None:
    assert run("logs", "sync").exit_code == 0
    rejected = run("logs", "sync", env=OTHER_KEY)
    assert rejected.exit_code == 1
    assert "error: default: " in rejected.stderr
    assert "sendcloud.db" in rejected.stderr
    assert "--account NAME" in rejected.stderr
    assert "accounts rebind default" in rejected.stderr
    assert run("logs", "sync", "--account", "shop-nl", env=OTHER_KEY).exit_code == 0
    accounts = list_accounts()
    assert {name: one["logs"] for name, one in accounts.items()} == {"default": 30, "shop-nl": 20}
    assert accounts["default"]["integrations"] == 2
    table = run("accounts", "list").stdout
    assert "shop-nl" in table
    assert "30" in table


def test_rebind_accepts_the_new_keys() -> None:
    run("logs", "sync")
    assert run("accounts", "rebind", "default", env=OTHER_KEY).exit_code == 0
    assert run("logs", "sync", env=OTHER_KEY).exit_code == 0
    assert run("logs", "sync").exit_code == 1


def test_rebind_to_rejected_credentials_changes_nothing() -> None:
    run("logs", "sync")
    rejected = run("accounts", "rebind", "default", env={"SENDCLOUD_PUBLIC_KEY": "unknown"})
    assert rejected.exit_code == 3
    assert "401" in rejected.stderr
    assert run("logs", "sync").exit_code == 0


def test_renamed_account_keeps_its_logs() -> None:
    run("logs", "sync")
    assert run("accounts", "rename", "default", "shop-nl").exit_code == 0
    assert {name: one["logs"] for name, one in list_accounts().items()} == {"shop-nl": 30}
    assert json.loads(run("logs", "sync", "--account", "shop-nl", "--json").stdout)["accounts"][0]["new"] == 0
    run("logs", "sync")
    assert run("accounts", "rename", "default", "shop-nl").exit_code == 1


def test_remove_asks_for_confirmation(monkeypatch: pytest.MonkeyPatch) -> None:
    run("logs", "sync")
    assert run("accounts", "remove", "default").exit_code == 2
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    result = run("accounts", "remove", "default", "--yes")
    assert (result.exit_code, "30 logs" in result.stderr) == (0, True)
    assert list_accounts() == {}


@pytest.mark.parametrize("command", [["rename", "x", "y"], ["rebind", "x"], ["remove", "x", "--yes"]])
def test_unknown_account_is_exit_code_1_and_creates_no_database(command: list[str], tmp_path: Path) -> None:
    result = run("accounts", *command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The database sendcloud.db does not exist." in result.stderr
    assert list(tmp_path.glob("*.db")) == []
    run("logs", "sync")
    assert "It has: default." in run("accounts", *command).stderr


def test_list_of_a_missing_database_is_exit_code_1(tmp_path: Path) -> None:
    assert run("accounts", "list").exit_code == 1
    assert list(tmp_path.glob("*.db")) == []


def test_account_with_several_profiles_is_exit_code_2(sendcloud_server: str, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    template = '[{}]\npublic_key = "{}"\nsecret_key = "secret"\nbase_url = "{}"\n'
    path.write_text("".join(template.format(name, name, sendcloud_server) for name in ("public", "other")))
    path.chmod(0o600)
    options = ("--config", str(path), "--account", "shop")
    assert run("logs", "sync", "--all-profiles", *options).exit_code == 2
    assert run("logs", "sync", "--profile", "other", *options).exit_code == 0
    assert {name: one["logs"] for name, one in list_accounts().items()} == {"shop": 20}


def test_options_of_the_source_and_of_checks(sendcloud: SimulatedSendcloud) -> None:
    def sync(*options: str) -> set[str]:
        sendcloud.requests.clear()
        result = run("logs", "sync", *options)
        assert result.exit_code == 0, result.stderr
        return {request.operation for request in sendcloud.requests}

    assert sync() == {"list_integrations", "list_logs"}
    assert sync("--source", "integrations") == {"list_integrations", "list_integration_logs"}
    assert sync("--integration", "1") == {"list_integrations", "list_integration_logs"}
    sync("--full")
    assert {request.query["page_size"] for request in sendcloud.requests if request.operation == "list_logs"} <= {
        *map(str, range(90, 100))
    }
    sync("--lookback", "0", "--full-check-every", "never", "--since", "2d")
    sync("--lookback", "90m", "--full-check-every", "30d", "--since", "2020-01-01")
    for options in (["--lookback", "x"], ["--full-check-every", "0"], ["--source", "all"], ["--since", "x"]):
        assert run("logs", "sync", *options).exit_code == 2
