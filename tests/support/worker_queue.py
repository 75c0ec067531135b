"""Tasks of workers for tests: accounts on a simulated Sendcloud in this process, and a queue in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import httpx
from procrastinate import App
from procrastinate.jobs import Job
from sqlalchemy import text

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.testing import SimulatedSendcloud
from sendcloud_integrations_client.worker import (
    SyncTasks,
    account_state,
    create_app,
    open_app,
    prepare_database,
    sync_tasks,
)
from sendcloud_integrations_client.worker.account_state import AccountState, AccountStates
from tests.support.sync_servers import BASE_URL, RETRY_WITHOUT_DELAY

__all__ = [
    "SYNC",
    "Gate",
    "ServedAccount",
    "build_accounts",
    "execute",
    "list_jobs",
    "open_tasks",
    "read_states",
    "run_control",
    "take",
    "work",
]

SYNC = "sendcloud-sync"
_LAST_SLOT = datetime.now(UTC) - timedelta(hours=12)


class ServedAccount(Account):
    """An account on a simulated Sendcloud in this process."""

    server: Any = None

    def create_client(self, **options: Any) -> SendcloudIntegrations:
        del options
        return SendcloudIntegrations(
            auth=self.auth,
            base_url=BASE_URL,
            retries=RETRY_WITHOUT_DELAY,
            rate_limits=None,
            transport=httpx.ASGITransport(self.server),
        )


class Gate:
    """Calls `on_page` with the number of each requested page of logs before the server responds."""

    def __init__(self, server: Any, on_page: Callable[[int], Awaitable[None]]) -> None:
        self._server = server
        self._on_page = on_page
        self._pages = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/logs"):
            self._pages += 1
            await self._on_page(self._pages)
        await self._server(scope, receive, send)


def build_accounts(count: int, *, logs: int = 30) -> tuple[SimulatedSendcloud, list[Account]]:
    server = SimulatedSendcloud(integrations=1, logs=logs)
    accounts: list[Account] = []
    for number in range(count):
        keys = f"public-{number}", f"hush-{number}"
        server.add_account(*keys, integrations=1, logs=logs)
        account = type("Served", (ServedAccount,), {"server": server})(f"shop-{number}", BasicAuth(*keys))
        accounts.append(account)
    return server, accounts


@asynccontextmanager
async def open_tasks(accounts: Any, store: LogStore, **options: Any) -> AsyncIterator[tuple[App, SyncTasks]]:
    """Open tasks whose control jobs are queued by the test. No slot of an account begins meanwhile."""
    defaults: dict[str, Any] = {
        "every": timedelta(days=1),
        "give_up_after": timedelta(0),
        "stall_timeout": timedelta(hours=1),
    }
    tasks = sync_tasks(accounts, store, **defaults | options)
    with mock.patch.object(account_state, "find_last_slot", return_value=_LAST_SLOT):
        async with tasks, open_app(create_app(store, tasks)) as app:
            app.periodic_registry.periodic_tasks.clear()
            await prepare_database(store, app)
            yield app, tasks


async def work(app: App, queue: str = SYNC, **options: Any) -> None:
    """Run all jobs that are waiting."""
    # The worker would also remove other workers that are silent for 30 seconds, which slow machines are.
    await app.run_worker_async(
        queues=[queue], wait=False, install_signal_handlers=False, stalled_worker_timeout=3600, **options
    )


async def run_control(app: App, name: str) -> None:
    await app.configure_task(f"sendcloud:{name}").defer_async(timestamp=0)
    await work(app, "sendcloud-control")


async def list_jobs(app: App, status: str | None = None) -> list[Job]:
    return list(await app.job_manager.list_jobs_async(queue=SYNC, status=status))


async def execute(store: LogStore, sql: str) -> list[Any]:
    async with store.writing() as connection:
        result = await connection.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


async def read_states(store: LogStore) -> list[AccountState]:
    return (await AccountStates(store).read_all())[1]


async def take(app: App) -> tuple[Job, int]:
    """Take a job like a worker that dies then."""
    worker = await app.job_manager.register_worker()
    job = await app.job_manager.fetch_job(queues=[SYNC], worker_id=worker)
    assert job is not None
    return job, worker
