"""`SendcloudIntegrations`: the layers put together, and the resources that send through them.

A request's way: endpoint function, `send` here, `httpx.AsyncClient` (base URL, timeouts, credentials), retries, rate
limit, transport.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import attrs
import httpx
import orjson

from sendcloud_integrations_client.auth import (
    Credentials,
    OriginGuard,
    TokenErrorTransport,
    auth_from_environment,
    check_base_url,
)
from sendcloud_integrations_client.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ClientClosedError,
    ConfigurationError,
    InvalidInputError,
    status_error,
)
from sendcloud_integrations_client.generated.resources import Resources
from sendcloud_integrations_client.operations import Call, Operation
from sendcloud_integrations_client.rate_limits import RateLimits, RateLimitTransport, budget_for
from sendcloud_integrations_client.requests import RequestBuilder
from sendcloud_integrations_client.retries import RetryPolicy, RetryTransport
from sendcloud_integrations_client.retry_after import parse_retry_after
from sendcloud_integrations_client.transport import PooledTransport
from sendcloud_integrations_client.version import __version__
from sendcloud_integrations_client.wire import UNSET, Unset

if TYPE_CHECKING:
    from sendcloud_integrations_client.across import Logs

__all__ = ["CallReport", "SendcloudIntegrations", "TransportName"]

TransportName = Literal["httpcore2", "aiohttp"]
"""The transports that the client makes itself: the default one, and the one of the extra `aiohttp`."""

_logger = logging.getLogger("sendcloud_integrations_client")

_BASE_URL: Final = "https://panel.sendcloud.sc/api/v3"


@attrs.frozen
class CallReport:
    """What became of one call; given to the `on_call` hook when it ends.

    Attributes:
        operation: Name of the operation.
        status_code: HTTP status of the last answer; None if there was none.
        error: Name of the class of the error that was raised; None for a success.
        attempts: How many times the request was sent.
        waited: Seconds spent waiting for the rate limit's budget.
        duration: Seconds from start to end, waits included.
    """

    operation: str
    status_code: int | None
    error: str | None
    attempts: int
    waited: float
    duration: float


class SendcloudIntegrations(Resources):
    """The client of Sendcloud's Integrations API v3. Make one a process, and share it between tasks.

    Nothing is connected before the first call. A client may be used in several event loops one after the other.

    Args:
        auth: `BasicAuth` or `OAuth2ClientCredentials`; None takes the credentials from the environment:
            `SENDCLOUD_PUBLIC_KEY` and `SENDCLOUD_SECRET_KEY`, or `SENDCLOUD_CLIENT_ID` and
            `SENDCLOUD_CLIENT_SECRET`.
        base_url: The API's address; None takes `SENDCLOUD_BASE_URL`, and without that Sendcloud's production API.
        timeout: Seconds for each of connecting, sending and waiting for an answer, on each attempt; or an
            `httpx.Timeout`. Waiting for a free connection is not limited by a number given here.
        retries: How failures are retried; None retries nothing.
        rate_limits: The limits to keep to, shared by all clients of this process with the same credentials; None
            keeps to none.
        transport: `"httpcore2"`; or `"aiohttp"`, which costs less and needs the extra `aiohttp`; or any
            `httpx.AsyncBaseTransport`, such as a `PooledTransport` with limits of your own. It is closed with the
            client.
        http2: Speak HTTP/2 where the server does; needs the extra `http2`, and the transport `"httpcore2"`.
        event_hooks: httpx's event hooks: `{"request": [...], "response": [...]}`, async callables.
        on_call: Called with a `CallReport` at the end of each call, for metrics; it must not block. What it
            raises is logged and goes no further.
        allow_insecure_http: Accept a `base_url` of `http://` on another machine, credentials in the clear.

    Raises:
        ConfigurationError: An option cannot work: no credentials, an insecure or malformed address, an extra that is
            not installed.

    Example:
        async with SendcloudIntegrations(auth=BasicAuth(public_key, secret_key)) as client:
            for integration in await client.integrations.list():
                print(integration.id, integration.shop_name)
    """

    def __init__(
        self,
        *,
        auth: Credentials | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout = 30.0,
        retries: RetryPolicy | None = RetryPolicy(),
        rate_limits: RateLimits | None = RateLimits(),
        transport: httpx.AsyncBaseTransport | TransportName = "httpcore2",
        http2: bool = False,
        event_hooks: Mapping[str, list[Callable[..., Any]]] | None = None,
        on_call: Callable[[CallReport], None] | None = None,
        allow_insecure_http: bool = False,
    ) -> None:
        url = check_base_url(
            base_url or os.environ.get("SENDCLOUD_BASE_URL") or _BASE_URL,
            allow_insecure_http=allow_insecure_http,
        )
        credentials = OriginGuard(auth_from_environment() if auth is None else _checked(auth), url)
        _check_option("retries", retries, RetryPolicy)
        _check_option("rate_limits", rate_limits, RateLimits)
        budget = None if rate_limits is None else budget_for(credentials.budget_key, rate_limits)
        layers = RateLimitTransport(_transport(transport, http2=http2), budget)
        self._connection = _Connection(
            _Http(
                auth=credentials,
                base_url=url,
                headers={
                    "accept": "application/json",
                    "user-agent": f"sendcloud-integrations-client/{__version__}",
                },
                event_hooks=event_hooks,
                transport=TokenErrorTransport(RetryTransport(layers, retries)),
                trust_env=False,
            )
        )
        self._timeout = _timeout(timeout)
        self._retries = retries
        self._on_call = on_call
        self._is_owner = True
        self._sender = self

    @cached_property
    def logs(self) -> Logs:
        """Exception logs: `GET` and `POST /integrations/{id}/logs`, `GET /integrations/logs`."""
        from sendcloud_integrations_client.across import Logs

        return Logs(self)

    @property
    def http(self) -> httpx.AsyncClient:
        """The httpx client below, for instrumentation; requests sent by it directly get no typed errors."""
        return self._connection.http

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | Unset | None = UNSET,
    ) -> Self:
        """A view of this client with other options, over the same connections and the same budget.

        Args:
            timeout: Seconds, or an `httpx.Timeout`; None leaves it unchanged.
            retries: How failures are retried; None retries nothing.

        Returns:
            The view. Closing it does nothing; it ends with this client.

        Raises:
            ConfigurationError: An option cannot work.
        """
        _check_option("retries", None if isinstance(retries, Unset) else retries, RetryPolicy)
        view = object.__new__(type(self))
        view._connection = self._connection
        view._timeout = self._timeout if timeout is None else _timeout(timeout)
        view._retries = self._retries if isinstance(retries, Unset) else retries
        view._on_call = self._on_call
        view._is_owner = False
        view._sender = view
        return view

    async def aclose(self) -> None:
        """Close the connections. Calling it twice is fine."""
        if self._is_owner:
            await self._connection.aclose()

    async def __aenter__(self) -> Self:
        self._connection.check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if not hasattr(self, "_connection"):  # a client that is refused half-made is among the locals of a traceback
            return "SendcloudIntegrations()"
        return f"SendcloudIntegrations({self._connection.http.auth!r})"

    async def send(
        self,
        operation: Operation,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        on_headers: Callable[[httpx.Headers], None] | None = None,
    ) -> httpx.Response:
        """Send one request of an operation; what the endpoint functions call.

        Args:
            operation: The facts of the operation.
            path: The path below the base URL, filled in and escaped.
            query: Query parameters.
            body: JSON-ready value; None sends no body.
            on_headers: Called with the headers of a success before the body is read.

        Returns:
            The answer, read to its end.

        Raises:
            SendcloudError: Whatever goes wrong, in the class that says what.
        """
        self._connection.check_open()
        call = Call(operation, on_headers)
        content = None if body is None else _json(operation, body)
        request = self._connection.requests.build(
            operation,
            path,
            query,
            content,
            {**call.extensions(), "sendcloud_retries": self._retries, "timeout": self._timeout.as_dict()},
        )
        status: int | None = None
        failure: str | None = None
        try:
            response = await self._connection.http.send(request)
            status = response.status_code
            if status not in operation.success:
                raise status_error(
                    status,
                    response.content,
                    headers=response.headers,
                    retry_after=parse_retry_after(response.headers),
                    **call.facts(request),
                )
        except BaseException as error:
            wrapped = _typed(error, call, request)
            failure = type(wrapped).__name__
            if wrapped is error:
                raise
            raise wrapped from error
        finally:
            if self._on_call is not None:
                _tell(
                    self._on_call,
                    CallReport(operation.name, status, failure, call.attempts, call.waited, call.elapsed),
                )
        return response


class _Http(httpx.AsyncClient):
    """httpx's client, with a jar that looks whether there are cookies before it takes an answer apart for them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._jar = _Jar()

    @property
    def cookies(self) -> httpx.Cookies:
        return self._jar

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        self._jar = _Jar(cookies)


class _Jar(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        if any(name.lower() == b"set-cookie" for name, _ in response.headers.raw):
            super().extract_cookies(response)


class _Connection:
    """What a client and its views share, and what complains when it was forgotten."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.requests = RequestBuilder(http)
        self.was_used = False

    def check_open(self) -> None:
        if self.http.is_closed:
            raise ClientClosedError("this client is closed: make a new one, or close it later")
        self.was_used = True

    async def aclose(self) -> None:
        await self.http.aclose()

    def __del__(self) -> None:
        http = getattr(self, "http", None)
        if http is not None and self.was_used and not http.is_closed:
            warnings.warn(
                "a SendcloudIntegrations client was never closed: use `async with`, or await aclose()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


def _json(operation: Operation, body: object) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        raise InvalidInputError(operation.name, "the body", f"cannot be written as JSON: {error}") from None


def _tell(hook: Callable[[CallReport], None], report: CallReport) -> None:
    try:
        hook(report)
    except Exception:
        _logger.exception("on_call raised; the call itself is not affected")


def _transport(transport: httpx.AsyncBaseTransport | TransportName, *, http2: bool) -> httpx.AsyncBaseTransport:
    if transport == "httpcore2":
        return PooledTransport(http2=http2)
    if http2:
        raise ConfigurationError('http2=True works with transport="httpcore2" only')
    if transport == "aiohttp":
        try:
            from sendcloud_integrations_client.aiohttp_transport import AiohttpTransport
        except ImportError as error:
            raise ConfigurationError(
                'transport="aiohttp" needs the extra: pip install "sendcloud-integrations-client[aiohttp]"'
            ) from error
        return AiohttpTransport()
    if not isinstance(transport, httpx.AsyncBaseTransport):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError('transport must be "httpcore2", "aiohttp" or an httpx.AsyncBaseTransport')
    return transport


def _check_option(name: str, given: object, kind: type) -> None:
    if given is not None and not isinstance(given, kind):
        raise ConfigurationError(f"{name} must be {kind.__name__}(…) or None, not {type(given).__name__}")


def _checked(auth: Credentials) -> Credentials:
    if not isinstance(auth, Credentials):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"auth must be BasicAuth or OAuth2ClientCredentials of this package, not {type(auth).__name__}"
        )
    return auth


def _timeout(timeout: float | httpx.Timeout) -> httpx.Timeout:
    if isinstance(timeout, httpx.Timeout):
        return timeout
    if not isinstance(timeout, (int, float)) or not timeout > 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError("timeout must be a number of seconds above 0")
    # Waiting for a free connection is no sign of trouble with the server.
    return httpx.Timeout(timeout, pool=None)


def _typed(error: BaseException, call: Call, request: httpx.Request) -> BaseException:
    """The error to raise in place of a transport's own; any other error is itself."""
    what = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError(f"no answer in time ({type(error).__name__})", **call.facts(request))
    if isinstance(error, httpx.HTTPError):
        return APIConnectionError(f"no usable answer ({type(error).__name__}: {what})", **call.facts(request))
    if isinstance(error, APIError) and not error.operation:
        # Raised below the operations' level: by the credentials, or while a header was read.
        error.__dict__.update(call.facts(request))
    return error
