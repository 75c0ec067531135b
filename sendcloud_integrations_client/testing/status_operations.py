"""The operations on shop order statuses and the status mapping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from .formats import utc_text
from .messages import JSON, Answer, Refusal, Request, error, json_answer, refusal
from .schemas import CATEGORIES, LANGUAGES, REPLACE_SHOP_ORDER_STATUSES, REPLACE_STATUS_MAPPING
from .store import PRESTASHOP, Integration, Status, Store
from .validation import integer_parameter, json_object

__all__ = ["StatusOperations"]

_DEFAULT_LANGUAGE: Final = "en-gb"
_DONE: Final = Answer(200, b"null", (JSON,))


class StatusOperations:
    """List and replace shop order statuses, retrieve and replace the status mapping; of Prestashop v2 shops only.

    Args:
        store: The account's integrations.
        now: The time of day, with a time zone.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def list_shop_order_statuses(self, request: Request) -> Answer:
        """The statuses of an integration, in the language asked for."""
        integration = self._asked_for(request)
        language = request.query.get("language", _DEFAULT_LANGUAGE)
        if language not in LANGUAGES:
            raise _bad_parameter("language", "invalid_choice", f"Must be one of: {', '.join(LANGUAGES)}.")
        show_deleted = request.query.get("show_deleted", "false")
        if show_deleted not in ("true", "false"):
            raise _bad_parameter("show_deleted", "invalid", "Must be true or false.")
        rows = [
            {
                "external_id": external_id,
                "status": _translated(status, language),
                "deleted_at": status.deleted_at,
                "translations": status.translations,
            }
            for external_id, status in integration.statuses.items()
            if status.deleted_at is None or show_deleted == "true"
        ]
        return json_answer(200, {"data": rows})

    def replace_shop_order_statuses(self, request: Request) -> Answer:
        """Make the given statuses all there are: new ones are created, others changed, missing ones deleted."""
        body = json_object(request, REPLACE_SHOP_ORDER_STATUSES, status="400")
        integration = self._find(body["integration_id"], pointer="body/integration_id")
        given = {status["external_id"]: Status(status["translations"]) for status in body["statuses"]}
        now = utc_text(self._now())
        for external_id, status in integration.statuses.items():
            if external_id not in given and status.deleted_at is None:
                status.deleted_at = now
        integration.statuses |= given
        return _DONE

    def retrieve_status_mapping(self, request: Request) -> Answer:
        """The mapping of all four categories; one that points to a status that is not there is not valid."""
        integration = self._asked_for(request)
        rows = [
            {
                "status_category": category,
                "external_id": external_id,
                "is_valid": external_id is None or _is_there(integration, external_id),
            }
            for category, external_id in integration.mapping.items()
        ]
        return json_answer(200, {"data": {"integration_id": integration.fields["id"], "mapping": rows}})

    def replace_status_mapping(self, request: Request) -> Answer:
        """Set the mapping of all four categories."""
        body = json_object(request, REPLACE_STATUS_MAPPING, status="400")
        integration = self._find(body["integration_id"], pointer="body/integration_id")
        given = {row["status_category"]: row["external_id"] for row in body["mapping"]}
        if len(given) < len(CATEGORIES):
            detail = f"Must have each of: {', '.join(CATEGORIES)}."
            raise refusal(400, error("400", "invalid", "Invalid", detail, pointer="body/mapping"))
        integration.mapping = {category: given[category] for category in CATEGORIES}
        return _DONE

    def _asked_for(self, request: Request) -> Integration:
        if not request.query.get("integration_id"):
            detail = "Integration ID is a required GET parameter"
            raise refusal(400, error("400", "non_field_errors", "integration ID", detail))
        limit = 10**19
        integration_id = integer_parameter(request, "integration_id", least=-limit, most=limit)
        return self._find(integration_id, parameter="integration_id")

    def _find(self, integration_id: Any, **place: str) -> Integration:
        integration = self._store.integrations.get(integration_id)
        if integration is None:
            # The contract has no 404 for these operations.
            detail = "The Integration could not be found with the search criteria given"
            raise refusal(400, error("400", "not_found", "Not Found", detail, **place))
        if integration.fields["type"] != PRESTASHOP:
            detail = "Only Prestashop v2 integrations have shop order statuses"
            raise refusal(400, error("400", "invalid", "Invalid", detail, **place))
        return integration


def _translated(status: Status, language: str) -> str:
    names = {entry["language"]: entry["status"] for entry in status.translations}
    return names.get(language) or names.get(_DEFAULT_LANGUAGE) or names[min(names)]


def _is_there(integration: Integration, external_id: str) -> bool:
    status = integration.statuses.get(external_id)
    return status is not None and status.deleted_at is None


def _bad_parameter(name: str, code: str, detail: str) -> Refusal:
    return refusal(400, error("400", code, code.replace("_", " ").title(), detail, parameter=name))
