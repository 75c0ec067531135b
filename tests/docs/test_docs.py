"""Every Python block in the README and the docs runs, and every command in them exists."""

from __future__ import annotations

import doctest
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import dropwhile, groupby
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement

from sendcloud_integrations_client.cli.application import app
from tests.support.valkey import ValkeyServer

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
# Commands of other programs that shell blocks may use.
EXTERNAL_COMMANDS = {
    "cat",
    "cd",
    "chmod",
    "createdb",
    "crontab",
    "export",
    "gunicorn",
    "jq",
    "kill",
    "psql",
    "sort",
    "systemctl",
    "uniq",
}
# Packages that shell blocks install beside this one.
EXTERNAL_PACKAGES = {"fastapi", "gunicorn", "uvicorn-worker"}


def get_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def find_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def is_test(code: str) -> bool:
    return re.search(r"^(async )?def test_", code, re.MULTILINE) is not None


PAGES_WITH_PYTHON = [page for page in PAGES if find_blocks(page, "python")]


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "sendcloud_integrations_client.testing", "--logs", "120"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        match = re.search(r"http://\S+", server.stdout.readline())
        assert match is not None
        yield {
            **os.environ,
            "SENDCLOUD_BASE_URL": match[0],
            "SENDCLOUD_PUBLIC_KEY": "public",
            "SENDCLOUD_SECRET_KEY": "secret",
        }
        server.terminate()
        assert server.wait(10) == 0


def test_pages_contain_code_to_run() -> None:
    assert len(PAGES_WITH_PYTHON) >= 10
    assert any(is_test(code) for page in PAGES_WITH_PYTHON for code in find_blocks(page, "python"))
    languages = {language for page in PAGES for language in re.findall(r"^```(\w+)", page.read_text(), re.MULTILINE)}
    assert languages == {"python", "sh"}


# One process runs all blocks of a page, each with its own globals: imports take most of the time.
RUN_BLOCKS = """
import json, sys
for number, code in enumerate(json.load(sys.stdin), 1):
    exec(compile(code, f"block {number}", "exec"), {"__name__": "__main__"})
"""


@pytest.mark.parametrize("page", PAGES_WITH_PYTHON, ids=get_name)
def test_code_of_page_runs(
    page: Path, environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    codes = find_blocks(page, "python")
    if any("SENDCLOUD_REDIS_URL" in code for code in codes):
        valkey: ValkeyServer = request.getfixturevalue("valkey")
        environment = environment | {"SENDCLOUD_REDIS_URL": valkey.url}
    programs = json.dumps([code for code in codes if not is_test(code)])
    run([sys.executable, "-W", "error", "-c", RUN_BLOCKS], environment, programs, folder=tmp_path)
    tests = [code for code in codes if is_test(code)]
    for number, code in enumerate(tests):
        (tmp_path / f"test_block_{number}.py").write_text(code)
    if tests:
        command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-W", "error", "-p", "no:cacheprovider"]
        command += ["-o", "asyncio_default_fixture_loop_scope=function", "--rootdir", str(tmp_path), str(tmp_path)]
        assert f"{len(tests)} passed" in run(command, environment)


def run(command: list[str], environment: dict[str, str], stdin: str = "", folder: Path = ROOT) -> str:
    result = subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, cwd=folder, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_first_program_prints_failing_shops_and_their_logs(page: str, environment: dict[str, str]) -> None:
    output = run([sys.executable, "-W", "error", "-c", find_blocks(ROOT / page, "python")[0]], environment)
    shops = re.findall(r"^\d+ [A-Z].*: failing since \d{4}-", output, re.MULTILINE)
    logs = re.findall(r"^  \d{4}-.* requests\.exceptions\.\w+: ", output, re.MULTILINE)
    assert shops
    assert len(logs) == 3 * len(shops)


@pytest.mark.parametrize("module", ["runtime.models", "webhooks"])
def test_examples_in_docstrings_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"sendcloud_integrations_client.{module}"))
    assert (result.failed, result.attempted > 0) == (0, True)


def test_mentioned_make_targets_exist() -> None:
    mentioned = {
        name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    assert {"demo", "test", "update-spec"} <= mentioned
    assert mentioned - read_make_targets() == set()


def read_make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", [page for page in PAGES if find_blocks(page, "sh")], ids=get_name)
def test_commands_in_shell_blocks_exist(page: Path) -> None:
    checked = 0
    for block in find_blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for words in split_commands(line):
                assert command_exists(words), (line, words)
                checked += 1
    assert checked


def split_commands(line: str) -> Iterator[list[str]]:
    """Yield the commands of a shell line, without variable assignments and comments."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for is_operator, words in groupby(lexer, lambda word: set(word) <= set("();|&")):
        command = list(dropwhile(lambda word: re.match(r"\w+=", word), words))
        if command and not is_operator:
            yield command


def command_exists(words: list[str]) -> bool:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    match words:
        case ["make", *targets]:
            return {target for target in targets if "=" not in target} <= read_make_targets()
        case ["python", "-m", module, *_]:
            return importlib.util.find_spec(module) is not None
        case ["pip", "install", *arguments]:
            requirements = [Requirement(argument) for argument in arguments if not argument.startswith("-")]
            return all(
                requirement.name in EXTERNAL_PACKAGES
                or (requirement.name == project["name"] and requirement.extras <= set(project["optional-dependencies"]))
                for requirement in requirements
            )
        case [command, *arguments] if command in project["scripts"]:
            return has_subcommands_and_options(typer.main.get_command(app), arguments)
        case [command, *_]:
            return command in EXTERNAL_COMMANDS
        case _:
            return False


def has_subcommands_and_options(command: Any, arguments: list[str]) -> bool:
    """Return whether a command of this package has these subcommands and options."""
    while hasattr(command, "commands") and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        if name not in command.commands:
            return False
        command = command.commands[name]
    known_options = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    return {word.partition("=")[0] for word in arguments if word.startswith("-")} <= known_options | {"--help"}


@pytest.mark.parametrize(
    ("line", "exists"),
    [
        ("make demo    # a comment", True),
        ("make demmo", False),
        ("A=1 make update-spec SPEC=new.yml && make nothing", False),
        ("python -m sendcloud_integrations_client.testing --port 8080 &", True),
        ("python -m sendcloud_integrations_client.tests", False),
        ("pip install 'sendcloud-integrations-client[testing]'", True),
        ("pip install 'sendcloud-integrations-client[tests]'", False),
        ("sendcloud-integration logs list --json | jq .id", False),
        ("sendcloud-integrations logs list --json | jq .id", True),
        ("sendcloud-integrations logs lists --json | jq .id", False),
        ("sendcloud-integrations logs list --jsons | jq .id", False),
    ],
)
def test_command_check_detects_wrong_commands(line: str, exists: bool) -> None:
    assert all(command_exists(words) for words in split_commands(line)) == exists


def test_links_resolve() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)", page.read_text()):
            if target.startswith("https://"):
                continue
            file, _, anchor = target.partition("#")
            linked_page = (page.parent / file) if file else page
            assert linked_page.exists(), (page, target)
            assert not anchor or anchor in find_anchors(linked_page), (page, target)


def find_anchors(page: Path) -> set[str]:
    headings = re.findall(
        r"^#+ (.*)", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_first_run_example_runs() -> None:
    command = [sys.executable, "-W", "error", "-m", "examples.first_run"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert "1000 exception logs on 10 pages" in result.stdout
    assert "'A better name'" in result.stdout
