"""Which failures are tried again, and when; one transport around the transport.

An operation that is safe to send twice is tried again after a lost connection, a timeout, or a status that says try
again. One that is not (`create_integration_log`) is tried again only if the server cannot have acted on it: the
connection was never made, or it answered 429 or 503. The body is read within the attempt, so that one that is cut
counts as a failed attempt.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import httpx

from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.operations import Call, call_of
from sendcloud_integrations_client.retry_after import parse_retry_after

__all__ = ["RetryPolicy", "RetryTransport"]

_logger = logging.getLogger("sendcloud_integrations_client")

_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_ACTED_ON: Final = frozenset({429, 503})
_MAYBE_ACTED_ON: Final = _RETRIED - _NOT_ACTED_ON - {425}
_NEVER_CONNECTED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HOPELESS: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_SAFE_TO_REPEAT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_OPTION: Final = "sendcloud_retries"
_TOKEN_REQUEST: Final = "sendcloud_token_request"  # noqa: S105 - the name of an extension, which the credentials set


@attrs.frozen
class RetryPolicy:
    """How often and how long a call is tried.

    Attributes:
        max_attempts: Attempts in all, the first one included.
        base_delay: Seconds; the delay before the n-th retry is drawn from 0 to `base_delay * 2 ** (n - 1)`.
        max_delay: Seconds that such a delay is bounded by. A `Retry-After` may be longer.
        total_timeout: Seconds after the start of a call past which no attempt begins.

    Raises:
        ConfigurationError: A number is out of its range.
    """

    max_attempts: int = 5
    base_delay: float = 0.5
    max_delay: float = 30.0
    total_timeout: float = 120.0

    def __attrs_post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ConfigurationError("RetryPolicy.max_attempts must be at least 1")
        for name in ("base_delay", "max_delay", "total_timeout"):
            if not getattr(self, name) >= 0:
                raise ConfigurationError(f"RetryPolicy.{name} must be a number of seconds, 0 or more")

    def delay(self, retry: int, retry_after: float | None, draw: Callable[[float, float], float]) -> float:
        """Seconds to wait before a retry.

        Args:
            retry: Which one it is, counted from 1.
            retry_after: Seconds that the server asks for.
            draw: Draws a number between two, such as `random.uniform`.
        """
        backoff = draw(0.0, min(self.max_delay, self.base_delay * 2.0 ** min(retry - 1, 60)))
        # Those who were told the same moment would come back together but for the jitter.
        return backoff if retry_after is None else retry_after + min(backoff, 1.0)


class RetryTransport(httpx.AsyncBaseTransport):
    """Sends a request again where that is safe and promising.

    A request may carry a policy of its own, or None for no retries, in its extension `sendcloud_retries`.

    Args:
        transport: Sends each attempt; closed with this one.
        policy: How often and how long; None is one attempt.
        sleep: Waits for a number of seconds.
        draw: Draws a number between two.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        policy: RetryPolicy | None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._transport = transport
        self._policy = policy
        self._sleep = sleep
        self._draw = draw

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request until it succeeds, or until another attempt is not allowed; gives the last outcome."""
        call = call_of(request)
        policy: RetryPolicy | None = request.extensions.get(_OPTION, self._policy)
        started = call.started if call else time.monotonic()
        attempt = call.attempts if call else 0  # not 0 where the credentials send it again after a 401
        while True:
            attempt += 1
            if call:
                call.attempts = attempt
            response: httpx.Response | None = None
            failure: httpx.TransportError | None = None
            try:
                response = await self._attempt(request, call)
            except httpx.TransportError as error:
                failure = error
            _log_attempt(request, call, attempt, response, failure)
            if response is not None and _was_deleted(request, call, response):
                return httpx.Response(204, request=request)
            delay: float | None = None
            if policy is not None and attempt < policy.max_attempts and _is_worth_it(request, call, response, failure):
                retry_after = parse_retry_after(response.headers) if response is not None else None
                delay = policy.delay(attempt, retry_after, self._draw)
            if delay is None or policy is None or time.monotonic() - started + delay > policy.total_timeout:
                if failure is not None:
                    raise failure
                assert response is not None  # noqa: S101 - one of the two there is
                return response
            if call and _may_have_acted(response, failure):
                call.may_have_acted = True
            _logger.info(
                "%s: %s, attempt %d; trying again in %.2f s",
                _name(request, call),
                _outcome(response, failure),
                attempt,
                delay,
            )
            await self._sleep(delay)

    async def aclose(self) -> None:
        """Close the transport below."""
        await self._transport.aclose()

    async def _attempt(self, request: httpx.Request, call: Call | None) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        try:
            if call and call.on_headers and response.status_code in call.operation.success:
                on_headers, call.on_headers = call.on_headers, None
                on_headers(response.headers)
            assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101
            content = b"".join([part async for part in response.stream])
        finally:
            await response.aclose()
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(content),
            extensions=_lasting(response.extensions),
        )


def _is_worth_it(
    request: httpx.Request,
    call: Call | None,
    response: httpx.Response | None,
    failure: httpx.TransportError | None,
) -> bool:
    if call:
        idempotent = call.operation.idempotent
    else:  # a token request, or one that somebody sends by the httpx client itself
        idempotent = request.method in _SAFE_TO_REPEAT or _TOKEN_REQUEST in request.extensions
    if failure is not None:
        if isinstance(failure, _HOPELESS):
            return False
        return idempotent or _never_connected(failure)
    return response is not None and response.status_code in (_RETRIED if idempotent else _NOT_ACTED_ON)


def _never_connected(failure: httpx.TransportError) -> bool:
    if not isinstance(failure, _NEVER_CONNECTED):
        return False
    # httpx-aiohttp 0.2 says ConnectTimeout of a connection that was lost after the request had been sent.
    aiohttp = sys.modules.get("aiohttp")
    if aiohttp is not None and isinstance(failure.__cause__, aiohttp.ClientError):
        too_late = getattr(aiohttp, "ConnectionTimeoutError", ())  # since 3.10
        return isinstance(failure.__cause__, (aiohttp.ClientConnectorError, too_late))
    return True


def _may_have_acted(response: httpx.Response | None, failure: httpx.TransportError | None) -> bool:
    if failure is not None:
        return not _never_connected(failure)
    return response is not None and response.status_code in _MAYBE_ACTED_ON


def _was_deleted(request: httpx.Request, call: Call | None, response: httpx.Response) -> bool:
    """Whether a DELETE finds nothing because an attempt before it, whose answer was lost, deleted it."""
    return (
        request.method == "DELETE"
        and response.status_code == 404
        and call is not None
        and call.may_have_acted
        and 204 in call.operation.success
    )


def _lasting(extensions: dict[str, Any]) -> dict[str, Any]:
    # The network stream went back to the pool with the body's end.
    return {name: value for name, value in extensions.items() if name != "network_stream"}


def _name(request: httpx.Request, call: Call | None) -> str:
    return call.operation.name if call else f"{request.method} {request.url.host}"


def _outcome(response: httpx.Response | None, failure: httpx.TransportError | None) -> str:
    return type(failure).__name__ if failure is not None else f"status {response.status_code if response else '?'}"


def _log_attempt(
    request: httpx.Request,
    call: Call | None,
    attempt: int,
    response: httpx.Response | None,
    failure: httpx.TransportError | None,
) -> None:
    if _logger.isEnabledFor(logging.DEBUG):
        _logger.debug("%s: %s, attempt %d", _name(request, call), _outcome(response, failure), attempt)
