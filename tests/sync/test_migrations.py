"""Tests of the migration of stores that version 0.1.0 wrote. `stores/` contains dumps of two such stores."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, func, select, text

from sendcloud_integrations_client.sync import LogStore, StoreError, problem_keys, sync_logs
from sendcloud_integrations_client.sync.schema import (
    account,
    integration,
    lease,
    log,
    metadata,
    problem,
    quarantine,
    sync_state,
)
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.stores import with_both_databases
from tests.support.sync_servers import build_client

DUMPS = Path(__file__).parent / "stores"
TABLES = {"account", "integration", "log", "quarantine", "sendcloud_sync_version"}

pytestmark = pytest.mark.usefixtures("every_migration")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store of version 0.1.0: a complete account `retail`, and `wholesale` with an interrupted pass."""
    script = (DUMPS / f"version_0_1_0.{request.param}.sql").read_text()
    if request.param == "sqlite":
        path = tmp_path / "logs.db"
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        return f"sqlite:///{path}"
    database: str = request.getfixturevalue("new_postgresql_database")()
    connection = await asyncpg.connect(database)
    await connection.execute(script)
    await connection.close()
    return database


@pytest.fixture
async def store(url: str) -> AsyncIterator[LogStore]:
    async with LogStore(url) as opened:
        yield opened


async def fetch(store: LogStore, statement: Any) -> list[Any]:
    async with store.reading() as connection:
        return list((await connection.execute(statement)).all())


async def test_migration_keeps_all_rows(store: LogStore) -> None:
    await store.migrate()
    counts = [(await fetch(store, select(func.count()).select_from(one)))[0][0] for one in metadata.sorted_tables]
    names = [one.name for one in metadata.sorted_tables]
    assert dict(zip(names, counts, strict=True)) == {
        "account": 2,
        "integration": 6,
        "lease": 0,
        "log": 30,
        "problem": len({(row.account, row.problem_key) for row in await fetch(store, select(log))}),
        "report": 0,
        "quarantine": 1,
        "sync_state": 4,
    }
    assert {row.identity for row in await fetch(store, select(account))} == {None}
    assert {row.deleted_at for row in await fetch(store, select(integration))} == {None}
    logs = await fetch(store, select(log))
    assert {(row.read_account_wide, row.read_by_integration, row.redaction_key) for row in logs} == {
        (False, True, None)
    }
    assert all(row.record.startswith("{") and row.created_at_utc.utcoffset() is not None for row in logs)
    (invalid,) = await fetch(store, select(quarantine))
    assert (invalid.kind, invalid.read_account_wide, invalid.read_by_integration) == ("log", False, True)


async def test_migration_keeps_the_sync_state(store: LogStore) -> None:
    await store.migrate()
    states = {(one.account, one.integration_id): one for one in await fetch(store, select(sync_state))}
    newest = dict(
        await fetch(store, select(log.c.integration_id, func.max(log.c.created_at_utc)).group_by(log.c.integration_id))
    )
    for number in (1, 2, 3):
        complete = states["retail", number]
        assert (complete.cursor, complete.is_full_pass, complete.newest_first_by) == (None, None, "both")
        assert complete.full_pass_at == complete.completed_at
        assert complete.full_pass_at is not None
        assert complete.newest_created_at == newest[number]
    ((_, interrupted),) = [item for item in states.items() if item[0][0] == "wholesale"]
    assert interrupted.cursor is not None
    assert (interrupted.is_full_pass, interrupted.ids_descending, interrupted.times_descending) == (True, True, True)
    assert interrupted.time_decreases > 0


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
async def test_migrated_tables_equal_new_tables(store: LogStore) -> None:
    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda _one, name, kind, *_: kind != "table" or name in metadata.tables}
        )
        return list(compare_metadata(context, metadata))

    await store.migrate()
    async with store.reading() as connection:
        assert await connection.run_sync(compare) == []


async def test_migration_fills_in_problem_keys_in_batches(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem_keys, "_BATCH_ROWS", 7)
    batches = 0

    def count_batches(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal batches
        batches += statement.startswith("UPDATE log SET problem_key=")

    event.listen(store.engine.sync_engine, "before_cursor_execute", count_batches)
    await store.migrate()
    assert batches == 5  # 30 rows
    await assert_problems_match_logs(store)
    columns = (log.c.exception_type, log.c.response_code, log.c.exception, log.c.method, log.c.full_url)
    rows = await fetch(store, select(log.c.problem_key, *columns))
    assert [row[0] for row in rows] == [problem_keys.build_problem_key(*row[1:]) for row in rows]
    assert 1 < len({row[0] for row in rows}) < 30


async def assert_problems_match_logs(store: LogStore) -> None:
    """Fails unless there is one problem per account and key, with the times of its logs."""
    key = (log.c.account, log.c.problem_key)
    first, last = func.min(log.c.created_at_utc), func.max(log.c.created_at_utc)
    expected = await fetch(
        store,
        select(*key, log.c.exception_type, log.c.response_code, first, last).group_by(
            *key, log.c.exception_type, log.c.response_code
        ),
    )
    columns = problem.c
    found = await fetch(
        store,
        select(
            columns.account,
            columns.problem_key,
            columns.exception_type,
            columns.response_code,
            columns.first_seen_at,
            columns.last_seen_at,
        ),
    )
    assert sorted(map(tuple, found), key=str) == sorted(map(tuple, expected), key=str) != []


async def test_problem_keys_of_an_older_algorithm_are_computed_again(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.migrate()
    old_keys = {row.problem_key for row in await fetch(store, select(problem))}
    monkeypatch.setattr(problem_keys, "PROBLEM_KEY_VERSION", problem_keys.PROBLEM_KEY_VERSION + 1)
    monkeypatch.setattr(problem_keys, "normalize_message", lambda message: f"new {len(message)}")
    async with LogStore(store.engine.url) as upgraded:
        await upgraded.migrate()
        await assert_problems_match_logs(upgraded)
        rows = await fetch(upgraded, select(problem))
        assert {row.key_version for row in rows} == {problem_keys.PROBLEM_KEY_VERSION}
        assert not old_keys & {row.problem_key for row in rows}


class InterruptionError(Exception):
    pass


@pytest.mark.parametrize(
    ("url", "step"),
    [
        ("sqlite", 7),  # every seventh statement
        pytest.param("sqlite", 1, marks=pytest.mark.long),
        pytest.param("postgresql", 1, marks=pytest.mark.long),
    ],
    indirect=["url"],
)
async def test_migration_interrupted_at_any_statement_is_completed_by_the_next_run(
    url: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem_keys, "_BATCH_ROWS", 10)
    interruptions = 0
    for position in range(1, 200, step):
        statements = 0

        def interrupt(_connection: Any, _cursor: Any, statement: str, *_: Any, at: int = position) -> None:
            nonlocal statements
            if not statement.startswith(("PRAGMA", "SELECT", "BEGIN")):
                statements += 1
                if statements == at:
                    raise InterruptionError

        async with LogStore(url) as store:
            event.listen(store.engine.sync_engine, "before_cursor_execute", interrupt)
            with contextlib.suppress(InterruptionError):
                await store.migrate()
                break
            interruptions += 1
    assert interruptions > 20 / step
    async with LogStore(url) as store:
        assert await store.is_migrated()
        await store.migrate()
        assert await fetch(store, select(func.count()).where(log.c.problem_key.is_(None))) == [(0,)]
        assert await fetch(store, select(func.count()).select_from(log)) == [(30,)]


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
async def test_killed_migration_is_completed_by_the_next_run(url: str) -> None:
    code = """
import asyncio, os, signal, sys
from sqlalchemy import event
from sendcloud_integrations_client.sync import LogStore, problem_keys

problem_keys._BATCH_ROWS = 10

def kill(connection, cursor, statement, *rest):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)

store = LogStore(sys.argv[1])
event.listen(store.engine.sync_engine, "after_cursor_execute", kill)
asyncio.run(store.migrate())
"""
    for statement in ("problem_key IS NULL", "RENAME TO sync_state", "SET problem_key"):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, url, statement)
        assert await process.wait() == -signal.SIGKILL
    async with LogStore(url) as store:
        await store.migrate()
        assert await fetch(store, select(func.count()).where(log.c.problem_key.is_(None))) == [(0,)]
        assert await fetch(store, select(func.count()).select_from(log)) == [(30,)]


async def test_older_store_is_not_read_before_it_is_migrated(store: LogStore) -> None:
    with pytest.raises(StoreError, match="older version"):
        await store.is_migrated()


async def test_older_version_rejects_the_migrated_store(
    store: LogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.migrate()
    # The migrations that version 0.1.0 contains, and the check that it makes.
    scripts = ScriptDirectory(str(Path(sys.modules[LogStore.__module__].__file__ or "").parent / "migrations"))
    older = tmp_path / "migrations"
    (older / "versions").mkdir(parents=True)
    for source, target in (
        (Path(scripts.dir) / "env.py", older / "env.py"),
        (Path(scripts.dir) / "versions" / "first_tables.py", older / "versions" / "first_tables.py"),
    ):
        target.write_text(source.read_text())
    from alembic.config import Config

    set_option = Config.set_main_option
    monkeypatch.setattr(Config, "set_main_option", lambda self, name, _: set_option(self, name, os.fspath(older)))
    monkeypatch.setattr("sendcloud_integrations_client.sync.store.SCHEMA_REVISION", "0001")
    async with LogStore(store.engine.url) as again:
        with pytest.raises(StoreError, match="newer version"):
            await again.migrate()
        with pytest.raises(StoreError, match="newer version"):
            await again.is_migrated()
    assert len(await fetch(store, select(log.c.id))) == 30


async def test_tables_can_be_in_a_schema_of_their_own(new_postgresql_database: Any) -> None:
    database = new_postgresql_database()
    async with LogStore(database, schema="Send cloud") as store, LogStore(database) as other:
        async with other.writing() as connection:
            await connection.execute(text("CREATE TABLE log (unrelated TEXT)"))
        await store.migrate()
        await store.migrate()
        async with LogStore(database, schema="Send cloud") as again:
            assert await again.is_migrated()
        assert await fetch(store, select(log)) == []
        tables = await fetch(other, text("SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^pg_|^inf'"))
        expected = {("Send cloud", name) for name in TABLES | {"lease", "problem", "report", "sync_state"}}
        assert {tuple(row) for row in tables} == expected | {("public", "log")}


@with_both_databases
async def test_store_of_the_previous_revision_gets_leases(each_store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=1, logs=5)
    async with build_client(server) as client:
        await sync_logs(client, each_store)
        async with each_store.writing() as connection:
            await connection.execute(text("DROP TABLE lease"))
            await connection.execute(text("UPDATE sendcloud_sync_version SET version_num = '0003'"))
        async with LogStore(each_store.engine.url) as older:
            with pytest.raises(StoreError, match="older version"):
                await older.is_migrated()
            summary = await sync_logs(client, older, if_running="skip")
            assert (summary.error, summary.skipped, summary.new) == (None, False, 0)
            assert await fetch(older, select(lease)) == []
            assert len(await fetch(older, select(log))) == 5
