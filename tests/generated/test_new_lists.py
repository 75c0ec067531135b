"""Lists of plain values and closed sets of texts in a new document, without an overlay entry."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest
from ruamel.yaml import YAML

from generator.build import OPENAPI_DOCUMENT, generate
from generator.documents import parse_yaml
from sendcloud_integrations_client import InvalidInputError, Page, ResponseDecodeError

PACKAGE = "generated_with_tags"
SORT_KEYS = ("name", "-name")


class StubSender:
    """Returns the same body for every request."""

    def __init__(self, body: object) -> None:
        self.body = body
        self.queries: list[dict[str, str]] = []

    async def send(self, operation: Any, path: str, *, query: Any = None, **_: Any) -> httpx.Response:
        self.queries.append(dict(query or {}))
        request = httpx.Request(operation.method, f"https://api.example{path}")
        return httpx.Response(200, json=self.body, request=request)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("new_lists")
    document: dict[str, Any] = parse_yaml(OPENAPI_DOCUMENT.read_bytes(), OPENAPI_DOCUMENT.name)
    texts = {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "string"}}}}
    sort = {"type": "string", "enum": list(SORT_KEYS)}
    document["paths"]["/tags"] = {
        "get": {
            "operationId": "list_tags",
            "summary": "List the tags",
            "parameters": [{"name": "sort", "in": "query", "schema": sort}],
            "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": texts}}}},
        }
    }
    spec = folder / "new.yml"
    YAML(typ="safe").dump(document, spec)
    generate(spec, folder / PACKAGE)
    sys.path.insert(0, str(folder))
    try:
        yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
            del sys.modules[name]


async def test_list_of_texts_is_a_paginator(package: Any) -> None:
    sender = StubSender({"data": ["a", "b"]})
    tags = package("resources.tags").TagsResource(sender)
    page = await tags.list(sort="-name")
    assert page == Page(["a", "b"])
    assert [tag async for tag in tags.list()] == ["a", "b"]
    response = await tags.with_response.list()
    assert (response.status_code, response.parsed) == (200, page)
    assert sender.queries == [{"sort": "-name"}, {}, {}]


@pytest.mark.parametrize("body", [{"data": "a"}, {"data": {"a": 1}}, {}])
async def test_body_without_a_list_raises(package: Any, body: object) -> None:
    tags = package("resources.tags").TagsResource(StubSender(body))
    with pytest.raises(ResponseDecodeError):
        await tags.list()


async def test_texts_that_cannot_name_enum_members_become_a_literal_type(package: Any) -> None:
    assert get_args(package("types").TagSort) == SORT_KEYS
    assert not hasattr(package("models"), "TagSort")
    sender = StubSender({"data": []})
    with pytest.raises(InvalidInputError, match="sort"):
        await package("resources.tags").TagsResource(sender).list(sort="colour")
    assert sender.queries == []
