"""Log lines of a long-running command on stderr, as text or as JSON Lines."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sendcloud_integrations_client.errors import to_single_line

__all__ = ["FIELDS_ATTRIBUTE", "log_to_stderr"]

FIELDS_ATTRIBUTE: Final = "fields"
"""Attribute of a log record that contains its structured fields: `logger.info(..., extra={"fields": {...}})`."""

_MAX_LINE: Final = 2000  # characters
_LIBRARIES: Final = ("procrastinate", "psycopg", "asyncio")
_PACKAGE: Final = "sendcloud_integrations_client"


@contextmanager
def log_to_stderr(*, as_json: bool, hidden_errors: Sequence[type[BaseException]] = ()) -> Generator[None]:
    """Write the log of this package, and warnings of the libraries of the queue, to stderr while the block runs.

    Args:
        as_json: Whether each line is a JSON object.
        hidden_errors: Lines that report these errors are not written, because the package has logged them.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if as_json else _TextFormatter())
    handler.addFilter(lambda record: not _has_error(record, tuple(hidden_errors)))
    loggers = [logging.getLogger(_PACKAGE), *map(logging.getLogger, _LIBRARIES)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if logger.name == _PACKAGE else logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


def _has_error(record: logging.LogRecord, errors: tuple[type[BaseException], ...]) -> bool:
    return record.exc_info is not None and isinstance(record.exc_info[1], errors)


def _describe(record: logging.LogRecord) -> str:
    return to_single_line(record.getMessage(), max_length=_MAX_LINE)


def _describe_error(record: logging.LogRecord) -> str | None:
    error = record.exc_info[1] if record.exc_info else None
    return None if error is None else f"{type(error).__name__}: {to_single_line(str(error), max_length=_MAX_LINE)}"


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ}"
        error = _describe_error(record)
        return f"{time} {record.levelname:<7} {_describe(record)}" + ("" if error is None else f" ({error})")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _describe(record),
        }
        if (error := _describe_error(record)) is not None:
            fields["error"] = error
        return json.dumps(fields | getattr(record, FIELDS_ATTRIBUTE, {}), ensure_ascii=False)
