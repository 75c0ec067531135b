"""The tables that a sync fills: `account`, `integration`, `log`, `quarantine` and `walk`.

The same in SQLite and PostgreSQL. Moments are in UTC; JSON is text, for PostgreSQL's own JSON types refuse what shops
send (a NUL character, a repeated key). docs/sync.md documents every column for whoever queries them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

__all__ = ["UtcDateTime", "account", "integration", "log", "metadata", "quarantine", "walk"]


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: stored in UTC, read with its time zone. SQLite holds it as `2023-03-01 01:02:00.000000`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC; a moment without an offset is taken to be in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """With its time zone, which SQLite does not keep."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


metadata: Final = MetaData()

account: Final = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("first_synced_at", UtcDateTime, nullable=False),
    Column("last_synced_at", UtcDateTime),  # end of the last run that succeeded
    Column("pruned_before", UtcDateTime),  # older logs were deleted on purpose, and are not taken again
)
"""One row for each account that was synced into this store."""

integration: Final = Table(
    "integration",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("shop_name", Text),
    Column("shop_url", Text),
    Column("type", Text),
    Column("started_failing_at", UtcDateTime),
    Column("last_fetched_at", UtcDateTime),
    Column("seen_at", UtcDateTime, nullable=False),  # the last run that found it listed
    Column("record", Text, nullable=False),  # the whole record as JSON, after redaction
)
"""The integrations as they were last listed; one that is no longer listed stays."""

log: Final = Table(
    "log",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("integration_id", BigInteger, nullable=False),  # whose logs were listed
    Column("created_at", Text),  # as it came, with its offset
    Column("created_at_utc", UtcDateTime),
    Column("exception_type", Text),
    Column("exception", Text),
    Column("response_code", BigInteger),
    Column("method", Text),
    Column("base_url", Text),
    Column("full_url", Text),
    Column("protected", Boolean),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("record", Text, nullable=False),  # the whole record as JSON, after redaction
    Index("log_by_integration", "account", "integration_id", "created_at_utc"),
    Index("log_by_time", "created_at_utc"),
)
"""One row for each exception log. The contract gives a log one id within its account."""

quarantine: Final = Table(
    "quarantine",
    metadata,
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # log, or integration
    Column("integration_id", BigInteger, primary_key=True, autoincrement=False),  # 0 where it is not known
    Column("key", Text, primary_key=True),  # `id:` and the record's id, else `sha256:` and the digest of `raw`
    Column("error", Text, nullable=False),
    Column("field", Text, nullable=False),  # where in the page, such as data[3].created_at
    Column("page_cursor", Text),  # None for the first page
    Column("page_index", Integer),
    Column("created_at_utc", UtcDateTime),  # where it can be read
    Column("quarantined_at", UtcDateTime, nullable=False),
    Column("raw", Text, nullable=False),  # as it came, as JSON, after redaction
)
"""Records that could not be read, each once."""

walk: Final = Table(
    "walk",
    metadata,
    Column("account", Text, primary_key=True),
    Column("integration_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", Text, nullable=False),  # the run that this walk belongs to; another one cannot write any more
    Column("completed_at", UtcDateTime),  # None until all logs were taken once
    Column("complete_from", UtcDateTime),  # logs before it were not asked for; None for everything
    Column("newest_first_by", Text),  # id, created_at, both or none: what the last whole walk found
    Column("cursor", Text),  # where the walk under way goes on; None if there is none
    Column("whole", Boolean),  # it goes to the last page, rather than to known ones
    Column("since", UtcDateTime),  # it passes over older logs
    Column("quiet_pages", Integer),  # pages in a row, up to now, with nothing to take
    Column("last_id", BigInteger),  # of its last record
    Column("last_created_at", UtcDateTime),
    Column("ids_fall", Boolean),  # ids only fell so far
    Column("times_fall", Boolean),  # created_at never rose so far
    Column("time_falls", Integer),  # how many times it fell
)
"""How far the walk over each integration's logs came; written in one transaction with the records of each page."""
