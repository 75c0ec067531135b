"""`RequestBuilder` builds the same requests as httpx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.pipeline.request_builder import RequestBuilder
from sendcloud_integrations_client.runtime.arguments import build_path
from sendcloud_integrations_client.runtime.operations import Operation
from sendcloud_integrations_client.runtime.validation import Rule

EXTENSIONS = {"timeout": {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": None}, "mine": 1}
BASE_URLS = [
    "https://panel.sendcloud.sc/api/v3",
    "http://127.0.0.1:8080/",
    "http://127.0.0.1:8080",
    "https://one.example",
    "https://one.example:8443/a%20b/c/",
]


def build_operation(method: str, path: str) -> Operation:
    return Operation("any", method, path, frozenset({200}), safe=True, idempotent=True)


def build_http_client(base_url: str, **options: Any) -> httpx.AsyncClient:
    unused = httpx.MockTransport(lambda _: httpx.Response(500))
    return httpx.AsyncClient(base_url=base_url, transport=unused, **options)


def assert_equal_requests(built: httpx.Request, expected: httpx.Request) -> None:
    assert (built.method, built.url, str(built.url)) == (expected.method, expected.url, str(expected.url))
    assert built.url.raw_path == expected.url.raw_path
    assert built.headers.raw[0] == expected.headers.raw[0]
    assert sorted(built.headers.raw) == sorted(expected.headers.raw)
    assert (built.content, built.extensions) == (expected.content, expected.extensions)
    assert type(built.stream) is type(expected.stream)


def assert_builds_as_httpx(
    http: httpx.AsyncClient,
    builder: RequestBuilder,
    operation: Operation,
    path: str,
    query: dict[str, str] | None = None,
    content: bytes | None = None,
) -> None:
    encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in (query or {}).items())
    expected = http.build_request(
        operation.method,
        f"{path}?{encoded}" if encoded else path,
        content=content,
        headers=None if content is None else {"content-type": "application/json"},
        extensions=dict(EXTENSIONS),
    )
    for _ in range(2):  # the first request fills the builder's cache of headers, the second one uses it
        assert_equal_requests(builder.build(operation, path, query, content, EXTENSIONS), expected)


@given(
    base_url=st.sampled_from(BASE_URLS),
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    record_id=st.text(min_size=1).filter(lambda text: text not in {".", ".."}),
    query=st.dictionaries(st.text(min_size=1), st.text()),
    content=st.none() | st.binary(),
)
def test_built_requests_equal_those_of_httpx(
    base_url: str, method: str, record_id: str, query: dict[str, str], content: bytes | None
) -> None:
    http = build_http_client(base_url, headers={"accept": "application/json", "user-agent": "ours"})
    builder = RequestBuilder(http)
    operation = build_operation(method, "/integrations/{id}/logs")
    try:
        path = build_path(operation, {"id": record_id}, {"id": Rule()})
    except UnicodeEncodeError:
        return  # a lone surrogate, which no URL can contain
    assert_builds_as_httpx(http, builder, operation, path, query, content)
    assert_builds_as_httpx(http, builder, build_operation(method, "/integrations"), "/integrations", query, content)


CHANGES: list[Callable[[httpx.AsyncClient], Any]] = [
    lambda http: http.headers.update({"x-trace": "1"}),
    lambda http: http.headers.update({"user-agent": "another"}),
    lambda http: http.headers.pop("accept"),
    lambda http: http.headers.update({"host": "virtual.example"}),
    lambda http: setattr(http, "headers", {"x-all": "new"}),
    lambda http: setattr(http, "base_url", "https://other.example/v4"),
    lambda http: setattr(http, "base_url", "https://other.example/v4?a=b"),
    lambda http: setattr(http, "params", {"tenant": "7"}),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("method", "content"), [("GET", None), ("POST", b"{}"), ("POST", None)])
def test_changes_of_the_httpx_client_apply_from_the_next_request_on(
    change: Callable[[httpx.AsyncClient], Any], method: str, content: bytes | None
) -> None:
    http = build_http_client(BASE_URLS[0])
    builder = RequestBuilder(http)
    operation = build_operation(method, "/integrations")
    assert_builds_as_httpx(http, builder, operation, "/integrations", {"a": "b c"}, content)
    change(http)
    assert_builds_as_httpx(http, builder, operation, "/integrations", {"a": "b c"}, content)
    assert_builds_as_httpx(http, builder, operation, "/integrations", None, content)


def test_requests_share_no_mutable_state() -> None:
    http = build_http_client(BASE_URLS[0])
    builder = RequestBuilder(http)
    operation = build_operation("GET", "/integrations")
    first = builder.build(operation, "/integrations", None, None, EXTENSIONS)
    first.headers["authorization"] = "Basic abc"
    first.extensions["mine"] = 2
    second = builder.build(operation, "/integrations", None, None, EXTENSIONS)
    assert "authorization" not in second.headers
    assert second.extensions == EXTENSIONS


async def test_views_client_headers_and_event_hooks_apply_to_sent_requests() -> None:
    requests: list[httpx.Request] = []

    async def on_request(request: httpx.Request) -> None:
        request.headers["x-hook"] = str(len(requests))
        request.extensions["timeout"]["read"] = 99.0

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"data": []}, headers={"set-cookie": "kept=1"})

    async with SendcloudIntegrations(
        auth=BasicAuth("p", "s"), transport=httpx.MockTransport(respond), event_hooks={"request": [on_request]}
    ) as client:
        await client.integrations.list()
        client.http.headers["x-all"] = "all"
        await client.with_options(timeout=2.0).integrations.list()
        await client.integrations.list()
    assert [request.headers["x-hook"] for request in requests] == ["0", "1", "2"]
    assert [request.headers.get("x-all") for request in requests] == [None, "all", "all"]
    assert [request.headers.get("cookie") for request in requests] == [None, None, None]
    timeouts = [request.extensions["timeout"] for request in requests]
    assert [(timeout["connect"], timeout["read"]) for timeout in timeouts] == [(30.0, 99.0), (2.0, 99.0), (30.0, 99.0)]


async def test_cookies_are_neither_kept_nor_sent() -> None:
    sent: list[str | None] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        headers = [("content-type", "application/json"), ("Set-Cookie", f"n={len(sent)}"), ("Set-Cookie", "b=2")]
        return httpx.Response(200, content=b'{"data": []}', headers=headers if len(sent) < 3 else headers[:1])

    async with SendcloudIntegrations(auth=BasicAuth("p", "s"), transport=httpx.MockTransport(respond)) as client:
        for _ in range(2):
            await client.integrations.list()
        assert dict(client.http.cookies) == {}
        client.http.cookies.set("own", "1", domain="panel.sendcloud.sc")
        for _ in range(2):
            await client.integrations.list()
    assert sent == [None, None, None, None]
