"""`Integration`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    from_iso,
    new,
    read_boolean,
    read_datetime,
    read_enum,
    read_integer,
    read_list,
    read_text,
)

from .feedback_type import FeedbackType


@attrs.define(eq=False, kw_only=True)
class Integration(Model):
    """The connection between Sendcloud and one shop.

    Fields that the answer leaves out are None, or an empty list. Unknown ones are in `additional_properties`.

    Attributes:
        shop_name: What the shop is called in Sendcloud. 1 to 250 characters. Example: `My Shop Integration`.
        shop_url: Address of the shop on the other side of the connection. Not empty. Example:
            `https://www.my-shop-integration.com/`.
        service_point_enabled: Whether customers of the shop may have parcels delivered to a service point.
        service_point_carriers: Codes of the carriers whose service points can be picked. With `service_point_enabled` set,
            name one at least.
        webhook_active: Whether news of parcels are posted to `webhook_url`.
        webhook_url: Address that news of parcels are posted to. Needed once `webhook_active` is true; null takes
            it away. Not empty. Example:
            `https://my-shop-integration.integrator/api/webhooks/sendcloud`.
        feedback_type: When the shop is told that an order was sent: `eager`, as soon as there is a label;
            `delayed`, when the carrier first scans it; `none`, never. Prestashop v2 integrations go by
            their status mapping instead. Not empty; one of `eager`, `delayed`, `none`.
        id: Id of the integration. Example: `23452345`.
        type: Kind of the shop system. Version 2 of the API called it `system`. Example: `api`.
        started_failing_at: Since when fetching orders or sending feedback fails; null while all is well. Version 2 of
            the API called it `failing_since`. Example: `2023-11-10T16:16:42Z`.
        last_fetched_at: When data were last fetched from the shop; null before the first time. Version 2 of the API
            called it `last_fetch`. Example: `2023-11-10T16:15:09Z`.
        created_at: When the integration was made. Example: `2023-11-04T14:15:22Z`.
        updated_at: When the integration was last changed. Example: `2023-11-08T12:23:56Z`.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "shop_name": "shop_name",
        "shop_url": "shop_url",
        "service_point_enabled": "service_point_enabled",
        "service_point_carriers": "service_point_carriers",
        "webhook_active": "webhook_active",
        "webhook_url": "webhook_url",
        "feedback_type": "feedback_type",
        "id": "id",
        "type": "type",
        "started_failing_at": "started_failing_at",
        "last_fetched_at": "last_fetched_at",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }

    shop_name: str | None = None
    shop_url: str | None = None
    service_point_enabled: bool | None = None
    service_point_carriers: list[str] = attrs.field(factory=list[str])
    webhook_active: bool | None = None
    webhook_url: str | None = None
    feedback_type: FeedbackType | None = None
    id: int
    type: str | None = None
    started_failing_at: datetime | None = None
    last_fetched_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("shop_name")
        self.shop_name = value if value.__class__ is str or value is None else read_text(value, "shop_name")
        value = get("shop_url")
        self.shop_url = value if value.__class__ is str or value is None else read_text(value, "shop_url")
        value = get("service_point_enabled")
        self.service_point_enabled = (
            value if value.__class__ is bool or value is None else read_boolean(value, "service_point_enabled")
        )
        value = get("service_point_carriers")
        self.service_point_carriers = read_list(value, "service_point_carriers", read_text)
        value = get("webhook_active")
        self.webhook_active = (
            value if value.__class__ is bool or value is None else read_boolean(value, "webhook_active")
        )
        value = get("webhook_url")
        self.webhook_url = value if value.__class__ is str or value is None else read_text(value, "webhook_url")
        value = get("feedback_type")
        self.feedback_type = None if value is None else read_enum(value, "feedback_type", FeedbackType)
        value = get("id")
        self.id = value if value.__class__ is int else read_integer(value, "id")
        value = get("type")
        self.type = value if value.__class__ is str or value is None else read_text(value, "type")
        value = get("started_failing_at")
        try:
            self.started_failing_at = None if value is None else from_iso(value)
        except (TypeError, ValueError):
            self.started_failing_at = read_datetime(value, "started_failing_at")
        value = get("last_fetched_at")
        try:
            self.last_fetched_at = None if value is None else from_iso(value)
        except (TypeError, ValueError):
            self.last_fetched_at = read_datetime(value, "last_fetched_at")
        value = get("created_at")
        try:
            self.created_at = None if value is None else from_iso(value)
        except (TypeError, ValueError):
            self.created_at = read_datetime(value, "created_at")
        value = get("updated_at")
        try:
            self.updated_at = None if value is None else from_iso(value)
        except (TypeError, ValueError):
            self.updated_at = read_datetime(value, "updated_at")
        self._source = source
        self._unknown = None
        return self
