"""Model `StatusMappingEntryInput`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.runtime.models import UNSET, Model, new
from sendcloud_integrations_client.runtime.readers import read_enum, read_text
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

from ..types import StatusCategoryValue
from .status_category import StatusCategory


@attrs.define(eq=False, kw_only=True)
class StatusMappingEntryInput(Model):
    """Status of the shop for one category, in a request.

    Omitted fields (`UNSET`) are not sent; a field with the value None is sent as null. `validate()` and the operation
    check the constraints of the OpenAPI document before a request is sent.

    Args:
        status_category: Status category of Sendcloud. One of `READY_TO_SEND`, `IN_TRANSIT`, `DELIVERED`, `CANCEL`.
            Example: `READY_TO_SEND`.
        external_id: ID of the status in the shop; null to assign no status. Example: `11`.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "status_category": "status_category",
        "external_id": "external_id",
    }
    validation_rule: ClassVar[Rule] = Rule(
        types=("object",),
        required=("status_category", "external_id"),
        properties={
            "status_category": Rule(types=("string",), enum=("READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL")),
            "external_id": Rule(types=("string", "null")),
        },
    )

    status_category: StatusCategory | StatusCategoryValue
    external_id: str | None

    def validate(self) -> None:
        """Check this model against the constraints of the OpenAPI document.

        Raises:
            InvalidInputError: A field violates a constraint. The error names the field and the constraint.
        """
        validate_value("StatusMappingEntryInput", "", self.to_dict(), self.validation_rule)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("status_category", UNSET)
        self.status_category = read_enum(value, "status_category", StatusCategory)
        value = get("external_id", UNSET)
        self.external_id = value if value.__class__ is str else read_text(value, "external_id")
        self._source = source
        self._unknown = None
        return self
