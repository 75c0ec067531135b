"""The queue of procrastinate in the database of the store: connection, schema and app."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from procrastinate import App, Blueprint, PsycopgConnector
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text
from sqlalchemy.engine import URL

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.sync import LogStore, StoreError
from sendcloud_integrations_client.worker.account_state import create_tables

__all__ = ["NAMESPACE", "build_conninfo", "create_app", "open_app", "prepare_database"]

NAMESPACE: Final = "sendcloud"
"""Namespace of the tasks in the app of `create_app`."""

_SCHEMA_LOCK: Final = 0x5E4DC10E  # arbitrary; must not be used by other programs in the database
_MAX_CONNECTIONS: Final = 4  # of the queue, in addition to those of the store and one that listens
_OPEN_TIMEOUT: Final = 10.0  # seconds
_NOT_IN_LIBPQ: Final = frozenset({"prepared_statement_cache_size"})


def create_app(store: LogStore, tasks: Blueprint) -> App:
    """Create an app of procrastinate on the database of a store, with tasks of `sync_tasks`.

    Args:
        store: The store. It must be in PostgreSQL.
        tasks: The tasks.

    Returns:
        The app, to open with `open_app`.

    Raises:
        ConfigurationError: If the database is SQLite, or if a parameter of its URL is unknown to libpq.
    """
    if store.is_sqlite:
        raise ConfigurationError("Workers require PostgreSQL: SQLite has no queue. Use a postgresql:// URL.")
    app = App(
        connector=PsycopgConnector(
            conninfo=build_conninfo(store.engine.url, schema=store.schema),
            pool_factory=_Pool,
            min_size=1,
            max_size=_MAX_CONNECTIONS,
            kwargs={"prepare_threshold": None},  # poolers such as PgBouncer move statements between sessions
        )
    )
    app.add_tasks_from(tasks, namespace=NAMESPACE)
    return app


class _Pool(AsyncConnectionPool[Any]):
    """A pool that reports an unreachable database sooner than after 30 seconds."""

    async def open(self, wait: bool = False, timeout: float = 30.0) -> None:  # noqa: ASYNC109
        await super().open(wait, min(timeout, _OPEN_TIMEOUT))


@asynccontextmanager
async def open_app(app: App) -> AsyncGenerator[App]:
    """Connect an app to its database while the block runs.

    Args:
        app: The app.

    Yields:
        The app.

    Raises:
        StoreError: If the database cannot be reached.
    """
    try:
        await app.open_async()
    except psycopg.OperationalError:  # also PoolTimeout
        await app.close_async()
        raise StoreError("The queue cannot be used: PostgreSQL is not reachable.", is_temporary=True) from None
    try:
        yield app
    finally:
        await app.close_async()


async def prepare_database(store: LogStore, app: App) -> None:
    """Create the tables of the store, of procrastinate and of the worker, if they do not exist.

    Several workers can start at the same time. To upgrade the tables of procrastinate to a new major version, apply its
    migrations.

    Args:
        store: The store.
        app: The app, opened.

    Raises:
        StoreError: If the database cannot be used.
    """
    await store.migrate()
    async with store.writing() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        await create_tables(connection)
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()


def build_conninfo(url: URL, *, schema: str | None = None) -> str:
    """Return the connection string of libpq for a URL that asyncpg accepts.

    Args:
        url: URL of SQLAlchemy.
        schema: Schema of the tables; None for the default one.

    Raises:
        ConfigurationError: If a parameter is invalid.
    """
    query = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    for name in _NOT_IN_LIBPQ:
        query.pop(name, None)
    if "ssl" in query:  # the name that SQLAlchemy's documentation uses
        query.setdefault("sslmode", query.pop("ssl"))
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    parameters: dict[str, Any] = {name: value for name, value in query.items() if name in known}
    # asyncpg sends all other parameters of a URL to the server as settings.
    settings = {name: value for name, value in query.items() if name not in known}
    if schema is not None:
        quoted = '"' + schema.replace('"', '""') + '"'
        settings["search_path"] = quoted
    if settings:
        options = [parameters.get("options", ""), *(f"-c {name}={_escape(value)}" for name, value in settings.items())]
        parameters["options"] = " ".join(filter(None, options))
    for name, value in (("user", url.username), ("password", url.password), ("dbname", url.database)):
        if value:
            parameters[name] = str(value)
    if url.host:
        parameters["host"] = url.host
    if url.port:
        parameters["port"] = url.port
    try:
        return make_conninfo(**parameters)
    except psycopg.ProgrammingError:
        parameters.clear()  # so that a traceback with local variables does not show the password
        raise ConfigurationError("Invalid database URL: libpq rejects its parameters.") from None


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
