"""`ShopOrderStatus`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

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
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("external_id")
        self.external_id = value if value.__class__ is str or value is None else read_text(value, "external_id")
        value = get("status")
        self.status = value if value.__class__ is str or value is None else read_text(value, "status")
        value = get("deleted_at")
        try:
            self.deleted_at = None if value is None else from_iso(value)
        except (TypeError, ValueError):
            self.deleted_at = read_datetime(value, "deleted_at")
        value = get("translations")
        self.translations = read_list(
            value, "translations", lambda item, place: read_model(item, place, StatusTranslation)
        )
        self._source = source
        self._unknown = None
        return self
