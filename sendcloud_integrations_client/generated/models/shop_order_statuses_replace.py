"""`ShopOrderStatusesReplace`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.rules import Rule, check
from sendcloud_integrations_client.wire import (
    UNSET,
    Model,
    new,
    read_given_list,
    read_integer,
    read_model,
)

from .shop_order_status_input import ShopOrderStatusInput


@attrs.define(eq=False, kw_only=True)
class ShopOrderStatusesReplace(Model):
    """The complete list of order statuses that a shop knows from now on.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
        integration_id: Whose statuses they are. Example: `252345`.
        statuses: All statuses; an empty list deletes every one. No item twice.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "integration_id": "integration_id",
        "statuses": "statuses",
    }
    __rule__: ClassVar[Rule] = Rule(
        types=("object",),
        required=("integration_id", "statuses"),
        properties={
            "integration_id": Rule(types=("integer",)),
            "statuses": Rule(
                types=("array",),
                min_items=0,
                unique_items=True,
                items=Rule(
                    types=("object",),
                    required=("external_id", "translations"),
                    properties={
                        "external_id": Rule(types=("string",)),
                        "translations": Rule(
                            types=("array",),
                            min_items=1,
                            max_items=7,
                            unique_items=True,
                            items=Rule(
                                types=("object",),
                                required=("status", "language"),
                                properties={
                                    "status": Rule(types=("string",)),
                                    "language": Rule(
                                        types=("string",),
                                        enum=("en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it"),
                                    ),
                                },
                            ),
                        ),
                    },
                ),
            ),
        },
    )

    integration_id: int
    statuses: list[ShopOrderStatusInput]

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("ShopOrderStatusesReplace", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("integration_id", UNSET)
        self.integration_id = value if value.__class__ is int else read_integer(value, "integration_id")
        value = get("statuses", UNSET)
        self.statuses = read_given_list(
            value, "statuses", lambda item, place: read_model(item, place, ShopOrderStatusInput)
        )
        self._source = source
        self._unknown = None
        return self
