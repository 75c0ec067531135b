"""Model `ShopOrderStatusInput`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.runtime.models import UNSET, Model, new
from sendcloud_integrations_client.runtime.readers import read_model, read_optional_list, read_text
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

from .status_translation_input import StatusTranslationInput


@attrs.define(eq=False, kw_only=True)
class ShopOrderStatusInput(Model):
    """Order status in a request.

    Omitted fields (`UNSET`) are not sent; a field with the value None is sent as null. `validate()` and the operation
    check the constraints of the OpenAPI document before a request is sent.

    Args:
        external_id: ID of the status in the shop. Example: `17-B`.
        translations: Names of the status, one per language. 1 to 7 items; unique items.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "external_id": "external_id",
        "translations": "translations",
    }
    validation_rule: ClassVar[Rule] = Rule(
        types=("object",),
        required=("external_id", "translations"),
        properties={
            "external_id": Rule(types=("string",)),
            "translations": Rule(
                types=("array",),
                min_items=1,
                max_items=7,
                unique_items=True,
                items=StatusTranslationInput.validation_rule,
            ),
        },
    )

    external_id: str
    translations: Sequence[StatusTranslationInput | Mapping[str, Any]]

    def validate(self) -> None:
        """Check this model against the constraints of the OpenAPI document.

        Raises:
            InvalidInputError: A field violates a constraint. The error names the field and the constraint.
        """
        validate_value("ShopOrderStatusInput", "", self.to_dict(), self.validation_rule)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("external_id", UNSET)
        self.external_id = value if value.__class__ is str else read_text(value, "external_id")
        value = get("translations", UNSET)
        self.translations = read_optional_list(
            value, "translations", lambda item, path: read_model(item, path, StatusTranslationInput)
        )
        self._source = source
        self._unknown = None
        return self
