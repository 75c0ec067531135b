"""Tests of faults that pass: the network, the server, PostgreSQL, and a locked SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sendcloud_integrations_client import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BasicAuth,
    InvalidInputError,
    RateLimitError,
    SendcloudError,
    SendcloudIntegrations,
    ServerError,
)
from sendcloud_integrations_client.sync import (
    LogStore,
    StoreError,
    SyncProgress,
    SyncSummary,
    SyncSupersededError,
    faults,
    sync_logs,
)
from sendcloud_integrations_client.sync import store as store_module
from sendcloud_integrations_client.sync.database_faults import is_temporary_error
from sendcloud_integrations_client.sync.faults import FaultRetries, is_temporary
from sendcloud_integrations_client.sync.stop_signal import StopRequestedError, StopSignal
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.postgresql import PostgresqlServer
from tests.support.sync_servers import BASE_URL, RETRY_WITHOUT_DELAY, build_client

OUTAGE = StoreError("down", is_temporary=True)


class Clock:
    """Virtual clock: sleeping advances it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.delays: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.delays.append(seconds)
        self.now += seconds


class Account:
    """Retries of one account in virtual time, with what it reports."""

    def __init__(self, stop_signal: StopSignal, give_up_after: float = 900) -> None:
        self.clock = Clock()
        self.faults: list[str | None] = []
        self.retries = FaultRetries(
            "default",
            give_up_after,
            stop_signal,
            self.faults.append,
            clock=self.clock,
            sleep=self.clock.sleep,
            draw=lambda _, longest: longest,
        )

    def fail_until(self, end: float) -> Callable[[], Awaitable[str]]:
        async def work() -> str:
            if self.clock.now < end:
                raise OUTAGE
            return "done"

        return work


async def test_failure_is_retried_until_it_passes_with_growing_delays() -> None:
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal)
        assert await account.retries.run(account.fail_until(600)) == "done"
    assert account.clock.delays[:6] == [1, 2, 4, 8, 16, 30]
    assert set(account.clock.delays[6:]) == {30}
    assert account.clock.now >= 600
    assert account.faults == ["down"] * len(account.clock.delays) + [None]


async def test_account_fails_after_the_time_without_success_and_only_once() -> None:
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal)
        account.clock.now = 100  # work that succeeds takes time as well
        account.retries.note_success()
        with pytest.raises(StoreError, match="down"):
            await account.retries.run(account.fail_until(5000))
        assert account.clock.now == 1000
        # Another list of the account fails at once.
        with pytest.raises(StoreError, match="down"):
            await account.retries.run(account.fail_until(5000))
        assert account.clock.now == 1000


async def test_success_of_another_list_restarts_the_time() -> None:
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal, give_up_after=60)
        fail = account.fail_until(200)

        async def work() -> str:
            if account.clock.now < 150:
                account.retries.note_success()
            return await fail()

        assert await account.retries.run(work) == "done"


async def test_time_before_the_first_attempt_does_not_count() -> None:
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal, give_up_after=60)
        account.clock.now = 10_000  # waiting for other accounts
        assert await account.retries.run(account.fail_until(10_030)) == "done"


async def test_no_time_disables_retries() -> None:
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal, give_up_after=0)
        for _ in range(2):
            with pytest.raises(StoreError, match="down"):
                await account.retries.run(account.fail_until(1))
    assert (account.clock.delays, account.faults) == ([], [])


async def test_stop_ends_the_wait() -> None:
    stop = asyncio.Event()
    async with StopSignal(stop) as stop_signal:
        retries = FaultRetries("default", 900, stop_signal, lambda _: stop.set(), sleep=lambda _: asyncio.sleep(900))

        async def fail() -> None:
            raise OUTAGE

        with pytest.raises(StopRequestedError):
            await retries.run(fail)


@pytest.mark.parametrize(("draw", "expected"), [(min, [0.5, 1, 2, 4, 8, 15, 15]), (max, [1, 2, 4, 8, 16, 30, 30])])
async def test_delay_is_random_between_half_of_it_and_all_of_it(draw: Any, expected: list[float]) -> None:
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal)
        retries = FaultRetries(
            "default", 900, stop_signal, print, clock=account.clock, sleep=account.clock.sleep, draw=draw
        )
        await retries.run(account.fail_until(sum(expected) - 1))
    assert account.clock.delays == expected


async def test_last_delay_ends_when_the_account_ends() -> None:
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal, give_up_after=10)
        with pytest.raises(StoreError, match="down"):
            await account.retries.run(account.fail_until(5000))
    assert account.clock.delays == [1, 2, 4, 3]


async def test_delays_start_again_after_a_success_of_another_list() -> None:
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal)
        fail = account.fail_until(14)

        async def work() -> str:
            if len(account.clock.delays) == 2:
                account.retries.note_success()
            return await fail()

        await account.retries.run(work)
    assert account.clock.delays == [1, 2, 1, 2, 4, 8]
    assert account.faults == ["down", "down", None, "down", "down", "down", "down", None]


async def test_one_warning_per_outage_names_the_reason_and_the_times(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with StopSignal(None) as stop_signal:
        account = Account(stop_signal)
        for end in (2, 4):
            await account.retries.run(account.fail_until(end))
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert lines == [
        ("WARNING", "Sync of account default: down. Trying again in 1.0 s; giving up in 900 s."),
        ("INFO", "Sync of account default: down. Trying again in 2.0 s; giving up in 899 s."),
        ("INFO", "Sync of account default: continues."),
        ("WARNING", "Sync of account default: down. Trying again in 1.0 s; giving up in 900 s."),
        ("INFO", "Sync of account default: continues."),
    ]


def with_cause(error: SendcloudError, cause: Exception) -> SendcloudError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StoreError("x"), False),
        (StoreError("x", is_temporary=True), True),
        (SyncSupersededError("x"), False),
        (APIConnectionError("x"), True),
        (APITimeoutError("x"), True),
        (with_cause(APIConnectionError("x"), ssl.SSLCertVerificationError("x")), False),
        (with_cause(APIConnectionError("x"), httpx.UnsupportedProtocol("x")), False),
        (with_cause(APIConnectionError("x"), httpx.ConnectError("x")), True),
        (RateLimitError("x", status_code=429), True),
        *((ServerError("x", status_code=code), code != 500) for code in (500, 502, 503, 504, 520, 524)),
        (AuthenticationError("x", status_code=401), False),
        (SendcloudError("x"), False),
    ],
)
def test_which_errors_can_pass(error: SendcloudError, expected: bool) -> None:
    assert is_temporary(error) is expected


def test_which_statuses_can_pass() -> None:
    found = [code for code in range(400, 600) if is_temporary(ServerError("x", status_code=code))]
    assert found == [408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524]


class _PostgresqlError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("x")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((_PostgresqlError(code), True) for code in ("08006", "40P01", "53300", "57P01", "57P02", "57P03", "55P03")),
        *((_PostgresqlError(code), False) for code in ("28P01", "3D000", "42501", "53100", "57014", "23505")),
        (ConnectionRefusedError("x"), True),
        (FileNotFoundError("x"), True),  # the Unix socket of a server that is stopped
        (TimeoutError("x"), True),
        (ssl.SSLCertVerificationError("x"), False),
        (DBAPIError("x", None, Exception("x"), connection_invalidated=True), True),
        (DBAPIError("x", None, Exception("x")), False),
        (DBAPIError("x", None, _PostgresqlError("57P01")), True),
        (ValueError("x"), False),
    ],
)
def test_which_errors_of_postgresql_can_pass(error: Exception, expected: bool) -> None:
    assert is_temporary_error(error, is_sqlite=False) is expected


def test_which_errors_of_sqlite_can_pass() -> None:
    locked, full = sqlite3.OperationalError("database is locked"), sqlite3.OperationalError("disk full")
    locked.sqlite_errorcode, full.sqlite_errorcode = sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_FULL
    wrapped = DBAPIError("x", None, locked)
    errors = [locked, full, wrapped, OSError("x")]
    assert [is_temporary_error(error, is_sqlite=True) for error in errors] == [True, False, True, False]


@pytest.fixture
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_FIRST_DELAY", 0.01)
    monkeypatch.setattr(faults, "_MAX_DELAY", 0.05)


class Network(httpx.AsyncBaseTransport):
    """Network that can be down."""

    def __init__(self, server: SimulatedSendcloud) -> None:
        self._transport = httpx.ASGITransport(server)  # type: ignore[arg-type]
        self.is_down = False
        self.failed_calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            self.failed_calls += 1
            raise httpx.ConnectError("connection refused", request=request)
        return await self._transport.handle_async_request(request)


def build_network_client(network: Network) -> SendcloudIntegrations:
    return SendcloudIntegrations(
        base_url=BASE_URL,
        auth=BasicAuth("public", "secret"),
        retries=RETRY_WITHOUT_DELAY,
        rate_limits=None,
        transport=network,
    )


@pytest.mark.usefixtures("short_delays")
@pytest.mark.parametrize("source", ["account", pytest.param("integrations", marks=pytest.mark.long)])
async def test_sync_continues_after_a_network_outage_in_the_middle(store: LogStore, source: Any) -> None:
    network = Network(SimulatedSendcloud(integrations=4, logs=200))
    shown: list[str] = []

    def on_progress(progress: SyncProgress) -> None:
        network.is_down = network.failed_calls < 12 and progress.pages >= 5
        if progress.fault is not None:
            shown.append(progress.fault)

    async with build_network_client(network) as client:
        summary = await sync_logs(client, store, source=source, page_size=10, on_progress=on_progress)
    assert (summary.error, summary.failures, summary.new) == (None, {}, 200)
    assert network.failed_calls >= 12
    assert shown
    assert all("connection refused" in reason for reason in shown)


@pytest.mark.usefixtures("short_delays")
async def test_sync_starts_during_an_outage_of_the_server(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=30)
    server.fail_next("list_integrations", count=10, status=503)
    async with build_client(server) as client:
        summary = await sync_logs(client, store)
    assert (summary.error, summary.new) == (None, 30)


async def sync_during_outage(store: LogStore, **options: Any) -> SyncSummary:
    network = Network(SimulatedSendcloud(integrations=2, logs=30))
    network.is_down = True
    async with build_network_client(network) as client:
        return await sync_logs(client, store, **options)


@pytest.mark.usefixtures("short_delays")
async def test_sync_fails_with_the_last_error(store: LogStore) -> None:
    summary = await sync_during_outage(store, give_up_after=timedelta(seconds=0.1))
    assert isinstance(summary.error, APIConnectionError)
    with pytest.raises(InvalidInputError, match="give_up_after"):
        await sync_during_outage(store, give_up_after=timedelta(seconds=-1))


async def test_wrong_credentials_fail_at_once(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=30)
    async with build_client(server, auth=BasicAuth("public", "wr0ng")) as client:
        summary = await sync_logs(client, store)
    assert isinstance(summary.error, AuthenticationError)
    assert len(server.requests) == 1


async def test_missing_database_fails_at_once(new_postgresql_database: Callable[[], str]) -> None:
    url = new_postgresql_database().replace("/test", "/missing")
    async with build_client(SimulatedSendcloud(logs=0)) as client, LogStore(url) as store:
        summary = await sync_logs(client, store)
    assert isinstance(summary.error, StoreError)
    assert not summary.error.is_temporary


@pytest.mark.long
@pytest.mark.usefixtures("short_delays")
async def test_sync_continues_after_a_restart_of_postgresql(postgresql_server: PostgresqlServer) -> None:
    server = SimulatedSendcloud(integrations=4, logs=400)
    shown: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    def on_progress(progress: SyncProgress) -> None:
        if progress.pages == 5 and not tasks:
            tasks.append(asyncio.create_task(asyncio.to_thread(postgresql_server.stop)))
        if progress.fault is not None:
            shown.append(progress.fault)
            if len(tasks) == 1 and tasks[0].done():
                tasks.append(asyncio.create_task(asyncio.to_thread(postgresql_server.start)))

    async def respond_after_stop(scope: Any, receive: Any, send: Any) -> None:
        if tasks:  # otherwise a slow stop could outlast the sync
            await asyncio.wait(tasks[:1])
        await server(scope, receive, send)

    url = postgresql_server.create_database()
    async with build_client(respond_after_stop) as client, LogStore(url) as store:
        summary = await sync_logs(client, store, source="integrations", page_size=5, on_progress=on_progress)
        await asyncio.gather(*tasks)
        async with store.reading() as connection:
            stored = await connection.scalar(text("SELECT count(*) FROM log"))
    assert (summary.error, summary.failures, stored) == (None, {}, 400)
    assert len(tasks) == 2
    assert all("The database postgresql:" in reason for reason in shown)


@pytest.mark.usefixtures("short_delays")
async def test_sync_waits_for_a_locked_sqlite_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_BUSY_TIMEOUT", 0.02)
    path = tmp_path / "logs.db"
    shown: list[str] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:

        def on_progress(progress: SyncProgress) -> None:
            if progress.pages == 5 and progress.fault is None and not shown:
                other.execute("BEGIN IMMEDIATE")
            if progress.fault is not None:
                shown.append(progress.fault)
                if len(shown) == 3:
                    other.execute("COMMIT")

        async with build_client(SimulatedSendcloud(logs=200, integrations=2)) as client, LogStore(path) as store:
            summary = await sync_logs(client, store, page_size=10, on_progress=on_progress)
    assert (summary.error, summary.new, len(shown)) == (None, 200, 3)
    assert all("database is locked" in reason for reason in shown)


@pytest.mark.usefixtures("short_delays")
async def test_run_that_waited_does_not_take_a_list_back_from_a_newer_run(store: LogStore) -> None:
    server = SimulatedSendcloud(integrations=2, logs=100)
    network = Network(server)
    newer: list[asyncio.Task[SyncSummary]] = []

    async def run_newer() -> SyncSummary:
        async with build_client(server) as client:
            summary = await sync_logs(client, store)
        network.is_down = False
        return summary

    def on_progress(progress: SyncProgress) -> None:
        network.is_down = progress.pages >= 2 and not (newer and newer[0].done())
        if progress.fault is not None and not newer:
            newer.append(asyncio.create_task(run_newer()))

    async with build_network_client(network) as client:
        older = await sync_logs(client, store, page_size=10, on_progress=on_progress)
    assert isinstance(older.error, SyncSupersededError)
    assert (await newer[0]).succeeded
    assert older.new + (await newer[0]).new == 100
