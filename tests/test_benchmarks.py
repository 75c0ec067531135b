"""The modules of the benchmarks can be imported. A wrong import would otherwise stay unnoticed until `make bench`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import benchmarks

# They import peers, which only `make bench` installs. mypy checks them, too.
NEED_PEERS = {"__main__", "calls", "decoding", "iterations", "peers"}
MODULES = sorted({path.stem for path in Path(benchmarks.__path__[0]).glob("*.py")} - NEED_PEERS)


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not support Windows.")
@pytest.mark.parametrize("name", MODULES)
def test_module_can_be_imported(name: str) -> None:
    importlib.import_module(f"benchmarks.{name}")
