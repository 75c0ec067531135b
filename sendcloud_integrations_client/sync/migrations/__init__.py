"""Alembic's migrations of the store, one module a revision; `LogStore.migrate` runs them."""
