"""Retries: decides which failed attempts are repeated, and when.

An idempotent operation is retried after a lost connection, a timeout, or a status 408, 425, 429 or 5xx, except 501
and 505. An operation that is not idempotent (`create_integration_log`) is retried only if the server cannot have
processed it: the connection was never made, or the status is 429 or 503. A failed certificate verification is not
retried.

The body is read and decompressed within the attempt, so a truncated or corrupt body is a failed attempt. An attempt
ends with the total timeout of its call, however slowly the server sends.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import attrs
import httpx

from sendcloud_integrations_client.errors import ResponseDecodeError, SendcloudError
from sendcloud_integrations_client.options import validate_integer, validate_number
from sendcloud_integrations_client.pipeline.response_body import CorruptBodyError, read_body
from sendcloud_integrations_client.pipeline.retry_after import parse_retry_after
from sendcloud_integrations_client.runtime.operations import (
    BODY_ERROR_EXTENSION,
    LOCATION_EXTENSION,
    RETRIES_EXTENSION,
    TOKEN_REQUEST_EXTENSION,
    TOTAL_TIMEOUT_ENDED,
    Call,
    TokenRequest,
    get_call,
)

__all__ = ["RetryPolicy", "RetryTransport"]

_logger = logging.getLogger("sendcloud_integrations_client")

_RETRIED_STATUSES: Final = frozenset({408, 425, 429, *range(500, 600)}) - {501, 505}
_NOT_PROCESSED_STATUSES: Final = frozenset({429, 503})
_MAY_BE_PROCESSED_STATUSES: Final = _RETRIED_STATUSES - _NOT_PROCESSED_STATUSES - {425}
_NEVER_SENT_ERRORS: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_PERMANENT_ERRORS: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


_NOTICE_AFTER: Final = 5.0  # seconds; longer waits are logged as warnings
_DEADLINE_MARGIN: Final = 0.1  # seconds


@attrs.frozen
class RetryPolicy:
    """How many times and for how long a call is retried.

    Attributes:
        max_attempts: Number of attempts, the first one included. Defaults to 5.
        base_delay: Seconds; the delay before retry n is a random number between 0 and `base_delay * 2 ** (n - 1)`.
            Defaults to 0.5.
        max_delay: Upper bound of that delay in seconds; a `Retry-After` can be longer. Defaults to 30.
        total_timeout: Seconds that a call may take, all attempts, delays and waits in the rate limit queue included.
            Defaults to 120.

    Raises:
        ConfigurationError: If an argument is not a number, or out of range.

    Example:
        client = SendcloudIntegrations(retries=RetryPolicy(max_attempts=3, total_timeout=20))
    """

    max_attempts: int = 5
    base_delay: float = 0.5
    max_delay: float = 30.0
    total_timeout: float = 120.0

    def __attrs_post_init__(self) -> None:
        validate_integer("RetryPolicy.max_attempts", self.max_attempts)
        for name in ("base_delay", "max_delay"):
            rule = "must be a number of seconds, 0 or greater"
            validate_number(f"RetryPolicy.{name}", getattr(self, name), rule, lambda seconds: seconds >= 0)
        rule = "must be a number of seconds greater than 0"
        validate_number("RetryPolicy.total_timeout", self.total_timeout, rule, lambda seconds: seconds > 0)

    def get_delay(self, retry: int, retry_after: float | None, draw: Callable[[float, float], float]) -> float:
        """Return the seconds to wait before a retry.

        Args:
            retry: Number of the retry, counted from 1.
            retry_after: Seconds that the server asks to wait; None if it does not ask.
            draw: Returns a random number between two, such as `random.uniform`.

        Returns:
            Seconds.
        """
        backoff = draw(0.0, min(self.max_delay, self.base_delay * 2.0 ** min(retry - 1, 60)))
        # Jitter keeps callers that received the same Retry-After from returning together.
        return backoff if retry_after is None else retry_after + min(backoff, 1.0)


_DEFAULT_POLICY: Final = RetryPolicy()


class RetryTransport(httpx.AsyncBaseTransport):
    """Repeats a request while its operation and its failure allow it.

    The request extension `RETRIES_EXTENSION` overrides the policy for one request; None there means no retries.

    Args:
        transport: Sends each attempt; closed together with this one.
        policy: How many times and for how long; None means one attempt of at most 120 seconds.
        max_response_bytes: Maximum size of a decompressed body in bytes.
        sleep: Waits for a number of seconds.
        draw: Returns a random number between two.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        policy: RetryPolicy | None,
        *,
        max_response_bytes: int = 64 * 1024 * 1024,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._transport = transport
        self._policy = policy
        self._max_response_bytes = max_response_bytes
        self._sleep = sleep
        self._draw = draw

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request until it succeeds or no further attempt is allowed; return or raise the last outcome."""
        call = get_call(request)
        policy: RetryPolicy | None = request.extensions.get(RETRIES_EXTENSION, self._policy)
        received = time.monotonic()
        deadline = (call.started if call else received) + (policy or _DEFAULT_POLICY).total_timeout
        token_request: TokenRequest | None = request.extensions.get(TOKEN_REQUEST_EXTENSION)
        if call:
            deadline = min(deadline, call.deadline)
        elif token_request:
            deadline = min(deadline, token_request.deadline)
        attempt = call.attempts if call else 0  # above 0 if the credentials send it again after a 401
        while True:
            attempt += 1
            if call:
                call.attempts = attempt
            response: httpx.Response | None = None
            failure: httpx.TransportError | None = None
            try:
                response = await self._send_attempt(request, call, deadline - time.monotonic())
                response.elapsed = timedelta(seconds=time.monotonic() - received)
            except httpx.TransportError as error:
                failure = error
            _log_attempt(request, call, attempt, response, failure)
            if response is not None and response.status_code < 400:
                return response
            if response is not None and _was_already_deleted(request, call, response):
                return httpx.Response(204, request=request)
            delay: float | None = None
            if policy is not None and attempt < policy.max_attempts and _should_retry(request, call, response, failure):
                retry_after = parse_retry_after(response.headers) if response is not None else None
                delay = policy.get_delay(attempt, retry_after, self._draw)
            is_out_of_time = time.monotonic() + (delay or 0.0) > deadline
            if delay is None or is_out_of_time:
                if token_request:
                    token_request.is_out_of_time = is_out_of_time
                if failure is not None:
                    if isinstance(failure, CorruptBodyError) and failure.page is not None:
                        return failure.page
                    raise failure
                assert response is not None  # noqa: S101 - without a failure there is a response
                return response
            if call and _may_have_been_processed(response, failure):
                call.may_have_acted = True
            _logger.log(
                logging.WARNING if delay > _NOTICE_AFTER else logging.INFO,
                "%s: attempt %d failed: %s. Retrying in %.2f s.",
                _get_name(request, call),
                attempt,
                _describe_outcome(response, failure),
                delay,
            )
            await self._sleep(delay)

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._transport.aclose()

    async def _send_attempt(self, request: httpx.Request, call: Call | None, seconds: float) -> httpx.Response:
        try:
            # The rate limit queue ends its wait at the deadline, with its own error, so this one has a margin.
            async with asyncio.timeout(seconds + _DEADLINE_MARGIN):
                return await self._send_and_read(request, call)
        except TimeoutError as error:
            raise httpx.ReadTimeout(TOTAL_TIMEOUT_ENDED, request=request) from error
        except (httpx.TransportError, SendcloudError):
            raise
        except Exception as error:
            # Not an error of this package's transports: a foreign transport, or a server that broke one.
            raise httpx.LocalProtocolError(f"unexpected {type(error).__name__}", request=request) from error

    async def _send_and_read(self, request: httpx.Request, call: Call | None) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        stream, headers = response.stream, response.headers
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101
        can_be_unreadable = call is not None and call.is_page and call.is_success(response.status_code)
        try:
            if call and call.on_headers and call.is_success(response.status_code):
                on_headers, call.on_headers = call.on_headers, None
                on_headers(headers)
            try:
                content = await read_body(response, self._max_response_bytes)
            except CorruptBodyError as error:
                if can_be_unreadable:
                    error.page = _build_unreadable_page(response, str(error), "")
                raise
            except ResponseDecodeError as error:
                if not can_be_unreadable:
                    raise
                return _build_unreadable_page(response, error.reason, error.advice)
        finally:
            await stream.aclose()
        if "content-encoding" in headers:  # decoded
            del headers["content-encoding"]
            headers.pop("content-length", None)
        response.extensions.pop("network_stream", None)  # it returned to the pool at the end of the body
        response.extensions.pop("reason_phrase", None)  # httpx logs it, and a server may send anything in it
        if 300 <= response.status_code < 400 and "location" in headers:
            # httpx parses the location of each redirect, followed or not, and raises if it is invalid.
            response.extensions[LOCATION_EXTENSION] = headers.pop("location")
        response.stream = httpx.ByteStream(content)
        response.read()
        return response


def _build_unreadable_page(response: httpx.Response, reason: str, advice: str) -> httpx.Response:
    headers = response.headers.copy()
    for name in ("content-encoding", "content-length"):
        headers.pop(name, None)
    return httpx.Response(
        response.status_code, headers=headers, content=b"", extensions={BODY_ERROR_EXTENSION: (reason, advice)}
    )


def _should_retry(
    request: httpx.Request,
    call: Call | None,
    response: httpx.Response | None,
    failure: httpx.TransportError | None,
) -> bool:
    if call:
        idempotent = call.operation.idempotent
    else:  # a token request, or a request sent directly with the httpx client
        idempotent = request.method in _IDEMPOTENT_METHODS or TOKEN_REQUEST_EXTENSION in request.extensions
    if failure is not None:
        if isinstance(failure, _PERMANENT_ERRORS) or _is_certificate_error(failure):
            return False
        return idempotent or isinstance(failure, _NEVER_SENT_ERRORS)
    statuses = _RETRIED_STATUSES if idempotent else _NOT_PROCESSED_STATUSES
    return response is not None and response.status_code in statuses


def _is_certificate_error(failure: BaseException) -> bool:
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.CertificateError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _may_have_been_processed(response: httpx.Response | None, failure: httpx.TransportError | None) -> bool:
    if failure is not None:
        return not isinstance(failure, _NEVER_SENT_ERRORS)
    return response is not None and response.status_code in _MAY_BE_PROCESSED_STATUSES


def _was_already_deleted(request: httpx.Request, call: Call | None, response: httpx.Response) -> bool:
    """Return whether a DELETE gets a 404 because an earlier attempt, whose response was lost, deleted the record."""
    return (
        request.method == "DELETE"
        and response.status_code == 404
        and call is not None
        and call.may_have_acted
        and 204 in call.operation.success
    )


def _get_name(request: httpx.Request, call: Call | None) -> str:
    return call.operation.name if call else f"{request.method} {request.url.host}"


def _describe_outcome(response: httpx.Response | None, failure: httpx.TransportError | None) -> str:
    return type(failure).__name__ if failure is not None else f"status {response.status_code if response else '?'}"


def _log_attempt(
    request: httpx.Request,
    call: Call | None,
    attempt: int,
    response: httpx.Response | None,
    failure: httpx.TransportError | None,
) -> None:
    if _logger.isEnabledFor(logging.DEBUG):
        _logger.debug("%s: attempt %d: %s", _get_name(request, call), attempt, _describe_outcome(response, failure))
