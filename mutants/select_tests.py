"""A pytest plugin that runs the tests of a list only, in its order.

The environment variable `MUTANTS_SELECTION` names a file with one node id per line. If a mutant changes the names of
all tests, they all run.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Deselect all other tests, after the tests were filtered by their markers."""
    yield
    names = Path(os.environ["MUTANTS_SELECTION"]).read_text(encoding="utf-8").split("\n")
    positions = {name: position for position, name in enumerate(names)}
    selected = sorted((item for item in items if item.nodeid in positions), key=lambda item: positions[item.nodeid])
    if selected:
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in positions])
        items[:] = selected
