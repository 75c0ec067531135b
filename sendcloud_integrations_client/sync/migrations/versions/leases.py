"""Add leases, which show that a run is syncing an account."""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import Column, DateTime, Text

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "lease",
        Column("account", Text, primary_key=True),
        Column("run_id", Text, nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("lease")
