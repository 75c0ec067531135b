"""Model `Integration`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.runtime.models import Model, new
from sendcloud_integrations_client.runtime.readers import (
    from_iso,
    read_boolean,
    read_datetime,
    read_enum,
    read_integer,
    read_list,
    read_text,
)

from .feedback_type import FeedbackType

_FIELDS: Final = (
    "shop_name",
    "shop_url",
    "service_point_enabled",
    "service_point_carriers",
    "webhook_active",
    "webhook_url",
    "feedback_type",
    "id",
    "type",
    "started_failing_at",
    "last_fetched_at",
    "created_at",
    "updated_at",
)
_get_fields: Final = itemgetter(*_FIELDS)  # twice as fast as separate lookups if the object has all fields


@attrs.define(eq=False, kw_only=True)
class Integration(Model):
    """Connection between Sendcloud and one shop.

    Fields that are missing in the response have the value None, or an empty list. `additional_properties` contains
    unknown fields.

    Attributes:
        shop_name: Name of the shop in Sendcloud. 1 to 250 characters. Example: `My Shop Integration`.
        shop_url: URL of the connected shop. Not empty. Example: `https://www.my-shop-integration.com/`.
        service_point_enabled: Whether customers of the shop can choose delivery to a service point.
        service_point_carriers: Codes of the carriers whose service points customers can choose. At least one is required if
            `service_point_enabled` is true.
        webhook_active: Whether Sendcloud posts parcel updates to `webhook_url`.
        webhook_url: URL that receives parcel updates. Required if `webhook_active` is true; null removes the
            URL. Not empty. Example: `https://my-shop-integration.integrator/api/webhooks/sendcloud`.
        feedback_type: When Sendcloud notifies the shop about a shipment: `eager` after the label is created,
            `delayed` after the first scan by the carrier, `none` never. Prestashop v2 integrations use
            their status mapping instead. Not empty; one of `eager`, `delayed`, `none`.
        id: ID of the integration. Example: `23452345`.
        type: Type of the shop system. Named `system` in version 2 of the API. Example: `api`.
        started_failing_at: Time at which fetching orders or sending feedback began to fail; null if nothing fails.
            Named `failing_since` in version 2 of the API. Example: `2023-11-10T16:16:42Z`.
        last_fetched_at: Time of the last fetch from the shop; null before the first fetch. Named `last_fetch` in
            version 2 of the API. Example: `2023-11-10T16:15:09Z`.
        created_at: Time at which the integration was created. Example: `2023-11-04T14:15:22Z`.
        updated_at: Time of the last change to the integration. Example: `2023-11-08T12:23:56Z`.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
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
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        try:
            fields: Any = _get_fields(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        (
            shop_name_,
            shop_url_,
            service_point_enabled_,
            service_point_carriers_,
            webhook_active_,
            webhook_url_,
            feedback_type_,
            id_,
            type_,
            started_failing_at_,
            last_fetched_at_,
            created_at_,
            updated_at_,
        ) = fields
        self = new(cls)
        self.shop_name = (
            shop_name_ if shop_name_.__class__ is str or shop_name_ is None else read_text(shop_name_, "shop_name")
        )
        self.shop_url = (
            shop_url_ if shop_url_.__class__ is str or shop_url_ is None else read_text(shop_url_, "shop_url")
        )
        self.service_point_enabled = (
            service_point_enabled_
            if service_point_enabled_.__class__ is bool or service_point_enabled_ is None
            else read_boolean(service_point_enabled_, "service_point_enabled")
        )
        self.service_point_carriers = read_list(service_point_carriers_, "service_point_carriers", read_text)
        self.webhook_active = (
            webhook_active_
            if webhook_active_.__class__ is bool or webhook_active_ is None
            else read_boolean(webhook_active_, "webhook_active")
        )
        self.webhook_url = (
            webhook_url_
            if webhook_url_.__class__ is str or webhook_url_ is None
            else read_text(webhook_url_, "webhook_url")
        )
        self.feedback_type = (
            None if feedback_type_ is None else read_enum(feedback_type_, "feedback_type", FeedbackType)
        )
        self.id = id_ if id_.__class__ is int else read_integer(id_, "id")
        self.type = type_ if type_.__class__ is str or type_ is None else read_text(type_, "type")
        try:
            self.started_failing_at = None if started_failing_at_ is None else from_iso(started_failing_at_)
        except (TypeError, ValueError):
            self.started_failing_at = read_datetime(started_failing_at_, "started_failing_at")
        try:
            self.last_fetched_at = None if last_fetched_at_ is None else from_iso(last_fetched_at_)
        except (TypeError, ValueError):
            self.last_fetched_at = read_datetime(last_fetched_at_, "last_fetched_at")
        try:
            self.created_at = None if created_at_ is None else from_iso(created_at_)
        except (TypeError, ValueError):
            self.created_at = read_datetime(created_at_, "created_at")
        try:
            self.updated_at = None if updated_at_ is None else from_iso(updated_at_)
        except (TypeError, ValueError):
            self.updated_at = read_datetime(updated_at_, "updated_at")
        self._source = source
        self._unknown = None
        return self
