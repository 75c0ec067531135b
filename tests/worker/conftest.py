"""Fixtures of the tests of the workers: a store in PostgreSQL, with the tables of the queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from sendcloud_integrations_client.sync import LogStore


@pytest.fixture
def database(new_postgresql_database: Callable[[], str]) -> str:
    return new_postgresql_database()


@pytest.fixture
async def store(database: str) -> AsyncIterator[LogStore]:
    async with LogStore(database) as opened:
        yield opened
