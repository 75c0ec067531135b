"""Which database errors can pass: a lost connection, a server that restarts, a lock that another process holds."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import DBAPIError

__all__ = ["is_temporary_error"]

# Codes of PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html
_TEMPORARY_CLASSES: Final = ("08", "40")  # connection exceptions; deadlocks and serialization failures
_TEMPORARY_CODES: Final = frozenset(
    {
        "53300",  # too many connections
        "55P03",  # lock not available
        "57P01",  # shut down by an administrator
        "57P02",  # another server process crashed
        "57P03",  # the server starts or stops
    }
)
_BUSY_CODES: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def is_temporary_error(error: BaseException, *, is_sqlite: bool) -> bool:
    """Whether an error of a database driver can pass: a reconnect, or waiting, can cure it.

    Wrong credentials, missing databases and tables, and full disks are not temporary.

    Args:
        error: The error of the driver, or of SQLAlchemy.
        is_sqlite: Whether the database is SQLite.
    """
    if is_sqlite:
        codes = [getattr(one, "sqlite_errorcode", None) for one in _iterate_causes(error)]
        return any(code is not None and code & 0xFF in _BUSY_CODES for code in codes)
    causes = list(_iterate_causes(error))
    state = next((state for one in causes if isinstance(state := getattr(one, "sqlstate", None), str)), None)
    if state is not None:
        return state.startswith(_TEMPORARY_CLASSES) or state in _TEMPORARY_CODES
    if any(isinstance(one, ssl.CertificateError) for one in causes):
        return False
    # A connection that breaks, or that cannot be made, is an OSError of the driver, without a code.
    return any(
        isinstance(one, OSError) or (isinstance(one, DBAPIError) and one.connection_invalidated) for one in causes
    )


def _iterate_causes(error: BaseException) -> Iterator[BaseException]:
    """Iterate over an error, the driver's error in it, and their causes."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        pending += [getattr(one, "orig", None), one.__cause__]
