"""Tests of problem keys: which logs are the same problem."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from sendcloud_integrations_client.sync import LogStore, problem_keys
from sendcloud_integrations_client.sync.problem_keys import (
    PROBLEM_KEY_VERSION,
    build_endpoint_template,
    build_problem_key,
    clear_outdated_problem_keys,
    fill_problem_keys,
    normalize_message,
    store_problems,
)
from sendcloud_integrations_client.sync.schema import log, problem
from tests.support.stores import with_both_databases


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Order 17 not found", "Order 4711 not found"),
        ("timeout  after 30.5s", "Timeout after 3s\n"),
        ("GET https://a.example/x?y=1 failed", "GET https://b.example/z failed"),
        ("id 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "id 123e4567-e89b-12d3-a456-426614174000"),
        ("at 2024-05-01T00:30:00+02:00", "at 2023-01-01T10:30:00Z"),
        ("Failed to resolve shop.example.com", "failed to resolve www.other-shop.example"),
        ("HTTPSConnectionPool(host='a.example', port=443)", "HTTPSConnectionPool(host='b.c.example', port=443)"),
        ("no user jo@example.com", "no user max.x+y@example.org"),
    ],
)
def test_messages_that_differ_in_variable_parts_are_equal(first: str, second: str) -> None:
    assert normalize_message(first) == normalize_message(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Read timed out", "Connection refused"), ("field name", "field email"), ("a.b", "Read"), ("", "x")],
)
def test_different_messages_stay_different(first: str, second: str) -> None:
    assert normalize_message(first) != normalize_message(second)


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("get", "https://shop.example/api/v3/orders/17?key=1#x", "GET /api/v3/orders/{}"),
        ("POST", "https://shop.example/admin/2024-01/orders/ab12cd.json", "POST /admin/{}/orders/{}"),
        ("GET", "/orders", "GET /orders"),
        ("GET", "https://shop.example", "GET "),
        ("", "", " "),
        ("GET", "https://shop.example/" + "a" * 40, "GET /" + "a" * 40),
        ("GET", "https://shop.example/" + "a" * 41, "GET /{}"),
        ("GET", "https://shop.example/v123/v1234/V2/x2", "GET /v123/{}/V2/{}"),
        ("GET", "https://a/b?c=https://d/e", "GET /b"),
        ("GET", "/a#b?c", "GET /a"),
    ],
)
def test_endpoint_template_replaces_ids(method: str, url: str, expected: str) -> None:
    assert build_endpoint_template(method, url) == expected


BASE: dict[str, Any] = {
    "exception_type": "NotFound",
    "response_code": 404,
    "exception": "Order 1 not found",
    "method": "GET",
    "full_url": "https://shop.example/orders/1",
}


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"exception": "Order 2 not found", "full_url": "https://other.example/orders/2"}, True),
        ({"exception_type": "Timeout"}, False),
        ({"response_code": 500}, False),
        ({"response_code": None}, False),
        ({"exception": "No order"}, False),
        ({"method": "PUT"}, False),
        ({"full_url": "https://shop.example/products/1"}, False),
    ],
)
def test_problem_key_depends_on_type_status_message_and_endpoint(changes: dict[str, Any], is_same: bool) -> None:
    assert (build_problem_key(**BASE) == build_problem_key(**BASE | changes)) == is_same


_text = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(_text, st.none() | st.integers(-(2**63), 2**63 - 1), _text, _text, _text)
def test_problem_key_exists_for_any_text(
    kind: str | None, status: int | None, message: str | None, method: str | None, url: str | None
) -> None:
    key = build_problem_key(kind, status, message, method, url)
    assert (len(key), int(key, 16) >= 0) == (32, True)
    assert normalize_message(normalize_message(message or "")) == normalize_message(message or "")


def test_long_message_is_normalized_in_linear_time() -> None:
    assert normalize_message("a" * 10_000_000) == "a" * 2_000


DAY = datetime(2024, 5, 1, tzinfo=UTC)


def build_row(key: str, day: int | None, kind: str = "Timeout", status: int | None = 504) -> dict[str, Any]:
    created_at = None if day is None else DAY + timedelta(days=day)
    return {"problem_key": key, "created_at_utc": created_at, "exception_type": kind, "response_code": status}


async def get_days(store: LogStore) -> dict[str, tuple[int | None, int | None]]:
    """Return the days on which each problem was first and last seen, by account and key."""
    async with store.reading() as connection:
        rows = (await connection.execute(select(problem))).all()
    return {
        f"{row.account} {row.problem_key}": (
            None if row.first_seen_at is None else (row.first_seen_at - DAY).days,
            None if row.last_seen_at is None else (row.last_seen_at - DAY).days,
        )
        for row in rows
    }


@with_both_databases
async def test_problem_has_the_times_at_which_it_was_first_and_last_seen(each_store: LogStore) -> None:
    await each_store.migrate()
    pages: list[tuple[str, list[dict[str, Any]], dict[str, tuple[int | None, int | None]]]] = [
        ("a", [], {}),
        ("a", [build_row("y", None), build_row("x", None)], {"a x": (None, None), "a y": (None, None)}),
        ("a", [build_row("x", 5), build_row("x", None), build_row("x", 3), build_row("x", 4)], {"a x": (3, 5)}),
        ("a", [build_row("x", 4), build_row("y", None)], {}),
        ("a", [build_row("x", None)], {}),
        ("b", [build_row("x", 9), build_row("x", 9)], {"b x": (9, 9)}),
        ("a", [build_row("x", 6)], {"a x": (3, 6)}),
        ("a", [build_row("x", 2)], {"a x": (2, 6)}),
        ("a", [build_row("y", 1, "other kind", 500), build_row("z", 8)], {"a y": (1, 1), "a z": (8, 8)}),
    ]
    expected: dict[str, tuple[int | None, int | None]] = {}
    for account, rows, changes in pages:
        async with each_store.writing() as connection:
            await store_problems(connection, account, rows)
        expected |= changes
        assert await get_days(each_store) == expected
    async with each_store.reading() as connection:
        found = (await connection.execute(select(problem))).all()
    assert {(row.exception_type, row.response_code, row.key_version) for row in found} == {
        ("Timeout", 504, PROBLEM_KEY_VERSION)
    }


@pytest.mark.parametrize("version", [PROBLEM_KEY_VERSION - 1, PROBLEM_KEY_VERSION, PROBLEM_KEY_VERSION + 1])
async def test_keys_of_another_version_are_cleared(store: LogStore, version: int) -> None:
    keys = [(account, key) for account in "abc" for key in "xyz"]
    async with store.writing() as connection:
        for account, key in keys:
            await store_problems(connection, account, [build_row(key, 1)])
            row = {"account": account, "id": ord(key), "stored_at": DAY, "record": "{}", "problem_key": key}
            await connection.execute(insert(log), row)
        is_changed = (problem.c.account == "b") & (problem.c.problem_key == "y")
        await connection.execute(problem.update().where(is_changed).values(key_version=version))
        is_outdated = version != PROBLEM_KEY_VERSION
        assert await clear_outdated_problem_keys(connection) == is_outdated
        assert not await clear_outdated_problem_keys(connection)
        logs = (await connection.execute(select(log.c.account, log.c.id, log.c.problem_key))).all()
    cleared = ("b", "y") if is_outdated else None
    assert sorted(await get_days(store)) == [f"{account} {key}" for account, key in keys if (account, key) != cleared]
    assert {(row.account, chr(row.id)): row.problem_key for row in logs} == {
        pair: None if pair == cleared else pair[1] for pair in keys
    }


@pytest.mark.parametrize("batch", [1, 3, 2000])
async def test_missing_keys_are_filled_in_from_the_columns_of_each_log(
    store: LogStore, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(problem_keys, "_BATCH_ROWS", batch)
    logs = [("a", 1, "not found"), ("a", 2, "gone"), ("b", 1, "lost"), ("b", 2, "broken")]
    rows = [
        BASE | {"account": account, "id": number, "stored_at": DAY, "record": "{}", "exception": message}
        for account, number, message in logs
    ]
    async with store.writing() as connection:
        await connection.execute(
            insert(log), [row | {"created_at_utc": DAY + timedelta(days=row["id"])} for row in rows]
        )
        counts = [await fill_problem_keys(connection) for _ in range(5)]
        assert counts == {1: [1, 1, 1, 1, 0], 3: [3, 1, 0, 0, 0], 2000: [4, 0, 0, 0, 0]}[batch]
        found = (await connection.execute(select(log))).all()
    expected = {
        (row["account"], row["id"]): build_problem_key(**BASE | {"exception": row["exception"]}) for row in rows
    }
    assert {(row.account, row.id): row.problem_key for row in found} == expected
    assert await get_days(store) == {f"{account} {key}": (day, day) for (account, day), key in expected.items()}
    async with store.reading() as connection:
        problems = (await connection.execute(select(problem))).all()
    assert {(row.exception_type, row.response_code) for row in problems} == {("NotFound", 404)}


async def test_a_batch_has_2000_logs(store: LogStore) -> None:
    row = {"account": "a", "stored_at": DAY, "record": "{}"}
    async with store.writing() as connection:
        await connection.execute(insert(log), [row | {"id": number} for number in range(2_001)])
        assert [await fill_problem_keys(connection) for _ in range(3)] == [2_000, 1, 0]
