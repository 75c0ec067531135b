"""Model `ShopOrderStatusesReplace`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.runtime.models import UNSET, Model, new
from sendcloud_integrations_client.runtime.readers import read_integer, read_model, read_optional_list
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

from .shop_order_status_input import ShopOrderStatusInput


@attrs.define(eq=False, kw_only=True)
class ShopOrderStatusesReplace(Model):
    """Complete list of order statuses that replaces the current list of a shop.

    Omitted fields (`UNSET`) are not sent; a field with the value None is sent as null. `validate()` and the operation
    check the constraints of the OpenAPI document before a request is sent.

    Args:
        integration_id: ID of the integration. Example: `252345`.
        statuses: All order statuses. An empty list deletes all statuses. Unique items.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "integration_id": "integration_id",
        "statuses": "statuses",
    }
    validation_rule: ClassVar[Rule] = Rule(
        types=("object",),
        required=("integration_id", "statuses"),
        properties={
            "integration_id": Rule(types=("integer",)),
            "statuses": Rule(
                types=("array",), min_items=0, unique_items=True, items=ShopOrderStatusInput.validation_rule
            ),
        },
    )

    integration_id: int
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]]

    def validate(self) -> None:
        """Check this model against the constraints of the OpenAPI document.

        Raises:
            InvalidInputError: A field violates a constraint. The error names the field and the constraint.
        """
        validate_value("ShopOrderStatusesReplace", "", self.to_dict(), self.validation_rule)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("integration_id", UNSET)
        self.integration_id = value if value.__class__ is int else read_integer(value, "integration_id")
        value = get("statuses", UNSET)
        self.statuses = read_optional_list(
            value, "statuses", lambda item, path: read_model(item, path, ShopOrderStatusInput)
        )
        self._source = source
        self._unknown = None
        return self
