"""Model `IntegrationUpdate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.runtime.models import UNSET, Model, Unset, new
from sendcloud_integrations_client.runtime.readers import read_boolean, read_enum, read_optional_list, read_text
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

from ..types import FeedbackTypeValue
from .feedback_type import FeedbackType


@attrs.define(eq=False, kw_only=True)
class IntegrationUpdate(Model):
    """Settings of an integration that its owner can change.

    Omitted fields (`UNSET`) are not sent; a field with the value None is sent as null. `validate()` and the operation
    check the constraints of the OpenAPI document before a request is sent.

    Args:
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
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "shop_name": "shop_name",
        "shop_url": "shop_url",
        "service_point_enabled": "service_point_enabled",
        "service_point_carriers": "service_point_carriers",
        "webhook_active": "webhook_active",
        "webhook_url": "webhook_url",
        "feedback_type": "feedback_type",
    }
    validation_rule: ClassVar[Rule] = Rule(
        types=("object",),
        min_properties=1,
        properties={
            "shop_name": Rule(types=("string",), min_length=1, max_length=250),
            "shop_url": Rule(types=("string",), min_length=1),
            "service_point_enabled": Rule(types=("boolean",)),
            "service_point_carriers": Rule(types=("array",), items=Rule(types=("string",))),
            "webhook_active": Rule(types=("boolean",)),
            "webhook_url": Rule(types=("string", "null"), min_length=1),
            "feedback_type": Rule(types=("string",), enum=("eager", "delayed", "none"), min_length=1),
        },
    )

    shop_name: str | Unset = UNSET
    shop_url: str | Unset = UNSET
    service_point_enabled: bool | Unset = UNSET
    service_point_carriers: Sequence[str] | Unset = UNSET
    webhook_active: bool | Unset = UNSET
    webhook_url: str | Unset | None = UNSET
    feedback_type: FeedbackType | FeedbackTypeValue | Unset = UNSET

    def validate(self) -> None:
        """Check this model against the constraints of the OpenAPI document.

        Raises:
            InvalidInputError: A field violates a constraint. The error names the field and the constraint.
        """
        validate_value("IntegrationUpdate", "", self.to_dict(), self.validation_rule)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("shop_name", UNSET)
        self.shop_name = value if value.__class__ is str else read_text(value, "shop_name")
        value = get("shop_url", UNSET)
        self.shop_url = value if value.__class__ is str else read_text(value, "shop_url")
        value = get("service_point_enabled", UNSET)
        self.service_point_enabled = value if value.__class__ is bool else read_boolean(value, "service_point_enabled")
        value = get("service_point_carriers", UNSET)
        self.service_point_carriers = read_optional_list(value, "service_point_carriers", read_text)
        value = get("webhook_active", UNSET)
        self.webhook_active = value if value.__class__ is bool else read_boolean(value, "webhook_active")
        value = get("webhook_url", UNSET)
        self.webhook_url = value if value.__class__ is str else read_text(value, "webhook_url")
        value = get("feedback_type", UNSET)
        self.feedback_type = read_enum(value, "feedback_type", FeedbackType)
        self._source = source
        self._unknown = None
        return self
