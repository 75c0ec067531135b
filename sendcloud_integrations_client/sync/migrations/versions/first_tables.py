"""Create the first version of the tables."""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Text

revision: Final = "0001"
down_revision: Final = None

_TIMESTAMP: Final = DateTime(timezone=True)


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "account",
        Column("name", Text, primary_key=True),
        Column("first_synced_at", _TIMESTAMP, nullable=False),
        Column("last_synced_at", _TIMESTAMP),
        Column("pruned_before", _TIMESTAMP),
    )
    op.create_table(
        "integration",
        Column("account", Text, primary_key=True),
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("shop_name", Text),
        Column("shop_url", Text),
        Column("type", Text),
        Column("started_failing_at", _TIMESTAMP),
        Column("last_fetched_at", _TIMESTAMP),
        Column("seen_at", _TIMESTAMP, nullable=False),
        Column("record", Text, nullable=False),
    )
    op.create_table(
        "log",
        Column("account", Text, primary_key=True),
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("integration_id", BigInteger, nullable=False),
        Column("created_at", Text),
        Column("created_at_utc", _TIMESTAMP),
        Column("exception_type", Text),
        Column("exception", Text),
        Column("response_code", BigInteger),
        Column("method", Text),
        Column("base_url", Text),
        Column("full_url", Text),
        Column("protected", Boolean),
        Column("stored_at", _TIMESTAMP, nullable=False),
        Column("record", Text, nullable=False),
    )
    op.create_index("log_by_integration", "log", ["account", "integration_id", "created_at_utc"])
    op.create_index("log_by_time", "log", ["created_at_utc"])
    op.create_table(
        "quarantine",
        Column("account", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("integration_id", BigInteger, primary_key=True, autoincrement=False),
        Column("key", Text, primary_key=True),
        Column("error", Text, nullable=False),
        Column("field", Text, nullable=False),
        Column("page_cursor", Text),
        Column("page_index", Integer),
        Column("created_at_utc", _TIMESTAMP),
        Column("quarantined_at", _TIMESTAMP, nullable=False),
        Column("raw", Text, nullable=False),
    )
    op.create_table(
        "walk",
        Column("account", Text, primary_key=True),
        Column("integration_id", BigInteger, primary_key=True, autoincrement=False),
        Column("run", Text, nullable=False),
        Column("completed_at", _TIMESTAMP),
        Column("complete_from", _TIMESTAMP),
        Column("newest_first_by", Text),
        Column("cursor", Text),
        Column("whole", Boolean),
        Column("since", _TIMESTAMP),
        Column("quiet_pages", Integer),
        Column("last_id", BigInteger),
        Column("last_created_at", _TIMESTAMP),
        Column("ids_fall", Boolean),
        Column("times_fall", Boolean),
        Column("time_falls", Integer),
    )


def downgrade() -> None:
    """Drop all tables with their data."""
    for name in ("walk", "quarantine", "log", "integration", "account"):
        op.drop_table(name)
