"""Fields of integrations and logs that a test sets, and their encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypedDict, cast

from .schemas import CREATE_INTEGRATION_LOG, UPDATE_INTEGRATION, Schema
from .validation import find_violations

__all__ = ["IntegrationFields", "LogFields", "encode_integration_fields", "encode_log_fields"]

Timestamp = datetime | str | None


class IntegrationFields(TypedDict, total=False):
    """Fields of a simulated integration. A timestamp is a `datetime` with a time zone, RFC 3339 text, or None.

    Attributes:
        shop_name: Name of the shop, from 1 to 250 characters.
        shop_url: URL of the shop.
        type: Type of the integration, such as `shopify_v2`. Only `prestashop_v2` has shop order statuses.
        failing_since: Time at which the shop began to fail (`started_failing_at` in the API); None if it does not fail.
        last_fetched_at: Time of the last fetch; None before the first fetch.
        created_at: Time of creation.
        updated_at: Time of the last change.
        service_point_enabled: Whether service points are offered.
        service_point_carriers: Carriers of the service points.
        webhook_active: Whether webhooks are sent.
        webhook_url: URL of the webhook.
        feedback_type: When feedback is sent to the shop.
    """

    shop_name: str
    shop_url: str
    type: str
    failing_since: Timestamp
    last_fetched_at: Timestamp
    created_at: Timestamp
    updated_at: Timestamp
    service_point_enabled: bool
    service_point_carriers: Sequence[str]
    webhook_active: bool
    webhook_url: str | None
    feedback_type: Literal["eager", "delayed", "none"]


class LogFields(TypedDict, total=False):
    """Fields of a simulated exception log.

    Attributes:
        base_url: URL of the shop. Defaults to the one of the integration.
        full_url: URL of the failed request.
        method: HTTP method of the failed request.
        response_code: Status of the shop's response; None if there was no response.
        response: Headers and body of the shop's response.
        request: Headers and payload of the failed request.
        created_at: A `datetime` with a time zone, or RFC 3339 text. Defaults to the server's current time.
        exception_type: Class of the exception, such as `requests.exceptions.SSLError`.
        exception: Message of the exception.
        protected: Whether the shop is protected. Defaults to False.
        additional_data: Further data. Defaults to empty text.
    """

    base_url: str
    full_url: str | None
    method: str | None
    response_code: int | None
    response: Mapping[str, Any] | None
    request: Mapping[str, Any] | None
    created_at: Timestamp
    exception_type: str | None
    exception: str | None
    protected: bool
    additional_data: str | Mapping[str, Any]


_TIMESTAMP: Final[Schema] = {"type": ("string",), "format": "date-time"}
_NULLABLE_TIMESTAMP: Final[Schema] = {"type": ("string", "null"), "format": "date-time"}
_INTEGRATION: Final[Schema] = {
    "type": ("object",),
    "properties": {
        **UPDATE_INTEGRATION["properties"],
        "type": {"type": ("string",), "minLength": 1},
        "failing_since": _NULLABLE_TIMESTAMP,
        "last_fetched_at": _NULLABLE_TIMESTAMP,
        "created_at": _TIMESTAMP,
        "updated_at": _TIMESTAMP,
    },
}
_LOG: Final[Schema] = {
    "type": ("object",),
    "properties": {
        **CREATE_INTEGRATION_LOG["properties"],
        "protected": {"type": ("boolean",)},
        "additional_data": {"type": ("string", "object")},
    },
}


def encode_integration_fields(fields: IntegrationFields) -> dict[str, Any]:
    """Return the fields as the API names and formats them.

    Raises:
        TypeError: If a field is unknown.
        ValueError: If a value is invalid.
    """
    encoded = _encode(fields, _INTEGRATION)
    if "failing_since" in encoded:
        encoded["started_failing_at"] = encoded.pop("failing_since")
    return encoded


def encode_log_fields(fields: LogFields) -> dict[str, Any]:
    """Return the fields as the API formats them.

    Raises:
        TypeError: If a field is unknown.
        ValueError: If a value is invalid.
    """
    return _encode(fields, _LOG)


def _encode(fields: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    known: dict[str, Schema] = schema["properties"]
    for name in fields:
        if name not in known:
            raise TypeError(f"Unknown field {name!r}: must be one of {', '.join(known)}.")
    encoded = {name: _encode_value(name, value) for name, value in fields.items()}
    for _, detail, pointer in find_violations(encoded, schema, ""):
        raise ValueError(f"Invalid {pointer.removeprefix('/').replace('/', '.')}: {detail}")
    return encoded


def _encode_value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"Invalid {name}: must have a time zone.")
        return value.isoformat()
    return list(cast("Sequence[object]", value)) if isinstance(value, tuple) else value
