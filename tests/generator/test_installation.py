"""An update that is killed at any rename leaves the old or the new state whole, at the latest for the next command."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator import installation, output
from tests.generator.kill_at_renames import build, read_state

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("kind", ["exchange", pytest.param("renames", marks=pytest.mark.long)])
def test_kill_at_every_rename_leaves_a_whole_state(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.generator.kill_at_renames", str(tmp_path), kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    results = json.loads(done.stdout)
    killed = [one for one in results if one["killed"]]
    assert len(killed) >= 10
    assert {one["final"] for one in results} == {"old", "new"}
    assert not any(one["again"] for one in results)
    for one in killed:
        if not one["completed"]:  # nothing was pending, so the state was whole already
            assert one["state"] == one["final"]
    assert [one["state"] for one in results if not one["killed"]] == ["new", "new"]


def test_failed_step_restores_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, generated, fresh = build(tmp_path)
    staged = installation.stage(tmp_path / "temporary", "new", fresh)

    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("generator.installation.os.replace", fail)
        with pytest.raises(OSError, match="No space left"):
            installation.install(staged, document, generated)
    assert read_state(tmp_path) == "old"
    assert installation.complete_interrupted_update(document, generated) is False
    assert sorted(path.name for path in tmp_path.iterdir()) == ["openapi", "package", "temporary"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_folders_are_swapped(can_exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not can_exchange:
        monkeypatch.setattr(output, "_exchange", lambda one, other: False)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    output.swap_folders(tmp_path / "a", tmp_path / "b")
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["a", "a/b", "b", "b/a"]
    with pytest.raises(OSError, match="missing"):
        output.swap_folders(tmp_path / "a", tmp_path / "missing")
    assert (tmp_path / "a" / "b").is_file()
