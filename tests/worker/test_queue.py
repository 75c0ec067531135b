"""Connection strings of the queue, for the same URLs that the store accepts."""

from __future__ import annotations

import traceback

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.sync import LogStore, StoreError
from sendcloud_integrations_client.worker import create_app, open_app, queue, sync_tasks
from sendcloud_integrations_client.worker.queue import build_conninfo


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://user:p%40ss%20'word@db.example:5433/logs",
            {"user": "user", "password": "p@ss 'word", "host": "db.example", "port": "5433", "dbname": "logs"},
        ),
        (
            "postgresql+asyncpg://db.example/logs?ssl=require",
            {"host": "db.example", "dbname": "logs", "sslmode": "require"},
        ),
        (
            "postgresql://user@/logs?host=h1,h2&port=5433,5434",
            {"user": "user", "host": "h1,h2", "port": "5433,5434", "dbname": "logs"},
        ),
        ("postgresql:///logs?host=/run/postgresql", {"host": "/run/postgresql", "dbname": "logs"}),
        (
            "postgresql://h/d?sslmode=verify-full&connect_timeout=5&channel_binding=prefer",
            {"host": "h", "dbname": "d", "sslmode": "verify-full", "connect_timeout": "5", "channel_binding": "prefer"},
        ),
        (
            "postgresql://h/d?prepared_statement_cache_size=0&statement_timeout=5000&search_path=my%20schema",
            {"host": "h", "dbname": "d", "options": "-c statement_timeout=5000 -c search_path=my\\ schema"},
        ),
    ],
)
def test_urls_of_the_store_become_connection_strings(url: str, expected: dict[str, str]) -> None:
    assert conninfo_to_dict(build_conninfo(make_url(url))) == expected


def test_the_schema_of_the_store_becomes_the_search_path() -> None:
    found = conninfo_to_dict(build_conninfo(make_url("postgresql://h/d"), schema='own "schema"'))
    assert found["options"] == '-c search_path="own\\ ""schema"""'


async def test_the_queue_uses_the_schema_of_the_store(database: str) -> None:
    async with LogStore(database, schema="own schema") as store:
        app = create_app(store, sync_tasks([], store))
        conninfo = build_conninfo(store.engine.url, schema=store.schema)
    async with open_app(app), await psycopg.AsyncConnection.connect(conninfo) as connection:
        cursor = await connection.execute("SHOW search_path")
        assert await cursor.fetchone() == ('"own schema"',)


def test_sqlite_is_rejected() -> None:
    store = LogStore("logs.db")
    with pytest.raises(ConfigurationError, match="Workers require PostgreSQL"):
        create_app(store, sync_tasks([], store))


async def test_an_unreachable_database_is_a_temporary_error_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "_OPEN_TIMEOUT", 0.5)
    store = LogStore("postgresql://user:hush@127.0.0.1:1/logs?connect_timeout=1")
    app = create_app(store, sync_tasks([], store))
    with pytest.raises(StoreError) as raised:
        async with open_app(app):
            pass
    assert raised.value.is_temporary
    assert "hush" not in "".join(traceback.format_exception(raised.value))
