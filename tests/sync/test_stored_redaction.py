"""Tests of `redact_store` and of the command `logs redact`."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from typer.testing import CliRunner

from sendcloud_integrations_client.cli import application
from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.sync import DEFAULT_FIELDS, LogStore, Redaction, redact_store, sync_logs
from sendcloud_integrations_client.sync.problem_keys import build_problem_key
from sendcloud_integrations_client.sync.schema import log, problem, quarantine
from sendcloud_integrations_client.sync.stored_redaction import StoredRedactionSummary
from tests.support.stores import with_both_databases
from tests.support.sync_servers import Listing, build_client

LOGS: list[Any] = [
    *({"id": number, "base_url": "https://x", "exception": f"order {number}"} for number in range(1, 8)),
    {"id": 8, "base_url": "https://x", "full_url": "https://x/?token=S3CRET", "request": {"headers": {"Cookie": "S3"}}},
    {"id": 9, "base_url": "https://x", "exception": "Authorization=Bearer S3CRET"},
    {"id": 10, "base_url": 5, "exception": "password=S3CRET"},
    {"base_url": "https://x", "exception": "no id, password=S3CRET"},
]  # fmt: skip


async def sync(store: LogStore, redaction: Redaction | None) -> Any:
    async with build_client(Listing(lambda: LOGS)) as client:
        return await sync_logs(client, store, redaction=redaction)


async def read_everything(store: LogStore) -> list[str]:
    async with store.reading() as connection:
        logs = (await connection.execute(select(log).order_by(log.c.id))).mappings().all()
        quarantined = (await connection.execute(select(quarantine).order_by(quarantine.c.key))).mappings().all()
    ignored = {"stored_at": 0, "quarantined_at": 0, "redaction_key": 0}
    return [str(dict(row) | ignored) for row in (*logs, *quarantined)]


@with_both_databases
@pytest.mark.parametrize("batch_size", [3, *(pytest.param(size, marks=pytest.mark.long) for size in (1, 500))])
async def test_stored_secrets_are_replaced_in_batches(each_store: LogStore, batch_size: int) -> None:
    await sync(each_store, None)
    before = await read_everything(each_store)
    assert sum("S3CRET" in row for row in before) == 4
    progress: list[int] = []

    counted = await redact_store(each_store, batch_size=batch_size, dry_run=True)
    assert (counted.changed, counted.dry_run) == (4, True)
    assert await read_everything(each_store) == before

    summary = await redact_store(
        each_store, batch_size=batch_size, on_progress=lambda current: progress.append(current.checked)
    )
    assert summary.changed == 4
    assert summary.checked == counted.checked == progress[-1]
    assert len(progress) >= summary.checked / batch_size
    after = await read_everything(each_store)
    assert not any("S3CRET" in row for row in after)
    assert [row for row in before if "S3CRET" not in row] == [row for row in after if "[redacted]" not in row]
    assert (await redact_store(each_store)).changed == 0


async def test_problems_keep_no_secret(each_store: LogStore) -> None:
    logs = [
        {"id": 1, "base_url": "https://x", "exception_type": "Error(password=S3CRET)"},
        {"id": 2, "base_url": "https://x", "exception_type": "Timeout"},
    ]
    async with build_client(Listing(lambda: logs)) as client:
        await sync_logs(client, each_store, redaction=None)

    async def fetch_types() -> set[str]:
        async with each_store.reading() as connection:
            return set(await connection.scalars(select(problem.c.exception_type)))

    assert await fetch_types() == {"Error(password=S3CRET)", "Timeout"}
    await redact_store(each_store)
    types = await fetch_types()
    assert len(types) == 2
    assert "Timeout" in types
    assert not any("S3CRET" in one for one in types)


async def test_redacted_store_equals_one_that_was_redacted_by_the_sync(each_store: LogStore, tmp_path: Path) -> None:
    await sync(each_store, None)
    await redact_store(each_store)
    async with LogStore(tmp_path / "other.db") as other:
        await sync(other, Redaction())
        assert [json.loads(json.dumps(row)) for row in await read_everything(each_store)] == await read_everything(
            other
        )


async def test_later_sync_quarantines_no_record_twice(each_store: LogStore) -> None:
    await sync(each_store, None)
    await redact_store(each_store)
    await sync(each_store, Redaction())
    async with each_store.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(quarantine)) == 1


@with_both_databases
async def test_record_that_a_sync_stored_meanwhile_is_kept_once(each_store: LogStore) -> None:
    await sync(each_store, None)
    await sync(each_store, Redaction())
    async with each_store.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(quarantine)) == 2
    await redact_store(each_store)
    async with each_store.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(quarantine)) == 1


async def test_other_options_are_applied(each_store: LogStore) -> None:
    await sync(each_store, Redaction())
    summary = await redact_store(each_store, Redaction(fields=DEFAULT_FIELDS | {"base_url"}))
    assert summary.changed == 11


async def test_columns_of_secret_fields_are_redacted(each_store: LogStore, tmp_path: Path) -> None:
    redaction = Redaction(fields=DEFAULT_FIELDS | {"base_url", "exception"})
    await sync(each_store, None)
    await redact_store(each_store, redaction)
    async with LogStore(tmp_path / "other.db") as other:
        await sync(other, redaction)
        for store in (each_store, other):
            async with store.reading() as connection:
                rows = (await connection.execute(select(log.c.base_url, log.c.exception))).all()
            assert {row.base_url for row in rows} <= {"[redacted]", None}
            assert {row.exception for row in rows} <= {"[redacted]", None}


DAY = datetime(2024, 5, 1, tzinfo=UTC)


async def read_rows(store: LogStore, table: Any) -> dict[tuple[Any, ...], Any]:
    async with store.reading() as connection:
        rows = (await connection.execute(select(table))).all()
    return {tuple(getattr(row, column.name) for column in table.primary_key.columns): row for row in rows}


@pytest.mark.parametrize("batch_size", [1, 2, 4, 10_000])
async def test_rows_without_a_secret_are_unchanged(store: LogStore, batch_size: int) -> None:
    keys = [(name, number) for name in "abc" for number in (1, 2, 3)]
    secret = {("b", 2): "password=S3CRET"}
    common = {"stored_at": DAY, "redaction_key": "old", "problem_key": "old"}
    rows = [
        common | {"account": name, "id": number, "exception": text, "record": json.dumps({"exception": text})}
        for name, number in keys
        for text in [secret.get((name, number), "not found")]
    ]
    problems = [
        {"account": name, "problem_key": key, "key_version": 1, "exception_type": text}
        for name in "abc"
        for key, text in [("p", None), ("q", "password=S3CRET" if name == "b" else "Timeout"), ("r", "Timeout")]
    ]
    async with store.writing() as connection:
        await connection.execute(insert(log), rows)
        await connection.execute(insert(problem), problems)
    logs, before = await read_rows(store, log), await read_rows(store, problem)
    progress: list[tuple[int, int]] = []
    summary = await redact_store(
        store, batch_size=batch_size, on_progress=lambda found: progress.append((found.checked, found.changed))
    )
    assert summary == StoredRedactionSummary(checked=9, changed=1, dry_run=False)
    sizes = {1: range(1, 10), 2: [2, 4, 6, 8, 9], 4: [4, 8, 9], 10_000: [9]}[batch_size]
    assert progress == [(size, int(size >= 5)) for size in sizes]
    after = await read_rows(store, log)
    changed = after.pop(("b", 2))
    assert after == {key: row for key, row in logs.items() if key != ("b", 2)}
    assert (changed.exception, changed.redaction_key) == ("password=[redacted]", None)
    assert json.loads(changed.record) == {"exception": "password=[redacted]"}
    assert changed.problem_key == build_problem_key(None, None, "password=[redacted]", None, None)
    found = await read_rows(store, problem)
    assert found.keys() == (before.keys() - {("b", "q")}) | {("b", changed.problem_key)}


def hash_key(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


CLEAN = b'{"a":1,"password":"[redacted]"}'
SPACED = '{"a": 1, "password": "S3CRET"}'


@pytest.mark.parametrize(
    ("kind", "key", "raw", "expected_key", "expected_raw"),
    [
        ("log", "id:5", SPACED, "id:5", CLEAN.decode()),
        ("log", "sha256:x", SPACED, hash_key(CLEAN), CLEAN.decode()),
        ("log", "sha256:x", "password=S3CRET", hash_key(b"password=[redacted]"), "password=[redacted]"),
        ("integration", "sha256:x", SPACED, hash_key(CLEAN), CLEAN.decode()),
        (
            "integration",
            "sha256:x",
            '{"a":1,"last_fetched_at":"2024","password":"S3CRET"}',
            hash_key(CLEAN),
            '{"a":1,"last_fetched_at":"2024","password":"[redacted]"}',
        ),
        ("integration", "sha256:x", '["password=S3CRET"]', "sha256:x", '["password=[redacted]"]'),
        ("integration", "sha256:x", "password=S3CRET", "sha256:x", "password=[redacted]"),
        ("page", "page:x", SPACED, "page:x", CLEAN.decode()),
        ("integration_list", "page:x", f"{SPACED},", "page:x", '{"a": 1, "password": "[redacted]"},'),
        ("page", "page:x", '{"a": 1}', "page:x", '{"a": 1}'),
        ("log", "sha256:x", '{"a": 1}', "sha256:x", '{"a": 1}'),
    ],
)
async def test_quarantined_record_has_the_key_of_its_redacted_content(
    store: LogStore, kind: str, key: str, raw: str, expected_key: str, expected_raw: str
) -> None:
    row = {"kind": kind, "integration_id": 3, "quarantined_at": DAY, "field": "", "error": "no object"}
    rows = [row | {"account": name, "key": one, "raw": "{}"} for name in "abc" for one in (key, "other")]
    rows[2] |= {"raw": raw, "error": "password=S3CRET"}
    async with store.writing() as connection:
        await connection.execute(insert(quarantine), rows)
    before = await read_rows(store, quarantine)
    assert await redact_store(store) == StoredRedactionSummary(checked=6, changed=1, dry_run=False)
    after = await read_rows(store, quarantine)
    changed = after.pop(("b", kind, 3, expected_key))
    assert after == {one: row for one, row in before.items() if one != ("b", kind, 3, key)}
    assert (changed.raw, changed.error) == (expected_raw, "password=[redacted]")


@pytest.mark.parametrize("position", [("b", "log", 3), ("a", "log", 3), ("b", "integration", 3), ("b", "log", 2)])
async def test_quarantined_record_is_deleted_if_the_redacted_one_exists(
    store: LogStore, position: tuple[str, str, int]
) -> None:
    row = {"account": "b", "kind": "log", "integration_id": 3, "quarantined_at": DAY, "field": "", "error": ""}
    other = dict(zip(("account", "kind", "integration_id"), position, strict=True))
    redacted = row | other | {"key": hash_key(CLEAN), "raw": CLEAN.decode()}
    async with store.writing() as connection:
        await connection.execute(insert(quarantine), [row | {"key": "sha256:x", "raw": SPACED}, redacted])
    assert (await redact_store(store)).changed == 1
    after = await read_rows(store, quarantine)
    assert after.keys() == {("b", "log", 3, hash_key(CLEAN)), (*position, hash_key(CLEAN))}


@pytest.mark.parametrize("batch_size", [0, 10_001])
async def test_invalid_batch_size_is_rejected(batch_size: int, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="batch_size"):
        await redact_store(LogStore(tmp_path / "logs.db"), batch_size=batch_size)
    assert not (tmp_path / "logs.db").exists()


async def test_command_redacts_the_database(tmp_path: Path) -> None:
    database = tmp_path / "logs.db"
    async with LogStore(database) as store:
        await sync(store, None)
    redact = ["logs", "redact", "--database", str(database)]

    def run(*arguments: str) -> Any:
        import asyncio

        return asyncio.to_thread(CliRunner().invoke, application.app, arguments)

    result = await run(*redact, "--dry-run")
    assert (result.exit_code, "4 would be changed. Nothing was changed." in result.output) == (0, True)
    assert b"S3CRET" in database.read_bytes()
    result = await run(*redact, "--json", "--batch-size", "2")
    assert result.exit_code == 0
    counts = json.loads(result.stdout)
    assert (counts["changed"], counts["dry_run"]) == (4, False)
    result = await run(*redact, "--redact-field", "exception", "--personal-data")
    assert "changed." in result.output
    async with LogStore(database) as store:
        assert not any("S3CRET" in row for row in await read_everything(store))


def test_command_reports_a_missing_database(tmp_path: Path) -> None:
    result = CliRunner().invoke(application.app, ["logs", "redact", "--database", str(tmp_path / "none.db")])
    assert result.exit_code != 0
    assert "none.db does not exist. Check --database, or run logs sync first." in result.output
    assert list(tmp_path.iterdir()) == []
