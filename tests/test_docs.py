"""Every code block of README and docs runs, and every command in them exists."""

from __future__ import annotations

import doctest
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for page in PAGES:
        for number, code in enumerate(
            re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL), 1
        ):
            found.append((f"{page.relative_to(ROOT)}-{number}", code))
    return found


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
    assert len(blocks("python")) >= 4
    languages = {one for page in PAGES for one in re.findall(r"^```(\w+)", page.read_text(), re.MULTILINE)}
    assert languages <= {"python", "sh"}


@pytest.mark.parametrize("code", [code for _, code in blocks("python")], ids=[name for name, _ in blocks("python")])
def test_a_code_block_runs(code: str, environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", code]
    if re.search(r"^(async )?def test_", code, re.MULTILINE):
        file = tmp_path / "test_block.py"
        file.write_text(code)
        command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-W", "error", "-p", "no:cacheprovider"]
        command += ["-o", "asyncio_default_fixture_loop_scope=function", "--rootdir", str(tmp_path), str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("module", ["wire", "webhooks"])
def test_the_examples_in_docstrings_run(module: str) -> None:
    done = doctest.testmod(importlib.import_module(f"sendcloud_integrations_client.{module}"))
    assert (done.failed, done.attempted > 0) == (0, True)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert {"demo", "test", "update-spec"} <= named
    assert named - targets == set()


def test_every_link_leads_to_a_file() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), (page, target)


def test_the_first_run_works() -> None:
    command = [sys.executable, "-W", "error", "-m", "examples.first_run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "1000 exception logs on 10 pages" in done.stdout
    assert "'A better name'" in done.stdout
