"""Tests of how connections to PostgreSQL are made and closed, without a server."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
import pytest
from sqlalchemy.engine import make_url

from sendcloud_integrations_client.sync import postgresql_connections
from sendcloud_integrations_client.sync.postgresql_connections import BoundedConnection, ServerHealth
from sendcloud_integrations_client.sync.postgresql_urls import build_connector


class Connection(BoundedConnection):
    """A connection without a server, which records whether it was terminated."""

    def __init__(self) -> None:
        self.health = ServerHealth()
        self.is_terminated = False

    def __del__(self) -> None:
        pass

    def terminate(self) -> None:
        self.is_terminated = True


class BrokenConnection(Connection):
    """A connection that cannot be terminated, because the server has closed it."""

    def terminate(self) -> None:
        super().terminate()
        raise asyncpg.InterfaceError("closed")


@pytest.fixture
def set_result(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], list[Any]]:
    """Return a function that sets what the methods of asyncpg return or raise; it returns their arguments."""

    def set_result(result: object) -> list[Any]:
        calls: list[Any] = []

        async def call(_: object, *arguments: Any, **options: Any) -> object:
            calls.append((*arguments, options))
            if isinstance(result, BaseException):
                raise result
            return result

        monkeypatch.setattr(asyncpg.Connection, "execute", call)
        monkeypatch.setattr(asyncpg.Connection, "close", call)
        return calls

    return set_result


LOST = [
    asyncpg.InterfaceError("another operation is in progress"),
    asyncpg.InternalClientError("unexpected state"),
    asyncpg.ConnectionDoesNotExistError("closed"),
    ConnectionResetError("reset"),
    TimeoutError(),
]


@pytest.mark.parametrize("kind", [Connection, BrokenConnection])
@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
async def test_failed_close_and_rollback_terminate_the_connection(
    set_result: Callable[[object], list[Any]], kind: type[Connection], error: Exception
) -> None:
    set_result(error)
    connection = kind()
    await connection.close()
    assert connection.is_terminated
    connection = kind()
    assert await connection.execute("ROLLBACK TO SAVEPOINT one") == "ROLLBACK"
    assert connection.is_terminated
    assert connection.health.get_timeout() == (0.0 if isinstance(error, TimeoutError) else 2.0)


async def test_other_errors_are_raised(set_result: Callable[[object], list[Any]]) -> None:
    connection = Connection()
    set_result(LookupError())
    with pytest.raises(LookupError):
        await connection.close()
    with pytest.raises(LookupError):
        await connection.execute("ROLLBACK")
    set_result(ConnectionResetError())
    with pytest.raises(ConnectionResetError):
        await connection.execute("COMMIT")
    assert not connection.is_terminated


async def test_commands_are_passed_on(set_result: Callable[[object], list[Any]]) -> None:
    calls = set_result("DELETE 3")
    connection = Connection()
    assert await connection.execute("DELETE FROM log WHERE id = $1", 7, timeout=5.0) == "DELETE 3"
    assert await connection.execute("ROLLBACK;") == "DELETE 3"
    await connection.close(timeout=1000.0)
    assert calls == [("DELETE FROM log WHERE id = $1", 7, {"timeout": 5.0}), ("ROLLBACK;", {"timeout": None}), ({},)]
    assert not connection.is_terminated


def test_server_that_hangs_is_not_waited_for_during_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    now = 5.0
    monkeypatch.setattr(postgresql_connections, "time", SimpleNamespace(monotonic=lambda: now))
    health = ServerHealth()
    assert health.get_timeout() == 2.0
    health.note_failure()
    assert health.get_timeout() == 0.0
    now = 14.5
    assert health.get_timeout() == 0.0
    health.note_failure()
    now = 24.25
    assert health.get_timeout() == 0.0
    now = 24.5
    assert health.get_timeout() == 2.0
    assert caplog.messages == ["PostgreSQL does not respond: connections are closed without waiting for it."]


@pytest.mark.parametrize(
    ("url", "dsn", "seconds"),
    [
        ("postgresql+asyncpg://name:hu%40sh@host/logs", "postgresql://name:hu%40sh@host/logs", 60.0),
        ("postgresql://host/logs?connect_timeout=5", "postgresql://host/logs", 5.0),
        ("postgresql://host/logs?connect_timeout=1", "postgresql://host/logs", 1.0),
        ("postgresql://host/logs?connect_timeout=0", "postgresql://host/logs", 60.0),
        ("postgresql://host/logs?connect_timeout=-1", "postgresql://host/logs", 60.0),
        ("postgresql://host/logs?connect_timeout=7&connect_timeout=5", "postgresql://host/logs", 5.0),
        ("postgresql://host/logs?ssl=prefer", "postgresql://host/logs?sslmode=prefer", 60.0),
        ("postgresql://host/logs?sslmode=require&ssl=prefer", "postgresql://host/logs?sslmode=require", 60.0),
        ("postgresql://host/logs?channel_binding=prefer&gssencmode=disable&a=b", "postgresql://host/logs?a=b", 60.0),
        ("postgresql://host/logs?prepared_statement_cache_size=10", "postgresql://host/logs", 60.0),
    ],
)
async def test_asyncpg_receives_the_parameters_that_it_supports(
    monkeypatch: pytest.MonkeyPatch, url: str, dsn: str, seconds: float
) -> None:
    calls: list[Any] = []

    async def connect(*arguments: Any, **options: Any) -> SimpleNamespace:
        calls.append((*arguments, options))
        return SimpleNamespace()

    monkeypatch.setattr(asyncpg, "connect", connect)
    connector = build_connector(lambda: make_url(url))
    first = await connector(user="name", password="hush")
    second = await connector()
    assert calls == [(dsn, {"timeout": seconds, "connection_class": BoundedConnection})] * 2
    assert first.health is second.health
    assert (await build_connector(lambda: make_url(url))()).health is not first.health
