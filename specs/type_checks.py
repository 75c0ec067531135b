"""Type-checks many packages at once: mypy --strict and pyright in strict mode, concurrently."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import attrs

__all__ = ["TypeErrors", "check_types"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_MYPY_ERROR: Final = re.compile(r"^(?P<place>[^:]+:\d+): error: (?P<text>.*)$", re.MULTILINE)


@attrs.frozen
class TypeErrors:
    """First error per package: name of the package to `file:line: message`."""

    mypy: dict[str, str]
    pyright: dict[str, str]


def check_types(folder: Path, packages: Sequence[str]) -> TypeErrors:
    """Type-check packages in a folder.

    Args:
        folder: The folder that contains the packages.
        packages: Names of the packages; each must be there.

    Raises:
        RuntimeError: A type checker did not run.
    """
    if not packages:
        return TypeErrors({}, {})
    with ThreadPoolExecutor(2) as pool:
        mypy = pool.submit(_run_mypy, folder, packages)
        pyright = pool.submit(_run_pyright, folder, packages)
        return TypeErrors(mypy.result(), pyright.result())


def _run_mypy(folder: Path, packages: Sequence[str]) -> dict[str, str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--no-error-summary"]
    command += [f"--cache-dir={folder / '.mypy_cache'}", *(part for name in packages for part in ("-p", name))]
    environment = {**os.environ, "MYPYPATH": str(_ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    found = [(match["place"], match["text"]) for match in _MYPY_ERROR.finditer(done.stdout)]
    if done.returncode and not found:
        raise RuntimeError(f"mypy did not run: {(done.stdout + done.stderr).strip()[:500]}")
    return _keep_first(found)


def _run_pyright(folder: Path, packages: Sequence[str]) -> dict[str, str]:
    config: dict[str, Any] = {
        "include": list(packages),
        "extraPaths": [str(_ROOT)],
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
    }
    path = folder / "pyrightconfig.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "--project", str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"pyright did not run: {(done.stdout + done.stderr).strip()[:500]}") from None
    found = [
        (
            f"{Path(one['file']).resolve().relative_to(folder.resolve())}:{one['range']['start']['line'] + 1}",
            " ".join(one["message"].split()),
        )
        for one in report["generalDiagnostics"]
        if one["severity"] == "error"
    ]
    return _keep_first(found)


def _keep_first(found: Sequence[tuple[str, str]]) -> dict[str, str]:
    first: dict[str, str] = {}
    for place, text in found:
        first.setdefault(place.partition("/")[0], f"{place}: {text}")
    return first
