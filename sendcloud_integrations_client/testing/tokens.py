"""Authentication: HTTP Basic, Bearer tokens, and the token endpoint that issues them."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

import attrs

from .messages import RejectedRequest, Request, SimulatedResponse, build_error, build_json_response, build_rejection

__all__ = ["Authenticator", "Credentials", "Identity", "parse_identity"]

_SCOPE: Final = "api"
_FORM: Final = "application/x-www-form-urlencoded"
_NO_STORE: Final = (b"cache-control", b"no-store")


@attrs.frozen
class Credentials:
    """Credentials that the server accepts.

    Attributes:
        public_key: User name of HTTP Basic.
        secret_key: Password of HTTP Basic.
        client_id: OAuth2 client id.
        client_secret: OAuth2 client secret.
    """

    public_key: str
    secret_key: str = attrs.field(repr=False)
    client_id: str
    client_secret: str = attrs.field(repr=False)


@attrs.frozen
class _Token:
    expires_at: float
    scopes: frozenset[str]


class Identity(NamedTuple):
    """Whose credentials a request has: a public key, a client id, or an access token."""

    kind: Literal["public_key", "client_id", "token"]
    text: str


class Authenticator:
    """Checks credentials and issues tokens.

    Args:
        credentials: Accepted credentials.
        lifetime: Lifetime of a token in seconds.
        clock: Returns seconds from a clock that never goes backwards.

    Attributes:
        accepts_credentials: If False, the credentials and all tokens are rejected as expired.
    """

    accepts_credentials: bool

    def __init__(self, credentials: Credentials, lifetime: float, clock: Callable[[], float]) -> None:
        self.accepts_credentials = True
        self._credentials = credentials
        self._lifetime = lifetime
        self._clock = clock
        self._tokens: dict[str, _Token] = {}

    def authenticate(self, request: Request) -> str:
        """Check the credentials of a request.

        Returns:
            Key that identifies the credentials in the rate limit counters.

        Raises:
            RejectedRequest: With status 401 if the credentials are wrong, expired or missing; with status 403 if the
                token does not have the scope `api`.
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "basic":
                return self._authenticate_basic(value)
            case "bearer":
                return self._authenticate_bearer(value.strip())
            case _:
                raise _build_unauthorized("No credentials", "Authentication credentials were not provided.")

    def has_token(self, text: str) -> bool:
        """Return whether this account issued an access token that is still stored."""
        return text in self._tokens

    def issue_token(self, request: Request) -> SimulatedResponse:
        """Respond to a token request. Client credentials are in HTTP Basic or the form (RFC 6749, section 4.4)."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return _build_token_error(400, "invalid_request", f"the body must be {_FORM}")
        form = dict(parse_qsl(request.content.decode("utf-8", "replace"), keep_blank_values=True))
        if not self._is_known_client(request, form):
            return _build_token_error(401, "invalid_client", "client authentication failed")
        if form.get("grant_type") != "client_credentials":
            return _build_token_error(400, "unsupported_grant_type", "grant_type must be client_credentials")
        scopes = frozenset(form.get("scope", "").split())
        if scopes - {_SCOPE}:
            return _build_token_error(400, "invalid_scope", "the only scope is api")

        now = self._clock()
        self._tokens = {text: token for text, token in self._tokens.items() if token.expires_at > now}
        text = f"ory_at_{secrets.token_urlsafe(48)}"
        self._tokens[text] = _Token(now + self._lifetime, scopes)
        fields = {
            "access_token": text,
            "expires_in": int(self._lifetime),
            "scope": " ".join(scopes),
            "token_type": "bearer",
        }
        return build_json_response(200, fields, [_NO_STORE])

    def expire_tokens(self) -> None:
        """Invalidate all tokens issued so far."""
        self._tokens.clear()

    def _authenticate_basic(self, value: str) -> str:
        user, password = _parse_basic(value)
        expected = self._credentials
        if not (
            _is_equal(user, expected.public_key) & _is_equal(password, expected.secret_key) & self.accepts_credentials
        ):
            raise _build_unauthorized("Invalid username/password.", "The username or password provided is incorrect.")
        return f"key {user}"

    def _authenticate_bearer(self, value: str) -> str:
        token = self._tokens.get(value)
        if token is None or token.expires_at <= self._clock() or not self.accepts_credentials:
            raise _build_unauthorized("Invalid token.", "The access token is unknown or has expired.")
        if _SCOPE not in token.scopes:
            detail = "The access token does not have the required scope."
            raise build_rejection(403, build_error("403", "forbidden", "Forbidden", detail))
        return f"client {self._credentials.client_id}"

    def _is_known_client(self, request: Request, form: Mapping[str, str]) -> bool:
        client_id, client_secret = _parse_client(request, form)
        expected = self._credentials
        return (
            _is_equal(client_id, expected.client_id)
            & _is_equal(client_secret, expected.client_secret)
            & self.accepts_credentials
        )


def parse_identity(request: Request) -> Identity:
    """Return whose credentials a request has. The secret is not checked."""
    if request.operation == "token":
        form = dict(parse_qsl(request.content.decode("utf-8", "replace"), keep_blank_values=True))
        return Identity("client_id", _parse_client(request, form)[0])
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return Identity("public_key", _parse_basic(value)[0])
    return Identity("token", value.strip())


def _parse_client(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined for HTTP Basic.
    client_id, client_secret = _parse_basic(value)
    return unquote_plus(client_id), unquote_plus(client_secret)


def _parse_basic(value: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def _is_equal(actual: str, expected: str) -> bool:
    return hmac.compare_digest(actual.encode(), expected.encode())


def _build_unauthorized(title: str, detail: str) -> RejectedRequest:
    challenge = (b"www-authenticate", b'Basic realm="api"')
    return build_rejection(401, build_error("401", "authentication_failed", title, detail), headers=[challenge])


def _build_token_error(status: int, code: str, description: str) -> SimulatedResponse:
    headers = [_NO_STORE, (b"www-authenticate", b"Basic")] if status == 401 else [_NO_STORE]
    return build_json_response(status, {"error": code, "error_description": description}, headers)
