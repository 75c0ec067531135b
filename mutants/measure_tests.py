"""A pytest plugin that writes how long each test takes, and which lines of the package it executes.

It is the only plugin that must be loaded before the package is imported, so it is passed to pytest with `-p`. The
environment variable `MUTANTS_MEASUREMENT` names the JSON file that it writes; see `mutants/selection.py`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

import coverage
import pytest

from mutants.targets import PACKAGE

_package: Final = Path.cwd() / PACKAGE
# The callbacks of SQLAlchemy run in greenlets.
_coverage: Final = coverage.Coverage(
    data_file=None,
    config_file=False,
    include=[f"{_package}/*"],
    omit=[f"{_package}/generated/*"],
    concurrency=["thread", "greenlet"],
)
_coverage.set_option("run:core", "ctrace")  # the other ones cannot switch between contexts
_coverage.start()

_scripts: Final = Path(sys.executable).parent
_seconds: Final[dict[str, float]] = {}
_with_processes: Final[set[str]] = set()
_current: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure one test with its fixtures."""
    _coverage.switch_context(item.nodeid)
    _current[:] = [item.nodeid]
    started = time.perf_counter()
    try:
        return (yield)
    finally:
        _seconds[item.nodeid] = time.perf_counter() - started
        _current.clear()
        _coverage.switch_context("")


def pytest_sessionfinish() -> None:
    """Write the measurements."""
    _coverage.stop()
    data = _coverage.get_data()
    lines = {
        Path(file).relative_to(_package).as_posix(): {
            # Without a context, an import executed the line, and all tests use its result.
            line: None if "" in contexts else sorted(contexts)
            for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    measurement = {"seconds": _seconds, "with_processes": sorted(_with_processes), "lines": lines}
    Path(os.environ["MUTANTS_MEASUREMENT"]).write_text(json.dumps(measurement), encoding="utf-8")


def _note_process(event: str, arguments: tuple[Any, ...]) -> None:
    """Note the tests that start Python, because the lines that other processes execute are not measured."""
    if _current and (event == "os.fork" or (event == "subprocess.Popen" and _starts_python(*arguments[:2]))):
        _with_processes.update(_current)


def _starts_python(executable: str | bytes, arguments: Sequence[str | bytes]) -> bool:
    """Whether a command is Python, or a script that is installed beside it."""
    return any(Path(os.fsdecode(one)).parent == _scripts for one in (executable, *arguments))


sys.addaudithook(_note_process)
