"""Workers of two versions on one database, as during a deployment: no job and no log is lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from procrastinate import App

from sendcloud_integrations_client.sync import LogStore, NewerStoreError
from sendcloud_integrations_client.worker import list_worker_accounts, run_worker
from sendcloud_integrations_client.worker.account_state import AccountStates
from tests.support.worker_queue import (
    SYNC,
    Gate,
    build_accounts,
    execute,
    list_jobs,
    open_tasks,
    read_states,
    run_control,
    take,
    work,
)

MIGRATE = "UPDATE sendcloud_sync_version SET version_num = '9999'"


async def queue_like_a_newer_version(app: App, account: str) -> None:
    """Queue a job with an argument that this version does not know."""
    lock = f"{SYNC}:{account}"
    task = app.configure_task("sendcloud:sync_account", queue=SYNC, lock=lock, queueing_lock=lock)
    await task.defer_async(account=account, source="integrations")


async def test_a_job_with_an_argument_of_a_newer_version_is_run_without_it(store: LogStore) -> None:
    _, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, _):
        await queue_like_a_newer_version(app, "shop-0")
        await work(app)
        assert [job.status for job in await list_jobs(app)] == ["succeeded"]
    assert await execute(store, "SELECT count(*) FROM log") == [(30,)]


async def test_a_stalled_job_of_a_newer_version_is_recovered(store: LogStore) -> None:
    _, accounts = build_accounts(2)
    async with open_tasks(accounts, store) as (app, _):
        # An account cannot be found in the arguments of the first one; the planning queues it at its next slot.
        await app.configure_task("sendcloud:sync_account", queue=SYNC).defer_async(accounts=["shop-0"])
        await queue_like_a_newer_version(app, "shop-1")
        stalled = [(await take(app))[0].id for _ in range(2)]
        await execute(store, "DELETE FROM procrastinate_workers")
        await run_control(app, "recover_stalled_jobs")
        assert [job.id for job in await list_jobs(app, "failed")] == stalled
        assert [job.task_kwargs for job in await list_jobs(app, "todo")] == [{"account": "shop-1"}]


async def test_a_job_in_a_queue_of_a_newer_version_waits_for_it(store: LogStore) -> None:
    async with open_tasks([], store) as (app, _):
        await app.configure_task("sendcloud:newer_task", queue="sendcloud-newer").defer_async()
        await work(app)
        await work(app, "sendcloud-control")
        assert [job.status for job in await app.job_manager.list_jobs_async(queue="sendcloud-newer")] == ["todo"]


async def test_a_new_column_with_a_default_changes_nothing(store: LogStore) -> None:
    _, accounts = build_accounts(2)
    async with open_tasks(accounts, store) as (app, _):
        await execute(store, "ALTER TABLE worker_account ADD COLUMN priority integer NOT NULL DEFAULT 7")
        await run_control(app, "queue_due_accounts")
        await work(app)
        assert [one.last_synced_at is not None for one in await list_worker_accounts(store)] == [True, True]
        assert await execute(store, "SELECT DISTINCT priority FROM worker_account") == [(7,)]


async def test_an_account_that_only_another_worker_has_is_left_to_it(store: LogStore) -> None:
    _, accounts = build_accounts(2)
    async with open_tasks(accounts[:1], store) as (old, _), open_tasks(accounts, store) as (new, _):
        await run_control(new, "queue_due_accounts")
        await work(old)  # takes both jobs
        assert await execute(store, "SELECT DISTINCT account FROM log") == [("shop-0",)]
        await run_control(old, "queue_due_accounts")
        await run_control(new, "queue_due_accounts")
        assert await list_jobs(new, "todo") == []  # the account is tried again after a minute, not immediately
        await execute(store, "UPDATE worker_account SET retry_at = retry_at - interval '61 s'")
        await run_control(old, "queue_due_accounts")
        assert await list_jobs(new, "todo") == []  # no worker queues an account that it does not have
        await run_control(new, "queue_due_accounts")
        assert [job.task_kwargs for job in await list_jobs(new, "todo")] == [{"account": "shop-1"}]
        await work(new)
    assert await execute(store, "SELECT account, count(*) FROM log GROUP BY 1 ORDER BY 1") == [
        ("shop-0", 30),
        ("shop-1", 30),
    ]


async def test_a_retry_that_a_job_requested_before_its_planning_ended_is_kept(store: LogStore) -> None:
    states = AccountStates(store)
    async with open_tasks([], store):
        planned_at, _ = await states.find_due(["shop-0"], 86400)
        await states.start("shop-0", 1, "host:1")
        await states.postpone("shop-0", 1, timedelta(0))
        await states.mark_queued(["shop-0"], planned_at)
        assert (await states.find_due(["shop-0"], 86400))[1] == ["shop-0"]
        now, _ = await states.find_due(["shop-0"], 86400)
        await states.mark_queued(["shop-0"], now)
        assert (await states.find_due(["shop-0"], 86400))[1] == []


async def test_a_worker_stops_before_its_next_job_when_a_newer_version_migrates_the_store(
    store: LogStore, caplog: pytest.LogCaptureFixture
) -> None:
    server, accounts = build_accounts(3, logs=1000)

    async def migrate(page: int) -> None:
        if page == 2:
            await execute(store, MIGRATE)

    gate = Gate(server, migrate)
    for account in accounts:
        type(account).server = gate  # type: ignore[attr-defined]
    with pytest.raises(NewerStoreError, match="Upgrade this package"):
        await run_worker(accounts, store, every=timedelta(days=1), concurrency=1)
    assert "a newer version has migrated the store" in caplog.text
    assert await execute(store, "SELECT count(DISTINCT account) FROM log") == [(1,)]
    assert [state.failures for state in await read_states(store)] == [0, 0, 0]
    # A worker of the newer version continues.
    await execute(store, MIGRATE.replace("9999", "0004"))
    async with open_tasks(accounts, store) as (app, _):
        await run_control(app, "queue_due_accounts")
        await work(app)
    assert await execute(store, "SELECT count(*) FROM log") == [(3000,)]


async def test_a_statement_that_fails_after_a_migration_is_no_failure_of_the_account(store: LogStore) -> None:
    server, accounts = build_accounts(1, logs=500)
    stop = asyncio.Event()

    async def migrate(page: int) -> None:
        if page == 3:
            await execute(store, "ALTER TABLE log RENAME COLUMN exception TO message")
            await execute(store, MIGRATE)

    type(accounts[0]).server = Gate(server, migrate)  # type: ignore[attr-defined]
    async with open_tasks(accounts, store, stop=stop) as (app, tasks):
        await tasks.queue_account("shop-0")
        await work(app)
        assert tasks.is_outdated
        assert stop.is_set()
        (state,) = await read_states(store)
        assert (state.failures, state.error, state.is_running) == (0, None, False)
        assert await list_jobs(app, "todo") == []
        await run_control(app, "queue_due_accounts")
        assert [job.task_kwargs for job in await list_jobs(app, "todo")] == [{"account": "shop-0"}]
    await execute(store, "ALTER TABLE log RENAME COLUMN message TO exception")
    await execute(store, MIGRATE.replace("9999", "0004"))
    async with open_tasks(accounts, store) as (app, _):
        await work(app)
    assert await execute(store, "SELECT count(*) FROM log") == [(500,)]


async def test_a_worker_does_not_start_on_a_store_of_a_newer_version(store: LogStore, database: str) -> None:
    await store.migrate()
    await execute(store, MIGRATE)
    async with LogStore(database) as opened:
        with pytest.raises(NewerStoreError):
            await run_worker([], opened)
