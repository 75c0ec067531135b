"""Lists become `Paginator`s where the document's shape shows how they return pages."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from generator.build import generate
from generator.yaml_documents import dump_yaml
from sendcloud_integrations_client import BasicAuth, InvalidInputError, ResponseDecodeError
from sendcloud_integrations_client.pagination import Page, Paginator

PACKAGE = "package_of_pages"
RECORD = {"type": "object", "properties": {"id": {"type": "integer"}}}
RECORDS = {"type": "array", "items": RECORD}
TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}


def listing(parameters: dict[str, Any], body: dict[str, Any], **headers: Any) -> dict[str, Any]:
    schema = body if "type" in body else {"type": "object", "properties": body}
    response = {"description": "OK", "content": {"application/json": {"schema": schema}}}
    if headers:
        response["headers"] = {name: {"schema": TEXT} for name in headers}
    query = [{"name": name, "in": "query", "schema": schema} for name, schema in parameters.items()]
    return {"get": {"parameters": query, "responses": {"200": response}}}


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pages", "version": "1"},
    "paths": {
        "/link-cursors": listing({"cursor": {**TEXT, "format": "date-time"}}, {"data": RECORDS}, Link=True),
        "/url-cursors": listing({"cursor": TEXT}, {"next": TEXT, "previous": TEXT, "results": RECORDS}),
        "/plain-cursors": listing({"cursor": TEXT}, {"next": NUMBER, "previous": NUMBER, "parcels": RECORDS}),
        "/nested-cursors": listing({"after": TEXT}, {"paging": {"properties": {"next_cursor": TEXT}}, "rows": RECORDS}),
        "/url-numbers": listing({"page": NUMBER}, {"count": NUMBER, "next": TEXT, "results": RECORDS}),
        "/total-numbers": listing({"page": NUMBER}, {"meta": {"properties": {"total_pages": NUMBER}}, "rows": RECORDS}),
        "/flag-numbers": listing({"page": {**NUMBER, "minimum": 0}}, {"has_more": FLAG, "rows": RECORDS}),
        "/bare-numbers": listing({"page": NUMBER, "per_page": NUMBER}, RECORDS),
        "/words": listing({"page": NUMBER, "limit": NUMBER}, {"type": "array", "items": TEXT}),
        "/no-pages": listing({"page": NUMBER}, {"rows": RECORDS}),
        "/two-lists": listing({"cursor": TEXT}, {"next": TEXT, "rows": RECORDS, "others": RECORDS}),
        "/no-parameter": listing({}, {"next": TEXT, "rows": RECORDS}),
        "/required-cursors": listing({"cursor": TEXT}, {"next": TEXT, "rows": RECORDS}),
    },
}
DOCUMENT["paths"]["/required-cursors"]["get"]["parameters"][0]["required"] = True


@pytest.fixture(scope="module")
def client_class(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "document.yml").write_text(dump_yaml(DOCUMENT), encoding="utf-8")
    generate(folder / "document.yml", folder / PACKAGE, overlay=None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(folder))
        yield importlib.import_module(PACKAGE).PagesClient
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


class Server:
    """Returns one body per value of the query parameter that selects a page, and counts the requests."""

    def __init__(self, parameter: str, bodies: dict[str | None, Any], headers: dict[str | None, str] | None = None):
        self.parameter = parameter
        self.bodies = bodies
        self.headers = headers or {}
        self.pages: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        page = request.url.params.get(self.parameter)
        self.pages.append(page)
        headers = {"Link": self.headers[page]} if page in self.headers else {}
        return httpx.Response(200, json=self.bodies[page], headers=headers)


def build(client_class: Any, server: Any) -> Any:
    transport = httpx.MockTransport(server)
    return client_class(auth=BasicAuth("public", "secret"), base_url="https://api.test/v1", transport=transport)


def rows(*ids: int) -> list[dict[str, int]]:
    return [{"id": number} for number in ids]


SERVERS: list[tuple[str, Server, list[str | None]]] = [
    (
        "link_cursors",
        Server("cursor", {None: {"data": rows(1)}, "b": {"data": rows(2)}}, {None: '<https://x?cursor=b>; rel="next"'}),
        [None, "b"],
    ),
    (
        "url_cursors",
        Server(
            "cursor",
            {
                None: {"next": "http://evil.test/x?page_size=1&cursor=c%2Bp+3", "results": rows(1)},
                "c+p+3": {"next": None, "previous": "https://x?cursor=a", "results": rows(2)},
            },
        ),
        [None, "c+p+3"],
    ),
    (
        "plain_cursors",
        Server("cursor", {None: {"next": 7, "parcels": rows(1)}, "7": {"parcels": rows(2)}}),
        [None, "7"],
    ),
    (
        "nested_cursors",
        Server("after", {None: {"paging": {"next_cursor": "x="}, "rows": rows(1)}, "x=": {"rows": rows(2)}}),
        [None, "x="],
    ),
    (
        "url_numbers",
        Server(
            "page",
            {
                None: {"next": "https://x/?page=2", "results": rows(1)},
                "2": {"next": "", "count": 2, "results": rows(2)},
            },
        ),
        [None, "2"],
    ),
    (
        "total_numbers",
        Server("page", {page: {"meta": {"total_pages": 2}, "rows": rows(int(page or 1))} for page in (None, "2")}),
        [None, "2"],
    ),
    (
        "flag_numbers",
        Server("page", {None: {"has_more": True, "rows": rows(1)}, "1": {"has_more": False, "rows": rows(2)}}),
        [None, "1"],
    ),
    ("bare_numbers", Server("page", {None: rows(1), "2": rows(2), "3": []}), [None, "2", "3"]),
]


@pytest.mark.parametrize(("resource", "server", "pages"), SERVERS, ids=[name for name, _, _ in SERVERS])
def test_all_pages_are_read(client_class: Any, resource: str, server: Server, pages: list[str | None]) -> None:
    async def run() -> None:
        async with build(client_class, server) as client:
            listed = getattr(client, resource)
            server.pages.clear()
            assert [record.id async for record in listed.list()] == [1, 2]
            assert server.pages == pages
            page = await listed.list()
            assert isinstance(page, Page)
            assert page.next_cursor == pages[1]
            following = await page.get_next_page()
            assert [record.id for record in following] == [2]
            assert following.has_next is (len(pages) > 2)
            detailed = await listed.with_response.list()
            assert detailed.parsed.next_cursor == pages[1]
            argument = {"page": int(pages[1] or "")} if server.parameter == "page" else {server.parameter: pages[1]}
            assert [record.id async for record in listed.list(**argument)] == [2]

    asyncio.run(run())


def test_pages_of_texts(client_class: Any) -> None:
    async def run() -> None:
        async with build(client_class, Server("page", {None: ["a", "b"], "2": ["c"], "3": []})) as client:
            assert [word async for word in client.words.list(limit=2)] == ["a", "b", "c"]

    asyncio.run(run())


@pytest.mark.parametrize("resource", ["no_pages", "two_lists", "no_parameter", "required_cursors"])
def test_shapes_that_show_no_pages_are_left_alone(client_class: Any, resource: str) -> None:
    module = importlib.import_module(
        f"{PACKAGE}.api.{resource}.list_{resource}" if resource != "two_lists" else PACKAGE
    )
    assert not hasattr(module, "_NEXT_PAGE")
    client = build(client_class, lambda request: httpx.Response(200, json={}))
    listed = getattr(client, resource)
    method = getattr(listed, "list", None) or listed.retrieve
    result = method("x") if resource == "required_cursors" else method()
    if isinstance(result, Paginator):
        assert resource == "no_pages"
    else:
        result.close()


INVALID: list[tuple[str, Any, str, str]] = [
    ("url_cursors", {"next": "https://x/?page_size=1", "results": []}, "next", "without a valid `cursor`"),
    ("url_cursors", {"next": {"a": 1}, "results": []}, "next", "without a valid `cursor`"),
    ("url_cursors", {"next": True, "results": []}, "next", "without a valid `cursor`"),
    ("url_cursors", {"next": "https://[x/?cursor=1", "results": []}, "next", "without a valid `cursor`"),
    ("url_numbers", {"next": "https://x/?page=two", "results": []}, "next", "without a valid `page`"),
    ("total_numbers", {"meta": {"total_pages": "many"}, "rows": []}, "meta.total_pages", "is not a number"),
    ("url_cursors", [], "results", "has no `results`"),
]


def test_invalid_page_number_names_the_argument(client_class: Any) -> None:
    async def run() -> None:
        async with build(client_class, lambda request: httpx.Response(200, json={})) as client:
            with pytest.raises(InvalidInputError, match="Invalid argument page for list_total_numbers: must be"):
                await client.total_numbers.list(page="two")

    asyncio.run(run())


@pytest.mark.parametrize(("resource", "body", "field", "text"), INVALID)
def test_next_page_that_cannot_be_read_is_an_error(
    client_class: Any, resource: str, body: Any, field: str, text: str
) -> None:
    async def run() -> None:
        async with build(client_class, lambda request: httpx.Response(200, json=body)) as client:
            with pytest.raises(ResponseDecodeError, match=text) as caught:
                async for _ in getattr(client, resource).list():
                    pass
            assert caught.value.field == field
            assert caught.value.operation == f"list_{resource}"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("resource", "body"),
    [("url_cursors", {"next": "https://x/?cursor=a", "results": []}), ("bare_numbers", rows(1))],
)
def test_iteration_that_would_never_end_is_an_error(client_class: Any, resource: str, body: Any) -> None:
    async def run() -> int:
        requests = 0

        def respond(request: httpx.Request) -> httpx.Response:
            nonlocal requests
            requests += 1
            return httpx.Response(200, json=body)

        client = client_class(
            auth=BasicAuth("public", "secret"),
            base_url="https://api.test",
            transport=httpx.MockTransport(respond),
            rate_limits=None,
        )
        async with client:
            with pytest.raises(ResponseDecodeError):
                async for _ in getattr(client, resource).list():
                    pass
        return requests

    assert asyncio.run(run()) < 120


def test_cursor_of_a_numbered_page_must_be_a_number(client_class: Any) -> None:
    async def run() -> None:
        async with build(client_class, lambda request: httpx.Response(200, json=[])) as client:
            with pytest.raises(InvalidInputError, match="Invalid argument page for list_bare_numbers"):
                await client.bare_numbers.list().get_page("abc")

    asyncio.run(run())


def test_overlay_can_turn_pages_off(tmp_path: Path) -> None:
    (tmp_path / "document.yml").write_text(dump_yaml(DOCUMENT), encoding="utf-8")
    overlay = {
        "overlay": "1.0.0",
        "actions": [{"target": "$.paths['/url-cursors'].get", "update": {"x-paginated": False}}],
    }
    (tmp_path / "overlay.yml").write_text(dump_yaml(overlay), encoding="utf-8")
    generate(tmp_path / "document.yml", tmp_path / "package", overlay=tmp_path / "overlay.yml")
    assert "_NEXT_PAGE" not in (tmp_path / "package/api/url_cursors/list_url_cursors.py").read_text()
    assert "_NEXT_PAGE" in (tmp_path / "package/api/url_numbers/list_url_numbers.py").read_text()
