"""What Sendcloud posts to an integration's `webhook_url`: whether it is genuine, and what it says.

Sources: https://sendcloud.dev/api/v3/webhooks (signature, events).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Self

import attrs
import orjson

from sendcloud_integrations_client.errors import SendcloudError
from sendcloud_integrations_client.wire import (
    FieldMismatchError,
    Model,
    OpenEnum,
    new,
    read_boolean,
    read_datetime,
    read_enum,
    read_integer,
    read_list,
    read_model,
    read_text,
)

__all__ = [
    "WebhookAction",
    "WebhookError",
    "WebhookEvent",
    "WebhookIntegration",
    "parse_webhook",
    "verify_webhook",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WebhookError(SendcloudError, ValueError):
    """A webhook that is not genuine, or cannot be read. Answer it with a 400, and do nothing of what it says."""


class WebhookAction(OpenEnum):
    """What happened. One that is not listed is kept as text and compares equal to it."""

    INTEGRATION_CONNECTED = "integration_connected"
    INTEGRATION_UPDATED = "integration_updated"
    INTEGRATION_MODIFIED = "integration_modified"
    INTEGRATION_DELETED = "integration_deleted"
    PARCEL_STATUS_CHANGED = "parcel_status_changed"


@attrs.define(eq=False, kw_only=True)
class WebhookIntegration(Model):
    """An integration as webhooks describe it, which is not quite as the API does: it has the names of version 2.

    Attributes:
        id: Id of the integration.
        shop_name: What the shop is called in Sendcloud.
        shop_url: Address of the shop.
        system: Kind of the shop system.
        failing_since: Since when it fails; None while all is well. Naive where the text has no offset.
        last_fetch: When data were last fetched. Naive where the text has no offset.
        last_updated_at: When it was last changed. Naive where the text has no offset.
        service_point_enabled: Whether service points are offered.
        service_point_carriers: Codes of the carriers whose service points are offered.
        webhook_active: Whether webhooks are on.
        webhook_url: Where they go.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        name: name
        for name in (
            *("id", "shop_name", "shop_url", "system", "failing_since", "last_fetch", "last_updated_at"),
            *("service_point_enabled", "service_point_carriers", "webhook_active", "webhook_url"),
        )
    }

    id: int | None = None
    shop_name: str | None = None
    shop_url: str | None = None
    system: str | None = None
    failing_since: datetime | None = None
    last_fetch: datetime | None = None
    last_updated_at: datetime | None = None
    service_point_enabled: bool | None = None
    service_point_carriers: list[str] = attrs.field(factory=list[str])
    webhook_active: bool | None = None
    webhook_url: str | None = None

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        self = new(cls)
        self.id = read_integer(source.get("id"), "id")
        for name in ("shop_name", "shop_url", "system", "webhook_url"):
            setattr(self, name, read_text(source.get(name), name))
        for name in ("failing_since", "last_fetch", "last_updated_at"):
            setattr(self, name, read_datetime(source.get(name), name) if source.get(name) else None)
        for name in ("service_point_enabled", "webhook_active"):
            setattr(self, name, read_boolean(source.get(name), name))
        carriers = source.get("service_point_carriers")
        self.service_point_carriers = read_list(carriers, "service_point_carriers", read_text)
        self._source = source
        self._unknown = None
        return self


@attrs.define(eq=False, kw_only=True)
class WebhookEvent(Model):
    """One webhook. Fields that are not listed, such as `parcel`, are in `additional_properties`.

    Attributes:
        action: What happened.
        sent_at: When Sendcloud sent it, in UTC. Webhooks arrive in any order: this tells which is the later one.
        integration: The integration that it happened to, in events of integrations.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "action": "action",
        "sent_at": "timestamp",
        "integration": "integration",
    }

    action: WebhookAction | None = None
    sent_at: datetime | None = None
    integration: WebhookIntegration | None = None

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        self = new(cls)
        self.action = read_enum(source.get("action"), "action", WebhookAction)
        milliseconds = read_integer(source.get("timestamp"), "timestamp")
        try:
            self.sent_at = None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
        except OverflowError:
            raise FieldMismatchError("timestamp", "milliseconds since 1970", "beyond all dates") from None
        self.integration = read_model(source.get("integration"), "integration", WebhookIntegration)
        self._source = source
        self._unknown = None
        return self


def verify_webhook(body: bytes, signature: str | None, secret: str) -> bool:
    """Whether a webhook comes from somebody who knows the secret; takes the same time for any signature.

    Args:
        body: The raw body, to the byte as it came: JSON that was parsed and written again has another signature.
        signature: The header `Sendcloud-Signature`; None if it is missing.
        secret: The integration's secret key, or its webhook signature key.

    Raises:
        TypeError: The body is not bytes.
        ValueError: The secret is empty.

    Example:
        >>> from sendcloud_integrations_client import verify_webhook
        >>> verify_webhook(b"{}", "not the signature", "secret")
        False
    """
    if not isinstance(body, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"verify_webhook() takes the raw body as bytes, not {type(body).__name__}")
    if not secret:
        raise ValueError("verify_webhook() takes the secret key, which is empty here")
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), (signature or "").strip().lower().encode(errors="replace"))


def parse_webhook(body: bytes, *, signature: str | None, secret: str) -> WebhookEvent:
    """Verify a webhook and read it.

    Args:
        body: The raw body.
        signature: The header `Sendcloud-Signature`; None if it is missing.
        secret: The integration's secret key, or its webhook signature key.

    Raises:
        WebhookError: The signature does not fit, or the body is no event.
        TypeError: The body is not bytes.
        ValueError: The secret is empty.

    Example:
        event = parse_webhook(await request.body(), signature=request.headers.get("Sendcloud-Signature"), secret=key)
    """
    if not verify_webhook(body, signature, secret):
        raise WebhookError("webhook: the signature does not fit the body. Check which key signs; trust nothing in it.")
    try:
        source = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise WebhookError("webhook: the body is no JSON.") from None
    try:
        event: WebhookEvent | None = read_model(source, "the body", WebhookEvent)
    except FieldMismatchError as fault:
        raise WebhookError(f"webhook: {fault}.") from fault
    if event is None:
        raise WebhookError("webhook: the body is null.")
    return event
