"""What the command line says of itself: help, examples, exit codes, and what it says where it is not installed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from sendcloud_integrations_client import __version__
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.exit_codes import MEANINGS, ExitCode

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, one in getattr(command, "commands", {}).items():
        yield from leaves(one, (*path, name))
    if not hasattr(command, "commands"):
        yield " ".join(path), command


COMMANDS = dict(leaves(get_command(app)))


def parse(line: str) -> None:
    """Let the command take its options, without running it."""
    words = shlex.split(re.split(r"\s[|<>]\s", line)[0])
    assert words[0] == "sendcloud-integrations"
    name = " ".join(words[1:3])
    assert name in COMMANDS, line
    with COMMANDS[name].make_context(name, words[3:]):
        pass


def test_every_command_that_is_asked_for_exists() -> None:
    assert set(COMMANDS) == {
        "integrations list",
        "integrations show",
        "integrations update",
        "integrations delete",
        "logs list",
        "logs tail",
        "logs sync",
        "logs create",
        "logs report",
        "statuses list",
        "statuses replace",
        "mapping show",
        "mapping replace",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_are_ones_it_takes(name: str) -> None:
    found = re.findall(r"^\$ (.*)$", COMMANDS[name].epilog, re.MULTILINE)
    assert found
    for line in found:
        assert f"sendcloud-integrations {name}" in line
        parse(line)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_a_terminal(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert result.exit_code == 0
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "Usage: " in result.stdout
    options = set(re.findall(r"--[A-Za-z-]+", result.stdout))
    assert all(option == option.lower() for option in options), options


def test_an_option_that_is_none_is_refused() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse("sendcloud-integrations logs list --no-such-option")


def test_every_exit_code_is_told_in_help_and_docs() -> None:
    told = CliRunner().invoke(app, ["--help"]).stdout
    page = PAGE.read_text()
    assert set(MEANINGS) == set(ExitCode)
    for code, meaning in MEANINGS.items():
        assert re.search(rf"\b{int(code)}  {re.escape(meaning)}", told)
        assert f"| {int(code)} | {meaning} |" in page


def test_the_page_tells_of_every_command_and_names_no_option_that_there_is_not() -> None:
    page = PAGE.read_text()
    for name in COMMANDS:
        assert f"`{name}" in page or f"sendcloud-integrations {name}" in page, name
    for line in re.findall(r"^sendcloud-integrations (?!--).*$", page, re.MULTILINE):
        parse(line)
    known = {
        option for command in COMMANDS.values() for one in command.params for option in (*one.opts, *one.secondary_opts)
    }
    known |= {"--version", "--help", "--install-completion", "--show-completion"}
    assert set(re.findall(r"--[a-z][a-z-]+", page)) <= known


def test_the_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"sendcloud-integrations {__version__}\n"


@pytest.mark.parametrize(
    ("missing", "arguments", "said"),
    [
        ("typer", ["--help"], "pip install 'sendcloud-integrations-client[cli]'"),
        ("rich", ["--help"], "pip install 'sendcloud-integrations-client[cli]'"),
        ("platformdirs", ["--help"], "pip install 'sendcloud-integrations-client[cli]'"),
        ("sqlalchemy", ["logs", "report"], "pip install 'sendcloud-integrations-client[sync]'"),
    ],
)
def test_without_its_extra_it_says_in_one_line_what_to_install(
    missing: str, arguments: list[str], said: str, tmp_path: Path
) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from sendcloud_integrations_client.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert said in done.stderr


def test_completion_for_the_usual_shells() -> None:
    for shell in ("bash", "zsh", "fish"):
        environment = {"_SENDCLOUD_INTEGRATIONS_COMPLETE": f"source_{shell}"}
        result = CliRunner().invoke(app, [], env=environment, prog_name="sendcloud-integrations")
        assert "_SENDCLOUD_INTEGRATIONS_COMPLETE" in result.stdout


def test_completion_completes_commands() -> None:
    environment = {
        "_SENDCLOUD_INTEGRATIONS_COMPLETE": "complete_bash",
        "COMP_WORDS": "sendcloud-integrations logs s",
        "COMP_CWORD": "2",
    }
    result = CliRunner().invoke(app, [], env=environment, prog_name="sendcloud-integrations")
    assert result.stdout.split() == ["sync"]


def test_nothing_heavy_is_loaded_for_a_command_that_does_not_need_it() -> None:
    code = (
        "import sys; from sendcloud_integrations_client.cli.application import app; "
        "print(sorted({'sqlalchemy', 'alembic', 'vl_convert', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", ["sync", "report"])
def test_an_id_that_no_database_holds_is_a_mistake_on_the_command_line(command: str) -> None:
    result = CliRunner().invoke(app, ["logs", command, "--integration", str(2**63)])
    assert result.exit_code == 2
    assert str(2**63) in result.stderr
    assert "9223372036854775807" not in CliRunner().invoke(app, ["logs", command, "--help"]).stdout
