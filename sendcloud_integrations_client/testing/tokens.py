"""Who is calling: HTTP Basic, Bearer tokens, and the token endpoint that gives them out."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import attrs

from .messages import Answer, Refusal, Request, error, json_answer, refusal

__all__ = ["Credentials", "Gate"]

_SCOPE: Final = "api"
_FORM: Final = "application/x-www-form-urlencoded"
_NO_STORE: Final = (b"cache-control", b"no-store")


@attrs.frozen
class Credentials:
    """What the server accepts.

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
    expires: float
    scopes: frozenset[str]


class Gate:
    """Lets in who has the right credentials, and gives out tokens.

    Args:
        credentials: What is accepted.
        lifetime: Seconds that a token is valid.
        clock: Seconds, on any clock that does not go back.
    """

    def __init__(self, credentials: Credentials, lifetime: float, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._lifetime = lifetime
        self._clock = clock
        self._tokens: dict[str, _Token] = {}

    def admit(self, request: Request) -> str:
        """Check the credentials of a request.

        Returns:
            Whose request it is: the key that limits are counted by.

        Raises:
            Refusal: 401 for wrong, expired or missing credentials; 403 for a token without the scope `api`.
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "basic":
                return self._admit_basic(value)
            case "bearer":
                return self._admit_bearer(value.strip())
            case _:
                raise _unauthorized("No credentials", "Authentication credentials were not provided.")

    def issue(self, request: Request) -> Answer:
        """Answer a token request: client credentials by HTTP Basic or in the form (RFC 6749, 4.4)."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return _token_error(400, "invalid_request", f"the body must be {_FORM}")
        form = dict(parse_qsl(request.content.decode("utf-8", "replace"), keep_blank_values=True))
        if not self._is_client(request, form):
            return _token_error(401, "invalid_client", "client authentication failed")
        if form.get("grant_type") != "client_credentials":
            return _token_error(400, "unsupported_grant_type", "grant_type must be client_credentials")
        scopes = frozenset(form.get("scope", "").split())
        if scopes - {_SCOPE}:
            return _token_error(400, "invalid_scope", "the only scope is api")

        now = self._clock()
        self._tokens = {text: token for text, token in self._tokens.items() if token.expires > now}
        text = f"ory_at_{secrets.token_urlsafe(48)}"
        self._tokens[text] = _Token(now + self._lifetime, scopes)
        fields = {
            "access_token": text,
            "expires_in": int(self._lifetime),
            "scope": " ".join(scopes),
            "token_type": "bearer",
        }
        return json_answer(200, fields, [_NO_STORE])

    def expire_tokens(self) -> None:
        """Make every token given out so far invalid."""
        self._tokens.clear()

    def _admit_basic(self, value: str) -> str:
        user, password = _basic(value)
        expected = self._credentials
        if not (_same(user, expected.public_key) & _same(password, expected.secret_key)):
            raise _unauthorized("Invalid username/password.", "The username or password provided is incorrect.")
        return f"key {user}"

    def _admit_bearer(self, value: str) -> str:
        token = self._tokens.get(value)
        if token is None or token.expires <= self._clock():
            raise _unauthorized("Invalid token.", "The access token is unknown or has expired.")
        if _SCOPE not in token.scopes:
            detail = "The access token does not have the scope that this needs."
            raise refusal(403, error("403", "forbidden", "Forbidden", detail))
        return f"client {self._credentials.client_id}"

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            # RFC 6749, 2.3.1: both parts are form-encoded before they go into HTTP Basic.
            client_id, client_secret = map(unquote_plus, _basic(value))
        else:
            client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
        expected = self._credentials
        return _same(client_id, expected.client_id) & _same(client_secret, expected.client_secret)


def _basic(value: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _unauthorized(title: str, detail: str) -> Refusal:
    challenge = (b"www-authenticate", b'Basic realm="api"')
    return refusal(401, error("401", "authentication_failed", title, detail), headers=[challenge])


def _token_error(status: int, code: str, description: str) -> Answer:
    headers = [_NO_STORE, (b"www-authenticate", b"Basic")] if status == 401 else [_NO_STORE]
    return json_answer(status, {"error": code, "error_description": description}, headers)
