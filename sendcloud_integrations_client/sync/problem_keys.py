"""Problem keys: fingerprints by which logs of the same problem are grouped, whatever order, shop or time they name."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.sync.schema import log

__all__ = ["build_endpoint_template", "build_problem_key", "fill_problem_keys", "normalize_message"]

_MAX_MESSAGE: Final = 2_000  # characters of a message that are considered
_URL: Final = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
# A word with a digit or an @. It begins only where a word begins and never backtracks, so it takes linear time.
_VARIABLE_WORD: Final = re.compile(r"(?<![\w.:+@-])(?:[^\W\d]|[.:+-])*+[\d@][\w.:+@-]*+")
_DIGIT: Final = re.compile(r"\d")
_QUERY: Final = re.compile("[?#]")
_HOST: Final = re.compile(r"[a-z][a-z0-9+.-]{0,20}://[^/?#]*", re.IGNORECASE)
_API_VERSION: Final = re.compile(r"v\d{1,3}", re.IGNORECASE)
_MAX_NAME: Final = 40  # a longer segment of a path is an id
_BATCH_ROWS: Final = 2_000
_COLUMNS: Final = (log.c.exception_type, log.c.response_code, log.c.exception, log.c.method, log.c.full_url)


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

    URLs, words that contain a digit or an `@`, and case and whitespace are normalized.

    Args:
        message: The message. Characters after the first 2,000 are dropped.
    """
    without_urls = _URL.sub("{url}", message[:_MAX_MESSAGE])
    return " ".join(_VARIABLE_WORD.sub("{}", without_urls).casefold().split())


def build_endpoint_template(method: str, url: str) -> str:
    """Return method and path of a request, without host and query, and with `{}` for each segment that is an id.

    Args:
        method: HTTP method.
        url: The URL, or only its path.
    """
    path = _QUERY.split(_HOST.sub("", url, count=1), maxsplit=1)[0]
    segments = ["{}" if _is_id(segment) else segment for segment in path.split("/")]
    return f"{method.upper()} {'/'.join(segments)}"


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
        values = [
            {"row_account": account, "row_id": log_id, "key": build_problem_key(*columns)}
            for account, log_id, *columns in rows
        ]
        await connection.execute(statement, values)
    return len(rows)


def _is_id(segment: str) -> bool:
    if len(segment) > _MAX_NAME:
        return True
    return _DIGIT.search(segment) is not None and _API_VERSION.fullmatch(segment) is None
