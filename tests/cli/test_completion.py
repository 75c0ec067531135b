"""Shell completion of profile names and integration ids."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.testing import SimulatedSendcloud

HOSTILE_NAME = "$(touch /tmp/x) `id` \"quoted\" 'single' ;|&<>\\ \x1b[31m [red]caf\u00e9 \u6771\u4eac\n" + "long" * 50


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE"):
        monkeypatch.delenv(name, raising=False)


def complete(line: str, shell: str = "bash", **env: str) -> str:
    words = line.split(" ")
    environment = {
        "_SENDCLOUD_INTEGRATIONS_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    result = CliRunner().invoke(app, [], env=environment | env, prog_name="sendcloud-integrations")
    assert result.stderr == ""
    return result.stdout.removesuffix("\n")


@pytest.fixture
def stored_integrations(sendcloud_server: str, sendcloud: SimulatedSendcloud) -> None:
    sendcloud.set_integration(2, shop_name=HOSTILE_NAME[:240])
    result = CliRunner().invoke(app, ["logs", "sync", "--database", "sendcloud.db"])
    assert result.exit_code == 0, result.stderr


@pytest.mark.usefixtures("stored_integrations")
@pytest.mark.sendcloud(integrations=12, logs=0)
def test_integration_ids_come_from_the_database_without_a_request(sendcloud: SimulatedSendcloud) -> None:
    already_sent = len(sendcloud.requests)
    every_id = {str(number) for number in range(1, 13)}
    assert set(complete("sendcloud-integrations integrations show ").split()) == every_id
    assert set(complete("sendcloud-integrations integrations update ").split()) == every_id
    assert set(complete("sendcloud-integrations logs list --integration ").split()) == every_id
    assert set(complete("sendcloud-integrations logs report -i 1").split()) == {"1", "10", "11", "12"}
    Path("sendcloud.db").rename("other.db")
    assert complete("sendcloud-integrations mapping show ") == ""
    assert set(complete("sendcloud-integrations mapping show ", SENDCLOUD_DATABASE="other.db").split()) == every_id
    assert set(complete("sendcloud-integrations logs sync --database other.db -i ").split()) == every_id
    assert complete("sendcloud-integrations logs report --database other.db --account none -i ") == ""
    assert complete("sendcloud-integrations logs tail -p default -i 12", SENDCLOUD_DATABASE="other.db") == "12"
    assert complete("sendcloud-integrations logs tail -p none -i ", SENDCLOUD_DATABASE="other.db") == ""
    assert len(sendcloud.requests) == already_sent
    assert not Path("sendcloud.db").exists()


@pytest.mark.usefixtures("stored_integrations")
@pytest.mark.sendcloud(integrations=2, logs=0)
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_nothing_in_a_shop_name_is_code_for_the_shell(shell: str) -> None:
    out = complete("sendcloud-integrations integrations show 2", shell)
    assert "touch tmp x id quoted single 31m red c" in out
    assert not set("$`;|&<>[\\\x1b") & set(out)
    assert out.count("'") == (2 if shell == "zsh" else 0)
    assert "longlong" not in out


@pytest.mark.parametrize(
    "database",
    ["missing.db", ".", "corrupt.db", "mysql://u:p@h/d", "postgresql://u:p@127.0.0.1:1/d", "no/such/folder/x.db"],
)
def test_unusable_database_completes_nothing_and_prints_no_error(database: str, tmp_path: Path) -> None:
    (tmp_path / "corrupt.db").write_bytes(b"not a database" * 100)
    assert complete("sendcloud-integrations logs report -i ", SENDCLOUD_DATABASE=database) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["corrupt.db"]


def test_database_that_does_not_respond_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sendcloud_integrations_client.cli.input.stored_records._COMPLETION_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"postgresql://u:p@127.0.0.1:{listener.getsockname()[1]}/d"
        started = time.monotonic()
        assert complete("sendcloud-integrations logs report -i ", SENDCLOUD_DATABASE=url) == ""
        assert time.monotonic() - started < 30


def test_profile_names_come_from_the_profile_file(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("[shop-nl]\n[shop-de]\n[other]\n")
    path.chmod(0o600)
    for line in ("integrations list --profile ", "logs sync --profile ", "logs show 5 -p ", "--profile "):
        found = complete(f"sendcloud-integrations {line}", SENDCLOUD_CONFIG=str(path))
        assert found.split() == ["shop-nl", "shop-de", "other"], line
    assert complete(f"sendcloud-integrations logs list --config {path} -p sh").split() == ["shop-nl", "shop-de"]
    path.chmod(0o644)
    assert complete(f"sendcloud-integrations logs list --config {path} -p ") == ""


def test_color_choices_are_completed() -> None:
    assert complete("sendcloud-integrations logs list --color ").split() == ["auto", "always", "never"]
