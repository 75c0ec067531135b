"""The store: which URLs it takes, what it says when it cannot be used, its migrations, and pruning."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text

from sendcloud_integrations_client import ConfigurationError
from sendcloud_integrations_client.sync import LogStore, StoreError
from sendcloud_integrations_client.sync.order import Order
from sendcloud_integrations_client.sync.records import utc
from sendcloud_integrations_client.sync.schema import account, log, metadata
from sendcloud_integrations_client.sync.store import HEAD


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LogStore]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'logs.db'}"
    else:
        url = request.getfixturevalue("new_postgresql_database")()
    async with LogStore(url) as opened:
        yield opened


@pytest.mark.parametrize(
    ("url", "shown"),
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
def test_the_ways_to_name_a_store(url: Any, shown: str) -> None:
    assert repr(LogStore(url)) == f"LogStore({shown!r})"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://name:hush@host/logs",
        "postgresql+psycopg://x:hush@h/d",
        "://hush",
    ],
)
def test_what_cannot_be_a_store_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        LogStore(url)
    assert "hush" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("url", ["postgresql://name:hush@127.0.0.1:1/logs", "/nowhere/at/all/logs.db"])
async def test_a_store_that_cannot_be_used_says_so_in_one_line_without_the_password(url: str) -> None:
    async with LogStore(url) as store:
        with pytest.raises(StoreError) as raised:
            await store.migrate()
    said = str(raised.value)
    assert "cannot be used" in said
    assert "hush" not in said
    assert "\n" not in said
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


async def test_a_file_that_is_no_database_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Not a database, and long enough to be looked at. " * 100)
    before = file.read_bytes()
    async with LogStore(file) as store:
        with pytest.raises(StoreError, match="not a database"):
            await store.migrate()
    assert file.read_bytes() == before


async def test_the_migrations_make_the_tables_that_are_documented(store: LogStore) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(
            connection,
            opts={"include_object": lambda _one, name, kind, *_: kind != "table" or name in metadata.tables},
        )
        return list(compare_metadata(context, metadata))

    assert not await store.is_migrated()
    await store.migrate()
    assert await store.is_migrated()
    async with store.reading() as connection:
        assert await connection.run_sync(differences) == []
        if store.is_sqlite:  # others read while one writes
            assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"


def test_the_newest_migration_is_the_one_that_is_asked_for() -> None:
    folder = Path(sys.modules[LogStore.__module__].__file__ or "").parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD


def test_every_table_and_column_is_documented() -> None:
    page = (Path(__file__).parent.parent / "docs" / "sync.md").read_text()
    schema = page[page.index("## The schema") : page.index("A query of one's own")]
    for table in metadata.tables.values():
        part = schema[schema.index(f"**`{table.name}`**") :]
        missing = [column.name for column in table.columns if f"`{column.name}`" not in part]
        assert missing == [], table.name


async def test_migrating_again_and_at_once_changes_nothing(store: LogStore) -> None:
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


async def test_a_store_of_a_newer_version_is_left_alone(store: LogStore) -> None:
    await store.migrate()
    async with store.writing() as connection:
        await connection.execute(text("UPDATE sendcloud_sync_version SET version_num = '9999'"))
    async with LogStore(store.engine.url) as again:
        with pytest.raises(StoreError, match="newer version"):
            await again.migrate()


async def test_moments_are_kept_in_utc(store: LogStore) -> None:
    await store.migrate()
    given = datetime(2024, 5, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    async with store.writing() as connection:
        await connection.execute(insert(account), [{"name": "a", "first_synced_at": given, "pruned_before": None}])
    async with store.reading() as connection:
        row = (await connection.execute(select(account))).one()
    assert (row.first_synced_at, row.first_synced_at.utcoffset()) == (given, timedelta(0))
    assert row.pruned_before is None


async def test_what_raises_within_a_transaction_undoes_it(store: LogStore) -> None:
    await store.migrate()

    async def fail() -> None:
        async with store.writing() as connection:
            await connection.execute(insert(account), [{"name": "a", "first_synced_at": datetime.now(UTC)}])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with store.reading() as connection:
        assert (await connection.execute(select(account))).all() == []


async def test_pruning_by_age_and_by_moment(store: LogStore) -> None:
    await store.migrate()
    now = datetime.now(UTC)
    moments = [None, *(now - timedelta(days=days) for days in (1, 10, 100, 1000))]
    common = {"account": "a", "integration_id": 1, "stored_at": now, "record": "{}"}
    async with store.writing() as connection:
        await connection.execute(insert(account), [{"name": "a", "first_synced_at": now}])
        rows = [common | {"id": number, "created_at_utc": moment} for number, moment in enumerate(moments)]
        await connection.execute(insert(log), rows)
    assert await store.prune(timedelta(days=365)) == 1
    assert await store.prune(now - timedelta(days=50)) == 1
    assert await store.prune(timedelta(days=365)) == 0  # and does not take back that the others were pruned
    async with store.reading() as connection:
        assert sorted(await connection.scalars(select(log.c.id))) == [0, 1, 2]
        assert await connection.scalar(select(account.c.pruned_before)) == now - timedelta(days=50)


def test_without_the_extra_one_line_says_what_to_install() -> None:
    code = "import sys; sys.modules['sqlalchemy'] = None; import sendcloud_integrations_client.sync"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "pip install 'sendcloud-integrations-client[sync]'" in last


async def test_without_asyncpg_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ConfigurationError, match=r"sendcloud-integrations-client\[postgresql\]"):
        await LogStore("postgresql://name@host/logs").migrate()


def order_of(*records: tuple[int, int | None]) -> Order:
    order = Order()
    for number, minute in records:
        order.observe(number, None if minute is None else datetime(2024, 1, 1, 0, minute, tzinfo=UTC))
    return order


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([(3, 3), (2, 2), (1, 1)], "both"),
        ([(3, 1), (2, 5), (1, 1)], "id"),
        ([(1, 3), (5, 2), (2, 2)], "created_at"),
        ([(1, 3), (5, 2), (2, 4)], "none"),
        ([(1, 1), (2, 2), (3, 3)], "none"),
        ([(1, 1), (2, 1), (3, 1)], "none"),  # all made at once: nothing that could be relied on
        ([(3, None), (2, None)], "id"),
        ([(1, 5), (2, None), (3, 4)], "created_at"),
    ],
)
def test_an_order_is_what_all_records_keep_to(records: list[tuple[int, int | None]], found: str) -> None:
    assert order_of(*records).newest_first_by == found


def test_an_order_is_confirmed_only_as_far_as_it_goes_on() -> None:
    assert order_of((3, 1), (2, 5)).confirm("both") == "id"
    assert order_of((2, 5), (3, 1)).confirm("both") == "created_at"
    assert order_of((2, 5), (3, 1)).confirm("id") == "none"
    assert order_of((3, 2), (2, 1)).confirm("none") == "none"


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2024-05-01T00:30:00", "2024-05-01T00:30:00+00:00"),
        ("2024-05-01T00:30:00+02:00", "2024-04-30T22:30:00+00:00"),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
    ],
)
def test_a_moment_in_utc(given: str, moment: str | None) -> None:
    found = utc(datetime.fromisoformat(given))
    assert (found and found.isoformat()) == moment
