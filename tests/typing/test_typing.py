"""mypy --strict and pyright strict accept `accepted.py`, and report exactly the marked lines of `rejected.py`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FOLDER = Path(__file__).parent
ACCEPTED, REJECTED = FOLDER / "accepted.py", FOLDER / "rejected.py"
Errors = dict[tuple[str, int], str]


def run_mypy(cache: Path) -> Errors:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--no-pretty", f"--cache-dir={cache}"]
    done = subprocess.run(
        [*command, str(ACCEPTED), str(REJECTED)], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 1, done.stderr
    found = re.findall(r"^(.+?):(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    return {(Path(file).name, int(line)): message for file, line, message in found}


def run_pyright(_: Path) -> Errors:
    # The files enable the strict mode themselves, with a comment.
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonversion", "3.11"]
    command += ["--pythonpath", sys.executable, str(ACCEPTED), str(REJECTED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == 2
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1): one["message"]
        for one in report["generalDiagnostics"]
        if one["severity"] == "error"
    }


@pytest.fixture(scope="module", params=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Errors:
    folder = tmp_path_factory.mktemp(request.param)
    return run_mypy(folder) if request.param == "mypy" else run_pyright(folder)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_correct_code_is_accepted(errors: Errors) -> None:
    assert {place: message for place, message in errors.items() if place[0] == ACCEPTED.name} == {}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_each_mistake_is_reported(errors: Errors) -> None:
    lines = REJECTED.read_text().splitlines()
    expected = {number for number, line in enumerate(lines, start=1) if line.endswith("# error")}
    assert len(expected) > 30
    reported = {line: message for (name, line), message in errors.items() if name == REJECTED.name}
    assert {line: lines[line - 1] for line in expected - reported.keys()} == {}
    assert {line: message for line, message in reported.items() if line not in expected} == {}
