"""`--color`, `NO_COLOR` and `COLUMNS`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.terminal.console import create_console, use_color
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.cli.test_processes import run_on_terminal

pytestmark = [pytest.mark.usefixtures("sendcloud_server"), pytest.mark.sendcloud(integrations=3, logs=30)]

STYLES = re.compile(r"\x1b\[[0-9;]*m")
COLORS = re.compile(r"\x1b\[(?:\d+;)*3\d")


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sendcloud: SimulatedSendcloud) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    sendcloud.add_integration(shop_name="Failing shop", failing_since="2026-01-31T12:00:00Z")


def run(line: str, **env: str) -> str:
    result = CliRunner().invoke(app, line.split(), env=env)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "line",
    ["--color always integrations list", "integrations --color=always list", "integrations list --color always"],
)
def test_color_always_colors_a_pipe_and_overrides_no_color(line: str) -> None:
    assert COLORS.search(run(line))
    assert COLORS.search(run(line, NO_COLOR="1"))
    assert COLORS.search(run(line, TERM="dumb"))


def test_output_in_a_pipe_has_no_styles_by_default() -> None:
    assert "\x1b" not in run("integrations list")
    assert "\x1b" not in run("--color always integrations list --color auto")


@pytest.mark.parametrize("command", ["logs list", "logs show 3", "integrations show 2", "statuses list 1"])
def test_every_table_has_styles_unless_switched_off(command: str) -> None:
    assert STYLES.search(run(f"{command} --color always"))
    assert "\x1b" not in run(f"{command} --color never", FORCE_COLOR="1")
    assert "\x1b" not in run(command, FORCE_COLOR="1", NO_COLOR="1")
    assert STYLES.search(run(command, FORCE_COLOR="1"))


def test_terminal_has_colors_and_progress_that_updates_in_place_without_them() -> None:
    code, shown = run_on_terminal(["logs", "sync"], b"", keep_styles=True)
    assert code == 0, shown
    assert COLORS.search(shown)
    code, shown = run_on_terminal(["logs", "sync", "--color", "never"], b"", keep_styles=True)
    assert code == 0, shown
    assert not STYLES.search(shown)
    assert "\x1b[2K" in shown


def test_empty_no_color_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "")
    assert create_console().color_system is not None
    monkeypatch.setenv("NO_COLOR", "1")
    assert create_console().color_system is None
    with use_color("always"):
        assert create_console().color_system is not None


def test_invalid_color_is_rejected_with_the_choices() -> None:
    result = CliRunner().invoke(app, ["integrations", "list", "--color", "purple"])
    assert result.exit_code == 2
    assert "'purple'" in result.stderr
    assert "always" in result.stderr


@pytest.mark.parametrize("columns", ["40", "100", "2000"])
def test_columns_sets_the_width(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert create_console().width == int(columns)
    assert create_console(stderr=True).width == int(columns)


@pytest.mark.parametrize("columns", ["", "0", "-5", "wide", "9" * 5000, "²"])
def test_unusable_columns_is_ignored(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert create_console().width == 160
    assert "Failing shop" in run("integrations list", COLUMNS=columns)


def test_columns_overrides_the_width_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    _, shown = run_on_terminal(["logs", "list", "--limit", "3"], b"")
    assert max(map(len, shown.splitlines()[:4])) == 44
    monkeypatch.setenv("COLUMNS", "0")
    _, shown = run_on_terminal(["logs", "list", "--limit", "3"], b"")
    assert max(map(len, shown.splitlines()[:4])) == 80  # the new terminal reports no size


def test_help_honors_no_color() -> None:
    command = [sys.executable, "-m", "sendcloud_integrations_client.cli", "--help"]
    environment = os.environ | {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert not COLORS.search(done.stdout)
