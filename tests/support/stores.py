"""Selection of the databases that a test runs with."""

from __future__ import annotations

import pytest

__all__ = ["with_both_databases"]

with_both_databases = pytest.mark.parametrize("each_store_url", ["sqlite", "postgresql"], indirect=True)
"""Runs a test with the fixture `each_store` with both databases in `make test`, because its code differs between them.

All other tests with this fixture run with PostgreSQL in `make test-long` only.
"""
