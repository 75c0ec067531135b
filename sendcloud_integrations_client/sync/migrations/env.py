"""Alembic environment: runs migrations on the connection and in the transaction of `LogStore.migrate`."""

from __future__ import annotations

from alembic import context

from sendcloud_integrations_client.sync.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
