"""Options that are accepted before and after the subcommand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app

pytestmark = [pytest.mark.usefixtures("sendcloud_server"), pytest.mark.sendcloud(integrations=3, logs=5)]


@pytest.fixture(autouse=True)
def profiles(sendcloud_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        f'[right]\npublic_key = "public"\nsecret_key = "secret"\nbase_url = "{sendcloud_server}"\n'
        f'[wrong]\npublic_key = "other"\nsecret_key = "wr0ng"\nbase_url = "{sendcloud_server}"\n'
    )
    path.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SENDCLOUD_CONFIG", str(path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_DATABASE", "COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def run(line: str, **env: str) -> Result:
    return CliRunner().invoke(app, line.split(), env=env)


@pytest.mark.parametrize(
    "line",
    [
        "integrations list --profile right --json",
        "--profile right --json integrations list",
        "integrations --profile right --json list",
        "--json integrations -p right list",
        "--profile right integrations list --json",
        "-p wrong integrations -p wrong list -p right --json",
        "--profile wrong integrations --profile=right list --json --json",
    ],
)
def test_json_and_profile_before_or_after_the_subcommand(line: str) -> None:
    result = run(line)
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(result.stdout)) == 3


@pytest.mark.parametrize(
    "line",
    [
        "--config p.toml -p right integrations list --json",
        "integrations --config=p.toml list --profile right --json",
        "--profile right --json integrations list --config p.toml",
        "--config missing.toml integrations list --config p.toml -p right --json",
    ],
)
def test_config_before_or_after_the_subcommand(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENDCLOUD_CONFIG")
    result = run(line)
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(result.stdout)) == 3


def test_config_before_the_subcommand_applies_to_logs_sync_and_overrides_the_environment() -> None:
    assert run("--config missing.toml integrations list -p right").exit_code == 3
    result = run("--config p.toml --json logs sync --all-profiles", SENDCLOUD_CONFIG="missing.toml")
    assert {account["account"] for account in json.loads(result.stdout)["accounts"]} == {"right", "wrong"}


@pytest.mark.parametrize("line", ["-p right logs list -p wrong", "-p right logs -p wrong list", "-p wrong logs list"])
def test_later_profile_wins(line: str) -> None:
    assert run(line).exit_code == 3


def test_profile_before_the_subcommand_overrides_the_environment() -> None:
    assert run("logs list --json", SENDCLOUD_PROFILE="wrong").exit_code == 3
    assert run("--profile right logs list --json", SENDCLOUD_PROFILE="wrong").exit_code == 0


@pytest.mark.parametrize(
    "later",
    [
        "--profile right",
        "-vp right",
        *(pytest.param(text, marks=pytest.mark.long) for text in ("-p right", "--profile=right", "-pright")),
    ],
)
def test_later_profile_replaces_the_earlier_one_of_logs_sync(later: str) -> None:
    result = run(f"--profile wrong --json logs sync {later}")
    assert result.exit_code == 0, result.stderr
    assert [account["account"] for account in json.loads(result.stdout)["accounts"]] == ["right"]
    both = run("--json logs sync -p right -p wrong")
    assert {account["account"] for account in json.loads(both.stdout)["accounts"]} == {"right", "wrong"}


@pytest.mark.parametrize("line", ["--verbose -p right logs list", "logs -v list -p right", "-p right logs list -v"])
def test_verbose_before_or_after_the_subcommand(line: str) -> None:
    result = run(line)
    assert result.exit_code == 0
    assert "list_logs" in result.stderr


def test_option_that_the_subcommand_does_not_have_is_rejected() -> None:
    result = run("--json integrations delete 3 --yes -p right")
    assert result.exit_code == 2
    assert "--json" in result.stderr
    assert json.loads(run("integrations show 3 -p right --json").stdout)["id"] == 3
