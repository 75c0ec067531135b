"""`SimulatedAccount`: data, limits and credentials of one account, and the methods with which tests arrange them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Unpack

import attrs

from .clock import SimulatedClock
from .fields import IntegrationFields, LogFields, encode_integration_fields, encode_log_fields
from .integration_operations import IntegrationOperations
from .limits import RateLimitCounter, SimulatedLimits
from .log_operations import LogOperations
from .log_order import LogOrder, build_log_book
from .messages import Request, SimulatedResponse
from .scenarios import Scenario, build_scenario
from .seeded_logs import SeededLogs
from .status_operations import StatusOperations
from .store import Integration, Store
from .timeline import Timeline
from .tokens import Authenticator, Credentials, Identity

__all__ = ["AccountOptions", "SimulatedAccount"]


@attrs.frozen
class AccountOptions:
    """Options of an account: see `SimulatedSendcloud`."""

    seed: int
    scenario: Scenario
    integrations: int | None
    logs: int | None
    log_order: LogOrder
    limits: SimulatedLimits | None
    token_lifetime: float
    link_host: str

    def __attrs_post_init__(self) -> None:
        if (self.integrations or 0) < 0 or (self.logs or 0) < 0:
            raise ValueError("Invalid integrations or logs: must not be negative.")


class SimulatedAccount:
    """One account of a simulated Sendcloud. `SimulatedSendcloud.add_account` creates it.

    All methods are thread-safe.

    Attributes:
        credentials: Credentials of the account.
    """

    credentials: Credentials

    def __init__(self, credentials: Credentials, options: AccountOptions, clock: SimulatedClock) -> None:
        self.credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._limits = RateLimitCounter(options.limits, clock.seconds)
        self._authenticator = Authenticator(credentials, options.token_lifetime, clock.seconds)
        self._authenticator.accepts_credentials = options.scenario != "expired_credentials"

        plan = build_scenario(options.scenario, options.seed, options.integrations, options.logs)
        timeline = Timeline(plan, options.seed, int(clock.now().timestamp()))
        self._store = Store(options.seed, plan.integrations, clock.now(), timeline.failing_since)
        self._log_book = build_log_book(SeededLogs(options.seed, timeline), options.log_order, options.seed)
        integration_operations = IntegrationOperations(self._store, clock.now)
        self._log_operations = LogOperations(self._store, self._log_book, options.link_host.rstrip("/"), clock.now)
        status_operations = StatusOperations(self._store, clock.now)
        self._handlers: dict[str, Callable[[Request], SimulatedResponse]] = {
            "list_integrations": integration_operations.list_integrations,
            "retrieve_integration": integration_operations.retrieve_integration,
            "update_integration": integration_operations.update_integration,
            "delete_integration": integration_operations.delete_integration,
            "list_logs": self._log_operations.list_logs,
            "list_integration_logs": self._log_operations.list_integration_logs,
            "create_integration_log": self._log_operations.create_integration_log,
            "list_shop_order_statuses": status_operations.list_shop_order_statuses,
            "replace_shop_order_statuses": status_operations.replace_shop_order_statuses,
            "retrieve_status_mapping": status_operations.retrieve_status_mapping,
            "replace_status_mapping": status_operations.replace_status_mapping,
        }

    def set_integration(self, integration_id: int, **fields: Unpack[IntegrationFields]) -> None:
        """Change an integration, for example to make its shop fail.

        Args:
            integration_id: The integration.
            **fields: The fields to change: see `IntegrationFields`.

        Raises:
            TypeError: If a field is unknown.
            ValueError: If the integration does not exist, or a value is invalid.

        Example:
            sendcloud.set_integration(2, shop_name="My shop", failing_since=datetime.now(UTC))
        """
        encoded = encode_integration_fields(fields)
        with self._lock:
            integration = self._get_integration(integration_id)
            integration.fields = integration.fields | encoded

    def add_integration(self, **fields: Unpack[IntegrationFields]) -> int:
        """Add an integration that does not fail and has no logs.

        Args:
            **fields: Fields that differ from the defaults: see `IntegrationFields`.

        Returns:
            The id of the integration.

        Raises:
            TypeError: If a field is unknown.
            ValueError: If a value is invalid.
        """
        encoded = encode_integration_fields(fields)
        with self._lock:
            return self._store.add(encoded, self._clock.now())

    def remove_integration(self, integration_id: int) -> None:
        """Remove an integration. The list of all logs still contains its logs.

        Args:
            integration_id: The integration.

        Raises:
            ValueError: If the integration does not exist.
        """
        with self._lock:
            self._get_integration(integration_id)
            del self._store.integrations[integration_id]

    def add_log(self, integration_id: int, **fields: Unpack[LogFields]) -> int:
        """Add an exception log. With the log order `newest_first`, it is listed first, whatever its `created_at` is.

        The log does not mark the integration as failing: see `set_integration`.

        Args:
            integration_id: The integration.
            **fields: Fields that differ from the defaults: see `LogFields`.

        Returns:
            The id of the log.

        Raises:
            TypeError: If a field is unknown.
            ValueError: If the integration does not exist, or a value is invalid.

        Example:
            sendcloud.add_log(2, exception="Read timed out", response_code=504)
        """
        encoded = encode_log_fields(fields)
        with self._lock:
            return self._log_operations.add_log(self._get_integration(integration_id), encoded)

    def reject_credentials(self) -> None:
        """Reject the credentials and tokens of the account with 401 until `accept_credentials()`."""
        self._authenticator.accepts_credentials = False

    def accept_credentials(self) -> None:
        """Accept the credentials and tokens of the account again."""
        self._authenticator.accepts_credentials = True

    def expire_tokens(self) -> None:
        """Invalidate all access tokens issued so far."""
        self._authenticator.expire_tokens()

    def has_token(self, identity: Identity) -> bool:
        """Return whether the account issued the access token of a request."""
        return identity.kind == "token" and self._authenticator.has_token(identity.text)

    def respond(self, request: Request) -> SimulatedResponse:
        """Process a request.

        Raises:
            RejectedRequest: If the request is rejected.
        """
        with self._lock:
            if request.operation == "token":
                return self._authenticator.issue_token(request)
            self._limits.count_call(self._authenticator.authenticate(request), is_read=request.method == "GET")
            return self._handlers[request.operation](request)

    def _get_integration(self, integration_id: int) -> Integration:
        integration = self._store.integrations.get(integration_id)
        if integration is None:
            raise ValueError(f"Unknown integration {integration_id}: the account has no integration with this id.")
        return integration
