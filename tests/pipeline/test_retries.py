"""Retries: which failures are retried for which operations, how many times, and after which delay."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import ssl
import time
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest
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
from sendcloud_integrations_client.pipeline.retries import RetryTransport
from sendcloud_integrations_client.pipeline.retry_after import parse_retry_after
from sendcloud_integrations_client.runtime.operations import (
    CALL_EXTENSION,
    LOCATION_EXTENSION,
    TOKEN_REQUEST_EXTENSION,
    Call,
    TokenRequest,
)
from tests.support.virtual_time import now, run_with_clock

READ = Operation("list_logs", "GET", "/integrations/logs", frozenset({200}), safe=True, idempotent=True)
CREATE = Operation("create_integration_log", "POST", "/l", frozenset({201}), safe=False, idempotent=False)
DELETE = Operation("delete_integration", "DELETE", "/i", frozenset({204}), safe=False, idempotent=True)

NEVER_CONNECTED = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
CONNECTION_LOST = [httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.ReadTimeout, httpx.WriteTimeout]
CONNECTION_LOST += [httpx.RemoteProtocolError, httpx.ProxyError]
PERMANENT_ERRORS = [httpx.UnsupportedProtocol, httpx.LocalProtocolError]
RETRIED_STATUSES = [408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524, 530, 599]
FINAL_STATUSES = [200, 204, 301, 400, 401, 403, 404, 409, 422, 501, 505]


class TruncatedBody(httpx.AsyncByteStream):
    """A response body that raises `httpx.ReadError` after the first part."""

    def __init__(self) -> None:
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"data": ['
        raise httpx.ReadError("reset")

    async def aclose(self) -> None:
        self.is_closed = True


class ScriptedTransport(httpx.AsyncBaseTransport):
    """Returns or raises one outcome per request; the last one is repeated.

    Args:
        outcomes: Exceptions or exception classes, status codes, body streams or responses.
    """

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.requests = 0
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        outcome = self.outcomes[min(self.requests, len(self.outcomes) - 1)]
        self.requests += 1
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


class SleepRecorder:
    """Records the seconds of each sleep and does not sleep."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def send(
    operation: Operation | None,
    *outcomes: Any,
    policy: RetryPolicy | None = RetryPolicy(),
    draw: Callable[[float, float], float] = lambda low, high: high,
    **extensions: Any,
) -> tuple[Any, ScriptedTransport, SleepRecorder, Call | None]:
    """Send a request whose attempts have the given outcomes.

    Returns:
        The response or error, the transport with the number of requests, the recorded sleeps, and the call.
    """
    script, sleeps = ScriptedTransport(*outcomes), SleepRecorder()
    call = Call(operation) if operation else None
    known = {CALL_EXTENSION: call} if call else {TOKEN_REQUEST_EXTENSION: TokenRequest()}
    request = httpx.Request(
        operation.method if operation else "POST", "https://x.example/", extensions={**known, **extensions}
    )
    transport = RetryTransport(script, policy, sleep=sleeps, draw=draw)
    try:
        result: Any = await transport.handle_async_request(request)
    except httpx.TransportError as error:
        result = error
    return result, script, sleeps, call


def build_client(
    transport: httpx.AsyncBaseTransport, *, retries: RetryPolicy | None = RetryPolicy(base_delay=0.0), auth: Any = None
) -> SendcloudIntegrations:
    auth = auth or BasicAuth("public", "s3cret")
    return SendcloudIntegrations(auth=auth, retries=retries, transport=transport, rate_limits=None)


@pytest.mark.parametrize("outcome", [*NEVER_CONNECTED, *CONNECTION_LOST, *RETRIED_STATUSES])
@pytest.mark.parametrize("operation", [READ, DELETE, None])
async def test_temporary_failure_is_retried_if_idempotent(operation: Operation | None, outcome: Any) -> None:
    result, script, sleeps, call = await send(operation, outcome, outcome, 200)
    assert result.status_code == 200
    assert script.requests == 3
    assert len(sleeps.seconds) == 2
    assert call is None or call.attempts == 3


@pytest.mark.parametrize("outcome", [*NEVER_CONNECTED, 429, 503])
async def test_create_is_retried_if_the_server_cannot_have_processed_it(outcome: Any) -> None:
    result, script, _, _ = await send(CREATE, outcome, 201)
    assert (result.status_code, script.requests) == (201, 2)


@pytest.mark.parametrize("outcome", [*CONNECTION_LOST, *(set(RETRIED_STATUSES) - {429, 503})])
async def test_create_is_not_retried_if_the_server_may_have_processed_it(outcome: Any) -> None:
    result, script, sleeps, _ = await send(CREATE, outcome, 201)
    assert script.requests == 1
    assert sleeps.seconds == []
    assert isinstance(result, outcome) if isinstance(outcome, type) else result.status_code == outcome


def get_subclasses(kind: type[httpx.TransportError]) -> list[type[httpx.TransportError]]:
    return [kind, *(descendant for child in kind.__subclasses__() for descendant in get_subclasses(child))]


@pytest.mark.parametrize("outcome", sorted(set(get_subclasses(httpx.TransportError)), key=lambda kind: kind.__name__))
async def test_create_is_retried_after_no_transport_error_except_a_failed_connection(outcome: Any) -> None:
    _, script, _, _ = await send(CREATE, outcome, 201)
    assert script.requests == (2 if outcome in NEVER_CONNECTED else 1)


async def test_create_is_retried_after_no_status_except_429_and_503() -> None:
    retried_statuses = [status for status in range(200, 600) if (await send(CREATE, status, 201))[1].requests > 1]
    assert retried_statuses == [429, 503]


async def test_create_is_not_retried_after_a_lost_response_that_follows_a_503() -> None:
    result, script, _, _ = await send(CREATE, 503, httpx.ReadTimeout, 201)
    assert isinstance(result, httpx.ReadTimeout)
    assert script.requests == 2


@pytest.mark.parametrize(("method", "requests"), [("POST", 1), ("PATCH", 1), ("GET", 2), ("PUT", 2)])
async def test_request_sent_directly_with_the_httpx_client_is_retried_only_if_its_method_is_idempotent(
    method: str, requests: int
) -> None:
    script = ScriptedTransport(httpx.ReadError, 200)
    async with build_client(script) as client:
        if requests == 1:
            with pytest.raises(httpx.ReadError):
                await client.http.request(method, "/integrations/7/logs")
        else:
            await client.http.request(method, "/integrations/7/logs")
    assert script.requests == requests


async def test_create_with_a_truncated_response_is_not_retried() -> None:
    result, script, _, _ = await send(CREATE, TruncatedBody(), 201)
    assert isinstance(result, httpx.ReadError)
    assert script.requests == 1


@pytest.mark.parametrize("outcome", [*PERMANENT_ERRORS, *FINAL_STATUSES])
async def test_permanent_failure_is_not_retried(outcome: Any) -> None:
    _, script, _, _ = await send(READ, outcome, 200)
    assert script.requests == 1


async def test_truncated_body_is_a_failed_attempt_and_is_closed() -> None:
    body = TruncatedBody()
    result, script, _, _ = await send(READ, body, httpx.Response(200, content=b'{"data": []}'))
    assert await result.aread() == b'{"data": []}'
    assert script.requests == 2
    assert body.is_closed


async def test_on_headers_is_called_once_before_the_body_is_read() -> None:
    requests_at_call: list[int] = []
    script = ScriptedTransport(500, TruncatedBody(), 200)
    call = Call(READ, on_headers=lambda headers: requests_at_call.append(script.requests))
    request = httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
    response = await RetryTransport(script, RetryPolicy(), sleep=SleepRecorder()).handle_async_request(request)
    assert response.status_code == 200
    assert requests_at_call == [2]


async def test_compressed_body_is_decompressed_by_httpx() -> None:
    import gzip

    stream = httpx.ByteStream(gzip.compress(b"[1]"))
    compressed = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)
    result, _, _, _ = await send(READ, compressed)
    assert await result.aread() == b"[1]"


async def test_last_failure_is_raised_after_the_last_attempt() -> None:
    result, script, _, call = await send(READ, 500, 502, httpx.ReadError, policy=RetryPolicy(max_attempts=3))
    assert isinstance(result, httpx.ReadError)
    assert script.requests == 3
    assert call is not None
    assert call.attempts == 3


async def test_no_policy_means_one_attempt() -> None:
    _, script, _, _ = await send(READ, 500, 200, policy=None)
    assert script.requests == 1


async def test_request_extension_overrides_the_policy() -> None:
    _, script, _, _ = await send(READ, 500, sendcloud_retries=RetryPolicy(max_attempts=2))
    assert script.requests == 2
    _, script, _, _ = await send(READ, 500, sendcloud_retries=None)
    assert script.requests == 1


async def test_backoff_is_exponential_and_bounded_with_full_jitter() -> None:
    policy = RetryPolicy(max_attempts=8, base_delay=1.0, max_delay=10.0, total_timeout=1e9)
    _, _, sleeps, _ = await send(READ, 500, policy=policy)
    assert sleeps.seconds == [1, 2, 4, 8, 10, 10, 10]
    ranges: list[tuple[float, float]] = []
    await send(READ, 500, policy=policy, draw=lambda low, high: ranges.append((low, high)) or 0.0)  # type: ignore[func-returns-value]
    assert [low for low, _ in ranges] == [0.0] * 7


async def test_no_attempt_begins_after_the_total_timeout() -> None:
    policy = RetryPolicy(max_attempts=100, base_delay=4.0, total_timeout=10.0)
    result, script, sleeps, _ = await send(READ, 500, policy=policy, draw=lambda low, high: 11.0)
    assert (result.status_code, script.requests, sleeps.seconds) == (500, 1, [])


async def test_time_of_earlier_attempts_counts_against_the_total_timeout() -> None:
    for elapsed, requests in ((7.0, 2), (9.0, 1)):
        script = ScriptedTransport(500, 200)
        call = Call(READ, started=time.monotonic() - elapsed)
        request = httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
        policy = RetryPolicy(base_delay=2.0, total_timeout=10.0)
        transport = RetryTransport(script, policy, sleep=SleepRecorder(), draw=lambda low, high: high)
        await transport.handle_async_request(request)
        assert script.requests == requests


async def test_error_message_contains_number_of_attempts_and_elapsed_time() -> None:
    async with build_client(
        ScriptedTransport(502, httpx.ReadError, 500), retries=RetryPolicy(3, base_delay=0.001)
    ) as client:
        with pytest.raises(ServerError, match=r"failed after 3 attempts in \d+\.\d s: 500") as caught:
            await client.integrations.list()
    assert caught.value.attempts == 3
    assert 0.0 < caught.value.elapsed < 60.0


async def test_error_has_the_last_transport_error_as_its_cause() -> None:
    async with build_client(ScriptedTransport(500, httpx.ReadError)) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.integrations.list()
    assert caught.value.attempts == 5
    assert isinstance(caught.value.__cause__, httpx.ReadError)


async def test_with_options_sets_a_separate_policy_for_the_view() -> None:
    for retries, requests in ((None, 1), (RetryPolicy(3, base_delay=0.0), 3)):
        script = ScriptedTransport(500)
        async with build_client(script) as client:
            with pytest.raises(ServerError):
                await client.with_options(retries=retries).integrations.list()
            assert script.requests == requests
            with pytest.raises(ServerError):
                await client.with_options(timeout=1.0).integrations.list()
            assert script.requests == requests + 5


class ScriptedTransportWithTokens(ScriptedTransport):
    """Issues access tokens, and uses the scripted outcomes for all other requests."""

    issued_tokens = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            self.issued_tokens += 1
            return httpx.Response(200, json={"access_token": f"token{self.issued_tokens}", "expires_in": 3600})
        return await super().handle_async_request(request)


async def test_new_token_does_not_reset_the_number_of_attempts() -> None:
    script = ScriptedTransportWithTokens(500, 500, 500, 401, 500)
    async with build_client(script, auth=OAuth2ClientCredentials("id", "s3cret")) as client:
        with pytest.raises(ServerError) as caught:
            await client.integrations.list()
    assert (script.requests, script.issued_tokens, caught.value.attempts) == (5, 2, 5)


async def test_delete_after_a_lost_response_and_a_new_token_succeeds_with_404() -> None:
    async with build_client(
        ScriptedTransportWithTokens(httpx.ReadError, 401, 404), auth=OAuth2ClientCredentials("id", "s3")
    ) as client:
        await client.integrations.delete(7)
    async with build_client(ScriptedTransportWithTokens(401, 404), auth=OAuth2ClientCredentials("id", "s3")) as client:
        with pytest.raises(NotFoundError):
            await client.integrations.delete(7)


@pytest.mark.parametrize(("header", "minimum", "maximum"), [("7", 7.0, 8.0), ("0.5", 0.5, 1.0), ("0", 0.0, 0.5)])
async def test_retry_after_is_applied_with_jitter(header: str, minimum: float, maximum: float) -> None:
    response = httpx.Response(429, headers={"Retry-After": header})
    _, _, sleeps, _ = await send(READ, response, 200)
    assert minimum <= sleeps.seconds[0] <= maximum


async def test_retry_after_longer_than_the_total_timeout_returns_the_response_immediately() -> None:
    response = httpx.Response(429, headers={"Retry-After": "3600"})
    result, script, sleeps, _ = await send(READ, response, 200)
    assert (result.status_code, script.requests, sleeps.seconds) == (429, 1, [])


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("1.5", 1.5),
        (" 3 ", 3.0),
        ("86400", 86400.0),
        ("31622400", 31_622_400.0),  # 366 days
        ("31622401", None),
        ("0.123456789", 0.123456789),
        ("1.", None),
        (formatdate(NOW + 31_622_400, usegmt=True), 31_622_400.0),
        (formatdate(NOW + 31_622_401, usegmt=True), None),
        ("-5", None),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW + 1, usegmt=True), 1.0),
        (formatdate(NOW - 90, usegmt=True), None),
        (formatdate(NOW, usegmt=True), None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("1e308", None),
        ("1e1", None),
        ("99999999", None),
        ("9" * 400, None),
        ("٣", None),
        (formatdate(NOW + 2 * 366 * 86400, usegmt=True), None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 99 Nov 2023 00:00:00 GMT", None),
    ],
)
def test_parse_retry_after_reads_seconds_and_dates(header: str, seconds: float | None) -> None:
    headers = httpx.Headers({"retry-after": header, "date": formatdate(NOW, usegmt=True)}, encoding="utf-8")
    assert parse_retry_after(headers) == seconds


@pytest.mark.parametrize("date", [{}, {"date": "yesterday"}], ids=["no Date", "invalid Date"])
def test_parse_retry_after_without_a_date_of_the_response_uses_the_local_clock(
    date: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    headers = httpx.Headers({"retry-after": formatdate(NOW + 7, usegmt=True), **date})
    assert parse_retry_after(headers) == 7.0


@pytest.mark.parametrize("date", ["Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 -0000"])
def test_parse_retry_after_reads_a_date_without_zone_as_utc(date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "XXX-5")
            time.tzset()
            now = formatdate(784_111_777.0 - 100.0, usegmt=True)
            assert parse_retry_after(httpx.Headers({"retry-after": date, "date": now})) == 100.0
    finally:
        time.tzset()


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_parse_retry_after_never_raises(header: str) -> None:
    seconds = parse_retry_after(httpx.Headers({"retry-after": header, "date": header}))
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("first_outcome", [httpx.ReadError, httpx.ReadTimeout, 500, 502, 504, 408])
async def test_delete_with_404_after_a_lost_response_succeeds(first_outcome: Any) -> None:
    result, script, _, _ = await send(DELETE, first_outcome, 404)
    assert (result.status_code, script.requests) == (204, 2)


@pytest.mark.parametrize("first_outcome", [httpx.ConnectError, httpx.PoolTimeout, 429, 503])
async def test_delete_with_404_fails_if_no_earlier_attempt_can_have_been_processed(first_outcome: Any) -> None:
    result, _, _, _ = await send(DELETE, first_outcome, 404)
    assert result.status_code == 404


async def test_delete_with_404_at_the_first_attempt_fails() -> None:
    result, _, _, _ = await send(DELETE, 404)
    assert result.status_code == 404


async def test_read_with_404_after_a_lost_response_fails() -> None:
    result, _, _, _ = await send(READ, 500, 404)
    assert result.status_code == 404


async def test_cancellation_ends_the_delay_immediately() -> None:
    script = ScriptedTransport(500)
    transport = RetryTransport(script, RetryPolicy(base_delay=60.0), draw=lambda low, high: 60.0)
    call = Call(READ)
    request = httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
    task = asyncio.ensure_future(transport.handle_async_request(request))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert script.requests == 1


async def test_cancellation_while_the_body_is_read_closes_the_response() -> None:
    class EndlessBody(TruncatedBody):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"x"
                await asyncio.sleep(0)

    body = EndlessBody()
    call = Call(READ)
    request = httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
    task = asyncio.ensure_future(RetryTransport(ScriptedTransport(body), RetryPolicy()).handle_async_request(request))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert body.is_closed


async def test_one_log_line_per_attempt_and_per_retry(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="sendcloud_integrations_client")
    await send(READ, 503, httpx.ReadError, 200, policy=RetryPolicy(base_delay=1.0))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "list_logs: attempt 1: status 503"),
        ("INFO", "list_logs: attempt 1 failed: status 503. Retrying in 1.00 s."),
        ("DEBUG", "list_logs: attempt 2: ReadError"),
        ("INFO", "list_logs: attempt 2 failed: ReadError. Retrying in 2.00 s."),
        ("DEBUG", "list_logs: attempt 3: status 200"),
    ]


async def test_bodies_queries_and_secrets_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="sendcloud_integrations_client")
    unavailable = httpx.Response(503, content=b"body-to-hide")
    async with build_client(
        ScriptedTransport(unavailable, httpx.Response(201, json={"data": {"id": 1, "base_url": "x"}}))
    ) as client:
        await client.logs.create(7, base_url="https://shop.example", exception="body-to-hide")
    async with build_client(ScriptedTransport(500, 200)) as client:
        await client.http.get("/integrations/logs", params={"cursor": "query-to-hide"})
    levels = [record.levelname for record in caplog.records]
    assert levels == ["DEBUG", "INFO", "DEBUG"] * 2
    for secret in ("to-hide", "s3cret", "Basic"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "options", [{"max_attempts": 0}, {"base_delay": -1}, {"max_delay": float("nan")}, {"total_timeout": 0.0}]
)
def test_invalid_policy_raises_configuration_error(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        RetryPolicy(**options)


async def test_closing_closes_the_wrapped_transport() -> None:
    script = ScriptedTransport(200)
    await RetryTransport(script, None).aclose()
    assert script.is_closed


@pytest.mark.parametrize(("base_delay", "seconds"), [(0.5, 7.5), (60.0, 8.0), (0.0, 7.0)])
async def test_retry_after_is_extended_by_at_most_one_second_of_jitter(base_delay: float, seconds: float) -> None:
    limited = httpx.Response(429, headers={"Retry-After": "7"})
    _, _, sleeps, _ = await send(READ, limited, 200, policy=RetryPolicy(base_delay=base_delay))
    assert sleeps.seconds == [seconds]


async def test_status_425_does_not_count_as_possibly_processed() -> None:
    result, script, _, _ = await send(DELETE, 425, 404)
    assert (result.status_code, script.requests) == (404, 2)


def test_total_timeout_below_one_second_is_accepted() -> None:
    assert RetryPolicy(total_timeout=0.5).total_timeout == 0.5


def test_default_limit_of_a_response_body_is_64_mib() -> None:
    assert inspect.signature(RetryTransport).parameters["max_response_bytes"].default == 67_108_864


@pytest.mark.parametrize(("delay", "level"), [(5.0, "INFO"), (5.5, "WARNING")])
async def test_delay_longer_than_five_seconds_is_logged_as_warning(
    delay: float, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="sendcloud_integrations_client")
    await send(READ, 503, 200, policy=RetryPolicy(base_delay=delay))
    assert [record.levelname for record in caplog.records] == [level]


@pytest.mark.parametrize(
    ("status", "headers", "kept", "extension"),
    [
        (302, {"location": "mailto:x"}, None, "mailto:x"),
        (304, {}, None, None),
        (201, {"location": "/integrations/7"}, "/integrations/7", None),
    ],
)
async def test_only_the_location_of_a_redirect_is_hidden_from_httpx(
    status: int, headers: dict[str, str], kept: str | None, extension: str | None
) -> None:
    response, _, _, _ = await send(READ, httpx.Response(status, headers=headers))
    assert response.headers.get("location") == kept
    assert response.extensions.get(LOCATION_EXTENSION) == extension


def test_default_policy_is_documented() -> None:
    assert RetryPolicy() == RetryPolicy(max_attempts=5, base_delay=0.5, max_delay=30.0, total_timeout=120.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_attempts": 0}, "Invalid RetryPolicy.max_attempts: must be an integer of at least 1, got 0."),
        ({"base_delay": -0.1}, "Invalid RetryPolicy.base_delay: must be a number of seconds, 0 or greater, got -0.1."),
        ({"max_delay": -0.1}, "Invalid RetryPolicy.max_delay: must be a number of seconds, 0 or greater, got -0.1."),
        (
            {"total_timeout": 0.0},
            "Invalid RetryPolicy.total_timeout: must be a number of seconds greater than 0, got 0.0.",
        ),
        (
            {"total_timeout": math.nan},
            "Invalid RetryPolicy.total_timeout: must be a number of seconds greater than 0, got nan.",
        ),
    ],
)
def test_error_about_a_policy_names_the_option_and_its_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RetryPolicy(**options)
    assert str(caught.value) == message


def test_policy_at_the_limits_is_valid() -> None:
    policy = RetryPolicy(max_attempts=1, base_delay=0.0, max_delay=0.0, total_timeout=0.001)
    assert policy.get_delay(1, None, lambda low, high: high) == 0.0


@pytest.mark.parametrize(("retry", "seconds"), [(1, 0.5), (2, 1.0), (7, 30.0), (100_000, 30.0)])
def test_delay_doubles_up_to_the_maximum(retry: int, seconds: float) -> None:
    assert RetryPolicy().get_delay(retry, None, lambda low, high: high) == seconds
    assert RetryPolicy().get_delay(retry, None, lambda low, high: low) == 0.0


async def test_no_status_outside_the_documented_ones_is_retried() -> None:
    statuses = range(200, 700)
    retried = [status for status in statuses if (await send(READ, status, 200))[1].requests > 1]
    assert retried == [408, 425, 429, *(status for status in range(500, 600) if status not in (501, 505))]


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
@pytest.mark.parametrize("depth", [1, 2])
async def test_failed_certificate_verification_is_not_retried(link: str, depth: int) -> None:
    cause: Exception = ssl.SSLCertVerificationError("expired")
    for _ in range(depth):
        failure = httpx.ConnectError("certificate verify failed")
        setattr(failure, link, cause)
        cause = failure
    _, script, _, _ = await send(READ, failure, 200)
    assert script.requests == 1


async def test_other_tls_error_is_retried() -> None:
    failure = httpx.ConnectError("handshake")
    failure.__cause__ = ssl.SSLError("unexpected eof")
    _, script, _, _ = await send(CREATE, failure, 201)
    assert script.requests == 2


async def test_foreign_error_of_a_transport_is_a_protocol_error_and_is_not_retried() -> None:
    result, script, _, _ = await send(READ, KeyError("x"), 200)
    assert isinstance(result, httpx.LocalProtocolError)
    assert str(result) == "unexpected KeyError"
    assert script.requests == 1


async def test_error_of_this_package_is_raised_unchanged() -> None:
    with pytest.raises(ConfigurationError, match=r"^unchanged$"):
        await send(READ, ConfigurationError("unchanged"), 200)


@pytest.mark.parametrize(("status", "is_hidden"), [(299, False), (300, True), (399, True), (400, False)])
async def test_location_is_hidden_for_every_3xx(status: int, is_hidden: bool) -> None:
    response, _, _, _ = await send(READ, httpx.Response(status, headers={"location": "/x"}))
    assert ("location" not in response.headers) is is_hidden
    assert (response.extensions.get(LOCATION_EXTENSION) == "/x") is is_hidden


async def test_request_without_an_operation_is_named_by_method_and_host(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="sendcloud_integrations_client")
    await send(None, 503, 200, policy=RetryPolicy(base_delay=1.0))
    assert caplog.messages == ["POST x.example: attempt 1 failed: status 503. Retrying in 1.00 s."]


async def test_on_headers_is_not_called_again_if_the_body_of_a_success_was_lost() -> None:
    calls: list[int] = []
    call = Call(READ, on_headers=lambda _: calls.append(1))
    request = httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
    script = ScriptedTransport(404, TruncatedBody(), 200)
    transport = RetryTransport(script, RetryPolicy(), sleep=SleepRecorder())
    assert (await transport.handle_async_request(request)).status_code == 404
    assert calls == []
    assert (await transport.handle_async_request(request)).status_code == 200
    assert calls == [1]


class DelayedTransport(ScriptedTransport):
    """A `ScriptedTransport` whose outcomes take a number of seconds each."""

    def __init__(self, seconds: float, *outcomes: Any) -> None:
        super().__init__(*outcomes)
        self.seconds = seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self.seconds)
        return await super().handle_async_request(request)


@pytest.mark.parametrize(
    ("call_deadline", "policy_timeout", "ends_at"),
    [(math.inf, 10.0, 10.1), (8.0, 10.0, 8.1), (20.0, 10.0, 10.1), (math.inf, None, 120.1)],
)
@pytest.mark.parametrize("is_token_request", [False, True])
def test_attempt_ends_a_tenth_of_a_second_after_the_earlier_of_both_deadlines(
    is_token_request: bool,
    call_deadline: float,
    policy_timeout: float | None,
    ends_at: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        call = Call(READ, started=0.0, deadline=call_deadline)
        token_request = TokenRequest(call_deadline)
        extensions = {TOKEN_REQUEST_EXTENSION: token_request} if is_token_request else {CALL_EXTENSION: call}
        request = httpx.Request("GET", "https://x.example/", extensions=extensions)
        policy = None if policy_timeout is None else RetryPolicy(total_timeout=policy_timeout)
        with pytest.raises(httpx.ReadTimeout, match=r"^the total timeout ended$") as caught:
            await RetryTransport(DelayedTransport(1e6, 200), policy).handle_async_request(request)
        assert caught.value.request is request
        assert now() == pytest.approx(ends_at)
        assert token_request.is_out_of_time is is_token_request

    run_with_clock(main(), monkeypatch)


async def send_token_request(total_timeout: float, *statuses: int) -> tuple[httpx.Response, TokenRequest]:
    """Send a token request of which each attempt takes one second and each delay two."""
    token_request = TokenRequest()
    request = httpx.Request("POST", "https://x.example/", extensions={TOKEN_REQUEST_EXTENSION: token_request})
    policy = RetryPolicy(total_timeout=total_timeout)
    transport = RetryTransport(DelayedTransport(1.0, *statuses), policy, draw=lambda low, high: 2.0)
    return await transport.handle_async_request(request), token_request


def test_no_retry_starts_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        response, token_request = await send_token_request(2.9, 500, 200)
        assert (response.status_code, now()) == (500, 1.0)
        assert token_request.is_out_of_time

    run_with_clock(main(), monkeypatch)


def test_retry_may_start_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        with pytest.raises(httpx.ReadTimeout):
            await send_token_request(3.0, 500, 200)
        assert now() == pytest.approx(3.1)

    run_with_clock(main(), monkeypatch)


def test_elapsed_time_of_a_response_includes_earlier_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        response, token_request = await send_token_request(10.0, 500, 500, 200)
        assert (response.status_code, response.elapsed.total_seconds(), now()) == (200, 7.0, 7.0)
        assert not token_request.is_out_of_time

    run_with_clock(main(), monkeypatch)


def test_failed_token_request_with_half_a_second_left_is_not_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        token_request = TokenRequest(deadline=1.5)
        request = httpx.Request("POST", "https://x.example/", extensions={TOKEN_REQUEST_EXTENSION: token_request})
        transport = RetryTransport(DelayedTransport(1.0, 501), RetryPolicy())
        assert (await transport.handle_async_request(request)).status_code == 501
        assert not token_request.is_out_of_time

    run_with_clock(main(), monkeypatch)
