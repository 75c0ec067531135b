"""`ShopOrderStatus`: a model of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    from_iso,
    new,
    read_datetime,
    read_list,
    read_model,
    read_text,
)

from .status_translation import StatusTranslation

_FIELDS: Final = (
    "external_id",
    "status",
    "deleted_at",
    "translations",
)
_fields_of: Final = itemgetter(*_FIELDS)  # half the price of asking for each, where none is left out


@attrs.define(eq=False, kw_only=True)
class ShopOrderStatus(Model):
    """An order status of a shop.

    Fields that the answer leaves out are None, or an empty list. Unknown ones are in `additional_properties`.

    Attributes:
        external_id: Id that the shop itself has for the status. Example: `17-B`.
        status: Name in the language that was asked for, or in the one that stands in for it. Example:
            `Delivered`.
        deleted_at: When the status was deleted; null while it is in use. Example: `2023-11-04T14:15:22Z`.
        translations: The name in every language that it has. Not empty.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
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
    def __read__(cls, source: dict[str, Any]) -> Self:
        try:
            fields: Any = _fields_of(source)
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
            translations_, "translations", lambda item, place: read_model(item, place, StatusTranslation)
        )
        self._source = source
        self._unknown = None
        return self
