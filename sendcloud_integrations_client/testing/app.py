"""`SimulatedSendcloud`: request handling, and the methods with which tests control it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from .clock import SimulatedClock
from .faults import Fault, FaultList, cut_connection, reset_connection
from .integration_operations import IntegrationOperations
from .limits import RateLimitCounter, SimulatedLimits
from .log_operations import LogOperations
from .log_order import LogOrder, build_log_book
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
from .seeded_logs import SeededLogs
from .status_operations import StatusOperations
from .store import Store
from .tokens import Authenticator, Credentials

__all__ = ["SimulatedSendcloud"]

_MAX_RECORDED_REQUESTS: Final = 10_000


class SimulatedSendcloud:
    """A simulation of the Integrations API v3 for one account, as a stateful ASGI application.

    The API is served below `/api/v3`, and the token endpoint at `/oauth2/token`. The initial data depends only on
    `seed`, so it is the same on every machine. Each instance is a separate account and shares nothing with other
    instances. Requests must be served in one event loop. Adding faults, reading `requests` and advancing the clock are
    possible from any thread.

    Args:
        seed: Seed of the generated integrations and logs. Defaults to 0.
        integrations: Number of integrations. Their ids start at 1, and integration 1 is a Prestashop v2 shop with shop
            order statuses. Defaults to 10.
        logs: Number of exception logs. They are computed on demand, so a million logs use no memory. Defaults to 1000.
        log_order: Order of the log lists, which the OpenAPI document does not specify: `newest_first` and
            `oldest_first` sort by arrival; `created_at` sorts by that field, latest first; `shuffled` is a
            pseudo-random order. Defaults to `newest_first`.
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
        ValueError: If `integrations` or `logs` is negative, or `log_order` is unknown.

    Attributes:
        requests: The last 10,000 requests, oldest first, without their credentials.
        clock: Clock for rate limits, tokens and timestamps. `clock.advance(seconds)` advances it.
        credentials: Credentials that the server accepts.
    """

    requests: deque[RecordedRequest]
    clock: SimulatedClock
    credentials: Credentials

    def __init__(
        self,
        *,
        seed: int = 0,
        integrations: int = 10,
        logs: int = 1000,
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
        if integrations < 0 or logs < 0:
            raise ValueError("Invalid integrations or logs: must not be negative.")
        self.requests = deque(maxlen=_MAX_RECORDED_REQUESTS)
        self._faults = FaultList()
        self.clock = SimulatedClock(clock, now)
        self.credentials = Credentials(public_key, secret_key, client_id, client_secret)
        self._limits = RateLimitCounter(limits, self.clock.seconds)
        self._authenticator = Authenticator(self.credentials, token_lifetime, self.clock.seconds)

        store = Store(seed, integrations)
        log_book = build_log_book(SeededLogs(seed, integrations, logs), log_order, seed)
        integration_operations = IntegrationOperations(store, self.clock.now)
        log_operations = LogOperations(store, log_book, link_host.rstrip("/"), self.clock.now)
        status_operations = StatusOperations(store, self.clock.now)
        self._handlers: dict[str, Callable[[Request], SimulatedResponse]] = {
            "list_integrations": integration_operations.list_integrations,
            "retrieve_integration": integration_operations.retrieve_integration,
            "update_integration": integration_operations.update_integration,
            "delete_integration": integration_operations.delete_integration,
            "list_logs": log_operations.list_logs,
            "list_integration_logs": log_operations.list_integration_logs,
            "create_integration_log": log_operations.create_integration_log,
            "list_shop_order_statuses": status_operations.list_shop_order_statuses,
            "replace_shop_order_statuses": status_operations.replace_shop_order_statuses,
            "retrieve_status_mapping": status_operations.retrieve_status_mapping,
            "replace_status_mapping": status_operations.replace_status_mapping,
        }

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
            operation: Name of the operation, such as `list_logs`; `*` for all operations.
            count: Number of calls that fail. Defaults to 1.
            status: HTTP status. Defaults to 500.
            body: Response body. Bytes and text are sent unchanged (text that starts with `<` as HTML), other values as
                JSON. None, the default, sends an error in Sendcloud's format.
            headers: Response headers, such as `{"Retry-After": "1"}`.

        Raises:
            ValueError: If the operation is unknown, `count` is negative, or `status` is less than 200.
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
        """Delay the responses to the calls of an operation.

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
        """Invalidate all access tokens issued so far."""
        self._authenticator.expire_tokens()

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
            await asyncio.sleep(delay)
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
            if request.operation == "token":
                return self._authenticator.issue_token(request)
            self._limits.count_call(self._authenticator.authenticate(request), is_read=request.method == "GET")
            return self._handlers[request.operation](request)
        except RejectedRequest as rejection:
            return rejection.response


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
