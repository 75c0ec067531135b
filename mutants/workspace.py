"""Copies of the repository in which the tests run against mutants. The working tree is never mutated."""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import py_compile
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import attrs

from mutants.selection import Measurement
from mutants.targets import PACKAGE

__all__ = ["Outcome", "Workspace", "WorkspaceError"]

_COPIED: Final = (
    PACKAGE,
    "docs",
    "examples",
    "generator",
    "mutants",
    "openapi",
    "tests",
    "README.md",
    "generator-config.yml",
    "pyproject.toml",
)
_IGNORED: Final = shutil.ignore_patterns("__pycache__", ".*")
_ARGUMENTS: Final = (
    *("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-m", "not long"),
    # `mutants/pytest_server.py` imports plugins before pytest could rewrite their assertions.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
# Other options, and compiling all modules in each run.
_DROPPED_VARIABLES: Final = ("PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE")
_EXIT_PASSED: Final = 0
_TIMEOUT: Final = "+ Timeout +"  # printed by pytest-timeout
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
        self._environment = {name: value for name, value in os.environ.items() if name not in _DROPPED_VARIABLES}
        # Before the folder of the editable installation on sys.path, also in processes that tests start.
        self._environment["PYTHONPATH"] = str(folder)
        # The names of parametrized tests must be the same in each run.
        self._environment["PYTHONHASHSEED"] = "0"
        self._check_import()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "mutants.pytest_server"],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the process that starts pytest."""
        self._server.communicate()

    def measure_tests(self, module: str, timeout: float) -> Measurement:
        """Measure the tests of a module.

        Args:
            module: The test module, relative to the repository.
            timeout: Seconds after which pytest is killed.

        Raises:
            WorkspaceError: If a test fails, or the module has no tests.
        """
        file = self._folder / "measurement.json"
        outcome = self._run_pytest(["-p", "mutants.measure_tests", module], {"MUTANTS_MEASUREMENT": str(file)}, timeout)
        if outcome.kind != "passed":
            raise WorkspaceError(f"{outcome.output}\nWithout a mutation, the tests must pass: {module}.")
        return Measurement.from_dict(json.loads(file.read_text(encoding="utf-8")))

    def run_tests(self, tests: Sequence[str], timeout: float, timeout_per_test: float) -> Outcome:
        """Run tests in the copy until the first failure.

        Args:
            tests: Node ids of the tests, in the order in which they run.
            timeout: Seconds after which pytest is killed.
            timeout_per_test: Seconds that each test may take.
        """
        file = self._folder / "selection.txt"
        file.write_text("\n".join(tests), encoding="utf-8")
        modules = dict.fromkeys(test.partition("::")[0] for test in tests)
        return self._run_pytest(
            # In contrast to an exception, the end of the process ends each endless loop.
            ["-p", "mutants.select_tests", f"--timeout={timeout_per_test}", "--timeout-method=thread", *modules],
            {"MUTANTS_SELECTION": str(file)},
            timeout,
        )

    def run_mutant(
        self, file: str, mutated: str, tests: Sequence[str], timeout: float, timeout_per_test: float
    ) -> Outcome:
        """Run tests against a mutant, then restore the file.

        Args:
            file: The file within the package.
            mutated: The source of the mutant.
            tests: See `run_tests`.
            timeout: See `run_tests`.
            timeout_per_test: See `run_tests`.

        Returns:
            The outcome; `passed` means that the mutant survived.
        """
        path = self._folder / PACKAGE / file
        source = path.read_bytes()
        path.write_text(mutated, encoding="utf-8")
        try:
            return self.run_tests(tests, timeout, timeout_per_test)
        finally:
            path.write_bytes(source)
            # pytest caches its own bytecode, and validates it by size and modification time.
            for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*-pytest-*.pyc"):
                cached.unlink()

    def _run_pytest(self, arguments: Sequence[str], environment: Mapping[str, str], timeout: float) -> Outcome:
        output = self._folder / "output.txt"
        request = {"arguments": [*_ARGUMENTS, *arguments], "environment": environment, "output": str(output)}
        requests, responses = self._server.stdin, self._server.stdout
        if requests is None or responses is None:
            raise WorkspaceError("The process that starts pytest has no pipes.")
        started = time.monotonic()
        requests.write(f"{json.dumps(request)}\n")
        requests.flush()
        group = int(responses.readline())
        killed = threading.Event()

        def kill() -> None:
            killed.set()
            _kill_group(group)

        timer = threading.Timer(timeout, kill)
        timer.start()
        try:
            code = int(responses.readline())
        finally:
            timer.cancel()
        _kill_group(group)  # processes that the tests left behind
        text = output.read_text(encoding="utf-8", errors="replace")
        if killed.is_set() or _TIMEOUT in text:
            kind: Literal["passed", "failed", "timeout"] = "timeout"
        else:
            kind = "passed" if code == _EXIT_PASSED else "failed"
        return Outcome(kind, time.monotonic() - started, text)

    def _check_import(self) -> None:
        code = f"import {PACKAGE}, tests; print({PACKAGE}.__file__); print(tests.__file__)"
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=self._folder, env=self._environment, capture_output=True, text=True
        )
        files = [Path(line) for line in found.stdout.splitlines()]
        if len(files) != 2 or not all(file.is_relative_to(self._folder) for file in files):
            raise WorkspaceError(f"Python does not import {PACKAGE} from {self._folder}: {found.stdout}{found.stderr}")


def _kill_group(group: int) -> None:
    """Kill pytest and the processes that its tests started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
