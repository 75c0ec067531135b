"""Add problems, the result of the last run of an account, and the state of reports.

`LogStore.migrate` fills the table `problem` afterwards, in batches, together with `log.problem_key`.
"""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import BigInteger, Column, DateTime, Integer, Text

revision: Final = "0003"
down_revision: Final = "0002"

_TIMESTAMP: Final = DateTime(timezone=True)


def upgrade() -> None:
    """Change all tables. Everything is one transaction, so an interrupted migration changes nothing."""
    op.add_column("account", Column("failed_at", _TIMESTAMP))
    op.add_column("account", Column("error", Text))
    op.create_table(
        "problem",
        Column("account", Text, primary_key=True),
        Column("problem_key", Text, primary_key=True),
        Column("key_version", Integer, nullable=False),
        Column("exception_type", Text),
        Column("response_code", BigInteger),
        Column("first_seen_at", _TIMESTAMP),
        Column("last_seen_at", _TIMESTAMP),
    )
    op.create_table(
        "report",
        Column("name", Text, primary_key=True),
        Column("covered_until", _TIMESTAMP, nullable=False),
    )
    # The rows of `problem` are filled in for logs without a key.
    op.execute("UPDATE log SET problem_key = NULL WHERE problem_key IS NOT NULL")
    op.drop_index("log_by_integration", "log")
    op.create_index("log_by_integration", "log", ["account", "integration_id", "problem_key", "created_at_utc"])
    op.drop_index("log_by_time", "log")
    op.create_index("log_by_time", "log", ["created_at_utc", "account", "integration_id", "problem_key"])


def downgrade() -> None:
    """Drop the new tables and columns with their data."""
    op.drop_index("log_by_integration", "log")
    op.create_index("log_by_integration", "log", ["account", "integration_id", "created_at_utc"])
    op.drop_index("log_by_time", "log")
    op.create_index("log_by_time", "log", ["created_at_utc"])
    op.drop_table("report")
    op.drop_table("problem")
    op.drop_column("account", "error")
    op.drop_column("account", "failed_at")
