"""`StatusMappingEntry`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    new,
    read_boolean,
    read_enum,
    read_text,
)

from .status_category import StatusCategory


@attrs.define(eq=False, kw_only=True)
class StatusMappingEntry(Model):
    """What stands for one category.

    Fields that the answer leaves out are None, or an empty list. Unknown ones are in `additional_properties`.

    Attributes:
        status_category: Sendcloud's category. One of `READY_TO_SEND`, `IN_TRANSIT`, `DELIVERED`, `CANCEL`. Example:
            `READY_TO_SEND`.
        external_id: Id of the shop's status; null where none was chosen. Example: `11`.
        is_valid: Whether that status is still there; false once the shop has deleted it.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "status_category": "status_category",
        "external_id": "external_id",
        "is_valid": "is_valid",
    }

    status_category: StatusCategory | None = None
    external_id: str | None = None
    is_valid: bool | None = None

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("status_category")
        self.status_category = None if value is None else read_enum(value, "status_category", StatusCategory)
        value = get("external_id")
        self.external_id = value if value.__class__ is str or value is None else read_text(value, "external_id")
        value = get("is_valid")
        self.is_valid = value if value.__class__ is bool or value is None else read_boolean(value, "is_valid")
        self._source = source
        self._unknown = None
        return self
