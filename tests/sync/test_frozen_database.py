"""A PostgreSQL server that hangs cannot delay a cancellation or a stop; commands themselves have no limit.

Without a bound, these tests do not end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
import pytest
from sqlalchemy import event, text

from sendcloud_integrations_client.sync import (
    LogStore,
    StoreError,
    SyncSummary,
    account_run,
    account_writer,
    postgresql_connections,
    prune_store,
    pruning,
    run_lock,
    sync_logs,
)
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.postgresql import PostgresqlServer
from tests.support.sync_servers import build_client

LOGS = 100
PAGE_SIZE = 10


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (account_run, account_writer, pruning):
        monkeypatch.setattr(module, "GRACE", 0.05)
    monkeypatch.setattr(postgresql_connections, "_TIMEOUT", 0.05)
    monkeypatch.setattr(run_lock, "_RELEASE_TIMEOUT", 0.05)


class Freeze:
    """Freezes the server once, at a statement of a store.

    Args:
        server: The server.
        store: The store.
        statement: Start of the statement.
        number: Number of the statement among those with this start, from 1.
        after: Whether the server freezes after the statement, so that the next one hangs.
    """

    def __init__(
        self, server: PostgresqlServer, store: LogStore, statement: str = "", number: int = 1, *, after: bool = False
    ) -> None:
        self.has_begun = asyncio.Event()
        self._server = server
        self._statement = statement
        self._remaining = number
        self._frozen = ExitStack()
        event.listen(store.engine.sync_engine, f"{'after' if after else 'before'}_cursor_execute", self._count)

    def _count(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self._remaining -= statement.startswith(self._statement)
        if self._remaining == 0 and not self.has_begun.is_set():
            self._frozen.enter_context(self._server.frozen())
            self.has_begun.set()

    def end(self) -> None:
        self._frozen.close()


@pytest.fixture
def freeze(postgresql_server: PostgresqlServer) -> Iterator[Callable[..., Freeze]]:
    """Return a function that creates a `Freeze`; the server continues after the test at the latest."""
    with ExitStack() as created:

        def create(*arguments: Any, **options: Any) -> Freeze:
            new = Freeze(postgresql_server, *arguments, **options)
            created.callback(new.end)
            return new

        yield create


async def run_sync(sendcloud: SimulatedSendcloud, store: LogStore, **options: Any) -> SyncSummary:
    async with build_client(sendcloud) as client:
        return await sync_logs(client, store, page_size=PAGE_SIZE, **options)


async def count_stored(store: LogStore) -> int:
    async with store.reading() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM log")) or 0)


@pytest.mark.parametrize("source", ["account", "integrations"])
@pytest.mark.parametrize("after", [False, True])  # True: `COPY` hangs, which SQLAlchemy does not know about
async def test_cancelled_sync_ends_although_the_server_hangs(
    postgresql_server: PostgresqlServer,
    freeze: Callable[..., Freeze],
    caplog: pytest.LogCaptureFixture,
    source: str,
    after: bool,
) -> None:
    sendcloud = SimulatedSendcloud(integrations=2, logs=LOGS)
    url = postgresql_server.create_database()
    async with LogStore(url) as store:
        await store.migrate()
        frozen = freeze(store, "SELECT log.", 4, after=after)
        run = asyncio.create_task(run_sync(sendcloud, store, source=source))
        await asyncio.wait({run, asyncio.create_task(frozen.has_begun.wait())}, return_when=asyncio.FIRST_COMPLETED)
        run.cancel()
        await asyncio.wait({run})
    assert run.cancelled()
    assert "Sync of account default: the database does not respond. The write in progress is rolled back" in caplog.text
    frozen.end()
    async with LogStore(url) as store:
        assert 0 < await count_stored(store) < LOGS
        summary = await run_sync(sendcloud, store)
        assert (summary.error, await count_stored(store)) == (None, LOGS)


async def test_stopped_sync_ends_although_the_server_hangs(
    postgresql_server: PostgresqlServer, freeze: Callable[..., Freeze], caplog: pytest.LogCaptureFixture
) -> None:
    sendcloud = SimulatedSendcloud(integrations=2, logs=LOGS)
    url = postgresql_server.create_database()
    async with LogStore(url) as store:
        await store.migrate()
        frozen = freeze(store, "SELECT log.", 4)
        summary = await run_sync(sendcloud, store, stop=frozen.has_begun)
    assert (summary.stopped, summary.error, summary.pages) == (True, None, 3)
    assert "the database did not respond within 0 s after the stop. The run is cancelled." in caplog.text
    frozen.end()
    async with LogStore(url) as store:
        assert await count_stored(store) == 3 * PAGE_SIZE
        summary = await run_sync(sendcloud, store)
        assert (summary.error, await count_stored(store)) == (None, LOGS)


async def read(store: LogStore) -> None:
    async with store.reading() as connection:
        await connection.scalar(text("SELECT 1"))


@pytest.mark.parametrize("work", [LogStore.migrate, read])
@pytest.mark.parametrize("after", [False, True])
async def test_cancelled_use_of_a_store_ends_although_the_server_hangs(
    postgresql_server: PostgresqlServer,
    freeze: Callable[..., Freeze],
    work: Callable[[LogStore], Awaitable[None]],
    after: bool,
) -> None:
    async with LogStore(postgresql_server.create_database()) as store:
        frozen = freeze(store, "SELECT", after=after)

        async def use() -> None:
            await work(store)

        task = asyncio.create_task(use())
        await frozen.has_begun.wait()
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        frozen.end()
        await read(store)  # the store connects again
        with postgresql_server.frozen():
            await store.aclose()


async def test_stopped_prune_ends_with_an_error_if_the_server_hangs(
    postgresql_server: PostgresqlServer, freeze: Callable[..., Freeze]
) -> None:
    async with LogStore(postgresql_server.create_database()) as store:
        await run_sync(SimulatedSendcloud(integrations=2, logs=LOGS), store)
        frozen = freeze(store, "DELETE FROM log")
        with pytest.raises(StoreError, match="did not respond within 0 s after the stop") as caught:
            await prune_store(store, timedelta(days=-1), stop=frozen.has_begun)
        assert caught.value.is_temporary
        frozen.end()
        assert await count_stored(store) == LOGS


@pytest.mark.parametrize("error", ["InterfaceError", "InternalClientError", "ConnectionDoesNotExistError"])
async def test_failed_rollback_closes_the_connection_and_keeps_the_error_that_caused_it(
    postgresql_server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    execute = asyncpg.Connection.execute

    async def fail_rollback(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
        if query.startswith("ROLLBACK"):
            raise getattr(asyncpg, error)("another operation is in progress")
        return await execute(self, query, *arguments, **options)

    async with LogStore(postgresql_server.create_database()) as store:
        drivers: list[Any] = []

        async def fail() -> None:
            async with store.writing() as connection:
                await connection.execute(text("SELECT 1"))
                drivers.append((await connection.get_raw_connection()).driver_connection)
                monkeypatch.setattr(asyncpg.Connection, "execute", fail_rollback)  # earlier, it would fail the ping
                raise RuntimeError("the cause")

        with pytest.raises(RuntimeError, match="the cause"):
            await fail()
        monkeypatch.undo()
        assert drivers[0].is_closed()
        await read(store)


async def test_commands_have_no_limit(postgresql_server: PostgresqlServer) -> None:
    async with LogStore(postgresql_server.create_database()) as store:
        async with store.writing() as connection:
            await connection.execute(text("CREATE TABLE t AS SELECT 1 AS x FROM pg_sleep(0.2)"))
        with contextlib.suppress(RuntimeError):
            async with store.writing() as connection:
                await connection.execute(text("DELETE FROM t USING pg_sleep(0.2)"))
                raise RuntimeError
        async with store.reading() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM t")) == 1
