"""Inserts the new logs of a page, in the way that measures fastest for the database: see `benchmarks/drivers.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from sendcloud_integrations_client.sync.errors import StoreError

if TYPE_CHECKING:
    from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["RowConflictError", "build_array_insert", "copy_rows", "insert_rows"]


class RowConflictError(Exception):
    """Another run has stored one of the rows since they were compared; the transaction is no longer usable."""


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, except for those that exist.

    Args:
        connection: Connection with a transaction.
        table: The table.
        rows: The rows, which have the same columns.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    await connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))


async def copy_rows(store: LogStore, connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows with `COPY` in PostgreSQL, which needs two thirds of the CPU time of an `INSERT`.

    Args:
        store: The store.
        connection: Connection with a transaction, in which a statement was executed before.
        table: The table.
        rows: The rows, which have the same columns.

    Raises:
        RowConflictError: If one of the rows exists.
        StoreError: If the database cannot be used.
    """
    import asyncpg  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

    errors: Any = asyncpg
    driver: Any = (await connection.get_raw_connection()).driver_connection
    names = list(rows[0])
    try:
        await driver.copy_records_to_table(
            table.name, schema_name=store.schema, columns=names, records=[tuple(map(row.get, names)) for row in rows]
        )
    except errors.UniqueViolationError:
        raise RowConflictError from None
    except errors.InternalClientError as error:
        # The server has closed the connection in an earlier command, which asyncpg notices too late.
        raise StoreError(str(store.build_error(error)), is_temporary=True) from None
    except (errors.PostgresError, errors.InterfaceError) as error:
        raise store.build_error(error) from None


def build_array_insert(table: Table, columns: Sequence[str]) -> postgresql.Insert:
    """Return one `INSERT` of PostgreSQL for several rows, with one array per column as parameters.

    Args:
        table: The table.
        columns: Names of the columns, which are also the names of the parameters.
    """
    arrays = [bindparam(name, type_=ARRAY(table.c[name].type)) for name in columns]
    values = func.unnest(*arrays).table_valued(*columns).render_derived()
    return postgresql.insert(table).from_select(list(columns), select(values))
