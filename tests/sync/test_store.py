"""Tests of the store: URLs, error messages, migrations and pruning; and of list orders and timestamps."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, QueuePool, event, insert, select, text

from sendcloud_integrations_client import ConfigurationError
from sendcloud_integrations_client.sync import LogStore, StoreError, problem_keys
from sendcloud_integrations_client.sync import store as store_module
from sendcloud_integrations_client.sync.errors import NewerStoreError
from sendcloud_integrations_client.sync.list_order import ListOrder
from sendcloud_integrations_client.sync.records import is_same_record, to_utc
from sendcloud_integrations_client.sync.schema import account, log, metadata, problem
from sendcloud_integrations_client.sync.store import SCHEMA_REVISION
from tests.support.stores import with_both_databases


@pytest.fixture
def store(each_store: LogStore) -> LogStore:
    return each_store


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    create_database: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return create_database()


@pytest.fixture
async def empty_store(empty_url: str) -> AsyncIterator[LogStore]:
    async with LogStore(empty_url) as opened:
        yield opened


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("logs.db", "sqlite+aiosqlite:///logs.db"),
        (Path("/var/lib/logs.db"), "sqlite+aiosqlite:////var/lib/logs.db"),
        ("sqlite:///logs.db", "sqlite+aiosqlite:///logs.db"),
        ("sqlite+aiosqlite:////var/logs.db", "sqlite+aiosqlite:////var/logs.db"),
        ("postgresql://name@host/logs", "postgresql+asyncpg://name@host/logs"),
        ("postgres://name:hush@host:5433/logs", "postgresql+asyncpg://name:***@host:5433/logs"),
        ("postgresql+asyncpg://name:hu%40sh@host/logs", "postgresql+asyncpg://name:***@host/logs"),
    ],
)
def test_store_accepts_url_or_path(url: Any, expected: str) -> None:
    assert repr(LogStore(url)) == f"LogStore({expected!r})"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///:memory:",
        ":memory:",
        Path(":memory:"),
        "postgresql:name:hush@host/logs",
        "postgresql:/name:hush@host/logs",
        "host=h password=hush dbname=logs",
        "mysql://name:hush@host/logs",
        "postgresql+psycopg://x:hush@h/d",
        "://hush",
    ],
)
def test_store_rejects_unsupported_url(url: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        LogStore(url)
    assert "hush" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "schema"),
    [("logs.db", "sendcloud"), *(("postgresql://host/db", name) for name in ("", "a\0", "x" * 64, "\u00e9" * 32, 5))],
)
def test_store_rejects_invalid_schema(url: str, schema: Any) -> None:
    with pytest.raises(ConfigurationError, match="Invalid LogStore schema"):
        LogStore(url, schema=schema)


@pytest.mark.parametrize("schema", ["x", "x" * 63, "x" + "\u00e9" * 31])
def test_store_accepts_a_schema_of_up_to_63_bytes(schema: str) -> None:
    assert LogStore("postgresql://host/db", schema=schema).schema == schema


@pytest.mark.parametrize(
    ("stored", "received", "expected"),
    [
        ('{"a":1}', '{"a":1}', True),
        ('{"a":1,"b":[2]}', '{"b":[2],"a":1}', True),
        ('{"a":[1,2]}', '{"a":[2,1]}', False),
        ('{"a":1}', '{"a":2}', False),
        ("not JSON", '{"a":1}', False),
    ],
)
def test_records_are_compared_by_content(stored: str, received: str, expected: bool) -> None:
    assert is_same_record(stored, received) == expected


@pytest.mark.parametrize("url", ["postgresql://name:hush@127.0.0.1:1/logs", "/nowhere/at/all/logs.db"])
async def test_store_error_is_one_line_without_the_password(url: str) -> None:
    async with LogStore(url) as store:
        with pytest.raises(StoreError) as raised:
            await store.migrate()
    message = str(raised.value)
    assert "cannot be used" in message
    assert "hush" not in message
    assert "\n" not in message
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("folder", "The database folder cannot be used: it is a folder. Check the path, "),
        ("sqlite:///folder", "The database sqlite:///folder cannot be used: it is a folder. Check the path, "),
        ("no/such/x.db", "The database no/such/x.db cannot be used: its folder does not exist. Check the path, "),
        ("corrupt.db", "The database corrupt.db cannot be used: file is not a database. Check the path, "),
        ("folder/loop", "The database folder/loop cannot be used: Too many levels of symbolic links. Check the path, "),
        (
            "postgres://name:hush@127.0.0.1:1/logs?sslpassword=hush",
            "The database postgres://name:***@127.0.0.1:1/logs cannot be used: ",
        ),
    ],
)
async def test_unusable_database_is_named_as_the_caller_passed_it(
    url: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "loop").symlink_to("loop")
    (tmp_path / "corrupt.db").write_bytes(b"not a database" * 1000)
    async with LogStore(url) as store:
        for call in (store.migrate, lambda: store.prune(timedelta(days=1))):
            with pytest.raises(StoreError) as raised:
                await call()
            assert str(raised.value).startswith(expected)
            assert "\n" not in str(raised.value)


async def test_migrate_raises_for_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Not a database, and long enough to be looked at. " * 100)
    before = file.read_bytes()
    async with LogStore(file) as store:
        with pytest.raises(StoreError, match="not a database"):
            await store.migrate()
    assert file.read_bytes() == before


@pytest.mark.usefixtures("every_migration")
async def test_migrations_create_the_tables_of_the_schema(empty_store: LogStore) -> None:
    store = empty_store

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(
            connection,
            opts={"include_object": lambda _one, name, kind, *_: kind != "table" or name in metadata.tables},
        )
        return list(compare_metadata(context, metadata))

    assert not await store.is_migrated()
    await store.migrate()
    assert await store.is_migrated()
    async with store.reading() as connection:
        assert await connection.run_sync(compare) == []
        if store.is_sqlite:  # readers are not blocked by a writer
            assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"


def test_schema_revision_is_the_newest_migration() -> None:
    folder = Path(sys.modules[LogStore.__module__].__file__ or "").parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == SCHEMA_REVISION


def test_every_table_and_column_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sync.md").read_text()
    schema = page[page.index("## Schema") : page.index("### Custom queries")]
    for table in metadata.tables.values():
        part = schema[schema.index(f"**`{table.name}`**") :]
        missing = [column.name for column in table.columns if f"`{column.name}`" not in part]
        assert missing == [], table.name


@pytest.mark.usefixtures("every_migration")
async def test_repeated_and_concurrent_migrations_change_nothing(empty_store: LogStore) -> None:
    store = empty_store
    others = [LogStore(store.engine.url) for _ in range(4)]
    await asyncio.gather(store.migrate(), *(other.migrate() for other in others))
    async with store.writing() as connection:
        await connection.execute(insert(account), [{"name": "a", "first_synced_at": datetime.now(UTC)}])
    for other in others:
        await other.aclose()
        await other.aclose()
    async with LogStore(store.engine.url) as again, again.reading() as connection:
        await again.migrate()
        assert list(await connection.scalars(select(account.c.name))) == ["a"]


@with_both_databases
@pytest.mark.usefixtures("every_migration")
async def test_migrate_raises_for_a_newer_schema_revision(store: LogStore) -> None:
    await store.migrate()
    async with store.writing() as connection:
        await connection.execute(text("UPDATE sendcloud_sync_version SET version_num = '9999'"))
    async with LogStore(store.engine.url) as again:
        with pytest.raises(StoreError, match="newer version"):
            await again.migrate()


@with_both_databases
async def test_timestamps_are_stored_in_utc(store: LogStore) -> None:
    await store.migrate()
    timestamp = datetime(2024, 5, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    async with store.writing() as connection:
        await connection.execute(insert(account), [{"name": "a", "first_synced_at": timestamp, "pruned_before": None}])
    async with store.reading() as connection:
        row = (await connection.execute(select(account))).one()
    assert (row.first_synced_at, row.first_synced_at.utcoffset()) == (timestamp, timedelta(0))
    assert row.pruned_before is None


@with_both_databases
async def test_writing_rolls_back_if_the_block_raises(store: LogStore) -> None:
    await store.migrate()

    async def fail() -> None:
        async with store.writing() as connection:
            await connection.execute(insert(account), [{"name": "a", "first_synced_at": datetime.now(UTC)}])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with store.reading() as connection:
        assert (await connection.execute(select(account))).all() == []


@with_both_databases
async def test_prune_accepts_age_and_time(store: LogStore) -> None:
    await store.migrate()
    now = datetime.now(UTC)
    timestamps = [None, *(now - timedelta(days=days) for days in (1, 10, 100, 1000))]
    common = {"account": "a", "integration_id": 1, "stored_at": now, "record": "{}"}
    async with store.writing() as connection:
        await connection.execute(insert(account), [{"name": "a", "first_synced_at": now}])
        rows = [common | {"id": number, "created_at_utc": timestamp} for number, timestamp in enumerate(timestamps)]
        await connection.execute(insert(log), rows)
    assert await store.prune(timedelta(days=365)) == 1
    assert await store.prune(now - timedelta(days=50)) == 1
    assert await store.prune(timedelta(days=365)) == 0  # must not lower pruned_before
    async with store.reading() as connection:
        assert sorted(await connection.scalars(select(log.c.id))) == [0, 1, 2]
        assert await connection.scalar(select(account.c.pruned_before)) == now - timedelta(days=50)


@pytest.fixture
def locked_file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The connection of another program, which is writing to `logs.db`, a file without WAL."""
    with closing(sqlite3.connect(tmp_path / "logs.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE other (id)")
        connection.execute("BEGIN IMMEDIATE")
        yield connection


async def test_migrate_waits_for_a_locked_file(
    tmp_path: Path, locked_file: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 5.0
    delays: list[float] = []
    sleep = asyncio.sleep

    async def unlock(delay: float) -> None:
        nonlocal now
        delays.append(delay)
        now = 35.0
        if len(delays) == 2:
            locked_file.execute("COMMIT")
        await sleep(0)

    monkeypatch.setattr(store_module, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(asyncio, "sleep", unlock)
    async with LogStore(tmp_path / "logs.db") as store:
        with monkeypatch.context() as patch:
            patch.setattr(store_module, "_BUSY_TIMEOUT", 0)  # of SQLite itself
            assert store.engine.url.database is not None
        await store.migrate()
        assert await store.is_migrated()
    assert delays == [0.02, 0.02]


async def test_migrate_fails_if_the_file_is_locked_for_too_long(
    tmp_path: Path, locked_file: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_BUSY_TIMEOUT", 0.02)
    async with LogStore(tmp_path / "logs.db") as store:
        with pytest.raises(StoreError, match="database is locked") as caught:
            await store.migrate()
        assert caught.value.is_temporary
        locked_file.execute("COMMIT")
        await store.migrate()


@pytest.mark.parametrize("revision", ["0000", "0005", "9999"])
async def test_store_of_another_revision_is_not_read(store: LogStore, revision: str) -> None:
    await store.migrate()
    async with store.writing() as connection:
        await connection.execute(text("UPDATE sendcloud_sync_version SET version_num = :one"), {"one": revision})
    async with LogStore(store.engine.url) as again:
        with pytest.raises(StoreError) as caught:
            await again.is_migrated()
        is_newer = revision > SCHEMA_REVISION
        assert isinstance(caught.value, NewerStoreError) is is_newer
        assert ("an older version of" in str(caught.value)) is not is_newer
        if is_newer:
            with pytest.raises(NewerStoreError):
                await again.check_version()
        else:
            await again.check_version()


async def test_connections_to_sqlite_wait_for_a_lock_for_30_seconds(tmp_path: Path) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        async with store.reading() as connection:
            assert await connection.scalar(text("PRAGMA busy_timeout")) == 30_000
            assert await connection.scalar(text("PRAGMA synchronous")) == 1
        assert store.engine.sync_engine.hide_parameters


async def test_writers_of_sqlite_wait_for_each_other_without_a_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_BUSY_TIMEOUT", 0)
    active: list[int] = []

    async with LogStore(tmp_path / "logs.db") as store:
        await store.migrate()

        async def write(number: int) -> None:
            async with (store.writing if number % 2 else store.maintaining)() as connection:
                active.append(number)
                await connection.execute(text("PRAGMA user_version = 5"))
                assert active == [number]
                active.remove(number)

        await asyncio.gather(*(write(number) for number in range(8)))


async def test_writers_of_postgresql_do_not_wait_for_each_other(new_migrated_database: Callable[[], str]) -> None:
    async with (
        LogStore(new_migrated_database()) as store,
        store.writing() as first,
        store.maintaining() as second,
        store.writing() as third,
    ):
        found = [await one.scalar(text("SELECT pg_backend_pid()")) for one in (first, second, third)]
    assert len(set(found)) == 3


async def test_connection_that_the_server_closed_is_replaced(new_migrated_database: Callable[[], str]) -> None:
    others = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database()"
    async with LogStore(new_migrated_database()) as store:
        async with store.reading(), store.reading(), store.reading():
            pass  # the pool keeps them
        async with store.reading() as connection:
            ended = await connection.scalars(text(f"{others} AND pid <> pg_backend_pid()"))
            assert list(ended) == [True, True]
        async with store.reading() as first, store.reading() as second, store.reading() as third:
            assert [await one.scalar(text("SELECT 1")) for one in (first, second, third)] == [1, 1, 1]


async def test_migrated_store_is_not_migrated_again(store: LogStore) -> None:
    statements: list[str] = []
    await store.migrate()
    event.listen(store.engine.sync_engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    await store.migrate()
    assert await store.is_migrated()
    assert statements == []
    async with LogStore(store.engine.url) as again:
        assert await again.is_migrated()


def test_engine_for_postgresql_has_eight_connections_in_the_schema_of_the_store() -> None:
    engine = LogStore("postgresql://name@host/logs", schema="sendcloud").engine.sync_engine
    assert isinstance(engine.pool, QueuePool)
    assert (engine.pool.size(), engine.hide_parameters) == (8, True)
    assert engine.get_execution_options()["schema_translate_map"] == {None: "sendcloud"}
    assert "schema_translate_map" not in LogStore("postgresql://name@host/logs").engine.get_execution_options()


async def test_eight_connections_can_be_open_and_more_wait(store: LogStore) -> None:
    is_free = asyncio.Event()
    is_full = asyncio.Event()
    opened: list[bool] = []

    async def read() -> None:
        async with store.reading():
            opened.append(True)
            if len(opened) == 8:
                is_full.set()
            await is_free.wait()

    tasks = [asyncio.create_task(read()) for _ in range(10)]
    await is_full.wait()
    for _ in range(20):
        await asyncio.to_thread(list)  # time for the others, which have no connection
    found = len(opened)
    is_free.set()
    await asyncio.gather(*tasks)
    assert (found, len(opened)) == (8, 10)


def test_lock_of_migrations_is_the_same_in_every_version() -> None:
    assert store_module._MIGRATION_LOCK == 0x5E4DC10D  # noqa: SLF001


async def test_version_of_a_store_that_does_not_exist_is_no_failure(tmp_path: Path) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        await store.check_version()
        await store.migrate()
        await store.check_version()


async def test_migrate_fills_in_missing_and_outdated_problem_keys(
    store: LogStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(problem_keys, "_BATCH_ROWS", 2)
    caplog.set_level("INFO")
    await store.migrate()
    now = datetime.now(UTC)
    common = {"account": "a", "stored_at": now, "record": "{}", "exception_type": "Timeout"}
    async with store.writing() as connection:
        rows = [common | {"id": number, "problem_key": "old" if number > 5 else None} for number in range(1, 8)]
        await connection.execute(insert(log), rows)
        outdated = {"account": "a", "problem_key": "old", "key_version": 0}
        await connection.execute(insert(problem), outdated)
    async with LogStore(store.engine.url) as again:
        await again.migrate()
    key = problem_keys.build_problem_key("Timeout", None, None, None, None)
    async with store.reading() as connection:
        assert list(await connection.scalars(select(log.c.problem_key))) == [key] * 7
        assert [row.problem_key for row in await connection.execute(select(problem))] == [key]
    assert caplog.messages == [f"Migration of {again!r}: filling in the problem keys of stored logs."]


def test_import_without_the_extra_names_the_extra() -> None:
    code = "import sys; sys.modules['sqlalchemy'] = None; import sendcloud_integrations_client.sync"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "pip install 'sendcloud-integrations-client[sync]'" in last


async def test_migrate_without_asyncpg_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ConfigurationError, match=r"sendcloud-integrations-client\[postgresql\]"):
        await LogStore("postgresql://name@host/logs").migrate()


def observe_order(*records: tuple[int, int | None]) -> ListOrder:
    order = ListOrder()
    for number, minute in records:
        order.observe(number, None if minute is None else datetime(2024, 1, 1, 0, minute, tzinfo=UTC))
    return order


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([(3, 3), (2, 2), (1, 1)], "both"),
        ([(3, 1), (2, 5), (1, 1)], "id"),
        ([(1, 3), (5, 2), (2, 2)], "created_at"),
        ([(1, 3), (5, 2), (2, 4)], "none"),
        ([(1, 1), (2, 2), (3, 3)], "none"),
        ([(1, 1), (2, 1), (3, 1)], "none"),  # equal times prove no order
        ([(3, None), (2, None)], "id"),
        ([(1, 5), (2, None), (3, 4)], "created_at"),
    ],
)
def test_newest_first_by_is_the_order_of_all_records(records: list[tuple[int, int | None]], expected: str) -> None:
    assert observe_order(*records).newest_first_by == expected


def test_confirm_drops_contradicted_orders() -> None:
    assert observe_order((3, 1), (2, 5)).confirm("both") == "id"
    assert observe_order((2, 5), (3, 1)).confirm("both") == "created_at"
    assert observe_order((2, 5), (3, 1)).confirm("id") == "none"
    assert observe_order((3, 2), (2, 1)).confirm("none") == "none"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01T00:30:00", "2024-05-01T00:30:00+00:00"),
        ("2024-05-01T00:30:00+02:00", "2024-04-30T22:30:00+00:00"),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
    ],
)
def test_to_utc_converts_timestamps(text: str, expected: str | None) -> None:
    converted = to_utc(datetime.fromisoformat(text))
    assert (converted and converted.isoformat()) == expected


async def test_is_migrated_reads_an_existing_file(tmp_path: Path) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        assert not await store.is_migrated()
        await store.migrate()
    async with LogStore(tmp_path / "logs.db") as again:
        assert await again.is_migrated()


def test_closed_store_can_be_used_in_another_event_loop(tmp_path: Path) -> None:
    store = LogStore(tmp_path / "logs.db")

    async def write() -> None:
        async with store.writing() as connection:
            await connection.execute(text("SELECT 1"))

    async def use() -> None:
        async with store:
            await store.migrate()
            await asyncio.gather(*(write() for _ in range(20)))  # more than there are connections

    asyncio.run(use())
    asyncio.run(use())
