"""Fixtures of the tests of the workers: a store in PostgreSQL, with the tables of the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from sqlalchemy.engine import make_url

from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.worker import create_app, open_app, prepare_database, sync_tasks
from tests.support.postgresql import PostgresqlServer


@pytest.fixture(scope="session")
def new_prepared_database(postgresql_server: PostgresqlServer) -> Callable[[], str]:
    """Returns a function that creates a database with the tables of the store and of the queue and returns its URL."""
    url = postgresql_server.create_database()

    async def prepare() -> None:
        async with LogStore(url) as store, sync_tasks([], store) as tasks, open_app(create_app(store, tasks)) as app:
            await prepare_database(store, app)

    asyncio.run(prepare())
    return partial(postgresql_server.create_database, template=str(make_url(url).database))


@pytest.fixture
def database(new_prepared_database: Callable[[], str]) -> str:
    return new_prepared_database()


@pytest.fixture
async def store(database: str) -> AsyncIterator[LogStore]:
    async with LogStore(database) as opened:
        yield opened
