"""`IntegrationUpdate`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.rules import Rule, check
from sendcloud_integrations_client.wire import (
    UNSET,
    Model,
    Unset,
    new,
    read_boolean,
    read_enum,
    read_given_list,
    read_text,
)

from .feedback_type import FeedbackType


@attrs.define(eq=False, kw_only=True)
class IntegrationUpdate(Model):
    """The settings of an integration that its owner may change.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
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
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "shop_name": "shop_name",
        "shop_url": "shop_url",
        "service_point_enabled": "service_point_enabled",
        "service_point_carriers": "service_point_carriers",
        "webhook_active": "webhook_active",
        "webhook_url": "webhook_url",
        "feedback_type": "feedback_type",
    }
    __rule__: ClassVar[Rule] = Rule(
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
    service_point_carriers: list[str] | Unset = UNSET
    webhook_active: bool | Unset = UNSET
    webhook_url: str | Unset | None = UNSET
    feedback_type: FeedbackType | Unset = UNSET

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("IntegrationUpdate", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("shop_name", UNSET)
        self.shop_name = value if value.__class__ is str else read_text(value, "shop_name")
        value = get("shop_url", UNSET)
        self.shop_url = value if value.__class__ is str else read_text(value, "shop_url")
        value = get("service_point_enabled", UNSET)
        self.service_point_enabled = value if value.__class__ is bool else read_boolean(value, "service_point_enabled")
        value = get("service_point_carriers", UNSET)
        self.service_point_carriers = read_given_list(value, "service_point_carriers", read_text)
        value = get("webhook_active", UNSET)
        self.webhook_active = value if value.__class__ is bool else read_boolean(value, "webhook_active")
        value = get("webhook_url", UNSET)
        self.webhook_url = value if value.__class__ is str else read_text(value, "webhook_url")
        value = get("feedback_type", UNSET)
        self.feedback_type = read_enum(value, "feedback_type", FeedbackType)
        self._source = source
        self._unknown = None
        return self
