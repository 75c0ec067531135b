"""`make demo` works in a clean folder, and in a folder with files of an earlier run."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_demo_replaces_files_of_an_interrupted_run(tmp_path: Path) -> None:
    output = tmp_path / "build" / "demo"
    output.mkdir(parents=True)
    for name in ("demo.db", "demo.db-wal", "demo.db-shm"):
        (output / name).write_text("file of an interrupted demo")
    command = [sys.executable, "-W", "error", "-m", "examples.demo", "--folder", str(tmp_path), "--logs", "2400"]
    environment = os.environ | {
        "COLUMNS": "160",
        "SENDCLOUD_PROFILE": "unknown",
        "SENDCLOUD_DATABASE": "sqlite:///elsewhere",
    }
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    runs = re.findall(r"^(\w+) +(\d+) of (\d+) +([\d,]+) .* complete$", result.stdout, re.MULTILINE)
    accounts = [("nederland", "9"), ("deutschland", "6"), ("france", "3")]
    assert [(name, synced) for name, synced, _, _ in runs] == accounts * 2 + accounts[:2]
    assert [new for _, _, _, new in runs] == ["1,458", "720", "240", *["0"] * 5]
    assert all(synced == total for _, synced, total, _ in runs)
    report = result.stdout[result.stdout.index("Data of 3 accounts: 1 failed, 2 current.") :]
    assert re.search(r"FAILED france: .* failed: 401 Unauthorized", " ".join(report.split()))
    assert re.search(
        r"^Dutch Design Depot +nederland +2 .* P\d+ wrong credentials: 401 HTTPError +\+1 +shop", report, re.MULTILINE
    )
    assert re.search(r"^P\d+ +new +410 HTTPError: removed endpoint +8 ", report, re.MULTILINE)
    assert re.search(r"^Problems: \d+ new, .*\d+ resolved$", report, re.MULTILINE)
    page = output / "report.html"
    assert page.as_uri() in result.stdout
    html = page.read_text(encoding="utf-8")
    assert "Fietsen van Ginkel" in html
    assert re.search(r'"state resolved">resolved</td><td>403 HTTPError: access denied', html)
    with closing(sqlite3.connect(output / "demo.db")) as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (2418,)
    assert [path.name for path in tmp_path.iterdir()] == ["build"]
    assert sorted(path.name for path in output.iterdir()) == ["demo.db", "demo.db.lock", "report.html"]
    next_steps = re.findall(r"^  (\S+) (--help|-m examples\.first_run) ", result.stdout, re.MULTILINE)
    assert [options for _, options in next_steps] == ["--help", "-m examples.first_run"]
    assert all((ROOT / program).is_file() for program, _ in next_steps)


def test_output_of_the_demo_is_ignored_by_git() -> None:
    output_files = ["build/demo/demo.db", "build/demo/demo.db-wal", "build/demo/report.html"]
    result = subprocess.run(
        ["git", "check-ignore", *output_files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if result.returncode != 128:  # 128: not a repository, but an unpacked source distribution
        assert result.stdout.split() == output_files
