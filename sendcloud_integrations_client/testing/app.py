"""The simulated Sendcloud itself: what happens to a request, step by step, and what a test can ask of it."""

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
from .limits import RateLimits, SimulatedLimits
from .log_operations import LogOperations
from .log_order import LogOrder, log_book
from .messages import Answer, Receive, Refusal, Request, Scope, Send, error, refusal, send_answer
from .recording import RecordedRequest, record
from .routing import resolve
from .seeded_logs import SeededLogs
from .status_operations import StatusOperations
from .store import Store
from .tokens import Credentials, Gate

__all__ = ["SimulatedSendcloud"]

_REMEMBERED: Final = 10_000


class SimulatedSendcloud:
    """The Integrations API v3 of one account, as an ASGI application with state.

    The API is below `/api/v3`, the token endpoint at `/oauth2/token`. Everything it has at the start depends on `seed`
    alone, and is the same everywhere. One instance is one account: nothing is shared between instances. It answers
    in one event loop; faults may be asked for, requests looked at and the clock put forward from any thread.

    Args:
        seed: Decides what is in the integrations and the logs.
        integrations: How many integrations there are; their ids count from 1, and number 1 is a Prestashop v2 shop
            that has shop order statuses.
        logs: How many exception logs there are. They are made up when they are asked for: a million cost nothing.
        log_order: What logs are listed by, of which the contract promises nothing: `newest_first` and `oldest_first` go
            by when they came; `created_at` by what they say of themselves, latest first; `shuffled` by chance.
        public_key: User name of HTTP Basic.
        secret_key: Password of HTTP Basic.
        client_id: OAuth2 client id.
        client_secret: OAuth2 client secret.
        limits: Rate limits for each credentials; None for none. Token requests are not counted.
        clock: Seconds, for limits and tokens; by default `time.monotonic`.
        now: The time of day with a time zone, for timestamps; by default the time in UTC.
        token_lifetime: Seconds that an access token is valid.
        link_host: URL that the links to further pages start with. As with Sendcloud itself it need not be where the
            server is: whoever follows such a link leaves the simulation.

    Attributes:
        requests: The last 10,000 requests, oldest first, without their credentials.
        clock: The clock that limits, tokens and timestamps go by; `clock.advance(seconds)` puts it forward.
        credentials: What is accepted, and what its clients log in with.
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
        secret_key: str = "secret",  # noqa: S107 - nothing real opens with it
        client_id: str = "client",
        client_secret: str = "client-secret",  # noqa: S107
        limits: SimulatedLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        token_lifetime: float = 3600,
        link_host: str = "https://panel.sendcloud.sc/api/v3",
    ) -> None:
        if integrations < 0 or logs < 0:
            raise ValueError("integrations and logs must not be negative")
        self.requests = deque(maxlen=_REMEMBERED)
        self._faults = FaultList()
        self.clock = SimulatedClock(clock, now)
        self.credentials = Credentials(public_key, secret_key, client_id, client_secret)
        self._limits = RateLimits(limits, self.clock.seconds)
        self._gate = Gate(self.credentials, token_lifetime, self.clock.seconds)

        store = Store(seed, integrations)
        book = log_book(SeededLogs(seed, integrations, logs), log_order, seed)
        of_integrations = IntegrationOperations(store, self.clock.now)
        of_logs = LogOperations(store, book, link_host.rstrip("/"), self.clock.now)
        of_statuses = StatusOperations(store, self.clock.now)
        self._handlers: dict[str, Callable[[Request], Answer]] = {
            "list_integrations": of_integrations.list_integrations,
            "retrieve_integration": of_integrations.retrieve_integration,
            "update_integration": of_integrations.update_integration,
            "delete_integration": of_integrations.delete_integration,
            "list_logs": of_logs.list_logs,
            "list_integration_logs": of_logs.list_integration_logs,
            "create_integration_log": of_logs.create_integration_log,
            "list_shop_order_statuses": of_statuses.list_shop_order_statuses,
            "replace_shop_order_statuses": of_statuses.replace_shop_order_statuses,
            "retrieve_status_mapping": of_statuses.retrieve_status_mapping,
            "replace_status_mapping": of_statuses.replace_status_mapping,
        }

    def fail_next(
        self,
        operation: str,
        count: int = 1,
        status: int = 500,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next calls of an operation with an error, and do nothing of what they ask.

        Args:
            operation: Name of the operation, such as `list_logs`; `*` for any.
            count: How many calls fail.
            status: HTTP status.
            body: Bytes and text as they are (text that starts with `<` as HTML), else JSON; None for an error in
                Sendcloud's shape.
            headers: Headers of the answer, such as `{"Retry-After": "1"}`.

        Raises:
            ValueError: There is no such operation.
        """
        self.add_fault(Fault(operation, count=count, status=status, body=body, headers=headers or {}))

    def reset_next(self, operation: str, count: int = 1, *, acted: bool = False) -> None:
        """Reset the connection of the next calls of an operation, with no answer.

        In process, without a connection, `httpx.ReadError` is raised.

        Args:
            operation: Name of the operation; `*` for any.
            count: How many calls.
            acted: Do what the call asks first: only its answer is lost.
        """
        self.add_fault(Fault(operation, "reset", count=count, acted=acted))

    def cut_next(self, operation: str, count: int = 1) -> None:
        """Do what the next calls of an operation ask, and break the connection in the middle of the answer's body.

        In process, without a connection, `httpx.RemoteProtocolError` is raised.

        Args:
            operation: Name of the operation; `*` for any.
            count: How many calls.
        """
        self.add_fault(Fault(operation, "cut", count=count))

    def delay(self, operation: str, seconds: float, count: int | None = None) -> None:
        """Answer calls of an operation later.

        Args:
            operation: Name of the operation; `*` for any.
            seconds: How much later; delays add up.
            count: How many calls; None for all until `clear_faults()`.
        """
        self.add_fault(Fault(operation, "delay", seconds=seconds, count=count))

    def add_fault(self, fault: Fault) -> None:
        """Let a fault happen, after those already waiting for the same operation."""
        self._faults.add(fault)

    def clear_faults(self) -> None:
        """Forget all faults that are still to happen."""
        self._faults.clear()

    def expire_tokens(self) -> None:
        """Make every access token given out so far invalid."""
        self._gate.expire_tokens()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"the simulated Sendcloud speaks HTTP, not {scope['type']}")
        content = b"" if scope["method"] == "GET" else await _content(receive)
        if content is None:
            return

        path = scope["path"].removeprefix(scope.get("root_path", ""))
        methods, id_text = resolve(path) or ({}, "")
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
        self.requests.append(record(request))

        delay, fault = self._faults.take(request.operation)
        if delay:
            await asyncio.sleep(delay)
        match fault:
            case None:
                await send_answer(self._answer(request, methods), send)
            case Fault(kind="cut"):
                await cut_connection(self._answer(request, methods), scope, receive, send)
            case _:
                if fault.acted:
                    self._answer(request, methods)
                if fault.kind == "reset":
                    await reset_connection(scope, receive)
                else:
                    await send_answer(fault.answer(), send)

    def _answer(self, request: Request, methods: Mapping[str, str]) -> Answer:
        try:
            if not methods:
                raise refusal(404, error("404", "not_found", "Not Found", "There is nothing at this address"))
            if not request.operation:
                allowed = (b"allow", ", ".join(methods).encode())
                detail = f"Method {request.method} not allowed"
                raise refusal(405, error("405", "invalid", "Method Not Allowed", detail), headers=[allowed])
            if request.operation == "token":
                return self._gate.issue(request)
            self._limits.count(self._gate.admit(request), safe=request.method == "GET")
            return self._handlers[request.operation](request)
        except Refusal as refused:
            return refused.answer


async def _content(receive: Receive) -> bytes | None:
    """The whole body; None if the caller went away before it was complete."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
