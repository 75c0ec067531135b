"""Installs an update in child processes that die at each rename, and prints the state that each one leaves.

Run by test_installation.py: `python -m tests.generator.kill_at_renames FOLDER exchange|renames`. A fork of this small
process is cheaper than a new interpreter, and has no threads.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator import installation, output


def read_state(folder: Path) -> str:
    """Return `old` or `new` if document and package are whole and belong together, else what is there."""
    document = folder / "openapi" / "document.yml"
    package = folder / "package" / "generated"
    files = {path.name: path.read_text() for path in package.rglob("*")} if package.is_dir() else {}
    contents = [document.read_text() if document.is_file() else "missing", *files.values()]
    for state, names in (("old", {"old.py", "both.py"}), ("new", {"new.py", "both.py"})):
        if set(contents) == {state} and set(files) == names:
            return state
    return f"broken: {contents} {sorted(files)}"


def build(folder: Path) -> tuple[Path, Path, Path]:
    document = folder / "openapi" / "document.yml"
    generated, fresh = folder / "package" / "generated", folder / "temporary" / "generated"
    for path in (document.parent, generated, fresh):
        path.mkdir(parents=True)
    document.write_text("old")
    for package, state in ((generated, "old"), (fresh, "new")):
        (package / f"{state}.py").write_text(state)
        (package / "both.py").write_text(state)
    return document, generated, fresh


def kill_at(number: int, *, after: bool) -> None:
    """Let this process die at its n-th rename: before it, or after it."""
    count = 0

    def wrap(rename: Callable[..., Any]) -> Callable[..., Any]:
        def renamed(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = rename(*arguments, **options)
            if count == number and after:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return renamed

    Path.rename = wrap(Path.rename)  # type: ignore[method-assign]
    os.replace = wrap(os.replace)
    output._exchange = wrap(output._exchange)  # noqa: SLF001 - it renames, too


def run(folder: Path, number: int, *, after: bool) -> dict[str, Any]:
    document, generated, fresh = build(folder)
    child = os.fork()
    if child == 0:
        kill_at(number, after=after)
        installation.install(installation.stage(folder / "temporary", "new", fresh), document, generated)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    state = read_state(folder)
    completed = installation.complete_interrupted_update(document, generated)
    again = installation.complete_interrupted_update(document, generated)
    return {
        "killed": os.WIFSIGNALED(status),
        "state": state,
        "completed": completed,
        "final": read_state(folder),
        "again": again,
    }


def main() -> None:
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    if kind == "renames":
        output._exchange = lambda one, other: False  # noqa: SLF001 - as on a system without renameat2
    results = []
    for after in (False, True):
        for number in range(1, 30):
            found = run(folder / f"{number}-{after}", number, after=after)
            results.append(found)
            if not found["killed"]:
                break
    print(json.dumps(results))


if __name__ == "__main__":
    main()
