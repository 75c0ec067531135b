"""Fixtures of the tests of the sync: an empty store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sendcloud_integrations_client.sync import LogStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LogStore]:
    async with LogStore(tmp_path / "logs.db") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
async def each_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LogStore]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'logs.db'}"
    else:
        url = request.getfixturevalue("new_postgresql_database")()
    async with LogStore(url) as opened:
        yield opened
