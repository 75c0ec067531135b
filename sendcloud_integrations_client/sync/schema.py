"""Database schema of the sync, as SQLAlchemy tables.

The schema is the same in SQLite and PostgreSQL. Timestamps are in UTC. JSON is stored as text, because PostgreSQL's
JSON types reject or change what shops send (a NUL character, a repeated key). docs/sync.md documents all columns.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

__all__ = [
    "ACCOUNT_WIDE",
    "UtcDateTime",
    "account",
    "integration",
    "lease",
    "log",
    "metadata",
    "problem",
    "quarantine",
    "report",
    "sync_state",
]

ACCOUNT_WIDE: Final = 0
"""The `integration_id` of the account-wide list in `sync_state` and `quarantine`. Ids of integrations start at 1."""


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
    Column("identity", Text),  # digest of base URL and public key or client id; None until a run was accepted
    Column("first_synced_at", UtcDateTime, nullable=False),
    Column("last_synced_at", UtcDateTime),  # end of the last successful run
    Column("failed_at", UtcDateTime),  # end of the last run if it failed; None if it succeeded
    Column("error", Text),  # why the last run failed; None if it succeeded
    Column("pruned_before", UtcDateTime),  # older logs were pruned and are not stored again
)
"""One row per account in this store."""

integration: Final = Table(
    "integration",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("shop_name", Text),
    Column("shop_url", Text),
    Column("type", Text),
    Column("started_failing_at", UtcDateTime),
    Column("last_fetched_at", UtcDateTime),
    Column("listed_at", UtcDateTime, nullable=False),  # time of the last run that listed it
    Column("deleted_at", UtcDateTime),  # time when a run found it deleted; None if it exists
    Column("record", Text, nullable=False),  # the complete record as JSON, redacted
)
"""Integrations as last listed. Integrations that are no longer listed are kept."""

log: Final = Table(
    "log",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("integration_id", BigInteger),  # None if the account-wide list does not contain it
    Column("created_at", Text),  # as received, with its offset
    Column("created_at_utc", UtcDateTime),
    Column("exception_type", Text),
    Column("exception", Text),
    Column("response_code", BigInteger),
    Column("method", Text),
    Column("base_url", Text),
    Column("full_url", Text),
    Column("protected", Boolean),
    Column("problem_key", Text),  # fingerprint of the problem: see problem_keys.py
    Column("stored_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime),  # time when the stored content last changed; None if it never did
    Column("redaction_key", Text),  # fingerprint of the redaction rules of this row; None in rows of version 0.1.0
    Column("read_account_wide", Boolean, nullable=False, default=False),  # whether an account-wide pass has read it
    Column("read_by_integration", Boolean, nullable=False, default=False),  # the same for passes of its integration
    Column("record", Text, nullable=False),  # the complete record as JSON, redacted
    # The report reads only these two indexes. A column behind the large `record` would make SQLite read overflow pages.
    Index("log_by_integration", "account", "integration_id", "problem_key", "created_at_utc"),
    Index("log_by_time", "created_at_utc", "account", "integration_id", "problem_key"),
    Index("log_by_problem", "account", "problem_key", "created_at_utc"),
    # Empty after the migration, so it costs nothing. Without it, each start would search all logs for missing keys.
    Index(
        "log_without_problem_key",
        "account",
        "id",
        sqlite_where=text("problem_key IS NULL"),
        postgresql_where=text("problem_key IS NULL"),
    ),
)
"""One row per exception log. Log ids are unique within an account."""

problem: Final = Table(
    "problem",
    metadata,
    Column("account", Text, primary_key=True),
    Column("problem_key", Text, primary_key=True),
    Column("key_version", Integer, nullable=False),  # version of the algorithm of the key: see problem_keys.py
    Column("exception_type", Text),
    Column("response_code", BigInteger),
    Column("first_seen_at", UtcDateTime),  # None if no log of the problem has a creation time
    Column("last_seen_at", UtcDateTime),
)
"""One row per problem and account. A row is kept when the logs of the problem are pruned.

It has no text of a log, so a changed redaction rule does not have to be applied to it.
"""

quarantine: Final = Table(
    "quarantine",
    metadata,
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # log, integration, or page or integration_list: unreadable as a whole
    Column("integration_id", BigInteger, primary_key=True),  # 0 if unknown, and for account-wide
    Column("key", Text, primary_key=True),  # `id:` and the record's id, `sha256:` and a hash, or `page:` and a hash
    Column("error", Text, nullable=False),
    Column("field", Text, nullable=False),  # location in the response, such as data[3].created_at
    Column("page_cursor", Text),  # None for the first page
    Column("page_index", Integer),
    Column("created_at_utc", UtcDateTime),  # None if missing or invalid
    Column("quarantined_at", UtcDateTime, nullable=False),
    Column("read_account_wide", Boolean, nullable=False, default=False),  # as in the table `log`
    Column("read_by_integration", Boolean, nullable=False, default=False),
    Column("raw", Text, nullable=False),  # the record as JSON, or the body of the page as text, redacted
)
"""Records and pages that could not be decoded, each stored once. A page is deleted when it can be read."""

sync_state: Final = Table(
    "sync_state",
    metadata,
    Column("account", Text, primary_key=True),
    Column("integration_id", BigInteger, primary_key=True),  # 0 for the account-wide list
    Column("run_id", Text, nullable=False),  # id of the run that owns this row; other runs cannot update it
    Column("completed_at", UtcDateTime),  # None until the first pass is completed
    Column("complete_from", UtcDateTime),  # older logs may be missing; None if nothing is missing
    Column("full_pass_at", UtcDateTime),  # start of the last completed full pass
    Column("newest_first_by", Text),  # order found by the last full pass: id, created_at, both or none
    Column("newest_created_at", UtcDateTime),  # latest created_at that was read
    Column("page_size", Integer),  # page size of the last pass
    Column("cursor", Text),  # next page of the unfinished pass; None if no pass is unfinished
    Column("is_full_pass", Boolean),  # whether the unfinished pass reads up to the last page
    Column("pass_started_at", UtcDateTime),  # start of the unfinished pass; None if it began at a quarantined page
    Column("rewrites", Boolean),  # whether the unfinished pass applies changed redaction rules to stored rows
    Column("since", UtcDateTime),  # the unfinished pass skips older logs
    Column("lookback_until", UtcDateTime),  # the unfinished pass reads at least all logs created at or after this time
    Column("unchanged_pages", Integer),  # number of consecutive pages with nothing to store
    Column("last_id", BigInteger),  # id of the last record of the unfinished pass
    Column("last_created_at", UtcDateTime),
    Column("ids_descending", Boolean),  # no id was higher than the previous one
    Column("times_descending", Boolean),  # no created_at was later than the previous one
    Column("time_decreases", Integer),  # number of times created_at was earlier than the previous one
)
"""Sync state per list: the account-wide list, or the list of an integration.

It is written in one transaction with the records of each page. A pass is one iteration over a list, from the first page
on.
"""

report: Final = Table(
    "report",
    metadata,
    Column("name", Text, primary_key=True),
    Column("covered_until", UtcDateTime, nullable=False),  # the next report covers logs from this time on
)
"""End of the period of the last report, for `logs report --since last-report`."""

lease: Final = Table(
    "lease",
    metadata,
    Column("account", Text, primary_key=True),
    Column("run_id", Text, nullable=False),  # id of the run that is syncing the account
    Column("expires_at", UtcDateTime, nullable=False),  # by the clock of the database server
)
"""One row per account that is being synced. Used in PostgreSQL only: see run_lock.py."""
