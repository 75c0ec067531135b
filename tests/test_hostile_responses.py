"""Whatever a server sends ends in data or in one typed error, bounded in time and memory, and affects no later call.

`make hostile` runs the same scenarios with large responses and measures time, event-loop blocks and memory.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import hmac
import json
import logging
import math
import pickle
import ssl
import time
import traceback
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BadRequestError,
    BasicAuth,
    ConfigurationError,
    InvalidInputError,
    RateLimitError,
    RateLimits,
    ResponseDecodeError,
    RetryPolicy,
    SendcloudError,
    SendcloudIntegrations,
    WebhookError,
    parse_webhook,
    verify_webhook,
)
from sendcloud_integrations_client.runtime.lenient_json import parse_json
from sendcloud_integrations_client.runtime.link_header import parse_next_cursor
from sendcloud_integrations_client.transports.aiohttp import AiohttpTransport
from sendcloud_integrations_client.transports.pooled import PooledTransport
from tests.support.certificates import create_tls_contexts
from tests.support.clients import build_client
from tests.support.hostile_calls import DATA, get_next_outcome, get_outcome, perform
from tests.support.hostile_scenarios import SCENARIOS, Scenario, respond, respond_and_drip, respond_in_turn
from tests.support.hostile_server import Behaviour, Exchange, build_response, run_hostile_server

TRANSPORTS = ("httpcore2", "aiohttp")
FAST = RetryPolicy(max_attempts=3, base_delay=0.0)
SHORT = RetryPolicy(max_attempts=2, base_delay=0.0, total_timeout=0.8)
LOGS_URL = "https://panel.sendcloud.sc/api/v3/integrations/logs"

on_both_transports = pytest.mark.parametrize("transport", TRANSPORTS)


# --- All scenarios ---

SMALL_SCENARIOS = [scenario for scenario in SCENARIOS if not scenario.is_large]
GROUPS = [SMALL_SCENARIOS[start::8] for start in range(8)]


@pytest.mark.parametrize(
    ("group", "transport"),
    [
        pytest.param(
            *(group, transport),
            id=f"{group[0].name}-{transport}",
            marks=[pytest.mark.long] if transport == "aiohttp" and number > 0 else [],
        )
        for number, group in enumerate(GROUPS)
        for transport in TRANSPORTS
    ],
)
async def test_outcome_is_expected_and_the_next_call_succeeds(group: list[Scenario], transport: str) -> None:
    async def run(scenario: Scenario) -> str:
        must_time_out = DATA not in scenario.expected and "APITimeoutError" in scenario.expected
        async with run_hostile_server(scenario.behaviour, reads_request=scenario.reads_request) as server:
            base_url = server.base_url.replace("http:", f"{scenario.scheme}:", 1)
            async with build_client(
                base_url,
                transport=transport,
                timeout=0.2 if must_time_out else 20,
                retries=SHORT if must_time_out else FAST,
            ) as client:
                try:
                    async with asyncio.timeout(30):
                        outcome = await get_outcome(client, scenario.operation)
                except TimeoutError:
                    outcome = "hang"
                await asyncio.sleep(0.2)  # what arrives while the connection is idle must not affect the next call
                server.behaviour = None
                patient = client.with_options(timeout=20, retries=FAST)
                next_outcome = DATA if scenario.scheme == "https" else await get_next_outcome(patient)
        return (
            f"{scenario}: {outcome}, then {next_outcome}"
            if (outcome not in scenario.expected or next_outcome != DATA)
            else ""
        )

    outcomes = await asyncio.gather(*map(run, group))  # concurrently, because most of them wait
    assert [outcome for outcome in outcomes if outcome] == []


# --- Decoding ---


def build_log_page(number: int, exception: bytes = b"text", cursor: str = "") -> bytes:
    body = b'{"data": [{"id": %d, "exception": "%s"}]}' % (number, exception)
    return build_response(body, *([f'Link: <{LOGS_URL}?cursor={cursor}>; rel="next"'] if cursor else []))


async def list_exceptions(behaviour: Behaviour, **options: Any) -> list[str | None]:
    async with run_hostile_server(behaviour) as server, build_client(server.base_url, **options) as client:
        return [log.exception async for log in client.logs.list()]


async def test_lone_surrogate_on_one_page_is_read_as_the_replacement_character() -> None:
    pages = (build_log_page(1, cursor="b"), build_log_page(2, b"\\ud83d", cursor="c"), build_log_page(3))
    assert await list_exceptions(respond_in_turn(*pages)) == ["text", "�", "text"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"\\ud83d", "�"),
        (b"\\udc00\\ud83d", "��"),
        (b"\\ud83d\\ude00", "😀"),
        (b"\\\\ud83d", "\\ud83d"),
        (b"\\\\\\ud83d", "\\�"),
        (b"\\ud83dx\\uDE00", "�x�"),
        (b"\xff\xfe", "��"),
        (b"\0\x1f", "\0\x1f"),
    ],
)
async def test_invalid_text_of_a_shop_name_is_replaced(text: bytes, expected: str) -> None:
    body = b'{"data": [{"id": 1, "shop_name": "' + text + b'"}, {"id": 2, "shop_name": "b"}]}'
    async with run_hostile_server(respond(build_response(body))) as server, build_client(server.base_url) as client:
        assert [shop.shop_name for shop in await client.integrations.list()] == [expected, "b"]


@given(
    st.lists(
        st.sampled_from(["\\ud83d", "\\uDE00", "\\uDbFf", "\\\\", "\\n", '\\"', "\\u0041", "u", "d83d"]), max_size=8
    )
)
def test_only_lone_surrogates_are_replaced(parts: list[str]) -> None:
    content = f'"{"".join(parts)}"'
    expected = "".join("�" if "\ud800" <= character <= "\udfff" else character for character in json.loads(content))
    assert parse_json(content.encode()) == expected


async def test_byte_order_mark_is_dropped() -> None:
    body = b'\xef\xbb\xbf{"data": [{"id": 1}]}'
    async with run_hostile_server(respond(build_response(body))) as server, build_client(server.base_url) as client:
        assert [shop.id for shop in await client.integrations.list()] == [1]


async def test_null_instead_of_a_list_is_an_empty_list() -> None:
    async with (
        run_hostile_server(respond(build_response(b'{"data": null}'))) as server,
        build_client(server.base_url) as client,
    ):
        assert list(await client.integrations.list()) == []


@pytest.mark.parametrize("body", [b"{}", b'{"error": {"message": "no"}}', b"<html>", b"", b"[]", b"null"])
async def test_success_without_data_raises_decode_error(body: bytes) -> None:
    async with run_hostile_server(respond(build_response(body))) as server, build_client(server.base_url) as client:
        with pytest.raises(ResponseDecodeError):
            await client.integrations.list()


async def test_page_that_is_not_json_is_passed_to_on_decode_error() -> None:
    errors: list[ResponseDecodeError] = []
    async with (
        run_hostile_server(respond(build_response(b"<html>maintenance"))) as server,
        build_client(server.base_url) as client,
    ):
        assert list(await client.logs.list(on_decode_error=errors.append)) == []
        with pytest.raises(ResponseDecodeError, match="expected JSON"):  # skipped, it would end the iteration early
            await client.logs.list(on_decode_error="skip")
    assert [type(error) for error in errors] == [ResponseDecodeError]


@on_both_transports
@pytest.mark.parametrize("encoding", ["br", "gzip"])
async def test_page_whose_body_cannot_be_read_is_passed_to_on_decode_error(transport: str, encoding: str) -> None:
    unreadable = build_response(b"corrupt", f"Content-Encoding: {encoding}", f'Link: <{LOGS_URL}?cursor=c>; rel="next"')

    async def respond_by_cursor(exchange: Exchange) -> None:
        cursor = exchange.target.partition("cursor=")[2]
        pages = {"": build_log_page(1, b"first", cursor="b"), "b": unreadable, "c": build_log_page(3, b"third")}
        await exchange.send(pages[cursor])

    errors: list[ResponseDecodeError] = []
    async with (
        run_hostile_server(respond_by_cursor) as server,
        build_client(server.base_url, transport=transport, retries=FAST) as client,
    ):
        exceptions = [log.exception async for log in client.logs.list(on_decode_error=errors.append)]
    assert exceptions == ["first", "third"]
    assert [(error.page_cursor, error.operation) for error in errors] == [("b", "list_logs")]


# --- Pagination ---


async def test_link_with_a_trailing_semicolon_leads_to_the_next_page() -> None:
    first = build_response(b'{"data": [{"id": 1, "exception": "1"}]}', f'Link: <{LOGS_URL}?cursor=abc>; rel="next";')
    assert await list_exceptions(respond_in_turn(first, build_log_page(2, b"2"))) == ["1", "2"]


@pytest.mark.parametrize("link", [f'{LOGS_URL}?cursor=a; rel="next"', f'<{LOGS_URL}>; rel="next"', "next"])
async def test_link_that_names_next_without_a_cursor_raises(link: str) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        await list_exceptions(respond(build_response(b'{"data": []}', f"Link: {link}")))
    assert caught.value.field == "Link"


@pytest.mark.parametrize("repeated", ["<", "<a>;", '<a>;rel="', "<a>; rel=next,", "\\", '"', ";", " ", "<>,", "="])
def test_any_link_header_of_64_kib_is_parsed_in_linear_time(repeated: str) -> None:
    header = repeated * (65_000 // len(repeated))
    started = time.thread_time()
    with contextlib.suppress(ResponseDecodeError):
        parse_next_cursor(header)
    assert time.thread_time() - started < 1.0  # quadratic time would be 20 s or more


async def test_link_of_90_000_brackets_ends_in_data_or_a_typed_error() -> None:
    with contextlib.suppress(ResponseDecodeError, APIConnectionError):
        assert await list_exceptions(respond(build_response(b'{"data": []}', "Link: " + "<" * 90_000))) == []


async def test_repeated_records_are_dropped_after_an_empty_page() -> None:
    pages = (
        build_log_page(1, b"first", cursor="b"),
        build_response(b'{"data": []}', f'Link: <{LOGS_URL}?cursor=c>; rel="next"'),
        build_log_page(1, b"repeated"),
    )
    assert await list_exceptions(respond_in_turn(*pages)) == ["first"]


async def test_query_values_are_percent_encoded() -> None:
    async with run_hostile_server() as server, build_client(server.base_url) as client:
        await client.logs.list(cursor="a b&c=d")
        assert b"cursor=a%20b%26c%3Dd" in server.heads[0]


async def test_new_cursors_without_records_end_in_an_error() -> None:
    async def respond_with_new_cursor(exchange: Exchange) -> bool:
        link = f'Link: <{LOGS_URL}?cursor=c{exchange.number}>; rel="next"'
        await exchange.send(build_response(b'{"data": []}', link))
        return True

    with pytest.raises(ResponseDecodeError):
        await asyncio.wait_for(list_exceptions(respond_with_new_cursor), 50)


# --- Later calls ---


@on_both_transports
async def test_cookie_that_is_not_ascii_is_not_kept(transport: str) -> None:
    behaviour = respond(build_response(b'{"data": []}', "Set-Cookie: d=\xfcber; Path=/"), keep_alive=True)
    async with (
        run_hostile_server(behaviour) as server,
        build_client(server.base_url, transport=transport) as client,
    ):
        for _ in range(3):
            assert list(await client.integrations.list()) == []
        assert b"cookie" not in b"".join(server.heads).lower()


async def test_pause_after_429_is_bounded_by_the_total_timeout() -> None:
    behaviour = respond(build_response(b"", "Retry-After: 86400", status="429 Too Many Requests"))
    async with (
        run_hostile_server(behaviour) as server,
        build_client(
            server.base_url,
            auth=BasicAuth("paused for a day", "s"),
            rate_limits=RateLimits(),
            retries=RetryPolicy(total_timeout=30.0),
        ) as client,
    ):
        started = time.monotonic()
        with pytest.raises(RateLimitError) as first:
            await client.integrations.list()
        assert len(server.heads) == 1
        with pytest.raises(RateLimitError, match=r"[Nn]o request was sent"):
            await client.integrations.list()
        assert time.monotonic() - started < 10
        assert len(server.heads) == 1
    assert first.value.retry_after == 86400
    assert "86400 s" in str(first.value)


@pytest.mark.parametrize("value", ["Sat, 01 Jan 2000 00:00:00 GMT", "-5", "nan", "1e308", "soon"])
async def test_retry_after_that_is_past_or_invalid_counts_as_absent(value: str) -> None:
    behaviour = respond(build_response(b"", f"Retry-After: {value}", status="429 Too Many Requests"))
    async with run_hostile_server(behaviour) as server, build_client(server.base_url) as client:
        with pytest.raises(RateLimitError) as caught:
            await client.integrations.list()
    assert caught.value.retry_after is None


# --- Retries ---


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 522, 524, 599])
async def test_every_temporary_5xx_of_a_read_is_retried(status: int) -> None:
    behaviour = respond_in_turn(build_response(b"", status=f"{status} X"), build_response())
    async with run_hostile_server(behaviour) as server, build_client(server.base_url, retries=FAST) as client:
        assert list(await client.integrations.list()) == []
        assert len(server.heads) == 2


@pytest.mark.parametrize("status", [501, 505])
async def test_permanent_5xx_is_not_retried(status: int) -> None:
    behaviour = respond(build_response(b"", status=f"{status} X"))
    async with run_hostile_server(behaviour) as server, build_client(server.base_url, retries=FAST) as client:
        with pytest.raises(APIStatusError):
            await client.integrations.list()
        assert len(server.heads) == 1


@on_both_transports
async def test_corrupt_gzip_is_retried(transport: str) -> None:
    corrupt = build_response(gzip.compress(b'{"data": []}')[:-8] + bytes(8), "Content-Encoding: gzip")
    async with (
        run_hostile_server(respond_in_turn(corrupt, build_response())) as server,
        build_client(server.base_url, retries=FAST, transport=transport) as client,
    ):
        assert list(await client.integrations.list()) == []
        assert len(server.heads) == 2


@pytest.mark.parametrize("transport_class", [PooledTransport, AiohttpTransport])
async def test_certificate_error_is_not_retried(transport_class: Callable[..., httpx.AsyncBaseTransport]) -> None:
    server_context, _ = create_tls_contexts()
    transport = transport_class(verify=ssl.create_default_context())
    async with (
        run_hostile_server(ssl_context=server_context) as server,
        build_client(server.base_url, transport=transport, retries=FAST) as client,
    ):
        with pytest.raises(APIConnectionError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            await client.integrations.list()
    assert caught.value.attempts == 1


@on_both_transports
async def test_body_of_one_byte_per_interval_ends_within_the_total_timeout(transport: str) -> None:
    headers = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"
    async with (
        run_hostile_server(respond_and_drip(headers, b" " * 9999, delay=0.05)) as server,
        build_client(server.base_url, transport=transport, timeout=0.5, retries=RetryPolicy(total_timeout=1)) as client,
    ):
        with pytest.raises(APITimeoutError):
            async with asyncio.timeout(30):
                await client.integrations.list()


# --- Sizes ---


@cache
def build_gzip_bomb() -> bytes:
    return gzip.compress(bytes(200_000_000), 1)


@pytest.mark.parametrize(
    ("transport", "status"),
    [
        ("httpcore2", "200 OK"),
        ("aiohttp", "400 Bad Request"),
        *(
            pytest.param(transport, status, marks=pytest.mark.long)
            for transport, status in (
                *(("httpcore2", status) for status in ("400 Bad Request", "302 Found")),
                *(("aiohttp", status) for status in ("200 OK", "302 Found")),
            )
        ),
    ],
)
async def test_gzip_bomb_ends_in_a_typed_error_with_bounded_memory(transport: str, status: str) -> None:
    content = build_response(build_gzip_bomb(), "Content-Encoding: gzip", status=status)
    async with (
        run_hostile_server(respond(content)) as server,
        build_client(server.base_url, transport=transport, max_response_bytes=1_000_000) as client,
    ):
        await get_outcome(client, "list")  # imports modules
        tracemalloc.start()
        try:
            with pytest.raises(SendcloudError) as caught:
                await client.integrations.list()
            assert tracemalloc.get_traced_memory()[1] < 8_000_000
        finally:
            tracemalloc.stop()
    assert "max_response_bytes" in str(caught.value)


async def test_compressed_members_that_are_split_anywhere_are_all_read() -> None:
    body = gzip.compress(b'{"data": ') + gzip.compress(b'[{"id": 7}]') + gzip.compress(b"}") + b"padding"

    async def respond_in_pieces(exchange: Exchange) -> None:
        headers = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        await exchange.send(headers.encode())
        await exchange.drip(body, delay=0.001)

    async with run_hostile_server(respond_in_pieces) as server, build_client(server.base_url) as client:
        assert [shop.id for shop in await client.integrations.list()] == [7]


@on_both_transports
async def test_only_gzip_and_deflate_are_accepted(transport: str) -> None:
    async with run_hostile_server() as server, build_client(server.base_url, transport=transport) as client:
        await client.integrations.list()
        assert b"accept-encoding: gzip, deflate\r\n" in server.heads[0].lower()


# --- Success ---


@on_both_transports
@pytest.mark.parametrize(
    "content",
    [
        build_response(b"{}"),
        build_response(b"", status="202 Accepted"),
        b'HTTP/1.1 204 No Content\r\n\r\n{"data": []}',
        build_response(status="204 No Content"),
    ],
    ids=["200 {}", "202", "204 with body bytes", "204 with length and body"],
)
async def test_delete_with_another_success_status_is_a_success(content: bytes, transport: str) -> None:
    async with (
        run_hostile_server(respond(content, keep_alive=True)) as server,
        build_client(server.base_url, transport=transport) as client,
    ):
        for _ in range(3):
            await client.integrations.delete(1)
        assert len(server.heads) == 3


async def test_create_with_status_200_is_a_success() -> None:
    behaviour = respond(build_response(b'{"data": {"id": 5}}'))
    async with run_hostile_server(behaviour) as server, build_client(server.base_url) as client:
        assert (await client.logs.create(7, base_url="https://shop.example")).id == 5


# --- Errors ---


async def catch_status_error(content: bytes) -> APIStatusError:
    async with run_hostile_server(respond(content)) as server, build_client(server.base_url) as client:
        with pytest.raises(APIStatusError) as caught:
            await client.integrations.list()
    return caught.value


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b'{"error": {"code": 412, "message": "User has no address data"}}', ["User has no address data"]),
        (b'{"webhook_url": ["Enter a valid URL."]}', ["webhook_url", "Enter a valid URL."]),
        (b'{"title": "Bad", "detail": "Too long", "status": 400}', ["Too long"]),
        (b'{"error": "invalid_client", "error_description": "Unknown client"}', ["invalid_client", "Unknown client"]),
        (b'["first problem", "second problem"]', ["first problem", "second problem"]),
        (b'"only text"', ["only text"]),
    ],
)
async def test_error_body_of_any_shape_is_summarised(body: bytes, texts: list[str]) -> None:
    error = await catch_status_error(build_response(body, status="400 Bad Request"))
    assert type(error) is BadRequestError
    for text in texts:
        assert text in str(error)


@pytest.mark.parametrize("location", ["mailto:x", "https://elsewhere.example/api", "../a", "http://[::1:9999999/"])
@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found"])
async def test_redirect_error_names_the_location(location: str, status: str) -> None:
    error = await catch_status_error(build_response(b"", f"Location: {location}", status=status))
    assert location in str(error)


ECHOED = "S3CRET/+" + "value="
ECHOED_PAIR = base64.b64encode(f"public:{ECHOED}".encode()).decode()
PLAIN_ECHO = f"Basic {ECHOED_PAIR} {ECHOED}".encode()
NO_BODY = b"\r\nContent-Length: 0\r\n\r\n"


@on_both_transports
@pytest.mark.parametrize(
    "content",
    [
        build_response(
            orjson.dumps({"errors": [{"detail": PLAIN_ECHO.decode()}], PLAIN_ECHO.decode(): [ECHOED]}),
            f"X-Echo: {PLAIN_ECHO.decode()}",
            f"X-Token: {ECHOED_PAIR}",
            f"WWW-Authenticate: {PLAIN_ECHO.decode()}",
            status="401 Unauthorized",
        ),
        build_response(b'{"message": "S3CRET%2f%2bvalue%3d S3CRET\\u002f\\u002Bvalue\\u003d"}', status="400 X"),
        build_response(b"<p>S3CRET&#x2F;&#43;value&#x3d;</p>", status="400 X"),
        build_response(b"", f"Location: https://x.example/?key={ECHOED_PAIR}", status="302 X"),
        b"HTTP/1.1 401 " + PLAIN_ECHO + NO_BODY,
        b"HTTP/1.1 401 X\r\nAuthorization " + PLAIN_ECHO + NO_BODY,
        b"HTTP/1.1 401 X\r\nBad Header: " + PLAIN_ECHO + NO_BODY,
        b"HTTX " + PLAIN_ECHO + NO_BODY,
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + PLAIN_ECHO + b"\r\n",
        build_response(PLAIN_ECHO),
        b"HTTP/1.1 200 X\r\nContent-Type: " + PLAIN_ECHO + b"\r\nContent-Length: 1\r\n\r\n-",
        build_response(orjson.dumps({"data": [{"id": {"echo": PLAIN_ECHO.decode()}}]})),
    ],
    ids=[
        "body-headers",
        "body-escaped",
        "body-HTML",
        "redirect",
        "reason-phrase",
        "header-without-colon",
        "header-name-with-space",
        "status-line",
        "chunk-size",
        "success-without-JSON",
        "content-type",
        "record",
    ],
)
async def test_echoed_credentials_are_masked_everywhere(
    content: bytes, transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[SendcloudError] = []
    with caplog.at_level(logging.DEBUG):
        async with (
            run_hostile_server(respond(content)) as server,
            build_client(server.base_url, auth=BasicAuth("public", ECHOED), transport=transport) as client,
        ):
            with pytest.raises(SendcloudError) as caught:
                await client.integrations.list()
            errors.append(caught.value)
            with contextlib.suppress(SendcloudError):
                await client.logs.list(on_decode_error=errors.append)
    for error in errors:
        printed = "".join(traceback.format_exception(error))
        shown = f"{error} {error!r} {vars(error)} {pickle.dumps(error)!r} {printed}"
        details = getattr(error, "errors", ())
        shown += f"{details} {[detail.raw for detail in details]}"
        assert "S3CRET" not in shown
        assert ECHOED_PAIR not in shown
    assert "S3CRET" not in caplog.text
    assert ECHOED_PAIR not in caplog.text


# --- Arguments ---


def build_cycle() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def build_levels(count: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(count):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "body",
    [{"x": math.nan}, {"x": math.inf}, build_cycle(), build_levels(2_000), {"x": "\ud800"}, {"\ud800": 1}, {1: {}}],
    ids=["NaN", "infinity", "cycle", "2,000 levels", "surrogate", "surrogate as a key", "key of another type"],
)
async def test_body_that_is_not_json_raises_invalid_input(body: Any) -> None:
    async with run_hostile_server() as server, build_client(server.base_url) as client:
        with pytest.raises(InvalidInputError):
            await client.logs.create(7, base_url="https://shop.example", response={"body": body})
        assert server.heads == []


async def test_lone_surrogate_in_an_argument_raises_invalid_input() -> None:
    async with run_hostile_server() as server, build_client(server.base_url) as client:
        with pytest.raises(InvalidInputError):
            await client.logs.list(cursor="\ud800")
        with pytest.raises(InvalidInputError):
            await client.integrations.update(1, shop_name="\ud800")
        assert server.heads == []


# --- Webhooks and other objects ---

EVENT_TIME = datetime(2023, 3, 1, 2, 2, tzinfo=UTC)


def sign(body: bytes, secret: str = "key") -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("timestamp", [b"1677636120000", b'"1677636120000"', b"1677636120000.0", b'"1677636120000.0"'])
def test_webhook_timestamp_as_text_or_with_a_fraction_is_read(timestamp: bytes) -> None:
    body = b'{"action": "integration_updated", "timestamp": ' + timestamp + b"}"
    assert parse_webhook(body, signature=sign(body), secret="key").sent_at == EVENT_TIME


@pytest.mark.parametrize("signature", [1, b"bytes", [], "\ud800"])
def test_webhook_signature_of_another_type_raises_webhook_error(signature: Any) -> None:
    with pytest.raises(WebhookError):
        parse_webhook(b"{}", signature=signature, secret="key")


@pytest.mark.parametrize("secret", [1, None, b"bytes", ""])
def test_webhook_secret_of_another_type_raises_configuration_error(secret: Any) -> None:
    with pytest.raises(ConfigurationError):
        verify_webhook(b"{}", "signature", secret)


def test_redaction_can_be_pickled_and_an_unsupported_database_is_rejected() -> None:
    from sendcloud_integrations_client.sync import LogStore, Redaction

    assert isinstance(pickle.loads(pickle.dumps(Redaction())), Redaction)
    with pytest.raises(ConfigurationError) as caught:
        LogStore("mysql://user:S3CRET@host/db")
    assert "S3CRET" not in str(caught.value)


# --- Properties ---

json_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
json_lists = st.lists(json_leaves, max_size=4)
json_values = json_leaves | st.lists(json_leaves | json_lists, max_size=4)
json_values |= st.dictionaries(st.text(max_size=8), json_leaves | json_lists, max_size=4)
HEADER_VALUES = b"gzip deflate br chunked -1 99999 nan 1e999 mailto:x".split()
HEADER_NAMES = b"Link Retry-After Date Location Content-Encoding Content-Type Set-Cookie WWW-Authenticate X".split()
header_values = st.binary(max_size=60) | st.sampled_from([*HEADER_VALUES, b'<x?cursor=a>; rel="next"'])
header_names = st.sampled_from(HEADER_NAMES)
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | json_values.map(lambda value: json.dumps({"data": value}).encode())
    | st.lists(json_values, max_size=3).map(lambda value: json.dumps({"data": value, "errors": value}).encode())
)
statuses = st.integers(100, 999) | st.sampled_from([200, 201, 204, 301, 304, 400, 401, 404, 429, 500])
operations = st.sampled_from(["list", "iterate", "retrieve", "delete", "create"])


def build_mock_client(response: Callable[[], httpx.Response]) -> SendcloudIntegrations:
    return build_client(
        "http://127.0.0.1:9/api/v3",
        transport=httpx.MockTransport(lambda _: response()),
        retries=RetryPolicy(max_attempts=2, base_delay=0.0, max_delay=0.0, total_timeout=5.0),
    )


@given(
    status=statuses,
    headers=st.lists(st.tuples(header_names, header_values), max_size=4),
    body=bodies,
    operation=operations,
)
async def test_any_response_ends_in_data_or_a_typed_error(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes, operation: Any
) -> None:
    responses = [
        lambda: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body)),
        lambda: httpx.Response(200, content=b'{"data": []}'),
    ]
    async with build_mock_client(lambda: responses[0]()) as client:
        outcome = await asyncio.wait_for(get_outcome(client, operation), 20)
        assert not outcome.startswith("untyped"), outcome
        responses.pop(0)
        assert await get_next_outcome(client) == DATA


@on_both_transports
@given(
    parts=st.lists(
        st.binary(max_size=80)
        | st.sampled_from(
            [
                b"HTTP/1.1 200 OK\r\n",
                b"HTTP/1.1 204 No Content\r\n",
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"Content-Length: 12\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"Content-Encoding: gzip\r\n",
                b"\r\n",
                b"c\r\n",
                b"0\r\n\r\n",
                b'{"data": []}',
                gzip.compress(b'{"data": []}'),
            ]
        ),
        max_size=8,
    ),
    operation=operations,
)
async def test_any_bytes_on_the_wire_end_in_data_or_a_typed_error(
    transport: str, parts: list[bytes], operation: Any
) -> None:
    async with (
        run_hostile_server(respond(b"".join(parts))) as server,
        build_client(server.base_url, transport=transport, timeout=5, retries=None) as client,
    ):
        outcome = await asyncio.wait_for(get_outcome(client, operation), 20)
        assert not outcome.startswith("untyped"), outcome
        server.behaviour = None
        assert await get_next_outcome(client) == DATA


any_text = st.text(st.characters(), max_size=20)
any_leaf = (
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.binary(max_size=5) | st.complex_numbers()
)
any_list = st.lists(any_leaf, max_size=3)
any_value = any_leaf | st.lists(any_leaf | any_list, max_size=3)
any_value |= st.dictionaries(any_text | st.integers(), any_leaf | any_list, max_size=3)


@given(value=any_value, body=st.dictionaries(any_text, any_value, max_size=3))
async def test_any_argument_ends_in_data_or_a_typed_error(value: Any, body: Mapping[str, Any]) -> None:
    calls: list[Callable[[SendcloudIntegrations], Any]] = [
        lambda client: client.integrations.retrieve(value),
        lambda client: client.integrations.delete(value),
        lambda client: client.integrations.update(1, shop_name=value),
        lambda client: client.logs.list(cursor=value),
        lambda client: client.logs.list(page_size=value),
        lambda client: client.logs.list(integration_id=value),
        lambda client: client.logs.list(on_decode_error=value),
        lambda client: client.logs.create(7, base_url="https://shop.example", response=value),
        lambda client: client.logs.create(7, base_url="https://shop.example", response={"body": body}),
        lambda client: client.logs.create(7, base_url="https://shop.example", created_at=value),
        lambda client: client.shop_order_statuses.replace(7, value),
        lambda client: client.status_mapping.replace(7, value),
    ]
    async with build_mock_client(lambda: httpx.Response(200, content=b'{"data": []}')) as client:
        for call in calls:
            try:
                await call(client)
            except (SendcloudError, TypeError):
                continue
        await perform(client, "list")


@given(body=st.binary(max_size=50) | bodies, signature=st.none() | any_text | any_value, is_signed=st.booleans())
def test_any_webhook_ends_in_an_event_or_a_typed_error(body: bytes, signature: Any, is_signed: bool) -> None:
    with contextlib.suppress(WebhookError):
        parse_webhook(body, signature=sign(body) if is_signed else signature, secret="key")
