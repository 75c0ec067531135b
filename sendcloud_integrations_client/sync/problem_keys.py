"""Problem keys: fingerprints by which logs of the same problem are grouped, whatever order, shop or time they name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, case, delete, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.sync.bulk_insert import build_array_insert
from sendcloud_integrations_client.sync.schema import log, problem

__all__ = [
    "PROBLEM_KEY_VERSION",
    "build_endpoint_template",
    "build_problem_key",
    "clear_outdated_problem_keys",
    "fill_problem_keys",
    "normalize_message",
    "store_problems",
]

PROBLEM_KEY_VERSION: Final = 1
"""Version of the algorithm of problem keys. Increase it with each change; the next sync then computes all keys."""


_MAX_MESSAGE: Final = 2_000  # characters of a message that are considered
_URL: Final = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
# A word with a digit or an @. It begins only where a word begins and never backtracks, so it takes linear time.
_VARIABLE_WORD: Final = re.compile(r"(?<![\w.:+@-])(?:[^\W\d]|[.:+-])*+[\d@][\w.:+@-]*+")
_HOST_NAME: Final = re.compile(r"(?<![\w.:+@-])(?:[\w-]++\.(?=[\w-]))++[a-z]{2,24}(?![\w-])")
_DIGIT: Final = re.compile(r"\d")
_QUERY: Final = re.compile("[?#]")
_HOST: Final = re.compile(r"[a-z][a-z0-9+.-]{0,20}://[^/?#]*", re.IGNORECASE)
_API_VERSION: Final = re.compile(r"v\d{1,3}", re.IGNORECASE)
_MAX_NAME: Final = 40  # a longer segment of a path is an id
_MAX_CACHED_URL: Final = 2_000  # characters
_BATCH_ROWS: Final = 2_000
_COLUMNS: Final = (
    log.c.created_at_utc,
    log.c.exception_type,
    log.c.response_code,
    log.c.exception,
    log.c.method,
    log.c.full_url,
)


def build_problem_key(
    exception_type: str | None,
    response_code: int | None,
    exception: str | None,
    method: str | None,
    full_url: str | None,
) -> str:
    """Return the fingerprint of a problem: 32 hexadecimal digits.

    Logs have equal keys if their exception type, status, normalized message and endpoint template are equal.

    Args:
        exception_type: Type of the exception.
        response_code: Status of the shop's response.
        exception: Message of the exception.
        method: HTTP method of the request.
        full_url: URL of the request.
    """
    parts = (
        exception_type,
        response_code,
        normalize_message(exception or ""),
        build_endpoint_template(method or "", full_url or ""),
    )
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]


def normalize_message(message: str) -> str:
    """Return a message without what differs between two failures of the same kind.

    URLs, names of hosts, words that contain a digit or an `@`, and case and whitespace are normalized.

    Args:
        message: The message. Characters after the first 2,000 are dropped.
    """
    return _normalize(message[:_MAX_MESSAGE])


# A shop that fails repeats its message in most of its logs.
@lru_cache(maxsize=1_000)
def _normalize(message: str) -> str:
    without_urls = _URL.sub("{url}", message)
    without_variables = _VARIABLE_WORD.sub("{}", without_urls).casefold()
    return " ".join(_HOST_NAME.sub("{}", without_variables).split())


def build_endpoint_template(method: str, url: str) -> str:
    """Return method and path of a request, without host and query, and with `{}` for each segment that is an id.

    Args:
        method: HTTP method.
        url: The URL, or only its path.
    """
    path = _build_path_template(url) if len(url) <= _MAX_CACHED_URL else _build_path_template.__wrapped__(url)
    return f"{method.upper()} {path}"


# Most integrations call a few URLs again and again.
@lru_cache(maxsize=1_000)
def _build_path_template(url: str) -> str:
    path = _QUERY.split(_HOST.sub("", url, count=1), maxsplit=1)[0]
    segments = ["{}" if _is_id(segment) else segment for segment in path.split("/")]
    return "/".join(segments)


async def fill_problem_keys(connection: AsyncConnection) -> int:
    """Fill in the missing problem keys of one batch of logs.

    Args:
        connection: A connection with a transaction.

    Returns:
        Number of logs whose key was filled in; 0 if no key is missing.
    """
    rows = (
        await connection.execute(
            select(log.c.account, log.c.id, *_COLUMNS).where(log.c.problem_key.is_(None)).limit(_BATCH_ROWS)
        )
    ).all()
    if rows:
        statement = (
            update(log)
            .where(log.c.account == bindparam("row_account"), log.c.id == bindparam("row_id"))
            .values(problem_key=bindparam("key"))
        )
        values: list[dict[str, Any]] = []
        problems: dict[str, list[dict[str, Any]]] = {}
        for account, log_id, created_at_utc, *columns in rows:
            key = build_problem_key(*columns)
            values.append({"row_account": account, "row_id": log_id, "key": key})
            problems.setdefault(account, []).append(
                {
                    "problem_key": key,
                    "created_at_utc": created_at_utc,
                    "exception_type": columns[0],
                    "response_code": columns[1],
                }
            )
        await connection.execute(statement, values)
        for account in sorted(problems):
            await store_problems(connection, account, problems[account])
    return len(rows)


async def clear_outdated_problem_keys(connection: AsyncConnection) -> bool:
    """Clear the keys of the logs of one problem if an older version of the algorithm computed them.

    The problem is deleted.

    Args:
        connection: A connection with a transaction.

    Returns:
        Whether there was such a problem.
    """
    outdated = select(problem.c.account, problem.c.problem_key).where(problem.c.key_version != PROBLEM_KEY_VERSION)
    row = (await connection.execute(outdated.limit(1))).one_or_none()
    if row is None:
        return False
    for table in (log, problem):
        is_affected = (table.c.account == row.account) & (table.c.problem_key == row.problem_key)
        await connection.execute(
            update(log).where(is_affected).values(problem_key=None)
            if table is log
            else delete(table).where(is_affected)
        )
    return True


async def store_problems(connection: AsyncConnection, account: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert the problems of logs, or extend the time in which they were seen.

    Args:
        connection: A connection with a transaction.
        account: Name of the account.
        rows: Rows of the table `log`.
    """
    problems: dict[str, dict[str, Any]] = {}
    for row in rows:
        seen_at = row["created_at_utc"]
        found = problems.setdefault(
            row["problem_key"],
            {
                "account": account,
                "problem_key": row["problem_key"],
                "key_version": PROBLEM_KEY_VERSION,
                "exception_type": row["exception_type"],
                "response_code": row["response_code"],
                "first_seen_at": seen_at,
                "last_seen_at": seen_at,
            },
        )
        if seen_at is not None:
            found["first_seen_at"] = min(seen_at, found["first_seen_at"] or seen_at)
            found["last_seen_at"] = max(seen_at, found["last_seen_at"] or seen_at)
    if not problems:
        return
    # In the order of the keys, so that two transactions cannot wait for each other.
    values = [problems[key] for key in sorted(problems)]
    is_sqlite = connection.dialect.name == "sqlite"
    parameters = values if is_sqlite else {name: [value[name] for value in values] for name in _PROBLEM_COLUMNS}
    await connection.execute(_UPSERT_PROBLEMS[is_sqlite], parameters)


def _build_upsert(*, is_sqlite: bool) -> Any:
    statement: Any = sqlite.insert(problem) if is_sqlite else build_array_insert(problem, _PROBLEM_COLUMNS)
    first, last = problem.c.first_seen_at, problem.c.last_seen_at
    new_first, new_last = statement.excluded.first_seen_at, statement.excluded.last_seen_at
    return statement.on_conflict_do_update(
        index_elements=["account", "problem_key"],
        set_={
            "first_seen_at": case((first.is_(None) | (new_first < first), new_first), else_=first),
            "last_seen_at": case((last.is_(None) | (new_last > last), new_last), else_=last),
        },
    )


_PROBLEM_COLUMNS: Final = (
    "account", "problem_key", "key_version", "exception_type", "response_code", "first_seen_at", "last_seen_at",
)  # fmt: skip
# Built once, because that takes as long as the execution.
_UPSERT_PROBLEMS: Final = {is_sqlite: _build_upsert(is_sqlite=is_sqlite) for is_sqlite in (True, False)}


def _is_id(segment: str) -> bool:
    if len(segment) > _MAX_NAME:
        return True
    return _DIGIT.search(segment) is not None and _API_VERSION.fullmatch(segment) is None
