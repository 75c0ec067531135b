"""Alembic migrations of the store, one module per revision. `LogStore.migrate` runs them."""
