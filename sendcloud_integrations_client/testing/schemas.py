"""JSON schemas of the four request bodies, from the OpenAPI document. Used by `validation`."""

from __future__ import annotations

from typing import Any, Final

__all__ = [
    "CATEGORIES",
    "CREATE_INTEGRATION_LOG",
    "LANGUAGES",
    "REPLACE_SHOP_ORDER_STATUSES",
    "REPLACE_STATUS_MAPPING",
    "UPDATE_INTEGRATION",
    "Schema",
]

Schema = dict[str, Any]

LANGUAGES: Final = ("en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it")
CATEGORIES: Final = ("READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL")

_NULLABLE_TEXT: Final[Schema] = {"type": ("string", "null")}
_TEXT_OR_OBJECT: Final[Schema] = {"type": ("string", "object", "null")}

UPDATE_INTEGRATION: Final[Schema] = {
    "type": ("object",),
    "properties": {
        "shop_name": {"type": ("string",), "minLength": 1, "maxLength": 250},
        "shop_url": {"type": ("string",), "minLength": 1, "format": "uri"},
        "service_point_enabled": {"type": ("boolean",)},
        "service_point_carriers": {"type": ("array",), "items": {"type": ("string",)}},
        "webhook_active": {"type": ("boolean",)},
        "webhook_url": {"type": ("string", "null"), "minLength": 1, "format": "uri"},
        "feedback_type": {"type": ("string",), "enum": ("eager", "delayed", "none")},
    },
}

CREATE_INTEGRATION_LOG: Final[Schema] = {
    "type": ("object",),
    "required": ("base_url",),
    "additionalProperties": False,
    "properties": {
        "base_url": {"type": ("string",), "minLength": 1},
        "full_url": _NULLABLE_TEXT,
        "method": _NULLABLE_TEXT,
        "response_code": {"type": ("integer", "null"), "minimum": 0},
        "response": {
            "type": ("object", "null"),
            "properties": {"headers": {"type": ("object", "null")}, "body": _TEXT_OR_OBJECT},
        },
        "request": {
            "type": ("object", "null"),
            "properties": {"headers": _TEXT_OR_OBJECT, "payload": _TEXT_OR_OBJECT},
        },
        "created_at": {"type": ("string", "null"), "format": "date-time"},
        "exception_type": _NULLABLE_TEXT,
        "exception": _NULLABLE_TEXT,
    },
}

REPLACE_SHOP_ORDER_STATUSES: Final[Schema] = {
    "type": ("object",),
    "required": ("integration_id", "statuses"),
    "properties": {
        "integration_id": {"type": ("integer",)},
        "statuses": {
            "type": ("array",),
            "uniqueItems": True,
            "items": {
                "type": ("object",),
                "required": ("external_id", "translations"),
                "properties": {
                    "external_id": {"type": ("string",)},
                    "translations": {
                        "type": ("array",),
                        "minItems": 1,
                        "maxItems": 7,
                        "uniqueItems": True,
                        "items": {
                            "type": ("object",),
                            "required": ("status", "language"),
                            "properties": {
                                "status": {"type": ("string",)},
                                "language": {"type": ("string",), "enum": LANGUAGES},
                            },
                        },
                    },
                },
            },
        },
    },
}

REPLACE_STATUS_MAPPING: Final[Schema] = {
    "type": ("object",),
    "required": ("integration_id", "mapping"),
    "properties": {
        "integration_id": {"type": ("integer",)},
        "mapping": {
            "type": ("array",),
            "minItems": 4,
            "maxItems": 4,
            "uniqueItems": True,
            "items": {
                "type": ("object",),
                "required": ("status_category", "external_id"),
                "properties": {
                    "status_category": {"type": ("string",), "enum": CATEGORIES},
                    "external_id": _NULLABLE_TEXT,
                },
            },
        },
    },
}
