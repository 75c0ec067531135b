"""Many walks at once: bounded, fair to each other's failures, and gone when nobody listens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import BasicAuth, InvalidInputError, NotFoundError, SendcloudError
from sendcloud_integrations_client import SendcloudIntegrations as Client


class Shops:
    """Answers for many integrations, a few logs a page; knows who is being walked, and how far."""

    def __init__(self, pages: int = 3, failing: frozenset[int] = frozenset()) -> None:
        self.pages = pages
        self.failing = failing
        self.asked: Counter[int] = Counter()
        self.unfinished: set[int] = set()
        self.most_at_once = 0

    async def answer(self, request: httpx.Request) -> httpx.Response:
        integration_id = int(request.url.path.split("/")[-2])
        page = int(request.url.params.get("cursor", "0"))
        self.asked[integration_id] += 1
        self.unfinished.add(integration_id)
        self.most_at_once = max(self.most_at_once, len(self.unfinished))
        await asyncio.sleep(0)
        if integration_id in self.failing:
            self.unfinished.discard(integration_id)
            return httpx.Response(404, json={"errors": [{"code": "not_found", "detail": f"no {integration_id}"}]})
        last = page == self.pages - 1
        if last:
            self.unfinished.discard(integration_id)
        headers = {} if last else {"Link": f'<https://x.example/?cursor={page + 1}>; rel="next"'}
        data = [{"id": integration_id * 1000 + page * 10 + number} for number in range(3)]
        return httpx.Response(200, content=orjson.dumps({"data": data}), headers=headers)

    def client(self) -> Client:
        transport = httpx.MockTransport(self.answer)
        return Client(auth=BasicAuth("p", "s"), transport=transport, retries=None, rate_limits=None)


async def no_task_is_left() -> bool:
    for _ in range(20):
        await asyncio.sleep(0)
    return asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_every_log_of_every_integration_once_and_in_its_order(concurrency: int) -> None:
    shops = Shops()
    async with shops.client() as client:
        found = [(one, log.id) async for one, log in client.logs.across(range(1, 11), concurrency=concurrency)]
    assert shops.most_at_once <= concurrency
    for one in range(1, 11):
        ids = [log_id for owner, log_id in found if owner == one]
        assert ids == [one * 1000 + page * 10 + number for page in range(3) for number in range(3)]
    assert await no_task_is_left()


async def test_one_that_fails_does_not_end_the_others() -> None:
    shops = Shops(failing=frozenset({2, 5}))
    found: set[int] = set()

    async def walk() -> None:
        async with shops.client() as client:
            async for one, _ in client.logs.across(range(1, 7), concurrency=3):
                found.add(one)

    with pytest.raises(ExceptionGroup, match="2 of 6 integrations failed") as caught:
        await walk()
    assert found == {1, 3, 4, 6}
    assert {type(error) for error in caught.value.exceptions} == {NotFoundError}
    notes = {note for error in caught.value.exceptions for note in error.__notes__}
    assert notes == {"while reading the logs of integration 2", "while reading the logs of integration 5"}


async def test_failures_can_go_to_a_callback_one_by_one() -> None:
    shops = Shops(failing=frozenset({2}))
    failed: list[tuple[int, SendcloudError]] = []
    async with shops.client() as client:
        walk = client.logs.across([1, 2, 3], on_error=lambda one, error: failed.append((one, error)))
        found = {one async for one, _ in walk}
    assert found == {1, 3}
    assert [(one, type(error)) for one, error in failed] == [(2, NotFoundError)]


async def test_a_slow_consumer_bounds_what_is_in_memory() -> None:
    shops = Shops(pages=50)
    async with shops.client() as client:
        walk = client.logs.across(range(1, 100), concurrency=4)
        await anext(walk)
        for _ in range(500):
            await asyncio.sleep(0)
        # Pages that were handed over and wait, one in each walk's hand, and three ahead of each.
        assert shops.asked.total() <= 4 + 4 * (1 + 3) + 1
        assert len(shops.asked) <= 4
        await walk.aclose()
    assert await no_task_is_left()


@given(moment=st.integers(0, 60))
async def test_cancelling_at_any_moment_leaves_no_task(moment: int) -> None:
    async with Shops(pages=10).client() as client:

        async def walk() -> None:
            async for _ in client.logs.across(range(1, 9), concurrency=3):
                await asyncio.sleep(0)

        task = asyncio.ensure_future(walk())
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await no_task_is_left()


def breaking(ids: list[int]) -> Iterator[int]:
    yield from ids
    raise LookupError("the ids ran out")


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_ids_that_cannot_be_had_reach_the_consumer(concurrency: int) -> None:
    async with Shops().client() as client:
        with pytest.raises(LookupError, match="ran out"):
            assert [one async for one in client.logs.across(breaking([1, 2]), concurrency=concurrency)]
    assert await no_task_is_left()


async def test_a_callback_that_raises_reaches_the_consumer() -> None:
    def fail(one: int, error: SendcloudError) -> None:
        raise LookupError(f"{one}")

    async with Shops(failing=frozenset({1})).client() as client:
        with pytest.raises(LookupError, match="1"):
            assert [one async for one in client.logs.across([1], on_error=fail)]


async def test_no_integrations_are_no_logs() -> None:
    async with Shops().client() as client:
        assert [one async for one in client.logs.across([])] == []


@pytest.mark.parametrize(("call", "field"), [(lambda c: c.logs.across([1], concurrency=0), "concurrency")])
async def test_a_senseless_concurrency_is_refused(call: Callable[[Client], object], field: str) -> None:
    async with Shops().client() as client:
        with pytest.raises(InvalidInputError, match=field):
            async for _ in call(client):  # type: ignore[attr-defined]
                pass
