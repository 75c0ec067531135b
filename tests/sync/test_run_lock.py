"""Tests of overlapping runs: skip, wait and take over; locks of runs that were killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from sendcloud_integrations_client import InvalidInputError
from sendcloud_integrations_client.sync import (
    LogStore,
    StoreError,
    SyncProgress,
    SyncSummary,
    SyncSupersededError,
    run_lock,
    sync_accounts,
    sync_logs,
)
from sendcloud_integrations_client.sync.run_lock import AccountLock
from sendcloud_integrations_client.sync.schema import lease, log
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.stores import with_both_databases
from tests.support.sync_servers import build_client


@pytest.fixture(autouse=True)
def short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "POLL_INTERVAL", 0.02)
    monkeypatch.setattr("sendcloud_integrations_client.sync.account_run.POLL_INTERVAL", 0.02)


@pytest.fixture
async def store(each_store: LogStore) -> LogStore:
    await each_store.migrate()
    return each_store


async def sync(store: LogStore, server: SimulatedSendcloud, **options: Any) -> SyncSummary:
    async with build_client(server) as client:
        return await sync_logs(client, store, **options)


class SlowRun:
    """A run that pauses after its first page, until `resume` is called."""

    def __init__(self, store: LogStore, server: SimulatedSendcloud, **options: Any) -> None:
        self._is_resumed = asyncio.Event()
        self.has_begun = asyncio.Event()
        self.task = asyncio.create_task(self._run(store, server, options))

    async def _run(self, store: LogStore, server: SimulatedSendcloud, options: dict[str, Any]) -> SyncSummary:
        async def pause(_request: Any) -> None:
            if self.has_begun.is_set():
                await self._is_resumed.wait()

        def on_progress(progress: SyncProgress) -> None:
            if progress.pages == 1:
                self.has_begun.set()

        async with build_client(server, event_hooks={"request": [pause]}) as client:
            return await sync_logs(client, store, page_size=10, on_progress=on_progress, **options)

    def resume(self) -> None:
        self._is_resumed.set()


async def wait_until_locked(store: LogStore) -> None:
    """Wait until a run has the lock. Returns only then; the time limit is that of the test."""
    probe = AccountLock(store, "default", "probe")
    while await probe.acquire(take_over=False):
        await probe.release()
        await asyncio.sleep(0.05)


@pytest.fixture
def server() -> SimulatedSendcloud:
    return SimulatedSendcloud(integrations=2, logs=100)


@with_both_databases
async def test_overlapping_run_is_skipped(store: LogStore, server: SimulatedSendcloud) -> None:
    first = SlowRun(store, server, if_running="skip")
    await first.has_begun.wait()
    calls = len(server.requests)
    summary = await sync(store, server, if_running="skip")
    assert (summary.skipped, summary.succeeded, summary.error, summary.new) == (True, True, None, 0)
    assert len(server.requests) == calls
    # Another account is not affected.
    assert (await sync(store, server, account="second", if_running="skip")).new == 100
    first.resume()
    assert ((await first.task).skipped, (await first.task).new) == (False, 100)
    assert not (await sync(store, server, if_running="skip")).skipped


async def test_overlapping_run_waits(store: LogStore, server: SimulatedSendcloud) -> None:
    first = SlowRun(store, server)
    await first.has_begun.wait()
    shown: list[str | None] = []

    def on_progress(progress: SyncProgress) -> None:
        shown.append(progress.fault)
        first.resume()

    summary = await sync(store, server, if_running="wait", on_progress=on_progress)
    assert shown[0] == "another run is syncing this account"
    assert set(shown[1:]) == {None}
    assert ((await first.task).new, summary.new, summary.error) == (100, 0, None)


async def test_wait_can_be_stopped(store: LogStore, server: SimulatedSendcloud) -> None:
    first = SlowRun(store, server)
    await first.has_begun.wait()
    stop = asyncio.Event()
    summary = await sync(store, server, if_running="wait", stop=stop, on_progress=lambda _: stop.set())
    assert (summary.stopped, summary.new) == (True, 0)
    first.resume()
    await first.task


@with_both_databases
async def test_overlapping_run_takes_over(store: LogStore, server: SimulatedSendcloud) -> None:
    first = SlowRun(store, server, if_running="skip")
    await first.has_begun.wait()
    second = SlowRun(store, server)
    await second.has_begun.wait()
    first.resume()
    older = await first.task
    assert isinstance(older.error, SyncSupersededError)
    await wait_until_locked(store)  # by the newer run
    assert (await sync(store, server, if_running="skip")).skipped
    second.resume()
    newer = await second.task
    assert (newer.error, newer.new + older.new) == (None, 100)
    assert not (await sync(store, server, if_running="skip")).skipped


async def test_dry_run_needs_no_lock(store: LogStore, server: SimulatedSendcloud) -> None:
    first = SlowRun(store, server)
    await first.has_begun.wait()
    assert (await sync(store, server, if_running="skip", dry_run=True)).new > 0
    first.resume()
    await first.task


async def test_one_account_of_many_is_skipped(store: LogStore, server: SimulatedSendcloud) -> None:
    first = SlowRun(store, server, account="a")
    await first.has_begun.wait()
    summaries = await sync_accounts(
        {name: lambda: build_client(server) for name in ("a", "b")}, store, if_running="skip"
    )
    assert [(name, one.skipped, one.new) for name, one in summaries.items()] == [("a", True, 0), ("b", False, 100)]
    first.resume()
    await first.task


async def test_invalid_value_is_rejected(store: LogStore, server: SimulatedSendcloud) -> None:
    with pytest.raises(InvalidInputError, match="if_running"):
        await sync(store, server, if_running="both")


@with_both_databases
async def test_eight_overlapping_runs_store_each_log_once(store: LogStore, server: SimulatedSendcloud) -> None:
    summaries = await asyncio.gather(*(sync(store, server, if_running="skip", page_size=10) for _ in range(8)))
    assert sorted((one.skipped, one.new) for one in summaries) == [(False, 100), *[(True, 0)] * 7]
    async with store.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(log)) == 100


@pytest.fixture
async def postgresql_store(new_migrated_database: Callable[[], str]) -> Any:
    async with LogStore(new_migrated_database()) as opened:
        await opened.migrate()
        yield opened


async def test_lease_is_renewed_and_expires_when_its_holder_dies(
    postgresql_store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock._Lease, "heartbeat", 0.01)  # noqa: SLF001
    first = AccountLock(postgresql_store, "default", "first")
    second = AccountLock(postgresql_store, "default", "second")

    async def read_expiry() -> Any:
        async with postgresql_store.reading() as connection:
            return await connection.scalar(select(lease.c.expires_at))

    assert await first.acquire(take_over=False)
    assert not await second.acquire(take_over=False)
    before = await read_expiry()
    async with asyncio.timeout(20):
        while await read_expiry() == before:  # noqa: ASYNC110 - the database reports no event
            await asyncio.sleep(0.01)
    await first.release()
    assert await read_expiry() is None
    # A killed run neither renews nor deletes its lease.
    monkeypatch.setattr(run_lock, "_EXPIRY", timedelta(seconds=-1))
    assert await AccountLock(postgresql_store, "default", "killed")._lock.acquire(take_over=False)  # noqa: SLF001
    monkeypatch.setattr(run_lock, "_EXPIRY", timedelta(seconds=30))
    assert await second.acquire(take_over=False)
    await second.release()


async def test_run_whose_lease_was_taken_stops_renewing(
    postgresql_store: LogStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run_lock._Lease, "heartbeat", 0.01)  # noqa: SLF001
    first = AccountLock(postgresql_store, "default", "first")
    second = AccountLock(postgresql_store, "default", "second")
    assert await first.acquire(take_over=False)
    assert await second.acquire(take_over=True)
    async with asyncio.timeout(20):
        while "Sync of account default: another run has taken over." not in caplog.messages:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await first.release()
    third = AccountLock(postgresql_store, "default", "third")
    assert not await third.acquire(take_over=False)
    await second.release()
    assert await third.acquire(take_over=False)
    await third.release()


async def test_lease_belongs_to_one_run_of_one_account(postgresql_store: LogStore) -> None:
    async def read_leases() -> dict[str, tuple[str, Any]]:
        async with postgresql_store.reading() as connection:
            return {row.account: (row.run_id, row.expires_at) for row in await connection.execute(select(lease))}

    holders = {account: run_lock._Lease(postgresql_store, account, "run 5") for account in "abc"}  # noqa: SLF001
    for holder in holders.values():
        assert await holder.acquire(take_over=False)
    before = await read_leases()
    for run in ("run 4", "run 6"):
        other = run_lock._Lease(postgresql_store, "b", run)  # noqa: SLF001
        assert not await other.acquire(take_over=False)
        assert not await other.renew()
        await other.release()
        assert await read_leases() == before
    assert await holders["b"].renew()
    after = await read_leases()
    assert after["b"][1] > before["b"][1]
    assert after == before | {"b": after["b"]}
    assert await holders["b"].acquire(take_over=False)
    await holders["b"].release()
    assert (await read_leases()).keys() == {"a", "c"}


def test_lease_expires_within_30_seconds_and_is_renewed_in_time() -> None:
    assert timedelta(seconds=30) == run_lock._EXPIRY  # noqa: SLF001
    assert run_lock._HEARTBEAT == 10  # noqa: SLF001


def test_byte_of_an_account_is_the_same_in_every_version() -> None:
    assert run_lock._FileLock("logs.db.lock", "default")._offset == 4010717984327297149 % run_lock._MAX_OFFSET  # noqa: SLF001


@pytest.mark.skipif(os.name != "posix", reason="another size of files")
def test_bytes_of_accounts_are_within_the_largest_size_of_a_file() -> None:
    assert run_lock._MAX_OFFSET == 2**62  # noqa: SLF001


_HOLDER = """
import asyncio, sys
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.run_lock import AccountLock

async def main():
    lock = AccountLock(LogStore(sys.argv[1]), "default", "other process")
    assert await lock.acquire(take_over=False)
    print("held", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
async def test_lock_on_sqlite_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    async with LogStore(path) as store:
        lock = AccountLock(store, "default", "this process")
        with subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            assert not await lock.acquire(take_over=False)
            other = AccountLock(store, "other account", "this process")
            assert await other.acquire(take_over=False)
            await other.release()
            holder.send_signal(signal.SIGKILL)
            holder.wait()
        assert await lock.acquire(take_over=False)
        await lock.release()
        await lock.release()  # has no effect
    assert (tmp_path / "logs.db.lock").stat().st_mode & 0o777 == 0o600


def can_lock(file: str, offset: int) -> bool:
    """Return whether another process can lock a byte of a file."""
    code = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(sys.argv[2]))"
    command = [sys.executable, "-I", "-S", "-c", code, file, str(offset)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "BlockingIOError" in done.stderr
    return done.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
async def test_lock_of_an_account_is_one_byte(tmp_path: Path) -> None:
    file = str(tmp_path / "logs.db.lock")
    names = sorted("abc", key=lambda name: run_lock._FileLock(file, name)._offset)  # noqa: SLF001
    first, second, third = (run_lock._FileLock(file, name) for name in names)  # noqa: SLF001
    assert await second.acquire(take_over=False)
    number = second._offset  # noqa: SLF001
    assert [can_lock(file, offset) for offset in (number - 1, number, number + 1)] == [True, False, True]
    await first.release()  # has no effect, because it does not hold its lock
    assert await first.acquire(take_over=False)
    assert await third.acquire(take_over=False)
    await first.release()
    assert [can_lock(file, lock._offset) for lock in (first, second, third)] == [True, False, False]  # noqa: SLF001
    await second.release()
    third._offset, offset = number + 1, third._offset  # noqa: SLF001
    assert await second.acquire(take_over=False)
    assert await third.acquire(take_over=False)
    await second.release()
    assert [can_lock(file, number + distance) for distance in (0, 1)] == [True, False]
    await third.release()
    third._offset = offset  # noqa: SLF001
    await third.release()
    assert [can_lock(file, lock._offset) for lock in (first, second, third)] == [True, True, True]  # noqa: SLF001


async def test_file_of_locks_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "logs.db.lock").mkdir()
    async with LogStore(tmp_path / "logs.db") as store:
        with pytest.raises(StoreError, match="cannot be locked"):
            await AccountLock(store, "default", "run").acquire(take_over=False)


class SlowLock:
    """Replaces the function that locks a byte: each call waits until `end` is called, then records its outcome."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_begun = threading.Event()
        self.outcomes: list[bool | OSError] = []
        self._may_end = threading.Event()
        self._lock_byte: Callable[[str, int], bool] = vars(run_lock)["_lock_byte"]
        monkeypatch.setattr(run_lock, "_lock_byte", self._wait_and_lock)

    def _wait_and_lock(self, file: str, offset: int) -> bool:
        self.has_begun.set()
        self._may_end.wait(20)
        try:
            self.outcomes.append(self._lock_byte(file, offset))
        except OSError as error:
            self.outcomes.append(error)
            raise
        return self.outcomes[-1]

    def end(self) -> None:
        self._may_end.set()


async def acquire_and_cancel(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> list[bool | OSError]:
    """Cancel a run while a thread locks the byte; return the outcome of the thread, whose callbacks have run."""
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    with monkeypatch.context() as patch, ThreadPoolExecutor(1) as other_thread:
        slow = SlowLock(patch)
        acquiring = asyncio.create_task(AccountLock(store, "shop", "cancelled").acquire(take_over=False))
        await asyncio.get_running_loop().run_in_executor(other_thread, slow.has_begun.wait, 20)
        acquiring.cancel()
        await asyncio.wait({acquiring})
        assert acquiring.cancelled()
        slow.end()
        await asyncio.to_thread(list)  # in the same thread, and therefore later
    await asyncio.sleep(0)
    assert failures == []
    return slow.outcomes


async def test_run_that_is_cancelled_while_it_locks_holds_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        assert await acquire_and_cancel(store, monkeypatch) == [True]
        following = AccountLock(store, "shop", "following")
        assert await following.acquire(take_over=False)
        await following.release()


async def test_run_that_is_cancelled_while_it_locks_does_not_release_the_lock_of_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        holder = AccountLock(store, "shop", "holder")
        assert await holder.acquire(take_over=False)
        assert await acquire_and_cancel(store, monkeypatch) == [False]
        assert not await AccountLock(store, "shop", "following").acquire(take_over=False)
        await holder.release()


async def test_run_that_is_cancelled_while_it_cannot_lock_reports_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs.db.lock").mkdir()
    async with LogStore(tmp_path / "logs.db") as store:
        (outcome,) = await acquire_and_cancel(store, monkeypatch)
        assert isinstance(outcome, IsADirectoryError)
