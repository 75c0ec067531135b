"""Planning, jobs and recovery, with the queue in a real PostgreSQL and one process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import update

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.sync import LogStore, StoreError
from sendcloud_integrations_client.sync.schema import sync_state
from sendcloud_integrations_client.worker import (
    list_worker_accounts,
    pause_account,
    queue_sync,
    resume_account,
    run_worker,
)
from sendcloud_integrations_client.worker import tasks as worker_tasks
from sendcloud_integrations_client.worker.account_state import AccountStates
from tests.support.postgresql import PostgresqlServer
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


async def test_accounts_are_queued_once_per_slot_and_synced(store: LogStore) -> None:
    _, accounts = build_accounts(3)
    async with open_tasks(accounts, store) as (app, _):
        await run_control(app, "queue_due_accounts")
        jobs = await list_jobs(app)
        assert sorted(job.task_kwargs["account"] for job in jobs) == ["shop-0", "shop-1", "shop-2"]  # type: ignore[type-var]
        assert all(job.lock == job.queueing_lock == f"{SYNC}:{job.task_kwargs['account']}" for job in jobs)
        await run_control(app, "queue_due_accounts")
        assert len(await list_jobs(app, "todo")) == 3
        await work(app, concurrency=3)
        await run_control(app, "queue_due_accounts")
        assert await list_jobs(app, "todo") == []
        await execute(
            store, "UPDATE worker_account SET queued_at = queued_at - interval '1 day' WHERE account = 'shop-1'"
        )
        await run_control(app, "queue_due_accounts")
        assert [job.task_kwargs for job in await list_jobs(app, "todo")] == [{"account": "shop-1"}]
    found = await list_worker_accounts(store)
    assert [(one.name, one.failures, one.error, one.worker) for one in found] == [
        (f"shop-{number}", 0, None, None) for number in range(3)
    ]
    assert all(one.last_synced_at is not None and one.age is not None and one.age < 600 for one in found)
    assert await execute(store, "SELECT count(*) FROM log") == [(90,)]


async def test_the_number_of_waiting_jobs_is_bounded(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_tasks, "_MAX_WAITING_JOBS", 2)
    _, accounts = build_accounts(5)
    async with open_tasks(accounts, store) as (app, _):
        seen: set[str] = set()
        for expected in (2, 4, 5):
            await run_control(app, "queue_due_accounts")
            seen |= {str(job.task_kwargs["account"]) for job in await list_jobs(app, "todo")}
            assert len(seen) == expected
            await run_control(app, "queue_due_accounts")
            assert len(await list_jobs(app, "todo")) <= 2
            await work(app)


async def test_accounts_that_are_no_longer_configured_are_not_queued_or_shown(store: LogStore) -> None:
    _, accounts = build_accounts(2)
    source = list(accounts)
    async with open_tasks(lambda: source, store) as (app, _):
        await run_control(app, "queue_due_accounts")
        removed = source.pop()
        await work(app)  # one job of the removed account was waiting
        await run_control(app, "queue_due_accounts")
        assert [one.name for one in await list_worker_accounts(store)] == ["shop-0"]
        assert await execute(store, "SELECT DISTINCT account FROM log") == [("shop-0",)]
        source.append(removed)
        await run_control(app, "queue_due_accounts")
        assert [one.name for one in await list_worker_accounts(store)] == ["shop-0", "shop-1"]


async def test_credentials_are_in_no_table_of_the_database(store: LogStore) -> None:
    server, accounts = build_accounts(2)
    server.fail_next("list_integrations", status=401)
    async with open_tasks(accounts, store) as (app, _):
        await run_control(app, "queue_due_accounts")
        first = min(await list_jobs(app, "todo"), key=lambda job: job.id or 0)
        await work(app)
        await run_control(app, "recover_stalled_jobs")
        tables = await execute(store, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        assert len(tables) > 10
        for (table,) in tables:
            rows = await execute(store, f'SELECT t::text FROM "{table}" t')
            assert not [row for (row,) in rows if "hush" in row or "public-" in row], table
        assert await execute(store, "SELECT DISTINCT args::text FROM procrastinate_jobs WHERE status = 'failed'") == [
            (json.dumps(first.task_kwargs),)
        ]


@pytest.mark.parametrize(
    ("status", "is_permanent"), [(401, True), pytest.param(403, True, marks=pytest.mark.long), (503, False)]
)
async def test_permanent_failures_wait_for_the_next_slot_and_others_are_retried_earlier(
    store: LogStore, status: int, is_permanent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, _):
        await run_control(app, "queue_due_accounts")
        server.fail_next("list_integrations", 50, status=status)
        await work(app)
        (found,) = await list_worker_accounts(store)
        assert (found.failures, found.is_permanent, found.last_synced_at) == (1, is_permanent, None)
        assert str(status) in (found.error or "")
        assert f"Sync of account shop-0 failed: {found.error}" in caplog.text
        await execute(store, "UPDATE worker_account SET retry_at = retry_at - interval '1 min'")
        await run_control(app, "queue_due_accounts")
        assert len(await list_jobs(app, "todo")) == (0 if is_permanent else 1)
        server.clear_faults()
        await execute(store, "UPDATE worker_account SET queued_at = queued_at - interval '1 day'")
        await run_control(app, "queue_due_accounts")
        await work(app)
        (found,) = await list_worker_accounts(store)
        assert (found.failures, found.error, found.is_permanent) == (0, None, False)
        assert found.last_synced_at is not None


async def test_an_unexpected_error_is_shown_by_its_type_only(store: LogStore) -> None:
    def fail() -> list[Account]:
        raise LookupError("hush")

    _, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, _):
        await run_control(app, "queue_due_accounts")
    async with open_tasks(fail, store) as (app, _):
        await work(app)
    (found,) = await list_worker_accounts(store)
    assert found.error == "unexpected LookupError"
    assert found.is_permanent


async def test_the_job_of_a_dead_worker_is_finished_and_its_account_queued_again(store: LogStore) -> None:
    _, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, tasks):
        await tasks.queue_account("shop-0")
        job, worker = await take(app)
        await run_control(app, "recover_stalled_jobs")
        assert [one.id for one in await list_jobs(app, "doing")] == [job.id]  # the worker is alive
        await execute(
            store, f"UPDATE procrastinate_workers SET last_heartbeat = now() - interval '61 min' WHERE id = {worker}"
        )
        await run_control(app, "recover_stalled_jobs")
        assert [one.id for one in await list_jobs(app, "failed")] == [job.id]
        (queued,) = await list_jobs(app, "todo")
        assert queued.id != job.id
        assert await execute(store, f"SELECT * FROM procrastinate_workers WHERE id = {worker}") == []
        await work(app)
        assert await execute(store, "SELECT count(*) FROM log") == [(30,)]


async def test_a_stalled_job_whose_account_was_queued_again_is_finished(store: LogStore) -> None:
    _, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, tasks):
        await tasks.queue_account("shop-0")
        job, _ = await take(app)
        assert await tasks.queue_account("shop-0")
        assert not await tasks.queue_account("shop-0")
        await execute(store, "DELETE FROM procrastinate_workers")
        await run_control(app, "recover_stalled_jobs")
        assert [one.id for one in await list_jobs(app, "failed")] == [job.id]
        assert len(await list_jobs(app, "todo")) == 1
        await work(app)
        assert await list_jobs(app, "doing") == await list_jobs(app, "todo") == []
        (found,) = await read_states(store)
        assert found.failures == 0


async def test_a_job_of_a_living_worker_whose_end_was_not_stored_is_finished(store: LogStore) -> None:
    _, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, tasks):
        await tasks.queue_account("shop-0")
        job, _ = await take(app)
        assert job.id is not None
        states = AccountStates(store)
        assert await states.start("shop-0", job.id, "host:1")
        await run_control(app, "recover_stalled_jobs")
        assert len(await list_jobs(app, "doing")) == 1
        await execute(store, "UPDATE worker_account SET seen_at = seen_at - interval '61 min'")
        await run_control(app, "recover_stalled_jobs")
        assert [one.id for one in await list_jobs(app, "failed")] == [job.id]
        assert len(await list_jobs(app, "todo")) == 1
        (state,) = await read_states(store)
        assert (state.retries, state.is_running) == (1, False)
        # The worker was only frozen, and continues.
        await states.fail("shop-0", job.id + 1, "of another job", None)
        (state,) = await read_states(store)
        assert state.failures == 0


async def test_a_control_job_of_a_dead_worker_blocks_nothing(store: LogStore) -> None:
    async with open_tasks([], store) as (app, _):
        task = app.tasks["sendcloud:recover_stalled_jobs"]
        await task.defer_async(timestamp=0)
        worker = await app.job_manager.register_worker()
        job = await app.job_manager.fetch_job(queues=["sendcloud-control"], worker_id=worker)
        await execute(store, "DELETE FROM procrastinate_workers")
        await task.defer_async(timestamp=0)
        with pytest.raises(AlreadyEnqueued):
            await task.defer_async(timestamp=0)
        await work(app, "sendcloud-control")
        assert job is not None
        assert job.id is not None
        assert (await app.job_manager.get_job_status_async(job.id)).value == "failed"


async def test_old_failed_jobs_are_deleted(store: LogStore) -> None:
    server, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, tasks):
        server.fail_next("list_integrations", status=401)
        await tasks.queue_account("shop-0")
        await work(app)
        await run_control(app, "delete_old_jobs")
        assert len(await list_jobs(app)) == 1
        await execute(store, "UPDATE procrastinate_events SET at = at - interval '25 h'")
        await run_control(app, "delete_old_jobs")
        assert await list_jobs(app) == []


async def test_a_paused_account_is_not_synced_until_it_is_resumed(store: LogStore) -> None:
    _, accounts = build_accounts(2)
    async with open_tasks(accounts, store) as (app, _):
        await run_control(app, "queue_due_accounts")
        await pause_account(store, "shop-0")
        await work(app)  # its job was waiting
        await execute(store, "UPDATE worker_account SET queued_at = queued_at - interval '1 day'")
        await run_control(app, "queue_due_accounts")
        assert [job.task_kwargs for job in await list_jobs(app, "todo")] == [{"account": "shop-1"}]
        with pytest.raises(InvalidInputError, match="is paused"):
            await queue_sync(store, "shop-0")
        paused, other = await list_worker_accounts(store)
        assert paused.paused_at is not None
        assert (paused.last_synced_at, other.paused_at) == (None, None)
        await resume_account(store, "shop-0")
        await run_control(app, "queue_due_accounts")
        await work(app)
        assert all(one.last_synced_at is not None for one in await list_worker_accounts(store))


async def test_an_account_whose_job_was_skipped_is_due_as_soon_as_it_is_resumed(store: LogStore) -> None:
    _, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, _):
        await run_control(app, "queue_due_accounts")
        await pause_account(store, "shop-0")
        await work(app)
        await run_control(app, "queue_due_accounts")
        assert await list_jobs(app, "todo") == []
        await resume_account(store, "shop-0")
        await run_control(app, "queue_due_accounts")  # in the same slot
        assert [job.task_kwargs for job in await list_jobs(app, "todo")] == [{"account": "shop-0"}]
        await work(app)
        await run_control(app, "queue_due_accounts")
        assert await list_jobs(app, "todo") == []


async def test_one_account_can_be_queued_now(store: LogStore) -> None:
    _, accounts = build_accounts(1)
    async with open_tasks(accounts, store) as (app, _):
        await run_control(app, "queue_due_accounts")
        await work(app)
        assert await queue_sync(store, "shop-0")
        assert not await queue_sync(store, "shop-0")
        assert len(await list_jobs(app, "todo")) == 1


@pytest.mark.parametrize(
    "call",
    [queue_sync, pause_account, resume_account],
)
async def test_unknown_accounts_are_reported(store: LogStore, call: Callable[[LogStore, str], Awaitable[Any]]) -> None:
    async with open_tasks([], store):
        with pytest.raises(StoreError, match="no worker has an account shop-9"):
            await call(store, "shop-9")


async def test_a_database_without_workers_is_reported(new_postgresql_database: Callable[[], str]) -> None:
    async with LogStore(new_postgresql_database()) as store:
        with pytest.raises(StoreError, match="no worker has used this database"):
            await list_worker_accounts(store)


async def test_a_stopped_worker_stores_the_pages_in_progress_and_queues_their_accounts_again(store: LogStore) -> None:
    server, accounts = build_accounts(1, logs=1000)
    stop = asyncio.Event()

    async def stop_at_third_page(page: int) -> None:
        if page == 3:
            stop.set()

    type(accounts[0]).server = Gate(server, stop_at_third_page)  # type: ignore[attr-defined]
    await run_worker(accounts, store, every=timedelta(days=1), stop=stop)
    ((stored,),) = await execute(store, "SELECT count(*) FROM log")
    assert 0 < stored < 1000
    async with open_tasks(accounts, store) as (app, _):
        assert [job.task_kwargs for job in await list_jobs(app)] == [{"account": "shop-0"}]
        assert [job.status for job in await list_jobs(app)] == ["todo"]
        (state,) = await read_states(store)
        assert (state.failures, state.error, state.is_running) == (0, None, False)
        assert await execute(store, "SELECT * FROM procrastinate_workers") == []
        await work(app)
    assert await execute(store, "SELECT count(*) FROM log") == [(1000,)]


async def test_a_job_that_procrastinate_cancels_at_shutdown_queues_its_account_again(store: LogStore) -> None:
    server, accounts = build_accounts(1)
    is_blocked = asyncio.Event()

    async def block(page: int) -> None:
        is_blocked.set()
        await asyncio.Event().wait()

    type(accounts[0]).server = Gate(server, block)  # type: ignore[attr-defined]
    async with open_tasks(accounts, store) as (app, tasks):
        await tasks.queue_account("shop-0")
        worker = asyncio.create_task(
            app.run_worker_async(queues=[SYNC], install_signal_handlers=False, shutdown_graceful_timeout=0.01)
        )
        await is_blocked.wait()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        assert [(job.status, job.task_kwargs) for job in await list_jobs(app)] == [
            ("aborted", {"account": "shop-0"}),
            ("todo", {"account": "shop-0"}),
        ]
        (state,) = await read_states(store)
        assert not state.is_running


async def test_a_job_that_another_run_takes_over_is_no_failure(store: LogStore) -> None:
    server, accounts = build_accounts(1, logs=1000)

    async def take_over(page: int) -> None:
        if page == 3:
            async with store.writing() as connection:
                await connection.execute(update(sync_state).values(run_id="another"))

    type(accounts[0]).server = Gate(server, take_over)  # type: ignore[attr-defined]
    async with open_tasks(accounts, store) as (app, tasks):
        await tasks.queue_account("shop-0")
        await work(app)
        (state,) = await read_states(store)
        assert (state.failures, state.error, state.is_running) == (0, None, False)
        assert [job.status for job in await list_jobs(app)] == ["succeeded"]


@pytest.mark.long
async def test_a_worker_outlives_a_restart_of_the_database(postgresql_server: PostgresqlServer, database: str) -> None:
    server, accounts = build_accounts(2)
    stop = asyncio.Event()
    async with LogStore(database) as store, LogStore(database) as observer:
        worker = asyncio.create_task(
            run_worker(accounts, store, every=timedelta(days=1), stall_timeout=timedelta(seconds=3), stop=stop)
        )
        await wait_for_success(observer, worker, "shop-0", "shop-1")
        await asyncio.to_thread(postgresql_server.stop)
        await asyncio.to_thread(postgresql_server.start)
        server.clear_faults()
        before = {one.name: one.last_synced_at for one in await list_worker_accounts(observer)}
        # The recovery may have queued the account already, because the end of its last job was not stored.
        await queue_sync(observer, "shop-1")
        await wait_for_success(observer, worker, "shop-1", after=before["shop-1"])
        stop.set()
        await worker


async def wait_for_success(store: LogStore, worker: asyncio.Task[None], *names: str, after: Any = None) -> None:
    """Wait until accounts are synced. Returns only then; the time limit is that of the test."""
    while True:
        assert not worker.done(), worker
        with contextlib.suppress(StoreError):
            found = {one.name: one.last_synced_at for one in await list_worker_accounts(store)}
            times = [found.get(name) for name in names]
            if all(time is not None and (after is None or time > after) for time in times):
                return
        await asyncio.sleep(0.05)


async def test_a_worker_waits_for_the_database_at_its_start(postgresql_server: PostgresqlServer, database: str) -> None:
    _, accounts = build_accounts(1)
    stop = asyncio.Event()
    await asyncio.to_thread(postgresql_server.stop)
    async with LogStore(database) as store:
        try:
            worker = asyncio.create_task(run_worker(accounts, store, every=timedelta(days=1), stop=stop))
            await asyncio.sleep(0)
        finally:
            await asyncio.to_thread(postgresql_server.start)
        await wait_for_success(store, worker, "shop-0")
        stop.set()
        await worker


async def test_a_worker_can_be_stopped_while_it_waits_for_the_database() -> None:
    stop = asyncio.Event()

    class StopAtFirstWarning(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            stop.set()

    handler = StopAtFirstWarning(logging.WARNING)
    logging.getLogger("sendcloud_integrations_client").addHandler(handler)
    try:
        async with LogStore("postgresql://127.0.0.1:1/logs") as store:
            await run_worker([], store, stop=stop)
    finally:
        logging.getLogger("sendcloud_integrations_client").removeHandler(handler)
    assert stop.is_set()


async def test_a_database_that_cannot_be_used_ends_the_worker(database: str) -> None:
    async with LogStore(database.replace("/test", "/missing")) as store:
        with pytest.raises(StoreError, match="does not exist"):
            await run_worker([], store)


async def test_invalid_arguments_are_rejected(store: LogStore) -> None:
    with pytest.raises(InvalidInputError, match="concurrency"):
        await run_worker([], store, concurrency=0)
