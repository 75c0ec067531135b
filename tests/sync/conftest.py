"""Fixtures of the tests of the sync: an empty store."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sendcloud_integrations_client.sync import LogStore


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store in SQLite. Tests copy it, because the migrations take longer than most tests."""
    file = tmp_path_factory.mktemp("migrated") / "logs.db"
    asyncio.run(_migrate(LogStore(file)))
    return file


@pytest.fixture
async def store(tmp_path: Path, migrated_file: Path) -> AsyncIterator[LogStore]:
    """An empty store in SQLite."""
    async with LogStore(shutil.copy(migrated_file, tmp_path / "logs.db")) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def each_store_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> str | Path:
    """The URL or path of an empty store, in SQLite and in PostgreSQL; see `with_both_databases`."""
    if request.param == "sqlite":
        return Path(shutil.copy(migrated_file, tmp_path / "logs.db"))
    create_database: Callable[[], str] = request.getfixturevalue("new_migrated_database")
    return create_database()


@pytest.fixture
async def each_store(each_store_url: str | Path) -> AsyncIterator[LogStore]:
    """An empty store, in SQLite and in PostgreSQL; see `with_both_databases`."""
    async with LogStore(each_store_url) as opened:
        yield opened


async def _migrate(store: LogStore) -> None:
    async with store:
        await store.migrate()
