"""Database schema of the sync, as SQLAlchemy tables.

The schema is the same in SQLite and PostgreSQL. Timestamps are in UTC. JSON is stored as text, because PostgreSQL's
JSON types reject or change what shops send (a NUL character, a repeated key). docs/sync.md documents all columns.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

__all__ = ["UtcDateTime", "account", "integration", "log", "metadata", "quarantine", "sync_state"]


class UtcDateTime(TypeDecorator[datetime]):
    """Column type for timestamps, stored in UTC and returned with a time zone.

    SQLite stores the text `2023-03-01 01:02:00.000000`.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a timestamp to UTC; one without an offset is assumed to be in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Add the time zone, which SQLite does not store."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


metadata: Final = MetaData()

account: Final = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("first_synced_at", UtcDateTime, nullable=False),
    Column("last_synced_at", UtcDateTime),  # end of the last successful run
    Column("pruned_before", UtcDateTime),  # older logs were pruned and are not stored again
)
"""One row per account in this store."""

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
    Column("seen_at", UtcDateTime, nullable=False),  # time of the last run that listed it
    Column("record", Text, nullable=False),  # the complete record as JSON, redacted
)
"""Integrations as last listed. Integrations that are no longer listed are kept."""

log: Final = Table(
    "log",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("integration_id", BigInteger, nullable=False),  # the integration whose logs were listed
    Column("created_at", Text),  # as received, with its offset
    Column("created_at_utc", UtcDateTime),
    Column("exception_type", Text),
    Column("exception", Text),
    Column("response_code", BigInteger),
    Column("method", Text),
    Column("base_url", Text),
    Column("full_url", Text),
    Column("protected", Boolean),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("record", Text, nullable=False),  # the complete record as JSON, redacted
    Index("log_by_integration", "account", "integration_id", "created_at_utc"),
    Index("log_by_time", "created_at_utc"),
)
"""One row per exception log. Log ids are unique within an account."""

quarantine: Final = Table(
    "quarantine",
    metadata,
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # "log", "integration", or "page" for a page unreadable as a whole
    Column("integration_id", BigInteger, primary_key=True, autoincrement=False),  # 0 for integrations and their list
    Column("key", Text, primary_key=True),  # `id:` and the record's id, `sha256:` and a hash, or `page:` and a hash
    Column("error", Text, nullable=False),
    Column("field", Text, nullable=False),  # location in the response, such as data[3].created_at
    Column("page_cursor", Text),  # None for the first page
    Column("page_index", Integer),
    Column("created_at_utc", UtcDateTime),  # None if missing or invalid
    Column("quarantined_at", UtcDateTime, nullable=False),
    Column("raw", Text, nullable=False),  # the record as JSON, or the body of the page as text, redacted
)
"""Records and pages that could not be decoded, each stored once. A page is deleted when it can be read."""

sync_state: Final = Table(
    "walk",
    metadata,
    Column("account", Text, primary_key=True),
    Column("integration_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", Text, nullable=False),  # id of the run that owns this row; other runs cannot update it
    Column("completed_at", UtcDateTime),  # None until the first pass is completed
    Column("complete_from", UtcDateTime),  # older logs may be missing; None if nothing is missing
    Column("newest_first_by", Text),  # order found by the last full pass: id, created_at, both or none
    Column("cursor", Text),  # next page of the unfinished pass; None if no pass is unfinished
    Column("whole", Boolean),  # whether the unfinished pass reads up to the last page
    Column("since", UtcDateTime),  # the unfinished pass skips older logs
    Column("quiet_pages", Integer),  # number of consecutive pages with nothing to store
    Column("last_id", BigInteger),  # id of the last record of the unfinished pass
    Column("last_created_at", UtcDateTime),
    Column("ids_fall", Boolean),  # no id was higher than the previous one
    Column("times_fall", Boolean),  # no created_at was later than the previous one
    Column("time_falls", Integer),  # number of times created_at was earlier than the previous one
)
"""Sync state per integration, written in one transaction with the records of each page.

A pass is one iteration over the logs of an integration, from the first page on.
"""
