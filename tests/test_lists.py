"""Every `list` method returns a `Paginator`: `await` it for a `Page`, iterate over it for records."""

from __future__ import annotations

import asyncio
import pickle
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sendcloud_integrations_client
from sendcloud_integrations_client import (
    APIConnectionError,
    BasicAuth,
    Integration,
    IntegrationLog,
    InvalidInputError,
    NotFoundError,
    Page,
    Paginator,
    Response,
    SendcloudError,
    SendcloudIntegrations,
    ShopOrderStatus,
    StatusMapping,
)

Handler = Callable[[httpx.Request], httpx.Response]
PACKAGE = Path(sendcloud_integrations_client.__file__).parent


def build_client(handler: Handler) -> SendcloudIntegrations:
    return SendcloudIntegrations(
        auth=BasicAuth("public", "secret"), transport=httpx.MockTransport(handler), rate_limits=None, retries=None
    )


class LogPages:
    """Serves logs in pages of one; the cursor is the number of the page."""

    def __init__(self, page_count: int) -> None:
        self.page_count = page_count
        self.queries: list[dict[str, str]] = []
        self.paths: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.queries.append(dict(request.url.params))
        self.paths.append(request.url.path)
        number = int(request.url.params.get("cursor", "0"))
        has_next = number + 1 < self.page_count
        headers = {"link": f'<https://x.example/?cursor={number + 1}>; rel="next"'} if has_next else {}
        return httpx.Response(200, headers=headers, json={"data": [{"id": number}]})


RECORDS: dict[str, Any] = {
    "/api/v3/integrations": [{"id": 1}, {"id": 2}],
    "/api/v3/integrations/logs": [{"id": 1}, {"id": 2}],
    "/api/v3/integrations/7/logs": [{"id": 1}, {"id": 2}],
    "/api/v3/shop-order-statuses": [{"external_id": "1"}, {"external_id": "2"}],
}


def list_records(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": RECORDS[request.url.path]})


LISTS: list[tuple[Callable[[SendcloudIntegrations], Paginator[Any]], type]] = [
    (lambda client: client.integrations.list(sort="-created_at"), Integration),
    (lambda client: client.logs.list(), IntegrationLog),
    (lambda client: client.logs.list(integration_id=7), IntegrationLog),
    (lambda client: client.shop_order_statuses.list(7, language="en-gb"), ShopOrderStatus),
]


@pytest.mark.parametrize("wrong", ["ignore", "", None, 1])
async def test_invalid_on_decode_error_raises_before_a_request(wrong: Any) -> None:
    async with build_client(lambda _: pytest.fail("a request was sent")) as client:
        for paginator in (
            client.integrations.list(on_decode_error=wrong),
            client.logs.list(on_decode_error=wrong),
            client.logs.list(integration_id=7, on_decode_error=wrong),
        ):
            with pytest.raises(InvalidInputError, match=r'on_decode_error .* must be "raise", "skip" or a callable'):
                await paginator


@pytest.mark.parametrize(("call", "model"), LISTS)
async def test_every_list_can_be_awaited_and_iterated(
    call: Callable[[SendcloudIntegrations], Paginator[Any]], model: type
) -> None:
    async with build_client(list_records) as client:
        page = await call(client)
        assert isinstance(page, Page)
        assert [type(record) for record in page] == [model, model]
        assert not page.has_next
        assert [record async for record in call(client)] == page.data
        assert [one async for one in call(client).pages()] == [page]


async def test_single_page_list_ignores_a_link_header() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"link": '<https://x.example/?cursor=1>; rel="next"'}, json={"data": []})

    async with build_client(respond) as client:
        assert not (await client.integrations.list()).has_next
        assert [page.data async for page in client.integrations.list().pages()] == [[]]


async def test_page_is_a_sequence() -> None:
    page = Page([1, 2, 3], None, "next")
    assert isinstance(page, Sequence)
    assert (page[0], page[-1], page[1:], len(page), list(reversed(page))) == (1, 3, [2, 3], 3, [3, 2, 1])
    assert 2 in page
    assert page.index(3) == 2
    with pytest.raises(IndexError):
        page[3]


@given(st.lists(st.integers()), st.none() | st.text(min_size=1))
def test_page_is_truthy_if_it_has_records(data: list[int], next_cursor: str | None) -> None:
    page = Page(data, None, next_cursor)
    assert bool(page) is bool(data)
    assert page.has_next is (next_cursor is not None)


async def test_next_page_keeps_the_query_of_the_first_call() -> None:
    server = LogPages(3)
    async with build_client(server) as client:
        page = await client.logs.list(integration_id=52, page_size=1)
        numbers = [page[0].id]
        while page.has_next:
            page = await page.get_next_page()
            numbers.append(page[0].id)
    assert numbers == [0, 1, 2]
    assert server.paths == ["/api/v3/integrations/52/logs"] * 3
    assert server.queries == [
        {"page_size": "1"},
        {"page_size": "1", "cursor": "1"},
        {"page_size": "1", "cursor": "2"},
    ]


async def test_next_page_of_an_iteration_continues_it() -> None:
    server = LogPages(3)
    async with build_client(server) as client:
        pages = [page async for page in client.logs.list(integration_id=52).pages()]
        assert await pages[0].get_next_page() == pages[1]


async def test_next_page_of_the_last_page_raises() -> None:
    server = LogPages(1)
    async with build_client(server) as client:
        page = await client.logs.list()
        with pytest.raises(InvalidInputError, match=r"logs\.list: this is the last page; check page\.has_next first"):
            await page.get_next_page()
    assert len(server.paths) == 1


async def test_client_is_not_part_of_equality_repr_and_pickle() -> None:
    async with build_client(LogPages(2)) as client:
        page = await client.logs.list()
    assert page == Page(page.data, None, "1")
    assert repr(page) == f"Page(data={page.data!r}, cursor=None, next_cursor='1')"
    copy = pickle.loads(pickle.dumps(page))
    assert copy == page
    with pytest.raises(InvalidInputError, match=r"pass cursor=page\.next_cursor and the same filters to `list`"):
        await copy.get_next_page()


async def test_task_of_a_paginator_fails_with_instructions() -> None:
    async with build_client(list_records) as client:
        with pytest.raises(TypeError, match=r"Paginator of logs\.list\(\): use `await` .*asyncio\.ensure_future"):
            asyncio.create_task(client.logs.list())  # type: ignore[arg-type]  # noqa: RUF006
        assert len(await asyncio.ensure_future(client.logs.list())) == 2
        assert len((await asyncio.gather(client.integrations.list()))[0]) == 2


async def test_unknown_sort_key_raises_before_a_request_is_sent() -> None:
    server = LogPages(1)
    async with build_client(server) as client:
        with pytest.raises(InvalidInputError, match="sort"):
            await client.integrations.list(sort="nonsense")  # type: ignore[arg-type]
    assert server.paths == []


LOG = {"base_url": "https://shop.example"}
STATUS = {"external_id": "1", "translations": [{"status": "Sent", "language": "en-gb"}]}
MAPPING = {"READY_TO_SEND": "1", "IN_TRANSIT": "2", "DELIVERED": "3", "CANCEL": None}
CALLS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "integrations.list": lambda methods: methods.list(sort="created_at"),
    "integrations.retrieve": lambda methods: methods.retrieve(7),
    "integrations.update": lambda methods: methods.update(7, shop_name="x"),
    "integrations.delete": lambda methods: methods.delete(7),
    "logs.list": lambda methods: methods.list(page_size=5),
    "logs.list of one integration": lambda methods: methods.list(integration_id=7),
    "logs.create": lambda methods: methods.create(7, **LOG),
    "shop_order_statuses.list": lambda methods: methods.list(7),
    "shop_order_statuses.replace": lambda methods: methods.replace(7, statuses=[STATUS]),
    "status_mapping.retrieve": lambda methods: methods.retrieve(7),
    "status_mapping.replace": lambda methods: methods.replace(7, mapping=MAPPING),
}


def respond_to_any(request: httpx.Request) -> httpx.Response:
    headers = {"x-request-id": "abc"}
    if request.method in {"PATCH", "DELETE"} or request.url.path.startswith("/api/v3/shop-order-statuses"):
        if request.method != "GET":
            return httpx.Response(204, headers=headers)
        if request.url.path.endswith("mapping"):
            return httpx.Response(200, headers=headers, json={"data": {"integration_id": 7, "mapping": []}})
    if request.method == "POST":
        return httpx.Response(201, headers=headers, json={"data": {"id": 1}})
    is_record = request.url.path == "/api/v3/integrations/7"
    return httpx.Response(200, headers=headers, json={"data": {"id": 7} if is_record else [{"id": 1}]})


@pytest.mark.parametrize("name", CALLS)
async def test_with_response_returns_status_headers_and_the_same_result(name: str) -> None:
    async with build_client(respond_to_any) as client:
        resource = getattr(client, name.split(".")[0])
        plain = await CALLS[name](resource)
        response = await CALLS[name](resource.with_response)
    assert isinstance(response, Response)
    assert response.headers["X-Request-Id"] == "abc"
    assert 200 <= response.status_code < 300
    assert response.attempts == 1
    assert response.parsed == plain
    assert type(response.parsed) is type(plain)


async def test_page_with_response_keeps_the_query() -> None:
    server = LogPages(2)
    async with build_client(server) as client:
        response = await client.logs.with_response.list(integration_id=3, page_size=9)
        page = await response.parsed.get_next_page()
        assert not page.has_next
    assert server.queries == [{"page_size": "9"}, {"page_size": "9", "cursor": "1"}]
    assert server.paths == ["/api/v3/integrations/3/logs"] * 2


async def test_result_types_with_response() -> None:
    async with build_client(respond_to_any) as client:
        assert isinstance((await client.integrations.with_response.retrieve(7)).parsed, Integration)
        assert isinstance((await client.status_mapping.with_response.retrieve(7)).parsed, StatusMapping)
        task = asyncio.create_task(client.logs.with_response.list())
        assert len((await task).parsed) == 1


def count_own_frames(error: BaseException) -> int:
    return sum(Path(frame.filename).is_relative_to(PACKAGE) for frame in traceback.extract_tb(error.__traceback__))


@pytest.mark.parametrize("with_response", [False, True])
@pytest.mark.parametrize("name", CALLS)
async def test_traceback_of_a_404_contains_at_most_three_frames_of_the_package(name: str, with_response: bool) -> None:
    async with build_client(lambda _: httpx.Response(404, json={"errors": []})) as client:
        resource = getattr(client, name.split(".")[0])
        with pytest.raises(NotFoundError) as caught:
            await CALLS[name](resource.with_response if with_response else resource)
    assert count_own_frames(caught.value) <= 3
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("name", CALLS)
async def test_network_error_keeps_its_cause(name: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    async with build_client(fail) as client:
        with pytest.raises(APIConnectionError) as caught:
            await CALLS[name](getattr(client, name.split(".")[0]))
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert count_own_frames(caught.value) <= 3


async def iterate_records(client: SendcloudIntegrations) -> None:
    async for _ in client.logs.list():
        pass


async def iterate_pages(client: SendcloudIntegrations) -> None:
    async for _ in client.logs.list().pages():
        pass


async def fetch_second_page(client: SendcloudIntegrations) -> None:
    await (await client.logs.list()).get_next_page()


@pytest.mark.parametrize("iterate", [iterate_records, iterate_pages, fetch_second_page])
@pytest.mark.parametrize("failure", [404, "no route"])
async def test_traceback_of_a_failed_iteration_contains_at_most_three_frames_of_the_package(
    iterate: Callable[[SendcloudIntegrations], Awaitable[None]], failure: int | str
) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if "cursor" not in request.url.params:
            link = '<https://x.example/?cursor=1>; rel="next"'
            return httpx.Response(200, json={"data": [{"id": 1}]}, headers={"Link": link})
        if isinstance(failure, int):
            return httpx.Response(failure, json={"errors": []})
        raise httpx.ConnectError(failure, request=request)

    async with build_client(respond) as client:
        with pytest.raises(SendcloudError) as caught:
            await iterate(client)
    assert count_own_frames(caught.value) <= 3
    assert isinstance(caught.value.__cause__, httpx.ConnectError) is isinstance(failure, str)
