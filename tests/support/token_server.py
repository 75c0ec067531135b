"""Test doubles for OAuth2: a transport that serves API and token endpoint, token stores, and clients for them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from sendcloud_integrations_client.auth import (
    AccessToken,
    BasicAuth,
    MemoryTokenStore,
    OAuth2ClientCredentials,
    OriginGuard,
    TokenErrorTransport,
)

API_URL = "https://panel.sendcloud.sc/api/v3"
TOKEN_URL = "https://account.sendcloud.com/oauth2/token"
CLIENT_SECRET = "s3cr3t-client+secret/&="


class TokenServer(httpx.AsyncBaseTransport):
    """Serves the API and the token endpoint; issues token-1, token-2, …

    Attributes:
        token_requests: The token requests in order.
        api_requests: Bearer token and body of each API request in order.
        accepted_tokens: Tokens that the API accepts; None accepts any.
        expires_in: Lifetime in token responses; None leaves it out.
        token_responses: Responses or errors for the next token requests, in place of a token.
        token_gate: Token requests wait until it is set; None lets them pass.
        token_requested: Set when a token request arrives.
    """

    def __init__(self) -> None:
        self.token_requests: list[httpx.Request] = []
        self.api_requests: list[tuple[str, bytes]] = []
        self.accepted_tokens: set[str] | None = None
        self.expires_in: object = 3600
        self.token_responses: list[httpx.Response | Exception] = []
        self.token_gate: asyncio.Event | None = None
        self.token_requested = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if str(request.url).startswith(TOKEN_URL):
            return await self._handle_token_request(request)
        await asyncio.sleep(0)
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.api_requests.append((token, await request.aread()))
        is_accepted = self.accepted_tokens is None or token in self.accepted_tokens
        return httpx.Response(200 if is_accepted else 401, json={"data": []})

    async def _handle_token_request(self, request: httpx.Request) -> httpx.Response:
        self.token_requests.append(request)
        number = len(self.token_requests)
        self.token_requested.set()
        await asyncio.sleep(0)
        if self.token_gate:
            await self.token_gate.wait()
        if self.token_responses:
            response = self.token_responses.pop(0)
            if isinstance(response, Exception):
                raise response
            return response
        body = {"access_token": f"token-{number}", "scope": "api", "token_type": "bearer"}
        return httpx.Response(200, json=body | ({} if self.expires_in is None else {"expires_in": self.expires_in}))

    @property
    def tokens(self) -> list[str]:
        """The token of each API request in order."""
        return [token for token, _ in self.api_requests]


class RecordingTokenStore(MemoryTokenStore):
    """Token store that records its calls and can be filled before the key is known.

    Attributes:
        keys: All keys that were passed to `load` and `save`.
        load_count: Number of calls of `load`.
        saved: The token last saved.
    """

    def __init__(self) -> None:
        super().__init__()
        self.keys: set[str] = set()
        self.load_count = 0
        self.saved: AccessToken | None = None
        self._preset: AccessToken | None = None

    async def load(self, key: str) -> AccessToken | None:
        self.keys.add(key)
        self.load_count += 1
        await asyncio.sleep(0)
        return self._preset or await super().load(key)

    async def save(self, key: str, token: AccessToken) -> None:
        self.keys.add(key)
        await asyncio.sleep(0)
        self._preset = None
        self.saved = token
        await super().save(key, token)

    def preset(self, value: str, *, seconds: float) -> None:
        """Make a token with a lifetime of `seconds` the stored token, as another process would."""
        self._preset = AccessToken(value, time.time() + seconds, "api")


class BrokenTokenStore:
    """Token store that raises errors whose text contains the token."""

    async def load(self, key: str) -> AccessToken | None:
        raise RuntimeError("cannot load token-1")

    async def save(self, key: str, token: AccessToken) -> None:
        raise RuntimeError(f"cannot save {token.value}")


def build_oauth2(**options: Any) -> OAuth2ClientCredentials:
    """Return OAuth2 credentials with the id `client-id` and `CLIENT_SECRET`."""
    return OAuth2ClientCredentials("client-id", CLIENT_SECRET, **options)


def build_client(transport: httpx.AsyncBaseTransport, auth: BasicAuth | OAuth2ClientCredentials) -> httpx.AsyncClient:
    """Return an httpx client that authenticates as the package's own client does."""
    return httpx.AsyncClient(
        auth=OriginGuard(auth, httpx.URL(API_URL)), transport=TokenErrorTransport(transport), base_url=API_URL
    )


async def get_first_authorization(auth: BasicAuth | OAuth2ClientCredentials) -> str:
    """Return the `Authorization` header of the first request that the credentials send, a token request included."""
    flow = auth.async_auth_flow(httpx.Request("GET", API_URL))
    request = await anext(flow)
    await flow.aclose()
    return request.headers["Authorization"]
