"""`logs.list_for_integrations` is bounded, isolates failures of one integration, and leaves no task behind."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import (
    BasicAuth,
    InvalidInputError,
    NotFoundError,
    SendcloudError,
    SendcloudIntegrations,
)


class LogServer:
    """Serves three logs per page for any integration, and records the requests.

    Attributes:
        request_counts: Number of requests per integration.
        max_in_progress: Largest number of integrations that were started and not complete at one time.
    """

    def __init__(self, pages: int = 3, failing: frozenset[int] = frozenset()) -> None:
        self.pages = pages
        self.failing = failing
        self.request_counts: Counter[int] = Counter()
        self._in_progress: set[int] = set()
        self.max_in_progress = 0

    async def respond(self, request: httpx.Request) -> httpx.Response:
        integration_id = int(request.url.path.split("/")[-2])
        page = int(request.url.params.get("cursor", "0"))
        self.request_counts[integration_id] += 1
        self._in_progress.add(integration_id)
        self.max_in_progress = max(self.max_in_progress, len(self._in_progress))
        await asyncio.sleep(0)
        if integration_id in self.failing:
            self._in_progress.discard(integration_id)
            return httpx.Response(404, json={"errors": [{"code": "not_found", "detail": f"no {integration_id}"}]})
        is_last = page == self.pages - 1
        if is_last:
            self._in_progress.discard(integration_id)
        headers = {} if is_last else {"Link": f'<https://x.example/?cursor={page + 1}>; rel="next"'}
        data = [{"id": integration_id * 1000 + page * 10 + number} for number in range(3)]
        return httpx.Response(200, content=orjson.dumps({"data": data}), headers=headers)

    def create_client(self) -> SendcloudIntegrations:
        transport = httpx.MockTransport(self.respond)
        return SendcloudIntegrations(auth=BasicAuth("p", "s"), transport=transport, retries=None, rate_limits=None)


async def has_no_other_task() -> bool:
    for _ in range(20):
        await asyncio.sleep(0)
    return asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_yields_every_log_of_every_integration_once_and_in_order(concurrency: int) -> None:
    server = LogServer()
    async with server.create_client() as client:
        found = [
            (integration_id, log.id)
            async for integration_id, log in client.logs.list_for_integrations(range(1, 11), concurrency=concurrency)
        ]
    assert server.max_in_progress <= concurrency
    for integration_id in range(1, 11):
        ids = [log_id for owner_id, log_id in found if owner_id == integration_id]
        assert ids == [integration_id * 1000 + page * 10 + number for page in range(3) for number in range(3)]
    assert await has_no_other_task()


async def test_failed_integration_does_not_end_the_others() -> None:
    server = LogServer(failing=frozenset({2, 5}))
    found: set[int] = set()

    async def iterate() -> None:
        async with server.create_client() as client:
            async for integration_id, _ in client.logs.list_for_integrations(range(1, 7), concurrency=3):
                found.add(integration_id)

    with pytest.raises(ExceptionGroup, match="2 of 6 integrations failed") as caught:
        await iterate()
    assert found == {1, 3, 4, 6}
    assert {type(error) for error in caught.value.exceptions} == {NotFoundError}
    notes = {note for error in caught.value.exceptions for note in error.__notes__}
    assert notes == {"while fetching the logs of integration 2", "while fetching the logs of integration 5"}


async def test_on_error_receives_each_failure() -> None:
    server = LogServer(failing=frozenset({2}))
    failed: list[tuple[int, SendcloudError]] = []
    async with server.create_client() as client:
        logs = client.logs.list_for_integrations(
            [1, 2, 3], on_error=lambda integration_id, error: failed.append((integration_id, error))
        )
        found = {integration_id async for integration_id, _ in logs}
    assert found == {1, 3}
    assert [(integration_id, type(error)) for integration_id, error in failed] == [(2, NotFoundError)]


async def test_slow_consumer_bounds_the_pages_in_memory() -> None:
    server = LogServer(pages=50)
    async with server.create_client() as client:
        logs = client.logs.list_for_integrations(range(1, 100), concurrency=4)
        await anext(logs)
        for _ in range(500):
            await asyncio.sleep(0)
        # Four pages in the queue, one taken; per worker one page that waits for the queue and three prefetched pages.
        assert server.request_counts.total() <= 4 + 4 * (1 + 3) + 1
        assert len(server.request_counts) <= 4
        await logs.aclose()
    assert await has_no_other_task()


@given(steps=st.integers(0, 60))
async def test_cancelling_at_any_await_leaves_no_task(steps: int) -> None:
    async with LogServer(pages=10).create_client() as client:

        async def iterate() -> None:
            async for _ in client.logs.list_for_integrations(range(1, 9), concurrency=3):
                await asyncio.sleep(0)

        task = asyncio.ensure_future(iterate())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await has_no_other_task()


def iterate_then_raise(ids: list[int]) -> Iterator[int]:
    yield from ids
    raise LookupError("the ids are not available")


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_error_of_the_iterable_of_ids_reaches_the_consumer(concurrency: int) -> None:
    async with LogServer().create_client() as client:
        with pytest.raises(LookupError, match="are not available"):
            async for _ in client.logs.list_for_integrations(iterate_then_raise([1, 2]), concurrency=concurrency):
                pass
    assert await has_no_other_task()


async def test_error_of_the_callback_reaches_the_consumer() -> None:
    def fail(integration_id: int, error: SendcloudError) -> None:
        raise LookupError(f"{integration_id}")

    async with LogServer(failing=frozenset({1})).create_client() as client:
        with pytest.raises(LookupError, match="1"):
            async for _ in client.logs.list_for_integrations([1], on_error=fail):
                pass


async def test_no_integrations_yield_no_logs() -> None:
    async with LogServer().create_client() as client:
        assert [item async for item in client.logs.list_for_integrations([])] == []


async def test_concurrency_below_one_raises() -> None:
    async with LogServer().create_client() as client:
        with pytest.raises(InvalidInputError, match="concurrency"):
            async for _ in client.logs.list_for_integrations([1], concurrency=0):
                pass


@pytest.mark.parametrize("ids", [1, "1,2", b"12", None])
async def test_argument_that_is_no_iterable_of_ids_raises(ids: Any) -> None:
    async with LogServer().create_client() as client:
        with pytest.raises(InvalidInputError, match=r"integration_ids .*must be an iterable of integers, not"):
            async for _ in client.logs.list_for_integrations(ids):
                pass


@pytest.mark.parametrize("invalid", [None, "2", 2.0, True])
async def test_invalid_id_in_a_collection_raises_before_a_request(invalid: Any) -> None:
    server = LogServer()
    async with server.create_client() as client:
        with pytest.raises(InvalidInputError, match=r"integration_ids .*must contain only integers, not"):
            async for _ in client.logs.list_for_integrations([1, invalid]):
                pass
    assert not server.request_counts


async def test_invalid_id_of_a_lazy_iterable_raises() -> None:
    ids: list[Any] = [None]
    server = LogServer()
    async with server.create_client() as client:
        with pytest.raises(InvalidInputError, match="must contain only integers, not NoneType"):
            async for _ in client.logs.list_for_integrations(iter(ids)):
                pass
    assert not server.request_counts
