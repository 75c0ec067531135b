"""`StatusMappingEntry`: a model of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    new,
    read_boolean,
    read_enum,
    read_text,
)

from .status_category import StatusCategory

_FIELDS: Final = (
    "status_category",
    "external_id",
    "is_valid",
)
_fields_of: Final = itemgetter(*_FIELDS)  # half the price of asking for each, where none is left out


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
        try:
            fields: Any = _fields_of(source)
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
