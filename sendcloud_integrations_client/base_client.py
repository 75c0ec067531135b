"""`BaseClient`: assembles the layers for any generated API.

The path of a request: endpoint function, `BaseClient.send`, request builder, `httpx.AsyncClient` (credentials),
retries, rate limit, transport.
"""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Final, Self, cast

import attrs
import httpx
import orjson

from sendcloud_integrations_client.auth.api_keys import NoAuth
from sendcloud_integrations_client.auth.credentials import Credentials, build_digest
from sendcloud_integrations_client.auth.environment import auth_from_environment
from sendcloud_integrations_client.auth.oauth2 import OAuth2ClientCredentials
from sendcloud_integrations_client.auth.origin import OriginGuard, validate_base_url
from sendcloud_integrations_client.auth.security_schemes import SENDCLOUD_SCHEMES, SecurityScheme
from sendcloud_integrations_client.constructor_arguments import reject_unknown_arguments
from sendcloud_integrations_client.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ClientClosedError,
    ConfigurationError,
    InvalidInputError,
)
from sendcloud_integrations_client.logging_setup import set_up_logging_from_environment
from sendcloud_integrations_client.options import validate_flag, validate_integer, validate_number, validate_type
from sendcloud_integrations_client.pipeline.rate_limiter import Priority, RateLimiter, RateLimits, validate_priority
from sendcloud_integrations_client.pipeline.rate_limits import LocalRateLimiter, RateLimitTransport
from sendcloud_integrations_client.pipeline.request_builder import RequestBuilder
from sendcloud_integrations_client.pipeline.response_body import ACCEPT_ENCODING
from sendcloud_integrations_client.pipeline.retries import RetryPolicy, RetryTransport
from sendcloud_integrations_client.pipeline.retry_after import parse_retry_after
from sendcloud_integrations_client.runtime.error_responses import build_status_error
from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import (
    CALL_EXTENSION,
    LOCATION_EXTENSION,
    RETRIES_EXTENSION,
    TOKEN_REQUEST_EXTENSION,
    TOTAL_TIMEOUT_ENDED,
    Call,
    Operation,
    Sender,
)
from sendcloud_integrations_client.runtime.secret_masking import collect_request_secrets, get_printable_cause, mask_text
from sendcloud_integrations_client.transports.selection import TransportName, build_transport
from sendcloud_integrations_client.version import __version__

__all__ = ["BaseClient", "CallReport"]

_logger = logging.getLogger("sendcloud_integrations_client")


def _advise_arguments(client: type[BaseClient], unknown: Sequence[str]) -> str:
    """Return which credentials to pass in place of positional arguments or unknown names of credentials."""
    accepted = dict.fromkeys(scheme.kind for scheme in client.security_schemes) or ["basic"]
    if unknown and not _CREDENTIAL_NAMES.intersection(unknown):
        return ""
    if "client_id" in unknown and "bearer" in accepted:
        return f"Pass auth={_EXAMPLES['bearer']}."
    return f"Pass auth={_EXAMPLES[next(iter(accepted))]}."


@attrs.frozen
class CallReport:
    """Summary of one completed call, passed to the `on_call` hook.

    Attributes:
        operation: Name of the operation.
        status_code: HTTP status code of the last response; None if there was none.
        error: Class name of the error that was raised; None for a success.
        attempts: Number of attempts, including one that got no free rate limit slot; 0 if no token could be obtained.
        rate_limit_wait: Seconds spent in the rate limit queue.
        duration: Seconds from start to end, waits included.
    """

    operation: str
    status_code: int | None
    error: str | None
    attempts: int
    rate_limit_wait: float
    duration: float


class BaseClient:
    """Sends the requests of generated endpoint functions through the layers. All clients derive from it.

    `SendcloudIntegrations`, and each client that `make generate` creates for another OpenAPI document, take these
    arguments. Clients with the same credentials share one rate limit budget, whichever API they call.

    Args:
        auth: The credentials, of a kind that the API accepts: `BasicAuth`, `OAuth2ClientCredentials`, `BearerAuth` or
            `APIKeyAuth`. Defaults to Sendcloud's credentials in the environment: `SENDCLOUD_PUBLIC_KEY` and
            `SENDCLOUD_SECRET_KEY`, or `SENDCLOUD_CLIENT_ID` and `SENDCLOUD_CLIENT_SECRET`; to none if the OpenAPI
            document declares no security scheme.
        base_url: Base URL of the API, with its path. Defaults to the one in the OpenAPI document, if its origin is
            trusted. For `SendcloudIntegrations`, `SENDCLOUD_BASE_URL` takes precedence over it.
        timeout: Seconds for each of connecting, sending and waiting for the response, per attempt; or an
            `httpx.Timeout`. A number does not limit the wait for a free connection. Defaults to 30.
        retries: How failures are retried. Defaults to `RetryPolicy()`, at most 5 attempts within 120 seconds; None
            disables retries.
        rate_limits: The limits, shared by all clients of this process with the same credentials. Defaults to
            `RateLimits()`; None disables client-side rate limiting.
        rate_limiter: Limits the rate of calls in place of `rate_limits`, such as a `RedisRateLimiter`, which shares
            the limits between processes. Cannot be combined with `rate_limits`: pass the limits to the limiter.
        transport: `"httpcore2"`, the default; `"aiohttp"`, which costs less CPU per call and requires the extra
            `aiohttp`; or any `httpx.AsyncBaseTransport`, such as a configured `PooledTransport`. It is closed together
            with the client.
        http2: Use HTTP/2 if the server supports it. Requires the extra `http2` and the transport `"httpcore2"`.
            Defaults to False.
        max_response_bytes: Maximum size of a decompressed response body in bytes; a larger one raises
            `ResponseDecodeError`. Defaults to 64 MiB.
        event_hooks: httpx event hooks: `{"request": [...], "response": [...]}` with async callables.
        on_call: Called with a `CallReport` at the end of each call, for metrics. It must not block. An exception that
            it raises is logged and does not affect the call.
        allow_insecure_http: Accept an `http://` `base_url` on hosts other than loopback, which sends the credentials
            unencrypted. Defaults to False.

    Raises:
        ConfigurationError: If an option is invalid: no credentials, credentials of another kind, an insecure or
            malformed URL, an extra that is not installed.
        TypeError: If an argument is positional or unknown.

    Attributes:
        default_base_url: Base URL of the OpenAPI document; None if its origin is not trusted.
        base_url_variable: Name of the environment variable with the base URL; empty to read no variable.
        security_schemes: What the API accepts as credentials; empty if its document declares no security scheme. Any
            credentials are accepted then.
    """

    default_base_url: ClassVar[str | None] = None
    base_url_variable: ClassVar[str] = ""
    security_schemes: ClassVar[tuple[SecurityScheme, ...]] = SENDCLOUD_SCHEMES

    @reject_unknown_arguments(_advise_arguments)
    def __init__(
        self,
        *,
        auth: Credentials | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout = 30.0,
        retries: RetryPolicy | None = RetryPolicy(),
        rate_limits: RateLimits | Unset | None = UNSET,
        rate_limiter: RateLimiter | None = None,
        transport: httpx.AsyncBaseTransport | TransportName = "httpcore2",
        http2: bool = False,
        max_response_bytes: int = 64 * 1024 * 1024,
        event_hooks: Mapping[str, list[Callable[..., Any]]] | None = None,
        on_call: Callable[[CallReport], None] | None = None,
        allow_insecure_http: bool = False,
    ) -> None:
        try:
            validate_flag("allow_insecure_http", allow_insecure_http)
            set_up_logging_from_environment()
            url = validate_base_url(self._choose_base_url(base_url), allow_insecure_http=allow_insecure_http)
            found = self._choose_auth(auth)
            if rate_limiter is None and rate_limits is not None and os.environ.get("SENDCLOUD_REDIS_URL"):
                rate_limiter = _share_through_redis(found, rate_limits)
                rate_limits = UNSET
            credentials = OriginGuard(found.bind(self.security_schemes), url)
        except ConfigurationError:
            del auth, base_url  # so that a traceback with local variables does not show a secret in them
            raise
        _validate_option("retries", retries, RetryPolicy)
        limiter = _choose_rate_limiter(rate_limits, rate_limiter)
        validate_flag("http2", http2)
        validate_integer("max_response_bytes", max_response_bytes)
        _validate_event_hooks(event_hooks)
        if on_call is not None and not callable(on_call):  # pyright: ignore[reportUnnecessaryComparison]
            raise ConfigurationError(f"Invalid on_call: must be callable or None, not {type(on_call).__name__}.")
        seconds = _build_timeout(timeout)
        budget = None if limiter is None else limiter.get_budget(credentials.budget_key)
        limited = RateLimitTransport(build_transport(transport, http2=http2), budget)
        self._connection = _Connection(
            _CookielessClient(
                auth=credentials,
                base_url=url,
                headers={
                    "accept": "application/json",
                    "accept-encoding": ACCEPT_ENCODING,
                    "user-agent": f"sendcloud-integrations-client/{__version__}",
                },
                event_hooks=event_hooks,
                transport=credentials.wrap_transport(
                    RetryTransport(limited, retries, max_response_bytes=max_response_bytes)
                ),
                trust_env=False,
            )
        )
        self._timeout = seconds
        self._retries = retries
        self._total_timeout = (retries or RetryPolicy()).total_timeout
        self._priority: Priority = "interactive"
        self._on_call = on_call
        self._identity = build_digest("account", str(url).rstrip("/"), credentials.account_key)
        self._is_owner = True
        self._sender: Sender = self

    def _choose_base_url(self, base_url: str | None) -> str:
        if base_url is not None:
            return base_url
        found = os.environ.get(self.base_url_variable) or self.default_base_url
        if not found:
            raise ConfigurationError(
                "No base URL found: the OpenAPI document names no trusted one. Pass base_url= with the URL of the API."
            )
        return found

    def _choose_auth(self, auth: Credentials | None) -> Credentials:
        accepted = dict.fromkeys(scheme.kind for scheme in self.security_schemes)
        if auth is None:
            if not accepted:
                return NoAuth()
            if accepted.keys() <= {"api_key"}:
                raise ConfigurationError("No credentials found. Pass auth=APIKeyAuth(…).")
            auth = auth_from_environment()
        elif not isinstance(auth, Credentials):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = type(auth).__name__
            del auth  # so that a traceback with local variables does not show a secret in it
            raise ConfigurationError(
                f"Invalid auth: must be BasicAuth or OAuth2ClientCredentials of this package, not {kind}."
            )
        if accepted and auth.kind and auth.kind not in accepted:
            names = " or ".join(_CREDENTIALS[kind] for kind in accepted)
            raise ConfigurationError(f"Invalid auth: the API accepts {names}, not {type(auth).__name__}.")
        return auth

    @property
    def http(self) -> httpx.AsyncClient:
        """The underlying httpx client, for instrumentation. Requests sent with it directly raise httpx's errors."""
        return self._connection.http

    @property
    def retries(self) -> RetryPolicy | None:
        """How this client retries failures; None if retries are disabled."""
        return self._retries

    @property
    def identity(self) -> str:
        """Digest of the base URL and the public key or client id, which identifies the account. It has no secret.

        With other credentials than `BasicAuth` and `OAuth2ClientCredentials`, it depends on the base URL only.
        """
        return self._identity

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        retries: RetryPolicy | Unset | None = UNSET,
        priority: Priority | None = None,
    ) -> Self:
        """Return a view of this client with other options. It shares connections and rate limit budget.

        Args:
            timeout: Seconds, or an `httpx.Timeout`; None keeps the current value.
            retries: How failures are retried; None disables retries.
            priority: Priority of the calls in the rate limit queue: `"interactive"` calls are served first;
                `"background"` calls are paced and leave a reserve for interactive ones. None keeps the current value,
                which is `"interactive"` for a new client.

        Returns:
            The view. Closing it does nothing; it ends together with this client.

        Raises:
            ConfigurationError: If an option is invalid.

        Example:
            patient = client.with_options(timeout=120, priority="background")
        """
        if priority is not None:
            validate_priority(priority)
        _validate_option("retries", None if isinstance(retries, Unset) else retries, RetryPolicy)
        view = object.__new__(type(self))
        view._connection = self._connection
        view._timeout = self._timeout if timeout is None else _build_timeout(timeout)
        view._retries = self._retries if isinstance(retries, Unset) else retries
        view._total_timeout = (view._retries or RetryPolicy()).total_timeout
        view._priority = self._priority if priority is None else priority
        view._on_call = self._on_call
        view._identity = self._identity
        view._is_owner = False
        view._sender = view
        return view

    async def aclose(self) -> None:
        """Close the connections. Repeated calls have no effect."""
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
        if not hasattr(self, "_connection"):  # __init__ may have raised before this attribute was set
            return f"{type(self).__name__}()"
        http = self._connection.http
        auth = http.auth.wrapped if isinstance(http.auth, OriginGuard) else http.auth
        return f"{type(self).__name__}(auth={auth!r}, base_url={str(http.base_url).rstrip('/')!r})"

    async def send(
        self,
        operation: Operation,
        path: str,
        *,
        query: Mapping[str, str] | str | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        on_headers: Callable[[httpx.Headers], None] | None = None,
    ) -> httpx.Response:
        """Send one request of an operation. Endpoint functions call it.

        Args:
            operation: The operation.
            path: The path below the base URL, filled in and escaped.
            query: Query parameters as text, or the encoded query.
            headers: Headers of this operation.
            body: JSON-ready value; None sends no body.
            on_headers: Called with the headers of a success before the body is read.

        Returns:
            The response, read completely.

        Raises:
            SendcloudError: If the call fails; the class names the kind of failure.
        """
        self._connection.check_open()
        _check_event_loop()
        call = Call(operation, on_headers, self._priority)
        call.deadline = call.started + self._total_timeout
        content = None if body is None else _to_json(operation, body)
        extensions = {CALL_EXTENSION: call, RETRIES_EXTENSION: self._retries, "timeout": self._timeout}
        try:
            request = self._connection.requests.build(operation, path, query, content, extensions)
        except httpx.InvalidURL:
            longest = max(query, key=lambda name: len(query[name])) if isinstance(query, Mapping) and query else "query"
            raise InvalidInputError(operation.name, longest, "makes the URL longer than 65,536 bytes") from None
        if headers:
            request.headers.update(headers)
        status: int | None = None
        failure: str | None = None
        try:
            response = await self._connection.http.send(request)
            status = response.status_code
            if not call.is_success(status):
                raise build_status_error(
                    status,
                    response.content,
                    headers=response.headers,
                    retry_after=parse_retry_after(response.headers),
                    location=response.extensions.get(LOCATION_EXTENSION),
                    secrets=collect_request_secrets(request),
                    **call.get_context(request),
                )
        except BaseException as error:
            typed = _to_typed_error(error, call, request, self._total_timeout)
            failure = type(typed).__name__
            if typed is error:
                raise
            raise typed from get_printable_cause(error, _collect_secrets(error, request))
        finally:
            if self._on_call is not None:
                _notify(
                    self._on_call,
                    CallReport(operation.name, status, failure, call.attempts, call.rate_limit_wait, call.elapsed),
                )
        return response


class _NoCookies(httpx.Cookies):
    """Neither keeps nor sends cookies: a cookie of one response must not affect later calls."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass

    def set_cookie_header(self, request: httpx.Request) -> None:
        pass


class _CookielessClient(httpx.AsyncClient):
    """An httpx client without cookies."""

    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise ConfigurationError("Cookies are not supported: authentication uses the Authorization header only.")


_NO_COOKIES: Final = _NoCookies()


class _Connection:
    """What a client and its views share. Warns if it was used and never closed."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.requests = RequestBuilder(http)
        self.was_used = False

    def check_open(self) -> None:
        if self.http.is_closed:
            raise ClientClosedError("The client is closed. Create a new client, or close this one later.")
        self.was_used = True

    async def aclose(self) -> None:
        await self.http.aclose()

    def __del__(self) -> None:
        http = getattr(self, "http", None)
        if http is not None and self.was_used and not http.is_closed:
            warnings.warn(
                "A client was never closed. Use `async with`, or await aclose().",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


def _to_json(operation: Operation, body: object) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        raise InvalidInputError(operation.name, "body", f"cannot be encoded as JSON: {error}") from None


def _check_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "The client runs on asyncio only. Await its methods in a coroutine of an asyncio event loop, not of trio."
        ) from None


def _notify(hook: Callable[[CallReport], None], report: CallReport) -> None:
    try:
        hook(report)
    except Exception:
        _logger.exception("on_call raised an exception. The call is not affected.")


def _validate_option(name: str, value: object, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise ConfigurationError(f"Invalid {name}: must be {kind.__name__}(…) or None, not {type(value).__name__}.")


def _validate_event_hooks(hooks: object) -> None:
    rule = 'must map "request" and "response" to lists of functions'
    if hooks is None:
        return
    validate_type("event_hooks", hooks, Mapping, rule)
    for name, functions in cast("Mapping[object, object]", hooks).items():
        if name not in ("request", "response"):
            raise ConfigurationError(f"Invalid event_hooks: {rule}, and contain no other key.")
        if not isinstance(functions, list | tuple):
            raise ConfigurationError(f'Invalid event_hooks: {rule}, not "{name}" to {type(functions).__name__}.')


def _choose_rate_limiter(limits: RateLimits | Unset | None, limiter: RateLimiter | None) -> RateLimiter | None:
    if limiter is None:
        _validate_option("rate_limits", None if isinstance(limits, Unset) else limits, RateLimits)
        return None if limits is None else LocalRateLimiter(RateLimits() if isinstance(limits, Unset) else limits)
    if not isinstance(limits, Unset):
        raise ConfigurationError(
            "Invalid rate_limits: must not be set together with rate_limiter. Pass the limits to the rate limiter."
        )
    if not callable(getattr(limiter, "get_budget", None)):
        raise ConfigurationError(
            f"Invalid rate_limiter: must implement the protocol RateLimiter, not {type(limiter).__name__}."
        )
    return limiter


def _share_through_redis(auth: Credentials, limits: RateLimits | Unset) -> RateLimiter:
    """Return the rate limiter that `SENDCLOUD_REDIS_URL` selects, and let OAuth2 credentials share their tokens."""
    from sendcloud_integrations_client.distributed.environment import get_rate_limiter, get_token_store

    limiter = get_rate_limiter(RateLimits() if isinstance(limits, Unset) else limits)
    if isinstance(auth, OAuth2ClientCredentials):
        auth.set_default_store(get_token_store(limiter))
    return limiter


def _build_timeout(timeout: float | httpx.Timeout) -> dict[str, float | None]:
    """Return the value of the request extension `timeout`, which httpx passes to its transports."""
    if isinstance(timeout, httpx.Timeout):
        return timeout.as_dict()
    rule = "must be a number of seconds greater than 0, or an httpx.Timeout"
    validate_number("timeout", timeout, rule, lambda seconds: seconds > 0)
    # Waiting for a free connection does not mean that the server has a problem.
    return httpx.Timeout(timeout, pool=None).as_dict()


def _to_typed_error(error: BaseException, call: Call, request: httpx.Request, total_timeout: float) -> BaseException:
    """Return the error to raise in place of a transport's error; any other error is returned unchanged."""
    if isinstance(error, APIError) and not error.operation:
        # Raised below the level of operations: by the credentials, or while a header was read.
        error.__dict__.update(call.get_context(request))
    if not isinstance(error, (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)):
        return error
    token_url = _find_token_url(error)
    subject = f"token request to {token_url}: " if token_url else ""
    effect = "" if token_url or not _may_have_acted(error, call) else ". The server may have processed the request"
    if isinstance(error, httpx.TimeoutException):
        reason = f"{subject}{_describe_timeout(error, request, total_timeout)}{effect}"
        return APITimeoutError(reason, **call.get_context(request))
    text = mask_text(str(error), _collect_secrets(error, request)) or type(error).__name__
    reason = f"{subject}no valid response ({type(error).__name__}: {text}){effect}"
    typed = APIConnectionError(reason, **call.get_context(request))
    if token_url:
        typed.advice = "Check the network and token_url."
    return typed


def _find_token_url(error: BaseException) -> str:
    """Return the URL of the token endpoint if it is the one that did not respond."""
    request = _find_token_request(error)
    return "" if request is None else str(request.url)


def _find_token_request(error: BaseException) -> httpx.Request | None:
    try:
        request = error.request if isinstance(error, httpx.RequestError) else None
    except RuntimeError:  # the transport did not set it
        return None
    return request if request is not None and TOKEN_REQUEST_EXTENSION in request.extensions else None


def _collect_secrets(error: BaseException, request: httpx.Request) -> tuple[str, ...]:
    token_request = _find_token_request(error)
    return collect_request_secrets(request if token_request is None else token_request)


def _may_have_acted(error: BaseException, call: Call) -> bool:
    return not call.operation.idempotent and not isinstance(
        error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    )


def _describe_timeout(error: httpx.TimeoutException, request: httpx.Request, total_timeout: float) -> str:
    """Return what was exceeded, by which limit."""
    if str(error) == TOTAL_TIMEOUT_ENDED:
        return f"no complete response within total_timeout={total_timeout:g} seconds"
    limits: Mapping[str, float | None] = request.extensions.get("timeout") or {}
    for kind, name, subject in _TIMEOUTS:
        if isinstance(error, kind):
            seconds = limits.get(name)
            return subject + (f" within timeout={seconds:g} seconds" if seconds is not None else " in time")
    return f"no response in time ({type(error).__name__})"


_CREDENTIALS: Final[Mapping[str, str]] = {
    "basic": "BasicAuth",
    "bearer": "OAuth2ClientCredentials or BearerAuth",
    "api_key": "APIKeyAuth",
}
_EXAMPLES: Final[Mapping[str, str]] = {
    "basic": "BasicAuth(public_key, secret_key)",
    "bearer": "OAuth2ClientCredentials(client_id, client_secret)",
    "api_key": "APIKeyAuth(…)",
}
_CREDENTIAL_NAMES: Final = frozenset(
    {
        *("public_key", "secret_key", "client_id", "client_secret", "api_key", "api_secret", "key", "secret"),
        *("token", "access_token", "username", "user", "password", "credentials", "authentication"),
    }
)
_TIMEOUTS: Final = (
    (httpx.ConnectTimeout, "connect", "no connection"),
    (httpx.ReadTimeout, "read", "no data received"),
    (httpx.WriteTimeout, "write", "no data accepted by the server"),
    (httpx.PoolTimeout, "pool", "no free connection in the pool"),
)
