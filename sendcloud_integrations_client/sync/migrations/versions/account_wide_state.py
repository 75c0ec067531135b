"""Add the state of the account-wide list, identities, problem keys and deleted integrations; rename by the glossary.

`LogStore.migrate` fills `problem_key` afterwards, in batches.
"""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Text, false, text, true

revision: Final = "0002"
down_revision: Final = "0001"

_TIMESTAMP: Final = DateTime(timezone=True)
_RENAMED_COLUMNS: Final = {
    "run": "run_id",
    "whole": "is_full_pass",
    "quiet_pages": "unchanged_pages",
    "ids_fall": "ids_descending",
    "times_fall": "times_descending",
    "time_falls": "time_decreases",
}


def upgrade() -> None:
    """Change all tables. Everything is one transaction, so an interrupted migration changes nothing."""
    op.add_column("account", Column("identity", Text))
    op.alter_column("integration", "seen_at", new_column_name="listed_at")
    op.add_column("integration", Column("deleted_at", _TIMESTAMP))
    _change_logs()
    # All records were read from the lists of their integrations until now.
    op.add_column("quarantine", Column("read_account_wide", Boolean, nullable=False, server_default=false()))
    op.add_column("quarantine", Column("read_by_integration", Boolean, nullable=False, server_default=true()))
    _change_sync_state()


def downgrade() -> None:
    """Raise, because an older version of the package cannot use the data of the account-wide list.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError


def _change_logs() -> None:
    # SQLite cannot make a column nullable, so Alembic copies the table there.
    with op.batch_alter_table("log") as table:
        table.alter_column("integration_id", existing_type=BigInteger, nullable=True)
        table.add_column(Column("problem_key", Text))
        table.add_column(Column("updated_at", _TIMESTAMP))
        table.add_column(Column("redaction_key", Text))
        table.add_column(Column("read_account_wide", Boolean, nullable=False, server_default=false()))
        table.add_column(Column("read_by_integration", Boolean, nullable=False, server_default=true()))
    op.create_index("log_by_problem", "log", ["account", "problem_key", "created_at_utc"])
    missing = text("problem_key IS NULL")
    op.create_index("log_without_problem_key", "log", ["account", "id"], sqlite_where=missing, postgresql_where=missing)


def _change_sync_state() -> None:
    op.rename_table("walk", "sync_state")
    for old, new in _RENAMED_COLUMNS.items():
        op.alter_column("sync_state", old, new_column_name=new)
    for column in (
        Column("full_pass_at", _TIMESTAMP),
        Column("newest_created_at", _TIMESTAMP),
        Column("page_size", Integer),
        Column("pass_started_at", _TIMESTAMP),
        Column("rewrites", Boolean),
        Column("lookback_until", _TIMESTAMP),
    ):
        op.add_column("sync_state", column)
    # Without these values, the next run would read each list completely.
    op.execute("UPDATE sync_state SET full_pass_at = completed_at")
    op.execute("UPDATE sync_state SET pass_started_at = CURRENT_TIMESTAMP WHERE cursor IS NOT NULL")
    op.execute(
        "UPDATE sync_state SET newest_created_at = (SELECT max(log.created_at_utc) FROM log "
        "WHERE log.account = sync_state.account AND log.integration_id = sync_state.integration_id)"
    )
