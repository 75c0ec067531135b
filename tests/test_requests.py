"""Requests are built once an operation, and are those that httpx would have built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.operations import Operation
from sendcloud_integrations_client.requests import RequestBuilder, path_of
from sendcloud_integrations_client.rules import Rule

EXTENSIONS = {"timeout": {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": None}, "mine": 1}
BASES = [
    "https://panel.sendcloud.sc/api/v3",
    "http://127.0.0.1:8080/",
    "http://127.0.0.1:8080",
    "https://one.example",
    "https://one.example:8443/a%20b/c/",
]


def operation_of(method: str, path: str) -> Operation:
    return Operation("any", method, path, frozenset({200}), safe=True, idempotent=True)


def client_at(base_url: str, **options: Any) -> httpx.AsyncClient:
    unused = httpx.MockTransport(lambda _: httpx.Response(500))
    return httpx.AsyncClient(base_url=base_url, transport=unused, **options)


def same(built: httpx.Request, theirs: httpx.Request) -> None:
    assert (built.method, built.url, str(built.url)) == (theirs.method, theirs.url, str(theirs.url))
    assert built.url.raw_path == theirs.url.raw_path
    assert built.headers.raw[0] == theirs.headers.raw[0]
    assert sorted(built.headers.raw) == sorted(theirs.headers.raw)
    assert (built.content, built.extensions) == (theirs.content, theirs.extensions)
    assert type(built.stream) is type(theirs.stream)


def compare(
    http: httpx.AsyncClient,
    builder: RequestBuilder,
    operation: Operation,
    path: str,
    query: dict[str, str] | None = None,
    content: bytes | None = None,
) -> None:
    theirs = http.build_request(
        operation.method,
        path,
        params=query or None,
        content=content,
        headers=None if content is None else {"content-type": "application/json"},
        extensions=dict(EXTENSIONS),
    )
    for _ in range(2):  # made, and made of what was kept
        same(builder.build(operation, path, query, content, EXTENSIONS), theirs)


@given(
    base=st.sampled_from(BASES),
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    record=st.text(min_size=1).filter(lambda text: text not in {".", ".."}),
    query=st.dictionaries(st.text(min_size=1), st.text()),
    content=st.none() | st.binary(),
)
def test_any_request_is_httpxs_own(
    base: str, method: str, record: str, query: dict[str, str], content: bytes | None
) -> None:
    http = client_at(base, headers={"accept": "application/json", "user-agent": "ours"})
    builder = RequestBuilder(http)
    operation = operation_of(method, "/integrations/{id}/logs")
    try:
        path = path_of(operation, {"id": record}, {"id": Rule()})
    except UnicodeEncodeError:
        return  # half a surrogate pair, which no address can hold
    compare(http, builder, operation, path, query, content)
    compare(http, builder, operation_of(method, "/integrations"), "/integrations", query, content)


CHANGES: list[Callable[[httpx.AsyncClient], Any]] = [
    lambda http: http.headers.update({"x-trace": "1"}),
    lambda http: http.headers.update({"user-agent": "another"}),
    lambda http: http.headers.pop("accept"),
    lambda http: http.headers.update({"host": "virtual.example"}),
    lambda http: setattr(http, "headers", {"x-all": "new"}),
    lambda http: setattr(http, "base_url", "https://other.example/v4"),
    lambda http: setattr(http, "base_url", "https://other.example/v4?a=b"),
    lambda http: setattr(http, "params", {"tenant": "7"}),
    lambda http: http.cookies.set("session", "s", domain="panel.sendcloud.sc"),
    lambda http: http.cookies.set("session", "s", domain="elsewhere.example"),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("method", "content"), [("GET", None), ("POST", b"{}"), ("POST", None)])
def test_what_is_changed_on_the_httpx_client_is_obeyed_from_the_next_request_on(
    change: Callable[[httpx.AsyncClient], Any], method: str, content: bytes | None
) -> None:
    http = client_at(BASES[0])
    builder = RequestBuilder(http)
    operation = operation_of(method, "/integrations")
    compare(http, builder, operation, "/integrations", {"a": "b c"}, content)
    change(http)
    compare(http, builder, operation, "/integrations", {"a": "b c"}, content)
    compare(http, builder, operation, "/integrations", None, content)
    http.cookies.clear()
    compare(http, builder, operation, "/integrations", None, content)


def test_no_two_requests_share_what_can_be_changed() -> None:
    http = client_at(BASES[0])
    builder = RequestBuilder(http)
    operation = operation_of("GET", "/integrations")
    first = builder.build(operation, "/integrations", None, None, EXTENSIONS)
    first.headers["authorization"] = "Basic abc"
    first.extensions["mine"] = 2
    second = builder.build(operation, "/integrations", None, None, EXTENSIONS)
    assert "authorization" not in second.headers
    assert second.extensions == EXTENSIONS


async def test_views_headers_and_hooks_reach_what_is_sent() -> None:
    seen: list[httpx.Request] = []

    async def on_request(request: httpx.Request) -> None:
        request.headers["x-hook"] = str(len(seen))
        request.extensions["timeout"]["read"] = 99.0

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": []}, headers={"set-cookie": "kept=1"})

    async with SendcloudIntegrations(
        auth=BasicAuth("p", "s"), transport=httpx.MockTransport(answer), event_hooks={"request": [on_request]}
    ) as client:
        await client.integrations.list()
        client.http.headers["x-all"] = "all"
        await client.with_options(timeout=2.0).integrations.list()
        await client.integrations.list()
    assert [request.headers["x-hook"] for request in seen] == ["0", "1", "2"]
    assert [request.headers.get("x-all") for request in seen] == [None, "all", "all"]
    assert [request.headers.get("cookie") for request in seen] == [None, "kept=1", "kept=1"]
    timeouts = [request.extensions["timeout"] for request in seen]
    assert [(timeout["connect"], timeout["read"]) for timeout in timeouts] == [(30.0, 99.0), (2.0, 99.0), (30.0, 99.0)]


async def test_cookies_are_kept_and_sent_and_can_be_put_in_place() -> None:
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        headers = [("content-type", "application/json"), ("Set-Cookie", f"n={len(sent)}"), ("Set-Cookie", "b=2")]
        return httpx.Response(200, content=b'{"data": []}', headers=headers if len(sent) < 3 else headers[:1])

    async with SendcloudIntegrations(auth=BasicAuth("p", "s"), transport=httpx.MockTransport(answer)) as client:
        for _ in range(2):
            await client.integrations.list()
        client.http.cookies = {"own": "1"}  # type: ignore[assignment]
        for _ in range(2):
            await client.integrations.list()
        assert dict(client.http.cookies) == {"own": "1"}
    assert sent == [None, "n=1; b=2", "own=1", "own=1"]
