"""What is tried again, when, how often, and what never is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey
from httpx_aiohttp.transport import map_aiohttp_exceptions
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import (
    APIConnectionError,
    BasicAuth,
    ConfigurationError,
    NotFoundError,
    OAuth2ClientCredentials,
    Operation,
    RetryPolicy,
    SendcloudIntegrations,
    ServerError,
)
from sendcloud_integrations_client.operations import Call
from sendcloud_integrations_client.retries import RetryTransport
from sendcloud_integrations_client.retry_after import parse_retry_after

READ = Operation("list_logs", "GET", "/integrations/logs", frozenset({200}), safe=True, idempotent=True)
CREATE = Operation("create_integration_log", "POST", "/l", frozenset({201}), safe=False, idempotent=False)
DELETE = Operation("delete_integration", "DELETE", "/i", frozenset({204}), safe=False, idempotent=True)

NEVER_CONNECTED = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
LOST = [httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.ReadTimeout, httpx.WriteTimeout]
LOST += [httpx.RemoteProtocolError, httpx.ProxyError]
HOPELESS = [httpx.UnsupportedProtocol, httpx.LocalProtocolError]
AGAIN = [408, 425, 429, 500, 502, 503, 504]
FINAL = [200, 204, 301, 400, 401, 403, 404, 409, 422, 501]


class Cut(httpx.AsyncByteStream):
    """A body that breaks off."""

    def __init__(self) -> None:
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"data": ['
        raise httpx.ReadError("reset")

    async def aclose(self) -> None:
        self.is_closed = True


class Script(httpx.AsyncBaseTransport):
    """Gives one outcome after the other, the last one for ever."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.sent = 0
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        outcome = self.outcomes[min(self.sent, len(self.outcomes) - 1)]
        self.sent += 1
        if isinstance(outcome, type):
            raise outcome("broken")
        if isinstance(outcome, Exception):
            raise outcome from outcome.__cause__
        if isinstance(outcome, int):
            return httpx.Response(outcome, json={})
        if isinstance(outcome, httpx.AsyncByteStream):
            return httpx.Response(200, stream=outcome)
        response: httpx.Response = outcome
        return response

    async def aclose(self) -> None:
        self.is_closed = True


class Waits:
    """Notes what was waited for, and waits for nothing."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def sent(
    operation: Operation | None,
    *outcomes: Any,
    policy: RetryPolicy | None = RetryPolicy(),
    draw: Callable[[float, float], float] = lambda low, high: high,
    **extensions: Any,
) -> tuple[Any, Script, Waits, Call | None]:
    """What comes of a call whose attempts have these outcomes: the answer or error, and what was done for it."""
    script, waits = Script(*outcomes), Waits()
    call = Call(operation) if operation else None
    known = call.extensions() if call else {"sendcloud_token_request": True}
    request = httpx.Request(
        operation.method if operation else "POST", "https://x.example/", extensions={**known, **extensions}
    )
    transport = RetryTransport(script, policy, sleep=waits, draw=draw)
    try:
        result: Any = await transport.handle_async_request(request)
    except httpx.TransportError as error:
        result = error
    return result, script, waits, call


def client_for(
    transport: httpx.AsyncBaseTransport, *, retries: RetryPolicy | None = RetryPolicy(base_delay=0.0), auth: Any = None
) -> SendcloudIntegrations:
    auth = auth or BasicAuth("public", "s3cret")
    return SendcloudIntegrations(auth=auth, retries=retries, transport=transport, rate_limits=None)


@pytest.mark.parametrize("outcome", [*NEVER_CONNECTED, *LOST, *AGAIN])
@pytest.mark.parametrize("operation", [READ, DELETE, None])
async def test_what_is_safe_to_send_twice_is_tried_again(operation: Operation | None, outcome: Any) -> None:
    result, script, waits, call = await sent(operation, outcome, outcome, 200)
    assert result.status_code == 200
    assert script.sent == 3
    assert len(waits.seconds) == 2
    assert call is None or call.attempts == 3


@pytest.mark.parametrize("outcome", [*NEVER_CONNECTED, 429, 503])
async def test_a_create_is_sent_again_where_the_server_cannot_have_acted(outcome: Any) -> None:
    result, script, _, _ = await sent(CREATE, outcome, 201)
    assert (result.status_code, script.sent) == (201, 2)


@pytest.mark.parametrize("outcome", [*LOST, *(set(AGAIN) - {429, 503})])
async def test_a_create_is_never_sent_twice_where_the_server_may_have_acted(outcome: Any) -> None:
    result, script, waits, _ = await sent(CREATE, outcome, 201)
    assert script.sent == 1
    assert waits.seconds == []
    assert isinstance(result, outcome) if isinstance(outcome, type) else result.status_code == outcome


def every(kind: type[httpx.TransportError]) -> list[type[httpx.TransportError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in every(child))]


@pytest.mark.parametrize("outcome", sorted(set(every(httpx.TransportError)), key=lambda kind: kind.__name__))
async def test_no_error_of_the_transport_but_a_failed_connect_has_a_create_sent_twice(outcome: Any) -> None:
    _, script, _, _ = await sent(CREATE, outcome, 201)
    assert script.sent == (2 if outcome in NEVER_CONNECTED else 1)


@pytest.mark.parametrize(
    ("cause", "times"),
    [
        (aiohttp.ServerDisconnectedError(), 1),
        (aiohttp.ClientOSError(104, "Connection reset by peer"), 1),
        (aiohttp.ServerTimeoutError(), 1),
        (aiohttp.ConnectionTimeoutError(), 2),
        (aiohttp.ClientConnectorError(ConnectionKey("x", 443, True, True, None, None, None), OSError("refused")), 2),
    ],
)
async def test_a_lost_connection_that_httpx_aiohttp_takes_for_a_failed_connect_has_no_create_sent_twice(
    cause: aiohttp.ClientError, times: int
) -> None:
    with pytest.raises(httpx.TimeoutException) as raised, map_aiohttp_exceptions():
        raise cause
    _, script, _, _ = await sent(CREATE, raised.value, 201)
    assert script.sent == times


async def test_no_status_but_429_and_503_has_a_create_sent_twice() -> None:
    twice = [status for status in range(200, 600) if (await sent(CREATE, status, 201))[1].sent > 1]
    assert twice == [429, 503]


async def test_a_create_is_given_up_after_a_lost_answer_that_follows_a_refusal() -> None:
    result, script, _, _ = await sent(CREATE, 503, httpx.ReadTimeout, 201)
    assert isinstance(result, httpx.ReadTimeout)
    assert script.sent == 2


@pytest.mark.parametrize(("method", "times"), [("POST", 1), ("PATCH", 1), ("GET", 2), ("PUT", 2)])
async def test_what_somebody_sends_past_the_operations_is_repeated_only_by_a_safe_method(
    method: str, times: int
) -> None:
    script = Script(httpx.ReadError, 200)
    async with client_for(script) as client:
        if times == 1:
            with pytest.raises(httpx.ReadError):
                await client.http.request(method, "/integrations/7/logs")
        else:
            await client.http.request(method, "/integrations/7/logs")
    assert script.sent == times


async def test_a_create_whose_answer_is_cut_is_not_sent_again() -> None:
    result, script, _, _ = await sent(CREATE, Cut(), 201)
    assert isinstance(result, httpx.ReadError)
    assert script.sent == 1


@pytest.mark.parametrize("outcome", [*HOPELESS, *FINAL])
async def test_what_would_not_change_is_not_tried_again(outcome: Any) -> None:
    _, script, _, _ = await sent(READ, outcome, 200)
    assert script.sent == 1


async def test_a_cut_body_is_a_failed_attempt_and_is_closed() -> None:
    cut = Cut()
    result, script, _, _ = await sent(READ, cut, httpx.Response(200, content=b'{"data": []}'))
    assert await result.aread() == b'{"data": []}'
    assert script.sent == 2
    assert cut.is_closed


async def test_headers_are_handed_on_once_and_before_the_body() -> None:
    seen: list[int] = []
    script = Script(500, Cut(), 200)
    call = Call(READ, on_headers=lambda headers: seen.append(script.sent))
    request = httpx.Request("GET", "https://x.example/", extensions=call.extensions())
    response = await RetryTransport(script, RetryPolicy(), sleep=Waits()).handle_async_request(request)
    assert response.status_code == 200
    assert seen == [2]


async def test_a_compressed_body_is_left_to_httpx() -> None:
    import gzip

    packed = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(gzip.compress(b"[1]")))
    result, _, _, _ = await sent(READ, packed)
    assert await result.aread() == b"[1]"


async def test_the_last_failure_is_given_when_attempts_run_out() -> None:
    result, script, _, call = await sent(READ, 500, 502, httpx.ReadError, policy=RetryPolicy(max_attempts=3))
    assert isinstance(result, httpx.ReadError)
    assert script.sent == 3
    assert call is not None
    assert call.attempts == 3


async def test_without_a_policy_there_is_one_attempt() -> None:
    _, script, _, _ = await sent(READ, 500, 200, policy=None)
    assert script.sent == 1


async def test_a_request_may_carry_a_policy_of_its_own() -> None:
    _, script, _, _ = await sent(READ, 500, sendcloud_retries=RetryPolicy(max_attempts=2))
    assert script.sent == 2
    _, script, _, _ = await sent(READ, 500, sendcloud_retries=None)
    assert script.sent == 1


async def test_the_backoff_is_exponential_bounded_and_jittered_in_full() -> None:
    policy = RetryPolicy(max_attempts=8, base_delay=1.0, max_delay=10.0, total_timeout=1e9)
    _, _, waits, _ = await sent(READ, 500, policy=policy)
    assert waits.seconds == [1, 2, 4, 8, 10, 10, 10]
    ranges: list[tuple[float, float]] = []
    await sent(READ, 500, policy=policy, draw=lambda low, high: ranges.append((low, high)) or 0.0)  # type: ignore[func-returns-value]
    assert [low for low, _ in ranges] == [0.0] * 7


async def test_no_attempt_begins_past_the_total_timeout() -> None:
    policy = RetryPolicy(max_attempts=100, base_delay=4.0, total_timeout=10.0)
    result, script, waits, _ = await sent(READ, 500, policy=policy, draw=lambda low, high: 11.0)
    assert (result.status_code, script.sent, waits.seconds) == (500, 1, [])


async def test_the_time_that_earlier_attempts_took_counts_against_the_total_timeout() -> None:
    for seconds_gone, times in ((7.0, 2), (9.0, 1)):
        script = Script(500, 200)
        call = Call(READ, started=time.monotonic() - seconds_gone)
        request = httpx.Request("GET", "https://x.example/", extensions=call.extensions())
        policy = RetryPolicy(base_delay=2.0, total_timeout=10.0)
        transport = RetryTransport(script, policy, sleep=Waits(), draw=lambda low, high: high)
        await transport.handle_async_request(request)
        assert script.sent == times


async def test_the_last_failure_is_raised_with_how_many_attempts_and_how_long() -> None:
    async with client_for(Script(502, httpx.ReadError, 500), retries=RetryPolicy(3, base_delay=0.001)) as client:
        with pytest.raises(ServerError, match=r"answered 500.*after 3 attempts in \d+\.\d s") as caught:
            await client.integrations.list()
    assert caught.value.attempts == 3
    assert 0.0 < caught.value.elapsed < 60.0


async def test_the_last_failure_of_the_transport_is_raised_with_it_as_the_cause() -> None:
    async with client_for(Script(500, httpx.ReadError)) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.list()
    assert caught.value.attempts == 5
    assert isinstance(caught.value.__cause__, httpx.ReadError)


async def test_a_view_of_a_client_has_a_policy_of_its_own() -> None:
    for retries, times in ((None, 1), (RetryPolicy(3, base_delay=0.0), 3)):
        script = Script(500)
        async with client_for(script) as client:
            with pytest.raises(ServerError):
                await client.with_options(retries=retries).integrations.list()
            assert script.sent == times
            with pytest.raises(ServerError):
                await client.with_options(timeout=1.0).integrations.list()
            assert script.sent == times + 5


class WithTokens(Script):
    """Answers token requests, and follows its script for all others."""

    tokens = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"token{self.tokens}", "expires_in": 3600})
        return await super().handle_async_request(request)


async def test_a_new_token_does_not_start_the_attempts_anew() -> None:
    script = WithTokens(500, 500, 500, 401, 500)
    async with client_for(script, auth=OAuth2ClientCredentials("id", "s3cret")) as client:
        with pytest.raises(ServerError) as caught:
            await client.integrations.list()
    assert (script.sent, script.tokens, caught.value.attempts) == (5, 2, 5)


async def test_a_delete_is_known_to_be_done_across_a_new_token() -> None:
    async with client_for(WithTokens(httpx.ReadError, 401, 404), auth=OAuth2ClientCredentials("id", "s3")) as client:
        await client.integrations.delete(7)
    async with client_for(WithTokens(401, 404), auth=OAuth2ClientCredentials("id", "s3")) as client:
        with pytest.raises(NotFoundError):
            await client.integrations.delete(7)


@pytest.mark.parametrize(("header", "least", "most"), [("7", 7.0, 8.0), ("0.5", 0.5, 1.0), ("0", 0.0, 0.5)])
async def test_retry_after_is_obeyed_with_a_little_jitter(header: str, least: float, most: float) -> None:
    answer = httpx.Response(429, headers={"Retry-After": header})
    _, _, waits, _ = await sent(READ, answer, 200)
    assert least <= waits.seconds[0] <= most


async def test_a_retry_after_beyond_the_total_timeout_gives_the_answer_at_once() -> None:
    answer = httpx.Response(429, headers={"Retry-After": "3600"})
    result, script, waits, _ = await sent(READ, answer, 200)
    assert (result.status_code, script.sent, waits.seconds) == (429, 1, [])


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("1.5", 1.5),
        (" 3 ", 3.0),
        ("-5", 0.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 99 Nov 2023 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert parse_retry_after(httpx.Headers({"retry-after": header}), NOW) == seconds


@pytest.mark.parametrize("date", ["Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 -0000"])
def test_a_date_without_a_zone_is_utc_wherever_the_machine_stands(date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "XXX-5")
            time.tzset()
            assert parse_retry_after(httpx.Headers({"retry-after": date}), 784_111_777.0 - 100.0) == 100.0
    finally:
        time.tzset()


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_no_retry_after_breaks_the_parser(header: str) -> None:
    seconds = parse_retry_after(httpx.Headers({"retry-after": header}), NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("lost", [httpx.ReadError, httpx.ReadTimeout, 500, 502, 504, 408])
async def test_a_delete_that_finds_nothing_after_a_lost_answer_has_succeeded(lost: Any) -> None:
    result, script, _, _ = await sent(DELETE, lost, 404)
    assert (result.status_code, script.sent) == (204, 2)


@pytest.mark.parametrize("first", [httpx.ConnectError, httpx.PoolTimeout, 429, 503])
async def test_a_delete_that_finds_nothing_after_no_attempt_that_acted_has_not(first: Any) -> None:
    result, _, _, _ = await sent(DELETE, first, 404)
    assert result.status_code == 404


async def test_a_delete_that_finds_nothing_at_first_has_not_succeeded() -> None:
    result, _, _, _ = await sent(DELETE, 404)
    assert result.status_code == 404


async def test_a_read_that_finds_nothing_after_a_lost_answer_has_not_succeeded() -> None:
    result, _, _, _ = await sent(READ, 500, 404)
    assert result.status_code == 404


async def test_cancelling_ends_the_waiting_at_once() -> None:
    script = Script(500)
    transport = RetryTransport(script, RetryPolicy(base_delay=60.0), draw=lambda low, high: 60.0)
    call = Call(READ)
    request = httpx.Request("GET", "https://x.example/", extensions=call.extensions())
    task = asyncio.ensure_future(transport.handle_async_request(request))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert script.sent == 1


async def test_cancelling_while_the_body_is_read_closes_the_answer() -> None:
    class Endless(Cut):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"x"
                await asyncio.sleep(0)

    body = Endless()
    call = Call(READ)
    request = httpx.Request("GET", "https://x.example/", extensions=call.extensions())
    task = asyncio.ensure_future(RetryTransport(Script(body), RetryPolicy()).handle_async_request(request))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert body.is_closed


async def test_one_line_an_attempt_and_one_a_retry(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="sendcloud_integrations_client")
    await sent(READ, 503, httpx.ReadError, 200, policy=RetryPolicy(base_delay=1.0))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "list_logs: status 503, attempt 1"),
        ("INFO", "list_logs: status 503, attempt 1; trying again in 1.00 s"),
        ("DEBUG", "list_logs: ReadError, attempt 2"),
        ("INFO", "list_logs: ReadError, attempt 2; trying again in 2.00 s"),
        ("DEBUG", "list_logs: status 200, attempt 3"),
    ]


async def test_no_body_no_query_and_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="sendcloud_integrations_client")
    refused = httpx.Response(503, content=b"body-to-hide")
    async with client_for(Script(refused, httpx.Response(201, json={"data": {"id": 1, "base_url": "x"}}))) as client:
        await client.logs.create(7, base_url="https://shop.example", exception="body-to-hide")
    async with client_for(Script(500, 200)) as client:
        await client.http.get("/integrations/logs", params={"cursor": "query-to-hide"})
    levels = [record.levelname for record in caplog.records]
    assert levels == ["DEBUG", "INFO", "DEBUG"] * 2
    for secret in ("to-hide", "s3cret", "Basic"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "options", [{"max_attempts": 0}, {"base_delay": -1}, {"max_delay": float("nan")}, {"total_timeout": -0.1}]
)
def test_a_senseless_policy_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        RetryPolicy(**options)


async def test_closing_closes_the_transport_below() -> None:
    script = Script(200)
    await RetryTransport(script, None).aclose()
    assert script.is_closed
