"""Tests of `sync_accounts` with many accounts: what is open at the same time, and what stops."""

from __future__ import annotations

import asyncio
import inspect
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from sendcloud_integrations_client import Account, BasicAuth, ConfigurationError, InvalidInputError
from sendcloud_integrations_client.sync import LogStore, Redaction, SyncProgress, job, sync_accounts, sync_logs
from sendcloud_integrations_client.sync.schema import log
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.sync_servers import build_client

ROOT = Path(__file__).parents[2]
ACCOUNTS = 20


def build_server(accounts: int = ACCOUNTS, **options: Any) -> SimulatedSendcloud:
    server = SimulatedSendcloud(logs=0)
    for number in range(accounts):
        server.add_account(f"public-{number}", "secret", **options)
    return server


class OpenClients:
    """Functions that create clients, which count how many are open."""

    def __init__(self, server: Any, accounts: int = ACCOUNTS) -> None:
        self.open = self.most = self.created = 0
        self.factories = {f"account-{number}": self._get_factory(server, number) for number in range(accounts)}

    def _get_factory(self, server: Any, number: int) -> Callable[[], Any]:
        counter = self

        class Transport(httpx.ASGITransport):
            async def aclose(self) -> None:
                counter.open -= 1

        def create() -> Any:
            self.open += 1
            self.created += 1
            self.most = max(self.most, self.open)
            return build_client(server, auth=BasicAuth(f"public-{number}", "secret"), transport=Transport(server))

        return create


async def count_logs(store: LogStore) -> int:
    async with store.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(log)) or 0


async def test_clients_are_open_only_for_accounts_in_progress(each_store: LogStore) -> None:
    clients = OpenClients(build_server(8, integrations=2, logs=10), accounts=8)
    summaries = await sync_accounts(clients.factories, each_store, max_accounts=3)
    assert list(summaries) == list(clients.factories)
    assert {(one.new, one.succeeded) for one in summaries.values()} == {(10, True)}
    assert (clients.created, clients.open, clients.most) == (8, 0, 3)
    assert await count_logs(each_store) == 10 * 8


async def test_sixteen_accounts_are_in_progress_by_default(store: LogStore) -> None:
    clients = OpenClients(build_server(integrations=1, logs=5))
    await sync_accounts(clients.factories, store)
    assert clients.most == 16


def get_defaults(function: Callable[..., object]) -> dict[str, object]:
    parameters = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


def test_defaults_are_those_of_the_documentation() -> None:
    expected = {
        "source": "account",
        "integrations": None,
        "since": None,
        "lookback": timedelta(hours=1),
        "full_check_every": timedelta(days=7),
        "full": False,
        "concurrency": 8,
        "page_size": 100,
        "dry_run": False,
        "redaction": Redaction(),
        "give_up_after": timedelta(minutes=15),
        "if_running": "take-over",
        "on_progress": None,
        "stop": None,
    }
    assert get_defaults(sync_logs) == expected | {"account": "default"}
    assert get_defaults(sync_accounts) == expected | {"max_accounts": 16}


async def test_clients_of_the_caller_stay_open(store: LogStore) -> None:
    server = build_server(2, integrations=1, logs=5)
    async with build_client(server, auth=BasicAuth("public-1", "secret")) as client:
        assert (await sync_accounts({"a": client}, store))["a"].new == 5
        assert len(await client.integrations.list()) == 1


async def test_lists_are_bounded_over_all_accounts(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "_MAX_LISTS", 5)
    server = build_server(4, integrations=4, logs=8)
    in_progress = most = 0
    is_full = asyncio.Event()

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        nonlocal in_progress, most
        if scope["path"].endswith("/logs"):
            in_progress += 1
            most = max(most, in_progress)
            if most == 5:
                is_full.set()
            await is_full.wait()
            for _ in range(50):  # a sixth list would begin now
                await asyncio.sleep(0)
            in_progress -= 1
        await server(scope, receive, send)

    clients = OpenClients(counting, accounts=4)
    summaries = await sync_accounts(clients.factories, store, source="integrations")
    assert {one.new for one in summaries.values()} == {8}
    assert most == 5


async def test_accounts_that_cannot_begin_do_not_stop_others(store: LogStore) -> None:
    clients = OpenClients(build_server(2, integrations=1, logs=5), accounts=2)

    def fail() -> Any:
        raise ConfigurationError("no credentials")

    accounts = [("bad", fail), *clients.factories.items()]
    summaries = await sync_accounts(dict(accounts), store, max_accounts=1)
    assert isinstance(summaries["bad"].error, ConfigurationError)
    assert [one.new for one in summaries.values()] == [0, 5, 5]


async def test_accounts_that_have_not_begun_are_not_synced_after_a_stop(store: LogStore) -> None:
    clients = OpenClients(build_server(integrations=1, logs=5))
    stop = asyncio.Event()
    ended: list[str] = []

    def on_progress(progress: SyncProgress) -> None:
        if progress.has_ended:
            ended.append(progress.account)
        if len(ended) == 4:
            stop.set()

    summaries = await sync_accounts(clients.factories, store, max_accounts=2, stop=stop, on_progress=on_progress)
    assert clients.created < 8
    assert len(summaries) == ACCOUNTS
    assert {summaries[name].stopped for name in list(clients.factories)[8:]} == {True}
    assert ended[:4] == [name for name in ended[:4] if summaries[name].new == 5]


@pytest.mark.parametrize("number", [0, -1, "16"])
async def test_invalid_number_of_accounts_is_rejected(store: LogStore, number: Any) -> None:
    with pytest.raises(InvalidInputError, match="max_accounts"):
        await sync_accounts([Account("a", BasicAuth("public", "secret"))], store, max_accounts=number)


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="resource limits are those of POSIX systems")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_150_accounts_need_few_files_and_little_memory(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = str(tmp_path / "logs.db")
    if database == "postgresql":
        url = request.getfixturevalue("new_postgresql_database")()
    files = min(256, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    # The simulated server runs in the same folder in a separate process, so its memory does not count.
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.many_accounts", "--accounts=150", "--logs=100", f"--database={url}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )
    assert run.returncode == 0, run.stdout + run.stderr
