"""Request handlers of the operations on integrations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from .formats import format_utc
from .messages import Request, SimulatedResponse, build_error, build_json_response, build_not_found, build_rejection
from .schemas import UPDATE_INTEGRATION
from .store import Integration, Store
from .validation import parse_json_object

__all__ = ["IntegrationOperations"]

_SORT_FIELDS: Final = {
    "integration_type": "type",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "last_fetch": "last_fetched_at",
    "failing_since": "started_failing_at",
}


class IntegrationOperations:
    """Handlers that list, retrieve, update and delete integrations.

    Args:
        store: The account's integrations.
        now: Returns the current time, with a time zone.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def list_integrations(self, request: Request) -> SimulatedResponse:
        """List all integrations. An unknown `sort` is ignored: the OpenAPI document declares no 400 response."""
        rows = [integration.fields for integration in self._store.integrations.values()]
        order = request.query.get("sort", "")
        field = _SORT_FIELDS.get(order.removeprefix("-"))
        if field is None:
            rows.sort(key=lambda row: (_last_if_null(row["last_fetched_at"]), row["created_at"], row["id"]))
        else:
            rows.sort(key=lambda row: (_last_if_null(row[field]), row["id"]), reverse=order.startswith("-"))
        return build_json_response(200, {"data": rows})

    def retrieve_integration(self, request: Request) -> SimulatedResponse:
        """Retrieve one integration."""
        return build_json_response(200, {"data": self._find(request).fields})

    def update_integration(self, request: Request) -> SimulatedResponse:
        """Change the fields in the request body. Unknown fields are ignored."""
        integration = self._find(request)
        body = parse_json_object(request, UPDATE_INTEGRATION, status="400")
        changes = {name: value for name, value in body.items() if name in UPDATE_INTEGRATION["properties"]}
        fields = integration.fields | changes | {"updated_at": format_utc(self._now())}
        if fields["webhook_active"] and fields["webhook_url"] is None:
            detail = "Webhook URL required when enable webhook is set to true"
            raise build_rejection(400, build_error("400", "invalid", "Invalid", detail))
        integration.fields = fields
        return SimulatedResponse(204)

    def delete_integration(self, request: Request) -> SimulatedResponse:
        """Delete an integration."""
        del self._store.integrations[self._find(request).fields["id"]]
        return SimulatedResponse(204)

    def _find(self, request: Request) -> Integration:
        integration = self._store.find(request.id)
        if integration is None:
            raise build_not_found()
        return integration


def _last_if_null(value: Any) -> tuple[bool, Any]:
    return value is None, value or ""
