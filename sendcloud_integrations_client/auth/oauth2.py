"""OAuth2 client credentials: one shared access token, renewed before it expires.

Token requests follow RFC 6749, sections 2.3.1, 4.4 and 5.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import math
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from urllib.parse import quote_plus

import httpx

from sendcloud_integrations_client.auth.credentials import (
    Credentials,
    Secret,
    build_basic_header,
    build_digest,
    validate_credentials,
)
from sendcloud_integrations_client.auth.origin import validate_base_url
from sendcloud_integrations_client.auth.tokens import AccessToken, LockingTokenStore, MemoryTokenStore, TokenStore
from sendcloud_integrations_client.errors import AuthenticationError, ConfigurationError, SendcloudError, to_single_line
from sendcloud_integrations_client.options import validate_number
from sendcloud_integrations_client.runtime.error_responses import parse_error_details
from sendcloud_integrations_client.runtime.lenient_json import parse_json
from sendcloud_integrations_client.runtime.operations import (
    LOCATION_EXTENSION,
    SECRETS_EXTENSION,
    TOKEN_ERROR_EXTENSION,
    TOKEN_REQUEST_EXTENSION,
    TOTAL_TIMEOUT_ENDED,
    TokenRequest,
    get_call,
)
from sendcloud_integrations_client.runtime.secret_masking import collect_secrets, mask_text

__all__ = ["TOKEN_URL", "TOKEN_URL_VARIABLE", "OAuth2ClientCredentials", "TokenErrorTransport"]

TOKEN_URL: Final = "https://account.sendcloud.com/oauth2/token"  # noqa: S105
"""Sendcloud's token endpoint."""

TOKEN_URL_VARIABLE: Final = "SENDCLOUD_TOKEN_URL"  # noqa: S105
"""Environment variable with the URL of another token endpoint."""

_logger = logging.getLogger("sendcloud_integrations_client")

_MAX_TOKEN_LENGTH: Final = 16_384
_DEFAULT_LIFETIME: Final = 3600.0
_MIN_LIFETIME: Final = 10.0  # seconds; a token that expires earlier does not end its renewal early
_MAX_LIFETIME: Final = 366 * 86_400.0  # a token store may reject a longer one
_LOCK_TIMEOUT: Final = 10.0  # seconds to wait for the token request of another process
_LOCK_POLL_INTERVAL: Final = 0.05  # seconds


class OAuth2ClientCredentials(Credentials):
    """OAuth2 client credentials: one token for all tasks, renewed before it expires and after a 401 response.

    Args:
        client_id: The client id.
        client_secret: The client secret.
        token_url: URL of the token endpoint. Defaults to `SENDCLOUD_TOKEN_URL`, then to Sendcloud's.
        scope: The scope to request. Defaults to `api`.
        token_store: Storage for tokens. Defaults to a `MemoryTokenStore`.
        refresh_margin: Seconds before expiry at which one task starts to renew the token, while the other tasks
            continue with the current one. Defaults to 60.
        allow_insecure_http: Accept an `http://` `token_url` on hosts other than loopback. Defaults to False.

    Raises:
        ConfigurationError: If an argument is empty, not text, cannot be sent, or is insecure.

    Example:
        auth = OAuth2ClientCredentials("client id", "client secret")
        client = SendcloudIntegrations(auth=auth)
    """

    kind = "bearer"
    # Class-level default, because __init__ may have raised before the attribute was set.
    _token_url = httpx.URL()

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        token_url: str | None = None,
        scope: str = "api",
        token_store: TokenStore | None = None,
        refresh_margin: float = 60.0,
        allow_insecure_http: bool = False,
    ) -> None:
        secret = Secret(client_secret)
        del client_secret  # so that a traceback with local variables does not show it
        name = "token_url" if token_url is not None else TOKEN_URL_VARIABLE
        if token_url is None:
            token_url = os.environ.get(TOKEN_URL_VARIABLE) or TOKEN_URL
        try:
            self._token_url = validate_base_url(token_url, allow_insecure_http=allow_insecure_http, name=name)
        except ConfigurationError:
            del token_url  # as client_secret
            raise
        validate_credentials(client_id=Secret(client_id), client_secret=secret, scope=Secret(scope))
        rule = "must be a number of seconds, 0 or greater"
        validate_number("refresh_margin", refresh_margin, rule, lambda margin: math.isfinite(margin) and margin >= 0)
        self.budget_key = self.account_key = build_digest("oauth2", client_id)
        self._token_key = build_digest("token", str(self._token_url), client_id, scope)
        self._id_prefix = client_id[:4]
        self._secret = secret
        # RFC 6749, section 2.3.1: both values are form-encoded before they are joined for Basic.
        self._header = build_basic_header(quote_plus(client_id), Secret(quote_plus(secret.reveal())))
        self._scope = scope
        self._store: TokenStore = MemoryTokenStore() if token_store is None else token_store
        self._has_default_store = token_store is None
        self._refresh_margin = refresh_margin
        self._token: AccessToken | None = None
        self._rejected: AccessToken | None = None
        self._failure: Exception | None = None
        self._renew_from = 0.0
        self._locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}

    def __repr__(self) -> str:
        return f"OAuth2ClientCredentials(client_id='{self._id_prefix}…', token_url='{self._token_url}')"

    def set_default_store(self, store: TokenStore) -> None:
        """Use a store if none was passed as `token_store`.

        Args:
            store: The store.
        """
        if self._has_default_store:
            self._store = store

    def wrap_transport(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """Return `transport` with the errors of token requests passed to this flow."""
        return TokenErrorTransport(transport)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send the request with a token, fetched first if necessary; after a 401, send it once more with a new one.

        Raises:
            AuthenticationError: If the token endpoint returned no token.
        """
        await request.aread()  # so that it can be sent a second time
        for is_last in (False, True):
            token = self._token if self._is_usable(self._token) else None
            if token is None or self._starts_renewal(token):
                failure_before = self._failure
                async with self._hold_lock(request):
                    found = await self._find_token(token)
                    # Tasks that waited while a fetch failed share its failure: if each tried again, their timeouts
                    # would add up. A fetch that was cancelled, or whose call had no time left, leaves no failure, so
                    # the next task fetches.
                    if not found and not token and self._failure and self._failure is not failure_before:
                        raise copy.copy(self._failure)
                    lock = None if found else await self._lock_store()
                    if lock is False and not token:  # with a token there is no hurry: another process renews it
                        found, lock = await self._wait_for_other_process(request)
                    try:
                        if lock:  # another process may have saved a token before it released the lock
                            found = await self._find_token(token)
                        if not found and lock is not False:
                            requested_at, token_request = time.time(), self._build_token_request(request, token)
                            try:
                                response = yield token_request
                                await response.aread()
                                found = self._parse_token(response, requested_at)
                                if found is None:
                                    raise response.extensions.get(TOKEN_ERROR_EXTENSION) or self._build_error(response)
                            except (httpx.HTTPError, SendcloudError) as error:
                                if not token_request.extensions[TOKEN_REQUEST_EXTENSION].is_out_of_time:
                                    self._failure = copy.copy(error)  # a copy keeps no frames alive
                                if not self._is_usable(token):
                                    raise
                                _logger.warning(
                                    "Token renewal failed; the current token is used until it expires: %s", error
                                )
                            else:
                                await self._save_token(found)
                    finally:
                        if lock:
                            await self._unlock_store()
                    token = found or cast(AccessToken, token)
            request.headers["Authorization"] = f"Bearer {token.value}"
            response = yield request
            if response.status_code != 401 or is_last:
                return
            await response.aread()  # returns its connection to the pool: the token request may need it
            if self._token and self._token.value == token.value:
                self._rejected = token

    @asynccontextmanager
    async def _hold_lock(self, request: httpx.Request) -> AsyncGenerator[None]:
        """Hold the lock of the token. The wait for it ends with the total timeout of the call."""
        lock = self._get_lock()
        try:
            async with asyncio.timeout(_get_remaining(request)):
                await lock.acquire()
        except TimeoutError:
            raise self._build_timeout(request) from None
        try:
            yield
        finally:
            lock.release()

    def _build_timeout(self, request: httpx.Request) -> httpx.ReadTimeout:
        return httpx.ReadTimeout(TOTAL_TIMEOUT_ENDED, request=self._build_token_request(request))

    def _get_lock(self) -> asyncio.Lock:
        # A lock belongs to the event loop it was first awaited in; this object can outlive many loops.
        loop = asyncio.get_running_loop()
        lock = self._locks.get(loop)
        if lock is None:
            lock = asyncio.Lock()
            self._locks = {known: its for known, its in self._locks.items() if not known.is_closed()} | {loop: lock}
        return lock

    def _is_usable(self, token: AccessToken | None) -> bool:
        if token is None or (self._rejected and token.value == self._rejected.value):
            return False
        return token.expires_at > time.time() and _is_valid_header_value(token.value)

    def _starts_renewal(self, token: AccessToken) -> bool:
        now = time.time()
        due_at = max(token.expires_at - self._refresh_margin, self._renew_from)
        if now < due_at or self._get_lock().locked():
            return False
        # Bounds renewals if the endpoint fails or tokens live shorter than refresh_margin.
        self._renew_from = now + self._refresh_margin / 4
        return True

    async def _find_token(self, current: AccessToken | None) -> AccessToken | None:
        """Return a usable token that expires later than `current`, from another task or process; None if not found."""
        expires_at, value = (current.expires_at, current.value) if current else (0.0, None)
        if self._token and self._token.expires_at > expires_at and self._is_usable(self._token):
            return self._token
        try:
            found = await self._store.load(self._token_key)
            # A store can return the same token with a slightly different expiry.
            if found and found.value != value and found.expires_at > expires_at and self._is_usable(found):
                self._token = found
                return found
        except Exception as error:  # the text of the error could contain a token
            _logger.warning("Token store: load failed with %s", type(error).__name__)
        return None

    async def _lock_store(self) -> bool | None:
        """Return whether this process now holds the lock of the store; None if there is no lock."""
        if not isinstance(self._store, LockingTokenStore):
            return None
        try:
            return await self._store.lock(self._token_key)
        except Exception as error:
            _logger.warning("Token store: lock failed with %s", type(error).__name__)
            return None

    async def _unlock_store(self) -> None:
        try:
            await cast(LockingTokenStore, self._store).unlock(self._token_key)
        except Exception as error:
            _logger.warning("Token store: unlock failed with %s", type(error).__name__)

    async def _wait_for_other_process(self, request: httpx.Request) -> tuple[AccessToken | None, bool | None]:
        """Wait until another process has saved a token or released the lock, at most 10 seconds.

        Returns:
            The token, if the other process saved one; otherwise whether this process holds the lock, as `_lock_store`.

        Raises:
            httpx.ReadTimeout: If the total timeout of the call ends before.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + _LOCK_TIMEOUT
        notice = loop.call_later(_LOCK_TIMEOUT / 2, _log_lock_wait, _LOCK_TIMEOUT / 2)
        try:
            while loop.time() < ends_at:
                await asyncio.sleep(_LOCK_POLL_INTERVAL)
                if found := await self._find_token(None):
                    return found, False
                if _get_remaining(request) == 0:
                    raise self._build_timeout(request)
                lock = await self._lock_store()
                if lock is not False:
                    return None, lock
        finally:
            notice.cancel()
        return None, None

    async def _save_token(self, token: AccessToken) -> None:
        self._token, self._rejected = token, None
        try:
            await self._store.save(self._token_key, token)
        except Exception as error:
            _logger.warning("Token store: save failed with %s", type(error).__name__)

    def _build_token_request(self, request: httpx.Request, current: AccessToken | None = None) -> httpx.Request:
        headers = {"Accept": "application/json", "Authorization": self._header.reveal()}
        if "User-Agent" in request.headers:
            headers["User-Agent"] = request.headers["User-Agent"]
        call = get_call(request)
        deadline = call.deadline if call else math.inf
        lifetime = current.expires_at - time.time() if current else 0.0
        if lifetime > _MIN_LIFETIME:
            # A renewal that fails must leave enough time to send the call with the current token.
            remaining = call.remaining if call else math.inf
            deadline = min(deadline, time.monotonic() + min(remaining, lifetime) / 2)
        token_request = TokenRequest(deadline)
        extensions: dict[str, Any] = {
            TOKEN_REQUEST_EXTENSION: token_request,
            SECRETS_EXTENSION: (self._secret.reveal,),  # in addition to its encoded form in the header
        }
        if "timeout" in request.extensions:
            extensions["timeout"] = request.extensions["timeout"]
        form = {"grant_type": "client_credentials", "scope": self._scope}
        return httpx.Request("POST", self._token_url, headers=headers, data=form, extensions=extensions)

    def _parse_token(self, response: httpx.Response, requested_at: float) -> AccessToken | None:
        body = _parse_object(response.content) if response.is_success else {}
        value, kind, scope = body.get("access_token"), body.get("token_type") or "bearer", body.get("scope")
        if not (isinstance(value, str) and _is_valid_header_value(value) and str(kind).lower() == "bearer"):
            return None
        lifetime = _parse_lifetime(body.get("expires_in"))
        return AccessToken(value, requested_at + lifetime, scope if isinstance(scope, str) else self._scope)

    def _build_error(self, response: httpx.Response) -> AuthenticationError:
        text = _summarize(response)
        if response.is_success:
            text = f"no usable access token ({text})"
        text = mask_text(text, (*collect_secrets(self._header.reveal()), self._secret.reveal()))
        reason = f"token endpoint {self._token_url} returned {response.status_code}: {to_single_line(text)}"
        return AuthenticationError(reason, status_code=response.status_code)


class TokenErrorTransport(httpx.AsyncBaseTransport):
    """Outermost transport. Turns the error of a token request into a response, because httpx auth flows get no errors.

    Args:
        transport: Sends the requests; closed together with this one.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; a failed token request returns a response that carries the error in its extensions."""
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.TransportError, SendcloudError) as error:
            if TOKEN_REQUEST_EXTENSION not in request.extensions:
                raise
            if isinstance(error, httpx.TransportError):
                error.request = request  # names the token endpoint in the message of the call's error
            return httpx.Response(599, extensions={TOKEN_ERROR_EXTENSION: error, "reason_phrase": b"No Response"})

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._transport.aclose()


def _get_remaining(request: httpx.Request) -> float | None:
    """Return the seconds until the total timeout of the call ends; None if it has none."""
    call = get_call(request)
    return call.remaining if call and math.isfinite(call.deadline) else None


def _log_lock_wait(seconds: float) -> None:
    _logger.warning("Token store: another process has been requesting a token for %.0f s", seconds)


def _is_valid_header_value(token: str) -> bool:
    # httpx raises an error that shows the value if a header contains anything else. Servers reject a longer header.
    return 0 < len(token) <= _MAX_TOKEN_LENGTH and token.isascii() and token.isprintable() and " " not in token


def _parse_lifetime(expires_in: Any) -> float:
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError, OverflowError):
        return _DEFAULT_LIFETIME
    return min(seconds, _MAX_LIFETIME) if math.isfinite(seconds) else _DEFAULT_LIFETIME


def _summarize(response: httpx.Response) -> str:
    body = _parse_object(response.content)
    text = ": ".join(part for part in (body.get("error"), body.get("error_description")) if isinstance(part, str))
    location = response.extensions.get(LOCATION_EXTENSION) or response.headers.get("Location")
    if not text and location and response.status_code < 400:
        text = f"redirects to {location}"
    if not text and not response.is_success:
        text = "; ".join(str(detail) for detail in parse_error_details(body)[:3])
    if not text:
        content_type = response.headers.get("Content-Type", "").partition(";")[0] or "no content type"
        text = f"no OAuth2 response but {len(response.content)} bytes, {content_type}"
    return text


def _parse_object(content: bytes) -> dict[str, Any]:
    try:
        body = parse_json(content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}
