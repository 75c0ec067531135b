"""Tests of the summary, the progress and the log lines of a run of `sync_logs`, in exact values."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import attrs
import httpx
import pytest
from sqlalchemy import select

from sendcloud_integrations_client import APIConnectionError, NotFoundError, SendcloudError
from sendcloud_integrations_client.sync import LogStore, PruneSummary, Redaction, SyncProgress, SyncSummary, sync_logs
from sendcloud_integrations_client.sync.account_writer import AccountWriter
from sendcloud_integrations_client.sync.accounts import StoredAccount
from sendcloud_integrations_client.sync.errors import StoreError
from sendcloud_integrations_client.sync.schema import account
from sendcloud_integrations_client.sync.stored_redaction import StoredRedactionSummary
from tests.support.sync_servers import BASE_URL, Listing, build_client


class Server:
    """Server with integrations, each with its own logs in the order of the list; cursors are offsets.

    Args:
        logs: The logs by integration; None instead of the logs for an integration that does not exist.
        integrations: The list of integrations. Defaults to one record with an id for each.
    """

    def __init__(self, logs: dict[int, list[Any] | None], integrations: list[Any] | None = None) -> None:
        self.logs = logs
        self.integrations = [{"id": one} for one in logs] if integrations is None else integrations
        self.in_progress = 0
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), *self.headers]
        query = httpx.QueryParams(scope["query_string"].decode())
        status, data = 200, self.integrations
        if scope["path"].endswith("/logs"):
            parts = scope["path"].split("/")
            logs = (
                self.logs.get(int(parts[-2]))
                if parts[-2].isdigit()
                else [x for one in self.logs.values() for x in one or ()]
            )
            self.in_progress += 1
            await self.is_open.wait()
            self.in_progress -= 1
            if logs is None:
                status, data = 404, []
            else:
                start, size = int(query.get("cursor", 0)), int(query["page_size"])
                data = [Listing.build_log(one) for one in logs[start : start + size]]
                if start + size < len(logs):
                    headers.append((b"link", f'<{BASE_URL}/x?cursor={start + size}>; rel="next"'.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"data": data}).encode()})


async def sync(server: Any, store: LogStore, **options: Any) -> SyncSummary:
    """Sync with pages of two records; the summary has no duration, so that it can be compared."""
    async with build_client(server) as client:
        summary = await sync_logs(client, store, **{"page_size": 2, "lookback": timedelta(0)} | options)
    assert summary.duration > 0
    return attrs.evolve(summary, duration=0.0)


BROKEN = {"id": 7, "response": "not an object"}
LOGS: dict[int, list[Any] | None] = {1: [9, 8, BROKEN], 2: [6]}


async def test_summary_of_the_account_wide_list(store: LogStore) -> None:
    server = Server(LOGS)
    expected = SyncSummary(account="default", integrations=2, completed=2, pages=2, new=3, quarantined=1)
    assert await sync(server, store, dry_run=True) == attrs.evolve(expected, dry_run=True)
    assert await sync(server, store) == expected
    server.logs = {1: [9, {"id": 8, "exception": "changed"}, BROKEN], 2: [6]}
    assert await sync(server, store, full=True, page_size=1) == attrs.evolve(
        expected, pages=4, new=0, updated=1, already_stored=2, quarantined=0
    )


async def test_summary_of_the_lists_of_integrations(store: LogStore) -> None:
    server = Server(LOGS | {3: None})
    expected = SyncSummary(account="default", integrations=3, completed=3, pages=3, new=3, quarantined=1, deleted=1)
    assert await sync(server, store, source="integrations") == expected
    server.logs, server.integrations = LOGS, [{"id": 1}, {"id": 2}]
    summary = await sync(server, store, integrations=[2, 2, 5])
    assert isinstance(summary.failures[5], NotFoundError)
    assert attrs.evolve(summary, failures={}) == SyncSummary(
        account="default", integrations=2, completed=1, pages=1, already_stored=1
    )


def summarize(reported: list[SyncProgress]) -> list[tuple[Any, ...]]:
    return [
        (one.integration_id, one.integrations, one.completed, one.pages, one.new, one.quarantined, one.has_ended)
        for one in reported
    ]


async def test_progress_of_the_account_wide_list(store: LogStore) -> None:
    reported: list[SyncProgress] = []
    await sync(Server(LOGS), store, on_progress=reported.append)
    assert summarize(reported) == [
        (None, 2, 0, 0, 0, 0, False),
        (None, 2, 0, 1, 2, 0, False),
        (None, 2, 0, 2, 3, 1, False),
        (None, 2, 2, 2, 3, 1, True),
    ]
    assert {(one.account, one.fault, one.updated, one.already_stored) for one in reported} == {("default", None, 0, 0)}


async def test_progress_of_the_lists_of_integrations(store: LogStore) -> None:
    reported: list[SyncProgress] = []
    await sync(Server(LOGS), store, integrations=[2, 5, 1], concurrency=1, on_progress=reported.append)
    assert summarize(reported) == [
        (None, 3, 0, 0, 0, 0, False),
        (2, 3, 0, 1, 1, 0, False),
        (2, 3, 1, 1, 1, 0, False),
        (5, 3, 2, 1, 1, 0, False),  # failed
        (1, 3, 2, 2, 3, 0, False),
        (1, 3, 2, 3, 3, 1, False),
        (1, 3, 3, 3, 3, 1, False),
        (None, 3, 3, 3, 3, 1, True),
    ]


@pytest.mark.parametrize(("concurrency", "expected"), [(1, 1), (2, 2), (3, 3), (9, 4)])
async def test_lists_of_integrations_are_read_concurrently(store: LogStore, concurrency: int, expected: int) -> None:
    server = Server({number: [number] for number in range(1, 5)})
    server.is_open.clear()
    task = asyncio.create_task(sync(server, store, source="integrations", concurrency=concurrency))
    async with asyncio.timeout(30):
        while server.in_progress < expected:  # noqa: ASYNC110 - waits for requests, not for time
            await asyncio.sleep(0.001)
    for _ in range(20):
        await asyncio.sleep(0.001)
        assert server.in_progress == expected
    server.is_open.set()
    assert (await task).new == 4


async def test_failed_run_stores_the_first_500_characters_of_its_error(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise SendcloudError("x" * 600)

    await sync(Server(LOGS), store)
    monkeypatch.setattr(AccountWriter, "begin_run", fail)
    assert str((await sync(Server(LOGS), store)).error) == "x" * 600
    async with store.reading() as connection:
        reason = await connection.scalar(select(account.c.error))
    assert reason == f"{'x' * 499}…"


async def test_failing_store_is_the_error_of_the_run(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(AccountWriter, "complete_run", fail)
    monkeypatch.setattr(AccountWriter, "fail_run", fail)
    summary = await sync(Server(LOGS), store)
    assert str(summary.error) == "the disk is full"
    assert attrs.evolve(summary, error=None) == SyncSummary(
        account="default", integrations=2, completed=2, pages=2, new=3, quarantined=1
    )


async def test_stopped_run_reads_no_other_list(store: LogStore) -> None:
    stop = asyncio.Event()

    def check(progress: SyncProgress) -> None:
        if progress.pages == 1:
            stop.set()

    server = Server({number: [number] for number in range(1, 6)})
    summary = await sync(server, store, source="integrations", concurrency=1, on_progress=check, stop=stop)
    assert (summary.stopped, summary.succeeded, summary.pages) == (True, True, 1)
    assert summary.completed <= 1


async def test_deleted_integration_is_logged(store: LogStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    await sync(Server({1: [9], 3: None}), store, source="integrations")
    assert "Sync of account default: integration 3 was deleted." in caplog.messages


async def test_integrations_without_id_are_counted_in_the_log(
    store: LogStore, caplog: pytest.LogCaptureFixture
) -> None:
    # An undecodable record can have an id, and then its logs are read.
    listed = [{"id": 1}, {"id": 0}, {}, {"id": 2, "shop_name": 5}, {"id": "x"}, "text"]
    summary = await sync(Server({1: [9], 2: [8]}, listed), store, source="integrations")
    assert (summary.integrations, summary.new) == (2, 2)
    assert (
        "Sync of account default: 4 integrations have no usable id, so the lists of their logs cannot be read. "
        "They are in the quarantine."
    ) in caplog.messages


async def test_unreadable_list_of_integrations_is_logged(store: LogStore, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(LOGS)

    async def respond(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/logs"):
            await server(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"<html>"})

    summary = await sync(respond, store)
    assert (summary.integrations, summary.pages, summary.new, summary.quarantined) == (0, 2, 3, 2)
    assert not summary.succeeded
    (line,) = [message for message in caplog.messages if "list of integrations" in message]
    assert line.startswith("Sync of account default: the list of integrations cannot be read: ")
    assert line.endswith(" It is in the quarantine. The sync continues with the integrations that it knows.")


@pytest.mark.parametrize("date", [None, b"", b"yesterday", b"Fri, 31 Dec 9999 23:59:59 -0100"])
async def test_relative_since_without_a_usable_date_of_the_server_is_no_failure(
    store: LogStore, date: bytes | None
) -> None:
    server = Server(LOGS)
    server.headers = [] if date is None else [(b"date", date)]
    assert (await sync(server, store, since=timedelta(days=1))).new == 0


async def test_relative_since_before_year_1_is_no_limit(store: LogStore) -> None:
    assert (await sync(Server(LOGS), store, since=timedelta.max)).new == 3


async def test_connection_error_without_retries_is_the_error_of_the_run(store: LogStore) -> None:
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        raise httpx.ConnectError("down")

    summary = await sync(fail, store, give_up_after=timedelta(0))
    assert isinstance(summary.error, APIConnectionError)
    assert attrs.evolve(summary, error=None) == SyncSummary(account="default")


@pytest.mark.parametrize(
    "kind", [SyncProgress, SyncSummary, PruneSummary, StoredAccount, StoredRedactionSummary, Redaction]
)
def test_public_classes_accept_keywords_only(kind: Any) -> None:
    # So a later version can add fields in any place.
    names = [field.name for field in attrs.fields(kind) if field.init]
    with pytest.raises(TypeError, match="positional"):
        kind(*([None] * len(names)))
