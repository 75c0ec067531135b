"""Model `StatusMappingEntry`."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.runtime.models import Model, new
from sendcloud_integrations_client.runtime.readers import read_boolean, read_enum, read_text

from .status_category import StatusCategory

_FIELDS: Final = (
    "status_category",
    "external_id",
    "is_valid",
)
_get_fields: Final = itemgetter(*_FIELDS)  # twice as fast as separate lookups if the object has all fields


@attrs.define(eq=False, kw_only=True)
class StatusMappingEntry(Model):
    """Status of the shop for one category.

    Fields that are missing in the response have the value None, or an empty list. `additional_properties` contains
    unknown fields.

    Attributes:
        status_category: Status category of Sendcloud. One of `READY_TO_SEND`, `IN_TRANSIT`, `DELIVERED`, `CANCEL`.
            Example: `READY_TO_SEND`.
        external_id: ID of the status in the shop; null if no status is assigned. Example: `11`.
        is_valid: Whether the status exists in the shop; false after the shop has deleted it.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "status_category": "status_category",
        "external_id": "external_id",
        "is_valid": "is_valid",
    }

    status_category: StatusCategory | None = None
    external_id: str | None = None
    is_valid: bool | None = None

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        try:
            fields: Any = _get_fields(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        status_category_, external_id_, is_valid_ = fields
        self = new(cls)
        self.status_category = (
            None if status_category_ is None else read_enum(status_category_, "status_category", StatusCategory)
        )
        self.external_id = (
            external_id_
            if external_id_.__class__ is str or external_id_ is None
            else read_text(external_id_, "external_id")
        )
        self.is_valid = (
            is_valid_ if is_valid_.__class__ is bool or is_valid_ is None else read_boolean(is_valid_, "is_valid")
        )
        self._source = source
        self._unknown = None
        return self
