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

from generator.build import generate
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.support.loopback_server import LoopbackServer, running_loopback_server
from tests.support.valkey import ValkeyServer

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
# Commands of other programs that shell blocks may use.
EXTERNAL_COMMANDS = {
    ".",
    "cat",
    "cd",
    "chmod",
    "createdb",
    "crontab",
    "export",
    "gunicorn",
    "install",
    "jq",
    "kill",
    "psql",
    "sort",
    "systemctl",
    "uniq",
    "useradd",
    "uvicorn",
}
# Packages that shell blocks may install, in addition to this one.
EXTERNAL_PACKAGES = {"duckdb", "fastapi", "gunicorn", "pytest-asyncio", "uvicorn", "uvicorn-worker"}


def get_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def find_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def is_test(code: str) -> bool:
    return re.search(r"^(async )?def test_", code, re.MULTILINE) is not None


PAGES_WITH_PYTHON = [page for page in PAGES if find_blocks(page, "python")]


@pytest.fixture(scope="module")
def loopback() -> Iterator[LoopbackServer]:
    with running_loopback_server() as server:
        yield server


@pytest.fixture(scope="module")
def environment(loopback: LoopbackServer) -> Iterator[dict[str, str]]:
    with serve_in_thread(SimulatedSendcloud(logs=120)) as base_url:
        yield {
            **os.environ,
            "SENDCLOUD_BASE_URL": base_url,
            "SENDCLOUD_PUBLIC_KEY": "public",
            "SENDCLOUD_SECRET_KEY": "secret",
            "PROXY_URL": loopback.url,
            "SLACK_WEBHOOK_URL": f"{loopback.url}/slack",
        }


def test_pages_contain_code_to_run() -> None:
    assert len(PAGES_WITH_PYTHON) >= 10
    assert any(is_test(code) for page in PAGES_WITH_PYTHON for code in find_blocks(page, "python"))
    languages = {language for page in PAGES for language in re.findall(r"^```(\w+)", page.read_text(), re.MULTILINE)}
    assert languages == {"python", "sh"}


# One process runs the blocks of many pages, each with its own globals and environment: imports take most of the time.
RUN_BLOCKS = """
import json, os, sys
environment = dict(os.environ)
for name, codes in json.load(sys.stdin):
    folder = os.path.join(os.environ["FOLDER"], name.replace("/", "-"))
    os.mkdir(folder)
    os.chdir(folder)
    for number, code in enumerate(codes, 1):
        exec(compile(code, f"{name}, block {number}", "exec"), {"__name__": "__main__"})
        os.environ.clear()
        os.environ.update(environment)
"""
PROGRAMS = {page: [code for code in find_blocks(page, "python") if not is_test(code)] for page in PAGES_WITH_PYTHON}
TESTS = {page: [code for code in find_blocks(page, "python") if is_test(code)] for page in PAGES_WITH_PYTHON}


def needs_redis(page: Path) -> bool:
    return any("SENDCLOUD_REDIS_URL" in code for code in PROGRAMS[page])


def generate_lockers(folder: Path) -> None:
    """Generate the package that the page on other APIs imports."""
    generate(ROOT / "examples" / "lockers.yml", folder / "lockers_api", overlay=None)


def run_programs(pages: list[Path], environment: dict[str, str], folder: Path) -> str:
    programs = json.dumps([(get_name(page), PROGRAMS[page]) for page in pages])
    environment = environment | {"FOLDER": str(folder)}
    if any("lockers_api" in code for page in pages for code in PROGRAMS[page]):
        generate_lockers(folder)
        environment["PYTHONPATH"] = str(folder)
    return run([sys.executable, "-W", "error", "-c", RUN_BLOCKS], environment, programs, folder=folder)


# Programs of these pages import large packages or a generated one, which takes longer than all other programs.
PAGES_WITH_OTHER_PACKAGES = {"django-and-celery.md", "export-to-parquet.md", "observability.md", "other-apis.md"}


@pytest.mark.long
def test_programs_with_other_packages_run(environment: dict[str, str], tmp_path: Path) -> None:
    pages = [page for page in PAGES_WITH_PYTHON if page.name in PAGES_WITH_OTHER_PACKAGES]
    assert len(pages) == len(PAGES_WITH_OTHER_PACKAGES)
    run_programs(pages, environment, tmp_path)


def test_programs_in_pages_run(environment: dict[str, str], loopback: LoopbackServer, tmp_path: Path) -> None:
    pages = [page for page in PAGES_WITH_PYTHON if page.name not in PAGES_WITH_OTHER_PACKAGES and not needs_redis(page)]
    loopback.requests.clear()
    run_programs(pages, environment, tmp_path)
    # One message for all failing shops in the first run of the program, and one list through the proxy.
    sent = [(request.method, request.path) for request in loopback.requests]
    assert sorted(sent) == [("GET", f"{environment['SENDCLOUD_BASE_URL']}/integrations"), ("POST", "/slack")]
    for request in loopback.requests:
        if request.path == "/slack":
            assert re.search(r"fails since \d{4}-\d\d-\d\d \d\d:\d\d: ", json.loads(request.body)["text"])


@pytest.mark.long
def test_programs_in_pages_run_with_redis(
    environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    valkey: ValkeyServer = request.getfixturevalue("valkey")
    pages = [page for page in PAGES_WITH_PYTHON if needs_redis(page)]
    assert pages
    run_programs(pages, environment | {"SENDCLOUD_REDIS_URL": valkey.url}, tmp_path)


def test_tests_in_pages_pass(environment: dict[str, str], tmp_path: Path) -> None:
    tests = [(page, number, code) for page, codes in TESTS.items() for number, code in enumerate(codes)]
    for page, number, code in tests:
        (tmp_path / f"test_{page.stem.replace('-', '_')}_{number}.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-W", "error", f"--rootdir={tmp_path}"]
    command += [f"-pno:{plugin}" for plugin in ("cacheprovider", "schemathesis", "typeguard", "valkey")]
    command += ["-o", "asyncio_default_fixture_loop_scope=function", str(tmp_path)]
    assert f"{len(tests)} passed" in run(command, environment)


@pytest.mark.long  # about 20 seconds
@pytest.mark.timeout(300)
def test_code_in_pages_is_typed(tmp_path: Path) -> None:
    for page in PAGES_WITH_PYTHON:
        for number, code in enumerate(find_blocks(page, "python"), 1):
            (tmp_path / f"{get_name(page).replace('/', '_').replace('-', '_')[:-3]}_{number}.py").write_text(code)
    generate_lockers(tmp_path)
    configuration = tmp_path / "mypy.ini"
    # vcrpy has no type information.
    configuration.write_text("[mypy]\nstrict = True\n[mypy-vcr]\nignore_missing_imports = True\n")
    files = sorted(str(path) for path in tmp_path.glob("*.py"))
    assert len(files) > 50
    command = [sys.executable, "-m", "mypy", f"--config-file={configuration}", f"--cache-dir={tmp_path / 'cache'}"]
    environment = {**os.environ, "MYPYPATH": str(tmp_path)}
    result = subprocess.run(
        [*command, *files], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


DJANGO_REQUESTS = """
import hashlib, hmac, guide
from django.test import Client

http = Client()
assert http.get("/integrations/1/").json()["id"] == 1
assert http.get("/integrations/999999/").status_code == 404
body = b'{"action": "integration_deleted", "timestamp": 1525271885993, "integration": {"id": 7}}'
post = lambda signature: http.post(
    "/webhooks/sendcloud/", body, content_type="application/json", headers={"Sendcloud-Signature": signature}
)
assert post(hmac.new(b"secret", body, hashlib.sha256).hexdigest()).status_code == 204
assert post("0" * 64).status_code == 400
guide.run_sync(guide.get_sendcloud().aclose())
"""


@pytest.mark.long
def test_django_program_serves_requests(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "guide.py").write_text(find_blocks(ROOT / "docs" / "django-and-celery.md", "python")[0])
    (tmp_path / "check_views.py").write_text(DJANGO_REQUESTS)
    result = subprocess.run(
        [sys.executable, "-W", "error", str(tmp_path / "check_views.py")],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr


FASTAPI_REQUESTS = """
import asyncio, app, httpx

async def main():
    async with app.lifespan(app.app):
        transport = httpx.ASGITransport(app.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://backend") as http:
            assert (await http.get("/integrations/1")).json()["id"] == 1
            missing = await http.get("/integrations/999999")
            assert missing.status_code == 404, missing
            assert "404 Not Found" in missing.json()["detail"], missing.text

asyncio.run(main())
"""


def test_fastapi_program_serves_requests(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(find_blocks(ROOT / "docs" / "web-backend.md", "python")[0])
    (tmp_path / "check_app.py").write_text(FASTAPI_REQUESTS)
    run([sys.executable, "-W", "error", str(tmp_path / "check_app.py")], environment, folder=tmp_path)


def run(command: list[str], environment: dict[str, str], stdin: str = "", folder: Path = ROOT) -> str:
    result = subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, cwd=folder, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize("page", ["README.md", pytest.param("docs/quickstart.md", marks=pytest.mark.long)])
def test_first_program_prints_failing_shops_and_their_logs(page: str, environment: dict[str, str]) -> None:
    output = run([sys.executable, "-W", "error", "-c", find_blocks(ROOT / page, "python")[0]], environment)
    shops = re.findall(r"^\d+ [A-Z].*: failing since \d{4}-", output, re.MULTILINE)
    logs = re.findall(r"^  \d{4}-.* requests\.exceptions\.\w+: ", output, re.MULTILINE)
    assert shops
    assert len(logs) == 3 * len(shops)


@pytest.mark.long
def test_three_commands_in_readme_sync_and_report(environment: dict[str, str], tmp_path: Path) -> None:
    (block,) = (block for block in find_blocks(ROOT / "README.md", "sh") if "logs sync" in block)
    outputs = []
    for line in block.splitlines():
        command = [sys.executable, "-m", "sendcloud_integrations_client.cli", *shlex.split(line)[1:]]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
        )
        assert result.returncode == 0, result.stderr
        outputs.append(result.stdout)
    assert len(outputs) == 3
    assert re.search(r"10 of 10 +120 .* complete", outputs[0])
    assert "Failing now: " in outputs[1]
    assert "<title>" in (tmp_path / "report.html").read_text(encoding="utf-8")


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
        case ["python" | "python3", "-m", module, *_]:
            return importlib.util.find_spec(module) is not None
        case ["python", "failing.py"]:
            return True  # the first program of the README and of the quickstart
        case ["pip" | "/opt/sendcloud/bin/pip", "install", *arguments]:
            requirements = [Requirement(argument) for argument in arguments if not argument.startswith("-")]
            return all(
                requirement.extras <= set(project["optional-dependencies"])
                if requirement.name == project["name"]
                else requirement.name in EXTERNAL_PACKAGES
                for requirement in requirements
            )
        case [".venv/bin/python", "-m", "pytest", *folders]:
            return all((ROOT / folder).exists() for folder in folders)
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
        ("pip install sendcloud-integrations-client duckdb", True),
        ("pip install sendcloud-integration-client", False),
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


def test_index_links_every_page() -> None:
    """On GitHub, a toctree is a code block without links. The reference pages contain text only in the built site."""
    index = (ROOT / "docs" / "index.md").read_text()
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"} | {"reference/index.md"}
    _, all_pages = index.split("## All pages\n")
    assert pages - set(re.findall(r"^- \[[^]]+\]\(([^)#]+)\)$", all_pages, re.MULTILINE)) == set()
    toctrees = re.findall(r"^```\{toctree\}\n(.*?)^```", index, re.MULTILINE | re.DOTALL)
    assert all(":hidden:" in toctree for toctree in toctrees)


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
