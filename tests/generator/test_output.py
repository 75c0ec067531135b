"""The generator replaces a folder as a whole or not at all, and reports each failure in one line."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from generator import __main__ as command_line
from generator import output
from generator.__main__ import main
from generator.build import GENERATED, OPENAPI_DOCUMENT, find_differences
from generator.output import MARKER, OutputError, defer_signals, replace_folder, write_folder

SPEC = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: SERVER}]
paths:
  /things:
    get:
      responses:
        200: {description: OK, content: {application/json: {schema: {type: object, properties: {id: {type: integer}}}}}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yml"
    path.write_text(SPEC.replace("SERVER", "https://api.test/v7"))
    return path


def generate(spec: Path, out: Path) -> int:
    return main(["generate", "--spec", str(spec), "--out", str(out), "--no-overlay"])


def list_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_new_empty_and_generated_folders_are_replaced(spec: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "package"
    assert generate(spec, out) == 0
    first = list_files(out)
    assert MARKER in first
    (out / "stale.py").write_text("")
    assert generate(spec, out) == 0
    assert list_files(out) == first
    (tmp_path / "empty").mkdir()
    assert generate(spec, tmp_path / "empty") == 0
    assert list_files(tmp_path / "empty") == first


def test_committed_package_has_the_marker() -> None:
    assert (GENERATED / MARKER).is_file()


def test_folder_with_other_files_is_kept(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "documents"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    assert generate(spec, out) == 2
    error = capsys.readouterr().err
    assert error.endswith("contains files that the generator did not make. Choose a new or an empty folder.\n")
    assert error.count("\n") == 1
    assert list_files(tmp_path) == ["documents", "documents/thesis.txt", "spec.yml"]
    link = tmp_path / "link"
    link.symlink_to(out)
    assert generate(spec, link) == 2
    assert generate(spec, tmp_path / "spec.yml") == 2
    assert generate(spec, tmp_path / "documents" / ".." / "documents") == 2
    assert list_files(out) == ["thesis.txt"]


def test_failure_leaves_no_parent_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(tmp_path / "missing.yml", tmp_path / "a" / "b" / "c") == 2
    with pytest.raises(RuntimeError), write_folder(tmp_path / "a" / "b" / "c"):
        raise RuntimeError
    assert list_files(tmp_path) == []
    assert capsys.readouterr().err.count("\n") == 1


def test_failed_move_restores_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / MARKER).write_text("")
    (out / "old.py").write_text("old = 1")
    rename = Path.rename

    def fail_second(self: Path, target: Path) -> Path:
        if self.parent.name.startswith(".generating-") and not self.name.endswith(".old"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(self, target)

    monkeypatch.setattr(output, "_exchange", lambda one, other: False)  # as on a system without renameat2
    monkeypatch.setattr(Path, "rename", fail_second)
    with (
        pytest.raises(OutputError, match="cannot be written \\(No space left on device\\)"),
        write_folder(out) as fresh,
    ):
        (fresh / "new.py").write_text("")
    assert list_files(tmp_path) == ["out", f"out/{MARKER}", "out/old.py"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_full_disk_and_read_only_folder_are_one_line(
    code: int, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(code, os.strerror(code))

    before = list_files(tmp_path)
    monkeypatch.setattr(Path, "write_text", fail)
    assert generate(spec, tmp_path / "x" / "out") == 2
    assert capsys.readouterr().err.endswith(f"cannot be written ({os.strerror(code)})\n")
    monkeypatch.setattr("tempfile.TemporaryDirectory", fail)
    assert generate(spec, tmp_path / "x" / "out") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list_files(tmp_path) == before


def test_signals_wait_until_the_move_is_complete(tmp_path: Path) -> None:
    received: list[str] = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: received.append("handler"))
    try:
        with defer_signals():
            signal.raise_signal(signal.SIGTERM)
            received.append("end of block")
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert received == ["end of block", "handler"]
    fresh, target = tmp_path / "fresh", tmp_path / "target"
    fresh.mkdir()
    thread = threading.Thread(target=replace_folder, args=(fresh, target))  # cannot change signal handlers
    thread.start()
    thread.join()
    assert target.is_dir()


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_interrupted_process_leaves_the_tree_whole(number: int, code: int, spec: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert generate(spec, out) == 0
    before = list_files(tmp_path)
    program = (
        "import os, runpy, generator.project as project\n"
        f"project._run_hook = lambda command, folder: os.kill(os.getpid(), {int(number)})\n"
        f"import sys; sys.argv = ['x', 'generate', '--spec', {str(spec)!r}, '--out', {str(out)!r}, '--no-overlay']\n"
        "runpy.run_module('generator', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=OPENAPI_DOCUMENT.parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert list_files(tmp_path) == before


def test_bug_of_the_generator_is_one_line_with_its_own_exit_code(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("generator.project.ClientProject.render", lambda self: [("a.py", "def broken(:\n")])
    assert generate(spec, tmp_path / "out") == 4
    error = "Nothing was changed. The generated code is not valid Python. This is a bug of the generator: report it.\n"
    assert capsys.readouterr().err == error

    def fail(*args: Any, **kwargs: Any) -> None:
        raise KeyError("secret text of a document")

    monkeypatch.setattr(command_line, "find_differences", fail)
    monkeypatch.setattr(command_line, "generate", fail)
    for arguments in (["check"], ["generate"]):
        assert main(arguments) == 4
        error = capsys.readouterr().err
        assert error.startswith("Nothing was changed. KeyError in test_output.py, line ")
        assert error.endswith("This is a bug of the generator: report it.\n")
        assert "secret" not in error


def test_base_url_needs_a_trusted_origin(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(spec, tmp_path / "untrusted") == 0
    server = (tmp_path / "untrusted" / "server.py").read_text()
    assert "BASE_URL: Final[str | None] = None" in server
    assert 'BASE_PATH: Final = "/v7"' in server
    assert "servers/0: the overlay does not trust the origin https://api.test" in capsys.readouterr().out
    overlay = tmp_path / "overlay.yml"
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nx-trusted-origins: [https://api.test]\nactions: []"
    )
    arguments = ["--spec", str(spec), "--out", str(tmp_path / "trusted"), "--overlay", str(overlay)]
    assert main(["generate", *arguments]) == 0
    assert 'BASE_URL: Final = "https://api.test/v7"' in (tmp_path / "trusted" / "server.py").read_text()
    assert "does not trust" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "url", ["https://user:pass@api.test", "https://api.test:99999", "https://api.test/?a=b", "https://api.test/\\n"]
)
def test_invalid_base_url_is_rejected(url: str, spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(SPEC.replace("SERVER", f'"{url}"'))
    assert generate(spec, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "pass" not in error.replace("passes", "")


def test_generation_is_reproducible(spec: Path, tmp_path: Path) -> None:
    assert generate(spec, tmp_path / "one") == generate(spec, tmp_path / "other") == 0
    assert find_differences(tmp_path / "one", tmp_path / "other") == []
