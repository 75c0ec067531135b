"""The schema of a new SQLite store, copied from the first store of this process instead of migrated again.

Alembic takes longer than most tests that need a new store.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.engine import Connection

__all__ = ["CopiedSchema"]


class CopiedSchema:
    """Replaces the function that runs the migrations. Databases that are not empty, and PostgreSQL, are migrated.

    Args:
        migrate: Runs the migrations.
    """

    def __init__(self, migrate: Callable[[Connection], None]) -> None:
        self.migrate = migrate
        self._statements: list[str] = []

    def __call__(self, connection: Connection) -> None:
        """Create the schema in the database of a connection."""
        is_new = connection.dialect.name == "sqlite" and not _read_schema(connection)
        if is_new and self._statements:
            for statement in self._statements:
                connection.exec_driver_sql(statement)
            return
        self.migrate(connection)
        if is_new:
            revision = connection.scalar(text("SELECT version_num FROM sendcloud_sync_version"))
            insert = f"INSERT INTO sendcloud_sync_version VALUES ('{revision}')"
            self._statements = [*_read_schema(connection), insert]


def _read_schema(connection: Connection) -> list[str]:
    query = text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
    return [str(statement) for statement in connection.scalars(query)]
