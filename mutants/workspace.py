"""Copies of the repository in which the tests run against mutants. The working tree is never mutated."""

from __future__ import annotations

import compileall
import contextlib
import os
import py_compile
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import attrs

from mutants.targets import PACKAGE

__all__ = ["Outcome", "Workspace", "WorkspaceError"]

_COPIED: Final = (
    PACKAGE,
    "docs",
    "examples",
    "generator",
    "openapi",
    "tests",
    "README.md",
    "generator-config.yml",
    "pyproject.toml",
)
_IGNORED: Final = shutil.ignore_patterns("__pycache__", ".*")
_EXIT_PASSED: Final = 0
_EXIT_NO_TESTS: Final = 5
_FAILED_TEST: Final = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", re.MULTILINE)


class WorkspaceError(Exception):
    """The tests cannot run in a copy of the repository."""


@attrs.frozen
class Outcome:
    """Result of one run of tests.

    Attributes:
        kind: `passed`, `failed`, or `timeout`.
        seconds: Duration.
        output: Output of pytest.
    """

    kind: Literal["passed", "failed", "timeout"]
    seconds: float
    output: str = attrs.field(repr=False)

    @property
    def failed_test(self) -> str:
        """The test that failed, or the module whose import failed; empty if pytest did not name one."""
        found = _FAILED_TEST.search(self.output)
        return found[1] if found else ""


class Workspace:
    """A copy of what the tests need.

    Args:
        root: Folder of the repository.
        folder: Folder of the copy; must not exist.

    Raises:
        WorkspaceError: If Python does not import the package from the copy.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        for name in _COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, folder / name, ignore=_IGNORED)
            else:
                shutil.copy2(root / name, folder / name)
        # Bytecode is validated by the hash of its source, because mutants can have the same size and modification time.
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(folder / PACKAGE, quiet=2, invalidation_mode=mode)
        self._environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
        # Before the folder of the editable installation on sys.path, also in processes that tests start.
        self._environment["PYTHONPATH"] = str(folder)
        self._check_import()

    def run_tests(self, arguments: Sequence[str], timeout: float) -> Outcome:
        """Run pytest in the copy until the first failure.

        Args:
            arguments: Test modules and options.
            timeout: Seconds after which pytest is killed.

        Returns:
            The outcome.

        Raises:
            WorkspaceError: If the arguments select no test.
        """
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        started = time.monotonic()
        # A file, because processes that tests leave behind would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [*command, "-m", "not long", *arguments],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                return Outcome("timeout", time.monotonic() - started, "")
            finally:
                _kill_group(process)
            output.seek(0)
            text = output.read().decode(errors="replace")
        if process.returncode == _EXIT_NO_TESTS:
            raise WorkspaceError(f"No test was selected by: {' '.join(arguments)}.")
        kind: Literal["passed", "failed"] = "passed" if process.returncode == _EXIT_PASSED else "failed"
        return Outcome(kind, time.monotonic() - started, text)

    def run_mutant(self, file: str, mutated: str, arguments: Sequence[str], timeout: float) -> Outcome:
        """Run the tests against a mutant, then restore the file.

        Args:
            file: The file within the package.
            mutated: The source of the mutant.
            arguments: See `run_tests`.
            timeout: See `run_tests`.

        Returns:
            The outcome; `passed` means that the mutant survived.
        """
        path = self._folder / PACKAGE / file
        source = path.read_bytes()
        path.write_text(mutated, encoding="utf-8")
        try:
            return self.run_tests(arguments, timeout)
        finally:
            path.write_bytes(source)
            # pytest caches its own bytecode, and validates it by size and modification time.
            for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*-pytest-*.pyc"):
                cached.unlink()

    def _check_import(self) -> None:
        code = f"import {PACKAGE}, tests; print({PACKAGE}.__file__); print(tests.__file__)"
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=self._folder, env=self._environment, capture_output=True, text=True
        )
        files = [Path(line) for line in found.stdout.splitlines()]
        if len(files) != 2 or not all(file.is_relative_to(self._folder) for file in files):
            raise WorkspaceError(f"Python does not import {PACKAGE} from {self._folder}: {found.stdout}{found.stderr}")


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill pytest and the processes that its tests started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
