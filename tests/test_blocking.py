"""`run_sync` calls the client from synchronous code, with one event loop and one client per process."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sendcloud_integrations_client import BasicAuth, Integration, NotFoundError, Page, SendcloudIntegrations, run_sync


def respond(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/404"):
        return httpx.Response(404)
    return httpx.Response(200, json={"data": [{"id": 1}]})


def build_client() -> SendcloudIntegrations:
    return SendcloudIntegrations(
        auth=BasicAuth("public", "secret"), transport=httpx.MockTransport(respond), rate_limits=None, retries=None
    )


async def get_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_paginator_and_coroutine_return_their_result() -> None:
    client = build_client()
    page = run_sync(client.integrations.list())
    assert isinstance(page, Page)
    assert page == Page([Integration(id=1)], None, None)

    async def collect() -> list[int]:
        return [log.id async for log in client.logs.list()]

    assert run_sync(collect()) == [1]
    run_sync(client.aclose())


def test_error_of_the_client_is_raised() -> None:
    client = build_client()
    with pytest.raises(NotFoundError):
        run_sync(client.integrations.retrieve(404))
    run_sync(client.aclose())


def test_all_threads_share_one_event_loop_and_one_client() -> None:
    client = build_client()
    with ThreadPoolExecutor(8) as executor:
        loops = set(executor.map(lambda _: run_sync(get_loop()), range(40)))
        pages = list(executor.map(lambda _: run_sync(client.integrations.list()), range(40)))
    assert len(loops) == 1
    assert [len(page) for page in pages] == [1] * 40
    assert [thread.name for thread in threading.enumerate()].count("sendcloud-run-sync") == 1
    run_sync(client.aclose())


def test_context_variables_of_the_caller_are_visible() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("caller")

    async def read() -> str:
        return variable.get()

    assert run_sync(read()) == "caller"


def test_timeout_cancels_the_awaitable() -> None:
    cancelled = threading.Event()

    async def wait_forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        run_sync(wait_forever(), timeout=0.01)
    assert cancelled.wait(30)


async def test_call_within_an_event_loop_raises() -> None:
    with pytest.raises(RuntimeError, match="while an event loop is running in this thread"):
        run_sync(get_loop())
    assert await asyncio.to_thread(run_sync, get_loop()) is not asyncio.get_running_loop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_process_gets_its_own_event_loop() -> None:
    program = """
import asyncio, os
from sendcloud_integrations_client import run_sync

async def get_pid():
    await asyncio.sleep(0)
    return os.getpid()

assert run_sync(get_pid()) == os.getpid()
child = os.fork()
assert run_sync(get_pid(), timeout=10) == os.getpid()
if child:
    _, status = os.waitpid(child, 0)
    assert status == 0, status
"""
    # Python 3.12 and newer warn about a fork while threads run. Servers such as Celery and gunicorn fork anyway.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_program_ends_while_a_task_of_the_loop_runs() -> None:
    program = """
import asyncio
from sendcloud_integrations_client import run_sync

async def wait_forever():
    try:
        await asyncio.Event().wait()
    finally:
        print("cancelled")

async def start():
    global task
    task = asyncio.create_task(wait_forever())
    await asyncio.sleep(0)

run_sync(start())
print("end")
"""
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\ncancelled\n", "")


def test_asynchronous_iterator_raises_a_type_error_with_advice() -> None:
    client = build_client()
    with pytest.raises(TypeError, match="run_sync\\(collect\\(\\)\\)"):
        run_sync(client.logs.list().pages())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    run_sync(client.aclose())


def test_timeout_error_names_the_limit() -> None:
    with pytest.raises(TimeoutError, match=r"run_sync\(\) was cancelled after timeout=0\.01 seconds"):
        run_sync(asyncio.sleep(10), timeout=0.01)


def test_timeout_error_of_the_awaitable_is_unchanged() -> None:
    async def fail() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        run_sync(fail(), timeout=10)
