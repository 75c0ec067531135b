"""Tests of pages and integrations that the sync cannot read, and of unusual text in records."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from sendcloud_integrations_client import InvalidInputError, ResponseDecodeError, RetryPolicy
from sendcloud_integrations_client.sync import LogStore, SyncProgress, SyncSummary, sync_accounts, sync_logs
from sendcloud_integrations_client.sync.retries import MAX_REREADS, build_retry_policy
from sendcloud_integrations_client.sync.schema import account, integration, log, quarantine, sync_state
from tests.support.stores import with_both_databases
from tests.support.sync_servers import BASE_URL, build_client

HTML = "<html><title>Maintenance</title>\0 password=hush</html>"
READS = 1 + MAX_REREADS
OPTIONS: dict[str, Any] = {"page_size": 10, "source": "integrations", "lookback": timedelta(0)}


class Server:
    """Server with two integrations; integration 1 has logs, newest first.

    Args:
        ids: Ids of the logs in the order of the list. The test can change it.
        cursors: `offset`: cursors are positions, which shift when logs are created. `id`: a page begins with the first
            log after that id, as with cursors that are timestamps.

    Attributes:
        broken: Ids of logs; a page that contains one of them is `body`.
        times: Number of times that broken pages are sent; None for ever.
        has_link: Whether broken pages have a `Link` header.
        body: Body of broken pages.
        encoding: Content encoding of broken pages; empty for none.
        integrations: Body of the list of integrations.
        integrations_encoding: Content encoding of the list of integrations; empty for none.
        requests: Cursors of the requested pages of logs.
    """

    def __init__(self, ids: list[int], cursors: str = "id") -> None:
        self.ids = ids
        self.cursors = cursors
        self.broken: set[int] = set()
        self.times: int | None = None
        self.has_link = True
        self.body: bytes = HTML.encode()
        self.encoding = b""
        self.integrations_encoding = b""
        self.integrations: bytes = b'{"data": [{"id": 1, "shop_name": "One"}]}'
        self.requests: list[str | None] = []
        self.list_requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        if scope["path"].endswith("/logs"):
            content = self.build_page(httpx.QueryParams(scope["query_string"].decode()), headers)
        else:
            self.list_requests += 1
            content = self.integrations
            headers += [(b"content-encoding", self.integrations_encoding)] * bool(self.integrations_encoding)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def build_page(self, query: httpx.QueryParams, headers: list[tuple[bytes, bytes]]) -> bytes:
        cursor, size = query.get("cursor"), int(query["page_size"])
        self.requests.append(cursor)
        if cursor is None:
            start = 0
        elif self.cursors == "offset":
            start = int(cursor)
        else:
            start = self.ids.index(int(cursor)) + 1
        ids = self.ids[start : start + size]
        is_broken = not self.broken.isdisjoint(ids) and self.times != 0
        if is_broken and self.times is not None:
            self.times -= 1
        if start + size < len(self.ids) and (self.has_link or not is_broken):
            following = start + size if self.cursors == "offset" else ids[-1]
            headers.append((b"link", f'<{BASE_URL}/x?cursor={following}>; rel="next"'.encode()))
        if is_broken and self.encoding:
            headers.append((b"content-encoding", self.encoding))
        return self.body if is_broken else json.dumps({"data": [build_log(one) for one in ids]}).encode()


def build_log(log_id: int) -> dict[str, Any]:
    timestamp = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=log_id)
    return {"id": log_id, "base_url": "https://shop.example", "created_at": timestamp.isoformat()}


async def sync(server: Any, store: LogStore, **options: Any) -> SyncSummary:
    async with build_client(server) as client:
        return await sync_logs(client, store, **OPTIONS | options)


async def get_log_ids(store: LogStore) -> set[int]:
    async with store.reading() as connection:
        return set(await connection.scalars(select(log.c.id)))


async def get_rows(store: LogStore, table: Any) -> list[Any]:
    async with store.reading() as connection:
        return list((await connection.execute(select(table))).all())


@pytest.mark.parametrize("source", ["account", "integrations"])
async def test_unreadable_page_is_quarantined_and_stored_by_the_next_run(
    each_store: LogStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setitem(OPTIONS, "source", source)
    server = Server(list(range(100, 0, -1)))
    server.broken = {45}
    summary = await sync(server, each_store)
    assert (summary.succeeded, summary.new, summary.quarantined, summary.pages) == (True, 90, 1, 10)
    assert await get_log_ids(each_store) == set(range(1, 101)) - set(range(41, 51))
    assert server.requests.count("51") == READS
    (row,) = await get_rows(each_store, quarantine)
    assert (row.kind, row.page_cursor, row.page_index) == ("page", "51", None)
    assert row.integration_id == (0 if source == "account" else 1)
    assert row.raw == "<html><title>Maintenance</title>\ufffd password=[redacted]</html>"
    assert "expected JSON" in row.error
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    list_name = "the list of all logs" if source == "account" else "the logs of integration 1"
    assert f"account default: the page at cursor 51 of {list_name} cannot be read" in line.getMessage()
    assert "hush" not in line.getMessage()

    again = await sync(server, each_store)  # still unreadable: not counted again
    assert (again.succeeded, again.new, again.quarantined) == (True, 0, 0)
    assert len(await get_rows(each_store, quarantine)) == 1

    server.broken = set()
    healed = await sync(server, each_store)
    assert (healed.succeeded, healed.new) == (True, 10)
    assert await get_log_ids(each_store) == set(range(1, 101))
    assert await get_rows(each_store, quarantine) == []
    server.requests.clear()
    assert (await sync(server, each_store)).new == 0
    assert len(server.requests) == 3  # an incremental pass


FAST_CASES = [
    (100, True, "id", "account"),
    (95, False, "offset", "account"),
    (95, True, "id", "integrations"),
    (55, False, "id", "account"),
    (1, True, "id", "account"),
]


UNREADABLE_BODIES = [
    pytest.param(b"\x0b\x02\x80", b"br", "content encoding", id="encoding that was not requested"),
    pytest.param(gzip.compress(bytes(100_000)), b"gzip", "max_response_bytes", id="compressed body that is too large"),
    pytest.param(b" " * 50_001, b"", "max_response_bytes", id="body that is too large"),
    pytest.param(b"plain", b"gzip", "corrupt", id="corrupt body"),
    pytest.param(gzip.compress(b'{"data": []}')[:-4], b"gzip", "truncated", id="truncated body"),
]


@pytest.mark.parametrize(("body", "encoding", "reason"), UNREADABLE_BODIES)
@pytest.mark.parametrize("source", ["account", "integrations"])
async def test_page_whose_body_cannot_be_read_does_not_stop_the_sync(
    store: LogStore, source: str, body: bytes, encoding: bytes, reason: str
) -> None:
    server = Server(list(range(100, 0, -1)))
    server.broken, server.body, server.encoding = {45}, body, encoding
    async with build_client(server, max_response_bytes=50_000) as client:
        summary = await sync_logs(client, store, **OPTIONS | {"source": source})
        assert (summary.succeeded, summary.new, summary.quarantined) == (True, 90, 1)
        (row,) = await get_rows(store, quarantine)
        assert (row.kind, row.page_cursor) == ("page", "51")
        assert reason in row.error
        server.broken = set()
        assert (await sync_logs(client, store, **OPTIONS | {"source": source})).new == 10
    assert await get_rows(store, quarantine) == []


@pytest.mark.parametrize(("body", "encoding", "reason"), UNREADABLE_BODIES[:3])
async def test_list_of_integrations_whose_body_cannot_be_read_does_not_stop_the_sync(
    store: LogStore, body: bytes, encoding: bytes, reason: str
) -> None:
    server = Server(list(range(20, 0, -1)))
    async with build_client(server, max_response_bytes=50_000) as client:
        assert (await sync_logs(client, store, **OPTIONS)).new == 20
        server.ids.insert(0, 21)
        server.integrations, server.integrations_encoding = body, encoding
        summary = await sync_logs(client, store, **OPTIONS)
    assert (summary.new, summary.quarantined) == (1, 1)
    assert isinstance(summary.error, ResponseDecodeError)
    assert reason in str(summary.error)


@pytest.mark.parametrize(
    ("position", "has_link", "cursors", "source"),
    [
        pytest.param(
            *(position, has_link, cursors, source),
            # The fast run contains each position, with and without a link, and each kind of list.
            marks=[] if (position, has_link, cursors, source) in FAST_CASES else [pytest.mark.long],
        )
        for position in (100, 95, 55, 1)
        for has_link in (True, False)
        for cursors, source in (("id", "account"), ("offset", "account"), ("id", "integrations"))
    ],
)
async def test_no_log_is_lost_when_an_unreadable_page_becomes_readable(
    store: LogStore, monkeypatch: pytest.MonkeyPatch, position: int, has_link: bool, cursors: str, source: str
) -> None:
    monkeypatch.setitem(OPTIONS, "source", source)
    server = Server(list(range(100, 0, -1)), cursors)
    server.broken, server.has_link = {position}, has_link
    for newest in (100, 107, 129):
        server.ids[:0] = range(newest, server.ids[0], -1)
        await sync(server, store)
        assert position not in await get_log_ids(store)
        assert await get_rows(store, quarantine) != []
    server.broken = set()
    server.ids[:0] = range(134, 129, -1)
    summary = await sync(server, store)
    assert summary.succeeded
    assert await get_log_ids(store) == set(range(1, 135))
    assert [row for row in await get_rows(store, quarantine) if row.page_cursor is not None] == []
    await sync(server, store)
    assert await get_rows(store, quarantine) == []


@pytest.mark.parametrize("position", [pytest.param(45, marks=pytest.mark.long), 100])
async def test_unreadable_page_of_an_incremental_pass_is_read_by_the_next_run(store: LogStore, position: int) -> None:
    server = Server(list(range(60, 0, -1)))
    await sync(server, store)
    server.ids[:0] = range(160, 60, -1)
    server.broken = {position + 60}
    assert (await sync(server, store)).new == 90
    server.broken = set()
    server.ids[:0] = range(165, 160, -1)
    assert (await sync(server, store)).new == 15
    assert await get_log_ids(store) == set(range(1, 166))


@pytest.mark.parametrize(
    ("has_link", "whole"),
    [
        (True, True),
        (False, False),
        *(pytest.param(*values, marks=pytest.mark.long) for values in ((True, False), (False, True))),
    ],
)
async def test_page_that_is_readable_at_the_second_read_is_stored_in_the_same_run(
    store: LogStore, has_link: bool, whole: bool
) -> None:
    server = Server(list(range(60, 0, -1)))
    server.has_link = has_link
    if not whole:
        await sync(server, store)
        server.ids[:0] = range(120, 60, -1)
    server.broken, server.times = {server.ids[25]}, MAX_REREADS
    summary = await sync(server, store)
    assert (summary.succeeded, summary.new, summary.quarantined) == (True, 60, 0)
    assert await get_log_ids(store) == set(server.ids)
    assert await get_rows(store, quarantine) == []


async def test_unreadable_first_page_without_a_link_changes_no_state(store: LogStore) -> None:
    server = Server(list(range(60, 0, -1)))
    await sync(server, store)
    states = [row[3:] for row in await get_rows(store, sync_state)]
    server.ids[:0] = range(75, 60, -1)
    server.broken, server.has_link = {75}, False
    summary = await sync(server, store)
    assert (summary.new, summary.quarantined, len(server.requests)) == (0, 1, 6 + READS)
    assert [row[3:] for row in await get_rows(store, sync_state)] == states
    server.broken = set()
    assert (await sync(server, store)).new == 15
    assert await get_rows(store, quarantine) == []


async def test_rejected_cursor_followed_by_an_unreadable_first_page_still_leads_to_a_full_pass(
    store: LogStore,
) -> None:
    server = Server(list(range(60, 0, -1)))
    await sync(server, store)
    server.ids[:0] = range(160, 60, -1)
    stop_at = 3

    class RejectingServer(Server):
        """Rejects all cursors, and cannot send the first page."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if b"cursor" in scope["query_string"]:
                await send({"type": "http.response.start", "status": 410, "headers": []})
                await send({"type": "http.response.body", "body": b"{}"})
            else:
                await super().__call__(scope, receive, send)

    stop = asyncio.Event()

    def stop_later(progress: SyncProgress) -> None:
        if progress.pages == stop_at:
            stop.set()

    assert (await sync(server, store, stop=stop, on_progress=stop_later)).new == 30
    rejecting = RejectingServer(server.ids)
    rejecting.broken, rejecting.has_link = {160}, False
    await sync(rejecting, store)

    class RejectingOnce(Server):
        rejects = True

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if b"cursor" in scope["query_string"] and self.rejects:
                self.rejects = False
                await send({"type": "http.response.start", "status": 410, "headers": []})
                await send({"type": "http.response.body", "body": b"{}"})
            else:
                await super().__call__(scope, receive, send)

    await sync(RejectingOnce(server.ids), store)
    assert await get_log_ids(store) == set(range(1, 161))


async def test_two_unreadable_pages_are_read_again_with_one_full_pass(store: LogStore) -> None:
    server = Server(list(range(200, 0, -1)))
    server.broken = {155, 55}
    assert (await sync(server, store)).quarantined == 2
    server.broken = set()
    server.requests.clear()
    assert (await sync(server, store)).new == 20
    assert len(server.requests) == 2 + 23  # of 9 records each: not the page size of the run before
    assert await get_rows(store, quarantine) == []


async def test_interrupted_pass_after_a_readable_page_is_resumed(store: LogStore) -> None:
    server = Server(list(range(100, 0, -1)))
    server.broken = {85}
    await sync(server, store)
    server.broken = set()
    stop = asyncio.Event()

    def stop_at_first_page(progress: SyncProgress) -> None:
        if progress.pages:
            stop.set()

    assert (await sync(server, store, stop=stop, on_progress=stop_at_first_page)).new == 10
    (state,) = await get_rows(store, sync_state)
    assert (state.cursor, state.is_full_pass) == ("81", True)
    server.ids[:0] = range(103, 100, -1)
    assert (await sync(server, store)).new == 3
    assert await get_log_ids(store) == set(range(1, 104))
    (state,) = await get_rows(store, sync_state)
    assert state.newest_first_by == "both"


async def test_list_without_order_stays_a_full_pass_after_an_unreadable_page(store: LogStore) -> None:
    server = Server([*range(1, 60), 100, 99, 98])
    server.broken = {55}
    await sync(server, store)
    server.broken = set()
    await sync(server, store)
    assert await get_log_ids(store) == {*range(1, 60), 98, 99, 100}
    assert [row.newest_first_by for row in await get_rows(store, sync_state)] == ["none"]


async def test_integration_fails_after_ten_consecutive_unreadable_pages_and_resumes(store: LogStore) -> None:
    server = Server(list(range(300, 0, -1)))
    server.broken = set(range(1, 281))
    summary = await sync(server, store)
    assert isinstance(summary.failures[1], ResponseDecodeError)
    assert (summary.new, summary.quarantined) == (20, 10)
    server.broken = set()
    assert (await sync(server, store)).succeeded
    assert await get_log_ids(store) == set(range(1, 301))


async def test_pages_without_records_for_ever_are_a_failure(store: LogStore) -> None:
    server = Server(list(range(60, 0, -1)))
    await sync(server, store)

    class EmptyPages(Server):
        def build_page(self, query: httpx.QueryParams, headers: list[tuple[bytes, bytes]]) -> bytes:
            self.requests.append(query.get("cursor"))
            headers.append((b"link", f'<{BASE_URL}/x?cursor={len(self.requests)}>; rel="next"'.encode()))
            return b'{"data": []}'

    empty = EmptyPages([])
    summary = await sync(empty, store)
    assert "without records" in str(summary.failures[1])
    assert len(empty.requests) < 110


async def test_dry_run_counts_unreadable_pages_and_stores_nothing(store: LogStore) -> None:
    server = Server(list(range(60, 0, -1)))
    server.broken = {35}
    assert (await sync(server, store, dry_run=True)).quarantined == 1
    await sync(server, store)
    rows = await get_rows(store, quarantine)
    assert (await sync(server, store, dry_run=True)).quarantined == 0
    server.broken = set()
    assert (await sync(server, store, dry_run=True)).new == 10
    assert await get_rows(store, quarantine) == rows


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"error": "x"}', b'{"data": {}}', b"\xff\0\xfe", b'{"data": [', HTML.encode()]
)
async def test_any_body_is_quarantined(each_store: LogStore, body: bytes) -> None:
    server = Server(list(range(30, 0, -1)))
    server.broken, server.body = {15}, body
    summary = await sync(server, each_store, redaction=None)
    assert (summary.succeeded, summary.new, summary.quarantined) == (True, 20, 1)
    (row,) = await get_rows(each_store, quarantine)
    assert row.raw == body.decode(errors="replace").replace("\0", "\ufffd")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    body=st.binary(max_size=50)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
        lambda values: (
            st.lists(values, max_size=3)
            | st.dictionaries(st.sampled_from(["data", "id", "created_at", "exception", "response"]), values)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
async def test_any_page_ends_in_rows_or_in_the_quarantine(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    server = Server(list(range(20, 0, -1)))
    server.broken, server.body = {15}, body
    async with LogStore(tmp_path_factory.mktemp("store") / "logs.db") as store:
        summary = await sync(server, store)
        assert summary.succeeded
        assert {*range(1, 11)} <= await get_log_ids(store)


async def test_data_null_is_an_empty_page(store: LogStore) -> None:
    server = Server(list(range(30, 0, -1)))
    server.broken, server.body = {15}, b'{"data": null}'
    summary = await sync(server, store)
    assert (summary.succeeded, summary.new, summary.quarantined) == (True, 20, 0)


UNUSUAL_LOGS = {
    "lone surrogate": rb'{"data": [{"id": 1, "exception": "a\ud83d"}, {"id": 2}]}',
    "byte order mark": b'\xef\xbb\xbf{"data": [{"id": 1, "exception": "a\xef\xbf\xbd"}, {"id": 2}]}',
    "NaN": b'{"data": [{"id": 1, "exception": "a\xef\xbf\xbd", "response_code": NaN}, {"id": 2}]}',
    "invalid byte": b'{"data": [{"id": 1, "exception": "a\xff"}, {"id": 2}]}',
    "NUL character": rb'{"data": [{"id": 1, "exception": "a\u0000"}, {"id": 2}]}',
    "plain NUL character": b'{"data": [{"id": 1, "exception": "a\0"}, {"id": 2}]}',
    "large integer and lone surrogate": rb'{"data": [{"id": 1, "exception": "a\ud83d", "x": 1'
    + b"0" * 40
    + b'}, {"id": 2}]}',
}


@with_both_databases
@pytest.mark.parametrize("redact", [True, pytest.param(False, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", list(UNUSUAL_LOGS))
async def test_log_with_unusual_text_is_stored(each_store: LogStore, kind: str, redact: bool) -> None:
    server = Server([2, 1])
    server.broken, server.body = {1}, UNUSUAL_LOGS[kind]
    summary = await sync(server, each_store, **({} if redact else {"redaction": None}))
    assert (summary.succeeded, summary.new, summary.quarantined) == (True, 2, 0)
    (row,) = [row for row in await get_rows(each_store, log) if row.id == 1]
    assert row.exception == "a\ufffd"
    assert json.loads(row.record)["id"] == 1


@with_both_databases
@pytest.mark.parametrize(
    "name",
    [rb'"\ud83d"', rb'"\u0000"', *(pytest.param(name, marks=pytest.mark.long) for name in (b'"\xff"', b'"\0"'))],
)
async def test_shop_name_with_unusual_text_is_stored(each_store: LogStore, name: bytes) -> None:
    server = Server([2, 1])
    server.integrations = b'{"data": [{"id": 1, "shop_name": ' + name + b"}]}"
    summary = await sync(server, each_store)
    assert (summary.succeeded, summary.new) == (True, 2)
    (row,) = await get_rows(each_store, integration)
    assert row.shop_name == "\ufffd"


async def test_integrations_without_usable_id_are_quarantined_and_the_others_synced(
    each_store: LogStore, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server([2, 1])
    unusable: list[Any] = [{}, {"id": None}, {"id": 0}, {"id": -4}, {"id": 2**70}, {"id": "7"}, {"id": True}, "text"]
    listed = [
        one | {"shop_name": f"Shop {n}", "token": "hush"} if one != "text" else one for n, one in enumerate(unusable)
    ]
    server.integrations = json.dumps({"data": [{"id": 1}, *listed]}).encode()
    summary = await sync(server, each_store)
    assert (summary.succeeded, summary.integrations, summary.new) == (True, 1, 2)
    assert summary.quarantined == len(unusable)
    rows = await get_rows(each_store, quarantine)
    assert {row.kind for row in rows} == {"integration"}
    assert {orjson.loads(row.raw)["shop_name"] for row in rows if row.raw != '"text"'} == {
        f"Shop {n}" for n in range(7)
    }
    assert not any("hush" in row.raw for row in rows)
    assert f"{len(unusable)} integrations have no usable id" in caplog.text
    # A timestamp that changes does not make it another integration.
    for one in listed[:-1]:
        one["last_fetched_at"] = "2024-05-01T00:00:00Z"
    server.integrations = json.dumps({"data": [{"id": 1}, *listed]}).encode()
    assert (await sync(server, each_store)).quarantined <= 2  # those that could not be decoded


async def test_unreadable_list_of_integrations_is_quarantined_and_known_integrations_are_synced(
    each_store: LogStore, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server([2, 1])
    await sync(server, each_store)
    (before,) = await get_rows(each_store, account)
    good, server.integrations = server.integrations, HTML.encode()
    server.ids[:0] = [4, 3]
    server.list_requests = 0
    summary = await sync(server, each_store)
    assert isinstance(summary.error, ResponseDecodeError)
    assert (summary.succeeded, summary.new, summary.quarantined, server.list_requests) == (False, 2, 1, READS)
    (row,) = await get_rows(each_store, quarantine)
    assert (row.kind, row.integration_id, row.page_cursor) == ("integration_list", 0, None)
    assert "the list of integrations cannot be read" in caplog.text
    (after,) = await get_rows(each_store, account)
    assert after.last_synced_at == before.last_synced_at  # not a successful run
    assert after.failed_at > before.last_synced_at
    assert "expected JSON" in after.error
    assert (await sync(server, each_store, integrations=[1])).succeeded
    assert (await sync(server, each_store, dry_run=True)).quarantined == 0
    server.integrations = good
    assert (await sync(server, each_store)).succeeded
    assert await get_rows(each_store, quarantine) == []


async def test_calls_of_the_sync_have_a_longer_total_timeout(store: LogStore) -> None:
    server = Server([2, 1])

    class Limited(Server):
        left = 1

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if self.left:
                self.left -= 1
                headers = [(b"retry-after", b"1")]
                await send({"type": "http.response.start", "status": 429, "headers": headers})
                await send({"type": "http.response.body", "body": b"{}"})
            else:
                await server(scope, receive, send)

    policy = RetryPolicy(max_attempts=2, base_delay=0, total_timeout=0.5)
    async with build_client(Limited([]), retries=policy) as client:
        assert (await sync_logs(client, store)).new == 2
        assert client.retries is policy


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, RetryPolicy(max_attempts=1, total_timeout=900)),
        (RetryPolicy(max_attempts=7, base_delay=2, max_delay=3), RetryPolicy(7, 2, 3, 900)),
        (RetryPolicy(total_timeout=5000), RetryPolicy(total_timeout=5000)),
    ],
)
def test_retry_policy_of_the_sync_keeps_attempts_and_delays(policy: RetryPolicy | None, expected: RetryPolicy) -> None:
    assert build_retry_policy(policy, 900) == expected


@pytest.mark.parametrize("name", ["\ud800", "a\0", 5])
async def test_account_name_that_cannot_be_stored_is_rejected(store: LogStore, name: Any) -> None:
    async with build_client(Server([])) as client:
        with pytest.raises(InvalidInputError, match="account"):
            await sync_logs(client, store, account=name)
        with pytest.raises(InvalidInputError, match="account"):
            await sync_accounts({name: client}, store)
