"""Tests of `StopSignal`: what a stop ends, and what it lets finish."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sendcloud_integrations_client.sync.stop_signal import StopRequestedError, StopSignal


class Work:
    """Work that waits until `end` is called, and records whether it was cancelled."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.was_cancelled = False
        self._may_end = asyncio.Event()

    async def run(self) -> str:
        self.has_begun.set()
        try:
            await self._may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return "done"

    def end(self) -> None:
        self._may_end.set()


async def fail() -> str:
    raise LookupError


async def test_signal_is_set_by_the_event_of_the_caller_or_by_the_run() -> None:
    event = asyncio.Event()
    async with StopSignal(event) as signal, StopSignal(None) as other:
        assert (signal.is_set, signal.is_requested) == (False, False)
        event.set()
        assert (signal.is_set, signal.is_requested) == (True, True)
        assert (other.is_set, other.is_requested) == (False, False)
        other.set()
        assert (other.is_set, other.is_requested) == (True, False)


@pytest.mark.parametrize("has_event", [False, True])
async def test_wait_for_returns_the_result_or_raises_the_error(has_event: bool) -> None:
    async with StopSignal(asyncio.Event() if has_event else None) as signal:
        work = Work()
        asyncio.get_running_loop().call_soon(work.end)
        assert await signal.wait_for(work.run()) == "done"
        with pytest.raises(LookupError):
            await signal.wait_for(fail())


@pytest.mark.parametrize("by_event", [False, True])
async def test_wait_for_cancels_the_work_when_the_run_has_to_stop(by_event: bool) -> None:
    event = asyncio.Event()
    async with StopSignal(event) as signal:
        work = Work()
        waiting = asyncio.create_task(signal.wait_for(work.run()))
        await work.has_begun.wait()
        (event.set if by_event else signal.set)()
        with pytest.raises(StopRequestedError):
            await waiting
        assert work.was_cancelled
        unstarted = Work()
        with pytest.raises(StopRequestedError):
            await signal.wait_for(unstarted.run())
        assert not unstarted.has_begun.is_set()


async def test_wait_for_returns_a_result_that_exists_although_the_run_has_to_stop() -> None:
    async with StopSignal(None) as signal:
        signal.set()
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        future.set_result("done")
        assert await signal.wait_for(future) == "done"


async def test_wait_for_waits_until_the_cancelled_work_has_ended() -> None:
    ended: list[bool] = []

    async def run() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async with StopSignal(None) as signal:
        asyncio.get_running_loop().call_soon(signal.set)
        with pytest.raises(StopRequestedError):
            await signal.wait_for(run())
    assert ended == [True]


@pytest.mark.parametrize("event", [None, asyncio.Event()])
async def test_limit_returns_the_result_or_raises_the_error_without_a_stop(event: asyncio.Event | None) -> None:
    signal = StopSignal(event)
    work = Work()
    asyncio.get_running_loop().call_soon(work.end)
    assert await signal.limit(work.run(), 0.0) == "done"
    with pytest.raises(LookupError):
        await signal.limit(fail(), 0.0)
    assert not work.was_cancelled


async def test_limit_lets_the_work_finish_after_the_stop() -> None:
    event = asyncio.Event()
    work = Work()
    limited = asyncio.create_task(StopSignal(event).limit(work.run(), 1000.0, event.clear))
    await work.has_begun.wait()
    event.set()
    await asyncio.sleep(0)
    work.end()
    assert await limited == "done"
    assert event.is_set()  # `on_timeout` was not called


@pytest.mark.parametrize("has_callback", [False, True])
async def test_limit_cancels_the_work_after_the_grace_period(has_callback: bool) -> None:
    event = asyncio.Event()
    work = Work()
    calls: list[bool] = []
    options: dict[str, Any] = {"on_timeout": lambda: calls.append(work.was_cancelled)} if has_callback else {}
    limited = asyncio.create_task(StopSignal(event).limit(work.run(), 0.0, **options))
    await work.has_begun.wait()
    event.set()
    with pytest.raises(StopRequestedError):
        await limited
    assert work.was_cancelled
    assert calls == [False] * has_callback  # called before the cancellation


async def test_limit_cancels_the_work_if_its_caller_is_cancelled() -> None:
    work = Work()
    limited = asyncio.create_task(StopSignal(asyncio.Event()).limit(work.run(), 0.0))
    await work.has_begun.wait()
    limited.cancel()
    await asyncio.wait({limited})
    assert (limited.cancelled(), work.was_cancelled) == (True, True)


async def test_closed_signal_leaves_no_tasks() -> None:
    before = asyncio.all_tasks()
    async with StopSignal(asyncio.Event()) as signal:
        assert len(asyncio.all_tasks() - before) == 2
        with pytest.raises(LookupError):
            await signal.wait_for(fail())
        assert len(asyncio.all_tasks() - before) == 2
    assert asyncio.all_tasks() == before
