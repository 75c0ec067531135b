"""Tests of the identity of accounts, and of listing, renaming, rebinding and removing them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert, select

from sendcloud_integrations_client import (
    Account,
    AuthenticationError,
    BasicAuth,
    ConfigurationError,
    InvalidInputError,
    OAuth2ClientCredentials,
    SendcloudIntegrations,
    accounts_from_profiles,
)
from sendcloud_integrations_client.auth.credentials import Credentials
from sendcloud_integrations_client.sync import (
    AccountMismatchError,
    LogStore,
    StoreError,
    SyncProgress,
    SyncSummary,
    SyncSupersededError,
    list_accounts,
    rebind_account,
    remove_account,
    rename_account,
    sync_accounts,
    sync_logs,
)
from sendcloud_integrations_client.sync import (
    accounts as stored_accounts,
)
from sendcloud_integrations_client.sync.schema import (
    account,
    integration,
    lease,
    log,
    metadata,
    problem,
    quarantine,
    report,
    sync_state,
)
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.support.stores import with_both_databases
from tests.support.sync_servers import BASE_URL, build_client


@pytest.fixture
def store(each_store: LogStore) -> LogStore:
    return each_store


@pytest.fixture
def server() -> SimulatedSendcloud:
    """A server with the accounts `public` and `other`, 40 logs each, and the same ids."""
    simulated = SimulatedSendcloud(integrations=2, logs=40)
    simulated.add_account("other", "secret", integrations=2, logs=40)
    return simulated


async def sync(server: Any, store: LogStore, public_key: str = "public", **options: Any) -> SyncSummary:
    async with build_client(server, auth=BasicAuth(public_key, options.pop("secret", "secret"))) as client:
        return await sync_logs(client, store, **options)


async def count_logs(store: LogStore) -> dict[str, int]:
    async with store.reading() as connection:
        counts = await connection.execute(select(log.c.account, func.count()).group_by(log.c.account))
        return {row[0]: row[1] for row in counts}


@pytest.mark.parametrize("dry_run", [False, True])
async def test_credentials_of_another_account_are_rejected(
    store: LogStore, server: SimulatedSendcloud, dry_run: bool
) -> None:
    await sync(server, store)
    server.requests.clear()
    summary = await sync(server, store, "other", dry_run=dry_run)
    assert isinstance(summary.error, AccountMismatchError)
    message = str(summary.error)
    for part in (f"account default was rejected: {store.location} ", "--account", "accounts rebind default"):
        assert part in message
    assert (len(server.requests), summary.new) == (0, 0)
    assert await count_logs(store) == {"default": 40}
    assert (await sync(server, store, "other", account="second")).new == 40
    assert await count_logs(store) == {"default": 40, "second": 40}


async def test_rejected_credentials_leave_no_account(store: LogStore, server: SimulatedSendcloud) -> None:
    summary = await sync(server, store, "other", secret="wrong")
    assert isinstance(summary.error, AuthenticationError)
    assert await list_accounts(store) == []
    assert (await sync(server, store)).new == 40


async def test_account_without_an_identity_adopts_the_first_credentials(
    store: LogStore, server: SimulatedSendcloud
) -> None:
    await sync(server, store)
    await rebind_account(store, "default", None)  # like a row of version 0.1.0
    assert (await sync(server, store)).succeeded
    assert isinstance((await sync(server, store, "other")).error, AccountMismatchError)


async def test_same_credentials_under_two_names_are_a_warning(
    store: LogStore, server: SimulatedSendcloud, caplog: pytest.LogCaptureFixture
) -> None:
    await sync(server, store)
    await sync(server, store, "other", account="second")
    await sync(server, store)
    assert caplog.messages == []
    assert (await sync(server, store, account="third")).succeeded
    assert [message for message in caplog.messages if "stored twice" in message] == [
        "Sync of account third: the store has the same credentials as account default, so each log is stored twice. "
        "Use one name, and remove the other account with: sendcloud-integrations accounts remove"
    ]


async def test_rotated_keys_need_a_rebind(store: LogStore, server: SimulatedSendcloud) -> None:
    await sync(server, store)
    async with build_client(server, auth=BasicAuth("other", "secret")) as client:
        await rebind_account(store, "default", client.identity)
    assert (await sync(server, store, "other")).succeeded
    assert isinstance((await sync(server, store)).error, AccountMismatchError)


async def get_identity(base_url: str = BASE_URL, **options: Any) -> str:
    async with SendcloudIntegrations(base_url=base_url, **options) as client:
        assert client.with_options(timeout=1).identity == client.identity
        return client.identity


async def test_identity_depends_on_base_url_and_public_key_or_client_id() -> None:
    class Custom(Credentials):
        def __init__(self, key: str) -> None:
            self.budget_key = key

        async def async_auth_flow(self, request: httpx.Request) -> Any:
            yield request

    identities = [
        await get_identity(auth=BasicAuth("a", "1")),
        await get_identity(auth=BasicAuth("b", "1")),
        await get_identity("https://panel.example/api/v3", auth=BasicAuth("a", "1")),
        await get_identity(auth=OAuth2ClientCredentials("a", "1")),
        await get_identity(auth=OAuth2ClientCredentials("b", "1")),
        await get_identity(auth=Custom("a")),
    ]
    assert len(set(identities)) == 6
    assert await get_identity(f"{BASE_URL}/", auth=BasicAuth("a", "2")) == identities[0]
    assert await get_identity(auth=OAuth2ClientCredentials("a", "2", scope="x")) == identities[3]
    assert await get_identity(auth=Custom("b")) == identities[5]


@with_both_databases
async def test_list_accounts_counts_what_each_account_has(store: LogStore, server: SimulatedSendcloud) -> None:
    assert await list_accounts(store) == []
    await sync(server, store, account="b")
    server.remove_integration(2)
    await sync(server, store, account="b")
    await sync(server, store, "other", account="a")
    first, second = await list_accounts(store)
    assert [(one.name, one.integrations, one.logs, one.quarantined) for one in (first, second)] == [
        ("a", 2, 40, 0),
        ("b", 1, 40, 0),
    ]
    assert first.last_synced_at is not None
    assert first.first_synced_at < first.last_synced_at
    assert first.identity != second.identity


async def test_renamed_account_continues_where_it_was(store: LogStore, server: SimulatedSendcloud) -> None:
    await sync(server, store)
    await sync(server, store, "other", account="second")
    await rename_account(store, "default", "shop ü")
    summary = await sync(server, store, account="shop ü")
    assert (summary.new, summary.pages) == (0, 1)
    assert await count_logs(store) == {"shop ü": 40, "second": 40}
    with pytest.raises(StoreError, match="has an account second"):
        await rename_account(store, "shop ü", "second")
    for name in ("", "\0", "\ud800"):
        with pytest.raises(InvalidInputError):
            await rename_account(store, "shop ü", name)


@with_both_databases
async def test_removed_account_leaves_no_rows(
    store: LogStore, server: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_accounts, "_BATCH_ROWS", 7)
    await sync(server, store)
    await sync(server, store, "other", account="second")
    assert await remove_account(store, "default") == 40
    async with store.reading() as connection:
        for table in metadata.sorted_tables:
            if table is report:
                continue  # the state of reports belongs to no account
            column = account.c.name if table is account else table.c.account
            assert set(await connection.scalars(select(column))) <= {"second"}
    assert await count_logs(store) == {"second": 40}
    assert (await sync(server, store, "other")).new == 40


@pytest.mark.parametrize("change", [rename_account, remove_account])
async def test_run_in_progress_stops_if_its_account_is_renamed_or_removed(
    store: LogStore, server: SimulatedSendcloud, change: Any
) -> None:
    await sync(server, store)
    arguments = ("new",) if change is rename_account else ()
    for _ in range(100):
        server.add_log(1)
    pages: list[int] = []

    class Changing(BasicAuth):
        async def async_auth_flow(self, request: httpx.Request) -> Any:
            if pages == [1, 2]:
                pages.append(0)
                await change(store, "default", *arguments)
            async for prepared in super().async_auth_flow(request):
                yield prepared

    def count_page(progress: SyncProgress) -> None:
        if progress.pages:
            pages.append(progress.pages)

    async with build_client(server, auth=Changing("public", "secret")) as client:
        summary = await sync_logs(client, store, page_size=10, on_progress=count_page)
    assert isinstance(summary.error, SyncSupersededError)


async def fill_accounts(store: LogStore, names: str) -> None:
    """Store accounts with one row in each table."""
    await store.migrate()
    now = datetime(2024, 5, 1, tzinfo=UTC)
    async with store.writing() as connection:
        for name in names:
            await connection.execute(insert(account), {"name": name, "identity": "me", "first_synced_at": now})
            record = {"account": name, "id": 1, "record": "{}"}
            await connection.execute(insert(log), record | {"stored_at": now})
            await connection.execute(insert(integration), record | {"listed_at": now})
            row = {"account": name, "problem_key": "x", "key_version": 1}
            await connection.execute(insert(problem), row)
            row = {"account": name, "kind": "log", "integration_id": 1, "key": "x", "error": "", "field": ""}
            await connection.execute(insert(quarantine), row | {"quarantined_at": now, "raw": ""})
            await connection.execute(insert(sync_state), {"account": name, "integration_id": 0, "run_id": "x"})
            await connection.execute(insert(lease), {"account": name, "run_id": "x", "expires_at": now})


async def list_names(store: LogStore) -> dict[str, str]:
    """Return the accounts that each table has, sorted."""
    found: dict[str, str] = {}
    async with store.reading() as connection:
        for table in metadata.sorted_tables:
            if table is not report:
                column = account.c.name if table is account else table.c.account
                found[table.name] = "".join(sorted(await connection.scalars(select(column))))
    return found


async def test_change_of_an_account_leaves_all_others_unchanged(store: LogStore) -> None:
    await fill_accounts(store, "adg")
    await rebind_account(store, "d", "you")
    assert [(one.name, one.identity) for one in await list_accounts(store)] == [("a", "me"), ("d", "you"), ("g", "me")]
    await rename_account(store, "d", "e")
    tables = [table.name for table in metadata.sorted_tables if table is not report]
    assert await list_names(store) == dict.fromkeys(tables, "aeg") | {"lease": "ag"}
    counts = [(one.name, one.integrations, one.logs, one.quarantined) for one in await list_accounts(store)]
    assert counts == [("a", 1, 1, 1), ("e", 1, 1, 1), ("g", 1, 1, 1)]
    for name in "ag":
        with pytest.raises(StoreError, match=f"has an account {name}"):
            await rename_account(store, "e", name)
    assert await remove_account(store, "e") == 1
    assert await list_names(store) == dict.fromkeys(tables, "ag")


@pytest.mark.parametrize(("names", "available"), [("bc", "It has: b, c."), ("", "It has no accounts.")])
async def test_accounts_that_exist_are_listed_if_one_does_not(store: LogStore, names: str, available: str) -> None:
    await fill_accounts(store, "".join(reversed(names)))
    for name in ("a", "bb", "d"):
        with pytest.raises(StoreError) as caught:
            await rebind_account(store, name, None)
        assert str(caught.value) == f"Account not found: {store!r} has no account {name}. {available}"


async def test_unknown_account_is_an_error_that_lists_the_others(store: LogStore, server: SimulatedSendcloud) -> None:
    await sync(server, store)
    for call in (remove_account(store, "x"), rename_account(store, "x", "y"), rebind_account(store, "x", None)):
        with pytest.raises(StoreError, match=r"has no account x\. It has: default"):
            await call


async def test_accounts_from_profiles_can_be_synced(tmp_path: Path, server: SimulatedSendcloud) -> None:
    path = tmp_path / "profiles.toml"
    with serve_in_thread(server) as base_url:
        path.write_text(
            "".join(
                f'[{name}]\npublic_key = "{name}"\nsecret_key = "{secret}"\nbase_url = "{base_url}"\n'
                for name, secret in (("public", "secret"), ("other", "wr0ng"))
            )
        )
        path.chmod(0o600)
        accounts = accounts_from_profiles(path)
        assert [type(one) for one in accounts] == [Account, Account]
        async with LogStore(tmp_path / "logs.db") as store:
            summaries = await sync_accounts(accounts, store)
            with pytest.raises(InvalidInputError, match="different names"):
                await sync_accounts([*accounts, accounts[0]], store)
    assert {name: summary.new for name, summary in summaries.items()} == {"public": 40, "other": 0}
    assert isinstance(summaries["other"].error, AuthenticationError)
    path.write_text("[incomplete]\n")
    with pytest.raises(ConfigurationError, match="incomplete"):
        accounts_from_profiles(str(path))
