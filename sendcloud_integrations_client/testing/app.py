"""`SimulatedSendcloud`: request handling, and the methods with which tests control it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Unpack
from urllib.parse import parse_qsl

import attrs

from .account import AccountOptions, SimulatedAccount
from .clock import SimulatedClock
from .faults import Fault, FaultList, cut_connection, reset_connection, wait_unless_disconnected
from .fields import IntegrationFields, LogFields
from .limits import SimulatedLimits
from .log_order import LogOrder
from .messages import (
    Receive,
    RejectedRequest,
    Request,
    Scope,
    Send,
    SimulatedResponse,
    build_error,
    build_rejection,
    send_response,
)
from .recording import RecordedRequest, record_request
from .routing import resolve_path
from .scenarios import Scenario
from .tokens import Credentials, parse_identity

__all__ = ["SimulatedSendcloud"]

_MAX_RECORDED_REQUESTS: Final = 10_000


class SimulatedSendcloud:
    """A simulation of the Integrations API v3, as a stateful ASGI application.

    The API is served below `/api/v3`, and the token endpoint at `/oauth2/token`. The server has one account, and
    `add_account` adds more. The initial data depends only on the options below, so it is the same on every machine; its
    timestamps are relative to the server's clock when the account is created. Instances share nothing. Requests must be
    served in one event loop. All methods, `requests` and `clock` can be used from any thread.

    Args:
        seed: Seed of the generated integrations and logs. Defaults to 0.
        scenario: Which shops fail, and when. `mixed`, the default: a few shops cause most failures; some of them still
            fail, others have recovered. `healthy`: no shop fails, and there are few logs. `one_shop_failing`: one shop
            has rejected its credentials for two days. `expired_credentials`: as `mixed`, but the server rejects the
            account's credentials with 401. `large_account`: as `mixed`, with 1,000 integrations and a million logs.
            `bursty`: most logs arrive in bursts of a few minutes, and the last burst has not ended.
        integrations: Number of integrations. Their ids start at 1, and integration 1 is a Prestashop v2 shop with shop
            order statuses. None, the default, selects the number of the scenario: 10 for `mixed`.
        logs: Number of exception logs. They are computed on demand, so a million logs use no memory. None, the default,
            selects the number of the scenario: 1,000 for `mixed`.
        log_order: Order of the log lists, which the OpenAPI document does not specify: `newest_first` and
            `oldest_first` sort by arrival; `created_at` sorts by that field, latest first; `shuffled` is a
            pseudo-random order. With `equal_created_at_repeated` and `equal_created_at_skipped`, which sort like
            `created_at`, four logs each have the same `created_at`, and the page after one that ends within such a
            group repeats the group or skips the rest of it. Defaults to `newest_first`.
        public_key: User name of HTTP Basic. Defaults to `public`.
        secret_key: Password of HTTP Basic. Defaults to `secret`.
        client_id: OAuth2 client id. Defaults to `client`.
        client_secret: OAuth2 client secret. Defaults to `client-secret`.
        limits: Rate limits per set of credentials; None, the default, disables them. Token requests are not counted.
        clock: Returns seconds, for rate limits and tokens. Defaults to `time.monotonic`.
        now: Returns the current time with a time zone, for timestamps. Defaults to the current time in UTC.
        token_lifetime: Lifetime of an access token in seconds. Defaults to 3600.
        link_host: Start of the URLs in `Link` headers. As with Sendcloud itself, it can differ from the base URL of the
            server; a client that follows such a link leaves the simulation.

    Raises:
        ValueError: If `integrations` or `logs` is negative, or `scenario` or `log_order` is unknown.

    Attributes:
        requests: The last 10,000 requests, oldest first, without their credentials.
        clock: Clock for rate limits, tokens and timestamps. `clock.advance(seconds)` advances it.
        credentials: Credentials of the first account.
    """

    requests: deque[RecordedRequest]
    clock: SimulatedClock
    credentials: Credentials

    def __init__(
        self,
        *,
        seed: int = 0,
        scenario: Scenario = "mixed",
        integrations: int | None = None,
        logs: int | None = None,
        log_order: LogOrder = "newest_first",
        public_key: str = "public",
        secret_key: str = "secret",  # noqa: S107 - protects nothing
        client_id: str = "client",
        client_secret: str = "client-secret",  # noqa: S107
        limits: SimulatedLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        token_lifetime: float = 3600,
        link_host: str = "https://panel.sendcloud.sc/api/v3",
    ) -> None:
        self.requests = deque(maxlen=_MAX_RECORDED_REQUESTS)
        self._faults = FaultList()
        self.clock = SimulatedClock(clock, now)
        self.credentials = Credentials(public_key, secret_key, client_id, client_secret)
        options = AccountOptions(seed, scenario, integrations, logs, log_order, limits, token_lifetime, link_host)
        self._options = options
        self._account = SimulatedAccount(self.credentials, options, self.clock)
        self._accounts = [self._account]
        self._accounts_by_identity = {
            ("public_key", public_key): self._account,
            ("client_id", client_id): self._account,
        }

    def add_account(
        self,
        public_key: str,
        secret_key: str,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        seed: int | None = None,
        scenario: Scenario = "mixed",
        integrations: int | None = None,
        logs: int | None = None,
        log_order: LogOrder = "newest_first",
        limits: SimulatedLimits | None = None,
    ) -> SimulatedAccount:
        """Add an account with its own credentials, integrations, logs, tokens and rate limits.

        Faults, `requests` and the clock belong to the server and concern all accounts.

        Args:
            public_key: User name of HTTP Basic.
            secret_key: Password of HTTP Basic.
            client_id: OAuth2 client id. Defaults to `public_key`.
            client_secret: OAuth2 client secret. Defaults to `secret_key`.
            seed: Seed of the generated data. None, the default, selects a different one for each account.
            scenario: Which shops fail, and when. Defaults to `mixed`.
            integrations: Number of integrations. None, the default, selects the number of the scenario.
            logs: Number of exception logs. None, the default, selects the number of the scenario.
            log_order: Order of the log lists. Defaults to `newest_first`.
            limits: Rate limits of the account; None, the default, disables them.

        Returns:
            The account. It has the methods `set_integration`, `add_integration`, `remove_integration` and `add_log`.

        Raises:
            ValueError: If another account has the same public key or client id, or an option is invalid.
        """
        credentials = Credentials(
            public_key,
            secret_key,
            public_key if client_id is None else client_id,
            secret_key if client_secret is None else client_secret,
        )
        identities = [("public_key", credentials.public_key), ("client_id", credentials.client_id)]
        for identity in identities:
            if identity in self._accounts_by_identity:
                raise ValueError(f"Invalid {identity[0]}: another account of this server has the same one.")
        options = attrs.evolve(
            self._options,
            seed=self._options.seed + len(self._accounts) if seed is None else seed,
            scenario=scenario,
            integrations=integrations,
            logs=logs,
            log_order=log_order,
            limits=limits,
        )
        account = SimulatedAccount(credentials, options, self.clock)
        self._accounts.append(account)
        self._accounts_by_identity |= dict.fromkeys(identities, account)
        return account

    def get_environment(self, base_url: str) -> dict[str, str]:
        """Return environment variables with which `SendcloudIntegrations()` connects to the first account.

        Args:
            base_url: Base URL of the API, as `serve` returns it.
        """
        return {
            "SENDCLOUD_BASE_URL": base_url,
            "SENDCLOUD_PUBLIC_KEY": self.credentials.public_key,
            "SENDCLOUD_SECRET_KEY": self.credentials.secret_key,
            "SENDCLOUD_TOKEN_URL": base_url.removesuffix("/api/v3") + "/oauth2/token",
        }

    def set_integration(self, integration_id: int, **fields: Unpack[IntegrationFields]) -> None:
        """Change an integration of the first account: see `SimulatedAccount.set_integration`."""
        self._account.set_integration(integration_id, **fields)

    def add_integration(self, **fields: Unpack[IntegrationFields]) -> int:
        """Add an integration to the first account, and return its id: see `SimulatedAccount.add_integration`."""
        return self._account.add_integration(**fields)

    def remove_integration(self, integration_id: int) -> None:
        """Remove an integration from the first account: see `SimulatedAccount.remove_integration`."""
        self._account.remove_integration(integration_id)

    def add_log(self, integration_id: int, **fields: Unpack[LogFields]) -> int:
        """Add an exception log to the first account, and return its id: see `SimulatedAccount.add_log`."""
        return self._account.add_log(integration_id, **fields)

    def reject_credentials(self) -> None:
        """Reject the credentials and tokens of the first account with 401 until `accept_credentials()`."""
        self._account.reject_credentials()

    def accept_credentials(self) -> None:
        """Accept the credentials and tokens of the first account again."""
        self._account.accept_credentials()

    def fail_next(
        self,
        operation: str,
        count: int = 1,
        status: int = 500,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Return an error response to the next calls of an operation, without processing them.

        Args:
            operation: Name of the operation, such as `list_logs`; `*` for all operations. docs/testing.md lists them.
            count: Number of calls that fail. Defaults to 1.
            status: HTTP status, from 200 to 599. Defaults to 500.
            body: Response body. Bytes and text are sent unchanged (text that starts with `<` as HTML), other values as
                JSON. None, the default, sends an error in Sendcloud's format.
            headers: Response headers, such as `{"Retry-After": "1"}`.

        Raises:
            ValueError: If the operation is unknown, `count` is negative, or `status` is not between 200 and 599.
        """
        self.add_fault(Fault(operation, count=count, status=status, body=body, headers=headers or {}))

    def reset_next(self, operation: str, count: int = 1, *, acted: bool = False) -> None:
        """Reset the connection of the next calls of an operation without a response.

        With `httpx.ASGITransport`, which has no connection, `httpx.ReadError` is raised.

        Args:
            operation: Name of the operation; `*` for all operations.
            count: Number of calls. Defaults to 1.
            acted: Process the call first, so that only its response is lost. Defaults to False.

        Raises:
            ValueError: If the operation is unknown or `count` is negative.
        """
        self.add_fault(Fault(operation, "reset", count=count, acted=acted))

    def cut_next(self, operation: str, count: int = 1) -> None:
        """Process the next calls of an operation, then close the connection in the middle of the response body.

        With `httpx.ASGITransport`, which has no connection, `httpx.RemoteProtocolError` is raised.

        Args:
            operation: Name of the operation; `*` for all operations.
            count: Number of calls. Defaults to 1.

        Raises:
            ValueError: If the operation is unknown or `count` is negative.
        """
        self.add_fault(Fault(operation, "cut", count=count))

    def delay(self, operation: str, seconds: float, count: int | None = None) -> None:
        """Delay the responses to the calls of an operation. A call whose client disconnects is processed immediately.

        Args:
            operation: Name of the operation; `*` for all operations.
            seconds: Delay in seconds. Several delays add up.
            count: Number of calls. None, the default, delays all calls until `clear_faults()`.

        Raises:
            ValueError: If the operation is unknown, or `seconds` or `count` is negative.
        """
        self.add_fault(Fault(operation, "delay", seconds=seconds, count=count))

    def add_fault(self, fault: Fault) -> None:
        """Add a fault. It occurs after the pending faults for the same operation."""
        self._faults.add(fault)

    def clear_faults(self) -> None:
        """Remove all pending faults."""
        self._faults.clear()

    def expire_tokens(self) -> None:
        """Invalidate all access tokens issued so far, of all accounts."""
        for account in self._accounts:
            account.expire_tokens()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI 3)."""
        if scope["type"] == "lifespan":
            await _handle_lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(
                f"Invalid ASGI scope type {scope['type']}: the simulated Sendcloud supports only http and lifespan."
            )
        content = b"" if scope["method"] == "GET" else await _read_body(receive)
        if content is None:
            return

        path = scope["path"].removeprefix(scope.get("root_path", ""))
        methods, id_text = resolve_path(path) or ({}, "")
        query_string = scope["query_string"].decode("latin-1")
        request = Request(
            operation=methods.get(scope["method"], ""),
            method=scope["method"],
            path=path,
            id=id_text,
            query_string=query_string,
            query=dict(parse_qsl(query_string, keep_blank_values=True)) if query_string else {},
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            content=content,
        )
        self.requests.append(record_request(request))

        delay, fault = self._faults.take(request.operation)
        if delay:
            await wait_unless_disconnected(delay, receive)
        match fault:
            case None:
                await send_response(self._respond(request, methods), send)
            case Fault(kind="cut"):
                await cut_connection(self._respond(request, methods), scope, receive, send)
            case _:
                if fault.acted:
                    self._respond(request, methods)
                if fault.kind == "reset":
                    await reset_connection(scope, receive)
                else:
                    await send_response(fault.build_response(), send)

    def _respond(self, request: Request, methods: Mapping[str, str]) -> SimulatedResponse:
        try:
            if not methods:
                raise build_rejection(404, build_error("404", "not_found", "Not Found", "No operation has this path"))
            if not request.operation:
                allowed = (b"allow", ", ".join(methods).encode())
                detail = f"Method {request.method} not allowed"
                raise build_rejection(
                    405, build_error("405", "invalid", "Method Not Allowed", detail), headers=[allowed]
                )
            return self._find_account(request).respond(request)
        except RejectedRequest as rejection:
            return rejection.response

    def _find_account(self, request: Request) -> SimulatedAccount:
        """Return the account whose credentials a request has; the first one, which rejects it, if it is missing."""
        if len(self._accounts) == 1:
            return self._account
        identity = parse_identity(request)
        if identity.kind == "token":
            return next((account for account in self._accounts if account.has_token(identity)), self._account)
        return self._accounts_by_identity.get((identity.kind, identity.text), self._account)


async def _read_body(receive: Receive) -> bytes | None:
    """Return the request body; None if the client disconnected before it was complete."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _handle_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
