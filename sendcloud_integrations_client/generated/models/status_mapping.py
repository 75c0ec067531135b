"""`StatusMapping`: a model of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    new,
    read_integer,
    read_list,
    read_model,
)

from .status_mapping_entry import StatusMappingEntry

_FIELDS: Final = (
    "integration_id",
    "mapping",
)
_fields_of: Final = itemgetter(*_FIELDS)  # half the price of asking for each, where none is left out


@attrs.define(eq=False, kw_only=True)
class StatusMapping(Model):
    """Which status of the shop stands for which of Sendcloud's categories.

    Fields that the answer leaves out are None, or an empty list. Unknown ones are in `additional_properties`.

    Attributes:
        integration_id: Whose mapping it is. Example: `23452345`.
        mapping: One entry for each of Sendcloud's categories. Not every status of the shop need occur, and
            one status may stand for several categories.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "integration_id": "integration_id",
        "mapping": "mapping",
    }

    integration_id: int | None = None
    mapping: list[StatusMappingEntry] = attrs.field(factory=list[StatusMappingEntry])

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        try:
            fields: Any = _fields_of(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        integration_id_, mapping_ = fields
        self = new(cls)
        self.integration_id = (
            integration_id_
            if integration_id_.__class__ is int or integration_id_ is None
            else read_integer(integration_id_, "integration_id")
        )
        self.mapping = read_list(mapping_, "mapping", lambda item, place: read_model(item, place, StatusMappingEntry))
        self._source = source
        self._unknown = None
        return self
