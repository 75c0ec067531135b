"""`LogStore`: the SQLite or PostgreSQL database of the sync, with its migrations."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import re
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, quote_plus

from sqlalchemy import Column, DateTime, MetaData, Table, Text, event, func, inspect, select, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from sendcloud_integrations_client.errors import ConfigurationError, to_single_line
from sendcloud_integrations_client.sync.database_faults import is_temporary_error
from sendcloud_integrations_client.sync.errors import NewerStoreError, StoreError
from sendcloud_integrations_client.sync.postgresql_urls import build_connector, parse_url, validate_parameters
from sendcloud_integrations_client.sync.private_files import create_private_file, warn_if_accessible_to_others
from sendcloud_integrations_client.sync.problem_keys import clear_outdated_problem_keys, fill_problem_keys

__all__ = ["SCHEMA_REVISION", "LogStore"]

SCHEMA_REVISION: Final = "0004"
"""Schema revision that this version of the package requires."""

_VERSION_TABLE: Final = "sendcloud_sync_version"
_MIGRATION_LOCK: Final = 0x5E4DC10D  # arbitrary; must not be used by other programs in the database
_BUSY_TIMEOUT: Final = 30  # seconds
_MAX_CONNECTIONS: Final = 8
# A mistyped URL must not become the name of an SQLite file, because it can contain a password.
_LOOKS_LIKE_URL: Final = re.compile(r"(?is)(postgres|postgresql|mysql|sqlite)(\+\w+)?:|.*\bpassword=")
_MAX_SCHEMA_BYTES: Final = 63  # PostgreSQL shortens longer names without an error

_logger = logging.getLogger("sendcloud_integrations_client")


class LogStore:
    """A database of exception logs. Create one store per process and share it between all syncs that write to it.

    The store connects on first use. Concurrent writes to SQLite are serialized. The password of the URL is never part
    of an error message or of the repr.

    Args:
        url: For SQLite: the path of a file, such as `logs.db`, or `sqlite:///logs.db` or `sqlite+aiosqlite:///logs.db`.
            For PostgreSQL, with the extra `postgresql`: `postgresql://user:password@host/database` or
            `postgresql+asyncpg://...`.
        schema: Schema of the tables, for a PostgreSQL database that other programs use too; it is created if it does
            not exist. Defaults to None, the default schema of the connection.

    Raises:
        ConfigurationError: If the URL or `schema` is invalid, or the database is neither SQLite nor PostgreSQL.

    Example:
        async with LogStore("logs.db") as store:
            summary = await sync_logs(client, store)
    """

    def __init__(self, url: str | URL | Path, *, schema: str | None = None) -> None:
        parsed = _parse_url(url)
        del url  # so that a traceback with local variables does not show the password in it
        if isinstance(parsed, ConfigurationError):
            raise parsed
        _validate_schema(schema, is_sqlite=parsed.is_sqlite)
        self._url = parsed
        self._schema = schema
        self._engine: AsyncEngine | None = None
        self._write_lock = asyncio.Lock()
        # Callers wait here without a timeout, not in the pool: its waiters are not woken when a connection fails.
        self._connections = asyncio.Semaphore(_MAX_CONNECTIONS)
        self._is_migrated = False
        self._is_file_checked = False

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite; otherwise it is PostgreSQL."""
        return self._url.is_sqlite

    @property
    def location(self) -> str:
        """The URL or path that the caller passed, without passwords."""
        return str(self._url)

    @property
    def schema(self) -> str | None:
        """Schema of the tables; None for the default schema of the connection."""
        return self._schema

    @property
    def file(self) -> str:
        """Path of the SQLite file; empty for PostgreSQL."""
        return self._url.file if self.is_sqlite else ""

    @property
    def engine(self) -> AsyncEngine:
        """The SQLAlchemy engine, for custom queries; it is disposed of when the store is closed.

        Raises:
            ConfigurationError: If the driver is not installed.
        """
        if self._engine is None:
            self._engine = _create_engine(self._url, self._schema)
        return self._engine

    async def migrate(self) -> None:
        """Create the schema, or migrate it to the revision that this package requires.

        An interrupted migration is continued by the next call.

        Raises:
            NewerStoreError: If a newer version of this package created or migrated the store.
            StoreError: If the database cannot be used.
        """
        if self._is_migrated:
            return
        if self.is_sqlite:
            await self._enable_wal()
        async with self.writing() as connection:
            if not self.is_sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                if self._schema is not None:
                    await connection.execute(CreateSchema(self._schema, if_not_exists=True))
            if await self._get_revision(connection) != SCHEMA_REVISION:
                if self._schema is not None:
                    # Alembic does not qualify the names in its own statements.
                    await connection.execute(
                        text("SELECT set_config('search_path', quote_ident(:schema), true)"), {"schema": self._schema}
                    )
                await connection.run_sync(_run_migrations)
        await self._fill_problem_keys()
        self._is_migrated = True

    async def is_migrated(self) -> bool:
        """Whether the schema exists in the revision that this package requires. Creates nothing, not even a file.

        Returns:
            True if the store can be read; False if it does not exist yet.

        Raises:
            StoreError: If the database cannot be used, or if another version of this package created the schema.
        """
        if self._is_migrated:
            return True
        if self.is_sqlite and not await asyncio.to_thread(Path(self._url.file).exists):
            return False
        async with self.reading() as connection:
            found = await self._get_revision(connection)
        if found is not None and found != SCHEMA_REVISION:
            if found > SCHEMA_REVISION:
                raise NewerStoreError
            raise StoreError(
                f"{self!r} cannot be read: an older version of sendcloud-integrations-client created it. "
                "Run a sync, or await store.migrate(), to migrate it."
            )
        return found is not None

    async def check_version(self) -> None:
        """Check that no newer version of this package has migrated the store since this one used it first.

        Raises:
            NewerStoreError: If one has.
            StoreError: If the database cannot be used.
        """
        async with self.reading() as connection:
            found = await self._get_revision(connection)
        if found is not None and found > SCHEMA_REVISION:
            raise NewerStoreError

    async def get_time(self) -> datetime:
        """Return the current time in UTC: by the clock of the database server, or by that of this machine for SQLite.

        Raises:
            StoreError: If the database cannot be used.
        """
        if self.is_sqlite:
            return datetime.now(UTC)
        async with self.reading() as connection:
            found = await connection.execute(select(func.clock_timestamp(type_=DateTime(timezone=True))))
            now: datetime = found.scalar_one()
            return now

    async def prune(self, older_than: timedelta | datetime) -> int:
        """Delete old logs and old quarantined records: see `prune_store`, which returns more details.

        Args:
            older_than: Maximum age, or the time before which logs are deleted.

        Returns:
            Number of deleted logs.

        Raises:
            StoreError: If the database cannot be used.
        """
        from sendcloud_integrations_client.sync.pruning import prune_store

        return (await prune_store(self, older_than)).deleted

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """Open a connection for reading.

        Yields:
            The connection.

        Raises:
            StoreError: If the database cannot be used.
        """
        with self._convert_errors():
            await self._validate_file()
            async with self._connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """Open a connection with a transaction, which is committed at the end of the block, or rolled back on errors.

        Yields:
            The connection.

        Raises:
            StoreError: If the database cannot be used.
        """
        lock = self._write_lock if self.is_sqlite else contextlib.nullcontext()
        with self._convert_errors():
            await self._validate_file()
            async with lock, self._connect() as plain:
                connection = await plain.execution_options(sqlite_begin="BEGIN IMMEDIATE")
                async with connection.begin():
                    yield connection

    @contextlib.asynccontextmanager
    async def maintaining(self) -> AsyncGenerator[AsyncConnection]:
        """Open a connection without a transaction, for statements such as `VACUUM`. Each statement is committed.

        Yields:
            The connection.

        Raises:
            StoreError: If the database cannot be used.
        """
        lock = self._write_lock if self.is_sqlite else contextlib.nullcontext()
        with self._convert_errors():
            await self._validate_file()
            async with lock, self._connect() as plain:
                if self.is_sqlite:
                    yield await plain.execution_options(sqlite_begin=None)
                else:
                    yield await plain.execution_options(isolation_level="AUTOCOMMIT")

    def build_error(self, error: BaseException) -> StoreError:
        """Return the error to raise for an error of the database driver. It contains no password.

        Args:
            error: The error of the driver, or of SQLAlchemy.
        """
        is_temporary = is_temporary_error(error, is_sqlite=self.is_sqlite)
        return StoreError(self._describe_failure(error), is_temporary=is_temporary)

    async def aclose(self) -> None:
        """Close all connections. Can be called more than once. The store connects again on the next use."""
        engine, self._engine = self._engine, None
        # Locks are bound to the event loop in which callers waited for them. The next use can be in another loop.
        self._write_lock = asyncio.Lock()
        self._connections = asyncio.Semaphore(_MAX_CONNECTIONS)
        if engine is not None:
            await engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        url = getattr(self, "_url", None)  # __init__ may have raised before this attribute was set
        return f"LogStore({repr(url)!r})" if url is not None else "LogStore()"

    @contextlib.asynccontextmanager
    async def _connect(self) -> AsyncGenerator[AsyncConnection]:
        """Open a connection.

        Yields:
            The connection.

        Raises:
            ConfigurationError: If the driver is not installed.
            StoreError: If the database cannot be reached; asyncpg raises its own errors for that.
        """
        async with self._connections, contextlib.AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self.engine.connect())
            except ConfigurationError:
                raise
            except Exception as error:
                raise self.build_error(error) from None
            yield connection

    async def _get_revision(self, connection: AsyncConnection) -> str | None:
        """Return the revision of the schema; None if there is no schema."""
        version = Table(_VERSION_TABLE, MetaData(schema=self._schema), Column("version_num", Text))
        if not await connection.run_sync(lambda sync: inspect(sync).has_table(_VERSION_TABLE, schema=self._schema)):
            return None
        revision: str | None = await connection.scalar(select(version.c.version_num))
        return revision

    async def _fill_problem_keys(self) -> None:
        """Fill in the problem keys that rows of older versions lack; each batch is one transaction."""
        while True:
            async with self.writing() as connection:
                if not await clear_outdated_problem_keys(connection):
                    break
        total = 0
        while True:
            async with self.writing() as connection:
                filled = await fill_problem_keys(connection)
            if not filled:
                break
            if not total:
                _logger.info("Migration of %r: filling in the problem keys of stored logs.", self)
            total += filled

    async def _validate_file(self) -> None:
        # If aiosqlite cannot open the file, its thread outlives the event loop and raises an error there.
        if self.is_sqlite and not self._is_file_checked:
            await asyncio.to_thread(_open_file, self._url.file)
            self._is_file_checked = True

    async def _enable_wal(self) -> None:
        """Enable write-ahead logging, so that a writer does not block readers. The file keeps the setting."""
        deadline = time.monotonic() + _BUSY_TIMEOUT
        with self._convert_errors():
            await self._validate_file()
            async with self._connect() as plain:
                connection = await plain.execution_options(sqlite_begin=None)
                # Has an effect on an empty file only. Without it, the file cannot shrink when logs are pruned.
                await connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
                while True:
                    try:
                        await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                        return
                    except OperationalError as error:
                        # SQLite's busy timeout does not apply if another process enables WAL at the same time.
                        if "locked" not in str(error.orig) or time.monotonic() > deadline:
                            raise
                    await asyncio.sleep(0.02)

    @contextlib.contextmanager
    def _convert_errors(self) -> Generator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            # The driver's message can contain the URL, and the chained exception the statement, so neither is kept.
            raise self.build_error(error) from None

    def _describe_failure(self, error: BaseException) -> str:
        cause = getattr(error, "orig", None) or error
        text = cause.strerror or "" if isinstance(cause, OSError) else str(cause)
        reason = self._url.hide_passwords(to_single_line(text)).rstrip(".") or type(cause).__name__
        advice = (
            "Check the path, and that it is an SQLite database that you can write"
            if self.is_sqlite
            else "Check its URL, and that the database is available and writable"
        )
        return f"The database {self._url} cannot be used: {reason}. {advice}."


class _DatabaseUrl:
    """URL of a supported database. The password is in no repr, because tools print the local variables of a traceback.

    An `URL` of SQLAlchemy is a tuple, of which such tools print each item.
    """

    def __init__(self, url: URL, location: str) -> None:
        self.get_url: Final[Callable[[], URL]] = lambda: url
        self._location = location

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite."""
        return self.get_url().get_backend_name() == "sqlite"

    @property
    def file(self) -> str:
        """Path of the SQLite file."""
        return self.get_url().database or ""

    def hide_passwords(self, text: str) -> str:
        """Replace the passwords of the URL in a text, plain or percent-encoded."""
        url = self.get_url()
        for value in (url.password, *(value for name, value in url.query.items() if _is_secret_parameter(name))):
            for secret in (value,) if isinstance(value, str) else value or ():
                for spelling in {secret, quote(secret, safe=""), quote_plus(secret)} - {""}:
                    text = text.replace(spelling, "***")
        return text

    def __repr__(self) -> str:
        return _render_without_passwords(self.get_url())

    def __str__(self) -> str:
        """Return what the caller passed, without passwords."""
        return self._location


def _render_without_passwords(url: URL) -> str:
    # Drivers also accept a password in the query of the URL.
    return url.difference_update_query(list(filter(_is_secret_parameter, url.query))).render_as_string()


def _is_secret_parameter(name: str) -> bool:
    return "pass" in name.lower()


def _is_file_name(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _parse_url(url: object) -> _DatabaseUrl | ConfigurationError:
    """Parse a URL or path. Returns the error instead of raising it, so that no traceback contains the URL."""
    if isinstance(url, Path):
        url = str(url)
    if not isinstance(url, (str, URL)):
        return ConfigurationError(
            f"Invalid database URL: must be text, a path or a SQLAlchemy URL, not {type(url).__name__}."
        )
    if isinstance(url, str) and not _is_file_name(url):
        return ConfigurationError("Invalid database URL: must not contain a NUL character or a lone surrogate.")
    if isinstance(url, str) and "://" not in url:
        if not url:
            return ConfigurationError(
                "Invalid database URL: must not be empty. Pass a database URL or the path of a file."
            )
        if _LOOKS_LIKE_URL.match(url):
            return ConfigurationError(
                "Invalid database URL: cannot be parsed. Use sqlite:///file or postgresql://user:password@host/database."
            )
        parsed, location = URL.create("sqlite", database=url), url
    else:
        try:
            parsed = parse_url(url) if isinstance(url, str) else url
            location = _render_without_passwords(parsed)
        except (ArgumentError, ValueError):
            return ConfigurationError(
                "Invalid database URL: cannot be parsed. Use sqlite:///file or postgresql://user:password@host/database."
            )
    match parsed.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            if parsed.database in (None, "", ":memory:"):
                return ConfigurationError(
                    "Invalid database URL: an in-memory database is lost when its connection closes. "
                    "Use the path of a file."
                )
            return _DatabaseUrl(parsed.set(drivername="sqlite+aiosqlite"), location)
        case "postgres" | "postgresql" | "postgresql+asyncpg":
            try:
                validate_parameters(parsed)
            except ConfigurationError as error:
                return error.with_traceback(None)
            return _DatabaseUrl(parsed.set(drivername="postgresql+asyncpg"), location)
        case _:
            return ConfigurationError(
                "Invalid database URL: the database must be SQLite or PostgreSQL. Use sqlite:/// or postgresql://."
            )


def _validate_schema(schema: str | None, *, is_sqlite: bool) -> None:
    if schema is None:
        return
    if is_sqlite:
        raise ConfigurationError("Invalid LogStore schema: SQLite has no schemas. Use a separate file instead.")
    is_valid = isinstance(schema, str) and schema.isprintable()  # pyright: ignore[reportUnnecessaryIsInstance]
    if not is_valid or not 1 <= len(schema.encode()) <= _MAX_SCHEMA_BYTES:
        raise ConfigurationError(
            f"Invalid LogStore schema: must be printable text of 1 to {_MAX_SCHEMA_BYTES} bytes. "
            "Use a name such as sendcloud."
        )


def _create_engine(url: _DatabaseUrl, schema: str | None) -> AsyncEngine:
    if url.is_sqlite:
        engine = create_async_engine(url.get_url(), hide_parameters=True, connect_args={"timeout": _BUSY_TIMEOUT})
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_async_engine(
            url.get_url(),
            hide_parameters=True,
            pool_size=_MAX_CONNECTIONS,
            pool_pre_ping=True,
            connect_args={"async_creator_fn": build_connector(url.get_url)},
            execution_options={} if schema is None else {"schema_translate_map": {None: schema}},
        )
    except ModuleNotFoundError:
        raise ConfigurationError(
            "PostgreSQL requires asyncpg: pip install 'sendcloud-integrations-client[postgresql]'"
        ) from None


def _open_file(file: str) -> None:
    path = Path(file)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist")
    # SQLite creates its other files (-wal, -shm) with the permissions of this one.
    if not create_private_file(path):
        warn_if_accessible_to_others(path)
    sqlite3.connect(file).close()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Disable the driver's automatic transactions, because they would begin without the write lock.
    connection.isolation_level = None
    try:
        cursor = connection.cursor()
        # In WAL mode, this setting loses no commit if the process is killed. A power failure can undo the last commits,
        # but never a part of one.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()
    except BaseException:
        connection.close()
        raise


def _begin_sqlite(connection: Connection) -> None:
    if statement := connection.get_execution_options().get("sqlite_begin", "BEGIN"):
        connection.exec_driver_sql(statement)


def _run_migrations(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "sendcloud_integrations_client.sync:migrations")
    config.attributes.update(connection=connection, version_table=_VERSION_TABLE)
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise NewerStoreError from None
