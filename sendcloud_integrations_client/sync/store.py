"""`LogStore`: the database that a sync fills, SQLite or PostgreSQL, with its migrations."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import delete, event, func, inspect, text, update
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sendcloud_integrations_client.errors import ConfigurationError, one_line
from sendcloud_integrations_client.sync.errors import StoreError
from sendcloud_integrations_client.sync.schema import account, log, quarantine

__all__ = ["HEAD", "LogStore"]

HEAD: Final = "0001"
"""The revision of the schema that this version of the package writes."""

_VERSION_TABLE: Final = "sendcloud_sync_version"
_MIGRATION_LOCK: Final = 0x5E4DC10D  # any number, as long as no other program on the server uses it
_BUSY_SECONDS: Final = 30


class LogStore:
    """A database of exception logs. Make one a process, and share it between all syncs that write into it.

    Nothing is connected before the first use. What several tasks write into SQLite takes turns.

    Args:
        url: `sqlite+aiosqlite:///logs.db`, `sqlite:///logs.db` or just `logs.db`; or
            `postgresql+asyncpg://user:password@host/database`, which needs the extra `postgresql`; `postgresql://`
            is read as that. The password shows in no error and no repr.

    Raises:
        ConfigurationError: The URL is none, or names another kind of database.

    Example:
        async with LogStore("logs.db") as store:
            summary = await sync_logs(client, store)
    """

    def __init__(self, url: str | URL | Path) -> None:
        self._url = _normalised(url)
        self._engine: AsyncEngine | None = None
        self._writing = asyncio.Lock()
        self._is_migrated = False
        self._was_opened = False

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite; else it is PostgreSQL."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> AsyncEngine:
        """The engine below, for queries of one's own; it ends with the store.

        Raises:
            ConfigurationError: The driver is not installed.
        """
        if self._engine is None:
            self._engine = _engine(self._url)
        return self._engine

    async def migrate(self) -> None:
        """Bring the schema to this package's version; nothing happens if it is there already.

        Raises:
            StoreError: The database cannot be used, or was made by a newer version of this package.
        """
        if self._is_migrated:
            return
        if self.is_sqlite:
            await self._turn_on_wal()
        async with self.writing() as connection:
            if not self.is_sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            if await _revision(connection) != HEAD:
                await connection.run_sync(_upgrade)
        self._is_migrated = True

    async def is_migrated(self) -> bool:
        """Whether the schema is there, in this package's version. Creates nothing, not even a file.

        Raises:
            StoreError: The database cannot be used.
        """
        if self._is_migrated:
            return True
        if self.is_sqlite and not await asyncio.to_thread(Path(self._url.database or "").exists):
            return False
        async with self.reading() as connection:
            return await _revision(connection) == HEAD

    async def prune(self, older_than: timedelta | datetime) -> int:
        """Delete old logs, and what is as old in the quarantine. Later syncs do not take them again.

        A log without `created_at` stays.

        Args:
            older_than: Logs made before this moment, or longer ago than this.

        Returns:
            How many logs were deleted.

        Raises:
            StoreError: The database cannot be used.
        """
        before = datetime.now(UTC) - older_than if isinstance(older_than, timedelta) else older_than
        await self.migrate()
        async with self.writing() as connection:
            deleted = await connection.execute(delete(log).where(log.c.created_at_utc < before))
            moment = func.coalesce(quarantine.c.created_at_utc, quarantine.c.quarantined_at)
            await connection.execute(delete(quarantine).where(moment < before))
            column = account.c.pruned_before
            await connection.execute(
                update(account).where(column.is_(None) | (column < before)).values(pruned_before=before)
            )
        return deleted.rowcount

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A connection to read with.

        Raises:
            StoreError: The database cannot be used.
        """
        with self._errors():
            await self._check_file()
            async with self.engine.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A connection within a transaction, which is committed at the end of the block unless it raises.

        Raises:
            StoreError: The database cannot be used.
        """
        turn = self._writing if self.is_sqlite else contextlib.nullcontext()
        with self._errors():
            await self._check_file()
            async with turn, self.engine.connect() as plain:
                connection = await plain.execution_options(sqlite_begin="BEGIN IMMEDIATE")
                async with connection.begin():
                    yield connection

    async def aclose(self) -> None:
        """Close the connections. Calling it twice is fine."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        # The driver takes a password out of the query as well.
        shown = self._url.difference_update_query(["password"]).render_as_string(hide_password=True)
        return f"LogStore({shown!r})"

    async def _check_file(self) -> None:
        # A thread of aiosqlite that cannot open its file outlives the event loop, and then complains of that.
        if self.is_sqlite and not self._was_opened:
            await asyncio.to_thread(_open_and_close, self._url.database or "")
            self._was_opened = True

    async def _turn_on_wal(self) -> None:
        """Let others read while one writes; the file keeps it."""
        deadline = time.monotonic() + _BUSY_SECONDS
        with self._errors():
            await self._check_file()
            async with self.engine.connect() as plain:
                connection = await plain.execution_options(sqlite_begin=None)
                while True:
                    try:
                        await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                        return
                    except OperationalError as failure:
                        # SQLite does not wait here for another process that is about the same.
                        if "locked" not in str(failure.orig) or time.monotonic() > deadline:
                            raise
                    await asyncio.sleep(0.02)

    @contextlib.contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as failure:
            # The driver's own message may show the URL, and its chain the statement: neither goes on.
            raise StoreError(f"{self!r} cannot be used: {self._without_password(failure)}") from None

    def _without_password(self, failure: BaseException) -> str:
        cause = getattr(failure, "orig", None) or failure
        said = one_line(str(cause)) or type(cause).__name__
        for password in (self._url.password, self._url.query.get("password")):
            if password:
                said = said.replace(str(password), "***")
        return said


def _normalised(url: str | URL | Path) -> URL:
    given = str(url) if isinstance(url, Path) else url
    if isinstance(given, str) and "://" not in given:
        if not given:
            raise ConfigurationError("the store needs a URL or the path of a file")
        return URL.create("sqlite+aiosqlite", database=given)
    try:
        made = make_url(given)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "the store's URL cannot be read: use sqlite:///file or postgresql://user:password@host/database"
        ) from None
    match made.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            if made.database in (None, "", ":memory:"):
                raise ConfigurationError("the store needs a file: a database in memory is gone with its connection")
            return made.set(drivername="sqlite+aiosqlite")
        case "postgres" | "postgresql" | "postgresql+asyncpg":
            return made.set(drivername="postgresql+asyncpg")
        case other:
            raise ConfigurationError(f"the store cannot be {one_line(other)}: use sqlite:/// or postgresql://")


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise ConfigurationError(
            "PostgreSQL needs asyncpg: pip install 'sendcloud-integrations-client[postgresql]'"
        ) from None


def _open_and_close(file: str) -> None:
    sqlite3.connect(file).close()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver begins no transactions by itself: it would begin them without the lock for writing.
    connection.isolation_level = None
    try:
        cursor = connection.cursor()
        # In WAL mode nothing that was committed is lost by a killed process; a power failure may take the last commits
        # back, each as a whole.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()
    except BaseException:
        connection.close()
        raise


def _begin_sqlite(connection: Connection) -> None:
    if statement := connection.get_execution_options().get("sqlite_begin", "BEGIN"):
        connection.exec_driver_sql(statement)


async def _revision(connection: AsyncConnection) -> str | None:
    tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    if _VERSION_TABLE not in tables:
        return None
    found: str | None = await connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "sendcloud_integrations_client.sync:migrations")
    config.attributes.update(connection=connection, version_table=_VERSION_TABLE)
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StoreError(
            "the store was made by a newer version of sendcloud-integrations-client: upgrade this one"
        ) from None
