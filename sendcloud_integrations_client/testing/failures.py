"""Kinds of failures, and the log that each of them leaves, by shop system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs
import orjson

from .shops import PRESTASHOP_TYPE

__all__ = ["BACKGROUND_FAILURES", "Failure", "build_template"]

Failure = Literal[
    "access_revoked",
    "certificate_expired",
    "connect_timeout",
    "host_not_found",
    "invalid_json",
    "maintenance",
    "order_not_found",
    "order_rejected",
    "server_error",
    "throttled",
]

BACKGROUND_FAILURES: Final[tuple[Failure, ...]] = (
    *("connect_timeout", "connect_timeout", "order_not_found", "order_not_found", "order_rejected"),
    *("throttled", "server_error", "invalid_json"),
)
"""Failures that every shop has now and then, as often as they are listed."""

_REQUEST_JSON: Final = {"Accept": "application/json", "Content-Type": "application/json"}
_JSON: Final = {"Cache-Control": "no-cache", "Content-Type": "application/json", "Connection": "keep-alive"}
_HTML: Final = {"Content-Type": "text/html; charset=utf-8", "Server": "nginx"}
_AGENT: Final = {"Accept": "application/json", "User-Agent": "Sendcloud/3.0", "X-Request-Id": "<request>"}
_SHIPMENT: Final = {
    "order": {
        "number": "<order>",
        "state": "shipped",
        "tracking": {"carrier": "dhl", "code": "JVGL<order>"},
        "lines": [{"sku": "SKU-<order>-1", "quantity": 2}, {"sku": "SKU-<order>-2", "quantity": 1}],
    }
}


@attrs.frozen
class _ShopSystem:
    """URLs and error bodies of one shop system.

    Attributes:
        orders: Path and query from which orders are fetched.
        update: Path to which the state of an order is sent.
        method: HTTP method of that request.
        access_revoked: Body of a 401 response.
        order_not_found: Body of a 404 response.
        throttled: Body of a 429 response.
        order_rejected: Body of a 422 response.
    """

    orders: str
    update: str
    method: str
    access_revoked: Any
    order_not_found: Any
    throttled: Any
    order_rejected: Any


_SYSTEMS: Final = {
    PRESTASHOP_TYPE: _ShopSystem(
        orders="/api/orders?display=full&filter[date_upd]=[<day>,]&sort=[id_ASC]&limit=0,100&date=1",
        update="/api/order_histories",
        method="POST",
        access_revoked=(
            '<?xml version="1.0" encoding="UTF-8"?>\n<prestashop><errors><error><code><![CDATA[17]]></code>'
            "<message><![CDATA[Authentication key is not active]]></message></error></errors></prestashop>"
        ),
        order_not_found={"errors": [{"code": 75, "message": "Call to a member function on a missing order: <order>"}]},
        throttled="<html><head><title>429 Too Many Requests</title></head><body>nginx</body></html>",
        order_rejected={"errors": [{"code": 85, "message": "Validation error: property OrderHistory->id_order_state"}]},
    ),
    "shopify_v2": _ShopSystem(
        orders="/admin/api/2025-07/orders.json?status=any&limit=250&updated_at_min=<day>T00:00:00Z",
        update="/admin/api/2025-07/orders/<order>/fulfillments.json",
        method="POST",
        access_revoked={"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"},
        order_not_found={"errors": "Not Found"},
        throttled={"errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume service."},
        order_rejected={"errors": {"base": ["Line items are already fulfilled"]}},
    ),
    "woocommerce": _ShopSystem(
        orders="/wp-json/wc/v3/orders?per_page=100&page=3&modified_after=<day>T00:00:00",
        update="/wp-json/wc/v3/orders/<order>",
        method="PUT",
        access_revoked={
            "code": "woocommerce_rest_cannot_view",
            "message": "Sorry, you cannot list resources.",
            "data": {"status": 401},
        },
        order_not_found={
            "code": "woocommerce_rest_shop_order_invalid_id",
            "message": "Invalid ID.",
            "data": {"status": 404},
        },
        throttled={"code": "too_many_requests", "message": "Too many requests", "data": {"status": 429}},
        order_rejected={
            "code": "rest_invalid_param",
            "message": "Invalid parameter(s): status",
            "data": {"status": 422, "params": {"status": "status is not one of pending, processing and completed."}},
        },
    ),
    "magento_v2": _ShopSystem(
        orders="/rest/V1/orders?searchCriteria[pageSize]=100&searchCriteria[currentPage]=2",
        update="/rest/V1/order/<order>/ship",
        method="POST",
        access_revoked={
            "message": "The consumer isn't authorized to access %resources.",
            "parameters": {"resources": "Magento_Sales::actions_view"},
        },
        order_not_found={
            "message": "No such entity with %fieldName = %fieldValue",
            "parameters": {"fieldName": "orderId", "fieldValue": "<order>"},
        },
        throttled={"message": "Too Many Requests"},
        order_rejected={
            "message": "Shipment Document Validation Error(s):\nYou can't create a shipment without products."
        },
    ),
    "lightspeed": _ShopSystem(
        orders="/en/orders.json?limit=250&page=2&updated_at_min=<day>",
        update="/en/shipments/<order>.json",
        method="PUT",
        access_revoked={
            "error": {"code": 401, "method": "GET", "request": "/en/orders.json", "message": "Unauthorized."}
        },
        order_not_found={"error": {"code": 404, "method": "PUT", "message": "Shipment <order> does not exist."}},
        throttled={"error": {"code": 429, "method": "GET", "message": "Rate limit exceeded."}},
        order_rejected={"error": {"code": 422, "method": "PUT", "message": "Invalid value for status."}},
    ),
    "api": _ShopSystem(
        orders="/sendcloud/orders?page=3&limit=100&updated_since=<day>T00:00:00Z&status=paid,packed",
        update="/sendcloud/orders/<order>/status",
        method="PATCH",
        access_revoked='{"message": "clé refusée – please sign in again"}',
        order_not_found={"error": {"code": "order_not_found", "order": "<order>", "retry": False}},
        throttled={"error": {"code": "too_many_requests", "retry": True}},
        order_rejected={"error": {"code": "order_closed", "order": "<order>", "retry": False}},
    ),
}
_MAINTENANCE: Final = (
    "<!doctype html>\n<html>\n <head><title>Maintenance</title></head>\n <body>Back soon</body>\n</html>\n"
)


def build_template(failure: Failure, shop_type: str) -> bytes:
    """Return the JSON of a log as a template for the operator `%` with a mapping.

    Its fields are `id`, `integration`, `host`, `order`, `request`, `created` and `day`.

    Args:
        failure: Kind of failure.
        shop_type: Type of the integration. An unknown type is rendered like `api`.
    """
    record = _build_record(failure, _SYSTEMS.get(shop_type, _SYSTEMS["api"]))
    text = orjson.dumps(record).replace(b"%", b"%%")
    for name in (b"id", b"integration"):
        text = text.replace(b'"<' + name + b'>"', b"%(" + name + b")b")
    for name in (b"host", b"order", b"request", b"created", b"day"):
        text = text.replace(b"<" + name + b">", b"%(" + name + b")b")
    return text


def _build_record(failure: Failure, system: _ShopSystem) -> dict[str, Any]:
    fetch = {"headers": _AGENT, "payload": None}
    send = {"headers": _AGENT | _REQUEST_JSON, "payload": _SHIPMENT}
    pool = "HTTPSConnectionPool(host='<host>', port=443)"
    retried = f"{pool}: Max retries exceeded with url: {system.orders}"
    match failure:
        case "access_revoked":
            masked = {
                "headers": "Accept: application/json\r\nAuthorization: ****\r\nX-Request-Id: <request>",
                "payload": "",
            }
            hint = {
                "hint": "The shop’s owner has to connect it again",
                "documentation": "https://help.example/reconnect",
            }
            return _build_status(system, 401, "Client Error: Unauthorized", masked, system.access_revoked) | {
                "protected": True,
                "additional_data": hint,
            }
        case "certificate_expired":
            text = (
                f"{retried} (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] "
                "certificate verify failed: certificate has expired (_ssl.c:1006)')))"
            )
            return _build_fields("GET", system.orders, 495, "requests.exceptions.SSLError", text, fetch)
        case "connect_timeout":
            text = f"{retried} (Caused by ConnectTimeoutError('Connection to <host> timed out. (connect timeout=30)'))"
            fields = _build_fields("GET", system.orders, None, "requests.exceptions.ConnectTimeout", text, fetch)
            addresses = ["192.0.2.10", "192.0.2.11", "192.0.2.12"]
            return fields | {"additional_data": {"attempts": 3, "timeout": 30.5, "addresses": addresses}}
        case "host_not_found":
            reason = "Failed to resolve <host> ([Errno -2] Name or service not known)"
            text = f"{retried} (Caused by NameResolutionError('{reason}'))"
            return _build_fields("GET", system.orders, None, "requests.exceptions.ConnectionError", text, fetch)
        case "invalid_json":
            text = "Expecting value: line 1 column 1 (char 0)"
            fields = _build_fields("GET", system.orders, 200, "requests.exceptions.JSONDecodeError", text, fetch)
            return fields | {"response": {"headers": _HTML, "body": "<!doctype html><title>Log in</title>"}}
        case "maintenance":
            webhook = '{"order": "<order>", "state": "delivered", "parcels": [1, 2]}'
            request = {"headers": _AGENT | _REQUEST_JSON, "payload": webhook}
            fields = _build_status(system, 503, "Server Error: Service Unavailable", request, _MAINTENANCE, _HTML)
            return fields | {"full_url": None}
        case "order_not_found":
            return _build_status(system, 404, "Client Error: Not Found", send, system.order_not_found)
        case "order_rejected":
            return _build_status(system, 422, "Client Error: Unprocessable Entity", send, system.order_rejected)
        case "server_error":
            body = "<html><head><title>500 Internal Server Error</title></head></html>"
            return _build_status(system, 500, "Server Error: Internal Server Error", send, body, _HTML)
        case "throttled":
            headers = _JSON | {"Retry-After": "2.0"}
            return _build_status(system, 429, "Client Error: Too Many Requests", fetch, system.throttled, headers)


def _build_status(
    system: _ShopSystem, code: int, reason: str, request: dict[str, Any], body: Any, headers: Mapping[str, str] = _JSON
) -> dict[str, Any]:
    is_fetch = not request["payload"]
    method, path = ("GET", system.orders) if is_fetch else (system.method, system.update)
    text = f"{code} {reason} for url: https://<host>{path}"
    fields = _build_fields(method, path, code, "requests.exceptions.HTTPError", text, request)
    return fields | {"response": {"headers": headers, "body": body}}


def _build_fields(
    method: str, path: str, code: int | None, exception_type: str, exception: str, request: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": "<id>",
        "integration_id": "<integration>",
        "base_url": "https://<host>",
        "full_url": f"https://<host>{path}",
        "method": method,
        "response_code": code,
        "response": None,
        "request": request,
        "created_at": "<created>",
        "exception_type": exception_type,
        "exception": exception,
        "protected": False,
        "additional_data": "",
    }
