"""Verify and parse the webhooks that Sendcloud sends to an integration's `webhook_url`.

Source: https://sendcloud.dev/api/v3/webhooks (signature, events).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.errors import ConfigurationError, FieldMismatchError, SendcloudError
from sendcloud_integrations_client.runtime.lenient_json import parse_json
from sendcloud_integrations_client.runtime.models import Model, OpenEnum, new
from sendcloud_integrations_client.runtime.readers import (
    raise_mismatch,
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
    """A webhook has a wrong signature or cannot be decoded. Respond with status 400 and ignore its content."""


class WebhookAction(OpenEnum):
    """Kind of event. A kind that is not listed is kept as text and compares equal to it."""

    INTEGRATION_CONNECTED = "integration_connected"
    INTEGRATION_UPDATED = "integration_updated"
    INTEGRATION_MODIFIED = "integration_modified"
    INTEGRATION_DELETED = "integration_deleted"
    PARCEL_STATUS_CHANGED = "parcel_status_changed"


@attrs.define(eq=False, kw_only=True)
class WebhookIntegration(Model):
    """An integration in a webhook. Its fields have the names of API version 2, unlike those of `Integration`.

    Attributes:
        id: Id of the integration.
        shop_name: Name of the shop in Sendcloud.
        shop_url: URL of the shop.
        system: Kind of shop system.
        failing_since: Time of the first failure; None if the integration works. Naive if the text has no offset.
        last_fetch: Time of the last data fetch. Naive if the text has no offset.
        last_updated_at: Time of the last change. Naive if the text has no offset.
        service_point_enabled: Whether service points are offered.
        service_point_carriers: Codes of the carriers whose service points are offered.
        webhook_active: Whether webhooks are enabled.
        webhook_url: URL that webhooks are sent to.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
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
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
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
    """One webhook. Fields that are not listed here, such as `parcel`, are in `additional_properties`.

    Attributes:
        action: Kind of event.
        sent_at: Time at which Sendcloud sent it, in UTC. Webhooks can arrive in any order; compare this to sort them.
        integration: The integration that changed; None if the event is not about an integration.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "action": "action",
        "sent_at": "timestamp",
        "integration": "integration",
    }

    action: WebhookAction | None = None
    sent_at: datetime | None = None
    integration: WebhookIntegration | None = None

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        self = new(cls)
        self.action = read_enum(source.get("action"), "action", WebhookAction)
        self.sent_at = _decode_timestamp(source.get("timestamp"))
        self.integration = read_model(source.get("integration"), "integration", WebhookIntegration)
        self._source = source
        self._unknown = None
        return self


def verify_webhook(body: bytes, signature: str | None, secret: str) -> bool:
    """Check the signature of a webhook in constant time.

    Args:
        body: The raw body. JSON that was parsed and serialized again has a different signature.
        signature: The header `Sendcloud-Signature`; None if it is missing.
        secret: The integration's secret key, or its webhook signature key.

    Returns:
        Whether the sender knows the secret.

    Raises:
        TypeError: If the body is not bytes.
        ConfigurationError: If the secret is not text, or is empty.
        WebhookError: If the signature is not text.

    Example:
        >>> from sendcloud_integrations_client import verify_webhook
        >>> verify_webhook(b"{}", "not the signature", "secret")
        False
    """
    key, problem = _encode_secret(secret)
    del secret  # so that a traceback with local variables does not show it
    if not isinstance(body, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
        del key
        raise TypeError(f"Invalid body: must be the raw body as bytes, not {type(body).__name__}.")
    if problem:
        del key
        raise ConfigurationError(f"Invalid secret: {problem}.")
    if signature is not None and not isinstance(signature, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        del key
        raise WebhookError(f"Webhook rejected: the signature must be str, not {type(signature).__name__}.")
    expected = hmac.new(key, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), (signature or "").strip().lower().encode(errors="replace"))


def parse_webhook(body: bytes, *, signature: str | None, secret: str) -> WebhookEvent:
    """Verify the signature of a webhook and decode its body.

    Args:
        body: The raw body.
        signature: The header `Sendcloud-Signature`; None if it is missing.
        secret: The integration's secret key, or its webhook signature key.

    Returns:
        The event.

    Raises:
        WebhookError: If the signature is wrong, or if the body cannot be decoded as an event.
        TypeError: If the body is not bytes.
        ConfigurationError: If the secret is not text, or is empty.

    Example:
        event = parse_webhook(await request.body(), signature=request.headers.get("Sendcloud-Signature"), secret=key)
    """
    try:
        is_valid = verify_webhook(body, signature, secret)
    finally:
        del secret  # so that a traceback with local variables does not show it
    if not is_valid:
        raise WebhookError("Webhook rejected: wrong signature. Check the signing key, and ignore the content.")
    try:
        source = parse_json(bytes(body))
    except ValueError:
        raise WebhookError("Webhook rejected: the body is not JSON.") from None
    try:
        event: WebhookEvent | None = read_model(source, "the body", WebhookEvent)
    except FieldMismatchError as error:
        raise WebhookError(f"Webhook rejected: {error}.") from error
    if event is None:
        raise WebhookError("Webhook rejected: the body is null.")
    return event


def _encode_secret(secret: object) -> tuple[bytes, str]:
    if not isinstance(secret, str):
        return b"", f"must be str, not {type(secret).__name__}"
    try:
        return secret.encode(), "" if secret else "must not be empty"
    except UnicodeEncodeError:
        return b"", "must not contain lone surrogates"


def _decode_timestamp(value: object) -> datetime | None:
    """Decode milliseconds since 1970: an integer, a number with a fraction, or either as text; or ISO 8601."""
    if value is None or value == "":
        return None
    try:
        milliseconds = float(value) if isinstance(value, str) else value
    except ValueError:
        sent_at: datetime = read_datetime(value, "timestamp")
        return sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC)
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        raise_mismatch(value, "timestamp", "milliseconds since 1970")
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        raise FieldMismatchError("timestamp", "milliseconds since 1970", "a number out of range") from None
