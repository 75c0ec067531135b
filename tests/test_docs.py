"""Every code block of README and docs runs, and every command in them exists."""

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

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
# What a shell line may begin with besides what this project brings.
COMMANDS = {"cat", "cd", "chmod", "createdb", "crontab", "export", "jq", "kill", "psql", "sort", "systemctl", "uniq"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def is_test(code: str) -> bool:
    return re.search(r"^(async )?def test_", code, re.MULTILINE) is not None


WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "sendcloud_integrations_client.testing", "--logs", "120"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address is not None
        yield {
            **os.environ,
            "SENDCLOUD_BASE_URL": address[0],
            "SENDCLOUD_PUBLIC_KEY": "public",
            "SENDCLOUD_SECRET_KEY": "secret",
        }
        server.terminate()
        assert server.wait(10) == 0


def test_there_is_something_to_run() -> None:
    assert len(WITH_PYTHON) >= 10
    assert any(is_test(code) for page in WITH_PYTHON for code in blocks(page, "python"))
    languages = {one for page in PAGES for one in re.findall(r"^```(\w+)", page.read_text(), re.MULTILINE)}
    assert languages == {"python", "sh"}


# One process runs the blocks of a page, each in names of its own: most of a block's time goes into imports.
RUN_BLOCKS = """
import json, sys
for number, code in enumerate(json.load(sys.stdin), 1):
    exec(compile(code, f"block {number}", "exec"), {"__name__": "__main__"})
"""


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_the_code_of_a_page_runs(page: Path, environment: dict[str, str], tmp_path: Path) -> None:
    codes = blocks(page, "python")
    programs = json.dumps([code for code in codes if not is_test(code)])
    run([sys.executable, "-W", "error", "-c", RUN_BLOCKS], environment, programs, folder=tmp_path)
    tests = [code for code in codes if is_test(code)]
    for number, code in enumerate(tests):
        (tmp_path / f"test_block_{number}.py").write_text(code)
    if tests:
        command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-W", "error", "-p", "no:cacheprovider"]
        command += ["-o", "asyncio_default_fixture_loop_scope=function", "--rootdir", str(tmp_path), str(tmp_path)]
        assert f"{len(tests)} passed" in run(command, environment)


def run(command: list[str], environment: dict[str, str], fed: str = "", folder: Path = ROOT) -> str:
    done = subprocess.run(
        command, env=environment, input=fed, capture_output=True, text=True, cwd=folder, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("module", ["wire", "webhooks"])
def test_the_examples_in_docstrings_run(module: str) -> None:
    done = doctest.testmod(importlib.import_module(f"sendcloud_integrations_client.{module}"))
    assert (done.failed, done.attempted > 0) == (0, True)


def test_every_make_target_that_is_named_exists() -> None:
    named = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert {"demo", "test", "update-spec"} <= named
    assert named - make_targets() == set()


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=name_of)
def test_every_command_in_a_shell_block_exists(page: Path) -> None:
    checked = 0
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for words in commands_of(line):
                assert is_there(words), (line, words)
                checked += 1
    assert checked


def commands_of(line: str) -> Iterator[list[str]]:
    """The commands of a shell line, without what sets variables, redirects, or is a comment."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for is_operator, words in groupby(lexer, lambda word: set(word) <= set("();|&")):
        command = list(dropwhile(lambda word: re.match(r"\w+=", word), words))
        if command and not is_operator:
            yield command


def is_there(words: list[str]) -> bool:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    match words:
        case ["make", *targets]:
            return {target for target in targets if "=" not in target} <= make_targets()
        case ["python", "-m", module, *_]:
            return importlib.util.find_spec(module) is not None
        case ["pip", "install", *wanted]:
            asked = [Requirement(one) for one in wanted if not one.startswith("-")]
            return all(
                one.name == project["name"] and one.extras <= set(project["optional-dependencies"]) for one in asked
            )
        case [command, *arguments] if command in project["scripts"]:
            return is_command(typer.main.get_command(app), arguments)
        case [command, *_]:
            return command in COMMANDS
        case _:
            return False


def is_command(command: Any, arguments: list[str]) -> bool:
    """Whether a command of ours has the subcommands and options that it is given."""
    while hasattr(command, "commands") and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        if name not in command.commands:
            return False
        command = command.commands[name]
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    return {one.partition("=")[0] for one in arguments if one.startswith("-")} <= known | {"--help"}


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("make demo    # everything", True),
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
def test_a_wrong_command_is_noticed(line: str, there: bool) -> None:
    assert all(is_there(words) for words in commands_of(line)) == there


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)", page.read_text()):
            if target.startswith("https://"):
                continue
            file, _, anchor = target.partition("#")
            found = (page.parent / file) if file else page
            assert found.exists(), (page, target)
            assert not anchor or anchor in anchors_of(found), (page, target)


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(
        r"^#+ (.*)", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_first_run_works() -> None:
    command = [sys.executable, "-W", "error", "-m", "examples.first_run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "1000 exception logs on 10 pages" in done.stdout
    assert "'A better name'" in done.stdout
