"""Model `ShopOrderStatus`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.runtime.models import Model, new
from sendcloud_integrations_client.runtime.readers import from_iso, read_datetime, read_list, read_model, read_text

from .status_translation import StatusTranslation

_FIELDS: Final = (
    "external_id",
    "status",
    "deleted_at",
    "translations",
)
_get_fields: Final = itemgetter(*_FIELDS)  # twice as fast as separate lookups if the object has all fields


@attrs.define(eq=False, kw_only=True)
class ShopOrderStatus(Model):
    """Order status of a shop.

    Fields that are missing in the response have the value None, or an empty list. `additional_properties` contains
    unknown fields.

    Attributes:
        external_id: ID of the status in the shop. Example: `17-B`.
        status: Name in the requested language or in its fallback language. Example: `Delivered`.
        deleted_at: Time at which the status was deleted; null if it is in use. Example: `2023-11-04T14:15:22Z`.
        translations: Names of the status in all available languages. Not empty.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "external_id": "external_id",
        "status": "status",
        "deleted_at": "deleted_at",
        "translations": "translations",
    }

    external_id: str | None = None
    status: str | None = None
    deleted_at: datetime | None = None
    translations: list[StatusTranslation] = attrs.field(factory=list[StatusTranslation])

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        try:
            fields: Any = _get_fields(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        external_id_, status_, deleted_at_, translations_ = fields
        self = new(cls)
        self.external_id = (
            external_id_
            if external_id_.__class__ is str or external_id_ is None
            else read_text(external_id_, "external_id")
        )
        self.status = status_ if status_.__class__ is str or status_ is None else read_text(status_, "status")
        try:
            self.deleted_at = None if deleted_at_ is None else from_iso(deleted_at_)
        except (TypeError, ValueError):
            self.deleted_at = read_datetime(deleted_at_, "deleted_at")
        self.translations = read_list(
            translations_, "translations", lambda item, path: read_model(item, path, StatusTranslation)
        )
        self._source = source
        self._unknown = None
        return self
