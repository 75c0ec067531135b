"""Tests of what `AccountWriter` stores and returns for one account, without a client."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from sqlalchemy import insert, select

from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.account_writer import (
    AccountWriter,
    DryRunWriter,
    ListState,
    PageRecords,
    PassState,
    StoredCounts,
)
from sendcloud_integrations_client.sync.errors import AccountMismatchError, SyncSupersededError
from sendcloud_integrations_client.sync.list_order import ListOrder
from sendcloud_integrations_client.sync.records import InvalidRecord, LogRow
from sendcloud_integrations_client.sync.schema import account, integration, log, quarantine, sync_state
from sendcloud_integrations_client.sync.unfinished_writes import GRACE

DAY = datetime(2024, 5, 1, tzinfo=UTC)


def get_day(number: int) -> datetime:
    return DAY + timedelta(days=number)


def build_row(log_id: int, text: str = "a", key: str = "rules", integration_id: int | None = 4) -> LogRow:
    return LogRow(log_id, integration_id, DAY, key, IntegrationLog.from_dict({"id": log_id, "exception": text}), None)


def build_invalid(key: str, integration_id: int | None = None) -> InvalidRecord:
    return InvalidRecord(key, "broken", "id", None, None, None, "{}", integration_id)


async def store_page(
    writer: AccountWriter, integration_id: int | None = None, state: ListState | None = None, **records: Any
) -> StoredCounts:
    return await writer.store_page(integration_id, PageRecords(**records), lambda _: state)


async def get_rows(store: LogStore, table: Any) -> list[Any]:
    async with store.reading() as connection:
        return list((await connection.execute(select(table).order_by(*table.primary_key.columns))).all())


@pytest.fixture
async def writer(store: LogStore) -> AccountWriter:
    """A run that has claimed the account-wide list, and that of integration 4."""
    found = AccountWriter(store, "default", "run-1")
    await found.begin_run("me")
    await found.bind_account("me")
    for integration_id in (None, 4):
        await found.claim_list(integration_id)
    return found


UNFINISHED = PassState(
    cursor="abc",
    is_full_pass=True,
    page_size=37,
    since=get_day(1),
    lookback_until=get_day(2),
    pass_started_at=get_day(3),
    rewrites=True,
    unchanged_pages=2,
    order=ListOrder(
        last_id=17, last_created_at=get_day(4), ids_descending=False, times_descending=True, time_decreases=5
    ),
)
STATE = ListState(
    completed_at=get_day(5),
    complete_from=get_day(6),
    full_pass_at=get_day(7),
    newest_first_by="created_at",
    newest_created_at=get_day(8),
    page_size=37,
    unfinished_pass=UNFINISHED,
)


@pytest.mark.parametrize("integration_id", [None, 4])
@pytest.mark.parametrize(
    "state",
    [
        STATE,
        attrs.evolve(STATE, unfinished_pass=None, page_size=50),
        attrs.evolve(
            STATE,
            unfinished_pass=attrs.evolve(
                UNFINISHED,
                is_full_pass=False,
                rewrites=False,
                unchanged_pages=0,
                since=None,
                order=ListOrder(last_id=None, ids_descending=True, times_descending=False, time_decreases=0),
            ),
        ),
        ListState(),
    ],
    ids=["unfinished", "completed", "incremental", "empty"],
)
async def test_next_run_reads_the_state_that_a_run_stored(
    writer: AccountWriter, store: LogStore, state: ListState, integration_id: int | None
) -> None:
    await store_page(writer, integration_id, state)
    later = AccountWriter(store, "default", "run-2")
    assert await later.claim_list(integration_id) == state
    assert await later.claim_list(4 if integration_id is None else None) == ListState()
    assert await AccountWriter(store, "other", "run-3").claim_list(integration_id) == ListState()
    assert await DryRunWriter(store, "default", "run-4").claim_list(integration_id) == ListState()


async def test_page_without_a_new_state_keeps_the_stored_one(writer: AccountWriter, store: LogStore) -> None:
    await store_page(writer, None, STATE)
    await store_page(writer, None, None, rows=[build_row(1)])
    assert await AccountWriter(store, "default", "run-2").claim_list(None) == STATE


async def test_unfinished_pass_of_an_older_version_has_pages_of_100_records(
    writer: AccountWriter, store: LogStore
) -> None:
    await store_page(writer, None, STATE)
    async with store.writing() as connection:
        await connection.execute(sync_state.update().values(page_size=None, rewrites=None))
    state = await writer.claim_list(None)
    assert state.unfinished_pass is not None
    assert (state.page_size, state.unfinished_pass.page_size, state.unfinished_pass.rewrites) == (None, 100, False)


async def test_older_run_cannot_write_to_a_list_that_a_newer_run_claimed(
    writer: AccountWriter, store: LogStore
) -> None:
    await AccountWriter(store, "default", "run-2").claim_list(4)
    message = (
        r"The sync of account default stopped: a newer run took over integration 4\. "
        r"No data is lost, the newer run continues from here\."
    )
    with pytest.raises(SyncSupersededError, match=message):
        await store_page(writer, 4, STATE, rows=[build_row(1)])
    with pytest.raises(SyncSupersededError, match=message):
        await writer.claim_list(4)
    assert await get_rows(store, log) == []
    await store_page(writer, None, STATE, rows=[build_row(1)])  # the other list is still its own
    await AccountWriter(store, "default", "run-3").claim_list(None)
    with pytest.raises(SyncSupersededError, match="took over the list of all logs"):
        await store_page(writer, None, None)


@pytest.mark.parametrize("newer", ["run-0", "run-2"])
async def test_list_can_be_claimed_again_until_another_run_claims_it(
    writer: AccountWriter, store: LogStore, newer: str
) -> None:
    await store_page(writer, 4, STATE)
    await AccountWriter(store, "other", newer).claim_list(4)
    await AccountWriter(store, "default", newer).claim_list(None)
    assert await writer.claim_list(4) == STATE
    await AccountWriter(store, "default", newer).claim_list(4)
    with pytest.raises(SyncSupersededError):
        await writer.claim_list(4)
    with pytest.raises(SyncSupersededError):
        await store_page(writer, 4, STATE, rows=[build_row(1)])


async def test_counts_of_a_page_compare_it_with_the_store_and_with_the_list(
    writer: AccountWriter, store: LogStore
) -> None:
    first = await store_page(
        writer,
        rows=[build_row(1), build_row(2), build_row(3)],
        invalid_records=[build_invalid("a", 9), build_invalid("b", 9), build_invalid("b", 9), build_invalid("a")],
        unreadable_page=build_invalid("page:1"),
    )
    assert first == StoredCounts(
        new_ids=frozenset({1, 2, 3}),
        unread_ids=frozenset({1, 2, 3}),
        updated=0,
        quarantined=4,
        unread_invalid=4,
    )
    second = await store_page(
        writer,
        4,
        rows=[build_row(2), build_row(3, "changed"), build_row(4)],
        invalid_records=[build_invalid("c")],
        unreadable_page=build_invalid("page:1"),
    )
    assert second == StoredCounts(
        new_ids=frozenset({4}), unread_ids=frozenset({2, 3, 4}), updated=1, quarantined=2, unread_invalid=2
    )
    again = await store_page(writer, 4, rows=[build_row(2), build_row(5)], invalid_records=[build_invalid("c")])
    assert again == StoredCounts(
        new_ids=frozenset({5}), unread_ids=frozenset({5}), updated=0, quarantined=0, unread_invalid=0
    )
    rows = {row.id: row for row in await get_rows(store, log)}
    assert {number: (row.read_account_wide, row.read_by_integration) for number, row in rows.items()} == {
        1: (True, False),
        2: (True, True),
        3: (True, True),
        4: (False, True),
        5: (False, True),
    }
    assert [rows[3].exception, rows[2].updated_at] == ["changed", None]
    assert rows[3].updated_at >= rows[3].stored_at
    found = [(row.kind, row.integration_id, row.key) for row in await get_rows(store, quarantine)]
    assert sorted(found) == [
        ("log", 0, "a"),
        ("log", 4, "c"),
        ("log", 9, "a"),
        ("log", 9, "b"),
        ("page", 0, "page:1"),
        ("page", 4, "page:1"),
    ]


async def test_invalid_record_is_unread_once_per_kind_of_list(writer: AccountWriter) -> None:
    records = [build_invalid("a", 4), build_invalid("b", 4)]
    await store_page(writer, 4, invalid_records=records[:1])
    counts = await store_page(writer, None, invalid_records=records)
    assert (counts.quarantined, counts.unread_invalid) == (1, 2)
    counts = await store_page(writer, None, invalid_records=records)
    assert (counts.quarantined, counts.unread_invalid) == (0, 0)
    counts = await store_page(writer, 4, invalid_records=records)
    assert (counts.quarantined, counts.unread_invalid) == (0, 1)


@pytest.mark.parametrize(
    ("rewrites", "text", "updated", "key"),
    [
        (False, "a", 0, "rules"),
        (False, "b", 0, "rules"),  # the texts can differ because of the rules alone
        (None, "b", 0, "rules"),
        (True, "a", 0, "new rules"),
        (True, "b", 1, "new rules"),
    ],
)
async def test_other_redaction_rules_apply_to_stored_logs_only_on_request(
    writer: AccountWriter, store: LogStore, rewrites: bool | None, text: str, updated: int, key: str
) -> None:
    await store_page(writer, rows=[build_row(1), build_row(2)])
    options = {} if rewrites is None else {"rewrites": rewrites}
    counts = await store_page(writer, rows=[build_row(1, text, "new rules")], **options)
    assert (counts.updated, counts.new_ids) == (updated, frozenset())
    first, second = await get_rows(store, log)
    assert (first.redaction_key, first.exception) == (key, "b" if updated else "a")
    assert (second.redaction_key, second.exception, second.updated_at) == ("rules", "a", None)


async def test_integration_of_a_stored_log_is_completed_and_never_replaced(
    writer: AccountWriter, store: LogStore
) -> None:
    await store_page(writer, rows=[build_row(1, integration_id=None), build_row(2, integration_id=3)])
    await store_page(writer, rows=[build_row(1, integration_id=None), build_row(2, "b", integration_id=4)])
    assert [row.integration_id for row in await get_rows(store, log)] == [None, 3]
    await store_page(writer, rows=[build_row(1, integration_id=7), build_row(2, integration_id=None)])
    assert [row.integration_id for row in await get_rows(store, log)] == [7, 3]


async def test_superseded_pages_leave_the_quarantine_of_their_list(writer: AccountWriter, store: LogStore) -> None:
    for integration_id in (None, 4):
        for key in ("page:1", "page:2"):
            await store_page(writer, integration_id, unreadable_page=build_invalid(key))
    await store_page(writer, None, attrs.evolve(STATE, superseded_pages={"page:1"}))
    found = [(row.integration_id, row.key) for row in await get_rows(store, quarantine)]
    assert sorted(found) == [(0, "page:2"), (4, "page:1"), (4, "page:2")]
    assert (await writer.claim_list(None)).unreadable_pages == {"page:2": None}


async def test_integrations_that_are_no_longer_listed_are_recorded_as_deleted(
    writer: AccountWriter, store: LogStore
) -> None:
    def build(number: int, day: int) -> dict[str, Any]:
        return {"id": number, "shop_name": f"shop {number}", "listed_at": get_day(day), "record": "{}"}

    assert await writer.store_integrations([build(number, 1) for number in range(1, 5)], [], get_day(1), []) == 0
    assert await writer.get_known_integrations() == [1, 2, 3, 4]
    invalid = [build_invalid("id:3"), build_invalid("id:9")]
    assert await writer.store_integrations([build(2, 2)], invalid, get_day(2), [3]) == 2
    assert await writer.get_known_integrations() == [2, 3]
    assert [row.deleted_at for row in await get_rows(store, integration)] == [get_day(2), None, None, get_day(2)]
    assert await writer.store_integrations([], invalid, get_day(3), [3]) == 0
    assert await writer.get_known_integrations() == [3]
    assert [row.deleted_at for row in await get_rows(store, integration)] == [
        get_day(2),  # the first time counts
        get_day(3),
        None,
        get_day(2),
    ]
    assert await writer.mark_deleted(3)
    assert not await writer.mark_deleted(8)
    assert await writer.get_known_integrations() == []
    await writer.store_integrations([build(1, 4)], [], get_day(4), [])
    assert await writer.get_known_integrations() == [1]
    assert await AccountWriter(store, "other", "run-2").get_known_integrations() == []


async def test_unreadable_list_of_integrations_is_quarantined_until_it_is_readable(
    writer: AccountWriter, store: LogStore
) -> None:
    assert [await writer.store_unreadable_list(build_invalid("page:first")) for _ in range(2)] == [1, 0]
    assert [(row.kind, row.integration_id) for row in await get_rows(store, quarantine)] == [("integration_list", 0)]
    await writer.store_integrations([], [], get_day(1), [])
    assert await get_rows(store, quarantine) == []


async def test_account_belongs_to_the_credentials_of_its_first_run(writer: AccountWriter, store: LogStore) -> None:
    assert await writer.begin_run("me") is None
    for call in (writer.begin_run, writer.bind_account):
        with pytest.raises(AccountMismatchError):
            await call("you")
    assert [(row.name, row.identity) for row in await get_rows(store, account)] == [("default", "me")]
    await AccountWriter(store, "second", "run-2").bind_account("me")
    await AccountWriter(store, "first", "run-2").bind_account("me")
    await AccountWriter(store, "third", "run-2").bind_account("you")
    assert await writer.find_accounts_with("me") == ["first", "second"]
    assert await writer.find_accounts_with("nobody") == []


async def test_failed_run_is_recorded_until_a_run_succeeds(writer: AccountWriter, store: LogStore) -> None:
    await AccountWriter(store, "other", "run-2").bind_account("other")
    await writer.fail_run("no network")
    row, other = await get_rows(store, account)
    assert (row.error, row.last_synced_at, other.error, other.failed_at) == ("no network", None, None, None)
    assert row.failed_at >= row.first_synced_at
    await writer.complete_run()
    after, other = await get_rows(store, account)
    assert (after.error, after.failed_at, other.last_synced_at) == (None, None, None)
    assert after.last_synced_at >= row.failed_at


async def test_write_in_progress_is_completed_before_a_cancellation(writer: AccountWriter, store: LogStore) -> None:
    task: asyncio.Task[Any]

    def cancel(_: StoredCounts) -> ListState:
        task.cancel()
        return STATE

    task = asyncio.create_task(writer.store_page(None, PageRecords(rows=[build_row(1)]), cancel))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [row.id for row in await get_rows(store, log)] == [1]
    assert await writer.claim_list(None) == STATE


async def test_dry_run_counts_each_record_of_a_list_once_and_stores_nothing(
    writer: AccountWriter, store: LogStore
) -> None:
    await store_page(writer, rows=[build_row(1)], invalid_records=[build_invalid("a")])
    before = [await get_rows(store, table) for table in (log, quarantine, sync_state, account)]
    dry = DryRunWriter(store, "default", "run-2")
    assert await dry.begin_run("me") is None
    await dry.bind_account("me")
    for integration_id in (None, 4):
        await dry.claim_list(integration_id)
    page = {
        "rows": [build_row(1, "changed"), build_row(2)],
        "invalid_records": [build_invalid("a"), build_invalid("b")],
        "unreadable_page": build_invalid("page:1"),
    }
    assert await store_page(dry, None, STATE, **page) == StoredCounts(
        new_ids=frozenset({2}), unread_ids=frozenset({2}), updated=1, quarantined=2, unread_invalid=2
    )
    assert await store_page(dry, None, STATE, **page | {"rows": [build_row(2), build_row(3)]}) == StoredCounts(
        new_ids=frozenset({3}), unread_ids=frozenset({3}), updated=0, quarantined=0, unread_invalid=0
    )
    counts = await store_page(dry, 4, STATE, rows=[build_row(1), build_row(2)], invalid_records=[build_invalid("a")])
    assert counts == StoredCounts(
        new_ids=frozenset({2}), unread_ids=frozenset({1, 2}), updated=0, quarantined=1, unread_invalid=1
    )
    assert await dry.store_integrations([], [build_invalid("x"), build_invalid("x")], DAY, []) == 1
    assert await dry.store_unreadable_list(build_invalid("page:first")) == 1
    assert not await dry.mark_deleted(4)
    await dry.complete_run()
    await dry.fail_run("no network")
    dry.release_list(None)
    assert [await get_rows(store, table) for table in (log, quarantine, sync_state, account)] == before


async def test_dry_run_without_a_store_counts_everything_as_new(tmp_path: Any) -> None:
    async with LogStore(tmp_path / "missing.db") as store:
        dry = DryRunWriter(store, "default", "run-1")
        assert await dry.begin_run("me") is None
        assert await dry.find_accounts_with("me") == []
        assert await dry.get_known_integrations() == []
        assert await dry.claim_list(None) == ListState()
        page = {
            "rows": [build_row(1)],
            "invalid_records": [build_invalid("a"), build_invalid("a"), build_invalid("b")],
            "unreadable_page": build_invalid("page:1"),
        }
        everything = StoredCounts(
            new_ids=frozenset({1}), unread_ids=frozenset({1}), updated=0, quarantined=3, unread_invalid=3
        )
        assert await store_page(dry, None, STATE, **page) == everything
        again = await store_page(dry, None, STATE, **page)
        assert (again.new_ids, again.quarantined, again.unread_invalid) == (frozenset(), 0, 0)
        assert await dry.store_integrations([], [build_invalid("x"), build_invalid("x")], DAY, []) == 1
        assert await dry.store_unreadable_list(build_invalid("page:first")) == 1
    assert not (tmp_path / "missing.db").exists()


async def test_write_has_a_time_limit_in_postgresql_only(store: LogStore) -> None:
    assert AccountWriter(store, "default", "run-1").grace is None
    assert AccountWriter(LogStore("postgresql://name@host/logs"), "default", "run-1").grace == GRACE == 3.0


NEIGHBOURS = [
    (name, kind, number, key)
    for name in ("a", "default", "z")
    for kind in ("integration", "log", "page")
    for number in (3, 4, 5)
    for key in ("h", "i", "j")
]
"""Keys in the quarantine around that of one invalid record, which is smaller than some and larger than others."""

INVALID = ("default", "log", 4, "i")


async def store_neighbours(store: LogStore, **values: Any) -> None:
    names = ("account", "kind", "integration_id", "key")
    common = {"error": "", "field": "", "quarantined_at": DAY, "raw": "", **values}
    rows = [common | dict(zip(names, key, strict=True)) for key in NEIGHBOURS if key != INVALID]
    async with store.writing() as connection:
        await connection.execute(insert(quarantine), rows)


async def get_quarantined(store: LogStore) -> dict[tuple[str, str, int, str], tuple[bool, bool]]:
    """Return which kinds of list have read each record of the quarantine: the account-wide one, and others."""
    return {
        (row.account, row.kind, row.integration_id, row.key): (row.read_account_wide, row.read_by_integration)
        for row in await get_rows(store, quarantine)
    }


@pytest.mark.parametrize("is_read", [False, True])
async def test_invalid_record_is_one_entry_of_the_quarantine(
    writer: AccountWriter, store: LogStore, is_read: bool
) -> None:
    await store_neighbours(store, **({"read_account_wide": True} if is_read else {}))
    others = await get_quarantined(store)
    assert set(others.values()) == {(is_read, False)}
    counts = await store_page(writer, 4, invalid_records=[build_invalid("i")])
    assert (counts.quarantined, counts.unread_invalid) == (1, 1)
    assert await get_quarantined(store) == others | {INVALID: (False, True)}
    counts = await store_page(writer, None, invalid_records=[build_invalid("i", 4)])
    assert (counts.quarantined, counts.unread_invalid) == (0, 1)
    assert await get_quarantined(store) == others | {INVALID: (True, True)}
    counts = await store_page(writer, None, invalid_records=[build_invalid("i", 4)])
    assert (counts.quarantined, counts.unread_invalid) == (0, 0)


@pytest.mark.parametrize("integration_id", [None, 4])
async def test_only_superseded_pages_of_the_list_are_deleted(
    writer: AccountWriter, store: LogStore, integration_id: int | None
) -> None:
    await store_neighbours(store)
    for number in (None, 4):
        await store_page(writer, number, unreadable_page=build_invalid("i"))
    before = await get_quarantined(store)
    await store_page(writer, integration_id, attrs.evolve(STATE, superseded_pages={"i"}))
    assert before.keys() - (await get_quarantined(store)).keys() == {("default", "page", integration_id or 0, "i")}


async def test_pages_in_the_quarantine_belong_to_one_list(writer: AccountWriter, store: LogStore) -> None:
    await store_neighbours(store, page_cursor="abc")
    assert (await writer.claim_list(4)).unreadable_pages == {"h": "abc", "i": "abc", "j": "abc"}
    assert (await writer.claim_list(None)).unreadable_pages == {}
    await store_page(writer, None, unreadable_page=build_invalid("first"))
    assert (await writer.claim_list(None)).unreadable_pages == {"first": None}
    async with store.writing() as connection:
        await connection.execute(quarantine.delete().where(quarantine.c.account == "default"))
    assert (await writer.claim_list(4)).unreadable_pages == {}


async def test_page_changes_the_logs_of_its_account_only(store: LogStore) -> None:
    for name in ("a", "default", "z"):
        found = AccountWriter(store, name, "run-1")
        await found.claim_list(None)
        await found.claim_list(4)
        rows = [build_row(number, integration_id=None) for number in (1, 2, 3)]
        await store_page(found, None, rows=rows)
    before = {(row.account, row.id): row for row in await get_rows(store, log)}
    writer = AccountWriter(store, "default", "run-2")
    await writer.claim_list(4)
    await store_page(writer, 4, STATE, rows=[build_row(2, "changed", integration_id=7)])
    after = {(row.account, row.id): row for row in await get_rows(store, log)}
    changed = after.pop(("default", 2))
    assert after == {key: row for key, row in before.items() if key != ("default", 2)}
    assert (changed.exception, changed.integration_id, changed.read_by_integration) == ("changed", 7, True)
    states = {(row.account, row.integration_id): (row.run_id, row.cursor) for row in await get_rows(store, sync_state)}
    expected = {(name, number): ("run-1", None) for name in ("a", "default", "z") for number in (0, 4)}
    assert states == expected | {("default", 4): ("run-2", "abc")}


async def test_run_is_recorded_for_its_account_only(store: LogStore) -> None:
    for name in ("a", "default", "z"):
        await AccountWriter(store, name, "run-1").bind_account(name)
    writer = AccountWriter(store, "default", "run-2")
    await writer.fail_run("no network")
    assert [row.error for row in await get_rows(store, account)] == [None, "no network", None]
    await writer.complete_run()
    assert [row.error for row in await get_rows(store, account)] == [None, None, None]
    assert [row.last_synced_at is None for row in await get_rows(store, account)] == [True, False, True]
    async with store.writing() as connection:
        await connection.execute(account.update().values(identity=None, pruned_before=None))
        await connection.execute(account.update().where(account.c.name == "default").values(pruned_before=DAY))
    await writer.bind_account("you")
    assert [row.identity for row in await get_rows(store, account)] == [None, "you", None]
    assert [await AccountWriter(store, name, "x").begin_run("you") for name in ("a", "default", "z")] == [
        None,
        DAY,
        None,
    ]


async def test_integrations_of_other_accounts_are_unchanged(store: LogStore) -> None:
    row = {"id": 5, "shop_name": "shop", "listed_at": DAY, "record": "{}"}
    writers = {name: AccountWriter(store, name, "run-1") for name in ("a", "default", "z")}
    for writer in writers.values():
        await writer.store_integrations([row, row | {"id": 4}, row | {"id": 6}], [], DAY, [])
    assert await writers["default"].mark_deleted(5)
    assert not await writers["default"].mark_deleted(7)
    assert await writers["default"].get_known_integrations() == [4, 6]
    await writers["default"].store_integrations([], [], get_day(1), [6])
    assert {name: await writer.get_known_integrations() for name, writer in writers.items()} == {
        "a": [4, 5, 6],
        "default": [6],
        "z": [4, 5, 6],
    }


async def test_deleted_integration_keeps_the_time_of_its_deletion(writer: AccountWriter, store: LogStore) -> None:
    await writer.store_integrations([{"id": 5, "listed_at": DAY, "record": "{}"}], [], DAY, [])
    await writer.store_integrations([], [], get_day(1), [])
    assert await writer.mark_deleted(5)
    assert [row.deleted_at for row in await get_rows(store, integration)] == [get_day(1)]


async def test_record_that_was_read_from_another_list_is_not_new(writer: AccountWriter, store: LogStore) -> None:
    row = {"account": "default", "integration_id": 0, "error": "", "field": "", "quarantined_at": DAY, "raw": ""}
    keys = [("integration_list", "page:first"), ("integration", "id:3"), ("integration", "id:4")]
    async with store.writing() as connection:
        await connection.execute(insert(quarantine), [row | {"kind": kind, "key": key} for kind, key in keys])
    invalid = [build_invalid("id:3"), build_invalid("id:5")]
    dry = DryRunWriter(store, "default", "run-2")
    await dry.begin_run("me")
    for one in (dry, writer):
        assert await one.store_unreadable_list(build_invalid("page:first")) == 0
        assert await one.store_integrations([], invalid, DAY, []) == 1
    assert {key: found for key, found in (await get_quarantined(store)).items() if key[1] == "integration"} == {
        ("default", "integration", 0, "id:3"): (True, False),
        ("default", "integration", 0, "id:4"): (False, False),
        ("default", "integration", 0, "id:5"): (True, False),
    }


async def test_log_is_unread_unless_a_run_has_read_it(store: LogStore) -> None:
    async with store.writing() as connection:
        await connection.execute(insert(log), {"account": "default", "id": 1, "stored_at": DAY, "record": "{}"})
    assert [(row.read_account_wide, row.read_by_integration) for row in await get_rows(store, log)] == [(False, False)]


async def test_time_of_sqlite_is_that_of_this_machine(writer: AccountWriter) -> None:
    before = datetime.now(UTC)
    found = writer.get_time()
    assert before <= found <= datetime.now(UTC)
