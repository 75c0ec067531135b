"""Tests of COPY into PostgreSQL: conflicts with other runs, schemas, text that needs escapes, and database errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
import orjson
import pytest
from sqlalchemy import insert, select, text

from sendcloud_integrations_client.sync import LogStore, StoreError, account_writer, sync_logs
from sendcloud_integrations_client.sync.bulk_insert import copy_rows
from sendcloud_integrations_client.sync.schema import log
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.sync_servers import Listing, build_client


async def test_row_that_another_run_stores_in_between_is_updated(
    new_migrated_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = account_writer._compare_rows  # noqa: SLF001
    conflicts: list[int] = []

    async with LogStore(new_migrated_database()) as store:

        async def compare_and_conflict(*arguments: Any) -> Any:
            changes = await compare(*arguments)
            if not conflicts:
                conflicts.append(changes.new[0].id)
                row = {"account": "default", "id": conflicts[0], "stored_at": datetime.now(UTC), "record": "{}"}
                async with store.writing() as connection:
                    await connection.execute(insert(log), row)
            return changes

        monkeypatch.setattr(account_writer, "_compare_rows", compare_and_conflict)
        async with build_client(SimulatedSendcloud(integrations=2, logs=50)) as client:
            summary = await sync_logs(client, store, page_size=20)
        async with store.reading() as connection:
            rows = {row.id: row.record for row in await connection.execute(select(log.c.id, log.c.record))}
    assert (summary.error, summary.new) == (None, 49)
    assert len(rows) == 50
    assert {orjson.loads(record)["id"] for number, record in rows.items() if number not in conflicts} == (
        rows.keys() - set(conflicts)
    )


@pytest.mark.parametrize("schema", [None, 'Send "cloud"'])
async def test_text_with_special_characters_is_stored_unchanged(
    new_postgresql_database: Callable[[], str], schema: str | None
) -> None:
    texts = ["tab\tline\nreturn\rbackslash\\ \\N \\. quote\" 'x' é 東京 👩‍👩‍👧", "", "\\N", "\\."]
    logs = [
        {"id": number, "base_url": "https://shop.example", "exception": one, "created_at": None}
        for number, one in enumerate(texts, 1)
    ]
    async with LogStore(new_postgresql_database(), schema=schema) as store:
        async with build_client(Listing(lambda: logs)) as client:
            assert (await sync_logs(client, store)).new == len(texts)
        async with store.reading() as connection:
            found = list(await connection.scalars(select(log.c.exception).order_by(log.c.id)))
    assert found == texts


async def test_failure_of_the_driver_is_a_store_error(new_migrated_database: Callable[[], str]) -> None:
    row = {"account": "default", "id": 1, "stored_at": datetime.now(UTC), "record": "{}"}
    async with LogStore(new_migrated_database()) as store:
        await store.migrate()
        async with store.writing() as connection:
            await connection.execute(text("SELECT 1"))
            with pytest.raises(StoreError) as raised:
                await copy_rows(store, connection, log, [row | {"record": None}])
            assert not raised.value.is_temporary
        with pytest.raises(StoreError) as raised:  # noqa: PT012 - the end of the transaction must not hide the error
            async with store.writing() as connection:
                process = await connection.scalar(text("SELECT pg_backend_pid()"))
                async with store.maintaining() as other:
                    await other.execute(text("SELECT pg_terminate_backend(:process, 10000)"), {"process": process})
                await copy_rows(store, connection, log, [row])
        assert raised.value.is_temporary
        async with store.writing() as connection:  # a new connection
            await connection.execute(text("SELECT 1"))
            await copy_rows(store, connection, log, [row])


async def test_copy_on_a_lost_connection_is_an_error_that_can_pass(
    new_migrated_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 21; another operation (2) is in progress")

    monkeypatch.setattr(asyncpg.Connection, "copy_records_to_table", fail)
    async with LogStore(new_migrated_database()) as store, store.writing() as connection:
        with pytest.raises(StoreError, match="cannot switch to state 21") as caught:
            await copy_rows(store, connection, log, [{"account": "default", "id": 1}])
    assert caught.value.is_temporary
