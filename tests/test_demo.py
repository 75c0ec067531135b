"""`make demo` works from a clean folder, and again over what it left."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_demo_tells_its_story_whatever_an_earlier_one_left(tmp_path: Path) -> None:
    for name in ("demo.db", "demo.db-wal", "demo.db-shm"):
        (tmp_path / name).write_text("what an interrupted demo left")
    command = [sys.executable, "-W", "error", "-m", "examples.demo", "--folder", str(tmp_path), "--logs", "2400"]
    environment = os.environ | {"SENDCLOUD_PROFILE": "of nobody", "SENDCLOUD_STORE": "sqlite:///elsewhere"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    runs = re.findall(r"^(\w+) +(\d+) of (\d+) +([\d,]+) .* complete$", done.stdout, re.MULTILINE)
    accounts = [("nederland", "9"), ("deutschland", "6"), ("france", "3")]
    assert [(name, walked) for name, walked, _, _ in runs] == accounts * 2
    assert [new for _, _, _, new in runs] == ["1,440", "720", "240", "0", "0", "0"]
    assert all(walked == total for _, walked, total, _ in runs)
    assert "2,400 failures of 18 shops" in done.stdout
    page = tmp_path / "build" / "demo" / "report.html"
    assert page.as_uri() in done.stdout
    assert "Bakkerij De Zon" in page.read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "demo.db")) as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (2400,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "demo.db"]


def test_what_the_demo_leaves_is_ignored_by_git() -> None:
    left = ["demo.db", "demo.db-wal", "build/demo/report.html"]
    done = subprocess.run(["git", "check-ignore", *left], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 128:  # no repository: an unpacked source archive
        assert done.stdout.split() == left
