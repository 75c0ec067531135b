"""Request handlers of the operations on shop order statuses and the status mapping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from .formats import format_utc
from .messages import (
    JSON,
    RejectedRequest,
    Request,
    SimulatedResponse,
    build_error,
    build_json_response,
    build_rejection,
)
from .schemas import CATEGORIES, LANGUAGES, REPLACE_SHOP_ORDER_STATUSES, REPLACE_STATUS_MAPPING
from .store import PRESTASHOP_TYPE, Integration, Status, Store
from .validation import parse_integer_parameter, parse_json_object

__all__ = ["StatusOperations"]

_DEFAULT_LANGUAGE: Final = "en-gb"
_NULL_RESPONSE: Final = SimulatedResponse(200, b"null", (JSON,))


class StatusOperations:
    """Handlers for shop order statuses and the status mapping. Only Prestashop v2 shops have them.

    Args:
        store: The account's integrations.
        now: Returns the current time, with a time zone.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def list_shop_order_statuses(self, request: Request) -> SimulatedResponse:
        """List the statuses of an integration, in the requested language."""
        integration = self._get_requested_integration(request)
        language = request.query.get("language", _DEFAULT_LANGUAGE)
        if language not in LANGUAGES:
            raise _build_parameter_rejection("language", "invalid_choice", f"Must be one of: {', '.join(LANGUAGES)}.")
        show_deleted = request.query.get("show_deleted", "false")
        if show_deleted not in ("true", "false"):
            raise _build_parameter_rejection("show_deleted", "invalid", "Must be true or false.")
        rows = [
            {
                "external_id": external_id,
                "status": _get_name(status, language),
                "deleted_at": status.deleted_at,
                "translations": status.translations,
            }
            for external_id, status in integration.statuses.items()
            if status.deleted_at is None or show_deleted == "true"
        ]
        return build_json_response(200, {"data": rows})

    def replace_shop_order_statuses(self, request: Request) -> SimulatedResponse:
        """Replace all statuses: create new ones, change existing ones, and delete those that the request omits."""
        body = parse_json_object(request, REPLACE_SHOP_ORDER_STATUSES, status="400")
        integration = self._find(body["integration_id"], pointer="body/integration_id")
        requested = {status["external_id"]: Status(status["translations"]) for status in body["statuses"]}
        now = format_utc(self._now())
        for external_id, status in integration.statuses.items():
            if external_id not in requested and status.deleted_at is None:
                status.deleted_at = now
        integration.statuses |= requested
        return _NULL_RESPONSE

    def retrieve_status_mapping(self, request: Request) -> SimulatedResponse:
        """Retrieve the mapping of all four categories. An entry is invalid if its status does not exist."""
        integration = self._get_requested_integration(request)
        rows = [
            {
                "status_category": category,
                "external_id": external_id,
                "is_valid": external_id is None or _exists(integration, external_id),
            }
            for category, external_id in integration.mapping.items()
        ]
        return build_json_response(200, {"data": {"integration_id": integration.fields["id"], "mapping": rows}})

    def replace_status_mapping(self, request: Request) -> SimulatedResponse:
        """Replace the mapping of all four categories."""
        body = parse_json_object(request, REPLACE_STATUS_MAPPING, status="400")
        integration = self._find(body["integration_id"], pointer="body/integration_id")
        requested = {row["status_category"]: row["external_id"] for row in body["mapping"]}
        if len(requested) < len(CATEGORIES):
            detail = f"Must have each of: {', '.join(CATEGORIES)}."
            raise build_rejection(400, build_error("400", "invalid", "Invalid", detail, pointer="body/mapping"))
        integration.mapping = {category: requested[category] for category in CATEGORIES}
        return _NULL_RESPONSE

    def _get_requested_integration(self, request: Request) -> Integration:
        if not request.query.get("integration_id"):
            detail = "Integration ID is a required GET parameter"
            raise build_rejection(400, build_error("400", "non_field_errors", "integration ID", detail))
        limit = 10**19
        integration_id = parse_integer_parameter(request, "integration_id", minimum=-limit, maximum=limit)
        return self._find(integration_id, parameter="integration_id")

    def _find(self, integration_id: Any, **source: str) -> Integration:
        integration = self._store.integrations.get(integration_id)
        if integration is None:
            # The OpenAPI document declares no 404 response for these operations.
            detail = "The Integration could not be found with the search criteria given"
            raise build_rejection(400, build_error("400", "not_found", "Not Found", detail, **source))
        if integration.fields["type"] != PRESTASHOP_TYPE:
            detail = "Only Prestashop v2 integrations have shop order statuses"
            raise build_rejection(400, build_error("400", "invalid", "Invalid", detail, **source))
        return integration


def _get_name(status: Status, language: str) -> str:
    names = {entry["language"]: entry["status"] for entry in status.translations}
    return names.get(language) or names.get(_DEFAULT_LANGUAGE) or names[min(names)]


def _exists(integration: Integration, external_id: str) -> bool:
    status = integration.statuses.get(external_id)
    return status is not None and status.deleted_at is None


def _build_parameter_rejection(name: str, code: str, detail: str) -> RejectedRequest:
    return build_rejection(400, build_error("400", code, code.replace("_", " ").title(), detail, parameter=name))
