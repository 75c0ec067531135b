"""Help texts, examples, exit codes, docs/cli.md, shell completion, and messages about missing extras."""

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
from sendcloud_integrations_client.cli.terminal.exit_codes import EXIT_CODE_MEANINGS, ExitCode

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def iterate_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, subcommand in getattr(command, "commands", {}).items():
        yield from iterate_commands(subcommand, (*path, name))
    if not hasattr(command, "commands"):
        yield " ".join(path), command


COMMANDS = dict(iterate_commands(get_command(app)))


def parse_command_line(line: str) -> None:
    """Parse the options of a command without running it. Raises if they are invalid."""
    words = shlex.split(re.split(r"\s[|<>]\s", line)[0])
    assert words[0] == "sendcloud-integrations"
    length = 1 if words[1] in COMMANDS else 2
    name = " ".join(words[1 : 1 + length])
    assert name in COMMANDS, line
    with COMMANDS[name].make_context(name, words[1 + length :]):
        pass


def test_application_has_all_documented_commands() -> None:
    assert set(COMMANDS) == {
        "worker run",
        "worker status",
        "worker sync",
        "worker pause",
        "worker resume",
        "accounts list",
        "accounts rename",
        "accounts rebind",
        "accounts remove",
        "integrations list",
        "integrations show",
        "integrations update",
        "integrations delete",
        "logs list",
        "logs show",
        "logs tail",
        "logs sync",
        "logs create",
        "logs report",
        "logs status",
        "logs prune",
        "logs redact",
        "statuses list",
        "statuses replace",
        "mapping show",
        "mapping replace",
        "simulate",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_in_help_are_valid_commands(name: str) -> None:
    found = re.findall(r"^\$ (.*)$", COMMANDS[name].epilog, re.MULTILINE)
    assert found
    for line in found:
        assert f"sendcloud-integrations {name}" in line
        parse_command_line(line)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_in_80_columns(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "Usage: " in result.stdout
    options = set(re.findall(r"--[A-Za-z-]+", result.stdout))
    assert all(option == option.lower() for option in options), options


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_accepts_color_and_verbose(name: str) -> None:
    assert {"color", "verbose"} <= {parameter.name for parameter in COMMANDS[name].params}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_in_60_columns_breaks_no_metavar_and_no_choice(name: str) -> None:
    help_text = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "60"}).stdout
    assert "range>" not in help_text
    assert "bool" not in help_text  # flags take no value
    words = set(re.findall(r"[^\s,;│{}]+", help_text))
    command = COMMANDS[name]
    for parameter in command.params:
        values = [parameter.metavar] if parameter.metavar else []
        kind = getattr(parameter, "type", None) or parameter.type_descriptor  # up to Typer 0.27, and later
        choices = [str(getattr(choice, "value", choice)).lstrip("-") for choice in getattr(kind, "choices", None) or ()]
        for value in (*values, *choices):
            assert {value, f"{value}.", f"{value}:"} & words, value


def test_unknown_option_is_rejected() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse_command_line("sendcloud-integrations logs list --no-such-option")


def test_every_exit_code_is_in_help_and_docs() -> None:
    help_text = CliRunner().invoke(app, ["--help"]).stdout
    page = PAGE.read_text()
    assert set(EXIT_CODE_MEANINGS) == set(ExitCode)
    for code, meaning in EXIT_CODE_MEANINGS.items():
        assert re.search(rf"\b{int(code)}  {re.escape(meaning)}", help_text)
        assert f"| {int(code)} | {meaning} |" in page


def test_docs_name_every_command_and_only_existing_options() -> None:
    page = PAGE.read_text()
    for name in COMMANDS:
        assert f"`{name}" in page or f"sendcloud-integrations {name}" in page, name
    for line in re.findall(r"^sendcloud-integrations (?!--).*$", page, re.MULTILINE):
        parse_command_line(line)
    known = {
        option
        for command in COMMANDS.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    known |= {"--version", "--help", "--install-completion", "--show-completion"}
    assert set(re.findall(r"--[a-z][a-z-]+", page)) <= known


def test_version_option_prints_the_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"sendcloud-integrations {__version__}\n"


@pytest.mark.parametrize(
    ("missing", "arguments", "message"),
    [
        ("typer", ["--help"], "pip install 'sendcloud-integrations-client[cli]'"),
        *(
            pytest.param(name, ["--help"], "pip install 'sendcloud-integrations-client[cli]'", marks=pytest.mark.long)
            for name in ("rich", "platformdirs")
        ),
        ("sqlalchemy", ["logs", "report"], "pip install 'sendcloud-integrations-client[sync]'"),
    ],
)
def test_missing_extra_is_one_line_with_the_install_command(
    missing: str, arguments: list[str], message: str, tmp_path: Path
) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from sendcloud_integrations_client.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert message in done.stderr


def test_completion_supports_bash_zsh_and_fish() -> None:
    for shell in ("bash", "zsh", "fish"):
        environment = {"_SENDCLOUD_INTEGRATIONS_COMPLETE": f"source_{shell}"}
        result = CliRunner().invoke(app, [], env=environment, prog_name="sendcloud-integrations")
        assert "_SENDCLOUD_INTEGRATIONS_COMPLETE" in result.stdout


def test_completion_completes_command_names() -> None:
    environment = {
        "_SENDCLOUD_INTEGRATIONS_COMPLETE": "complete_bash",
        "COMP_WORDS": "sendcloud-integrations logs sy",
        "COMP_CWORD": "2",
    }
    result = CliRunner().invoke(app, [], env=environment, prog_name="sendcloud-integrations")
    assert result.stdout.split() == ["sync"]


def test_application_import_loads_no_optional_dependencies() -> None:
    code = (
        "import sys; from sendcloud_integrations_client.cli.application import app; "
        "print(sorted({'sqlalchemy', 'alembic', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", ["sync", "report"])
def test_integration_id_beyond_64_bits_is_exit_code_2(command: str) -> None:
    result = CliRunner().invoke(app, ["logs", command, "--integration", str(2**63)])
    assert result.exit_code == 2
    assert str(2**63) in result.stderr
    assert "9223372036854775807" not in CliRunner().invoke(app, ["logs", command, "--help"]).stdout
