"""Starts pytest many times: a process with the imported third-party packages is forked for each run.

Without it, half of the time of a mutant would be the start of Python. The process reads one JSON object per line from
its standard input: `arguments` of pytest, `environment` to add, and `output`, the file for the output. It prints two
numbers per run: the id of the forked process, which leads its own group, and later its exit code.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import traceback
from typing import Any, Final

import pytest

__all__ = ["main"]

_PRELOADED: Final = (
    "aiohttp",
    "aiosqlite",
    "alembic.command",
    "asyncpg",
    "attrs",
    "cryptography.hazmat.primitives",
    "httpcore2",
    "httptools",
    "httpx",
    "hypothesis.strategies",
    "inflect",
    "jinja2",
    "jsonpath_rfc9535",
    "jsonschema",
    "openapi_python_client",
    "openapi_spec_validator",
    "orjson",
    "procrastinate",
    "pydantic",
    "referencing",
    "requests",
    "rich.console",
    "ruamel.yaml",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.ext.asyncio",
    "typer.testing",
    "uvicorn",
    "yaml",
)
"""Third-party packages that the tests import. A package that is not installed is skipped."""


def main() -> None:
    """Serve runs until the standard input ends."""
    for name in _PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        process = os.fork()
        if process == 0:
            os._exit(_run(request))
        print(process, flush=True)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(request: dict[str, Any]) -> int:
    os.setsid()
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.environ |= request["environment"]
    try:
        return int(pytest.main(request["arguments"]))
    except BaseException:
        traceback.print_exc()
        return int(pytest.ExitCode.INTERNAL_ERROR)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main()
