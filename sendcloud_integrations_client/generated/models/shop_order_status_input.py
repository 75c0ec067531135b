"""`ShopOrderStatusInput`: a model of the contract."""

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
    read_model,
    read_text,
)

from .status_translation_input import StatusTranslationInput


@attrs.define(eq=False, kw_only=True)
class ShopOrderStatusInput(Model):
    """An order status as it is sent.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
        external_id: Id that the shop itself has for the status. Example: `17-B`.
        translations: The name in each language that it has. 1 to 7 items; no item twice.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "external_id": "external_id",
        "translations": "translations",
    }
    __rule__: ClassVar[Rule] = Rule(
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
                            types=("string",), enum=("en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it")
                        ),
                    },
                ),
            ),
        },
    )

    external_id: str
    translations: list[StatusTranslationInput]

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("ShopOrderStatusInput", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("external_id", UNSET)
        self.external_id = value if value.__class__ is str else read_text(value, "external_id")
        value = get("translations", UNSET)
        self.translations = read_given_list(
            value, "translations", lambda item, place: read_model(item, place, StatusTranslationInput)
        )
        self._source = source
        self._unknown = None
        return self
