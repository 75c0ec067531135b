"""The lock of an account in a store: it shows that a run is syncing the account, and expires when the run dies.

In SQLite, it is a lock of the operating system on one byte of the file `<database>.lock`; the byte depends on the name
of the account. In PostgreSQL, it is a row of the table `lease` with a time of expiry, which the run renews. Locks of
the session are not used, because a connection pooler such as PgBouncer moves sessions between clients.

The lock only decides whether a run starts. Data stays consistent without it: see `account_writer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, func, literal, update
from sqlalchemy.dialects import postgresql

from sendcloud_integrations_client.sync.errors import StoreError
from sendcloud_integrations_client.sync.private_files import create_private_file
from sendcloud_integrations_client.sync.schema import lease
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["POLL_INTERVAL", "AccountLock"]

POLL_INTERVAL: Final = 1.0
"""Seconds between two attempts to get a lock that another run holds."""

_HEARTBEAT: Final = 10.0  # seconds
_RELEASE_TIMEOUT: Final = 2.0  # seconds
_EXPIRY: Final = timedelta(seconds=30)

_logger = logging.getLogger("sendcloud_integrations_client")


class AccountLock:
    """The lock of one account, for one run.

    Args:
        store: The store; its schema must be migrated.
        account: Name of the account.
        run: Unique id of the run.
    """

    def __init__(self, store: LogStore, account: str, run: str) -> None:
        self._account = account
        self._lock: _FileLock | _Lease = (
            _FileLock(f"{store.file}.lock", account) if store.is_sqlite else _Lease(store, account, run)
        )
        self._renewal: asyncio.Task[None] | None = None

    async def acquire(self, *, take_over: bool) -> bool:
        """Acquire the lock without waiting.

        Args:
            take_over: Take the lock away from another run. In SQLite, that is impossible, so the lock is acquired
                later, when the other run has stopped.

        Returns:
            Whether this run may sync the account.

        Raises:
            StoreError: If the database or the file of the locks cannot be used.
        """
        is_held = await self._lock.acquire(take_over=take_over)
        if (is_held or take_over) and self._renewal is None:
            self._renewal = asyncio.create_task(self._keep(is_held=is_held))
        return is_held or take_over

    async def release(self) -> None:
        """Release the lock if this run holds it."""
        renewal, self._renewal = self._renewal, None
        if renewal is None:
            return
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)
        with contextlib.suppress(StoreError, TimeoutError):  # it expires
            async with asyncio.timeout(_RELEASE_TIMEOUT):
                await self._lock.release()

    async def _keep(self, *, is_held: bool) -> None:
        while True:
            try:
                if not is_held:
                    await asyncio.sleep(POLL_INTERVAL)
                    is_held = await self._lock.acquire(take_over=False)
                elif isinstance(self._lock, _FileLock):
                    return  # the operating system releases the lock when the process ends
                else:
                    await asyncio.sleep(self._lock.heartbeat)
                    if not await self._lock.renew():
                        _logger.warning("Sync of account %s: another run has taken over.", self._account)
                        return
            except StoreError as error:
                _logger.info("Sync of account %s: the lock was not renewed: %s", self._account, error)


class _Lease:
    """A row of the table `lease`. Times are those of the database server."""

    heartbeat = _HEARTBEAT

    def __init__(self, store: LogStore, account: str, run: str) -> None:
        self._store = store
        self._account = account
        self._run = run

    async def acquire(self, *, take_over: bool) -> bool:
        row: dict[str, Any] = {"account": self._account, "run_id": self._run, "expires_at": _get_expiry()}
        insert = postgresql.insert(lease).values(row)
        is_free = (lease.c.expires_at < func.clock_timestamp()) | (lease.c.run_id == self._run)
        statement = insert.on_conflict_do_update(
            index_elements=["account"],
            set_={name: insert.excluded[name] for name in ("run_id", "expires_at")},
            where=None if take_over else is_free,
        )
        async with self._store.writing() as connection:
            return bool((await connection.execute(statement)).rowcount)

    async def renew(self) -> bool:
        statement = update(lease).where(lease.c.account == self._account, lease.c.run_id == self._run)
        async with self._store.writing() as connection:
            return bool((await connection.execute(statement.values(expires_at=_get_expiry()))).rowcount)

    async def release(self) -> None:
        async with self._store.writing() as connection:
            await connection.execute(delete(lease).where(lease.c.account == self._account, lease.c.run_id == self._run))


def _get_expiry() -> Any:
    return func.clock_timestamp() + literal(_EXPIRY)


class _FileLock:
    """A lock on one byte of a file."""

    def __init__(self, file: str, account: str) -> None:
        self._file = os.path.realpath(file)
        digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest()
        self._offset = int.from_bytes(digest[:8], "big") % _MAX_OFFSET

    async def acquire(self, *, take_over: bool) -> bool:
        del take_over
        locking = asyncio.get_running_loop().run_in_executor(None, _lock_byte, self._file, self._offset)
        try:
            return await asyncio.shield(locking)
        except asyncio.CancelledError:
            # The thread cannot be cancelled. What it locks after that would stay locked until the process ends.
            locking.add_done_callback(self._unlock_if_locked)
            raise
        except OSError as error:
            raise StoreError(
                f"The file {self._file} cannot be locked: {error.strerror}. Check the permissions of its folder."
            ) from None

    def _unlock_if_locked(self, locking: asyncio.Future[bool]) -> None:
        if not locking.cancelled() and locking.exception() is None and locking.result():
            _unlock_byte(self._file, self._offset)

    async def release(self) -> None:
        await asyncio.to_thread(_unlock_byte, self._file, self._offset)


if sys.platform == "win32":
    import msvcrt

    _MAX_OFFSET: Final = 2**31 - 1

    def _lock(descriptor: int, offset: int) -> None:
        os.lseek(descriptor, offset, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int, offset: int) -> None:
        os.lseek(descriptor, offset, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    _MAX_OFFSET: Final = 2**62

    def _lock(descriptor: int, offset: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)

    def _unlock(descriptor: int, offset: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, offset)


# On POSIX, locks belong to the process, and closing any descriptor of a file releases all of its locks. So the process
# has one descriptor per file, and knows itself which bytes it has locked.
_guard: Final = threading.Lock()
_locked: Final[dict[str, tuple[int, set[int]]]] = {}


def _lock_byte(file: str, offset: int) -> bool:
    with _guard:
        if file not in _locked:
            create_private_file(Path(file))
            _locked[file] = os.open(file, os.O_RDWR), set()
        descriptor, offsets = _locked[file]
        try:
            if offset in offsets:
                return False
            _lock(descriptor, offset)
        except (BlockingIOError, PermissionError):
            return False
        else:
            offsets.add(offset)
            return True
        finally:
            _close_unused(file)


def _unlock_byte(file: str, offset: int) -> None:
    with _guard:
        if file not in _locked or offset not in _locked[file][1]:
            return
        descriptor, offsets = _locked[file]
        _unlock(descriptor, offset)
        offsets.remove(offset)
        _close_unused(file)


def _close_unused(file: str) -> None:
    descriptor, offsets = _locked[file]
    if not offsets:
        del _locked[file]
        os.close(descriptor)
