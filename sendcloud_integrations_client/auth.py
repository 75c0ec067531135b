"""Credentials: HTTP Basic, OAuth2 client credentials, and where they may go.

Both kinds are an `httpx.Auth` for `httpx.AsyncClient`. Token requests follow RFC 6749, sections 2.3.1, 4.4 and 5.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import hashlib
import ipaddress
import json
import logging
import math
import os
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any, Final, Protocol, cast
from urllib.parse import quote_plus

import attrs
import httpx
import orjson

from sendcloud_integrations_client.errors import (
    AuthenticationError,
    ConfigurationError,
    SendcloudError,
    one_line,
)

__all__ = [
    "AccessToken",
    "BasicAuth",
    "Credentials",
    "MemoryTokenStore",
    "OAuth2ClientCredentials",
    "OriginGuard",
    "TokenErrorTransport",
    "TokenStore",
    "auth_from_environment",
    "check_base_url",
]

_logger = logging.getLogger("sendcloud_integrations_client")

_BASIC_NAMES: Final = ("SENDCLOUD_PUBLIC_KEY", "SENDCLOUD_SECRET_KEY")
_OAUTH2_NAMES: Final = ("SENDCLOUD_CLIENT_ID", "SENDCLOUD_CLIENT_SECRET")
_TOKEN_URL_NAME: Final = "SENDCLOUD_TOKEN_URL"  # noqa: S105
_DEFAULT_LIFETIME: Final = 3600.0
_HIGHEST_PORT: Final = 65535
_TOKEN_REQUEST: Final = "sendcloud_token_request"  # noqa: S105 - names of request and response extensions
_TOKEN_ERROR: Final = "sendcloud_token_error"  # noqa: S105


class Credentials(httpx.Auth):
    """What the client's `auth=` takes. Works with `httpx.AsyncClient` only.

    Attributes:
        budget_key: Equal for credentials that share Sendcloud's rate limit; a digest that reveals nothing.
    """

    budget_key: str
    _shown = ""

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Refuse: raises `ConfigurationError`."""
        raise ConfigurationError(f"{type(self).__name__} works with httpx.AsyncClient, not with httpx.Client")


class BasicAuth(Credentials):
    """HTTP Basic with an integration's key pair.

    Args:
        public_key: The public key.
        secret_key: The secret key.

    Raises:
        ConfigurationError: If a key is empty, no text or cannot be sent.
    """

    def __init__(self, public_key: str, secret_key: str) -> None:
        secret = _Secret(secret_key)
        del secret_key  # so that no error below shows it to a tool that prints the locals of a traceback
        _check(public_key=_Secret(public_key), secret_key=secret)
        if ":" in public_key:
            raise ConfigurationError('public_key contains ":", which HTTP Basic cannot carry in a user name')
        self.budget_key = _digest("basic", public_key)
        self._shown = public_key[:4]
        self._header = _basic_header(public_key, secret)

    def __repr__(self) -> str:
        return f"BasicAuth(public_key='{self._shown}…')"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send the request with the credentials."""
        request.headers["Authorization"] = self._header.reveal()
        yield request


@attrs.frozen
class AccessToken:
    """An OAuth2 access token. `attrs.asdict` gives what a store needs to keep it, the secret value included.

    Attributes:
        value: The token itself: a secret.
        expires_at: When it expires, in seconds since the epoch, so that processes can share it.
        scope: The scope that it was given for.
    """

    value: str = attrs.field(repr=False)
    expires_at: float
    scope: str = ""


class TokenStore(Protocol):
    """Where tokens are kept: processes share them through stores over the same Redis, file or table.

    A store that raises costs a token request and a logged warning, never a call. Bound its time yourself.
    """

    async def load(self, key: str) -> AccessToken | None:
        """Return the token last saved under `key`, expired or not; None if there is none."""
        ...

    async def save(self, key: str, token: AccessToken) -> None:
        """Keep `token`. `key` stands for token endpoint, client and scope, and holds no secret."""
        ...


class MemoryTokenStore:
    """Keeps tokens in this process."""

    def __init__(self) -> None:
        self._tokens: dict[str, AccessToken] = {}

    async def load(self, key: str) -> AccessToken | None:
        """Return the token last saved under `key`."""
        return self._tokens.get(key)

    async def save(self, key: str, token: AccessToken) -> None:
        """Keep `token` under `key`."""
        self._tokens[key] = token


class OAuth2ClientCredentials(Credentials):
    """OAuth2 client credentials: one token for all tasks, renewed before it expires and after a 401.

    Args:
        client_id: The client's id.
        client_secret: The client's secret.
        token_url: The token endpoint.
        scope: The scope to ask for.
        store: Where tokens are kept; in memory by default.
        refresh_ahead: Seconds before expiry from which one task renews, while the others use the old token.
        allow_insecure_http: Allow a `token_url` of `http://` beyond loopback.

    Raises:
        ConfigurationError: If an argument is empty, no text, cannot be sent or is insecure.
    """

    _token_url = httpx.URL()  # as `_shown`: an object that is refused half-built has a repr too

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        token_url: str = "https://account.sendcloud.com/oauth2/token",  # noqa: S107
        scope: str = "api",
        store: TokenStore | None = None,
        refresh_ahead: float = 60.0,
        allow_insecure_http: bool = False,
    ) -> None:
        secret = _Secret(client_secret)
        del client_secret  # as in BasicAuth
        self._token_url = check_base_url(token_url, allow_insecure_http=allow_insecure_http, name="token_url")
        _check(client_id=_Secret(client_id), client_secret=secret, scope=_Secret(scope))
        if not (math.isfinite(refresh_ahead) and refresh_ahead >= 0):
            raise ConfigurationError("refresh_ahead must be a number of seconds, 0 or more")
        self.budget_key = _digest("oauth2", client_id)
        self._token_key = _digest("token", str(self._token_url), client_id, scope)
        self._shown = client_id[:4]
        self._secret = secret
        # RFC 6749, 2.3.1: both are form-encoded before they become Basic.
        self._header = _basic_header(quote_plus(client_id), _Secret(quote_plus(secret.reveal())))
        self._scope = scope
        self._store: TokenStore = MemoryTokenStore() if store is None else store
        self._refresh_ahead = refresh_ahead
        self._token: AccessToken | None = None
        self._rejected: AccessToken | None = None
        self._failure: Exception | None = None
        self._renew_from = 0.0
        self._locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}

    def __repr__(self) -> str:
        return f"OAuth2ClientCredentials(client_id='{self._shown}…', token_url='{self._token_url}')"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send the request with a token, fetched first if need be; after a 401, once more with a new one.

        Raises:
            AuthenticationError: If the token endpoint gave no token.
        """
        await request.aread()  # so that it can be sent a second time
        for is_last in (False, True):
            token = self._token if self._is_usable(self._token) else None
            if token is None or self._starts_renewal(token):
                failure_before = self._failure
                async with self._lock():
                    found = await self._find(token)
                    # Those who waited while a fetch failed share its failure: each trying for itself would
                    # add up the timeouts. A fetch that was cancelled left none, so the next in line fetches.
                    if not found and not token and self._failure and self._failure is not failure_before:
                        raise copy.copy(self._failure)
                    if not found:
                        try:
                            asked_at = time.time()
                            answer = yield self._token_request(request)
                            await answer.aread()
                            found = self._token_of(answer, asked_at)
                            if found is None:
                                raise answer.extensions.get(_TOKEN_ERROR) or self._refusal(answer)
                        except (httpx.HTTPError, SendcloudError) as error:
                            self._failure = copy.copy(error)  # a copy holds no frames alive
                            if not self._is_usable(token):
                                raise
                            _logger.warning("Token not renewed, the old one is used until it expires: %s", error)
                        else:
                            await self._keep(found)
                    token = found or cast(AccessToken, token)
            request.headers["Authorization"] = f"Bearer {token.value}"
            response = yield request
            if response.status_code != 401 or is_last:
                return
            await response.aread()  # gives its connection back: the token request may need it
            if self._token and self._token.value == token.value:
                self._rejected = token

    def _lock(self) -> asyncio.Lock:
        # A lock belongs to the loop it was first waited in; this object may outlive many loops.
        loop = asyncio.get_running_loop()
        lock = self._locks.get(loop)
        if lock is None:
            lock = asyncio.Lock()
            self._locks = {known: its for known, its in self._locks.items() if not known.is_closed()} | {loop: lock}
        return lock

    def _is_usable(self, token: AccessToken | None) -> bool:
        if token is None or (self._rejected and token.value == self._rejected.value):
            return False
        return token.expires_at > time.time() and _is_sendable(token.value)

    def _starts_renewal(self, token: AccessToken) -> bool:
        now = time.time()
        due_at = max(token.expires_at - self._refresh_ahead, self._renew_from)
        if now < due_at or self._lock().locked():
            return False
        # Neither a failing endpoint nor tokens that live shorter than `refresh_ahead` make every call renew.
        self._renew_from = now + self._refresh_ahead / 4
        return True

    async def _find(self, old: AccessToken | None) -> AccessToken | None:
        # A usable token that outlives the old one: from another task, else from another process.
        outlived = old.expires_at if old else 0.0
        if self._token and self._token.expires_at > outlived and self._is_usable(self._token):
            return self._token
        try:
            found = await self._store.load(self._token_key)
            if found and found.expires_at > outlived and self._is_usable(found):
                self._token = found
                return found
        except Exception as error:  # its text could hold a token
            _logger.warning("The token store failed to load: %s", type(error).__name__)
        return None

    async def _keep(self, token: AccessToken) -> None:
        self._token, self._rejected = token, None
        try:
            await self._store.save(self._token_key, token)
        except Exception as error:
            _logger.warning("The token store failed to save: %s", type(error).__name__)

    def _token_request(self, request: httpx.Request) -> httpx.Request:
        headers = {"Accept": "application/json", "Authorization": self._header.reveal()}
        if "User-Agent" in request.headers:
            headers["User-Agent"] = request.headers["User-Agent"]
        extensions: dict[str, Any] = {_TOKEN_REQUEST: True}
        if "timeout" in request.extensions:
            extensions["timeout"] = request.extensions["timeout"]
        form = {"grant_type": "client_credentials", "scope": self._scope}
        return httpx.Request("POST", self._token_url, headers=headers, data=form, extensions=extensions)

    def _token_of(self, answer: httpx.Response, asked_at: float) -> AccessToken | None:
        body = _json_object(answer.content) if answer.status_code == 200 else {}
        value, kind, scope = body.get("access_token"), body.get("token_type") or "bearer", body.get("scope")
        if not (isinstance(value, str) and _is_sendable(value) and str(kind).lower() == "bearer"):
            return None
        lifetime = _lifetime(body.get("expires_in"))
        return AccessToken(value, asked_at + lifetime, scope if isinstance(scope, str) else self._scope)

    def _refusal(self, answer: httpx.Response) -> AuthenticationError:
        body = _json_object(answer.content)
        said = ": ".join(text for text in (body.get("error"), body.get("error_description")) if isinstance(text, str))
        if not said:
            kind = answer.headers.get("Content-Type", "").partition(";")[0] or "no content type"
            said = f"no OAuth2 answer but {len(answer.content)} bytes, {kind}"
        if answer.status_code == 200:
            said = f"no usable access token ({said})"
        for secret in (self._header.reveal().removeprefix("Basic "), self._secret.reveal()):
            for spelling in (secret, quote_plus(secret)):
                said = said.replace(spelling, "***")
        reason = f"the token endpoint {self._token_url} answered {answer.status_code}: {one_line(said)}"
        return AuthenticationError(reason, status_code=answer.status_code)


class OriginGuard(Credentials):
    """Credentials that go to one origin and nowhere else.

    Args:
        auth: The credentials; their token requests go to their own token endpoint.
        base_url: The API's address; its scheme, host and port are the origin.
    """

    def __init__(self, auth: Credentials, base_url: httpx.URL) -> None:
        self.budget_key = auth.budget_key
        self._auth = auth
        self._base_url = base_url
        self._parts = (base_url.scheme, base_url.netloc)

    def __repr__(self) -> str:
        return f"OriginGuard({self._auth!r}, {_origin(self._base_url)!r})"

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Return the flow of the credentials.

        Raises:
            ConfigurationError: If the request would go to another origin; nothing was sent.
        """
        if (request.url.scheme, request.url.netloc) != self._parts:
            target, allowed = _origin(request.url), _origin(self._base_url)
            raise ConfigurationError(f"a request to {target} was refused: credentials go to {allowed} only")
        return self._auth.async_auth_flow(request)


class TokenErrorTransport(httpx.AsyncBaseTransport):
    """Outermost transport: tells an OAuth2 flow that its token request broke; httpx throws no error into it.

    Without it such an error ends the call that renews ahead of time, though the old token is still good.

    Args:
        transport: Sends the requests; closed with this one.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; a broken token request gives an answer that carries the error to the flow."""
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.TransportError, SendcloudError) as error:
            if _TOKEN_REQUEST not in request.extensions:
                raise
            return httpx.Response(599, extensions={_TOKEN_ERROR: error, "reason_phrase": b"No Answer"})

    async def aclose(self) -> None:
        """Close the transport below."""
        await self._transport.aclose()


def auth_from_environment(environ: Mapping[str, str] = os.environ) -> BasicAuth | OAuth2ClientCredentials:
    """Make the credentials that the environment gives; a variable that is empty counts as missing.

    Args:
        environ: Holds SENDCLOUD_PUBLIC_KEY and SENDCLOUD_SECRET_KEY, or SENDCLOUD_CLIENT_ID and
            SENDCLOUD_CLIENT_SECRET; for the latter pair SENDCLOUD_TOKEN_URL may name another token endpoint than
            Sendcloud's.

    Returns:
        The credentials.

    Raises:
        ConfigurationError: If there is no pair, half a pair, or more than one, or the token endpoint is no address
            for credentials; names the variables.
    """
    given = {name: _Secret(environ[name]) for name in (*_BASIC_NAMES, *_OAUTH2_NAMES) if environ.get(name)}
    token_url = environ.get(_TOKEN_URL_NAME)
    del environ  # as in BasicAuth
    if not given:
        pairs = " or ".join(" and ".join(names) for names in (_BASIC_NAMES, _OAUTH2_NAMES))
        raise ConfigurationError(f"no credentials: pass auth=, or set {pairs}")
    touched = [names for names in (_BASIC_NAMES, _OAUTH2_NAMES) if given.keys() & set(names)]
    missing = [name for names in touched for name in names if name not in given]
    if missing:
        raise ConfigurationError(f"{', '.join(given)} is set, but {', '.join(missing)} is missing")
    if len(touched) > 1:
        raise ConfigurationError(f"set one pair of credentials, not both: {', '.join(given)}")
    if touched == [_OAUTH2_NAMES] and token_url:
        check_base_url(token_url, name=_TOKEN_URL_NAME)
        return OAuth2ClientCredentials(*(secret.reveal() for secret in given.values()), token_url=token_url)
    kind = BasicAuth if touched == [_BASIC_NAMES] else OAuth2ClientCredentials
    return kind(*(secret.reveal() for secret in given.values()))


def check_base_url(url: str | httpx.URL, *, allow_insecure_http: bool = False, name: str = "base_url") -> httpx.URL:
    """Check an address that credentials will be sent to.

    Args:
        url: The address.
        allow_insecure_http: Allow `http://` beyond loopback.
        name: What the error calls the address.

    Returns:
        The address, its path as given.

    Raises:
        ConfigurationError: If it is no absolute `https://` address (or `http://` on loopback), has a port that
            cannot be, or holds a user name, a password, a query or a fragment.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        parsed = httpx.URL()
    # The address itself stays out of the errors: it may hold a password.
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ConfigurationError(f"{name} must be an absolute https:// address")
    if (parsed.port or 0) > _HIGHEST_PORT:
        raise ConfigurationError(f"{name} has the port {parsed.port}; the highest there is is {_HIGHEST_PORT}")
    if parsed.userinfo or b"?" in parsed.raw_path or parsed.fragment:
        raise ConfigurationError(f"{name} must hold no user name, password, query or fragment")
    if parsed.scheme == "http" and not allow_insecure_http and not _is_loopback(parsed.host):
        raise ConfigurationError(
            f"{name} is http://{parsed.host}, which would send credentials in the clear: "
            "use https://, or pass allow_insecure_http=True"
        )
    return parsed


class _Secret:
    """A text that prints as `***`, in locals of a traceback too."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        return self._text


def _check(**credentials: _Secret) -> None:
    for name, secret in credentials.items():
        problem = _problem(secret.reveal())
        if problem:
            raise ConfigurationError(f"{name} {problem}")


def _problem(value: object) -> str:
    if not isinstance(value, str):
        return f"must be text, not {type(value).__name__}"
    if not value.strip():
        return "is empty"
    return "" if value.isprintable() else "contains a line break or another character that cannot be printed"


def _basic_header(user: str, secret: _Secret) -> _Secret:
    return _Secret("Basic " + base64.b64encode(f"{user}:{secret.reveal()}".encode()).decode())


def _digest(*parts: str) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _is_sendable(token: str) -> bool:
    # Anything else breaks the header, and the error of the HTTP library would print it.
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def _lifetime(expires_in: Any) -> float:
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError, OverflowError):
        return _DEFAULT_LIFETIME
    return seconds if math.isfinite(seconds) else _DEFAULT_LIFETIME


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)  # takes numbers of any size, which orjson refuses
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _origin(url: httpx.URL) -> str:
    # httpx leaves a scheme's own port out, so equal origins have equal texts.
    return f"{url.scheme}://{url.netloc.decode()}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
